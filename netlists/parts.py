"""Types of parts of circuits. Each part is a row of equal elements between groups of nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from netlists.arrays.array import Array
from netlists.errors import ParameterError, check_type, real_array, real_number, shown
from netlists.opamps.records import MacroOpAmp, OpAmp, SinglePoleOpAmp, SubcircuitOpAmp
from netlists.record import FloatArray
from netlists.short_text import short_repr

GROUND = "0"
"""Reference node, used instead of a group."""
Values = FloatArray | float
"""One number, or one for each place."""


@dataclass(frozen=True, eq=False)
class Conductors:
    """Resistors between equal places of two groups, or to ground.

    Attributes:
        name: Prefix of the names of its elements.
        a: Group of the first end.
        b: Group of the second end, or `GROUND`.
        siemens: Conductance of all, or of each, shape (nodes,), S.
        account: Account of their energy.
    """

    name: str
    a: str
    b: str
    siemens: Values
    account: str = "amplifiers"

    __repr__ = short_repr

    def __post_init__(self) -> None:
        _positive(self, "siemens")


@dataclass(frozen=True, eq=False)
class Capacitors:
    """Capacitors between equal places of two groups, or to ground.

    Attributes:
        name: Prefix of the names of its elements.
        a: Group of the first end.
        b: Group of the second end, or `GROUND`.
        farads: Capacitance of all, or of each, shape (nodes,), F.
    """

    name: str
    a: str
    b: str
    farads: Values

    __repr__ = short_repr

    def __post_init__(self) -> None:
        _positive(self, "farads")


@dataclass(frozen=True, eq=False)
class OpAmps:
    """Row of op-amps, one at each place.

    Attributes:
        name: Prefix of the names of its elements.
        inverting: Group of the inverting inputs, or `GROUND`.
        output: Group that they drive.
        record: Record of each op-amp.
        noninverting: Group of the non-inverting inputs, or `GROUND`.
        offset: Offset at the non-inverting inputs, in addition to that of the record, shape (nodes,), V; None has no
            further offset.
        label: Name of one of them in messages; by default the name of the part.
    """

    name: str
    inverting: str
    output: str
    record: OpAmp
    noninverting: str = GROUND
    offset: FloatArray | None = None
    label: str = ""

    __repr__ = short_repr

    def __post_init__(self) -> None:
        name = f"preset({self.record!r}) returns one by name" if isinstance(self.record, str) else ""
        check_type("record", self.record, SinglePoleOpAmp, MacroOpAmp, SubcircuitOpAmp, mend=name)
        if self.offset is not None:
            object.__setattr__(self, "offset", real_array("offset", self.offset))
        if self.inverting == self.noninverting:
            raise ParameterError("circuit", f"op-amps {self.name} with both inputs at {self.inverting}", "differ")


@dataclass(frozen=True, eq=False)
class ClippingOpAmps(OpAmps):
    """Row of op-amps that limit a voltage by their swing: a circuit with them is not linear.

    Attributes and errors are those of `OpAmps`; the record is a macro model, which has a swing.
    """

    __repr__ = short_repr

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.record, MacroOpAmp):
            raise ParameterError("record", self.record.model, f"of {self.name} needs a swing: take a macro model")


@dataclass(frozen=True, eq=False)
class Switches:
    """Conductors whose value depends on the phase, between equal places of two groups.

    Attributes:
        name: Prefix of the names of its elements.
        a: Group of the first end.
        b: Group of the second end, or `GROUND`.
        closed_in: Phases in which they are closed.
        on_resistance: Resistance if closed, ohm.
        off_resistance: Resistance if open, ohm.
        transition_time: Time of the control from one state to the other, s; the switch changes half-way.
        overlap_capacitance: Capacitance from the control, which moves by a volt, to either end, F.
        account: Account of their energy.
    """

    name: str
    a: str
    b: str
    closed_in: tuple[str, ...]
    on_resistance: float
    off_resistance: float = 1e12
    transition_time: float = 1e-12
    overlap_capacitance: float = 0.0
    account: str = "amplifiers"

    __repr__ = short_repr

    @property
    def control(self) -> str:
        """Group of its control nodes in an expanded circuit: 1 V if it is closed, else 0 V."""
        return f"{self.name}ctl"

    def siemens(self, phase: str) -> float:
        """Return the conductance in a phase, S."""
        return 1 / (self.on_resistance if phase in self.closed_in else self.off_resistance)

    def __post_init__(self) -> None:
        _positive(self, "on_resistance")
        _positive(self, "transition_time")
        if real_number("off_resistance", self.off_resistance) <= self.on_resistance:
            raise ParameterError("off_resistance", self.off_resistance, "must pass the resistance of a closed switch")
        if real_number("overlap_capacitance", self.overlap_capacitance) < 0:
            raise ParameterError("overlap_capacitance", self.overlap_capacitance, "must not be below 0")


@dataclass(frozen=True, eq=False)
class Hold:
    """Sample-and-hold between two groups: buffers whose outputs keep the values of their inputs at the end of a phase.

    Attributes:
        name: Prefix of the names of its elements.
        source: Group that is sampled.
        target: Group that they drive.
        capacitance: Capacitance of each, F.
        offset: Voltage that adds to the held value, V.
        injection: Charge that the opening switch leaves on the capacitance, C.
        on_resistance: Resistance of the closed sampling switch, ohm.
        off_resistance: Resistance of the open one, ohm.
    """

    name: str
    source: str
    target: str
    capacitance: float = 1e-12
    offset: float = 0.0
    injection: float = 0.0
    on_resistance: float = 1e3
    off_resistance: float = 1e12

    __repr__ = short_repr

    def __post_init__(self) -> None:
        _positive(self, "capacitance")


@dataclass(frozen=True, eq=False)
class Limiter:
    """Behavioural source that drives its output by a function of its input, without limits of its own.

    Attributes:
        name: Prefix of the names of its elements.
        input: Group of the inputs.
        output: Group that it drives.
        type: Type of function. `clip`: the input limited to plus and minus the level; `dead-zone`: the part of the
            input beyond the level.
        level: Level of the limit, V.
        account: Account of its energy, below 0 while it delivers energy.
        around: Input voltages around which it is linear in linear circuits, shape (size,), V; None for 0 V.
    """

    name: str
    input: str
    output: str
    type: Literal["clip", "dead-zone"]
    level: float
    account: str = "limiters"
    around: FloatArray | None = None

    __repr__ = short_repr

    def __post_init__(self) -> None:
        _positive(self, "level")
        if self.type not in ("clip", "dead-zone"):
            raise ParameterError("type", shown(self.type), "take clip or dead-zone")

    def law(self, voltage: FloatArray) -> FloatArray:
        """Compute output voltages from input voltages, V."""
        held = np.clip(voltage, -self.level, self.level)
        return held if self.type == "clip" else voltage - held

    def slope(self, voltage: FloatArray) -> FloatArray:
        """Compute the derivative of the law; same shape as the voltages."""
        inside = np.abs(voltage) < self.level
        return np.where(inside == (self.type == "clip"), 1.0, 0.0)


@dataclass(frozen=True, eq=False)
class Buffers:
    """Ideal buffers: each drives its output to the voltage of its input, without input current.

    Attributes:
        name: Prefix of the names of its elements.
        input: Group of the inputs.
        output: Group that they drive.
        offset: Voltage that adds to the output, V.
    """

    name: str
    input: str
    output: str
    offset: float = 0.0

    __repr__ = short_repr

    def __post_init__(self) -> None:
        real_number("offset", self.offset)


Part = Array | Conductors | Capacitors | OpAmps | Switches | Hold | Buffers | Limiter


def ends_of(part: Part) -> list[tuple[str, int | None]]:
    """List the groups of a part, each with its required number of nodes; None requires as many as the others."""
    match part:
        case Array():
            rows, columns = part.conductance.shape
            return [(part.word_lines, rows), (part.bit_lines, columns)]
        case Conductors():
            size = len(part.siemens) if isinstance(part.siemens, np.ndarray) else None
            return [(part.a, size), (part.b, size)]
        case Capacitors():
            size = len(part.farads) if isinstance(part.farads, np.ndarray) else None
            return [(part.a, size), (part.b, size)]
        case OpAmps():
            size = None if part.offset is None else len(part.offset)
            return [(part.inverting, size), (part.noninverting, size), (part.output, size)]
        case Switches():
            return [(part.a, None), (part.b, None)]
        case Hold():
            return [(part.source, None), (part.target, None)]
        case Limiter() | Buffers():
            size = None if isinstance(part, Buffers) or part.around is None else len(part.around)
            return [(part.input, size), (part.output, size)]


def driven_by(part: Part) -> str | None:
    """Return the group that a part drives, or None."""
    match part:
        case OpAmps() | Limiter() | Buffers():
            return part.output
        case Hold():
            return part.target
    return None


def _positive(part: Part, field: str) -> None:
    """Refuse a field that is not above 0; convert lists to arrays."""
    value = getattr(part, field)
    found = real_array(field, value)
    if not (np.isfinite(found).all() and (found > 0).all()):
        raise ParameterError(field, shown(value), f"of {part.name} must be finite and above 0")
    if found.ndim:
        object.__setattr__(part, field, found)
