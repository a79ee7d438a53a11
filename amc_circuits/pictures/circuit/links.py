"""Circuit as a graph for its picture: each part links two nodes, and op-amps know which input is the signal's."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from netlists import (
    GROUND,
    Array,
    Buffers,
    Capacitors,
    Circuit,
    Conductors,
    Hold,
    Limiter,
    OpAmps,
    ParameterError,
    Part,
    Source,
    Switches,
)


@dataclass(frozen=True)
class Output:
    """Terminal of a group that is read.

    Attributes:
        group: Group that is read.
        amplified: True if op-amps drive the group.
        phases: Phases in which it is read; none means all.
    """

    group: str
    amplified: bool
    phases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wire:
    """Wire from a group to a pin of a part: second input of op-amps, or end of a part with both ends at the group."""


Drawn = Part | Source | Output | Wire


@dataclass(frozen=True, eq=False)
class Link:
    """Part between two nodes.

    Nodes are groups, or ends that belong to one part: `NAME:source`, `NAME:output`, `NAME:ground` and `NAME:pin:GROUP`.

    Attributes:
        part: Part that is drawn.
        start: Node of its input, or of its first end.
        end: Node of its output, or of its second end.
        active: True if signals flow from start to end only.
    """

    part: Drawn
    start: str
    end: str
    active: bool

    @property
    def pins(self) -> tuple[str, ...]:
        """Further nodes at its symbol: the second input of op-amps."""
        part = self.part
        if not isinstance(part, OpAmps) or GROUND in (part.inverting, part.noninverting):
            return ()
        return (pin_of(part, part.noninverting if self.start == part.inverting else part.inverting),)

    def other(self, node: str) -> str:
        """Return the node at the other end."""
        return self.end if node == self.start else self.start


def is_group(node: str) -> bool:
    """Return True for a node that is a group of the circuit."""
    return ":" not in node


def is_source(node: str) -> bool:
    """Return True for the end of a source."""
    return node.endswith(":source")


def is_pin(node: str) -> bool:
    """Return True for a pin of a part, to which a wire leads."""
    return ":pin:" in node


def pin_of(part: Part, group: str) -> str:
    """Return the node of a pin of a part that a wire connects with a group."""
    return f"{part.name}:pin:{group}"


def net_of(node: str) -> str:
    """Return the group to which a node is connected by a wire, or the node."""
    return node.rpartition(":")[2] if is_pin(node) else node


def links_of(circuit: Circuit) -> list[Link]:
    """Return the links of all sources, parts and outputs of a circuit.

    Raises:
        ParameterError: If there is no symbol for the type of a part.
    """
    found = [Link(source, f"{source.group}:source", source.group, True) for source in circuit.sources]
    signals = _signals(circuit)
    for part in circuit.parts:
        found += [one for link in _links(part, signals) for one in _opened(link, part)]
    return found + [Link(one, one.group, f"{one.group}:output", True) for one in _outputs(circuit)]


def _opened(link: Link, part: Part) -> list[Link]:
    """Return a link; one with both ends at a group ends at a pin, with a wire back to the group."""
    if link.start != link.end:
        return [link]
    pin = pin_of(part, link.start)
    return [Link(link.part, link.start, pin, link.active), Link(Wire(), link.end, pin, False)]


def _outputs(circuit: Circuit) -> Iterator[Output]:
    read: dict[str, list[str]] = {circuit.outputs: []}
    for phase in circuit.phases:
        read.setdefault(phase.outputs or circuit.outputs, []).append(phase.name)
    for group, phases in read.items():
        amplified = any(part.output == group for part in circuit.of(OpAmps))
        yield Output(group, amplified, tuple(phases) if len(phases) < len(circuit.phases) else ())


def _links(part: Part, signals: dict[str, str]) -> list[Link]:
    match part:
        case Array():
            return [Link(part, part.bit_lines, part.word_lines, False)]
        case Conductors() | Capacitors() | Switches():
            ground = f"{part.name}:ground"
            start, end = (ground if end == GROUND else end for end in (part.a, part.b))
            return [Link(part, start, end, False)]
        case OpAmps():
            return _opamp_links(part, signals[part.name])
        case Hold():
            return [Link(part, part.source, part.target, True)]
        case Buffers() | Limiter():
            return [Link(part, part.input, part.output, True)]
        case _:
            assert_never(part)


def _opamp_links(part: OpAmps, signal: str) -> list[Link]:
    second = part.inverting if signal == part.noninverting else part.noninverting
    found = [Link(part, signal, part.output, True)]
    if second != GROUND:
        found.append(Link(Wire(), second, pin_of(part, second), False))
    return found


def _moves(circuit: Circuit) -> dict[str, list[str]]:
    """Return the groups that a signal reaches from each group; passive parts lead only to groups without a driver."""
    driven = {group for part in circuit.parts for group in _driven(part)} | {one.group for one in circuit.sources}
    moves: dict[str, list[str]] = {group: [] for group in circuit.groups}
    for part in circuit.parts:
        for start, end in _flows(part):
            if start != GROUND and end != GROUND and (_driven(part) or end not in driven):
                moves[start].append(end)
    return moves


def _flows(part: Part) -> list[tuple[str, str]]:
    """Return the pairs of groups from which and to which a part leads signals.

    Raises:
        ParameterError: If there is no symbol for the type of the part.
    """
    match part:
        case Array():
            return [(part.bit_lines, part.word_lines), (part.word_lines, part.bit_lines)]
        case Conductors() | Capacitors() | Switches():
            return [(part.a, part.b), (part.b, part.a)]
        case OpAmps():
            return [(part.inverting, part.output), (part.noninverting, part.output)]
        case Hold():
            return [(part.source, part.target)]
        case Buffers() | Limiter():
            return [(part.input, part.output)]
        case _:
            mend = "has no symbol in a picture; take a part of netlists"
            raise ParameterError("circuit", f"a part of type {type(part).__name__}", mend)


def _driven(part: Part) -> set[str]:
    active = isinstance(part, OpAmps | Hold | Buffers | Limiter)
    return {end for _, end in _flows(part)} if active else set()


def _signals(circuit: Circuit) -> dict[str, str]:
    """Return for all op-amps, by name, the group of the input that a signal from the sources reaches first."""
    moves, steps = _moves(circuit), {source.group: 0 for source in circuit.sources}
    queue = deque(steps)
    while queue:
        group = queue.popleft()
        for other in moves[group]:
            if other not in steps:
                steps[other] = steps[group] + 1
                queue.append(other)
    far = len(circuit.groups)
    return {
        part.name: min(
            (end for end in (part.inverting, part.noninverting) if end != GROUND),
            key=lambda end: steps.get(end, far) + far * (end == part.output),
        )
        for part in circuit.of(OpAmps)
    }
