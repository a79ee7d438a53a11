"""What the inversions of a training cost: one entry each, and their sums."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from optimizer.linear_solver import SolveResult


@dataclass(frozen=True)
class Inversion:
    """One inversion of one damped factor.

    Attributes:
        step: Number of the training step before which it was done.
        factor: Name, such as `conv1.a_factor`.
        size: Width of the factor, which is also the number of right-hand sides.
        condition: Condition number of the damped factor.
        simulated_seconds: Sum of the settling times.
        joules: Energy; None where unknown.
        relative_error: Against Cholesky, Frobenius norm.
        cross_checked: How many right-hand sides a second engine solved, too.
        largest_difference: Of the two engines' waveforms, in units of full scale; None where none was checked.
        lifting_cost: Of cells that were lifted to g_min, relative to the factor, Frobenius norm.
    """

    step: int
    factor: str
    size: int
    condition: float
    simulated_seconds: float
    joules: float | None
    relative_error: float
    cross_checked: int
    largest_difference: float | None
    lifting_cost: float


@dataclass(frozen=True)
class Failure:
    """One inversion without a usable answer, in whose place an older inverse was kept.

    Attributes:
        step: Number of the training step before which it was tried.
        factor: Name, such as `conv1.a_factor`.
        size: Width of the factor.
        condition: Condition number of the damped factor.
        reason: Why, in one line.
    """

    step: int
    factor: str
    size: int
    condition: float
    reason: str


@dataclass
class Ledger:
    """The inversions of one training, in the order in which they were done.

    Attributes:
        inversions: One entry each.
        failures: Those that have no entry among them.
        slowest: The result with the longest settling time, kept whole for its waveforms; None where no circuit
            computed.
    """

    inversions: list[Inversion] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    slowest: SolveResult | None = field(default=None, repr=False)

    def add(self, step: int, factor: str, condition: float, result: SolveResult) -> None:
        """Enters the inversion of a factor whose condition number was `condition`."""
        size = len(result.value)
        cost = (result.simulated_seconds, result.joules, result.relative_error)
        check = (result.cross_checked, result.largest_difference, result.lifting_cost)
        self.inversions.append(Inversion(step, factor, size, condition, *cost, *check))
        if result.longest_settling_time > (self.slowest.longest_settling_time if self.slowest else 0.0):
            self.slowest = result

    @property
    def tried(self) -> int:
        """Number of inversions, those without a usable answer included."""
        return len(self.inversions) + len(self.failures)

    @property
    def largest_lifting_cost(self) -> float:
        """Of all factors; 0 where no cell was lifted."""
        return max((entry.lifting_cost for entry in self.inversions), default=0.0)

    @property
    def right_hand_sides(self) -> int:
        """Number of right-hand sides of all inversions."""
        return sum(inversion.size for inversion in self.inversions)

    @property
    def simulated_seconds(self) -> float:
        """Sum of all settling times."""
        return sum(inversion.simulated_seconds for inversion in self.inversions)

    @property
    def mean_settling_time(self) -> float | None:
        """Seconds a right-hand side; None where no circuit computed."""
        return self.simulated_seconds / self.right_hand_sides if self.simulated_seconds else None

    @property
    def joules(self) -> float | None:
        """Energy of all inversions; None where that of one is unknown, or there is none."""
        known = [inversion.joules for inversion in self.inversions if inversion.joules is not None]
        return sum(known) if known and len(known) == len(self.inversions) else None

    @property
    def median_error(self) -> float | None:
        """Median relative error of the inversions; None where there is none."""
        return float(np.median([entry.relative_error for entry in self.inversions])) if self.inversions else None

    @property
    def largest_error(self) -> float | None:
        """Largest relative error of the inversions; None where there is none."""
        return max((entry.relative_error for entry in self.inversions), default=None)

    @property
    def cross_checked(self) -> int:
        """How many right-hand sides of all inversions a second engine solved, too."""
        return sum(inversion.cross_checked for inversion in self.inversions)

    @property
    def largest_difference(self) -> float | None:
        """Largest difference of two engines' waveforms, in units of full scale; None where none was checked."""
        known = [inversion.largest_difference for inversion in self.inversions]
        return max((difference for difference in known if difference is not None), default=None)

    @property
    def largest_condition(self) -> float | None:
        """Largest condition number of the damped factors; None where there is none."""
        return max((entry.condition for entry in self.inversions), default=None)
