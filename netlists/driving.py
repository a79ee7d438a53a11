"""Drive of a circuit: sources on groups of nodes, and phases that follow each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlists.errors import ParameterError, check_type, real_array, real_number
from netlists.parts import Values
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True, eq=False)
class Kick:
    """Start-up pulse that adds to a source at the beginning of every right-hand side.

    Attributes:
        volts: Height of the pulse at all nodes of the group, or at each, V.
        duration: Duration of the pulse, s.
        discharged: True starts the first right-hand side with all capacitors discharged, so that offsets start it, too;
            False starts it at rest.
    """

    volts: Values
    duration: float
    discharged: bool = False

    __repr__ = short_repr

    def __post_init__(self) -> None:
        volts = real_array("volts", self.volts)
        if volts.ndim:
            object.__setattr__(self, "volts", volts)
        real_number("duration", self.duration)
        check_type("discharged", self.discharged, bool)


@dataclass(frozen=True, eq=False)
class Source:
    """Ideal voltage sources on a group, `weights @ inputs`.

    Attributes:
        group: Group that the sources hold.
        weights: Factor of the inputs, with one input per node; a slice of the inputs; or a matrix, shape
            (nodes, inputs).
        kick: Start-up pulse; None has no pulse.
    """

    group: str
    weights: float | slice | FloatArray = 1.0
    kick: Kick | None = None

    __repr__ = short_repr

    def __post_init__(self) -> None:
        if not isinstance(self.weights, slice):
            weights = real_array("weights", self.weights)
            if weights.ndim:
                object.__setattr__(self, "weights", weights)
        if self.kick is not None:
            check_type("kick", self.kick, Kick)

    @property
    def grounded(self) -> bool:
        """True if the sources hold their group at 0 V, whatever the inputs."""
        return self.kick is None and isinstance(self.weights, np.ndarray) and not self.weights.any()

    def inputs(self, size: int) -> int:
        """Return the number of inputs that a group of the given size requires."""
        match self.weights:
            case slice():
                return int(self.weights.stop)
            case np.ndarray():
                return int(self.weights.shape[1])
        return size

    def volts(self, inputs: FloatArray) -> FloatArray:
        """Compute the voltages of the nodes for inputs (inputs, K), shape (nodes, K), V."""
        match self.weights:
            case slice():
                return inputs[self.weights]
            case np.ndarray():
                return np.asarray(self.weights @ inputs, dtype=np.float64)
            case _:
                return self.weights * inputs

    def matrix(self, size: int, inputs: int) -> FloatArray:
        """Return the weights as a matrix, shape (size, inputs)."""
        match self.weights:
            case slice():
                found = np.eye(inputs)[self.weights]
            case np.ndarray():
                found = np.asarray(self.weights, dtype=np.float64)
            case _:
                found = float(self.weights) * np.eye(size)
        if found.shape != (size, inputs):
            mend = f"must be {(size, inputs)}, nodes and inputs"
            raise ParameterError("circuit", f"weights of source {self.group} of shape {found.shape}", mend)
        return found


@dataclass(frozen=True, eq=False)
class Phase:
    """Phase of a circuit.

    Attributes:
        name: Name of the phase.
        inputs: Groups whose sources are driven in the phase, with the others at 0 V; None drives all.
        outputs: Group that is read at the end of the phase; None reads the outputs of the circuit.
        hold: Names of the `Hold` parts that sample at its end.
        duration: Duration of the phase, s; None derives it from the poles.
    """

    name: str
    inputs: tuple[str, ...] | None = None
    outputs: str | None = None
    hold: tuple[str, ...] = ()
    duration: float | None = None

    __repr__ = short_repr

    def __post_init__(self) -> None:
        if self.duration is not None and not 0 < real_number("duration", self.duration) < np.inf:
            raise ParameterError("duration", self.duration, f"of phase {self.name} must be finite and above 0")
