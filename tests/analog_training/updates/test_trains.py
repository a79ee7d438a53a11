"""Updates by pulse trains against their closed forms."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from analog_training.algorithms.contract import Pace
from analog_training.algorithms.tiles import Stage, Tiles, TileSettings
from analog_training.devices.cells import Cells
from analog_training.devices.record import PulsedDevice
from analog_training.updates.closed_forms import update_moments
from analog_training.updates.trains import Trains

FINE = PulsedDevice(states=1000)
"""Steps of 0.002: an update of 0.1 wants 50 pulses and gets 31, all of them certain."""
CLIPPED = {0.0: 0.06018, 0.5: 0.03009, -0.5: 0.09026}
"""Changes by weight before: (1 - w)(1 - (1 - 0.002)^31)."""


def updated(device, start, change, count, seed=3):
    """Weights of many equal cells after one update of x = 1 and d = -change each, by trains of their own."""
    cells, generator = Cells.draw(device, count, np.random.default_rng(0)), np.random.default_rng(seed)
    cells.weight = np.full(count, start)
    x, d = np.ones((count, 1)), np.full((count, 1), -change)
    counts, _ = Trains().coincidences(x, d, 1.0, device.step, generator)
    cells.pulse_all(counts.reshape(1, -1), generator)
    return cells.weight


@pytest.mark.parametrize(("start", "change"), CLIPPED.items())
def test_a_clipped_update_is_that_of_31_pulses(start, change):
    """The closed form and every cell give (1 - w)(1 - 0.998^31), since the probabilities are 1."""
    assert (1 - start) * (1 - 0.998**31) == pytest.approx(change, abs=5e-6)
    found = update_moments(FINE, start, 0.1)
    assert found.mean - start == pytest.approx((1 - start) * (1 - 0.998**31), rel=1e-12)
    assert found.deviation < 1e-6
    np.testing.assert_allclose(updated(FINE, start, 0.1, 3) - start, found.mean - start, rtol=1e-12)


@pytest.mark.parametrize(
    ("device", "start", "change"),
    [
        (PulsedDevice(states=4), 0.0, 0.1),
        (PulsedDevice(states=4, cycle_noise=0.1), 0.1, -0.2),
        (PulsedDevice(states=40, cycle_noise=0.3), 0.2, 0.3),
        (PulsedDevice(states=20, asymmetry=0.2, upper=1.5), -0.2, -0.2),
    ],
)
def test_mean_and_deviation_are_the_closed_forms(device, start, change):
    """Those of 20,000 cells lie within 4 standard errors."""
    found, count = update_moments(device, start, change), 20_000
    weights = updated(device, start, change, count)
    assert weights.mean() == pytest.approx(found.mean, abs=4 * found.deviation / count**0.5)
    spread = weights.var()
    error = np.sqrt(((weights - weights.mean()) ** 4).mean() - spread**2) / count**0.5
    assert spread == pytest.approx(found.deviation**2, abs=4 * error)


def test_mean_of_an_unclipped_update_is_the_gradient():
    """With equal steps the mean of all cells is -lr d x^T within 4 standard errors, with and without management."""
    device = PulsedDevice(states=50, up_power=0, down_power=0)
    x, d, rate = np.array([[0.9, -0.4, 0.0]]), np.array([[0.5, -0.1]]), 0.8
    for trains in (Trains(), Trains(management=False, longest=200)):
        generator, count = np.random.default_rng(5), 4000
        total = np.stack(
            [trains.coincidences(x, d, rate, device.step, generator)[0][0] for _ in range(count)]
        )  # fmt: skip
        wanted = -rate / device.step * (d.T @ x).ravel()
        error = total.std(axis=0) / count**0.5
        assert (np.abs(total.mean(axis=0) - wanted) <= 4 * error + 1e-12).all()
        assert not total[:, [2, 5]].any()


def test_samples_of_a_batch_are_independent_trains():
    """Slots are those of each sample: ceil(lr max|x| max|d| / step), none for a sample without error."""
    x, d = np.array([[1.0], [0.5], [1.0]]), np.array([[0.1], [0.1], [0.0]])
    _, slots = Trains().coincidences(x, d, 1.0, 0.02, np.random.default_rng(0))
    assert slots == 5 + 3 + 0


def test_rounded_values_have_their_mean():
    """Trains of single values: the mean number of pulses is value over step, up to the longest train."""
    values = np.repeat([[0.03, -0.11, 0.0, 5.0]], 5000, axis=0)
    drawn = Trains().rounded(values, 0.1, np.random.default_rng(0))
    np.testing.assert_allclose(drawn.mean(axis=0), [0.3, -1.1, 0, 31], atol=4 * 0.5 / 5000**0.5)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"up_power": 2}, "up_power"),
        ({"up_table": (1, 0.5), "down_table": (0.5, 1)}, "up_table"),
        ({"step_spread": 0.1}, "step_spread"),
        ({"reference_spread": 0.1}, "reference_spread"),
        ({"states": 1.9}, "states"),
        ({"states": 2.1, "asymmetry": -0.2}, "states"),
    ],
)
def test_closed_forms_refuse_other_responses(fields, name):
    """They are those of soft bounds, of one device, whose steps end before its bounds."""
    with pytest.raises(ParameterError) as caught:
        update_moments(PulsedDevice(**fields), 0, 0.1)
    assert caught.value.parameter == name


def test_expected_updates_have_the_moments_of_their_samples():
    """Two samples, up and down, one after the other: the mean of the second begins at that of the first."""
    device = PulsedDevice(states=4, asymmetry=0.2, upper=1.3)
    settings = TileSettings((1.0,), 1.0, 1.0, expected=True)
    learner = Tiles((1, 1), settings, (Stage(0),), [Cells.draw(device, 1, np.random.default_rng(0))])
    learner.cells[0].weight = np.array([0.2])
    learner.learn(np.ones((2, 1)), np.array([[-1.4], [0.5]]), Pace(0, 1.0), np.random.default_rng(0))
    first = update_moments(device, 0.2, 0.7).mean  # the gradient is a mean over the batch
    assert learner.cells[0].weight[0] == pytest.approx(update_moments(device, first, -0.25).mean, rel=1e-12)


def test_expected_steps_end_at_the_bound():
    """Steps beyond the bound end there: a tenth of a pulse makes a tenth of the way on average."""
    cells = Cells.draw(PulsedDevice(states=1.5), 1, np.random.default_rng(0))
    cells.move_rounded(np.array([0.1]))
    assert cells.weight[0] == pytest.approx(0.1, rel=1e-12)


def test_moments_of_no_change_and_refusals():
    """Without a change there is no pulse, with and without management; other weights and changes are refused."""
    for trains in (Trains(), Trains(management=False)):
        found = update_moments(PulsedDevice(states=4, cycle_noise=0.3), 0.5, 0.0, trains)
        assert (found.mean, found.deviation) == (0.5, 0.0)
    for weight, change, name in ((1.5, 0.1, "weight"), (np.nan, 0.1, "weight"), (0.0, np.nan, "change")):
        with pytest.raises(ParameterError, match=f"^{name}: "):
            update_moments(FINE, weight, change)
