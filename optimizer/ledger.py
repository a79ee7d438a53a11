"""Cost of the inversions of a training: one entry each, and their sums."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amc_circuits import short_repr
from optimizer.solve_result import SolveResult

BLOCK_MARK = "["
"""Begin of a block in the name of its factor: `dense1.a_factor[0:113]` holds the places 0 to 112."""


@dataclass(frozen=True)
class Inversion:
    """Inversion of one damped factor.

    Attributes:
        step: Training step before which it ran.
        factor: Name, such as `conv1.a_factor`; of a block `conv1.a_factor[0:113]`.
        size: Width of the factor or block, which is also the number of right-hand sides.
        condition: Condition number of the damped factor.
        simulated_seconds: Sum of the settling times.
        joules: Energy of the circuits without converters, J; None if unknown.
        relative_error: Error relative to Cholesky, Frobenius norm.
        cross_checked: Number of right-hand sides that a second engine also solved.
        largest_difference: Difference of the two engines' waveforms, in units of full scale; None without check.
        lifting_cost: Change of the factor by cells lifted to g_min, relative, Frobenius norm.
        simulated: Places of the right-hand sides whose times and energies are simulated; None for all.
        interval: Half the width of the 95 % interval of the mean settling time, in units of it; 0 for all.
        energy_interval: The same of the mean energy.
        cycles: Passes of right-hand sides through the circuits; without refinement one each.
        cells: Cells that were written, those of rejected layouts left out.
        layouts: Layouts that were programmed until one was taken.
        conversions: Values that DACs and ADCs convert in these passes.
        engines: Names of the engines that simulated it; empty without a circuit.
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
    simulated: tuple[int, ...] | None = None
    interval: float = 0.0
    energy_interval: float = 0.0
    cycles: int = 0
    cells: int = 0
    layouts: int = 0
    conversions: int = 0
    engines: tuple[str, ...] = ()

    __repr__ = short_repr


@dataclass(frozen=True)
class Failure:
    """Inversion without a usable result; an older inverse was kept in its place.

    Attributes:
        step: Training step before which it was tried.
        factor: Name, such as `conv1.a_factor`.
        size: Width of the factor.
        condition: Condition number of the damped factor.
        reason: Reason, in one line.
    """

    step: int
    factor: str
    size: int
    condition: float
    reason: str

    __repr__ = short_repr


@dataclass(frozen=True)
class Slowest:
    """Inversion with the longest settling time.

    Attributes:
        settling_time: Settling time of its slowest right-hand side, s.
        size: Width of the factor.
        ngspice_version: Version of ngspice; None if it did not take part.
        klu: True if ngspice had KLU; None if it did not take part.
        record: Solution of the right-hand sides, as in `SolveResult`; None after a break of the training.
    """

    settling_time: float
    size: int
    ngspice_version: str | None
    klu: bool | None
    record: Any = field(default=None, repr=False, compare=False, metadata={"kept": False})

    @property
    def responses(self) -> tuple[Any, ...]:
        """Waveforms of the right-hand sides; empty after a break of the training."""
        return () if self.record is None else tuple(one for one in self.record.responses if one is not None)


@dataclass
class Ledger:
    """Inversions of one training, in their order.

    Attributes:
        inversions: Successful inversions.
        failures: Failed inversions.
        slowest: Inversion with the longest settling time; None if no circuit computed.
    """

    inversions: list[Inversion] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    slowest: Slowest | None = field(default=None, repr=False)

    __repr__ = short_repr

    def add(self, step: int, factor: str, condition: float, result: SolveResult) -> None:
        """Add the inversion of a factor whose condition number was `condition`."""
        size = len(result.value)
        cost = (result.simulated_seconds, result.joules, result.relative_error)
        check = (result.cross_checked, result.largest_difference, result.lifting_cost)
        drawn = (result.simulated, result.interval, result.energy_interval)
        work = (result.work.cycles, result.work.cells, result.work.layouts, result.work.conversions)
        self.inversions.append(Inversion(step, factor, size, condition, *cost, *check, *drawn, *work, result.engines))
        if result.longest_settling_time > (self.slowest.settling_time if self.slowest else 0.0):
            self.slowest = _slowest(result)

    @property
    def tried(self) -> int:
        """Number of inversions, including failed ones."""
        return len(self.inversions) + len(self.failures)

    @property
    def blocks(self) -> dict[str, int]:
        """Number of blocks of each factor that was cut into blocks."""
        names = [entry.factor for entry in self.inversions] + [entry.factor for entry in self.failures]
        cut = dict.fromkeys(name for name in names if BLOCK_MARK in name)
        return dict(Counter(name.partition(BLOCK_MARK)[0] for name in cut))

    @property
    def largest_lifting_cost(self) -> float:
        """Largest lifting cost of all factors; 0 if no cell was lifted."""
        return max((entry.lifting_cost for entry in self.inversions), default=0.0)

    @property
    def right_hand_sides(self) -> int:
        """Number of right-hand sides of all inversions."""
        return sum(inversion.size for inversion in self.inversions)

    @property
    def extrapolated(self) -> str:
        """Right-hand sides whose times and energies are means of simulated ones; empty if there are none."""
        drawn = [one for one in self.inversions if one.simulated is not None]
        if not drawn:
            return ""
        count = sum(one.size - len(one.simulated or ()) for one in drawn)
        most = [100 * max(getattr(one, name) for one in drawn) for name in ("interval", "energy_interval")]
        means = f"means of times within {most[0]:.3g} %, of energies within {most[1]:.3g} % (95 %)"
        return f"{count}, from {len(drawn[0].simulated or ())} simulated of each wider factor; {means}"

    @property
    def by_engine(self) -> dict[str, int]:
        """Number of inversions that each engine simulated; one may be by two."""
        return dict(sorted(Counter(name for one in self.inversions for name in one.engines).items()))

    @property
    def engines(self) -> str:
        """The same in parentheses; empty if no circuit was simulated."""
        counts = ", ".join(f"{name} {count}" for name, count in self.by_engine.items())
        return f" (engine: {counts})" if counts else ""

    @property
    def cycles(self) -> int:
        """Passes of all right-hand sides through the circuits."""
        return sum(one.cycles for one in self.inversions)

    @property
    def cells(self) -> int:
        """Cells that were written, those of rejected layouts left out."""
        return sum(one.cells for one in self.inversions)

    @property
    def layouts(self) -> int:
        """Layouts that were programmed."""
        return sum(one.layouts for one in self.inversions)

    @property
    def conversions(self) -> int:
        """Values that DACs and ADCs converted."""
        return sum(one.conversions for one in self.inversions)

    @property
    def simulated_seconds(self) -> float:
        """Sum of all settling times."""
        return sum(inversion.simulated_seconds for inversion in self.inversions)

    @property
    def mean_settling_time(self) -> float | None:
        """Mean settling time of a right-hand side, s; None if no circuit computed."""
        return self.simulated_seconds / self.right_hand_sides if self.simulated_seconds else None

    @property
    def joules(self) -> float | None:
        """Energy of all inversions, J; None if one of them is unknown, or there is none."""
        known = [inversion.joules for inversion in self.inversions if inversion.joules is not None]
        return sum(known) if known and len(known) == len(self.inversions) else None

    @property
    def median_error(self) -> float | None:
        """Median relative error of the inversions; None if there is none."""
        return float(np.median([entry.relative_error for entry in self.inversions])) if self.inversions else None

    @property
    def largest_error(self) -> float | None:
        """Largest relative error of the inversions; None if there is none."""
        return max((entry.relative_error for entry in self.inversions), default=None)

    @property
    def cross_checked(self) -> int:
        """Number of right-hand sides of all inversions that a second engine also solved."""
        return sum(inversion.cross_checked for inversion in self.inversions)

    @property
    def largest_difference(self) -> float | None:
        """Largest difference of two engines' waveforms, in units of full scale; None without check."""
        known = [inversion.largest_difference for inversion in self.inversions]
        return max((difference for difference in known if difference is not None), default=None)

    @property
    def conditions(self) -> dict[int, float]:
        """Largest finite condition number of a refresh, also of failed inversions, by the training step."""
        found = [(one.step, one.condition) for one in self.inversions]
        found += [(one.step, one.condition) for one in self.failures]
        worst: dict[int, float] = {}
        for step, condition in found:
            if np.isfinite(condition):
                worst[step] = max(worst.get(step, 0.0), condition)
        return worst

    @property
    def largest_condition(self) -> float | None:
        """Largest condition number of all refreshes; None if there is none."""
        return max(self.conditions.values(), default=None)

    @property
    def median_condition(self) -> float | None:
        """Median over the refreshes of the largest condition number in each; None if there is none.

        Most factors of a network are far better conditioned than its worst one, which decides what a circuit meets.
        """
        worst = self.conditions
        return float(np.median(list(worst.values()))) if worst else None


def _slowest(result: SolveResult) -> Slowest:
    about = result.record.provenance
    return Slowest(result.longest_settling_time, len(result.value), about.ngspice_version, about.klu, result.record)
