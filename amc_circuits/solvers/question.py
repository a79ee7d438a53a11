"""What a circuit is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from amc_circuits.cells.system import System
from amc_circuits.values.checks import Numbers
from netlists.record import FloatArray


@dataclass(frozen=True)
class Question:
    """What a circuit is asked.

    Attributes:
        vectors: Right-hand sides as their user has them, shape (n, K), real or complex.
        reference: What the wanted matrix makes of them, shape (N, K).
        columns: What they are for the circuit, shape (inputs, C): `System.columns`.
        target: What the programmed matrix makes of those, shape (outputs, C).
        single: True where it was one vector.
    """

    vectors: Numbers
    reference: Numbers
    columns: FloatArray
    target: FloatArray
    single: bool

    @classmethod
    def of(cls, system: System, vectors: Numbers, columns: FloatArray, target: FloatArray, single: bool) -> Self:
        """A question whose reference is what the target stands for."""
        return cls(vectors, system.values(target, vectors.shape[1]), columns, target, single)

    def part(self, column: int) -> str:
        """What a column is of a complex right-hand side for a real matrix, `Re` or `Im`; empty where it is all."""
        return "" if self.columns.shape[1] == self.vectors.shape[1] else ("Re", "Im")[column % 2]

    @property
    def groups(self) -> list[range]:
        """Places of the columns of every right-hand side: one, or two of a complex one for a real matrix."""
        each = self.columns.shape[1] // self.vectors.shape[1]
        return [range(first, first + each) for first in range(0, self.columns.shape[1], each)]
