"""Measurements of any step waveform by the definitions of docs/measurement.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.results import measurement
from amc_circuits.values.checks import numeric_array
from netlists import ParameterError
from netlists.errors import real_number
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class StepInfo:
    """Metrics of a step response.

    Attributes:
        settling_time: Time from the step until every output stays in its band, s; nan if the end is not steady, and if
            every final value is 0.
        overshoot: Largest excess over a final value, away from zero, relative to the largest final value; nan if every
            final value is 0.
        final_value: Value at the end: a number for one output, else shape (N,); in the unit of the values.
        steady: True if the outputs are steady over the last fifth of the time, so that the final value counts; False
            if this fifth has the last sample alone.
    """

    settling_time: float
    overshoot: float
    final_value: float | FloatArray
    steady: bool

    __repr__ = short_repr


def step_info(time: ArrayLike, values: ArrayLike, tolerance: float = 0.01) -> StepInfo:
    """Measure a step response.

    Args:
        time: Increasing times of the samples, shape (T,), s; 0 is the 50 % point of the step, as in `Response.time`.
        values: Samples of one output, shape (T,), or of several, shape (T, N), in any unit; the last sample is the
            final value.
        tolerance: Half the width of the band around a final value, relative to the largest final value, between 0
            and 1.

    Raises:
        ParameterError: If an array is not of finite real numbers, the shapes do not match, the times do not increase
            or end before the step, or the tolerance is no number or out of range.
    """
    times, samples = _real("time", time, (1,)), _real("values", values, (1, 2))
    _check(times, samples, tolerance)
    outputs = samples[:, None] if samples.ndim == 1 else samples
    steady = _has_end(times) and measurement.is_steady(times, outputs, tolerance)
    settled = measurement.settling_time(times, outputs, 0.0, tolerance) if steady else float("nan")
    final = outputs[-1].copy()
    single = float(final[0]) if samples.ndim == 1 else final
    return StepInfo(settled, measurement.overshoot(outputs), single, steady)


def _has_end(time: FloatArray) -> bool:
    """True if the last fifth of the time has an earlier sample than the last one, with which it can be compared."""
    return bool(time[-2] >= time[-1] - (time[-1] - time[0]) / measurement.STEADY_PART)


def _real(name: str, value: ArrayLike, dimensions: tuple[int, ...]) -> FloatArray:
    array = numeric_array(name, value, dimensions)
    if np.iscomplexobj(array):
        raise ParameterError(name, "complex numbers", "must be real")
    return array


def _check(time: FloatArray, values: FloatArray, tolerance: float) -> None:
    if len(time) < 2:
        raise ParameterError("time", f"shape {time.shape}", "must have two samples or more")
    if len(values) != len(time):
        raise ParameterError("values", f"shape {values.shape}", f"must have {len(time)} rows, one for each time")
    falling = np.flatnonzero(np.diff(time) <= 0)
    if falling.size:
        place = int(falling[0]) + 1
        raise ParameterError("time", f"{time[place]} at [{place}]", "must increase from sample to sample")
    if time[-1] <= 0:
        raise ParameterError("time", f"{time[-1]} at its end", "must end after the step, which is at 0")
    if not 0 < real_number("tolerance", tolerance) < 1:
        raise ParameterError("tolerance", tolerance, "must be between 0 and 1")
