"""Layers as words."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from optimizer.layer_words import ModelSettings
from optimizer.model import build_model
from optimizer.settings import ConvolutionShape, DenseShape
from optimizer.specification import make_spec


def test_words_are_layers():
    """Numbers and options in any order of the options; the read-out may leave out its width."""
    found = ModelSettings(layers=("conv 8 5 pool 2", "conv 4 3 pool 3 stride 2", "dense 64", "dense 10"))
    assert found.hidden == (
        ConvolutionShape(channels=8, kernel=5, pool=2),
        ConvolutionShape(channels=4, kernel=3, stride=2, pool=3),
        DenseShape(outputs=64),
    )
    assert found.classes == 10
    assert ModelSettings(layers=("dense",)).classes is None


def test_words_and_convolutions_give_the_same_network():
    """As tables of the old key."""
    old = make_spec(
        {"convolutions": [{"channels": 8, "kernel": 5, "pool": 2}, {"channels": 4, "kernel": 3, "stride": 2}]}
    )
    new = make_spec({"model": {"layers": ["conv 8 5 pool 2", "conv 4 3 stride 2", "dense 10"]}})
    assert build_model((16, 8), new.model.hidden, 10) == build_model((16, 8), old.convolutions, 10)


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        (["densse 5", "dense"], "densse 5; 'densse' is unknown; the words are conv and dense; did you mean dense?"),
        (["", "dense"], "'' is unknown; the words are conv and dense"),
        (["conv 5 4", "dense"], "kernel must be odd"),
        (["conv 5", "dense"], r"the form is conv CHANNELS KERNEL \[stride STEP\] \[pool SIZE\]"),
        (["conv 5 3 pool", "dense"], "the form is conv CHANNELS KERNEL"),
        (["conv 5 3 stirde 2", "dense"], "'stirde' is unknown; the words are stride and pool; did you mean stride"),
        (["conv 5 3 pool 2 pool 2", "dense"], "pool is given twice"),
        (["conv 5 3 pool 0", "dense"], "pool must be at least 1"),
        (["dense 0", "dense"], "outputs must be at least 1"),
        (["dense", "dense"], "the form is dense OUTPUTS"),
        (["dense 5 relu", "dense"], r"the form is dense OUTPUTS \[tanh\]"),
        (["dense 5", "dense 10 tanh"], "the read-out has no tanh"),
        (["dense 1000000000", "dense"], "outputs must be at most 65536"),
        (["dense 5", "conv 5 3", "dense"], "a convolution cannot follow a dense layer"),
        (["conv 5 3"], "the last layer is the read-out: add `dense`"),
        ([], "layers: got"),
        (["x" * 101, "dense"], "at most 100 characters"),
    ],
)
def test_words_that_are_no_layer_are_one_line(layers, words):
    """The error names the layer, the known words and the nearest one."""
    with pytest.raises(ParameterError, match=words) as caught:
        make_spec({"model": {"layers": layers}})
    assert "\n" not in str(caught.value)


def test_old_and_new_form_together_are_refused():
    """And a network deeper than anybody's."""
    with pytest.raises(ParameterError, match="convolutions: got both it and model; give one of the two"):
        make_spec({"convolutions": [], "model": {"layers": ["dense"]}})
    with pytest.raises(ParameterError, match="dataset: got both it and data"):
        make_spec({"dataset": "digits", "data": {"train": "x.npz"}})
    with pytest.raises(ParameterError, match=r"model\.layers: got 1000; must be at most 50"):
        make_spec({"model": {"layers": ["dense"] * 1000}})


def test_weights_before_tanh_begin_with_half_the_variance_of_those_before_a_rectifier():
    """1 / inputs against 2 / inputs, of 100 x 400 weights; the bias is 0."""
    layers = ModelSettings(layers=("dense 100 tanh", "dense 400 tanh", "dense 100", "dense"))
    first, _, third, _ = build_model((400,), layers.hidden, 3).initial_weights(np.random.default_rng(0))
    assert first[:, :-1].var() * 400 == pytest.approx(1, rel=0.03)
    assert third[:, :-1].var() * 400 == pytest.approx(2, rel=0.03)
    assert not first[:, -1].any()
