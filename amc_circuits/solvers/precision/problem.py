"""Real, scaled system that a loop refines: exact product, right-hand sides, and the way back to the user's x."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from amc_circuits.cells.scaling import Scaling
from amc_circuits.cells.system import System
from amc_circuits.values.checks import Numbers, check_invertible
from netlists import ParameterError
from netlists.record import FloatArray
from netlists.short_text import short_repr


class Problem(Protocol):
    """System of equations that a loop refines."""

    @property
    def matrix(self) -> Numbers:
        """A as given."""

    @property
    def held(self) -> FloatArray:
        """Matrix that the circuit is programmed with."""

    @property
    def size(self) -> int:
        """Number of unknowns of the loop."""

    @property
    def weights(self) -> FloatArray:
        """Factors that bring a residual of the loop to the user's units, shape (size,)."""

    @property
    def multiply_adds(self) -> tuple[float, float, float]:
        """Real multiply-adds of the exact product, of a factorization, and of a solve with it."""

    def columns(self, vectors: Numbers) -> FloatArray:
        """Right-hand sides of the loop, shape (size, K) or, for complex ones of a real matrix, (size, 2 K)."""

    def product(self, values: FloatArray) -> FloatArray:
        """Exact product of the loop, shape (size, K)."""

    def values(self, found: FloatArray, count: int) -> Numbers:
        """Return the user's x for solutions of the loop."""

    def reference(self, vectors: Numbers) -> Numbers:
        """Solution by NumPy."""


@dataclass(frozen=True)
class SquareProblem:
    """`A x = b` of a square matrix, as `S y = D_r b`, `x = D_c y`.

    Attributes:
        system: The user's system, scaled and real.
    """

    system: System

    __repr__ = short_repr

    @classmethod
    def of(cls, matrix: Numbers, scaling: Scaling) -> Self:
        """Scale A and make it real.

        Raises:
            ParameterError: The matrix is singular or not square, or the scaling does not apply to it.
        """
        if matrix.shape[0] != matrix.shape[1]:
            raise ParameterError("A", f"shape {matrix.shape}", "must be square")
        system = System.inverse(matrix, scaling)
        check_invertible("A", system.programmed)
        return cls(system)

    @property
    def matrix(self) -> Numbers:
        """A as given, shape (N, N)."""
        return self.system.matrix

    @property
    def size(self) -> int:
        """Number of unknowns of the loop."""
        return len(self.system.programmed)

    @property
    def held(self) -> FloatArray:
        """Matrix whose inverse the circuit approximates, shape (N, N)."""
        return self.system.programmed

    def columns(self, vectors: Numbers) -> FloatArray:
        """Right-hand sides of the loop, shape (N, K) or, for complex ones of a real matrix, (N, 2 K)."""
        return self.system.columns(vectors)

    @property
    def weights(self) -> FloatArray:
        """Factors that bring a residual of the loop to the user's units, shape (N,)."""
        return 1 / self.system.input_factors

    def product(self, values: FloatArray) -> FloatArray:
        """Exact product of the loop."""
        return np.asarray(self.held @ values)

    def values(self, found: FloatArray, count: int) -> Numbers:
        """Return the user's x for solutions of the loop."""
        return self.system.values(found, count)

    def reference(self, vectors: Numbers) -> Numbers:
        """Solution by NumPy, shape (M, K)."""
        return np.asarray(np.linalg.solve(self.system.matrix, vectors))

    @property
    def multiply_adds(self) -> tuple[float, float, float]:
        """Real multiply-adds of the exact product, of a factorization, and of a solve with it.

        `N^2`, `N^3/3` and `N^2` of LU; a complex multiply-add counts as four real ones.
        """
        real, size = 1 + 3 * self.system.complex, len(self.system.matrix)
        return float(len(self.held) ** 2), real * size**3 / 3, float(real * size**2)
