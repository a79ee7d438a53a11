"""Order of a circuit's picture: the path from source to output, then paths that begin and end on what is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Literal

from amc_circuits.pictures.circuit.links import Link, Wire, is_source

Side = Literal["main", "above", "below"]
ACTIVE_COST = 0.9
"""Cost of a link with a direction, in units of the others: of paths of equal length one with amplifiers is taken."""
Step = tuple[str, Link]


@dataclass(frozen=True)
class Run:
    """Links that stand one after the other on a level.

    Attributes:
        links: The links, from one end to the other.
        side: Side of the path from source to output on which the run stands.
        free: True if the run ends in a node of its own.
    """

    links: tuple[Link, ...]
    side: Side
    free: bool = False

    @property
    def nodes(self) -> set[str]:
        """All nodes of its links."""
        return {node for link in self.links for node in (link.start, link.end)}


@dataclass
class Order:
    """Nodes from left to right, and the runs between them.

    Attributes:
        nodes: Nodes from left to right.
        runs: All runs.
        home: Side of the run that brought each node.
    """

    nodes: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    home: dict[str, Side] = field(default_factory=dict)

    def interval(self, run: Run) -> tuple[int, int]:
        """Return the places of the leftmost and of the rightmost node of a run."""
        places = [self.nodes.index(node) for node in run.nodes]
        return min(places), max(places)

    def put(self, run: Run, nodes: Sequence[str], place: int) -> None:
        """Add a run with new nodes, which go to a place in the order."""
        self.runs.append(run)
        self.nodes[place:place] = nodes
        self.home |= dict.fromkeys(nodes, run.side)
        for link in run.links:
            self._put_pin(link)

    def _put_pin(self, link: Link) -> None:
        """Put the second input of op-amps between their first input and their output."""
        for pin in link.pins:
            start, end = (self.nodes.index(node) for node in (link.start, link.end))
            self.nodes.insert(end if start < end else end + 1, pin)
            self.home[pin] = "below"


def ordered(links: Sequence[Link]) -> Order:
    """Order all nodes and links of a circuit: sources left, outputs right, loops between them."""
    order, left = Order(), list(links)
    _take(order, left, _main_path(links))
    while left:
        for link in [link for link in left if {link.start, link.end} <= order.home.keys()]:
            order.runs.append(Run((link,), _side(order, [link])))
            left.remove(link)
            order._put_pin(link)
        if left:
            ready = [link for link in left if not isinstance(link.part, Wire) or link.end in order.home]
            _take(order, left, _closing_path(order, ready) or _free_path(order, ready))
    return order


def _take(order: Order, left: list[Link], steps: list[Step]) -> None:
    """Move a path from the links that are left to the order. A step is a link and the node from which it is taken."""
    links = tuple(link for _, link in steps)
    nodes = [steps[0][0], *(link.other(node) for node, link in steps)]
    for link in links:
        left.remove(link)
    if not order.nodes:
        order.put(Run(links, "main"), nodes, 0)
    elif nodes[0] not in order.home:  # not connected to what is there
        order.put(Run(links, "below", free=True), nodes, len(order.nodes))
    elif is_source(nodes[-1]):
        order.put(Run(links, "below", free=True), nodes[:0:-1], 0)
    elif nodes[-1] in order.home:
        if order.nodes.index(nodes[0]) > order.nodes.index(nodes[-1]):
            nodes.reverse()
        order.put(Run(links, _side(order, links)), nodes[1:-1], order.nodes.index(nodes[0]) + 1)
    else:
        side: Side = "above" if order.home[nodes[0]] == "above" else "below"
        order.put(Run(links, side, free=True), nodes[1:], order.nodes.index(nodes[0]) + 1)


def _side(order: Order, links: Sequence[Link]) -> Side:
    """Choose the side of a run that begins and ends on what is there: passive parts above, amplifiers below."""
    ends = {node for link in links for node in (link.start, link.end)}
    homes = {order.home[node] for node in ends if node in order.home}
    if homes <= {"below"} or homes <= {"above"}:
        return homes.pop()
    return "below" if any(link.active or isinstance(link.part, Wire) for link in links) else "above"


def _main_path(links: Sequence[Link]) -> list[Step]:
    """Return the shortest path of a signal from a source to an output; passive parts lead only to undriven nodes."""
    driven = {link.end for link in links if link.active}

    def moves(node: str) -> list[Link]:
        return [
            link
            for link in links
            if (link.active and link.start == node)
            or (not link.active and node in (link.start, link.end) and link.other(node) not in driven)
        ]

    sources = [link.start for link in links if is_source(link.start)]
    outputs = {link.end for link in links if link.end.endswith(":output")}
    found = _cheapest(sources, moves, outputs)
    if found:
        return found
    last = next(link for link in links if link.end in outputs)
    drivers = [(link.start, link) for link in links if link.active and link.end == last.start]
    return [*drivers[:1], (last.start, last)]


def _closing_path(order: Order, left: Sequence[Link]) -> list[Step]:
    """Return the shortest path over new nodes from one node that is there to another one, or to a source."""
    placed = list(order.home)

    def moves(node: str) -> list[Link]:
        return [link for link in left if node in (link.start, link.end)]

    paths = []
    for start in placed:
        goals = {node for node in placed if node != start}
        goals |= {link.start for link in left if is_source(link.start)}
        paths.append(_cheapest([start], moves, goals))
    return min((path for path in paths if path), key=_cost, default=[])


def _free_path(order: Order, left: Sequence[Link]) -> list[Step]:
    """Return one link from a node that is there, or any link if none is connected."""
    for node in order.home:
        for link in left:
            if node in (link.start, link.end):
                return [(node, link)]
    return [(left[0].start, left[0])]


def _cost(steps: Sequence[Step]) -> float:
    return sum(ACTIVE_COST if link.active else 1.0 for _, link in steps)


def _cheapest(starts: Sequence[str], moves: Callable[[str], list[Link]], goals: set[str]) -> list[Step]:
    """Return the cheapest path from a start to a goal by Dijkstra's algorithm; empty if there is none."""
    came: dict[str, Step | None] = {}
    heap: list[tuple[float, int, str, Step | None]] = [(0.0, place, start, None) for place, start in enumerate(starts)]
    count = len(heap)
    while heap:
        cost, _, node, step = heappop(heap)
        if node in came:
            continue
        came[node] = step
        if node in goals:
            return _back(came, node)
        for link in moves(node):
            count += 1
            weight = ACTIVE_COST if link.active else 1.0
            heappush(heap, (cost + weight, count, link.other(node), (node, link)))
    return []


def _back(came: dict[str, Step | None], node: str) -> list[Step]:
    """Return the steps that lead to a node."""
    steps: list[Step] = []
    while (step := came[node]) is not None:
        steps.insert(0, step)
        node = step[0]
    return steps
