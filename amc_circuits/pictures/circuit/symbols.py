"""Symbols of parts, as they stand in schematics. Lengths in inches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon

from amc_circuits.pictures.circuit.links import Drawn, Output, Wire
from netlists import (
    GROUND,
    Array,
    Buffers,
    Capacitors,
    Conductors,
    Hold,
    Limiter,
    OpAmps,
    Source,
    Switches,
)

BUNDLE, THIN = 1.5, 0.8
"""Widths of lines, points: a thick line is all nodes of a group, a thin one is a single line or a symbol."""
LOW = -0.36
"""Height of the second input of op-amps; their output is half-way."""
MOST_LINES = 4
"""Most word lines or bit lines that are drawn of an array."""
PITCH = 0.2
"""Distance of the lines of an array."""
CELL = "0.45"
"""Grey of the cells of an array."""


@dataclass(frozen=True)
class Pen:
    """Pen that draws a symbol from its start to its end.

    Attributes:
        axes: Axes with units of an inch.
        x: Middle of the symbol.
        y: Height of its level.
        flow: 1 to draw from left to right, -1 from right to left.
    """

    axes: Axes
    x: float
    y: float
    flow: int

    def points(self, points: Sequence[tuple[float, float]]) -> np.ndarray:
        """Return points of the symbol as points of the axes, shape (points, 2)."""
        return np.array([(self.x + self.flow * x, self.y + y) for x, y in points])

    def line(self, *points: tuple[float, float], width: float = THIN, front: bool = False, label: str = "") -> None:
        """Draw a line through points, behind or in front of shapes; its label names the node or the sign."""
        self.axes.plot(
            *self.points(points).T, color="black", linewidth=width, solid_capstyle="round",
            zorder=4 if front else 2, label=label,
        )  # fmt: skip

    def shape(self, *points: tuple[float, float], fill: str = "white") -> None:
        """Draw a closed shape."""
        self.axes.add_patch(Polygon(self.points(points), facecolor=fill, edgecolor="black", linewidth=1, zorder=3))

    def circle(self, x: float, y: float, radius: float) -> None:
        """Draw an open circle."""
        (middle,) = self.points([(x, y)])
        self.axes.add_patch(Circle(tuple(middle), radius, facecolor="white", edgecolor="black", linewidth=1, zorder=3))

    def word(self, x: float, y: float, text: str, size: float = 8) -> None:
        """Write a word centred at a point."""
        ((across, height),) = self.points([(x, y)])
        self.axes.text(across, height, text, fontsize=size, ha="center", va="center_baseline", zorder=4)

    def ground(self, x: float, y: float) -> None:
        """Draw a ground symbol that hangs from a point."""
        self.line((x, y), (x, y - 0.12))
        for place, half in enumerate((0.1, 0.065, 0.03)):
            height = y - 0.12 - 0.04 * place
            self.line((x - half, height), (x + half, height), width=1.1)


@dataclass(frozen=True)
class Symbol:
    """Symbol of a part.

    Attributes:
        draw: Function that draws it.
        lead: Distance of the ends of its wires from its middle.
        half: Half of its width.
        up: Height above its level.
        down: Depth below its level.
        start: Height of the wire at its start.
        end: Height of the wire at its end.
        above: True if the label stands above the symbol, False below.
    """

    draw: Callable[[Pen], None]
    lead: float
    half: float
    up: float
    down: float
    start: float = 0.0
    end: float = 0.0
    above: bool = True


def symbol_of(part: Drawn) -> Symbol:
    """Return the symbol of a part."""
    match part:
        case Array():
            return _array(part)
        case OpAmps():
            return _opamp(part)
        case Output():
            return _output(part)
        case Limiter():
            return Symbol(lambda pen: _limiter(pen, part), 0.22, 0.22, 0.22, 0.22, above=False)
        case Source() if part.grounded:
            return Symbol(lambda pen: pen.ground(0, 0), 0, 0.1, 0.05, 0.24, above=False)
    return next(symbol for type_, symbol in _PLAIN.items() if isinstance(part, type_))


def _array(part: Array) -> Symbol:
    rows, columns = (min(MOST_LINES, count) for count in part.conductance.shape)
    right, top = PITCH * (columns - 1) / 2 + 0.24, PITCH * (rows - 1) / 2 + 0.22

    def draw(pen: Pen) -> None:
        xs = PITCH * (np.arange(columns) - (columns - 1) / 2)
        ys = PITCH * (np.arange(rows) - (rows - 1) / 2)
        for y in ys:
            pen.line((xs[0] - 0.1, y), (right, y))
        for x in xs:
            pen.line((x, ys[0] - 0.1), (x, top))
        for x, y in ((x, y) for x in xs for y in ys):
            _cell(pen, x, y)
        pen.line((right, ys[0]), (right, ys[-1]), width=2 * BUNDLE)
        pen.line((xs[0], top), (xs[-1], top), width=2 * BUNDLE)
        pen.line((right, 0), (right + 0.3, 0), width=BUNDLE)
        pen.line((xs[0], top), (-right - 0.3, top), width=BUNDLE)
        pen.word(right + 0.18, 0.09, "WL", 6.5)
        pen.word(-right - 0.08, top + 0.09, "BL", 6.5)

    return Symbol(draw, right + 0.3, right + 0.3, top + 0.18, top - 0.08, start=top, above=False)


def _cell(pen: Pen, x: float, y: float) -> None:
    """Draw a cell: a resistor from the word line to the bit line at their crossing."""
    pen.line((x - 0.1, y), (x, y + 0.1))
    middle, along, across = (x - 0.05, y + 0.05), 0.025, 0.02
    corners = [(s * along - t * across, s * along + t * across) for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    pen.shape(*((middle[0] + a, middle[1] + b) for a, b in corners), fill=CELL)


def _opamp(part: OpAmps) -> Symbol:
    """Return the symbol of op-amps, with the input of the signal on the level and the other one below."""

    def draw(pen: Pen) -> None:
        pen.shape((-0.3, 0.2), (-0.3, LOW - 0.2), (0.34, LOW / 2))
        pen.line((-0.3, 0), (-0.42, 0), width=BUNDLE)
        pen.line((-0.3, LOW), (-0.42, LOW), width=BUNDLE)
        pen.line((0.34, LOW / 2), (0.42, LOW / 2), width=BUNDLE)

    return Symbol(draw, 0.42, 0.42, 0.2, 0.58, end=LOW / 2, above=False)


def draw_inputs(pen: Pen, part: OpAmps, signal: str) -> None:
    """Draw the signs of the inputs of op-amps, and the ground of the second one; the signal's input is the upper."""
    inverting = signal == part.inverting
    for height, minus in ((0, inverting), (LOW, not inverting)):
        _sign(pen, -0.2, height, plus=not minus)
    if GROUND in (part.inverting, part.noninverting):
        pen.ground(-0.42, LOW)


def _sign(pen: Pen, x: float, y: float, plus: bool) -> None:
    """Draw a plus or a minus."""
    pen.line((x - 0.045, y), (x + 0.045, y), width=1.1, front=True, label="_plus" if plus else "_minus")
    if plus:
        pen.line((x, y - 0.045), (x, y + 0.045), width=1.1, front=True)


def _resistor(pen: Pen) -> None:
    zigzag = [(-0.25 + 0.5 * (k + 0.5) / 6, 0.09 * (-1) ** k) for k in range(6)]
    pen.line((-0.32, 0), (-0.25, 0), *zigzag, (0.25, 0), (0.32, 0), width=1.1)


def _capacitor(pen: Pen) -> None:
    for side in (-1, 1):
        pen.line((side * 0.12, 0), (side * 0.04, 0), width=BUNDLE)
        pen.line((side * 0.04, -0.15), (side * 0.04, 0.15), width=BUNDLE)


def _switch(pen: Pen) -> None:
    pen.line((-0.2, 0), (0.16, 0.17), width=1.1)
    for side in (-1, 1):
        pen.circle(side * 0.2, 0, 0.03)


def _hold(pen: Pen) -> None:
    pen.shape((-0.26, 0.18), (0.26, 0.18), (0.26, -0.18), (-0.26, -0.18))
    pen.word(0, 0, "S/H")


def _buffer(pen: Pen) -> None:
    pen.shape((-0.26, 0.28), (-0.26, -0.28), (0.26, 0))
    pen.word(-0.1, 0, "1")


def _limiter(pen: Pen, part: Limiter) -> None:
    """Draw a box with the law of the limiter."""
    pen.shape((-0.22, 0.22), (0.22, 0.22), (0.22, -0.22), (-0.22, -0.22))
    volts = np.linspace(-2.4, 2.4, 49)
    x, y = (0.07 * pen.flow) * volts, 0.1 * part.law(volts * part.level) / part.level
    pen.line(*zip(x.tolist(), y.tolist(), strict=True), width=1.3, front=True)


def _source(pen: Pen) -> None:
    pen.line((0, 0), (0, -0.14), width=BUNDLE)
    pen.circle(0, -0.31, 0.17)
    _sign(pen, 0, -0.24, plus=True)
    _sign(pen, 0, -0.39, plus=False)
    pen.ground(0, -0.48)


def _output(part: Output) -> Symbol:
    height = LOW / 2 if part.amplified else 0.0
    return Symbol(lambda pen: pen.circle(0, height, 0.05), 0.05, 0.1, height + 0.08, 0.08 - height, start=height)


def _wire(pen: Pen) -> None:
    """Draw nothing: the wires of both ends meet."""


_PLAIN = {
    Conductors: Symbol(_resistor, 0.32, 0.32, 0.13, 0.13),
    Capacitors: Symbol(_capacitor, 0.12, 0.2, 0.17, 0.17),
    Switches: Symbol(_switch, 0.2, 0.25, 0.2, 0.06),
    Hold: Symbol(_hold, 0.26, 0.26, 0.2, 0.2, above=False),
    Buffers: Symbol(_buffer, 0.26, 0.26, 0.3, 0.3, above=False),
    Source: Symbol(_source, 0, 0.2, 0.05, 0.72, above=False),
    Wire: Symbol(_wire, 0, 0, 0.05, 0.05),
}
