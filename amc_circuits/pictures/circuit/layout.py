"""Places of a circuit's picture: levels of the parts, columns of the nodes. Lengths in inches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from amc_circuits.pictures.circuit.links import Link
from amc_circuits.pictures.circuit.order import Order, Run

LEVEL_GAP = 0.24
"""Distance between what stands on one level and on the next."""
COLUMN_GAP = 0.3
"""Least distance of two nodes' lines."""


@dataclass(frozen=True)
class Box:
    """Room of a link around the middle of its symbol.

    Attributes:
        width: Width of symbol and label.
        up: Height above its level.
        down: Depth below its level.
    """

    width: float
    up: float
    down: float


@dataclass(frozen=True)
class Place:
    """Place of a link.

    Attributes:
        x: Middle of the symbol.
        y: Height of its level.
        flow: 1 if its start is left of its end, else -1.
    """

    x: float
    y: float
    flow: int


@dataclass(frozen=True)
class Layout:
    """Places of everything.

    Attributes:
        columns: Line of each node.
        places: Place of each link.
    """

    columns: Mapping[str, float]
    places: Mapping[Link, Place]


def layout(order: Order, boxes: Mapping[Link, Box], margins: Mapping[str, float]) -> Layout:
    """Place all links and nodes.

    Args:
        order: Order of the nodes, and the runs.
        boxes: Room of each link.
        margins: Room on each side of the line of each node.
    """
    levels = _levels(order)
    reach = _reach(levels)
    gaps = {link: _free_gap(order, link, levels[link], reach) for link in levels}
    columns = _columns(order, boxes, margins, reach, gaps)
    heights = _heights(levels, boxes)
    places = {}
    for link, (left, right) in gaps.items():
        low, high = columns[left] + margins[left], columns[right] - margins[right]
        flow = 1 if order.nodes.index(link.start) < order.nodes.index(link.end) else -1
        places[link] = Place((low + high) / 2, heights[levels[link]], flow)
    return Layout(columns, places)


def _levels(order: Order) -> dict[Link, int]:
    """Give every run the free level nearest to the path from source to output; short runs first."""
    taken: dict[int, list[tuple[int, int]]] = {}
    levels: dict[Link, int] = {}
    for run in sorted(order.runs, key=lambda run: (run.side != "main", _length(order, run))):
        low, high = order.interval(run)
        level = _first_level(run)
        while any(low < other and one < high for one, other in taken.get(level, [])):
            level += 1 if run.side == "above" else -1
        taken.setdefault(level, []).append((low, high))
        levels |= dict.fromkeys(run.links, level)
    return levels


def _length(order: Order, run: Run) -> int:
    low, high = order.interval(run)
    return high - low


def _first_level(run: Run) -> int:
    if run.side == "main" or (run.free and run.side == "below"):
        return 0
    return 1 if run.side == "above" else -1


def _reach(levels: Mapping[Link, int]) -> dict[str, tuple[int, int]]:
    """Return the lowest and the highest level of each node's links."""
    found: dict[str, list[int]] = {}
    for link, level in levels.items():
        for node in (link.start, link.end, *link.pins):
            found.setdefault(node, []).append(level)
    return {node: (min(of_node), max(of_node)) for node, of_node in found.items()}


def _free_gap(order: Order, link: Link, level: int, reach: Mapping[str, tuple[int, int]]) -> tuple[str, str]:
    """Return two neighbouring lines between which the symbol of a link stands; lines that pass its level count."""
    low, high = sorted(order.nodes.index(node) for node in (link.start, link.end))
    between = order.nodes[low + 1 : high]
    crossing = [node for node in between if node in link.pins or reach[node][0] < level < reach[node][1]]
    lines = [order.nodes[low], *crossing, order.nodes[high]]
    pairs = list(pairwise(lines))
    return next((pair for pair in pairs if set(pair) & set(link.pins) and link.end in pair), pairs[0])


def _columns(
    order: Order,
    boxes: Mapping[Link, Box],
    margins: Mapping[str, float],
    reach: Mapping[str, tuple[int, int]],
    gaps: Mapping[Link, tuple[str, str]],
) -> dict[str, float]:
    """Place every node as far left as the links and lines on its left permit."""
    columns: dict[str, float] = {}
    for node in order.nodes:
        ends = [0.0]
        for other, x in columns.items():
            between = margins[other] + margins[node]
            if reach[other][0] <= reach[node][1] and reach[node][0] <= reach[other][1]:
                ends.append(x + max(COLUMN_GAP, between))
            ends += [x + between + boxes[link].width for link, gap in gaps.items() if gap == (other, node)]
        columns[node] = max(ends)
    return columns


def _heights(levels: Mapping[Link, int], boxes: Mapping[Link, Box]) -> dict[int, float]:
    """Stack the levels, each with room for its highest and its deepest symbol."""

    def most(level: int, side: str) -> float:
        lengths: list[float] = [getattr(boxes[link], side) for link, other in levels.items() if other == level]
        return max(lengths)

    heights = {0: 0.0}
    for way, toward, back in ((1, "up", "down"), (-1, "down", "up")):
        used = sorted({level for level in levels.values() if level * way > 0}, key=abs)
        for before, level in pairwise([0, *used]):
            heights[level] = heights[before] + way * (most(before, toward) + LEVEL_GAP + most(level, back))
    return heights
