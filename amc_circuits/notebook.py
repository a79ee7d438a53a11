"""A solution as a notebook shows it: its figures as a table, its slowest right-hand side as a small picture.

Neither has a background of its own and text has the colour of the page, so that both suit light and dark ones. The
picture is written here and not drawn by Matplotlib, whose settings belong to whoever works in the notebook.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from amc_circuits import report
from amc_circuits.quantities import format_quantity
from amc_circuits.solution import Response, Solution, slowest
from amc_circuits.sweep.traces import thinned
from netlists.record import FloatArray

WIDTH, HEIGHT = 460, 250
LEFT, RIGHT, TOP, BOTTOM = 70, 450, 20, 210
"""Edges of the part of the picture that holds the curves, pixels."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999933", "#888888")
"""Okabe, Ito: Color universal design (2008); grey in the place of black, which a dark page would hide."""
MOST_CURVES = 16


def solution_html(solution: Solution) -> str:
    """Status, advice, value, figures and, where something was simulated, outputs over time."""
    advice = "" if solution.usable else f": {escape(solution.message)}"
    value = np.array2string(solution.value, precision=4, threshold=50, edgeitems=3)
    title = f"<p><strong>{solution.status.name}</strong>{advice}</p><pre>{value}</pre>"
    responses = [response for response in solution.responses if response is not None]
    picture = _picture(responses[slowest(responses)], len(responses)) if responses else ""
    parts = "".join(f'<div style="margin-right: 2em">{part}</div>' for part in (_table(solution), picture))
    return f'<div>{title}<div style="display: flex; flex-wrap: wrap">{parts}</div></div>'


def _table(solution: Solution) -> str:
    """The figures of `amc inv`, with its units."""
    asked: Any = SimpleNamespace(kind="", circuit=SimpleNamespace(matrix=solution.value), noise=lambda _: {})
    grid = report.table(asked, solution)
    head = "".join(f"<th>{escape(str(column.header))}</th>" for column in grid.columns)
    rows = zip(*(column.cells for column in grid.columns), strict=True)
    body = "".join(f"<tr>{''.join(_cell(str(text)) for text in row)}</tr>" for row in rows)
    caption = f"<p><small>{escape(str(grid.caption))}</small></p>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{caption}"


def _cell(text: str) -> str:
    """One cell; parts of a sum stand further right."""
    indent = "\N{EM SPACE}" if text.startswith(" ") else ""
    return f"<td>{indent}{escape(text.strip())}</td>"


def _picture(response: Response, count: int) -> str:
    """Outputs over time as SVG, with a line at the settling time."""
    kept = thinned(response.time, response.outputs)
    time, outputs = response.time[kept], response.outputs[kept, :MOST_CURVES]
    across = _Scale(float(time[0]), float(time[-1]), LEFT, RIGHT)
    up = _Scale(float(outputs.min()), float(outputs.max()), BOTTOM, TOP)
    parts = [*_axes(across, up), *_curves(across, up, time, outputs)]
    if np.isfinite(response.settling_time):
        parts.append(_settled(across, response))
    of = f", the slowest of {count} right-hand sides" if count > 1 else ""
    shown = outputs.shape[1]
    names = f"{shown} outputs" if shown == response.outputs.shape[1] else f"the first {shown} outputs"
    parts.append(_text(LEFT, HEIGHT - 4, f"{names}, time after the step{of}", "start"))
    style = "max-width: 100%; font: 11px sans-serif; fill: currentColor; stroke: none"
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} style="{style}" role="img">{"".join(parts)}</svg>'


class _Scale:
    """From a value to its place, linearly."""

    def __init__(self, low: float, high: float, first: float, last: float) -> None:
        self.low, self.high = (low, high) if high > low else (low - 0.5, high + 0.5)
        self.first, self.last = first, last

    def __call__(self, value: Any) -> Any:
        return self.first + (value - self.low) / (self.high - self.low) * (self.last - self.first)

    def ticks(self) -> list[float]:
        """A few round values."""
        values = MaxNLocator(nbins=5).tick_values(self.low, self.high)
        return [float(value) for value in values if self.low <= value <= self.high]


def _axes(across: _Scale, up: _Scale) -> Iterator[str]:
    for value in up.ticks():
        yield _line(LEFT, up(value), RIGHT, up(value), "opacity: 0.2")
        yield _text(LEFT - 6, up(value) + 4, format_quantity(value, "V"), "end")
    for value in across.ticks():
        yield _line(across(value), BOTTOM, across(value), BOTTOM + 4, "")
        yield _text(across(value), BOTTOM + 16, format_quantity(value, "s"), "middle")


def _curves(across: _Scale, up: _Scale, time: FloatArray, outputs: FloatArray) -> Iterator[str]:
    for k, curve in enumerate(outputs.T):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across(time), up(curve), strict=True))
        colour = COLOURS[k % len(COLOURS)]
        yield f'<polyline points="{points}" style="fill: none; stroke: {colour}; stroke-width: 1.5"/>'


def _settled(across: _Scale, response: Response) -> str:
    place = across(response.settling_time)
    mark = f"settled to {response.tolerance:.3g}: {format_quantity(response.settling_time, 's')}"
    anchor = "start" if place < (LEFT + RIGHT) / 2 else "end"
    return _line(place, TOP, place, BOTTOM, "stroke-dasharray: 4 3") + _text(place, TOP - 6, mark, anchor)


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} style="stroke: currentColor; {style}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
