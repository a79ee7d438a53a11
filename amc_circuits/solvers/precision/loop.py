"""Loop that refines answers of an approximate inverse: flexible GCR with a short memory, or plain refinement.

Flexible GCR: Eisenstat, Elman and Schultz, SIAM J. Numer. Anal. 20, 345 (1983), doi 10.1137/0720023, with an inverse
that need not be linear (Saad, SIAM J. Sci. Comput. 14, 461 (1993), doi 10.1137/0914028), truncated to the last
directions. It minimizes the norm of the residual along a new direction z whose `A z` is made orthogonal to those kept.
So the residual cannot grow. Plain refinement multiplies the residual by `I - A P` a cycle and converges if and only if
the spectral radius of this matrix is below 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from amc_circuits.results.status import Status
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.solvers.precision.statuses import CONVERGED, DIVERGED, OUT_OF_CYCLES, STALLED
from amc_circuits.solvers.precision.words import Words
from netlists.record import FloatArray
from netlists.short_text import short_repr

WATCHED, LEAST_GAIN = 5, 0.05
"""The loop stalls if so many cycles together take less than this part off the residual; choices of this package."""
GROWN = 1e3
"""Growth of the residual over the right-hand side at which the loop diverges; a choice of this package."""

Inverse = Callable[[FloatArray], Words]
"""Approximate answers for residuals (n, k), rounded."""
Product = Callable[[Words], FloatArray]
"""Exact product of the matrix with rounded answers, shape (n, k): with the same whole numbers as in x."""


@dataclass(frozen=True)
class Trace:
    """Result of the loop for K columns.

    Attributes:
        value: Solution x, shape (N, K).
        residuals: Relative residuals after 0, 1, 2 ... cycles by the loop's own recurrence, shape (C + 1, K); nan after
            the end of a column.
        statuses: Status of each column.
    """

    value: FloatArray
    residuals: FloatArray
    statuses: tuple[Status, ...]

    __repr__ = short_repr


@dataclass
class Directions:
    """The last pairs z, A z of every column; those of A z are orthonormal.

    Attributes:
        memory: Number of pairs that are kept.
        pairs: The pairs, the oldest first, each of shape (N, k).
    """

    memory: int
    pairs: list[tuple[FloatArray, FloatArray]] = field(default_factory=list)

    def orthonormal(self, z: FloatArray, product: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Make A z orthogonal to those kept and of length 1, and change z with it; columns without length become 0."""
        for old, its_product in self.pairs:
            share = (its_product * product).sum(axis=0)
            z, product = z - share * old, product - share * its_product
        length = np.linalg.norm(product, axis=0)
        factor = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
        return z * factor, product * factor

    def keep(self, z: FloatArray, product: FloatArray) -> None:
        """Keep a pair, and drop the oldest one beyond the memory."""
        self.pairs = [*self.pairs, (z, product)][-self.memory :] if self.memory else []

    def select(self, columns: NDArray[np.bool_]) -> None:
        """Drop the other columns."""
        self.pairs = [(z[:, columns], product[:, columns]) for z, product in self.pairs]


def refine_columns(
    columns: FloatArray, inverse: Inverse, product: Product, weights: FloatArray, parameters: Refinement
) -> Trace:
    """Run the loop for right-hand sides, all columns together; each ends by itself.

    Args:
        columns: Right-hand sides that are not zero, shape (N, K).
        inverse: Approximate inverse; called with the residuals of the columns that have not ended.
        product: Exact product.
        weights: Factors on the entries of a residual in the norm of the result, shape (N,).
        parameters: Method, memory, bits, largest number of cycles.
    """
    scale = np.linalg.norm(weights[:, None] * columns, axis=0)
    value, residual = np.zeros_like(columns), columns.copy()
    sizes, norms = [np.ones(columns.shape[1])], [np.linalg.norm(columns, axis=0)]
    ended: list[Status | None] = [None] * columns.shape[1]
    directions = Directions(parameters.memory)
    active = np.arange(columns.shape[1])
    while active.size:
        z, change = _step(inverse(residual[:, active]), product, residual[:, active], directions, parameters.method)
        value[:, active] += z
        residual[:, active] -= change
        found, norm = np.full(len(scale), np.nan), np.full(len(scale), np.nan)
        found[active] = np.linalg.norm(weights[:, None] * residual[:, active], axis=0) / scale[active]
        norm[active] = np.linalg.norm(residual[:, active], axis=0)
        sizes.append(found)
        norms.append(norm)
        for k in active:
            ended[k] = _end([one[k] for one in sizes], [one[k] for one in norms], parameters)
        going = np.array([ended[k] is None for k in active])
        directions.select(going)
        active = active[going]
    return Trace(value, np.array(sizes), tuple(one for one in ended if one is not None))


def _step(
    words: Words, product: Product, residual: FloatArray, directions: Directions, method: str
) -> tuple[FloatArray, FloatArray]:
    """Return the changes of x and of A x in one cycle."""
    z, change = words.values, product(words)
    if method == "plain":
        return z, change
    z, change = directions.orthonormal(z, change)
    directions.keep(z, change)
    step = (change * residual).sum(axis=0)
    return step * z, step * change


def _end(sizes: list[float], norms: list[float], parameters: Refinement) -> Status | None:
    """Return the status of a column that ends, from its residuals so far in both norms; None if it goes on."""
    if sizes[-1] <= 2.0**-parameters.bits:
        return CONVERGED
    if not np.isfinite(norms[-1]) or norms[-1] > GROWN * norms[0]:
        return DIVERGED
    if len(norms) > WATCHED and norms[-1] > (1 - LEAST_GAIN) * norms[-1 - WATCHED] and parameters.method == "gcr":
        return STALLED
    return OUT_OF_CYCLES if len(norms) > parameters.max_cycles else None
