"""Layers, widths of their factors, blocks; the networks that come with the package."""

from collections import Counter

import pytest

from optimizer.step_cost import preset, preset_names
from optimizer.step_cost.networks import Layer, blocks_of, cut, entries_of, factor_widths


def test_widths_are_those_of_the_kronecker_factors():
    """A 3 x 3 filter of 4 channels with a bias has 37 inputs; a dense layer is a filter of one pixel."""
    assert Layer(inputs=4, outputs=6, kernel=3, positions=25, bias=True).widths == (37, 6)
    assert Layer(inputs=4, outputs=6).widths == (4, 6)
    twice = [Layer(inputs=4, outputs=6, repeat=2), Layer(inputs=6, outputs=4)]
    assert factor_widths(twice) == Counter({4: 3, 6: 3})


@pytest.mark.parametrize(("width", "size"), [(1, 1), (7, 3), (128, 128), (129, 128), (577, 128), (4608, 128)])
def test_blocks_cover_a_factor(width, size):
    """They are as few as possible, at most as wide as allowed, and differ by one at most."""
    found = cut(width, size)
    assert sum(part * count for part, count in found.items()) == width
    assert sum(found.values()) == -(-width // size)
    assert max(found) <= size and max(found) - min(found) <= 1
    assert entries_of(width, size) == sum(count * part**2 for part, count in found.items())
    assert cut(width, None) == {width: 1} and entries_of(width, None) == width**2


def test_blocks_of_a_network_are_those_of_all_its_factors():
    """Three layers of 200 x 5 in blocks of at most 128."""
    assert blocks_of([Layer(inputs=200, outputs=5, repeat=3)], 128) == Counter({100: 6, 5: 3})


# Parameters without those of batch normalisation: pytorch-cifar's ResNet18 (11,173,962 - 9,600), torchvision's resnet50
# (25,557,032 - 53,120), and the convolutions of configuration D (14,714,688) with a dense layer of 512 x 10.
PARAMETERS = {"resnet-18-cifar": 11_164_362, "resnet-50-imagenet": 25_503_912, "vgg-16-cifar": 14_714_688 + 5_130}
LAYERS = {"resnet-18-cifar": 21, "resnet-50-imagenet": 54, "vgg-16-cifar": 14}
# Multiply-adds of a forward pass: 0.56 G (pytorch-cifar's ResNet18), 3.8 G (He et al., table 1), 0.31 G.
MULTIPLY_ADDS = {"resnet-18-cifar": 0.556e9, "resnet-50-imagenet": 3.86e9, "vgg-16-cifar": 0.313e9}


@pytest.mark.parametrize("name", preset_names())
def test_the_networks_have_the_known_numbers_of_parameters(name):
    """So have they their numbers of layers and of multiply-adds."""
    layers = preset(name).layers
    weights = [(one.widths[0] * one.outputs * one.repeat, one.positions) for one in layers]
    assert sum(count for count, _ in weights) == PARAMETERS[name]
    assert sum(count * positions for count, positions in weights) == pytest.approx(MULTIPLY_ADDS[name], rel=0.01)
    assert sum(one.repeat for one in layers) == LAYERS[name]
