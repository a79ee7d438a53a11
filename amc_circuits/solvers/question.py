"""Right-hand sides of a circuit, with their exact answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

from amc_circuits.cells.system import System
from amc_circuits.values.checks import Numbers
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Question:
    """Right-hand sides of a circuit, with their exact answers.

    Attributes:
        vectors: Right-hand sides as the user gave them, shape (n, K), real or complex.
        reference: Exact answers for the wanted matrix, shape (N, K).
        columns: Right-hand sides as columns of the circuit's inputs, shape (inputs, C): `System.columns`.
        target: Exact answers of the programmed matrix for these columns, shape (outputs, C).
        single: True if the user gave one vector.
    """

    vectors: Numbers
    reference: Numbers
    columns: FloatArray
    target: FloatArray
    single: bool

    __repr__ = short_repr

    @classmethod
    def of(cls, system: System, vectors: Numbers, columns: FloatArray, target: FloatArray, single: bool) -> Self:
        """Build a question whose reference follows from the target."""
        return cls(vectors, system.values(target, vectors.shape[1]), columns, target, single)

    def part(self, column: int) -> str:
        """Part of a complex right-hand side for a real matrix in a column, `Re` or `Im`; empty if it is the whole."""
        return "" if self.columns.shape[1] == self.vectors.shape[1] else ("Re", "Im")[column % 2]

    @cached_property
    def groups(self) -> list[range]:
        """Places of the columns of every right-hand side: one, or two if it is complex and the matrix real."""
        each = self.columns.shape[1] // self.vectors.shape[1]
        return [range(first, first + each) for first in range(0, self.columns.shape[1], each)]
