"""The user's system of equations, and the real, scaled matrix that an array is programmed with.

N complex equations are 2N real ones, `[[Re A, -Im A], [Im A, Re A]]` for `[Re x; Im x]`. A real matrix with complex
vectors stays as it is: real and imaginary part are two vectors, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from amc_circuits.cells.scaling import Scaling, scaling_factors
from amc_circuits.values.checks import Numbers
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class System:
    """The system of an array, and the conversion of a user's vectors to circuit inputs and of outputs back.

    Attributes:
        matrix: A, shape (N, M), real or complex.
        programmed: Programmed real matrix S, shape (outputs, inputs).
        input_factors: Factor on every input of the circuit, shape (inputs,).
        output_factors: Factor on every output, shape (outputs,).
        scaling: Scaling of S.
    """

    matrix: Numbers
    programmed: FloatArray
    input_factors: FloatArray
    output_factors: FloatArray
    scaling: Scaling = "none"

    __repr__ = short_repr

    @classmethod
    def inverse(cls, matrix: Numbers, scaling: Scaling) -> Self:
        """Build the system `A x = b`, solved as `S y = D_r b`, `x = D_c y`.

        Raises:
            ParameterError: This scaling does not apply to the matrix.
        """
        rows, columns, scaled = _scaled(matrix, scaling)
        return cls(matrix, scaled, rows, columns, scaling)

    @classmethod
    def product(cls, matrix: Numbers, scaling: Scaling) -> Self:
        """Build the product `y = A x`, computed as `D_r y = S (D_c^-1 x)`.

        Raises:
            ParameterError: This scaling does not apply to the matrix.
        """
        rows, columns, scaled = _scaled(matrix, scaling)
        return cls(matrix, scaled, 1 / columns, 1 / rows, scaling)

    @property
    def complex(self) -> bool:
        """True if A is complex, so that every line carries a real or an imaginary part."""
        return np.iscomplexobj(self.matrix)

    def output_names(self, letter: str, part: str) -> tuple[str, ...]:
        """Names of outputs that are parts of complex numbers, such as `Re x1`; empty for real ones.

        Args:
            letter: Letter of the solution.
            part: `Re` or `Im` if one column is one part of a complex vector.
        """
        parts = ("Re", "Im") if self.complex else (part,) if part else ()
        return tuple(f"{part} {letter}{k + 1}" for part in parts for k in range(len(self.output_factors) // len(parts)))

    def columns(self, vectors: Numbers) -> FloatArray:
        """Convert vectors, as columns, to values of the circuit's inputs, shape (inputs, K).

        Complex vectors with a real matrix give (inputs, 2K): each real part is followed by its imaginary part.
        """
        if self.complex:
            parts = np.vstack([vectors.real, vectors.imag])
        elif np.iscomplexobj(vectors):
            parts = np.stack([vectors.real, vectors.imag], axis=2).reshape(len(vectors), -1)
        else:
            parts = vectors
        return np.asarray(parts * self.input_factors[:, None], dtype=np.float64)

    def values(self, outputs: FloatArray, count: int) -> Numbers:
        """Convert outputs, (outputs, columns) in units of the scaled system, to the user's values, (N or M, count)."""
        parts = outputs * self.output_factors[:, None]
        if self.complex:
            real, imaginary = np.split(parts, 2)
        elif parts.shape[1] == count:
            return parts
        else:
            real, imaginary = parts[:, ::2], parts[:, 1::2]
        return np.asarray(real + 1j * imaginary)


def embedded(matrix: Numbers) -> FloatArray:
    """Write a complex matrix as a real one of twice the size; a real one stays as it is."""
    if not np.iscomplexobj(matrix):
        return matrix
    return np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])


def _scaled(matrix: Numbers, scaling: Scaling) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Compute factors of rows and columns, and S, all real."""
    rows, columns = scaling_factors(matrix, scaling)
    scaled = embedded(matrix if scaling == "none" else rows[:, None] * matrix * columns)
    copies = 2 if np.iscomplexobj(matrix) else 1
    return np.tile(rows, copies), np.tile(columns, copies), scaled
