"""Circuit: groups of nodes, and rows of equal parts between them. Deck and equations derive from it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar, get_args

import numpy as np

from netlists.arrays.array import Array
from netlists.driving import Phase, Source
from netlists.errors import ParameterError, check_name, check_type
from netlists.opamps.records import OpAmp, SubcircuitOpAmp
from netlists.parts import (
    GROUND,
    Buffers,
    Capacitors,
    ClippingOpAmps,
    Conductors,
    Hold,
    Limiter,
    OpAmps,
    Part,
    Switches,
    driven_by,
    ends_of,
)
from netlists.record import FloatArray, Record
from netlists.short_text import rows_text
from netlists.temperature import NOMINAL_TEMPERATURE

P = TypeVar("P", bound=Part)
PARTS = get_args(Part)
NAME = re.compile(r"[a-z]+")
"""Form of the names of groups and parts."""


@dataclass(frozen=True, eq=False)
class Circuit:
    """Circuit as data, checked when it is created.

    The name of node k of a group, counted from 1, is the group's name and k: `v1`.

    Attributes:
        title: Title for messages; different circuits differ in title or parts.
        groups: Number of nodes of each group.
        parts: Parts between the groups.
        sources: Ideal voltage sources; each holds a group at a linear function of the inputs.
        outputs: Group that is read.
        phases: Phases, one after the other; a circuit without switches has one phase.
        temperature: Temperature of the whole circuit, K.

    Raises:
        ParameterError: If a part names a group that does not exist or has another size, two parts have the same name, a
            node has two drivers or no connection to others, or there are no op-amps.
    """

    title: str
    groups: Mapping[str, int]
    parts: tuple[Part, ...]
    sources: tuple[Source, ...]
    outputs: str
    phases: tuple[Phase, ...] = (Phase("solve"),)
    temperature: float = NOMINAL_TEMPERATURE

    def __repr__(self) -> str:
        rows = {
            "groups": ", ".join(f"{name} {size}" for name, size in self.groups.items()),
            "parts": ", ".join(f"{type(part).__name__} {part.name}" for part in self.parts),
            "sources": ", ".join(source.group for source in self.sources),
            "outputs": self.outputs,
            "phases": ", ".join(phase.name for phase in self.phases) if len(self.phases) > 1 else "",
            "temperature": f"{self.temperature:g} K",
        }
        return rows_text(f"Circuit {self.title}: {sum(self.groups.values())} nodes", rows)

    def __post_init__(self) -> None:
        _check_types(self)
        _check_names(self)
        _check_ends(self)
        _check_drivers(self)
        _check_phases(self)
        if not self.of(OpAmps):
            raise ParameterError("circuit", "no op-amps", "give at least one: it is these that are measured")

    def of(self, kind: type[P]) -> list[P]:
        """Return the parts of one type, in order."""
        return [part for part in self.parts if isinstance(part, kind)]

    def part(self, name: str) -> Part:
        """Return the part with a given name.

        Raises:
            ParameterError: If there is no such part.
        """
        check_name("part", name, [part.name for part in self.parts])
        return next(part for part in self.parts if part.name == name)

    def nodes(self, group: str) -> list[str]:
        """Return the names of the nodes of a group.

        Raises:
            ParameterError: If there is no such group.
        """
        check_name("group", group, self.groups)
        return [f"{group}{k}" for k in range(1, self.groups[group] + 1)]

    def with_parts(self, *parts: Part) -> Circuit:
        """Return the circuit with parts replaced by others with the same names."""
        for part in parts:
            check_type("parts", part, *PARTS)
        other = {part.name: part for part in parts}
        return replace(self, parts=tuple(other.get(part.name, part) for part in self.parts))

    def with_opamps(self, change: Callable[[OpAmp], OpAmp]) -> Circuit:
        """Return the circuit with every op-amp record changed."""
        return self.with_parts(*(replace(part, record=change(part.record)) for part in self.of(OpAmps)))

    def check_one_phase(self) -> None:
        """Reject a circuit with several phases.

        Raises:
            ParameterError: If there are several phases.
        """
        if len(self.phases) > 1:
            names = ", ".join(phase.name for phase in self.phases)
            raise ParameterError("circuit", f"phases {names}", "read them with read_phases or simulate_phases")

    @property
    def inputs(self) -> int:
        """Number of inputs of the circuit."""
        return max((source.inputs(self.groups[source.group]) for source in self.sources), default=0)

    @property
    def discharged(self) -> bool:
        """True if the circuit starts with all capacitors discharged, not at rest."""
        return any(source.kick is not None and source.kick.discharged for source in self.sources)

    @property
    def held(self) -> dict[str, FloatArray]:
        """Volts of each group that sources hold per volt at each input, shape (group, inputs)."""
        inputs = self.inputs
        return {source.group: source.matrix(self.groups[source.group], inputs) for source in self.sources}

    @property
    def opamps(self) -> list[OpAmp]:
        """Distinct op-amp records, in the order of their first use."""
        found: list[OpAmp] = []
        for part in self.of(OpAmps):
            if part.record not in found:
                found.append(part.record)
        return found

    @property
    def amplifiers(self) -> list[str]:
        """Names of all op-amps for messages, in the order of the parts."""
        return [f"{part.label or part.name} {k}" for part in self.of(OpAmps) for k in self._places(part.output)]

    @property
    def accounts(self) -> tuple[str, ...]:
        """Accounts of energy, in order: those of the parts, then that of the amplifiers, which is the remainder."""
        own = [part.account for part in self.parts if isinstance(part, Array | Conductors | Switches | Limiter)]
        return (*(name for name in dict.fromkeys(own) if name != "amplifiers"), "amplifiers")

    @cached_property
    def linear(self) -> bool:
        """True if rest, poles and response of the linear circuit are those of the deck while no limit is reached."""
        bent = any(array.nonlinearity_voltage is not None for array in self.of(Array))
        limited = any(isinstance(part, Limiter | ClippingOpAmps) for part in self.parts)
        return not (bent or limited or any(isinstance(one, SubcircuitOpAmp) for one in self.opamps))

    @cached_property
    def sha256(self) -> str:
        """Hash of the whole circuit: equal circuits have equal hashes, on every machine."""
        digest = hashlib.sha256()
        _add(digest.update, self)
        return digest.hexdigest()

    def _places(self, group: str) -> range:
        return range(1, self.groups[group] + 1)


def _add(update: Callable[[bytes], object], value: object) -> None:
    """Add a value to a hash, piece by piece."""
    if value is None or isinstance(value, (str, int, float)):
        update(f"{value!r};".encode())
        return
    match value:
        case np.ndarray():
            update(f"{value.shape}".encode() + np.ascontiguousarray(value, dtype="<f8").tobytes())
        case Record():
            update(value.sha256.encode())
        case tuple():
            update(b"(")
            for one in value:
                _add(update, one)
            update(b")")
        case Mapping():
            _add(update, tuple(value.items()))
        case Circuit() | Array() | Conductors() | Capacitors() | OpAmps() | Switches() | Hold() | Buffers() | Limiter():
            update(type(value).__name__.encode())
            _add(update, tuple(getattr(value, name) for name in value.__dataclass_fields__))
        case Source() | Phase():
            _add(update, tuple(getattr(value, name) for name in value.__dataclass_fields__))
        case _:
            update(f"{value!r};".encode())


def _check_types(circuit: Circuit) -> None:
    check_type("groups", circuit.groups, Mapping)
    for name, size in circuit.groups.items():
        check_type("groups", name, str)
        check_type("groups", size, int, np.integer)
    for field, types in (("parts", PARTS), ("sources", (Source,)), ("phases", (Phase,))):
        check_type(field, getattr(circuit, field), tuple, list)
        for one in getattr(circuit, field):
            check_type(field, one, *types)
    for part in circuit.parts:
        check_type("name", part.name, str)
        for group, _ in ends_of(part):
            check_type("part", group, str)
    check_type("outputs", circuit.outputs, str)


def _check_names(circuit: Circuit) -> None:
    names = [part.name for part in circuit.parts]
    for name in (*circuit.groups, *names):
        if not NAME.fullmatch(name):
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
        ends = ends_of(part)
        for group, size in ends:
            _check_end(circuit, f"part {part.name}", group, size)
        sizes = {circuit.groups[group] for group, size in ends if group != GROUND and size is None}
        if len(sizes) > 1:
            shown = ", ".join(f"{group} {circuit.groups[group]}" for group, _ in ends if group != GROUND)
            raise ParameterError("circuit", f"part {part.name} between {shown} nodes", "its groups have one size")
        if isinstance(part, (Array, Conductors, Switches)):
            tied |= {group for group, _ in ends}
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
