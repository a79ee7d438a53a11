"""Low-precision arrays, and iterative refinement with what they hold of a matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lu_factor, lu_solve

from amc_circuits import InvCircuit
from amc_circuits.cells.devices import Device, programmed
from amc_circuits.cells.draws import Draws
from amc_circuits.cells.mapping import map_matrix
from netlists.record import FloatArray

G_MIN, G_MAX = 0.5e-6, 35e-6
"""S: the 40 nm TaOx chip of Nature Electronics 2025, doi 10.1038/s41928-025-01477-0 (second hand)."""
SMALLEST, LARGEST, STEPS = 1e-10, 1e10, 2000
"""Refinement ends at these residuals, of the first one, or after so many steps."""
CIRCUIT_SMALLEST, CIRCUIT_STEPS = 1e-6, 40


@dataclass(frozen=True)
class Point:
    """Size, condition number, bits; and the share that the design notes name."""

    size: int
    condition: float
    bits: int
    noted: str


def device(bits: int) -> Device:
    """Cells of 2^bits levels."""
    return Device(g_min=G_MIN, g_max=G_MAX, levels=2**bits)


def held(matrix: FloatArray, bits: int) -> FloatArray:
    """Matrix A_0 that cells of 2^bits levels hold for A, shape (N, N)."""
    mapping = programmed(device(bits), map_matrix(matrix, G_MIN, G_MAX), Draws(0))
    return np.asarray(mapping.alpha * mapping.difference / mapping.unit)


def spectral_radius(matrix: FloatArray, low: FloatArray) -> float:
    """Spectral radius of `I - A A_0^-1`; infinite if A_0 has no inverse."""
    try:
        factors = np.eye(len(matrix)) - np.linalg.solve(low.T, matrix.T).T
    except np.linalg.LinAlgError:
        return np.inf
    return float(np.abs(np.linalg.eigvals(factors)).max()) if np.isfinite(factors).all() else np.inf


def refine(
    matrix: FloatArray,
    solve: Callable[[FloatArray], FloatArray],
    b: FloatArray,
    smallest: float = SMALLEST,
    steps: int = STEPS,
) -> FloatArray:
    """Residuals of refinement by `solve` in the 2-norm, of the first one: after 0, 1, 2 ... steps."""
    x, residual, sizes = np.zeros_like(b), b, [1.0]
    while len(sizes) <= steps and smallest < sizes[-1] < LARGEST:
        x = x + solve(residual)
        residual = b - matrix @ x
        sizes.append(float(np.linalg.norm(residual) / np.linalg.norm(b)))
    return np.array(sizes)


def factor(sizes: FloatArray) -> float:
    """Mean factor on the residual a step, over the later half of the steps; nan if there was no solution."""
    middle = len(sizes) // 2
    return float((sizes[-1] / sizes[middle - 1]) ** (1 / (len(sizes) - middle)))


@dataclass(frozen=True)
class Case:
    """One matrix, what is held of it, a right-hand side and the spectral radius."""

    matrix: FloatArray
    bits: int
    b: FloatArray
    radius: float


def refined(case: Case) -> FloatArray:
    """Residuals of refinement in NumPy."""
    factors = lu_factor(held(case.matrix, case.bits))
    return refine(case.matrix, lambda residual: lu_solve(factors, residual), case.b)


def circuit_of(case: Case) -> InvCircuit:
    """The INV circuit of A whose cells hold A_0."""
    return InvCircuit.program(
        case.matrix, opamp="single-pole", device=device(case.bits), inverter_resistance=1e3, engine="exact"
    )
