"""Measurements of waveforms: pure functions that every engine uses. docs/measurement.md has the definitions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits.values.quantities import format_quantities
from netlists.record import FloatArray

Metric = float | FloatArray
"""Number for a single right-hand side, else shape (K,)."""

STEADY_PART = 5
"""Fraction of the slot, at its end, over which the outputs must be steady for the final value to be valid."""
STEADY_FRACTION = 20
"""Divisor of the tolerance for this test: outputs are steady within the tolerance divided by it."""
HALVINGS = 40
"""Halvings of the interval of two samples in which a crossing is found."""


def full_scale(final: FloatArray) -> float:
    """Compute max_j |v_j(final)|, the scale of every tolerance, V."""
    return float(np.abs(final).max())


def settling_time(time: FloatArray, outputs: FloatArray, step_time: float, tolerance: float) -> float:
    """Compute the time from the step to the first instant after which every output stays within its band.

    The band is `tolerance * max_j |final_j|` around the output's final value. Between two samples the crossing is
    interpolated linearly.

    Args:
        time: Times of the samples of the slot, shape (T,), s; the last one is the end of the slot.
        outputs: Output voltages, shape (T, N); `final` is the last row.
        step_time: Time of the 50 % point of the input step, s.
        tolerance: Relative tolerance, 0..1.

    Returns:
        Settling time, 0 or more, s; nan where every output is 0 throughout.
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
    # Interpolate each output separately: at the next sample another output may have the largest excess.
    before = np.abs(outputs[last] - final) - band
    after = np.abs(outputs[last + 1] - final) - band
    crossing = before > 0
    fraction = (before[crossing] / (before[crossing] - after[crossing])).max()
    instant = time[last] + fraction * (time[last + 1] - time[last])
    return max(float(instant - step_time), 0.0)


def first_pass(time: FloatArray, voltages: FloatArray, step_time: float, level: float) -> float:
    """Compute the time from the step until a voltage first passes a level, with linear interpolation of its magnitude.

    Args:
        time: Times of the samples, shape (T,), s.
        voltages: Voltages, shape (T, nodes), V.
        step_time: Time of the step, s.
        level: Magnitude of the level, V.

    Returns:
        Time, 0 or more, s; nan if no voltage passes the level.
    """
    largest = np.abs(voltages).max(axis=1)
    beyond = np.flatnonzero(largest >= level)
    if beyond.size == 0:
        return float("nan")
    place = int(beyond[0])
    if place == 0:
        return 0.0
    before, after = largest[place - 1 : place + 1]
    instant = time[place - 1] + (level - before) / (after - before) * (time[place] - time[place - 1])
    return max(float(instant - step_time), 0.0)


def values_at(time: FloatArray, values: FloatArray, instant: float) -> FloatArray:
    """Interpolate sampled values (T, N) linearly at an instant, shape (N,)."""
    return np.array([np.interp(instant, time, column) for column in values.T])


def is_steady(time: FloatArray, outputs: FloatArray, tolerance: float) -> bool:
    """Return True if every output stays within tolerance/20 of its final value over the last fifth of the slot."""
    final = outputs[-1]
    last_part = time >= time[-1] - (time[-1] - time[0]) / STEADY_PART
    change = np.abs(outputs[last_part] - final).max()
    return bool(change <= tolerance / STEADY_FRACTION * full_scale(final))


def overshoot(outputs: FloatArray) -> float:
    """Compute the overshoot: excess over the final value, away from zero, relative to `max_j |final_j|`.

    The result is the largest of all outputs and times; nan where every final value is 0.
    """
    final = outputs[-1]
    scale = full_scale(final)
    if scale == 0:
        return float("nan")
    direction = np.where(final < 0, -1.0, 1.0)
    return max(0.0, float(((outputs - final) * direction).max()) / scale)


def integral(time: FloatArray, power: FloatArray, start: float, stop: float) -> float:
    """Integrate a sampled power (W) from `start` to `stop` (s) by trapezoids, with interpolated ends, J."""
    first, last = np.searchsorted(time, start, side="right"), np.searchsorted(time, stop, side="left")
    ends = np.interp([start, stop], time, power)
    values = np.concatenate([ends[:1], power[first:last], ends[1:]])
    instants = np.concatenate([[start], time[first:last], [stop]])
    return float(np.trapezoid(values, instants))


def readout_error(outputs: FloatArray, target: FloatArray) -> FloatArray:
    """Compute `||outputs(t) - target|| / ||target||` at each time, 2-norm; shapes (T, N) and (N,) to (T,)."""
    return relative_error(outputs.T, target[:, None])


def time_to_bits(time: FloatArray, error: FloatArray, bits: float) -> float:
    """Compute the first instant after which the error stays at or below `2^-bits` to the end of the slot.

    Between two samples the error's logarithm is that of a cubic through them and both neighbours, exact for an
    exponential; without a neighbour, or where an error is 0 or not finite, it is linear.

    Args:
        time: Times of the samples of the slot, shape (T,), from the step, s.
        error: Relative error at these times, shape (T,).
        bits: Wanted accuracy, bits.

    Returns:
        Time, 0 or more, s; nan where the slot ends with a larger error.
    """
    limit = 2.0**-bits
    above = np.flatnonzero(~(error <= limit))
    if above.size == 0:
        return 0.0
    last = above[-1]
    if last == len(error) - 1:
        return float("nan")
    return max(float(time[last] + _crossing(time, error, int(last), bits) * (time[last + 1] - time[last])), 0.0)


def _crossing(time: FloatArray, error: FloatArray, last: int, bits: float) -> float:
    """Return where the error falls to `2^-bits` between a sample and the next one, in units of that interval."""
    around = slice(last - 1, last + 3)
    if last > 0 and len(error) >= last + 3 and _smooth(time[around], error[around]):
        before, _, _, after = ((time[around] - time[last]) / (time[last + 1] - time[last])).tolist()
        one, two, three, four = (np.log2(error[around]) + bits).tolist()
        # Newton's form of the cubic, from the two samples at 0 and 1 outwards.
        line = three - two
        bend = ((one - two) / before - line) / (before - 1)
        turn = ((((four - two) / after - line) / (after - 1)) - bend) / (after - before)
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if two + middle * (line + (middle - 1) * (bend + (middle - before) * turn)) > 0:
                low = middle
            else:
                high = middle
        return high
    # An error of 0 has no logarithm: the smallest positive number replaces it.
    smallest = np.finfo(np.float64).tiny
    first, second = np.log2(np.clip(error[last : last + 2], smallest, 1 / smallest)).tolist()
    return float((first + bits) / (first - second))


def _smooth(time: FloatArray, error: FloatArray) -> bool:
    """Return True if a cubic goes through the logarithms of errors at these times."""
    return bool((np.diff(time) > 0).all() and (error > 0).all() and np.isfinite(error).all())


def relative_error(value: FloatArray, reference: FloatArray) -> FloatArray:
    """Compute `||value - reference|| / ||reference||` of each column, 2-norm; (N, K) to (K,); 0 where both are zero."""
    # Along rows in memory, so that the rounding of a column does not depend on the others.
    rows = (np.ascontiguousarray(one.T) for one in (value - reference, reference))
    wrong, scale = (np.sqrt((one.conj() * one).real.sum(axis=-1)) for one in rows)  # as `np.linalg.norm`, half its time
    none = np.where(wrong > 0, np.inf, 0.0 * wrong)
    return np.asarray(np.divide(wrong, scale, out=none, where=scale > 0), dtype=np.float64)


def bits(error: FloatArray) -> FloatArray:
    """Compute the accuracy in bits, `-log2(relative error)`; inf for an exact result."""
    with np.errstate(divide="ignore"):
        found: FloatArray = -np.log2(error)
    return found


@dataclass(frozen=True)
class Energy:
    """Energy from the step to the settling time, J; nan where nothing settled.

    Attributes:
        accounts: Energy by account: `array` in cells and wires, `inputs` in the input resistors, further accounts of
            the circuit, and `amplifiers`, the delivered energy of supplies and input sources minus all others; None if
            the supply current of the op-amps is not known.
    """

    accounts: dict[str, Metric | None]

    def __repr__(self) -> str:
        return f"Energy({self.text})"

    @property
    def text(self) -> str:
        """Total and accounts in one line; smallest and largest value of several right-hand sides."""
        parts = [f"{name} {format_quantities(joules, 'J')}" for name, joules in self.accounts.items()]
        return f"total {format_quantities(self.total, 'J')}: {', '.join(parts)}"

    @property
    def total(self) -> Metric | None:
        """Total energy, J; None if the supply current of the op-amps is not known."""
        parts = [joules for joules in self.accounts.values() if joules is not None]
        return sum(parts) if len(parts) == len(self.accounts) else None

    @property
    def amplifiers(self) -> Metric | None:
        """Delivered energy minus all other accounts, J; None if the delivered energy is not known."""
        return self.accounts["amplifiers"]

    @property
    def array(self) -> Metric:
        """Energy dissipated in cells and wires, J."""
        return self._of("array")

    @property
    def inputs(self) -> Metric:
        """Energy dissipated in the input resistors, J; 0 in a circuit without them."""
        return self._of("inputs")

    @property
    def record(self) -> dict[str, Metric | None]:
        """All energies by name: the total, then the accounts."""
        first = {"total": self.total, "amplifiers": self.amplifiers, "array": self.array, "inputs": self.inputs}
        return first | self.accounts

    def _of(self, account: str) -> Metric:
        found = self.accounts.get(account)
        if found is not None:
            return found
        return 0.0 * next((joules for joules in self.accounts.values() if joules is not None), 0.0)
