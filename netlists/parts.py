"""The kinds of parts that circuits are made of. Each is a row of equal things between groups of nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from netlists.arrays.array import Array
from netlists.opamps.records import OpAmp
from netlists.record import FloatArray, ParameterError

GROUND = "0"
"""In the place of a group: the reference node."""
Values = FloatArray | float
"""One number, or one a place."""


@dataclass(frozen=True, eq=False)
class Conductors:
    """Resistors between equal places of two groups, or to ground.

    Attributes:
        name: Starts the names of its elements.
        a: Group.
        b: Group, or `GROUND`.
        siemens: Of all, or of each, shape (nodes,).
        account: To whose account their joules go.
    """

    name: str
    a: str
    b: str
    siemens: Values
    account: str = "amplifiers"

    def __post_init__(self) -> None:
        _positive(self.name, "siemens", self.siemens)


@dataclass(frozen=True, eq=False)
class Capacitors:
    """Capacitors between equal places of two groups, or to ground.

    Attributes:
        name: Starts the names of its elements.
        a: Group.
        b: Group, or `GROUND`.
        farads: Of all, or of each, shape (nodes,).
    """

    name: str
    a: str
    b: str
    farads: Values

    def __post_init__(self) -> None:
        _positive(self.name, "farads", self.farads)


@dataclass(frozen=True, eq=False)
class OpAmps:
    """One op-amp a place.

    Attributes:
        name: Starts the names of its elements.
        inverting: Group, or `GROUND`.
        output: Group that they drive.
        record: What each of them is.
        noninverting: Group, or `GROUND`.
        offset: Besides what the record says, at the non-inverting inputs, shape (nodes,), V; None: nothing.
        label: What one of them is called in messages; the name unless given.
    """

    name: str
    inverting: str
    output: str
    record: OpAmp
    noninverting: str = GROUND
    offset: FloatArray | None = None
    label: str = ""

    def __post_init__(self) -> None:
        if self.inverting == self.noninverting:
            raise ParameterError("circuit", f"op-amps {self.name} with both inputs at {self.inverting}", "differ")


@dataclass(frozen=True, eq=False)
class Switches:
    """Conductors whose value depends on the phase, between equal places of two groups.

    Attributes:
        name: Starts the names of its elements.
        a: Group.
        b: Group, or `GROUND`.
        closed_in: Phases in which they are closed.
        on_resistance: Ohm.
        off_resistance: Ohm.
        transition_time: What its control takes from one state to the other, s; it changes half-way.
        overlap_capacitance: From the control, which moves by a volt, to either end, F.
        account: To whose account their joules go.
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

    @property
    def control(self) -> str:
        """Group of its control nodes in an expanded circuit: 1 V where it is closed, else 0 V."""
        return f"{self.name}ctl"

    def siemens(self, phase: str) -> float:
        """Conductance in a phase, S."""
        return 1 / (self.on_resistance if phase in self.closed_in else self.off_resistance)

    def __post_init__(self) -> None:
        _positive(self.name, "on_resistance", self.on_resistance)
        _positive(self.name, "transition_time", self.transition_time)
        if self.off_resistance <= self.on_resistance:
            raise ParameterError("off_resistance", self.off_resistance, "must pass the resistance of a closed switch")
        if self.overlap_capacitance < 0:
            raise ParameterError("overlap_capacitance", self.overlap_capacitance, "must not be below 0")


@dataclass(frozen=True, eq=False)
class Hold:
    """Sample-and-hold between two groups: buffers whose outputs keep what their inputs were at the end of a phase.

    Attributes:
        name: Starts the names of its elements.
        source: Group that is sampled.
        target: Group that they drive.
        capacitance: Of each, F.
        offset: Adds to what is held, V.
        injection: Charge that the opening switch leaves on the capacitance, C.
        on_resistance: Of the switch that samples, ohm.
    """

    name: str
    source: str
    target: str
    capacitance: float = 1e-12
    offset: float = 0.0
    injection: float = 0.0
    on_resistance: float = 1e3

    def __post_init__(self) -> None:
        _positive(self.name, "capacitance", self.capacitance)


@dataclass(frozen=True, eq=False)
class Limiter:
    """Drives its output by a function of its input: behavioural, without a limit of its own.

    Attributes:
        name: Starts the names of its elements.
        input: Group.
        output: Group that it drives.
        type: `clip`: the input held within plus and minus the level; `dead-zone`: what goes beyond it.
        level: V.
        account: Account of its energy, below 0 while it delivers.
    """

    name: str
    input: str
    output: str
    type: Literal["clip", "dead-zone"]
    level: float
    account: str = "limiters"

    def __post_init__(self) -> None:
        _positive(self.name, "level", self.level)
        if self.type not in ("clip", "dead-zone"):
            raise ParameterError("type", repr(self.type), "take clip or dead-zone")

    def law(self, voltage: FloatArray) -> FloatArray:
        """Output voltages of input voltages, V."""
        held = np.clip(voltage, -self.level, self.level)
        return held if self.type == "clip" else voltage - held

    def slope(self, voltage: FloatArray) -> FloatArray:
        """Derivative of the law; shape of the voltages."""
        inside = np.abs(voltage) < self.level
        return np.where(inside == (self.type == "clip"), 1.0, 0.0)


@dataclass(frozen=True, eq=False)
class Buffers:
    """Ideal buffers: each drives its output to its input's voltage, and takes no current there.

    Attributes:
        name: Starts the names of its elements.
        input: Group.
        output: Group that they drive.
        offset: Adds to the output, V.
    """

    name: str
    input: str
    output: str
    offset: float = 0.0


Part = Array | Conductors | Capacitors | OpAmps | Switches | Hold | Buffers | Limiter


def ends_of(part: Part) -> list[tuple[str, int | None]]:
    """Groups that a part is at, each with the number of nodes that it must have; None: as many as the others."""
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
            return [(part.input, None), (part.output, None)]


def driven_by(part: Part) -> str | None:
    """The group that a part drives, if it does."""
    match part:
        case OpAmps() | Limiter() | Buffers():
            return part.output
        case Hold():
            return part.target
    return None


def _positive(name: str, field: str, values: Values) -> None:
    found = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(found).all() and (found > 0).all()):
        raise ParameterError(field, values, f"of {name} must be finite and above 0")
