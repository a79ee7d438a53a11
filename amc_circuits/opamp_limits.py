"""Measures an op-amp beyond its linear range: swing, slew rate, supply currents, largest output currents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from amc_circuits.engines.rawfile import Plot
from amc_circuits.engines.runner import SimulationError
from amc_circuits.opamp_runs import EXACT, Runs
from netlists.opamp_bench import (
    TRANSIENT_POINTS,
    OpAmpBench,
    Tolerance,
    load_current_deck,
    overdrive_deck,
    short_circuit_deck,
    transfer_deck,
)
from netlists.opamp_parameters import SubcircuitOpAmp
from netlists.record import FloatArray

Found = dict[str, float | None]
"""Metrics by their names in `OpAmpFigures`."""
SWING_AT = 0.5
"""The swing ends where the incremental gain has fallen to this part of the one at 0 V."""
NOISE = 8.0
"""Standard deviations of the input's steps by which a step must differ to count."""
UNLIMITED = 100.0
"""A; no op-amp delivers more, and a model that does has no limit."""
TURNED = 1e-3
"""Part of the supply by which an output that is led outwards must not come back."""
MIDDLE = 20
"""Steps around 0 V from which the gain there, and its noise, are taken."""
OFFSET_DIGITS = 12
"""Of an offset in volts; beyond is rounding."""
NO_CURRENT = 1e-9
"""A; below, a current at rest is what the simulator adds to junctions."""
LEAST_GROWTH = 1e-4
"""Part of the output current by which the rails' currents must grow with it to tell how."""
LEAST_CLASS_AB = 1e-3
"""Part of the current at rest that a class-AB current must be to be told from the noise of the rails' currents."""
THROUGH_RAILS = 0.9
"""Least part of the output current that flows through the rails of an op-amp whose model returns none to node 0."""
SHARE_DIGITS = 6
"""Of the part of the output current that flows through the rails."""
SLEWED = (0.1, 0.9)
"""Slew rate is taken between these parts of the swing."""
INPUT_SPAN = 0.1
"""First guess for slew rate over w_T, V (input pairs have 0.05 V and more)."""
LONGER, MOST_TIMES_LONGER = 4, 5
MOST_POINTS = 100_000
REST = 0.01
"""Part of the whole excursion by which the overdriven output may still move in the last tenth of its time."""
SERIES = 100.0
"""Ohm before an overdriven input, for models whose input diodes have no resistance."""
SMALLER_DRIVES = (1.0, 0.2)
"""Volts between the inputs where half the supply leads a model astray."""
SMALLEST_DRIVES, FAR = (*SMALLER_DRIVES, 0.02, 2e-3), 10.0
"""The same with the output held, and how many times the supply the gain must make of them."""
BISECTIONS = 5
TRANSIENT_TOLERANCES: tuple[tuple[Tolerance, ...], ...] = (("relaxed", "damped"), ("shunted",))


def transfer(runs: Runs) -> tuple[FloatArray, FloatArray, FloatArray, bool, bool]:
    """Output, inverting input and current of the positive rail over the levels of the output, from rail to rail.

    Returns:
        Shape (points,) each, and whether the sweep came to the negative and to the positive rail.
    """
    rail = runs.bench.supply_voltage
    (down, low), (up, high) = outwards(runs, -rail), outwards(runs, rail)
    names = ("v(out)", "v(inn)", "i(vdd)")
    output, inverting, current = (np.concatenate([down[name][:0:-1], up[name]]) for name in names)
    return output, inverting, current, low, high


def outwards(runs: Runs, end: float) -> tuple[dict[str, FloatArray], bool]:
    """The sweep from 0 V towards a rail, as far as there are operating points, and whether it came to the rail.

    Far beyond its limits a model may have a second operating point, or Newton's method may jump to one: there the
    output turns back, and the sweep is tried with another tolerance, at last cut off.

    Raises:
        SimulationError: There are none beside 0 V.
    """
    best: dict[str, FloatArray] = {}
    for tolerance in EXACT:
        try:
            plot = runs.run(partial(transfer_deck, start=0.0, end=end), tolerances=(tolerance,))
        except SimulationError as error:
            failure = error
            continue
        followed = _followed(plot["v(out)"] * np.sign(end), abs(end))
        found = {name: plot[name][:followed] for name in plot.names}
        if followed == len(plot["v(out)"]):
            return found, True
        best = max(best, found, key=lambda each: len(each.get("v(out)", ())))
    if best:
        return best, False
    plot_of_part = _bisected(runs, end)
    if plot_of_part is None:
        raise failure
    return {name: plot_of_part[name] for name in plot_of_part.names}, False


def _bisected(runs: Runs, end: float) -> Plot | None:
    """The longest sweep from 0 V that does not fail; None without one."""
    good, bad, plot = 0.0, end, None
    for _ in range(BISECTIONS):
        middle = (good + bad) / 2
        try:
            deck = partial(transfer_deck, start=0.0, end=middle)
            plot, good = runs.run(deck, tolerances=("strict", "relaxed")), middle
        except SimulationError:
            bad = middle
    return plot


def _followed(output: FloatArray, rail: float) -> int:
    """Points up to where the output turns back."""
    turned = np.flatnonzero(np.diff(output) < -TURNED * rail)
    return int(turned[0]) + 1 if turned.size else len(output)


def at_rest(output: FloatArray, values: FloatArray) -> float:
    """Values of a sweep where the output is at 0 V."""
    middle = int(np.argmin(np.abs(output)))
    near = slice(max(middle - 1, 0), middle + 2)
    return float(np.interp(0.0, output[near], values[near]))


def swing(output: FloatArray, inverting: FloatArray) -> tuple[float, float]:
    """Lowest and highest output between which the incremental gain is at least half the one at 0 V.

    A step of the input counts only by what it passes the noise of the steps around 0 V: at 150 dB they are as small as
    the simulator's rounding.

    Args:
        output: Levels of the output, rising, V.
        inverting: What the inverting input takes for each, V.
    """
    steps = np.diff(output)
    moved = steps > 0
    level, slope = (output[1:] + output[:-1])[moved] / 2, -np.diff(inverting)[moved] / steps[moved]
    middle = int(np.argmin(np.abs(level)))
    around = slope[max(middle - MIDDLE // 2, 0) : middle + MIDDLE // 2]
    rest = float(np.median(around))
    noise = float(np.median(np.abs(np.diff(around)))) if len(around) > 1 else 0.0
    limit, tiny = max(rest / SWING_AT, rest + NOISE * noise), float(np.finfo(float).tiny)
    loss = np.log(np.maximum(slope, tiny)) - np.log(max(limit, tiny))
    return _end(level[middle::-1], loss[middle::-1]), _end(level[middle:], loss[middle:])


def _end(level: FloatArray, value: FloatArray) -> float:
    """Level from where on the value stays above zero; the last level without one."""
    inside = np.flatnonzero(value <= 0)
    k = int(inside[-1]) + 1 if inside.size else 0
    if k in (0, len(level)):
        return float(level[min(k, len(level) - 1)])
    return float(level[k - 1] - value[k - 1] * (level[k] - level[k - 1]) / (value[k] - value[k - 1]))


def levels(runs: Runs, reasons: dict[str, str]) -> Found:
    """Offset, swing, current at rest, and, as `drawn`, that current whatever its sign.

    Raises:
        SimulationError: There are no operating points beside the one at 0 V.
    """
    output, inverting, current, *complete = transfer(runs)
    low, high = swing(output, inverting)
    offset, quiescent = round(at_rest(output, inverting), OFFSET_DIGITS), -at_rest(output, current)
    found: Found = {"offset": offset, "quiescent_current": quiescent, "swing_low": low, "swing_high": high}
    found["drawn"] = quiescent
    if not low < 0 < high:
        found |= {"swing_low": None, "swing_high": None}
        reasons |= dict.fromkeys(("swing_low", "swing_high"), f"from {low:.3g} to {high:.3g} V it does not hold 0 V")
    else:
        for name, whole in zip(("swing_low", "swing_high"), complete, strict=True):
            if not whole:
                reasons[name] = "beyond, ngspice finds no operating point, or another one"
    if not NO_CURRENT < quiescent < UNLIMITED:
        found["quiescent_current"] = None
        reasons["quiescent_current"] = (
            "no current flows between the rails at rest"
            if abs(quiescent) <= NO_CURRENT
            else f"{quiescent:.3g} A at rest: "
            + (
                "it flows out of the positive rail's pin, the wrong way"
                if quiescent < 0
                else "more than any op-amp draws"
            )
        )
    return found


def rail_currents(runs: Runs, quiescent: float, reasons: dict[str, str]) -> Found:
    """I_qo of `sqrt(i^2/4 + I_qo^2)`, by how the rails' mean current D above rest grows with `+-i`.

    `D = sqrt(i^2/4 + I_qo^2) - I_qo` gives `I_qo = (i^2/4 - D^2)/(2 D)`.

    Args:
        runs: The op-amp at rest on its bench.
        quiescent: Its current at rest, A; the output current i is as large.
        reasons: Takes down why there is none.
    """
    unloaded = runs.bench.replace(load=None, load_capacitance=0.0)
    plots = [runs.run(partial(load_current_deck, current=current), unloaded) for current in (-quiescent, quiescent)]
    plus, minus = (
        np.array([sign * plot[name][[0, -1]] for plot in plots]) for sign, name in ((-1, "i(vdd)"), (1, "i(vss)"))
    )
    net, mean = plus - minus, (plus + minus) / 2
    share = round(float(abs(net[1, 1] - net[0, 1]) / (2 * quiescent)), SHARE_DIGITS)
    growth = float((mean[:, 1] - mean[:, 0]).mean())
    found: Found = {"rail_share": share, "class_ab_current": None}
    if share < THROUGH_RAILS:
        reasons["class_ab_current"] = (
            f"{100 * share:.0f} % of the output current flow through the rails, the rest to node 0"
        )
    elif growth < LEAST_GROWTH * quiescent:
        reasons["class_ab_current"] = "the rails' currents do not grow with the output current: class A"
    else:
        current = (quiescent**2 / 4 - growth**2) / (2 * growth)
        if current < LEAST_CLASS_AB * quiescent:
            reasons["class_ab_current"] = "the rails' currents grow by half the output current: class B"
        elif current > quiescent:
            reasons["class_ab_current"] = "it would pass the current at rest: the rails' currents grow by another law"
        else:
            found["class_ab_current"] = current
    return found


def short_circuit(runs: Runs, offset: float, gain: float, reasons: dict[str, str]) -> Found:
    """Currents of the overdriven output held at 0 V.

    Args:
        runs: The op-amp at rest on its bench.
        offset: The inverting input at rest, V.
        gain: DC gain, V/V; a drive times it must be far more than the supply.
        reasons: Takes down why there are none.

    Raises:
        SimulationError: There is no such operating point.
    """
    source, sink = (_held(runs, offset, gain, sign) for sign in (-1.0, 1.0))
    found: Found = {"source_current": source, "sink_current": -sink}
    for name, current in (("source_current", source), ("sink_current", -sink)):
        if not 0 < current < UNLIMITED:
            found[name] = None
            why = "nothing limits it" if current > 0 else "overdriven, the output goes the other way"
            reasons[name] = f"{current:.3g} A flow: {why}"
    return found


def _held(runs: Runs, offset: float, gain: float, sign: float) -> float:
    """Current out of the output at 0 V when the inverting input is led from rest to one side, A."""
    rail = runs.bench.supply_voltage
    for volts in (rail / 2, *(small for small in SMALLEST_DRIVES if small * gain > FAR * rail)):
        try:
            return float(runs.run(partial(short_circuit_deck, drive=sign * volts, start=offset))["i(vhold)"][-1])
        except SimulationError as error:
            failure = error
    raise failure


class _Drive(NamedTuple):
    """How the op-amp is overdriven."""

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
        crossover: Where the gain is 1, Hz; tells how long to wait.
        free: The same without load, Hz; tells how fine the time steps must be: what is inside slews unloaded.
        linear: The swing, V.
        offset: The inverting input at rest, V.
        reasons: Takes down how far they hold.

    Raises:
        SimulationError: No drive leads to the end of a transient.
        LookupError: The output does not come to its limits and back.
    """
    failure: Exception = LookupError("")
    for drive in _drives(runs.bench.opamp, offset):
        try:
            found = _overdriven(runs, crossover, free, linear, drive)
        except (SimulationError, LookupError) as error:
            failure = error
            continue
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
        plot = runs.run(deck, bench, drive.tolerances)
        begin = 0.0 if drive.start is None else hold
        found = _both_ways(plot["time"] - begin, plot["v(out)"], hold, linear)
        if found:
            return found
        hold *= LONGER
    text = f"the overdriven output still moves {hold / LONGER:.3g} s after a step, or does not come back"
    raise LookupError(f"{text}; check that something holds its output within its rails, or take less load_capacitance")


def _both_ways(time: FloatArray, output: FloatArray, hold: float, linear: tuple[float, float]) -> Found:
    """Metrics of a whole overdriven excursion; nothing where it was not whole."""
    up, down = output[time <= hold], output[time > hold]
    span = float(np.ptp(output))
    ends = (up[time[time <= hold] > 0.9 * hold], down[time[time > hold] > 1.9 * hold])
    if any(np.ptp(end) > REST * span for end in ends):
        return {}
    marks = [linear[0] + part * (linear[1] - linear[0]) for part in SLEWED]
    if not (down[-1] < marks[0] and up[0] < marks[0] and up[-1] > marks[1]):
        return {}
    rise = np.diff(np.interp(marks, up, time[time <= hold]))[0]
    fall = np.diff(np.interp(marks, down[::-1], time[time > hold][::-1]))[0]
    if not (rise > 0 and fall < 0):
        return {}
    return {
        "output_high": float(up[-1]),
        "output_low": float(down[-1]),
        "slew_rate_rising": float((marks[1] - marks[0]) / rise),
        "slew_rate_falling": float(-(marks[1] - marks[0]) / fall),
    }
