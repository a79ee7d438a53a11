"""Exact product of a loop in digital arithmetic, and the face that a product by circuits shares with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from amc_circuits.results.cost.solves import MULTIPLY_ADD
from amc_circuits.solvers.precision.problem import Problem
from amc_circuits.solvers.precision.words import Words
from netlists.record import FloatArray


class ExactProduct(Protocol):
    """Exact product of the matrix with rounded columns, and its cost."""

    def __call__(self, words: Words, /) -> FloatArray:
        """Return the product, shape (N, k)."""

    def cost(self, largest: int) -> tuple[float, float]:
        """Energy, J, and time, s, of the product with one column of words up to a magnitude."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the reader of the result."""

    @property
    def mend(self) -> str:
        """Advice for a product that is not exact enough."""


@dataclass(frozen=True)
class DigitalProduct:
    """Exact product in digital arithmetic, float64.

    Attributes:
        problem: Problem with the matrix.
    """

    problem: Problem

    def __call__(self, words: Words, /) -> FloatArray:
        """Return the product, shape (N, k)."""
        return self.problem.product(words.values)

    def cost(self, largest: int) -> tuple[float, float]:
        """Energy, J, of the product with one column; its time is not counted."""
        return MULTIPLY_ADD * self.problem.multiply_adds[0], 0.0

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the reader of the result: none."""
        return ()

    @property
    def mend(self) -> str:
        """Advice for a residual that is rounding of `A x`, whose terms are far larger than b."""
        return "double precision rounds A x by more than these bits of b; lower bits, or add damping to A"
