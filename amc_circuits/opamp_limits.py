"""Measures an op-amp beyond its linear range: swing, slew rate, supply currents, largest output currents."""

from __future__ import annotations

import numpy as np

from amc_circuits.engines.rawfile import Plot
from amc_circuits.engines.runner import run_deck
from netlists import ParameterError
from netlists.opamp_bench import (
    TRANSIENT_POINTS,
    OpAmpBench,
    load_current_deck,
    overdrive_deck,
    short_circuit_deck,
    transfer_deck,
)
from netlists.record import FloatArray

LONGEST = 60.0
"""Seconds after which a measurement is ended: each takes a tenth of one, and a model file's could take for ever."""
SWING_AT = 0.5
"""The swing ends where the incremental gain has fallen to this part of the one at 0 V."""
OFFSET_DIGITS = 12
"""Of an offset in volts; beyond is rounding."""
SLEWED = (0.1, 0.9)
"""Slew rate is taken between these parts of the swing."""
INPUT_SPAN = 0.1
"""First guess for slew rate over w_T, V (input pairs have 0.05 V and more)."""
LONGER, MOST_TIMES_LONGER = 4, 5
MOST_POINTS = 100_000
REST = 0.01
"""Part of the whole excursion by which the overdriven output may still move in the last tenth of its time."""


def limits(bench: OpAmpBench, crossover: float, free: float) -> dict[str, float | None]:
    """The figures that a model without rails does not have, by their names in `OpAmpFigures`.

    Args:
        bench: The bench.
        crossover: Where the gain is 1, Hz; tells how long to wait.
        free: The same without load, Hz; tells how fine the time steps must be: what is inside slews unloaded.
    """
    (transfer,) = run_deck(transfer_deck(bench), timeout=LONGEST)
    offset, quiescent = _at_rest(transfer, transfer["v(inn)"]), -_at_rest(transfer, transfer["i(vdd)"])
    low, high = swing(transfer["v(out)"], transfer["v(inn)"])
    (short,) = run_deck(short_circuit_deck(bench), timeout=LONGEST)
    source, sink = short["i(vhold)"].tolist()
    return {
        "offset": round(offset, OFFSET_DIGITS),
        "quiescent_current": quiescent,
        "class_ab_current": class_ab_current(bench, quiescent),
        "swing_low": low,
        "swing_high": high,
        **overdriven(bench, crossover, free, (low, high)),
        "source_current": source,
        "sink_current": -sink,
    }


def _at_rest(transfer: Plot, values: FloatArray) -> float:
    """Values of a sweep where the output is at 0 V."""
    middle = int(np.argmin(np.abs(transfer["v(out)"])))
    near = slice(max(middle - 1, 0), middle + 2)
    return float(np.interp(0.0, transfer["v(out)"][near], values[near]))


def swing(output: FloatArray, inverting: FloatArray) -> tuple[float, float]:
    """Lowest and highest output between which the incremental gain is at least half the one at 0 V.

    Args:
        output: Levels of the output, rising, V.
        inverting: What the inverting input takes for each, V.
    """
    steps = np.diff(output)
    moved = steps > 0
    level = (output[1:] + output[:-1])[moved] / 2
    loss = np.log(np.maximum(-np.diff(inverting)[moved] / steps[moved], np.finfo(float).tiny))
    middle = int(np.argmin(np.abs(level)))
    loss -= loss[middle] - np.log(SWING_AT)
    return _crossing(level[middle::-1], loss[middle::-1]), _crossing(level[middle:], loss[middle:])


def _crossing(level: FloatArray, value: FloatArray) -> float:
    """Level at the first rise of the value through zero; the last level without one."""
    beyond = np.flatnonzero(value > 0)
    if not beyond.size:
        return float(level[-1])
    k = int(beyond[0])
    return float(level[k - 1] - value[k - 1] * (level[k] - level[k - 1]) / (value[k] - value[k - 1]))


def class_ab_current(bench: OpAmpBench, load: float) -> float | None:
    """I_qo of `sqrt(i^2/4 + I_qo^2)`, by how the rails' mean current D above rest grows with `+-load`, A.

    `D = sqrt(i^2/4 + I_qo^2) - I_qo` gives `I_qo = (i^2/4 - D^2)/(2 D)`. None where the rails' currents do not grow.
    """
    deck = load_current_deck(bench.replace(load=None, load_capacitance=0.0), load)
    (plot,) = run_deck(deck, timeout=LONGEST)
    mean = (plot["i(vss)"] - plot["i(vdd)"]) / 2
    growth = float((mean[0] + mean[2]) / 2 - mean[1])
    return (load**2 / 4 - growth**2) / (2 * growth) if 0 < growth < load / 2 else None


def overdriven(bench: OpAmpBench, crossover: float, free: float, linear: tuple[float, float]) -> dict[str, float]:
    """Levels of the overdriven output and its slew rates within the linear range, low and high, V.

    Raises:
        ParameterError: The output does not come to its limits.
    """
    hold = 4 * bench.supply_voltage / (INPUT_SPAN * 2 * np.pi * crossover)
    step = hold / TRANSIENT_POINTS * min(crossover / free, 1.0)
    for _ in range(MOST_TIMES_LONGER):
        deck = overdrive_deck(bench, hold, max(step, hold / MOST_POINTS))
        (plot,) = run_deck(deck, timeout=LONGEST)
        found = _both_ways(plot, hold, linear)
        if found:
            return found
        hold *= LONGER
    mend = "check its pins, and that something holds its output within its rails; or take less load_capacitance"
    raise ParameterError("opamp", f"an output that still moves {hold / LONGER:.3g} s after a step", mend)


def _both_ways(plot: Plot, hold: float, linear: tuple[float, float]) -> dict[str, float]:
    """Figures of a whole overdriven excursion; nothing where it was not whole."""
    time, output = plot["time"], plot["v(out)"]
    up, down = output[time <= hold], output[time > hold]
    span = float(np.ptp(output))
    ends = (up[time[time <= hold] > 0.9 * hold], down[time[time > hold] > 1.9 * hold])
    if any(np.ptp(end) > REST * span for end in ends):
        return {}
    levels = [linear[0] + part * (linear[1] - linear[0]) for part in SLEWED]
    if not (down[-1] < levels[0] and up[0] < levels[0] and up[-1] > levels[1]):
        return {}
    rise = np.diff(np.interp(levels, up, time[time <= hold]))[0]
    fall = np.diff(np.interp(levels, down[::-1], time[time > hold][::-1]))[0]
    return {
        "output_high": float(up[-1]),
        "output_low": float(down[-1]),
        "slew_rate_rising": float((levels[1] - levels[0]) / rise),
        "slew_rate_falling": float(-(levels[1] - levels[0]) / fall),
    }
