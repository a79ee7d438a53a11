"""The search for settling times and overshoot in outputs that no linear circuit made."""

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from amc_circuits.engines.exact.settling import SampledOutputs
from tests.comparators import assert_close, assert_within

RATE, TURN = np.array([1.0, 0.7, 3.0]), np.array([6.0, 2.5, 0.0])
FINAL = np.array([[1.0, -2.0, 0.5], [0.3, 0.1, -1.5]])
SIZE = np.array([[-1.0, 1.3, -0.5], [0.8, 0.9, 1.5]])


def outputs_at(slot, output, time):
    """Damped rings around the final values."""
    rate, turn = RATE[output], TURN[output]
    return FINAL[slot, output] + SIZE[slot, output] * np.exp(-rate * time) * np.cos(turn * time)


def sampled(times):
    """Both slots at some times, exactly known between them."""
    slot, output = np.arange(2)[:, None, None], np.arange(3)[None, None]
    values = outputs_at(slot, output, times[None, :, None])

    def voltage(slot, before, output, time):
        assert np.all((time >= times[before, None] - 1e-12) & (time <= times[before + 1, None] + 1e-12))
        return outputs_at(slot[:, None], output[:, None], time)

    return SampledOutputs(times, values, FINAL, voltage)


def last_crossing(slot, band):
    """By a grid of 200,000 points and Brent's method."""
    found = -np.inf
    for output in range(3):
        grid = np.linspace(0, 12, 200_001)
        away = np.abs(outputs_at(slot, output, grid) - FINAL[slot, output]) - band
        if (away > 0).any():
            at = np.flatnonzero(away > 0)[-1]
            root = brentq(
                lambda t, output=output: abs(outputs_at(slot, output, t) - FINAL[slot, output]) - band,
                grid[at], grid[at + 1], xtol=1e-14,
            )  # fmt: skip
            found = max(found, root)
    return found


@pytest.mark.parametrize("steps", [193, 401])
@pytest.mark.parametrize("tolerance", [0.3, 0.05, 0.011, 1e-3])
def test_settling_is_the_last_crossing_of_every_band(steps, tolerance):
    """To twelve digits, at coarse samples, also where a ring touches its band between two of them."""
    bands = np.array([1.03, 1.0, 0.97])[:, None] * tolerance * np.abs(FINAL).max(axis=1)
    got = sampled(np.linspace(0, 12, steps)).settled(bands)
    wanted = [[last_crossing(k, band) for k, band in enumerate(row)] for row in bands]
    assert_close(got, wanted, relative=1e-11)


def test_a_crest_between_two_samples_inside_is_found():
    """Bands just below every crest of a ring: the last crossing lies between samples that are both inside."""
    times = np.linspace(0, 12, 193)
    for turn in range(2, 8):
        crest = minimize_scalar(
            lambda t: -np.exp(-t) * abs(np.cos(6 * t)), bounds=((turn - 0.2) * np.pi / 6, (turn + 0.2) * np.pi / 6),
            method="bounded", options={"xatol": 1e-12},
        )  # fmt: skip
        band = -crest.fun * (1 - 1e-3)
        alone = SampledOutputs(
            times, outputs_at(0, 0, times)[None, :, None], FINAL[:1, :1],
            lambda slot, before, output, time: outputs_at(slot[:, None], output[:, None], time),
        )  # fmt: skip
        got = alone.settled(np.array([[band]]))[0, 0]
        root = brentq(lambda t, band=band: np.exp(-t) * abs(np.cos(6 * t)) - band, crest.x, crest.x + 0.1, xtol=1e-14)
        assert_within(got, root, 1e-10)


def test_an_output_that_never_leaves_its_band_has_settled_before_all_time():
    """Minus infinity, which the caller limits to the step."""
    assert np.isneginf(sampled(np.linspace(0, 12, 193)).settled(np.full((1, 2), 10.0))).all()


def test_overshoot_is_the_largest_crest():
    """The ring beyond the final value, away from zero, found to a part of the square of the fine spacing."""
    got = sampled(np.linspace(0, 12, 193)).overshoot()
    grid = np.linspace(0, 12, 2_000_001)
    for slot in range(2):
        excess = [
            ((outputs_at(slot, k, grid) - FINAL[slot, k]) * np.sign(FINAL[slot, k])).max() for k in range(3)
        ]  # fmt: skip
        assert_within(got[slot], max(excess) / np.abs(FINAL[slot]).max(), 1e-4)


def test_a_slot_is_read_as_if_it_were_alone():
    """Other slots in the same batch change nothing."""
    both = sampled(np.linspace(0, 12, 193))
    bands = np.array([[0.02, 0.015]])
    together = both.settled(bands)
    for slot in range(2):
        alone = SampledOutputs(
            both.time, both.outputs[slot : slot + 1], FINAL[slot : slot + 1],
            lambda which, before, output, time, slot=slot: both.voltage(which + slot, before, output, time),
        )  # fmt: skip
        assert_close(alone.settled(bands[:, slot : slot + 1])[0], together[0, slot : slot + 1], relative=1e-14)
