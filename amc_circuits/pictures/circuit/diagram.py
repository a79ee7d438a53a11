"""Block diagram of any circuit, drawn from its parts.

A thick line is a group of nodes, a symbol a row of equal parts. Signals flow from the sources at the left to the
outputs at the right. Parts that close a loop stand above this path, amplifiers that lead back below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amc_circuits.pictures.circuit.labels import LINE, NODE_SIZE, SIZE, label_of, node_label, text_width
from amc_circuits.pictures.circuit.layout import Box, Layout, Place, layout
from amc_circuits.pictures.circuit.links import Link, is_group, is_pin, links_of, net_of
from amc_circuits.pictures.circuit.order import ordered
from amc_circuits.pictures.circuit.symbols import BUNDLE, LOW, Pen, Symbol, draw_inputs, symbol_of
from amc_circuits.pictures.style import STYLE
from netlists import Circuit, OpAmps
from netlists.errors import check_type
from netlists.short_text import short_repr

MARGIN, LABEL_GAP = 0.12, 0.05
"""Room on each side of a node's line, and between a symbol and its label, inches."""
NODE_HEIGHT = 0.24
"""Room above a level for the labels of nodes, inches."""
BORDER = 0.08
"""Room around the picture, inches."""
DOT = 4.5
"""Diameter of the dot at which lines are connected, points."""


@dataclass(frozen=True)
class Item:
    """Link with its symbol and the lines of its label."""

    link: Link
    symbol: Symbol
    lines: Sequence[str]

    @property
    def box(self) -> Box:
        """Room of symbol and label."""
        symbol, text = self.symbol, LINE * len(self.lines) + LABEL_GAP * bool(self.lines)
        width = max([2 * symbol.half, *(text_width(line, SIZE) for line in self.lines)])
        up = max(symbol.up + text * symbol.above, NODE_HEIGHT + max(symbol.start, symbol.end))
        return Box(width, up, symbol.down + text * (not symbol.above))


def draw_circuit(circuit: Circuit) -> Figure:
    """Draw the block diagram of a circuit.

    Every part is drawn with its name and value, every group with its name and the number of its nodes.

    Args:
        circuit: Circuit of any parts of netlists.

    Returns:
        Figure, for `save_figure`.

    Raises:
        ParameterError: If it is no circuit, or there is no symbol for the type of a part.
    """
    mend = "its attribute circuit is one" if hasattr(circuit, "circuit") else ""
    check_type("circuit", circuit, Circuit, mend=mend)
    diagram = Diagram.of(circuit)
    with matplotlib.rc_context(STYLE):  # no pyplot, so that a notebook does not show the picture twice
        figure = Figure(figsize=diagram.size)
        diagram.draw(figure.add_axes((0, 0, 1, 1)))
    return figure


@dataclass(frozen=True)
class Diagram:
    """Block diagram with all its places, in inches.

    Attributes:
        items: Symbols.
        placed: Places of symbols and nodes.
        nodes: All nodes.
        names: Labels of the groups among them.
        frame: Ends of the picture: left, right, low, high.
    """

    items: Sequence[Item]
    placed: Layout
    nodes: Sequence[str]
    names: Mapping[str, str]
    frame: tuple[float, float, float, float]

    __repr__ = short_repr

    @classmethod
    def of(cls, circuit: Circuit) -> Diagram:
        """Place the parts of a circuit.

        Raises:
            ParameterError: If there is no symbol for the type of a part.
        """
        links = links_of(circuit)
        items = [Item(link, symbol_of(link.part), label_of(link.part, circuit)) for link in links]
        order = ordered(links)
        names = {node: node_label(circuit, node) for node in order.nodes if is_group(node)}
        margins = {node: MARGIN + _half_width(names.get(node, "")) * (node in names) for node in order.nodes}
        placed = layout(order, {item.link: item.box for item in items}, margins)
        return cls(items, placed, order.nodes, names, _frame(items, placed, margins))

    @property
    def size(self) -> tuple[float, float]:
        """Width and height, inches."""
        left, right, low, high = self.frame
        return right - left, high - low

    def draw(self, axes: Axes) -> None:
        """Draw into axes of this size."""
        left, right, low, high = self.frame
        axes.set(xlim=(left, right), ylim=(low, high))
        axes.set_axis_off()
        joints: dict[str, list[float]] = {node: [] for node in self.nodes}
        for item in self.items:
            for node, height in _draw_item(axes, item, self.placed):
                joints[node].append(height)
        for node, heights in joints.items():
            if heights:
                _draw_node(Pen(axes, self.placed.columns[node], 0.0, 1), node, heights, self.names.get(node, ""))


def _half_width(name: str) -> float:
    return text_width(name, NODE_SIZE, "bold") / 2


def _frame(items: Sequence[Item], placed: Layout, margins: Mapping[str, float]) -> tuple[float, float, float, float]:
    """Return the ends of the picture: left, right, low, high."""
    boxes = [(item.box, placed.places[item.link]) for item in items]
    left = min(placed.columns[node] - margin for node, margin in margins.items())
    right = max(placed.columns[node] + margin for node, margin in margins.items())
    low, high = min(place.y - box.down for box, place in boxes), max(place.y + box.up for box, place in boxes)
    return left - BORDER, right + BORDER, low - BORDER, high + BORDER


def _draw_item(axes: Axes, item: Item, placed: Layout) -> Iterator[tuple[str, float]]:
    """Draw a symbol with label and wires, and yield the nodes that its wires reach, with the heights there."""
    link, symbol, place = item.link, item.symbol, placed.places[item.link]
    pen = Pen(axes, place.x, place.y, place.flow)
    symbol.draw(pen)
    if isinstance(link.part, OpAmps):
        draw_inputs(pen, link.part, link.start)
    _write(axes, item, place)
    for node, side, height in ((link.start, -1, symbol.start), (link.end, 1, symbol.end)):
        yield from _wire(pen, placed.columns[node], node, (side * symbol.lead, height))
    for pin in link.pins:
        yield from _wire(pen, placed.columns[pin], pin, (-symbol.lead, LOW))


def _wire(pen: Pen, column: float, node: str, end: tuple[float, float]) -> Iterator[tuple[str, float]]:
    """Draw the wire from a node's line to an end of a symbol."""
    if not (is_group(node) or is_pin(node) or node.endswith(":ground")):
        return
    to = pen.flow * (column - pen.x)
    pen.line(end, (to, end[1]), width=BUNDLE, label=net_of(node))
    if node.endswith(":ground"):
        pen.ground(to, end[1])
    else:
        yield node, pen.y + end[1]


def _write(axes: Axes, item: Item, place: Place) -> None:
    """Write the label of a symbol, line by line."""
    symbol, count = item.symbol, len(item.lines)
    top = place.y + symbol.up + LABEL_GAP + LINE * count if symbol.above else place.y - symbol.down - LABEL_GAP
    for row, line in enumerate(item.lines):
        axes.text(place.x, top - LINE * (row + 0.5), line, fontsize=SIZE, ha="center", va="center")


def _draw_node(pen: Pen, node: str, heights: Sequence[float], name: str) -> None:
    """Draw the line of a node over the heights of its wires, dots where lines are connected, and the group's name."""
    low, high = min(heights), max(heights)
    pen.line((0, low), (0, high), width=BUNDLE, label=net_of(node))
    for height in set(heights):
        if heights.count(height) + (height > low) + (height < high) > 2:
            pen.axes.plot(pen.x, height, "o", color="black", markersize=DOT, zorder=5, label="")
    if name:
        pen.axes.text(pen.x, high + 0.06, name, fontsize=NODE_SIZE, weight="bold", ha="center", va="bottom")
