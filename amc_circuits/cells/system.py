"""A system as its user has it, and the real, scaled one that an array is programmed with.

N complex equations are 2N real ones, `[[Re A, -Im A], [Im A, Re A]]` for `[Re x; Im x]`. A real matrix stays as it is
where the vectors are complex: real and imaginary part are two vectors for it, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from amc_circuits.cells.scaling import Scaling, scaling_factors
from amc_circuits.values.checks import Numbers
from netlists.record import FloatArray


@dataclass(frozen=True)
class System:
    """What an array stands for, and the way from a user's vectors to the lines of the circuit and back.

    Attributes:
        matrix: A, shape (N, M), real or complex.
        programmed: S, the real matrix that is programmed, shape (outputs, inputs).
        input_factors: On every input of the circuit, shape (inputs,).
        output_factors: On every output, shape (outputs,).
        scaling: How S was scaled.
    """

    matrix: Numbers
    programmed: FloatArray
    input_factors: FloatArray
    output_factors: FloatArray
    scaling: Scaling = "none"

    @classmethod
    def inverse(cls, matrix: Numbers, scaling: Scaling) -> Self:
        """Of `A x = b`, solved as `S y = D_r b`, `x = D_c y`.

        Raises:
            ParameterError: The matrix cannot be scaled so.
        """
        rows, columns, scaled = _scaled(matrix, scaling)
        return cls(matrix, scaled, rows, columns, scaling)

    @classmethod
    def product(cls, matrix: Numbers, scaling: Scaling) -> Self:
        """Of `y = A x`, multiplied as `D_r y = S (D_c^-1 x)`.

        Raises:
            ParameterError: The matrix cannot be scaled so.
        """
        rows, columns, scaled = _scaled(matrix, scaling)
        return cls(matrix, scaled, 1 / columns, 1 / rows, scaling)

    @property
    def complex(self) -> bool:
        """True where A is complex, so that every line stands for a real or an imaginary part."""
        return np.iscomplexobj(self.matrix)

    def output_names(self, letter: str, part: str) -> tuple[str, ...]:
        """What the outputs are called where they are parts of complex numbers, such as `Re x1`; else none.

        Args:
            letter: Of the answer.
            part: `Re` or `Im`, where one column is one part of a complex vector.
        """
        parts = ("Re", "Im") if self.complex else (part,) if part else ()
        return tuple(f"{part} {letter}{k + 1}" for part in parts for k in range(len(self.output_factors) // len(parts)))

    def columns(self, vectors: Numbers) -> FloatArray:
        """What the circuit's inputs stand for: vectors, as columns, to (inputs, K).

        Of complex vectors for a real matrix (inputs, 2K): after each real part its imaginary part.
        """
        if self.complex:
            parts = np.vstack([vectors.real, vectors.imag])
        elif np.iscomplexobj(vectors):
            parts = np.stack([vectors.real, vectors.imag], axis=2).reshape(len(vectors), -1)
        else:
            parts = vectors
        return np.asarray(parts * self.input_factors[:, None], dtype=np.float64)

    def values(self, outputs: FloatArray, count: int) -> Numbers:
        """What outputs stand for, (outputs, columns) in units of the scaled system, to (N or M, count)."""
        parts = outputs * self.output_factors[:, None]
        if self.complex:
            real, imaginary = np.split(parts, 2)
        elif parts.shape[1] == count:
            return parts
        else:
            real, imaginary = parts[:, ::2], parts[:, 1::2]
        return np.asarray(real + 1j * imaginary)


def embedded(matrix: Numbers) -> FloatArray:
    """A complex matrix as a real one of twice the size; a real one as it is."""
    if not np.iscomplexobj(matrix):
        return matrix
    return np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])


def _scaled(matrix: Numbers, scaling: Scaling) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Factors of rows and columns, and S, all real."""
    rows, columns = scaling_factors(matrix, scaling)
    scaled = embedded(matrix if scaling == "none" else rows[:, None] * matrix * columns)
    copies = 2 if np.iscomplexobj(matrix) else 1
    return np.tile(rows, copies), np.tile(columns, copies), scaled
