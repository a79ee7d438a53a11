"""Least squares, shortest solutions and a ridge as a symmetric system `(X^T X + ridge) y = g`, and its circuit.

X has no fewer rows than columns. For a tall A it is A: y is x, and g is `A^T b`. For a wide one it is `A^T`: g is b,
and x is `A^T y`, the right inverse of A applied to b.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from amc_circuits.cells.system import System, embedded
from amc_circuits.results.measurement import relative_error
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.least_squares.ginv import GinvCircuit
from amc_circuits.values.checks import Numbers
from netlists import Circuit, ParameterError
from netlists.circuits.ginv import GinvDesign
from netlists.record import FloatArray
from netlists.short_text import short_repr

LEAST = 1e-50
"""Least largest entry of A, and the inverse of the largest one; a choice of this package."""


@dataclass(frozen=True)
class NormalProblem:
    """`(X^T X + ridge) y = g`, with columns of X scaled by powers of two.

    Attributes:
        matrix: A as given, shape (N, M).
        factors: Factors on the columns of X, shape (size,).
        ridge: lambda of `(A^T A + lambda) x = A^T b`, in units of A squared.
    """

    matrix: Numbers
    factors: FloatArray
    ridge: float = 0.0

    __repr__ = short_repr

    @classmethod
    def of(cls, matrix: Numbers, ridge: float, scaled: bool) -> Self:
        """Scale the columns of X, if it is wanted.

        Raises:
            ParameterError: A has not full rank, and there is no ridge, or its squares are no numbers.
        """
        largest = float(np.abs(matrix).max())
        if not LEAST <= largest <= 1 / LEAST:
            mend = f"least squares squares it: multiply A and b so that it is from {LEAST:g} to {1 / LEAST:g}"
            raise ParameterError("A", f"largest entry {largest:g}", mend)
        made = cls(matrix, np.ones(min(matrix.shape) * (1 + np.iscomplexobj(matrix))), ridge)
        if scaled:
            sizes = np.abs(made.held).max(axis=0)
            sizes = np.where(sizes > 0, sizes, sizes.max())
            made = cls(matrix, np.exp2(-np.rint(np.log2(sizes / sizes.max()))), ridge)
        made._check_rank()
        return made

    def _check_rank(self) -> None:
        """Refuse columns of X that depend on each other, as the circuit holds them: scaling takes their units away.

        Raises:
            ParameterError: X has not full rank, and there is no ridge.
        """
        real = 1 + np.iscomplexobj(self.matrix)
        rank, full = int(np.linalg.matrix_rank(self.held)) // real, self.size // real
        if rank < full and self.ridge == 0:
            mend = f"has no single answer, it needs rank {full}; add a ridge, to solve (A^T A + ridge) x = A^T b"
            raise ParameterError("A", f"a matrix of rank {rank}", mend)

    @property
    def wide(self) -> bool:
        """True if A has more columns than rows."""
        return bool(self.matrix.shape[0] < self.matrix.shape[1])

    @cached_property
    def _real(self) -> FloatArray:
        """X as a real matrix, without scaling."""
        real = embedded(self.matrix)
        return real.T if self.wide else real

    @cached_property
    def held(self) -> FloatArray:
        """X, scaled, shape (rows, size)."""
        return np.asarray(self._real * self.factors)

    @property
    def size(self) -> int:
        """Number of unknowns of the loop."""
        return int(self._real.shape[1])

    @property
    def weights(self) -> FloatArray:
        """Factors that bring a residual of the loop to the user's units, shape (size,)."""
        return 1 / self.factors

    @cached_property
    def _system(self) -> System:
        """Conversion of complex numbers, without scaling."""
        real = embedded(self.matrix)
        return System(self.matrix, real, np.ones(real.shape[0]), np.ones(real.shape[1]))

    def columns(self, vectors: Numbers) -> FloatArray:
        """Right-hand sides of the loop, shape (size, K) or, for complex ones of a real matrix, (size, 2 K)."""
        given = self._system.columns(vectors)
        return np.asarray(self.factors[:, None] * given if self.wide else self.held.T @ given)

    def product(self, values: FloatArray) -> FloatArray:
        """Exact product of the loop, shape (size, K)."""
        return np.asarray(self.held.T @ (self.held @ values) + self.ridge * (self.factors**2)[:, None] * values)

    def values(self, found: FloatArray, count: int) -> Numbers:
        """Return the user's x for solutions of the loop."""
        return self._system.values(self.held @ found if self.wide else self.factors[:, None] * found, count)

    def reference(self, vectors: Numbers) -> Numbers:
        """Solution by NumPy: least squares, the shortest one, with the ridge as further rows."""
        if not self.ridge:
            return np.asarray(np.linalg.lstsq(self.matrix, vectors)[0])
        count = self.matrix.shape[1]
        rows = np.vstack([self.matrix, np.sqrt(self.ridge) * np.eye(count)])
        return np.asarray(np.linalg.lstsq(rows, np.vstack([vectors, np.zeros((count, vectors.shape[1]))]))[0])

    @property
    def multiply_adds(self) -> tuple[float, float, float]:
        """Real multiply-adds of the exact product, of the Cholesky factor of the normal equation, and of a solve.

        `2 N M`; `N M^2 + M^3/3`; `N M + M^2`, for N rows and M columns of X.
        """
        rows, columns = sorted(self.matrix.shape)[::-1]
        real = 1 + 3 * np.iscomplexobj(self.matrix)
        product = 2.0 * self.held.size
        return product, float(real * (rows * columns**2 + columns**3 / 3)), float(real * (rows * columns + columns**2))


class NormalCircuit(GinvCircuit):
    """A GINV circuit of a wide matrix `X^T`, read at the column amplifiers: `solve(g)` gives y of `X^T X y = g`.

    At rest `X^T e + G_in v = 0` and `G_f e + X y = 0`, in conductances. So `X^T X y = G_f G_in v`, with v = -k g.
    """

    @classmethod
    def system_of(cls, matrix: Numbers, hardware: Hardware) -> System:
        """Take the matrix as it is; it has as many outputs as inputs."""
        ones = np.ones(len(matrix))
        return System(matrix, np.asarray(matrix), ones, ones)

    @cached_property
    def circuit(self) -> Circuit:
        """Circuit as parts, with other outputs."""
        return self.circuit_of(self.design)

    def circuit_of(self, design: GinvDesign) -> Circuit:
        """Return the circuit of a record, with other outputs."""
        return replace(design.circuit, outputs="x")

    @property
    def sha256(self) -> str:
        """Hash of the circuit."""
        return self.circuit.sha256

    @property
    def gain(self) -> float:
        """Factor from output volts to units of y for an input of 1 V per unit of g."""
        design, unit = self.design, self.mapping.unit / self.mapping.alpha
        return -(unit**2) / (design.input_conductance * design.feedback_conductance)

    def reference(self, columns: FloatArray) -> FloatArray:
        """Solution of the normal equation by NumPy, with the ridge."""
        x = self.system.programmed
        return np.asarray(np.linalg.solve(x @ x.T + self.parameters.ridge * np.eye(len(x)), columns))

    def residual(self, values: Numbers, vectors: Numbers) -> list[float]:
        """Relative residual of the normal equation, for each column."""
        x = self.system.programmed
        found: list[float] = relative_error(x @ (x.T @ values) + self.parameters.ridge * values, vectors).tolist()
        return found
