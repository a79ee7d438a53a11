"""What a circuit is: groups of nodes, and rows of equal parts between them. Deck and equations derive from it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from netlists.arrays.array import Array
from netlists.driving import Phase, Source
from netlists.opamps.records import OpAmp, SubcircuitOpAmp
from netlists.parts import (
    GROUND,
    Buffers,
    Capacitors,
    Conductors,
    Hold,
    Limiter,
    OpAmps,
    Part,
    Switches,
    driven_by,
    ends_of,
)
from netlists.record import FloatArray, ParameterError, Record
from netlists.temperature import NOMINAL_TEMPERATURE

P = TypeVar("P", bound=Part)


@dataclass(frozen=True, eq=False)
class Circuit:
    """A circuit as data, checked when it is made.

    Node k of a group, counted from 1, is called by the group's name and k: `v1`.

    Attributes:
        title: Its name for people; no two circuits that differ have the same title and parts.
        groups: Number of nodes of each group.
        parts: What is between them.
        sources: Groups that ideal voltage sources hold, each as a linear function of the inputs.
        outputs: The group that is read.
        phases: What happens one after the other; a circuit without switches has one phase.
        temperature: Of everything, K.

    Raises:
        ParameterError: A part names a group that does not exist or is of another size, two parts have one name, a node
            has two drivers or nothing that ties it to others, or there are no op-amps.
    """

    title: str
    groups: Mapping[str, int]
    parts: tuple[Part, ...]
    sources: tuple[Source, ...]
    outputs: str
    phases: tuple[Phase, ...] = (Phase("solve"),)
    temperature: float = NOMINAL_TEMPERATURE

    def __post_init__(self) -> None:
        _check_names(self)
        _check_ends(self)
        _check_drivers(self)
        _check_phases(self)
        if not self.of(OpAmps):
            raise ParameterError("circuit", "no op-amps", "give at least one: it is these that are measured")

    def of(self, kind: type[P]) -> list[P]:
        """The parts of one type, in order."""
        return [part for part in self.parts if isinstance(part, kind)]

    def part(self, name: str) -> Part:
        """The part of that name."""
        return next(part for part in self.parts if part.name == name)

    def nodes(self, group: str) -> list[str]:
        """Names of the nodes of a group."""
        return [f"{group}{k}" for k in range(1, self.groups[group] + 1)]

    def with_parts(self, *parts: Part) -> Circuit:
        """The same circuit with other parts in the place of those with the same names."""
        other = {part.name: part for part in parts}
        return replace(self, parts=tuple(other.get(part.name, part) for part in self.parts))

    def with_opamps(self, change: Callable[[OpAmp], OpAmp]) -> Circuit:
        """The same circuit with every op-amp record changed."""
        return self.with_parts(*(replace(part, record=change(part.record)) for part in self.of(OpAmps)))

    def check_one_phase(self) -> None:
        """Refuse a circuit that does one thing after the other.

        Raises:
            ParameterError: There are several phases.
        """
        if len(self.phases) > 1:
            names = ", ".join(phase.name for phase in self.phases)
            raise ParameterError("circuit", f"phases {names}", "read them with read_phases or simulate_phases")

    @property
    def inputs(self) -> int:
        """How many numbers drive the circuit."""
        return max((source.inputs(self.groups[source.group]) for source in self.sources), default=0)

    @property
    def held(self) -> dict[str, FloatArray]:
        """Volts of each group that sources hold for a volt at each input, shape (group, inputs)."""
        inputs = self.inputs
        return {source.group: source.matrix(self.groups[source.group], inputs) for source in self.sources}

    @property
    def opamps(self) -> list[OpAmp]:
        """The different op-amp records, in the order of their first use."""
        found: list[OpAmp] = []
        for part in self.of(OpAmps):
            if part.record not in found:
                found.append(part.record)
        return found

    @property
    def amplifiers(self) -> list[str]:
        """Names of all op-amps for people, in the order of the parts."""
        return [f"{part.label or part.name} {k}" for part in self.of(OpAmps) for k in self._places(part.output)]

    @property
    def accounts(self) -> tuple[str, ...]:
        """To whose account energy goes, in order: parts' own, then the amplifiers', which is the rest."""
        own = [part.account for part in self.parts if isinstance(part, Array | Conductors | Switches | Limiter)]
        return (*(name for name in dict.fromkeys(own) if name != "amplifiers"), "amplifiers")

    @property
    def linear(self) -> bool:
        """True when rest, poles and response of the linear circuit are those of the deck while no limit is reached."""
        bent = any(array.nonlinearity_voltage is not None for array in self.of(Array))
        return not (bent or self.of(Limiter) or any(isinstance(one, SubcircuitOpAmp) for one in self.opamps))

    @cached_property
    def sha256(self) -> str:
        """Hash of everything: equal circuits have equal hashes, on every machine."""
        digest = hashlib.sha256()
        for piece in _pieces(self):
            digest.update(piece)
        return digest.hexdigest()

    def _places(self, group: str) -> range:
        return range(1, self.groups[group] + 1)


def _pieces(value: object) -> Iterator[bytes]:
    """A value as bytes, piece by piece."""
    match value:
        case np.ndarray():
            yield f"{value.shape}".encode() + np.ascontiguousarray(value, dtype="<f8").tobytes()
        case Record():
            yield value.sha256.encode()
        case tuple():
            yield b"("
            for one in value:
                yield from _pieces(one)
            yield b")"
        case Mapping():
            yield from _pieces(tuple(value.items()))
        case Circuit() | Array() | Conductors() | Capacitors() | OpAmps() | Switches() | Hold() | Buffers() | Limiter():
            yield type(value).__name__.encode()
            yield from _pieces(tuple(getattr(value, field.name) for field in fields(value)))
        case Source() | Phase():
            yield from _pieces(tuple(getattr(value, field.name) for field in fields(value)))
        case _:
            yield repr(value).encode() + b";"


def _check_names(circuit: Circuit) -> None:
    names = [part.name for part in circuit.parts]
    for name in (*circuit.groups, *names):
        if not re.fullmatch(r"[a-z]+", name):
            raise ParameterError("circuit", repr(name), "names of groups and parts are small letters alone")
    for name in names:
        if names.count(name) > 1:
            raise ParameterError("circuit", f"two parts called {name}", "give each a name of its own")
    for group, size in circuit.groups.items():
        if size < 1:
            raise ParameterError("circuit", f"{size} nodes in group {group}", "a group has at least one")


def _check_ends(circuit: Circuit) -> None:
    tied: set[str] = set()
    for part in circuit.parts:
        for group, size in ends_of(part):
            _check_end(circuit, f"part {part.name}", group, size)
        sizes = {circuit.groups[group] for group, size in ends_of(part) if group != GROUND and size is None}
        if len(sizes) > 1:
            ends = ", ".join(f"{group} {circuit.groups[group]}" for group, _ in ends_of(part) if group != GROUND)
            raise ParameterError("circuit", f"part {part.name} between {ends} nodes", "its groups have one size")
        if isinstance(part, Array | Conductors | Switches):
            tied |= {group for group, _ in ends_of(part)}
        elif (driven := driven_by(part)) is not None:
            tied.add(driven)
    for source in circuit.sources:
        _check_end(circuit, "a source", source.group, None)
        tied.add(source.group)
    _check_end(circuit, "outputs", circuit.outputs, None)
    if loose := [group for group in circuit.groups if group not in tied]:
        mend = "tie it by an array, conductors or a driver: its voltage is not determined"
        raise ParameterError("circuit", f"group {loose[0]}, which floats", mend)


def _check_end(circuit: Circuit, who: str, group: str, size: int | None) -> None:
    if group == GROUND:
        return
    if group not in circuit.groups:
        raise ParameterError("circuit", f"{who} at group {group}", f"there are {', '.join(circuit.groups)}")
    if size is not None and circuit.groups[group] != size:
        raise ParameterError("circuit", f"{who} with {size} ends", f"there are {circuit.groups[group]} {group}")


def _check_drivers(circuit: Circuit) -> None:
    drivers = [source.group for source in circuit.sources]
    drivers += [group for part in circuit.parts if (group := driven_by(part)) is not None]
    for group in drivers:
        if group == GROUND or drivers.count(group) > 1:
            what = "ground" if group == GROUND else f"group {group} twice"
            raise ParameterError("circuit", f"drivers of {what}", "a node has one driver, and ground has none")


def _check_phases(circuit: Circuit) -> None:
    names = [phase.name for phase in circuit.phases]
    if not names or len(set(names)) < len(names):
        raise ParameterError("circuit", f"phases {', '.join(names) or 'none'}", "give at least one, each its own name")
    holds = {part.name for part in circuit.of(Hold)}
    sources = {source.group for source in circuit.sources}
    for phase in circuit.phases:
        _check_end(circuit, f"phase {phase.name}", phase.outputs or circuit.outputs, None)
        if strange := set(phase.hold) - holds:
            raise ParameterError("circuit", f"phase {phase.name} with hold {strange.pop()}", "there is no such part")
        if strange := set(phase.inputs or ()) - sources:
            raise ParameterError("circuit", f"phase {phase.name} with input {strange.pop()}", "no source holds it")
    for part in circuit.of(Switches):
        if strange := set(part.closed_in) - set(names):
            raise ParameterError("circuit", f"{part.name}, closed in {strange.pop()}", f"phases: {', '.join(names)}")
