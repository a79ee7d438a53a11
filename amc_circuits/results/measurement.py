"""What is read from waveforms: pure functions, used by every engine alike. Definitions: docs/measurement.md."""

from __future__ import annotations

import numpy as np

from netlists.record import FloatArray

STEADY_PART = 5
"""The final value counts if the outputs are steady over the last fifth of the slot ..."""
STEADY_FRACTION = 20
"""... within the tolerance divided by this."""


def full_scale(final: FloatArray) -> float:
    """max_j |v_j(final)|, the scale of every tolerance, V."""
    return float(np.abs(final).max())


def settling_time(time: FloatArray, outputs: FloatArray, step_time: float, tolerance: float) -> float:
    """From the step to the first instant after which every output stays within its band.

    The band is `tolerance * max_j |final_j|` around the output's final value. Between two samples the crossing is
    found on the straight line that joins them.

    Args:
        time: Samples of the slot, shape (T,), s; the last one is the end of the slot.
        outputs: Output voltages, shape (T, N); `final` is the last row.
        step_time: The input's 50 % point, s.
        tolerance: Relative tolerance, 0..1.

    Returns:
        Seconds, 0 or more; nan where every output is 0 throughout.
    """
    final = outputs[-1]
    band = tolerance * full_scale(final)
    if band == 0:
        return float("nan")
    excess = (np.abs(outputs - final) - band).max(axis=1)
    outside = np.flatnonzero(excess > 0)
    if outside.size == 0:
        return 0.0
    last = outside[-1]
    # Interpolate each output on its own: the largest excess may belong to another output at the next sample.
    before = np.abs(outputs[last] - final) - band
    after = np.abs(outputs[last + 1] - final) - band
    crossing = before > 0
    fraction = (before[crossing] / (before[crossing] - after[crossing])).max()
    instant = time[last] + fraction * (time[last + 1] - time[last])
    return max(float(instant - step_time), 0.0)


def is_steady(time: FloatArray, outputs: FloatArray, tolerance: float) -> bool:
    """True when over the last fifth of the slot every output stays within tolerance/20 of its final value."""
    final = outputs[-1]
    last_part = time >= time[-1] - (time[-1] - time[0]) / STEADY_PART
    change = np.abs(outputs[last_part] - final).max()
    return bool(change <= tolerance / STEADY_FRACTION * full_scale(final))


def overshoot(outputs: FloatArray) -> float:
    """How far an output passes beyond its final value, away from zero, relative to `max_j |final_j|`.

    Of all outputs and times the largest; nan where every final value is 0.
    """
    final = outputs[-1]
    scale = full_scale(final)
    if scale == 0:
        return float("nan")
    direction = np.where(final < 0, -1.0, 1.0)
    return max(0.0, float(((outputs - final) * direction).max()) / scale)


def integral(time: FloatArray, power: FloatArray, start: float, stop: float) -> float:
    """Joules: the trapezoidal integral of a sampled power (W) from `start` to `stop` (s), its ends interpolated."""
    first, last = np.searchsorted(time, start, side="right"), np.searchsorted(time, stop, side="left")
    ends = np.interp([start, stop], time, power)
    values = np.concatenate([ends[:1], power[first:last], ends[1:]])
    instants = np.concatenate([[start], time[first:last], [stop]])
    return float(np.trapezoid(values, instants))


def readout_error(outputs: FloatArray, target: FloatArray) -> FloatArray:
    """What a converter sees at each time: `||outputs(t) - target|| / ||target||`, 2-norm; (T, N) and (N,) to (T,)."""
    return relative_error(outputs.T, target[:, None])


def time_to_bits(time: FloatArray, error: FloatArray, bits: float) -> float:
    """The first instant after which the error stays at or below `2^-bits` to the end of the slot.

    Between two samples the error's logarithm is interpolated linearly, as an exponential decays.

    Args:
        time: Samples of the slot, shape (T,), from the step, s.
        error: Relative, at these times, shape (T,).
        bits: Wanted accuracy.

    Returns:
        Seconds, 0 or more; nan where the slot ends with a larger error.
    """
    limit = 2.0**-bits
    above = np.flatnonzero(~(error <= limit))
    if above.size == 0:
        return 0.0
    last = above[-1]
    if last == len(error) - 1:
        return float("nan")
    # An error of 0 has no logarithm: the smallest number stands for it.
    smallest = np.finfo(np.float64).tiny
    before, after = np.log2(np.clip(error[last : last + 2], smallest, 1 / smallest))
    fraction = (before + bits) / (before - after)
    return max(float(time[last] + fraction * (time[last + 1] - time[last])), 0.0)


def relative_error(value: FloatArray, reference: FloatArray) -> FloatArray:
    """`||value - reference|| / ||reference||` of each column, 2-norm; shape (N, K) to (K,); 0 where both are zero."""
    wrong = np.linalg.norm(value - reference, axis=0)
    scale = np.linalg.norm(reference, axis=0)
    none = np.where(wrong > 0, np.inf, 0.0)
    return np.asarray(np.divide(wrong, scale, out=none, where=scale > 0), dtype=np.float64)


def bits(error: FloatArray) -> FloatArray:
    """Accuracy in bits, `-log2(relative error)`; inf for an exact result."""
    with np.errstate(divide="ignore"):
        found: FloatArray = -np.log2(error)
    return found
