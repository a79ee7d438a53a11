"""Devices: every effect against its closed form, alone and beside the others."""

import numpy as np
import pytest
from scipy.stats import norm

from amc_circuits.cells.devices import Device, programmed
from amc_circuits.cells.draws import Draws
from amc_circuits.cells.mapping import Mapping, map_matrix
from tests.cases import spd_matrix
from tests.comparators import assert_close

SIDE = 200
CELLS = SIDE * SIDE
DRAWS = Draws(1)
MIDDLE = 50e-6
"""Far from the limits of 1 and 100 uS."""
STEP = 99e-6 / 7
"""Between 8 levels from 1 to 100 uS."""


def filled(conductance):
    """A pair of arrays of one conductance."""
    return Mapping(np.full((SIDE, SIDE), conductance), np.full((SIDE, SIDE), conductance), 1.0, 99e-6)


def cells(conductance=MIDDLE, draws=DRAWS, **effects):
    """The positive array of that, programmed."""
    return programmed(Device(**effects), filled(conductance), draws).positive


def assert_normal(sample, mean, sigma):
    """Mean and standard deviation of n independent normal numbers, each within 5 of its own standard errors."""
    assert abs(sample.mean() - mean) < 5 * sigma / np.sqrt(sample.size)
    assert abs(sample.std() / sigma - 1) < 5 / np.sqrt(2 * sample.size)


@pytest.mark.parametrize("matrix", [spd_matrix(9, 10, 1), np.abs(spd_matrix(9, 10, 1))], ids=["pair", "single"])
@pytest.mark.parametrize(
    "off",
    [
        {},
        {"programming_error": "wan-2022", "programming_error_scale": 0.0},
        {"drift_exponent": 0.1, "drift_spread": 0.05, "drift_time": 1.0},
        {"drift_exponent": 0.1},
        {"drift_time": 1e6},
        {"nonlinearity_voltage": 0.5},
    ],
)
def test_what_is_off_changes_nothing(matrix, off):
    """Effects at zero give the very same arrays, bit for bit, where the mapping's sums round beyond g_max, too."""
    low, high = 2.3e-6, 30e-6
    assert low + (high - low) > high
    wanted = map_matrix(matrix, low, high)
    got = programmed(Device(g_min=low, g_max=high, **off), wanted, Draws(0))
    assert (got.positive == wanted.positive).all()
    assert got.negative is None if wanted.negative is None else (got.negative == wanted.negative).all()
    assert (got.alpha, got.unit) == (wanted.alpha, wanted.unit)


def test_levels_are_a_uniform_grid():
    """Every cell is at one of the levels, at most half a step away; both limits are levels; nothing is drawn."""
    wanted = np.random.default_rng(1).uniform(1e-6, 100e-6, (50, 50))
    wanted[0, :2] = 1e-6, 100e-6
    mapping = Mapping(wanted, None, 1.0, 100e-6)
    got = programmed(Device(levels=8), mapping, Draws(0)).positive
    assert_close(np.unique(got), 1e-6 + np.arange(8) * STEP, relative=1e-12)
    assert np.abs(got - wanted).max() <= STEP / 2 * (1 + 1e-12)
    assert_close(got[0, :2], [1e-6, 100e-6], relative=1e-15)
    assert (got == programmed(Device(levels=8), mapping, Draws(5)).positive).all()


def test_programming_error_is_gaussian_in_siemens():
    """Far from the limits: mean zero and the given sigma; a third of the cells is beyond one sigma."""
    deviation = cells(programming_error=2e-6) - MIDDLE
    assert_normal(deviation, 0, 2e-6)
    beyond = 2 * norm.sf(1)
    counted = np.mean(np.abs(deviation) > 2e-6)
    assert abs(counted - beyond) < 5 * np.sqrt(beyond * (1 - beyond) / CELLS)


@pytest.mark.parametrize(("limit", "sign"), [(1e-6, 1), (100e-6, -1)])
def test_at_a_limit_half_of_the_cells_stay_there(limit, sign):
    """Nothing is written beyond a limit: half of the cells are at it, the mean is off by sigma/sqrt(2 pi)."""
    deviation = sign * (cells(limit, programming_error=1e-6) - limit)
    assert deviation.min() == 0
    assert abs(np.mean(deviation == 0) - 0.5) < 5 * 0.5 / np.sqrt(CELLS)
    spread = 1e-6 * np.sqrt(0.5 - 1 / (2 * np.pi))
    assert abs(deviation.mean() - 1e-6 / np.sqrt(2 * np.pi)) < 5 * spread / np.sqrt(CELLS)


@pytest.mark.parametrize(
    ("fit", "microsiemens", "sigma"),
    [
        ("wan-2022", 10, 0.1536 - 1.167 + 2.374 + 1.053),
        ("wan-2022", 20, 1.2288 - 4.668 + 4.748 + 1.053),
        ("wan-2022", 60, 1.6806),  # at 39.26: 9.2948 - 17.9875 + 9.3203 + 1.053
        ("milo-2021", 100, 4.782 - 0.91),
        ("milo-2021", 5, 4.782 - 0.455),
        ("milo-2021", 900, 4.782 - 2.0475),
    ],
)
def test_fits_at_points_calculated_by_hand(fit, microsiemens, sigma):
    """The published fits, held at the ends of their ranges; a factor scales them."""
    device = Device(programming_error=fit)
    conductance = np.full((1, 1), microsiemens * 1e-6)
    assert_close(device.programming_sigma(conductance), [[sigma * 1e-6]], relative=1e-3)
    half = device.replace(programming_error_scale=0.5)
    assert_close(half.programming_sigma(conductance), [[sigma * 0.5e-6]], relative=1e-3)


def test_a_constant_sigma_has_its_factor_too():
    """`programming_error_scale` multiplies siemens as it multiplies a fit."""
    device = Device(programming_error=2e-6, programming_error_scale=3.0)
    assert_close(device.programming_sigma(np.full((1, 2), MIDDLE)), [[6e-6, 6e-6]], relative=1e-15)


def test_a_fit_gives_each_conductance_its_own_sigma():
    """Two conductances in one array deviate each by the fit's sigma there."""
    wanted = np.repeat([[60e-6], [180e-6]], CELLS, axis=1)
    device = Device(g_min=1e-6, g_max=250e-6, programming_error="milo-2021")
    deviation = programmed(device, Mapping(wanted, None, 1.0, 1.0), Draws(4)).positive - wanted
    assert_normal(deviation[0], 0, (4.782321 - 0.009107 * 60) * 1e-6)
    assert_normal(deviation[1], 0, (4.782321 - 0.009107 * 180) * 1e-6)


def test_stuck_cells_are_counted_by_their_probabilities():
    """As many cells as a binomial law allows are at g_max and at g_min; the others are what they were."""
    got = cells(stuck_on=0.02, stuck_off=0.1)
    for value, probability in ((100e-6, 0.02), (1e-6, 0.1), (MIDDLE, 0.88)):
        sigma = np.sqrt(CELLS * probability * (1 - probability))
        assert abs((got == value).sum() - CELLS * probability) < 5 * sigma


def test_more_stuck_cells_hold_the_fewer():
    """A higher probability adds stuck cells to those that there are, and one kind does not move the other."""
    few, many = cells(stuck_on=0.01, stuck_off=0.02), cells(stuck_on=0.3, stuck_off=0.02)
    assert (many[few == 100e-6] == 100e-6).all()
    assert ((many == 1e-6) == (few == 1e-6)).all()
    assert (cells(stuck_on=1.0) == 100e-6).all()
    assert (cells(stuck_off=1.0) == 1e-6).all()


def test_limits_are_log_normal_and_hold_what_is_written():
    """Each cell's ln g_max and ln g_min have the given spread; nothing that is written passes them."""
    high, low = (cells(limit_spread=0.1, **stuck) for stuck in ({"stuck_on": 1.0}, {"stuck_off": 1.0}))
    assert_normal(np.log(high), np.log(100e-6), 0.1)
    assert_normal(np.log(low), np.log(1e-6), 0.1)
    assert abs(np.corrcoef(high.ravel(), low.ravel())[0, 1]) < 5 / np.sqrt(CELLS)
    assert (cells(100e-6, limit_spread=0.1) == np.minimum(high, 100e-6)).all()
    noisy = cells(90e-6, limit_spread=0.1, programming_error=20e-6)
    assert ((noisy >= low) & (noisy <= high)).all() and (noisy == high).any()


def test_writing_aims_within_the_cell_s_own_limits():
    """Where the aim is far above what a cell can hold, the error is around its g_max: half of such cells are there."""
    high = cells(limit_spread=0.1, stuck_on=1.0)
    short = high < 95e-6
    at_limit = (cells(100e-6, limit_spread=0.1, programming_error=0.5e-6) == high)[short]
    assert abs(at_limit.mean() - 0.5) < 5 * 0.5 / np.sqrt(short.sum())


def test_limits_that_cross_are_swapped():
    """A wide spread on a narrow range leaves no cell with g_min above g_max."""
    narrow = {"g_min": 40e-6, "g_max": 60e-6, "limit_spread": 1.0}
    low, high = (cells(**narrow, **stuck) for stuck in ({"stuck_off": 1.0}, {"stuck_on": 1.0}))
    assert (low <= high).all()


@pytest.mark.parametrize(("time", "factor"), [(0.0, 1.0), (1.0, 1.0), (100.0, 10**-0.2), (1e10, 0.1)])
def test_drift_follows_its_power_law(time, factor):
    """Without spread G falls by (t/1 s)^-nu exactly; up to 1 s it does not move."""
    assert_close(cells(drift_exponent=0.1, drift_time=time), np.full((SIDE, SIDE), MIDDLE * factor), relative=1e-14)


def test_every_cell_drifts_by_its_own_exponent():
    """-ln(G(t)/G)/ln t is normal with the given mean and spread, and the same at every time."""
    early, late = (
        -np.log(cells(drift_exponent=0.05, drift_spread=0.02, drift_time=t) / MIDDLE) / np.log(t) for t in (10.0, 1e6)
    )
    assert_normal(late, 0.05, 0.02)
    assert_close(early, late, absolute=1e-13)


def test_read_noise_is_relative():
    """The logarithm of a read has the given sigma around what is read, whatever it is."""
    for conductance in (1e-6, MIDDLE):
        assert_normal(np.log(cells(conductance, read_noise=0.03) / conductance), 0, 0.03)


EFFECTS = {
    "programming": {"programming_error": 2e-6},
    "stuck": {"stuck_on": 0.05, "stuck_off": 0.05},
    "drift": {"drift_exponent": 0.05, "drift_spread": 0.02, "drift_time": 1e3},
    "read noise": {"read_noise": 0.02},
}
ALL = {name: value for effect in EFFECTS.values() for name, value in effect.items()}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [(a, b) for b in ("drift", "read noise") for a in EFFECTS if a != b],
)
def test_one_effect_does_not_change_the_draws_of_another(earlier, later):
    """A factor that comes with time or reading is the same cell by cell, whatever else is on."""
    alone = cells(**EFFECTS[later]) / MIDDLE
    both, before = cells(**(EFFECTS[earlier] | EFFECTS[later])), cells(**EFFECTS[earlier])
    assert_close(both / before, alone, relative=1e-13)


@pytest.mark.parametrize("other", ["stuck", "limits"])
def test_the_programming_error_keeps_its_draws(other):
    """Stuck cells and other limits leave what is written in the rest as it was, bit for bit."""
    written = cells(programming_error=2e-6)
    more = {"stuck": EFFECTS["stuck"], "limits": {"limit_spread": 0.1}}[other]
    got = cells(programming_error=2e-6, **more)
    rest = ~np.isin(got, [1e-6, 100e-6])
    assert rest.mean() > 0.8
    assert (got == written)[rest].all()


def test_each_effect_of_each_array_has_a_place_of_its_own():
    """No two of them share a generator."""
    asked = []

    class Noted(Draws):
        """Draws that note who asks."""

        def generator(self, effect, *child):
            asked.append((effect, *child))
            return super().generator(effect, *child)

    programmed(Device(limit_spread=0.1, **ALL), filled(MIDDLE), Noted(0))
    effects = ("limit_spread", "programming_error", "stuck", "drift", "read_noise")
    assert sorted(asked) == sorted((effect, array) for effect in effects for array in (0, 1))


def test_all_effects_together_are_each_of_them_in_turn():
    """Cells that are not stuck keep what was written; drift and read noise are factors on all cells."""
    written, stuck = cells(**EFFECTS["programming"]), cells(**EFFECTS["stuck"])
    expected = np.where(stuck == MIDDLE, written, stuck)
    for factor in ("drift", "read noise"):
        expected = expected * (cells(**EFFECTS[factor]) / MIDDLE)
    assert_close(cells(**ALL), expected, relative=1e-13)


def test_arrays_of_a_pair_are_drawn_apart():
    """Positive and negative array deviate independently; without the negative one the positive is the same."""
    device = Device(programming_error=2e-6, read_noise=0.01)
    pair = programmed(device, filled(MIDDLE), Draws(1))
    correlation = np.corrcoef(pair.positive.ravel(), pair.negative.ravel())[0, 1]
    assert abs(correlation) < 5 / np.sqrt(CELLS)
    single = programmed(device, Mapping(filled(MIDDLE).positive, None, 1.0, 1.0), Draws(1))
    assert single.negative is None
    assert (single.positive == pair.positive).all()


def test_a_trial_can_be_repeated():
    """The same seed and trial give the same cells, other trials and seeds other ones."""
    once, again, other, seed = (cells(draws=d, **ALL) for d in (Draws(2, 17), Draws(2, 17), Draws(2, 18), Draws(3, 17)))
    assert (once == again).all()
    assert (once != other).mean() > 0.9
    assert (once != seed).mean() > 0.9


def test_half_the_sigma_is_half_the_deviation():
    """Where nothing reaches a limit the deviation is proportional to sigma."""
    whole, half = (cells(programming_error=s) - MIDDLE for s in (2e-6, 1e-6))
    assert_close(half, whole / 2, absolute=4 * np.spacing(MIDDLE))
