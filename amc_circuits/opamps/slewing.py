"""Slew rates of an overdriven op-amp, and the final levels of its output."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from amc_circuits.engines.ngspice.runner import SimulationError
from amc_circuits.opamps.limits import SMALLER_DRIVES, Found
from amc_circuits.opamps.runs import Runs, discard
from netlists.opamps.bench import TRANSIENT_POINTS, OpAmpBench, Tolerance, overdrive_deck
from netlists.opamps.records import SubcircuitOpAmp
from netlists.record import FloatArray

SLEWED = (0.1, 0.9)
"""Parts of the swing between which the slew rate is measured."""
INPUT_SPAN = 0.1
"""First guess of slew rate over w_T, V (input pairs have 0.05 V and more)."""
LONGER, MUCH_LONGER, MOST_TIMES_LONGER = 4.0, 1e4, 5
"""Factors on the waiting time of an output that has not reached its limits, and the number of repeats."""
ENOUGH = 6.0
"""Longest useful wait: the output could move by so many times the supply at its speed so far."""
MOST_POINTS = 30_000
LONGEST_TRY = 6.0
"""Time limit of one drive and hold, s: ngspice may take ever smaller steps and not end."""
REST = 0.01
"""Part of the whole excursion by which the overdriven output may still move in the last tenth of its time."""
SERIES = 100.0
"""Resistance before an overdriven input, ohm, for models whose input diodes have no resistance."""
TRANSIENT_TOLERANCES: tuple[tuple[Tolerance, ...], ...] = (("relaxed", "damped"), ("shunted",))
UNBOUNDED = 3.0
"""Output of a model without rails, in times the supply; no limited output reaches it."""


class UnboundedError(LookupError):
    """Error for an output that is not limited to the rails."""


class _Drive(NamedTuple):
    """One way to overdrive the op-amp."""

    tolerances: tuple[Tolerance, ...]
    volts: float | None = None
    series: float = 0.0
    start: float | None = None


def _drives(opamp: object, offset: float) -> Iterator[_Drive]:
    yield _Drive(("strict",))
    if isinstance(opamp, SubcircuitOpAmp):
        for tolerances in TRANSIENT_TOLERANCES:
            for volts in (None, *SMALLER_DRIVES):
                yield _Drive(tolerances, volts, SERIES, offset)


def overdriven(
    runs: Runs,
    crossover: float,
    free: float,
    linear: tuple[float, float],
    offset: float,
    reasons: dict[str, str],
) -> Found:
    """Levels of the overdriven output and its slew rates within the linear range, low and high, V.

    Args:
        runs: The op-amp at rest on its bench.
        crossover: Frequency of unity gain, Hz; it sets the waiting time.
        free: The same without load, Hz; it sets the time step: the inside slews unloaded.
        linear: Swing, V.
        offset: Voltage of the inverting input at rest, V.
        reasons: Receives remarks on how far the metrics hold.

    Raises:
        SimulationError: No drive completes a transient.
        LookupError: The output does not reach its limits and return.
    """
    failure: Exception = LookupError("")
    end, moved = time.monotonic() + runs.longest, False
    for drive in _drives(runs.bench.opamp, offset):
        if time.monotonic() > end or (moved and (drive.volts is None or "shunted" in drive.tolerances)):
            continue  # a less exact run of this drive moves, too; a smaller drive may end elsewhere
        try:
            found = _overdriven(runs, crossover, free, linear, drive)
        except UnboundedError:
            raise
        except (SimulationError, LookupError) as error:
            discard(failure)
            failure, moved = error, isinstance(error, LookupError)
            continue
        discard(failure)
        if runs.used == "shunted":
            reasons |= dict.fromkeys(found, "with 10 fF at every node, without which ngspice finds no transient")
        return found
    raise failure


def _overdriven(runs: Runs, crossover: float, free: float, linear: tuple[float, float], drive: _Drive) -> Found:
    hold = 4 * runs.bench.supply_voltage / (INPUT_SPAN * 2 * np.pi * crossover)
    step = hold / TRANSIENT_POINTS * min(crossover / free, 1.0)
    bench = runs.bench if drive.start is not None else runs.bench.replace(rest=())
    for _ in range(MOST_TIMES_LONGER):
        deck: Callable[[OpAmpBench], str] = partial(
            overdrive_deck,
            hold=hold,
            step=max(step, hold / MOST_POINTS),
            drive=drive.volts,
            series=drive.series,
            start=drive.start,
        )
        plot = runs.run(deck, bench, drive.tolerances, LONGEST_TRY)
        begin = 0.0 if drive.start is None else hold
        if np.abs(plot["v(out)"]).max() > UNBOUNDED * bench.supply_voltage:
            break
        found = _both_ways(plot["time"] - begin, plot["v(out)"], hold, linear)
        if found:
            return found
        waited, moved = hold, float(np.ptp(plot["v(out)"]))
        hold *= min(max(LONGER, ENOUGH * bench.supply_voltage / max(moved, 1e-12)), MUCH_LONGER)
    else:
        raise LookupError(_moves(waited))
    raise UnboundedError(_moves(hold))


def _moves(hold: float) -> str:
    text = f"the overdriven output still moves {hold:.3g} s after a step, or does not come back"
    return f"{text}; check that something holds its output within its rails, or take less load_capacitance"


def _both_ways(at: FloatArray, output: FloatArray, hold: float, linear: tuple[float, float]) -> Found:
    """Metrics of a complete overdriven excursion; empty if it is incomplete."""
    up, down = output[at <= hold], output[at > hold]
    span = float(np.ptp(output))
    ends = (up[at[at <= hold] > 0.9 * hold], down[at[at > hold] > 1.9 * hold])
    if any(np.ptp(end) > REST * span for end in ends):
        return {}
    marks = [linear[0] + part * (linear[1] - linear[0]) for part in SLEWED]
    if not (down[-1] < marks[0] and up[0] < marks[0] and up[-1] > marks[1]):
        return {}
    rise = np.diff(np.interp(marks, up, at[at <= hold]))[0]
    fall = np.diff(np.interp(marks, down[::-1], at[at > hold][::-1]))[0]
    if not (rise > 0 and fall < 0):
        return {}
    return {
        "output_high": float(up[-1]),
        "output_low": float(down[-1]),
        "slew_rate_rising": float((marks[1] - marks[0]) / rise),
        "slew_rate_falling": float(-(marks[1] - marks[0]) / fall),
    }
