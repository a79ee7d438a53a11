"""Panels of responses that are sampled from their steps, and of circuits with limiters, the corners of these."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np

from amc_circuits.engines.exact.nonlinear.method import interpolated
from amc_circuits.engines.exact.nonlinear.panels import LENGTH, POINTS, Panels
from amc_circuits.engines.exact.nonlinear.rows import Rows
from amc_circuits.engines.exact.nonlinear.step.between import integrals, moved
from amc_circuits.engines.exact.nonlinear.system import System, times
from amc_circuits.engines.exact.nonlinear.trajectory import Place, Step
from amc_circuits.linear.response import gauss
from netlists.record import FloatArray

MANY = 16
"""Panels of a step up to which all are equal."""
PARTS, ROUNDS = 16, 3
"""Parts of the time between two points, and rounds, in which the corner of a limiter is found: 1/4096 of it."""
TOGETHER = 16
"""Steps whose weights are computed at once: these are numbers of every mode at every point."""


def sampled(
    system: System, steps: Sequence[Step], end: Place, cuts: Sequence[float], corners: Sequence[float]
) -> Panels:
    """Sample responses at Gauss's points of panels that are short enough.

    Args:
        system: Circuit.
        steps: Steps of the responses.
        end: Their end.
        cuts: Further edges of panels, s.
        corners: Times at which modes are excited, s: the beginning, and the corners of the inputs.
    """
    cut = _cut(system, steps, cuts, corners)
    edges = np.array([cut[0][0], *(edge for own in cut for edge in own[1:])])
    starts, lengths = np.repeat([(step.start, step.length) for step in steps], [len(own) - 1 for own in cut], axis=0).T
    every = ((gauss(edges)[0] - starts[:, None]) / lengths[:, None]).ravel()
    stops = list(accumulate(POINTS * (len(own) - 1) for own in cut))
    fractions, quartics = [every[a:b] for a, b in pairwise([0, *stops])], interpolated(every).T
    size, last = len(end.state), steps[-1]
    cuts_of = size, size + len(end.added.pins)
    course = np.empty((cuts_of[1] + len(last.inputs), stops[-1] + 1, end.state.shape[1]))
    found = Panels(edges, course, cuts_of)
    state, pins, inputs = found.state, found.pins, found.inputs
    for first in range(0, len(steps), TOGETHER):
        some = slice(first, first + TOGETHER)
        blocks = system.sampling([step.length for step in steps[some]], fractions[some])
        for step, part, own, stop in zip(steps[some], fractions[some], blocks, stops[some], strict=True):
            here = slice(stop - len(part), stop)
            system.applied(own, step.source, out=state[:, here])
            if step.entered is not None:
                state[:, here] += _moved(system, step, integrals(part))
            np.matmul(quartics[here], step.added.pins, out=pins[:, here])
    _drive(inputs, steps, fractions, stops)
    state[:, -1], pins[:, -1], inputs[:, -1] = end.state, end.added.pins[:, 0], last.inputs + last.slope * last.length
    _limit(system, found)
    return found


def _drive(out: FloatArray, steps: Sequence[Step], fractions: Sequence[FloatArray], stops: Sequence[int]) -> None:
    """Write the inputs at fractions of steps, shape (inputs, points, K), V; `stops`: places behind those of a step."""
    first = 0
    for step, part, stop, after in zip(steps, fractions, stops, [*steps[1:], None], strict=True):
        if after is not None and after.inputs is step.inputs:
            continue  # constant inputs of several steps are written at once
        out[:, first:stop] = step.inputs[:, None]
        if step.slope.any():
            out[:, first:stop] += step.slope[:, None] * (part * step.length)[:, None]
        first = stop


def _moved(system: System, step: Step, weights: FloatArray) -> FloatArray:
    """Return by what coordinates differ where stages enter clamps, shape (n, F, K); `weights` as those of `moved`."""
    assert step.entered is not None
    stages = np.zeros((system.laws.count, len(weights), step.source.shape[2]))
    stages[step.entered.row, :, step.entered.column] = moved(step.entered, step.length, weights).T
    return times(system.push[:, : system.laws.count], stages)


def _limit(system: System, panels: Panels) -> None:
    """Give limiters the volts of their law at all points; one behind another takes a pass more."""
    m, count = system.laws.count, system.limiters.count
    for _ in system.limiters.parts:
        seen = panels.voltages(system.seen.part(slice(3 * m, 3 * m + count)))
        panels.pins[m : m + count] = system.limiters.volts(seen)[0]


def corners(system: System, panels: Panels) -> list[float]:
    """List the times at which inputs of limiters pass their levels, s: there voltages have corners."""
    count = system.limiters.count
    if not count:
        return []
    first = 3 * system.laws.count
    beyond = np.abs(panels.voltages(system.seen.part(slice(first, first + count)))) - system.limiters.level
    passing = (beyond[:, 1:] > 0) != (beyond[:, :-1] > 0)
    limiter, point, response = np.nonzero(passing)
    low, high = panels.time[point], panels.time[point + 1]
    values, at = beyond.transpose(1, 2, 0), np.linspace(0, 1, PARTS + 1)
    begin = beyond[limiter, point, response] > 0
    for _ in range(ROUNDS):
        time = low[:, None] + (high - low)[:, None] * at
        seen = panels.between(values, (response, limiter), time) > 0
        first = np.maximum(np.argmax(seen != begin[:, None], axis=1), 1)
        rows = np.arange(len(first))
        low, high = time[rows, first - 1], time[rows, first]
    return [float(one) for one in np.unique((low + high) / 2)]


def at_times(system: System, step: Step, time: FloatArray, rows: Rows) -> FloatArray:
    """Return voltages at times (T,) within a step, s; shape (rows, T, K), V."""
    fractions = (time - step.start) / step.length
    state = system.applied(system.sampling([step.length], [fractions])[0], step.source)
    if step.entered is not None:
        state += _moved(system, step, integrals(fractions))
    pins = np.matmul(interpolated(fractions).T, step.added.pins)
    inputs = step.inputs[:, None] + step.slope[:, None] * (time - step.start)[:, None]
    found = Panels.joined(time, state, pins, np.asarray(inputs))
    _limit(system, found)
    return found.voltages(rows)


def _cut(system: System, steps: Sequence[Step], cuts: Sequence[float], corners: Sequence[float]) -> list[list[float]]:
    """Return the edges of the panels of each step: cut at given times, s, and none longer than modes allow."""
    origins = [max(one for one in corners if one <= step.start) for step in steps]
    after = np.array([step.start - origin for step, origin in zip(steps, origins, strict=True)])
    paces = system.paces(after, 1 / POINTS)
    return [_edges(system, *one, cuts) for one in zip(steps, origins, paces, strict=True)]


def _edges(system: System, step: Step, origin: float, pace: float, cuts: Sequence[float]) -> list[float]:
    """Cut a step into panels; `pace`: that at its beginning."""
    begin, end = step.start, step.start + step.length
    marks = [begin, *(cut for cut in cuts if begin < cut - 1e-9 * step.length and cut < end - 1e-9 * step.length), end]
    found = [begin]
    for first, last in pairwise(marks):
        parts = (last - first) * (pace if first == begin else _pace(system, first - origin)) / LENGTH
        while parts > MANY:  # fast modes decay meanwhile
            first += (last - first) / parts
            found.append(first)
            parts = (last - first) * _pace(system, first - origin) / LENGTH
        count = max(1, math.ceil(parts))
        found += [first + (last - first) * (k / count) for k in range(1, count)]
        found.append(last)
    return found


def _pace(system: System, after: float) -> float:
    return system.paces(np.array([after]), 1 / POINTS)[0]
