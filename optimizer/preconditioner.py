"""Inverse Kronecker factors: the linear solver inverts each damped factor once, for many steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np

from amc_circuits import EnginesDisagreeError, SimulationError, short_repr
from optimizer.circuit_settings import CircuitSettings
from optimizer.curvature import KroneckerFactors
from optimizer.damping import damped
from optimizer.layers import Array
from optimizer.ledger import BLOCK_MARK, Failure, Ledger
from optimizer.linear_solver import SOLVERS, LinearSolver
from optimizer.model import Weights
from optimizer.solve_result import Matrix, SolveError, SolveResult


@dataclass(frozen=True)
class InverseFactors:
    """Inverses of the two damped factors of one weight, symmetric, float64."""

    a_inverse: Matrix
    g_inverse: Matrix

    __repr__ = short_repr

    def precondition(self, gradient: Array) -> Array:
        """Return `g_inverse gradient a_inverse`: the inverse of the damped Kronecker product times the gradient."""
        return (self.g_inverse @ gradient @ self.a_inverse).astype(gradient.dtype)


@dataclass(frozen=True)
class Inverter:
    """Inverter of factors: it uses a linear solver and records each inversion in a ledger.

    Attributes:
        solver: Linear solver.
        ledger: Record of the inversions.
        announce: Callback with the name of each factor before its inversion.
        on_failure: If the solver has no usable result, `stop` with its error, or `keep` the previous inverse.
    """

    solver: LinearSolver
    ledger: Ledger = field(default_factory=Ledger)
    announce: Callable[[str], None] = lambda name: None
    on_failure: Literal["keep", "stop"] = "stop"

    __repr__ = short_repr

    def invert(
        self,
        step: int,
        name: str,
        factors: KroneckerFactors,
        damping: float,
        before: InverseFactors | None = None,
        array_limit: int | None = None,
    ) -> InverseFactors:
        """Invert both factors of one stage; a factor wider than an array block by block, or whole in steps of blocks.

        Block by block, the diagonal blocks of the damped factor are inverted, each on its own array. The entries
        between blocks are ignored, so the result is block-diagonal.

        Args:
            step: Training step, for the ledger.
            name: Name of the stage, for the ledger and for errors.
            factors: Factors, not damped yet.
            damping: Tikhonov damping of the whole block, positive.
            before: Last inverses of the stage, kept if the solver fails; None before the first: then the inverse of the
                mean eigenvalue times the unit matrix is used.
            array_limit: Largest width of a block; None for that of the solver.

        Raises:
            SolveError: The solver has no usable result, and `on_failure` is `stop`; the message names the factor.
            SimulationError: The simulator failed, and `on_failure` is `stop`.
        """
        both = damped(factors, damping)
        a_before, g_before = (None, None) if before is None else (before.a_inverse, before.g_inverse)
        limit = self.solver.largest if array_limit is None else array_limit
        return InverseFactors(
            self._blockwise(step, f"{name}.a_factor", both.a_factor, a_before, limit),
            self._blockwise(step, f"{name}.g_factor", both.g_factor, g_before, limit),
        )

    def _blockwise(self, step: int, name: str, matrix: Matrix, before: Matrix | None, limit: int | None) -> Matrix:
        parts = block_slices(len(matrix), limit)
        if len(parts) == 1 or self.solver.whole:
            return self._inverse(step, name, matrix, before, limit)
        inverse = np.zeros_like(matrix)
        for part in parts:
            block = f"{name}{BLOCK_MARK}{part.start}:{part.stop}]"
            old = None if before is None else before[part, part]
            inverse[part, part] = self._inverse(step, block, matrix[part, part], old)
        return inverse

    def _inverse(self, step: int, name: str, matrix: Matrix, before: Matrix | None, limit: int | None = None) -> Matrix:
        try:
            result = self._solve(step, name, matrix, limit)
        except EnginesDisagreeError:  # then no result of either engine is reliable
            raise
        except (SolveError, SimulationError) as error:
            if self.on_failure == "stop":
                raise
            reason = " ".join(str(error).split())
            self.ledger.failures.append(Failure(step, name, len(matrix), _condition(matrix), reason))
            return _first_inverse(matrix) if before is None else before
        self.ledger.add(step, name, _condition(matrix), result)
        # The result of a circuit is not exactly symmetric; its symmetric part is nearer to the inverse.
        return (result.value + result.value.T) / 2

    def _solve(self, step: int, name: str, matrix: Matrix, limit: int | None) -> SolveResult:
        self.announce(f"inverting {name}, {len(matrix)} wide")
        try:
            return self.solver.compute(self.solver.init(matrix, limit), np.eye(len(matrix)))
        except SolveError as error:
            raise SolveError(f"inversion of {name} ({len(matrix)} wide) at step {step}: {error}") from error


def block_slices(width: int, limit: int | None) -> list[slice]:
    """Cut the places of a factor into the fewest runs of at most `limit`, whose lengths differ by at most one."""
    count = 1 if limit is None else math.ceil(width / limit)
    edges = [width * part // count for part in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(edges)]


def make_inverter(
    solver: str,
    circuit: CircuitSettings,
    seed: int,
    ledger: Ledger,
    announce: Callable[[str], None] = lambda name: None,
) -> Inverter:
    """Build the inverter of a training, new or continued.

    Args:
        solver: Name of the linear solver.
        circuit: Circuit of the solver `inv-circuit`.
        seed: Seed of the random errors of the circuits.
        ledger: Record of the inversions; those in it are not repeated, and their random draws are left out.
        announce: Callback with the name of each factor before its inversion.
    """
    on_failure = circuit.on_failure if solver == "inv-circuit" else "stop"
    return Inverter(SOLVERS[solver](circuit, seed, ledger.tried), ledger, announce, on_failure)


def _condition(matrix: Matrix) -> float:
    return float(np.linalg.cond(matrix)) if np.isfinite(matrix).all() else math.inf


def _first_inverse(matrix: Matrix) -> Matrix:
    """Inverse of the mean eigenvalue times the unit matrix: the scale of the factor, without its directions."""
    mean = float(np.trace(matrix)) / len(matrix)
    return np.eye(len(matrix)) / (mean if math.isfinite(mean) and mean > 0 else 1.0)


def kl_scale(directions: Weights, gradients: Weights, learning_rate: float, kl_clip: float) -> float:
    """Return the factor, at most 1, that keeps the predicted change of the model's distribution within `kl_clip`.

    With `F direction ~ gradient`, the step `learning_rate * scale * direction` moves the output distribution by about
    `learning_rate^2 scale^2 sum(direction * gradient) / 2` nats (Ba, Grosse, Martens 2017, "Distributed second-order
    optimization using Kronecker-factored approximations", section 5). As is usual the half is left out.

    Args:
        directions: Preconditioned gradients, one per weight.
        gradients: Gradients, one per weight.
        learning_rate: Step size.
        kl_clip: Bound on the change, positive.
    """
    change = learning_rate**2 * sum(float(np.vdot(d, g)) for d, g in zip(directions, gradients, strict=True))
    return min(1.0, (kl_clip / change) ** 0.5) if change > 0 else 1.0


def precondition(inverses: Sequence[InverseFactors], gradients: Weights) -> Weights:
    """Return each weight's gradient, preconditioned by its own inverse factors."""
    return tuple(inverse.precondition(gradient) for inverse, gradient in zip(inverses, gradients, strict=True))
