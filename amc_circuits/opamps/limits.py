"""Limits of an op-amp at rest: swing, supply currents, largest output currents."""

from __future__ import annotations

from functools import partial

import numpy as np

from amc_circuits.engines.ngspice.runner import SimulationError
from amc_circuits.opamps.runs import EXACT, Runs, discard
from netlists.opamps.bench import (
    load_current_deck,
    short_circuit_deck,
    transfer_deck,
)
from netlists.record import FloatArray

Found = dict[str, float | None]
"""Metrics by their names in `OpAmpFigures`."""
SWING_AT = 0.5
"""Incremental gain at the ends of the swing, as a part of the gain at 0 V."""
NOISE = 8.0
"""Standard deviations of the input's steps by which a step must differ to count."""
UNLIMITED = 100.0
"""Output current without limit, A; no op-amp delivers more, and a model that does has no limit."""
TURNED = 1e-3
"""Part of the supply by which an output driven outwards must not turn back."""
JUMPED = 0.1
"""Part of the supply that an output may move in one step of a two-hundredth of it."""
LONGEST_SWEEP = 10.0
"""Longest time of one sweep with one tolerance, s."""
MIDDLE = 20
"""Number of steps around 0 V that give the gain there and its noise."""
OFFSET_DIGITS = 12
"""Decimal digits of an offset in volts; further ones are rounding."""
NO_CURRENT = 1e-9
"""Smallest quiescent current that counts, A; below, it is the current that the simulator adds to junctions."""
LEAST_GROWTH = 1e-4
"""Least growth of the rails' currents with the output current, as a part of it; below, it cannot be measured."""
LEAST_CLASS_AB = 1e-3
"""Least class-AB current as a part of the quiescent current; below, it is lost in the noise of the rails' currents."""
THROUGH_RAILS = 0.9
"""Least part of the output current through the rails, for a model that returns none to node 0."""
SHARE_DIGITS = 6
"""Decimal digits of the part of the output current through the rails."""
SMALLER_DRIVES = (1.0, 0.2)
"""Smaller drives between the inputs, V, for models that go astray at half the supply."""
SMALLEST_DRIVES, FAR = (*SMALLER_DRIVES, 0.02, 2e-3), 10.0
"""The same with the output held, and the least ratio of gain times drive to the supply."""
BISECTIONS = 5


def transfer(runs: Runs) -> tuple[FloatArray, FloatArray, FloatArray, bool, bool]:
    """Sweep output, inverting input and current of the positive rail from rail to rail.

    Returns:
        Shape (points,) each, and whether the sweep reached the negative and the positive rail.
    """
    rail = runs.bench.supply_voltage
    (down, low), (up, high) = outwards(runs, -rail), outwards(runs, rail)
    names = ("v(out)", "v(inn)", "i(vdd)")
    output, inverting, current = (np.concatenate([down[name][:0:-1], up[name]]) for name in names)
    return output, inverting, current, low, high


def outwards(runs: Runs, end: float) -> tuple[dict[str, FloatArray], bool]:
    """Sweep from 0 V towards a rail, as far as operating points exist; the flag is true if the rail is reached.

    Far beyond its limits a model may have a second operating point, or Newton's method may jump to one: the output then
    turns back or jumps. In this case the sweep is repeated with another tolerance, then from the rail inwards, and at
    last cut off.

    Raises:
        SimulationError: There is no operating point except at 0 V.
    """
    best: dict[str, FloatArray] = {}
    failure: SimulationError | None = None
    for start, stop in ((0.0, end), (end, 0.0)):
        for tolerance in EXACT:
            deck = partial(transfer_deck, start=start, end=stop)
            try:
                plot = runs.run(deck, tolerances=(tolerance,), longest=LONGEST_SWEEP)
            except SimulationError as error:
                discard(failure)
                failure = error
                continue
            found, whole = _followed({name: plot[name][:: 1 if stop else -1] for name in plot.names}, end)
            if whole:
                discard(failure)
                return found, True
            best = max(best, found, key=lambda each: len(each.get("v(out)", ())))
    best = best or _bisected(runs, end)
    if not best:
        assert failure is not None
        raise failure
    discard(failure)
    return best, False


def _bisected(runs: Runs, end: float) -> dict[str, FloatArray]:
    """Search for the longest sweep from 0 V that does not fail; empty if none succeeds."""
    good, bad, found = 0.0, end, dict[str, FloatArray]()
    for _ in range(BISECTIONS):
        middle = (good + bad) / 2
        try:
            plot = runs.run(partial(transfer_deck, start=0.0, end=middle), tolerances=("strict", "relaxed"))
            good, found = middle, {name: plot[name] for name in plot.names}
        except SimulationError as error:
            discard(error)
            bad = middle
    return found


def _followed(sweep: dict[str, FloatArray], end: float) -> tuple[dict[str, FloatArray], bool]:
    """Cut a sweep from 0 V where the output turns back; the flag is true if nothing was cut."""
    turned = np.flatnonzero(np.diff(sweep["v(out)"] * np.sign(end)) < -TURNED * abs(end))
    jumped = np.flatnonzero(np.abs(np.diff(sweep["v(out)"])) > JUMPED * abs(end))
    points = min([len(sweep["v(out)"]), *(found[0] + 1 for found in (turned, jumped) if found.size)])
    return {name: values[:points] for name, values in sweep.items()}, points == len(sweep["v(out)"])


def at_rest(output: FloatArray, values: FloatArray) -> float:
    """Interpolate values of a sweep at an output of 0 V."""
    middle = int(np.argmin(np.abs(output)))
    near = slice(max(middle - 1, 0), middle + 2)
    return float(np.interp(0.0, output[near], values[near]))


def swing(output: FloatArray, inverting: FloatArray) -> tuple[float, float]:
    """Lowest and highest output with at least half the incremental gain at 0 V.

    A step of the input counts only by its excess over the noise of the steps around 0 V: at 150 dB the steps are as
    small as the simulator's rounding.

    Args:
        output: Levels of the output, rising, V.
        inverting: Voltage of the inverting input at each level, V.
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
    """Level from which on the value stays above zero; the last level if there is none."""
    inside = np.flatnonzero(value <= 0)
    k = int(inside[-1]) + 1 if inside.size else 0
    if k in (0, len(level)):
        return float(level[min(k, len(level) - 1)])
    return float(level[k - 1] - value[k - 1] * (level[k] - level[k - 1]) / (value[k] - value[k - 1]))


def levels(runs: Runs, reasons: dict[str, str]) -> Found:
    """Offset, swing, quiescent current, and, as `drawn`, that current with either sign.

    Raises:
        SimulationError: There are no operating points except at 0 V.
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
    """Fit I_qo of `sqrt(i^2/4 + I_qo^2)` to the growth D of the rails' mean current with `+-i`.

    `D = sqrt(i^2/4 + I_qo^2) - I_qo` gives `I_qo = (i^2/4 - D^2)/(2 D)`.

    Args:
        runs: The op-amp at rest on its bench.
        quiescent: Quiescent current, A; the output current i is as large.
        reasons: Receives the reason if there is no result.
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
            f"{100 * share:.0f} % of the output current flows through the rails, the rest to node 0"
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
        offset: Voltage of the inverting input at rest, V.
        gain: DC gain, V/V; gain times drive must far exceed the supply.
        reasons: Receives the reasons if there is no result.

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
    """Current out of the output at 0 V while the inverting input moves from rest to one side, A."""
    rail = runs.bench.supply_voltage
    failure: SimulationError | None = None
    for volts in (rail / 2, *(small for small in SMALLEST_DRIVES if small * gain > FAR * rail)):
        try:
            return float(runs.run(partial(short_circuit_deck, drive=sign * volts, start=offset))["i(vhold)"][-1])
        except SimulationError as error:
            discard(failure)
            failure = error
    assert failure is not None
    raise failure
