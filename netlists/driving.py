"""What drives a circuit and when: sources on groups of nodes, and phases that follow each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlists.parts import Values
from netlists.record import FloatArray, ParameterError


@dataclass(frozen=True, eq=False)
class Kick:
    """A start-up pulse that adds to a source at the beginning of every right-hand side.

    Attributes:
        volts: Of all nodes of the group, or of each.
        duration: s.
    """

    volts: Values
    duration: float


@dataclass(frozen=True, eq=False)
class Source:
    """Ideal voltage sources on a group, `weights @ inputs`.

    Attributes:
        group: What they hold.
        weights: A factor of the inputs, one input a node; a slice of the inputs; or a matrix, shape (nodes, inputs).
        kick: A start-up pulse; None: none.
    """

    group: str
    weights: float | slice | FloatArray = 1.0
    kick: Kick | None = None

    def inputs(self, size: int) -> int:
        """How many inputs there must be for a group of that size."""
        match self.weights:
            case slice():
                return int(self.weights.stop)
            case np.ndarray():
                return int(self.weights.shape[1])
        return size

    def volts(self, inputs: FloatArray) -> FloatArray:
        """What the nodes are held at by inputs (inputs, K), shape (nodes, K), V."""
        match self.weights:
            case slice():
                return inputs[self.weights]
            case np.ndarray():
                return np.asarray(self.weights @ inputs, dtype=np.float64)
            case _:
                return self.weights * inputs

    def matrix(self, size: int, inputs: int) -> FloatArray:
        """The weights as a matrix, shape (size, inputs)."""
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
    """One step of what a circuit does.

    Attributes:
        name: Of the phase.
        inputs: Groups whose sources are driven in it, the others at 0 V; None: all.
        outputs: Group that is read at its end; None: that of the circuit.
        hold: Names of the `Hold` parts that sample at its end.
        duration: s; None: from the poles.
    """

    name: str
    inputs: tuple[str, ...] | None = None
    outputs: str | None = None
    hold: tuple[str, ...] = ()
    duration: float | None = None

    def __post_init__(self) -> None:
        if self.duration is not None and not 0 < self.duration < np.inf:
            raise ParameterError("duration", self.duration, f"of phase {self.name} must be finite and above 0")
