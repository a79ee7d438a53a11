"""Metrics of step responses with closed forms."""

import numpy as np
import pytest

from amc_circuits import ParameterError, step_info

TIME = np.linspace(0, 60.0, 60001)


@pytest.mark.parametrize("tolerance", [0.1, 0.01, 0.001])
@pytest.mark.parametrize("final", [2.5, -1e-3])
def test_a_first_order_response_settles_after_the_logarithm(tolerance, final):
    """`c (1 - exp(-t))` settles after ln(1/tolerance), without overshoot, at c."""
    found = step_info(TIME, final * (1 - np.exp(-TIME)), tolerance)
    assert found.settling_time == pytest.approx(np.log(1 / tolerance), rel=1e-4)
    assert (found.overshoot, found.steady) == (0, True)
    assert found.final_value == pytest.approx(final, rel=1e-12)


@pytest.mark.parametrize("damping", [0.3, 0.5, 0.8])
def test_a_second_order_response_overshoots_and_settles_by_its_damping(damping):
    """With damping z it overshoots by exp(-pi z/sqrt(1 - z^2)), and after settling its envelope is below the band."""
    damped = np.sqrt(1 - damping**2)
    error = np.exp(-damping * TIME) * (np.cos(damped * TIME) + damping / damped * np.sin(damped * TIME))
    found = step_info(TIME, 1 - error, 0.02)
    assert found.overshoot == pytest.approx(np.exp(-np.pi * damping / damped), rel=1e-4)
    at = np.interp(found.settling_time, TIME, np.abs(error))
    assert at == pytest.approx(0.02, rel=1e-3)
    assert found.settling_time <= np.log(1 / (0.02 * damped)) / damping
    assert np.abs(error[found.settling_time < TIME]).max() <= 0.02 * (1 + 1e-3)


def test_a_critically_damped_response_settles_where_its_closed_form_says():
    """`1 - (1 + t) exp(-t)` settles where `(1 + t) exp(-t)` is the tolerance: Lambert's W."""
    from scipy.special import lambertw

    found = step_info(TIME, 1 - (1 + TIME) * np.exp(-TIME))
    assert found.settling_time == pytest.approx(-1 - lambertw(-0.01 / np.e, -1).real, rel=1e-4)


def test_the_band_of_several_outputs_is_that_of_the_largest():
    """An output of a tenth of the full scale settles to a tenth of its own final value at 1 %."""
    outputs = np.stack([np.ones_like(TIME), 0.1 * (1 - np.exp(-TIME))], axis=1)
    found = step_info(TIME, outputs)
    assert found.settling_time == pytest.approx(np.log(10), rel=1e-3)
    np.testing.assert_allclose(found.final_value, [1, 0.1], rtol=1e-9)


def test_time_counts_from_zero():
    """Samples before the step are allowed and do not count."""
    time = TIME - 2
    values = np.where(time < 0, 0, 1 - np.exp(-np.maximum(time, 0)))
    assert step_info(time, values).settling_time == pytest.approx(np.log(100), rel=1e-4)


def test_an_end_that_moves_has_no_settling_time():
    """A ramp is not steady over the last fifth."""
    found = step_info(TIME, TIME)
    assert np.isnan(found.settling_time)
    assert found.steady is False


@pytest.mark.parametrize("time", [[0, 1], [0, 1, 2, 3, 4], [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 10]])
def test_a_last_sample_alone_is_no_steady_end(time):
    """Without an earlier sample in the last fifth, nothing shows that the last value stays, and none is settled."""
    found = step_info(time, np.arange(len(time)) / 10)
    assert found.steady is False and np.isnan(found.settling_time)
    assert found.final_value == (len(time) - 1) / 10


def test_one_earlier_sample_in_the_last_fifth_is_compared():
    """Six even samples have their fifth one at the start of it: equal to the last one it is steady, else not."""
    assert step_info(range(6), [0, 0.9, 1, 1, 1, 1]).steady is True
    assert step_info(range(6), [0, 0.9, 1, 1, 0.9, 1]).steady is False


def test_zero_has_neither_settling_time_nor_overshoot():
    """Without a scale there is no band."""
    found = step_info(TIME, 0 * TIME)
    assert np.isnan(found.settling_time) and np.isnan(found.overshoot) and found.final_value == 0


@pytest.mark.parametrize(
    ("time", "values", "tolerance", "name"),
    [
        ([0, 1, 1], [0, 1, 1], 0.01, "time"),
        ([0], [0], 0.01, "time"),
        ([-2, -1], [0, 1], 0.01, "time"),
        ([0, 1], [0, 1, 2], 0.01, "values"),
        ([0, 1], [0, np.nan], 0.01, "values"),
        ([0, 1], [0, 1j], 0.01, "values"),
        ([0, 1], [[[0]], [[1]]], 0.01, "values"),
        ([0, 1], [0, 1], 1, "tolerance"),
        ([0, 1], [0, 1], 0, "tolerance"),
        ([0, 1], [0, 1], "5%", "tolerance"),
        ([0, 1], [0, 1], None, "tolerance"),
        ([0, 1], [0, 1], [0.01, 0.02], "tolerance"),
        ([0, 1], [0, 1], 0.01j, "tolerance"),
        ([0, 1], [0, 1], np.nan, "tolerance"),
    ],
)
def test_unusable_arguments_are_named(time, values, tolerance, name):
    """The error names the argument."""
    with pytest.raises(ParameterError) as caught:
        step_info(time, values, tolerance)
    assert caught.value.parameter == name and "\n" not in str(caught.value)
