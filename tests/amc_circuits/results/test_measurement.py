"""Measurements on waveforms with known answers."""

import numpy as np
import pytest
from scipy.optimize import brentq

from amc_circuits.results import measurement
from tests.comparators import assert_close, assert_within

TIME = np.linspace(0, 20.0, 4001)


def test_settling_time_of_an_exponential_is_the_logarithm():
    """`1 - exp(-t)` is within 1 % after ln(100), counted from the step."""
    outputs = (1 - np.exp(-TIME))[:, None]
    assert measurement.settling_time(TIME, outputs, 0.0, 0.01) == pytest.approx(np.log(100), rel=1e-4)
    assert measurement.settling_time(TIME, outputs, 0.5, 0.01) == pytest.approx(np.log(100) - 0.5, rel=1e-4)


def test_the_band_of_every_output_is_scaled_by_the_largest():
    """A small output beside one ten times as large may be ten times as inaccurate."""
    small = 0.1 * (1 - np.exp(-TIME / 2))
    outputs = np.stack([np.where(TIME > 0, 1.0, 0.0), small], axis=1)
    assert measurement.settling_time(TIME, outputs, 0.0, 0.01) == pytest.approx(2 * np.log(0.1 / 0.01), rel=1e-3)


def test_settling_time_is_the_last_crossing():
    """A waveform that comes back out of its band settles when it enters for the last time."""
    wave = 1 + np.where((TIME > 5) & (TIME < 6), 0.5, 0.0)
    assert measurement.settling_time(TIME, wave[:, None], 0.0, 0.01) == pytest.approx(6.0, abs=0.01)


def test_crossings_are_interpolated_for_each_output():
    """With two coarse samples the crossing lies on the straight line of the output that is last to enter."""
    time = np.array([0.0, 1.0, 2.0])
    outputs = np.array([[0.0, 0.5], [0.0, 0.9], [1.0, 0.9]])
    assert measurement.settling_time(time, outputs, 0.0, 0.1) == pytest.approx(1.9)


def test_zero_outputs_have_no_settling_time():
    """Without a scale there is no band."""
    assert np.isnan(measurement.settling_time(TIME, np.zeros((len(TIME), 2)), 0.0, 0.01))


@pytest.mark.parametrize(("drift", "steady"), [(0.4e-3, True), (0.6e-3, False)])
def test_steady_means_a_twentieth_of_the_tolerance_over_the_last_fifth(drift, steady):
    """At 1 % tolerance the last fifth may move by 0.05 % of the largest output."""
    outputs = np.where(TIME < 17, 1.0 - drift, 1.0)[:, None]
    assert measurement.is_steady(TIME, outputs, 0.01) is steady


def test_movement_before_the_last_fifth_does_not_count():
    """Movement in the first four fifths of the slot does not make the end unsteady."""
    outputs = np.where(TIME < 15.9, 0.0, 1.0)[:, None]
    assert measurement.is_steady(TIME, outputs, 0.01)


def test_overshoot_of_a_second_order_response():
    """A step response with damping ratio 0.5 overshoots by exp(-pi z/sqrt(1 - z^2)), for either sign."""
    z = 0.5
    damped = np.sqrt(1 - z**2)
    wave = 1 - np.exp(-z * TIME) * (np.cos(damped * TIME) + z / damped * np.sin(damped * TIME))
    wanted = np.exp(-np.pi * z / damped)
    for sign in (1, -1):
        assert_within(measurement.overshoot(sign * wave[:, None]), wanted, 2e-3)


def test_a_response_that_never_passes_its_final_value_has_no_overshoot():
    """Monotonic responses overshoot by 0."""
    assert measurement.overshoot((1 - np.exp(-TIME))[:, None]) == 0


def test_integral_interpolates_its_ends():
    """The integral of a straight line between samples is exact."""
    time = np.array([0.0, 1.0, 2.0, 3.0])
    assert measurement.integral(time, 2 * time, 0.25, 2.5) == pytest.approx(2.5**2 - 0.25**2)


def test_relative_error_and_bits():
    """A quarter of a percent is 8.64 bits; a zero reference with a zero value is exact."""
    value, reference = np.array([[1.0025, 0.0], [0.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 0.0]])
    errors = measurement.relative_error(value, reference)
    assert errors == pytest.approx([0.0025, 0.0])
    assert measurement.bits(errors) == pytest.approx([np.log2(400), np.inf])


@pytest.mark.parametrize("samples", [4001, 21])
@pytest.mark.parametrize("bits", [4, 6, 8])
def test_time_to_bits_of_an_exponential_is_the_logarithm(bits, samples):
    """An exact circuit of one time constant gains a bit every `tau ln 2`, however far apart its samples are."""
    time, tau, target = np.linspace(-1, 20, samples), 1.7, np.array([0.3, -0.4])
    outputs = np.where(time > 0, 1 - np.exp(-time / tau), 0)[:, None] * target
    error = measurement.readout_error(outputs, target)
    assert_close(error, np.where(time > 0, np.exp(-time / tau), 1), relative=1e-9)
    assert measurement.time_to_bits(time, error, bits) == pytest.approx(tau * np.log(2) * bits, rel=1e-9)


@pytest.mark.parametrize(("edge", "bits"), [(5, 1), (20, 1), (60, 1), (60, 4), (60, 8)])
def test_time_to_bits_on_a_slow_edge_is_between_samples(edge, bits):
    """One pole behind a ramp, by its closed form, with samples far apart: a straight line errs by 2e-3."""
    tau, time = 1.7, np.concatenate([[-1.0, 0.0], np.linspace(0.04, 1, 25) * edge, edge + np.geomspace(0.3, 20, 20)])

    def error(at):
        on_edge, later = (at - tau * -np.expm1(-at / tau)) / edge, tau / edge * np.expm1(edge / tau) * np.exp(-at / tau)
        return np.where(at < edge, 1 - on_edge, later)

    wanted = brentq(lambda at: error(at) - 2.0**-bits, 0.01, edge + 19)
    assert measurement.time_to_bits(time, error(time), bits) == pytest.approx(wanted, rel=1e-3)


def test_the_read_out_error_is_that_of_the_vector():
    """Outputs weigh by their size: the square root of the sum of squares, over that of the target."""
    outputs, target = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 4.5]]), np.array([3.0, 4.0])
    assert_close(measurement.readout_error(outputs, target), [1, 0.8, 0.1], relative=1e-12)


def test_an_error_that_stays_above_the_limit_has_no_time():
    """A final value that is 1 % wrong is read to 6 bits, later than an exact one, and never to 8."""
    error = np.hypot(np.exp(-TIME), 0.01)
    wanted = -np.log(np.sqrt(2.0**-12 - 1e-4))
    assert measurement.time_to_bits(TIME, error, 6) == pytest.approx(wanted, rel=1e-4)
    assert np.isnan(measurement.time_to_bits(TIME, error, 8))


def test_the_last_instant_counts():
    """An error that rises above the limit again is small enough from its last crossing; nothing above is from 0."""
    again = np.where((TIME > 5) & (TIME < 6), 0.5, np.exp(-TIME))
    assert measurement.time_to_bits(TIME, again, 4) == pytest.approx(6, abs=0.01)
    assert measurement.time_to_bits(TIME, np.full(len(TIME), 1e-3), 8) == 0
    assert measurement.time_to_bits(np.array([-1.0, -0.5]), np.array([1.0, 0.0]), 4) == 0


def test_nothing_is_read_of_a_target_of_zeros():
    """Against zeros there is no relative error: no time, and no warning."""
    error = measurement.readout_error(np.array([[0.0], [1e-3], [0.0], [1e-9]]), np.zeros(1))
    assert_close(error[[0, 2]], [0, 0])
    assert np.isinf(error[[1, 3]]).all()
    assert np.isnan(measurement.time_to_bits(np.arange(4.0), error, 4))
    assert 1 <= measurement.time_to_bits(np.arange(3.0), error[:3], 4) <= 2
