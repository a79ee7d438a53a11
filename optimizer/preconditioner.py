"""Inverse Kronecker factors: each damped factor inverted once by the linear solver, then used for many steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from optimizer.curvature import KroneckerFactors
from optimizer.damping import damped
from optimizer.layers import Array
from optimizer.ledger import Ledger
from optimizer.linear_solver import LinearSolver, SolveError, SolveResult
from optimizer.model import Weights


@dataclass(frozen=True)
class InverseFactors:
    """The inverses of the two damped factors of one weight, symmetric, float64."""

    a_inverse: NDArray[np.float64]
    g_inverse: NDArray[np.float64]

    def precondition(self, gradient: Array) -> Array:
        """Returns `g_inverse gradient a_inverse`: the damped Kronecker product's inverse, times the gradient."""
        return (self.g_inverse @ gradient @ self.a_inverse).astype(gradient.dtype)


@dataclass(frozen=True)
class Inverter:
    """Inverts factors by a linear solver and enters each inversion into a ledger.

    Attributes:
        solver: The linear solver.
        ledger: Where the inversions are entered.
        announce: Is told the name of each factor before its inversion.
    """

    solver: LinearSolver
    ledger: Ledger = field(default_factory=Ledger)
    announce: Callable[[str], None] = lambda name: None

    def invert(self, step: int, name: str, factors: KroneckerFactors, damping: float) -> InverseFactors:
        """Inverts both factors of one stage.

        Args:
            step: The training step, for the ledger.
            name: The stage's name, for the ledger and for errors.
            factors: The factors, not damped yet.
            damping: Tikhonov damping of the whole block, positive.

        Raises:
            SolveError: The solver has no usable answer; the message names the factor.
        """
        both = damped(factors, damping)
        return InverseFactors(
            self._inverse(step, f"{name}.a_factor", both.a_factor),
            self._inverse(step, f"{name}.g_factor", both.g_factor),
        )

    def _inverse(self, step: int, name: str, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        result = self._solve(step, name, matrix)
        self.ledger.add(step, name, float(np.linalg.cond(matrix)), result)
        # A circuit's answer is not exactly symmetric; half the sum is nearer to the inverse, which is.
        return (result.value + result.value.T) / 2

    def _solve(self, step: int, name: str, matrix: NDArray[np.float64]) -> SolveResult:
        self.announce(f"inverting {name}, {len(matrix)} wide")
        try:
            return self.solver.compute(self.solver.init(matrix), np.eye(len(matrix)))
        except SolveError as error:
            raise SolveError(f"inversion of {name} ({len(matrix)} wide) at step {step}: {error}") from error


def kl_scale(directions: Weights, gradients: Weights, learning_rate: float, kl_clip: float) -> float:
    """Returns the factor, at most 1, that keeps the predicted change of the model's distribution within `kl_clip`.

    With `F direction ~ gradient`, the step `learning_rate * scale * direction` moves the output distribution by about
    `learning_rate^2 scale^2 sum(direction * gradient) / 2` nats (Ba, Grosse, Martens 2017, "Distributed second-order
    optimization using Kronecker-factored approximations", section 5). As is usual the half is left out.

    Args:
        directions: Preconditioned gradients, one a weight.
        gradients: The gradients.
        learning_rate: Step size.
        kl_clip: Bound, positive.
    """
    change = learning_rate**2 * sum(float(np.vdot(d, g)) for d, g in zip(directions, gradients, strict=True))
    return min(1.0, (kl_clip / change) ** 0.5) if change > 0 else 1.0


def precondition(inverses: Sequence[InverseFactors], gradients: Weights) -> Weights:
    """Returns each weight's gradient, preconditioned by its own inverse factors."""
    return tuple(inverse.precondition(gradient) for inverse, gradient in zip(inverses, gradients, strict=True))
