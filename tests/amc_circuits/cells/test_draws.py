"""Every draw has a place of its own in the tree below one seed."""

import numpy as np
import pytest

from amc_circuits.cells.draws import EFFECTS, Draws, generators
from netlists import ParameterError


def numbers(generator):
    """Enough of a generator to tell it from any other."""
    return tuple(generator.integers(0, 2**63, 4))


@pytest.mark.parametrize("seed", [0, 17, 2**128 - 1])
def test_trials_effects_and_arrays_are_the_children_of_the_seed(seed):
    """The generators are those of `SeedSequence.spawn`: trial, below it the effect, below it the array."""
    trial = np.random.SeedSequence(seed).spawn(6)[5]
    for effect, child in zip(EFFECTS, trial.spawn(len(EFFECTS)), strict=True):
        draws = Draws(seed, 5)
        assert numbers(draws.generator(effect)) == numbers(np.random.default_rng(child))
        for array, grandchild in enumerate(child.spawn(2)):
            assert numbers(draws.generator(effect, array)) == numbers(np.random.default_rng(grandchild))


def test_effects_keep_their_places():
    """A new effect goes to the end, so that stored seeds give again what they gave."""
    first = ("limit_spread", "programming_error", "stuck", "drift", "read_noise", "offset", "inverter_offset")
    assert EFFECTS[: len(first)] == first


def test_a_trial_is_the_same_alone_or_among_many():
    """Trial 17 is child 17, however many are drawn, and drawing changes nothing."""
    alone = numbers(Draws(3, 17).generator("stuck"))
    among = [numbers(Draws(3, k).generator("stuck")) for k in range(1000)]
    assert among[17] == alone
    assert numbers(np.random.default_rng(np.random.SeedSequence(3).spawn(1000)[17].spawn(3)[2])) == alone


def test_no_two_places_share_their_numbers():
    """Seeds, trials, effects, arrays and the matrices' own generators are all different."""
    found = [numbers(np.random.default_rng(seed)) for seed in range(3)]
    for seed in range(3):
        for trial in range(3):
            for effect in EFFECTS:
                draws = Draws(seed, trial)
                found += [numbers(draws.generator(effect, *child)) for child in ((), (0,), (1,))]
    assert len(set(found)) == len(found) == 3 + 3 * 3 * len(EFFECTS) * 3


@pytest.mark.parametrize(
    ("seed", "trial", "name"),
    [
        *((seed, 0, "seed") for seed in (-1, 2**128, 1.5, "3", True)),
        *((0, trial, "trial") for trial in (-1, 2**32, None)),
    ],
)
def test_seeds_and_trials_of_no_tree_are_refused(seed, trial, name):
    """Only whole numbers that keep to their words of the tree are taken."""
    with pytest.raises(ParameterError, match=f"{name}: got .* whole number from 0"):
        Draws(seed, trial)


def test_an_unknown_effect_is_refused():
    """The message lists what there is."""
    with pytest.raises(ParameterError, match="effect: got 'noise'; must be one of limit_spread"):
        Draws(0).generator("noise")


@pytest.mark.parametrize("seed", [0, 7, 2**32 + 1, 2**128 - 1])
def test_generators_of_many_trials_are_those_of_each(seed):
    """The generators are NumPy's, for seeds and trials of any length."""
    trials = (0, 1, 17, 2**32 - 1)
    for effect, child in (("programming_error", (1,)), ("offset", ()), ("part_offset", (2**32 - 1,))):
        place = (EFFECTS.index(effect), *child)
        found = generators([Draws(seed, trial) for trial in trials], effect, *child)
        for trial, generator in zip(trials, found, strict=True):
            sequence = np.random.SeedSequence(seed, spawn_key=(trial, *place))
            assert numbers(generator) == numbers(np.random.default_rng(sequence))
