"""Devices: responses, symmetric points, and pulses in whatever order they are applied."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from analog_training.devices.cells import Cells
from analog_training.devices.presets import PRESETS, pulsed_device
from analog_training.devices.record import PulsedDevice

CURVED = PulsedDevice(states=10, up_power=1.3, down_power=0.7, upper=1.2, lower=-0.8, asymmetry=0.2)


def cells_of(device, count=1, seed=0):
    """Devices of one draw."""
    return Cells.draw(device, count, np.random.default_rng(seed))


def test_pulses_follow_the_response_one_after_the_other():
    """Trains of several pulses are what a loop over the formula of the response gives, cell by cell."""
    cells, start = cells_of(CURVED, 3), np.array([0.1, -0.3, 0.5])
    cells.weight = start.copy()
    counts = np.array([[3, 0, -2], [-1, 2, 0], [0, -4, 1]])
    made = cells.pulse_all(counts, np.random.default_rng(0))
    wanted = start.copy()
    for train in counts:
        for cell, number in enumerate(train):
            for _ in range(abs(number)):
                room = 1 - wanted[cell] / (1.2 if number > 0 else -0.8)
                size = 0.2 * (1.2 if number > 0 else 0.8) * room ** (1.3 if number > 0 else 0.7)
                wanted[cell] += size if number > 0 else -size
    np.testing.assert_allclose(cells.weight, wanted, rtol=1e-13)
    assert made == (13, 6)


def test_symmetric_points_move_nothing_on_average():
    """Up and down steps are equal there, and for soft bounds it is the root of a linear equation."""
    cells = cells_of(CURVED.replace(bound_spread=0.3, asymmetry_spread=0.1), 50)
    ones = np.ones(50, np.int64)
    every = np.arange(50)
    both = cells.response(cells.symmetric_point, ones, every) + cells.response(cells.symmetric_point, -ones, every)
    assert np.abs(both).max() < 1e-12
    soft = cells_of(PulsedDevice(asymmetry=0.3, upper=2, lower=-1))
    assert soft.symmetric_point[0] == pytest.approx(2 * 0.3 / (1.3 / 2 + 0.7 / 1), abs=1e-12)
    assert soft.weight[0] == soft.reference[0] == soft.symmetric_point[0]


def test_weights_stay_within_their_bounds():
    """Noise of many steps does not pass the bounds of a cell."""
    cells = cells_of(PulsedDevice(cycle_noise=5, bound_spread=0.3, step_spread=0.3), 200)
    cells.pulse_all(np.full((1, 200), 20), np.random.default_rng(1))
    assert (cells.weight <= cells.bounds[0]).all() and (cells.weight >= cells.bounds[1]).all()


def test_spreads_are_those_of_the_record():
    """Means and deviations of 20,000 drawn factors lie within 5 standard errors; those of exp(s z) are closed forms."""
    cells = cells_of(PulsedDevice(states=2, step_spread=0.1, bound_spread=0.2, lower_spread=0.1), 20_000)
    for values, spread in ((cells.steps[0], 0.1), (cells.bounds[0], 0.2), (-cells.bounds[1], 0.1)):
        assert values.mean() == pytest.approx(1, abs=5 * spread / 20_000**0.5)
        assert values.std() == pytest.approx(spread, rel=5 / 40_000**0.5)
    drawn = cells_of(PulsedDevice(states=2, step_spread=0.5, step_law="log-normal"), 20_000).steps[0]
    assert np.log(drawn).std() == pytest.approx(0.5, rel=5 / 40_000**0.5)


def test_whole_expected_pulses_are_pulses_without_noise():
    """The closed form of n pulses is n pulses, and for equal steps it is linear."""
    for device in (PulsedDevice(states=7), PulsedDevice(states=7, up_power=0, down_power=0)):
        one, other = cells_of(device, 3), cells_of(device, 3)
        one.pulse_all(np.array([[3, -2, 0]]), np.random.default_rng(0))
        other.move_rounded(np.array([3.0, -2.0, 0.0]))
        np.testing.assert_allclose(one.weight, other.weight, rtol=1e-13, atol=1e-15)


def test_long_trains_are_their_pulses():
    """Trains of thousands of pulses end as many short ones do, in closed form and with tables or noise."""
    steps = (0.5,) * 3
    for fields in ({}, {"up_power": 0, "down_power": 0}, {"up_table": steps, "down_table": steps}, {"up_power": 2}):
        device = PulsedDevice(states=2500, upper=5, **fields)
        one, other = cells_of(device, 3), cells_of(device, 3)
        counts = np.array([[1200, -1700, 0], [-100, 0, 30]])
        assert one.pulse_all(counts, np.random.default_rng(0)) == (3030, 1230)
        for part in (counts[0] // 2, counts[0] // 2, counts[1]):
            other.pulse_all(part[None], np.random.default_rng(0))
        np.testing.assert_allclose(one.weight, other.weight, rtol=1e-10, atol=1e-13)
    noisy = cells_of(PulsedDevice(states=2500, cycle_noise=1), 4000)
    noisy.pulse_all(np.full((1, 4000), 1001), np.random.default_rng(0))
    wanted, kept = 1 - (1 - 0.0008) ** 1001, 1 - 0.0008
    assert noisy.weight.mean() == pytest.approx(wanted, abs=1e-3)
    spread = 0.0008 * ((1 - kept**2002) / (1 - kept**2)) ** 0.5
    assert noisy.weight.std() == pytest.approx(spread, rel=5 / 8000**0.5)


def test_presets_have_sources_and_the_published_numbers():
    """Steps and bounds are those in aihwkit's file of presets, up to the units of states."""
    assert all(preset.source for preset in PRESETS.values())
    steps = {"reram-soft-bounds": 0.002, "reram-optimized-material": 0.0949, "reram-hfo2": 0.4622}
    for name, step in steps.items():
        assert pulsed_device(name).step == pytest.approx(step, rel=1e-12)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"states": 1}, "states"),
        ({"upper": -1}, "upper"),
        ({"asymmetry": 1}, "asymmetry"),
        ({"step_spread": -0.1}, "step_spread"),
        ({"step_law": "log-normal"}, "step_law"),
        ({"cycle_noise": float("nan")}, "cycle_noise"),
    ],
)
def test_bad_devices_are_refused(fields, name):
    """The error names the field."""
    with pytest.raises(ParameterError) as caught:
        PulsedDevice(**fields)
    assert caught.value.parameter == name


def test_an_unknown_device_is_refused():
    """The error lists the names."""
    with pytest.raises(ParameterError, match="reram-hfo2"):
        pulsed_device("reram")
