"""Designs side by side on the same matrices: metrics of every seed, their bands, and ratios to the first design."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amc_circuits.results.cost import COMPONENTS
from amc_circuits.results.status import is_usable
from amc_circuits.results.trials import worst_of
from amc_circuits.studies.statistics import Spread, spread
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import counted
from netlists.record import FloatArray
from netlists.short_text import short_repr
from netlists.version import package_version

if TYPE_CHECKING:
    from amc_circuits.pictures.comparison import Bars, Dots

ENERGY, AREA = "energy", "area"
STRUCTURE = (*COMPONENTS, AREA)
"""Metrics of the circuit itself, which are known without a usable result."""
UNITS = {"settling_time": "s", "relative_error": "%", "residual": "%", AREA: "m2"}
"""Units of metrics for tables; energies are in joules, counts are plain numbers."""


@dataclass(frozen=True)
class Run:
    """Metrics of one design with one seed.

    Attributes:
        seed: Seed of matrix, right-hand side and all spread of the parts.
        status: Name of the status; `FAILED` if the simulator failed.
        metrics: Metrics by name, nan where unknown; for several right-hand sides, the worst value.
        error: Reason why it is not usable.
        notes: Notes for the reader, one sentence each.
        by_engine: Number of right-hand sides that each engine solved; empty if that is not known.
    """

    seed: int
    status: str
    metrics: dict[str, float]
    error: str = ""
    notes: tuple[str, ...] = ()
    by_engine: Mapping[str, int] = field(default_factory=dict)

    __repr__ = short_repr

    @property
    def usable(self) -> bool:
        """True if every right-hand side has a usable result."""
        return is_usable(self.status)


@dataclass(frozen=True)
class DesignRuns:
    """All runs of one design, in the order of the seeds.

    Attributes:
        name: Name of the design for tables and pictures.
        circuit: Name of the circuit.
        options: Options of the design as given.
        runs: One run a seed.
    """

    name: str
    circuit: str
    options: Mapping[str, Any]
    runs: tuple[Run, ...]

    __repr__ = short_repr

    def values(self, metric: str) -> FloatArray:
        """Values of a metric, shape (seeds,); nan if it is not known.

        A run that is not usable has counts and area only.
        """
        always = metric in STRUCTURE
        return np.array([run.metrics.get(metric, np.nan) if run.usable or always else np.nan for run in self.runs])

    @property
    def usable(self) -> int:
        """Number of usable runs."""
        return sum(run.usable for run in self.runs)

    @property
    def statuses(self) -> dict[str, int]:
        """Number of runs by status, the most frequent first."""
        return dict(Counter(run.status for run in self.runs).most_common())

    @property
    def by_engine(self) -> dict[str, int]:
        """Number of right-hand sides that each engine solved, the most frequent first."""
        return dict(sum((Counter(run.by_engine) for run in self.runs), Counter[str]()).most_common())


@dataclass(frozen=True)
class Comparison:
    """Result of a comparison.

    Attributes:
        designs: Runs of every design; all have the same seeds.
        problem: Options of the matrices and right-hand sides that all designs have in common.
    """

    designs: tuple[DesignRuns, ...]
    problem: Mapping[str, Any] = field(default_factory=dict)

    __repr__ = short_repr

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of all designs."""
        return tuple(run.seed for run in self.designs[0].runs)

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics that some design has: times, energies, errors, component counts, then area."""
        names = dict.fromkeys(name for design in self.designs for run in design.runs for name in run.metrics)
        known = [name for name in names if any(np.isfinite(design.values(name)).any() for design in self.designs)]
        return sorted(known, key=_place)

    def spread(self, place: int, metric: str) -> Spread:
        """Statistics of a metric of the design at a place, over the usable seeds."""
        return spread(self.designs[place].values(metric))

    def ratio(self, place: int, metric: str) -> Spread:
        """Statistics of the ratios to the first design, paired by seed, over the seeds in which both are usable."""
        first = self.designs[0].values(metric)
        known = np.where(first == 0, np.nan, first)
        return spread(self.designs[place].values(metric) / known)

    @property
    def title(self) -> str:
        """Title of tables and pictures: circuits, matrices and seeds."""
        circuits = " and ".join(dict.fromkeys(design.circuit.upper() for design in self.designs))
        size, columns, matrix = (self.problem.get(name) for name in ("size", "columns", "matrix"))
        shape = "" if size is None else f" {size} x {columns or size}, {self.problem.get('family')}"
        return f"{circuits}{shape if matrix is None else f', {Path(matrix).name}'}: {counted(len(self.seeds), 'seed')}"

    def plot(self, path: str | Path) -> None:
        """Draw all metrics: medians as dots with their bands, every seed as a stroke, and energies by account.

        Equal areas are left out.
        """
        from amc_circuits.pictures.comparison import plot_comparison  # here, for it needs Matplotlib

        plot_comparison(self._panels(), [design.name for design in self.designs], Path(path), self.title)

    def _panels(self) -> list[Dots | Bars]:
        from amc_circuits.pictures.comparison import Bars, Dots

        places = range(len(self.designs))
        panels: list[Dots | Bars] = []
        for name in self.metrics:
            if name in COMPONENTS or name.startswith(f"{ENERGY}_"):
                continue
            bands = [(one.median, one.q05, one.q95) for one in (self.spread(place, name) for place in places)]
            if name == AREA and len(set(bands)) == 1:
                continue
            values = [design.values(name) for design in self.designs]
            panels.append(Dots(words_of(name), unit_of(name), values, bands))
        for title, wanted in (("energy by account, median", f"{ENERGY}_"), ("components, median", "")):
            names = [name for name in self.metrics if (name.startswith(wanted) if wanted else name in COMPONENTS)]
            medians = {words_of(name, wanted): [self.spread(place, name).median for place in places] for name in names}
            if medians:
                panels.append(Bars(title, "J" if wanted else "", medians))
        return panels

    @property
    def record(self) -> dict[str, Any]:
        """Comparison as plain data for JSON; numbers in SI units, shares as fractions."""
        found = {
            "problem": {name: value for name, value in self.problem.items() if value is not None},
            "seeds": list(self.seeds),
            "designs": [self._record_of(place) for place in range(len(self.designs))],
            "package_version": package_version(),
        }
        return {name: plain(value) for name, value in found.items()}

    def _record_of(self, place: int) -> dict[str, Any]:
        design = self.designs[place]
        return {
            "design": design.name,
            "circuit": design.circuit,
            "options": {name: value for name, value in design.options.items() if value not in (None, False)},
            "statuses": design.statuses,
            "by_engine": design.by_engine,
            "metrics": {name: asdict(self.spread(place, name)) for name in self.metrics},
            "ratios": {name: asdict(self.ratio(place, name)) for name in self.metrics},
            "each": [
                {"seed": run.seed, "status": run.status, "error": run.error, **run.metrics} for run in design.runs
            ],
        }

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One row for each design and metric, with its band and its ratio to the first design."""
        return [self._row(place, name) for place in range(len(self.designs)) for name in self.metrics]

    def _row(self, place: int, metric: str) -> dict[str, Any]:
        band, ratio = self.spread(place, metric), self.ratio(place, metric)
        unit = unit_of(metric)
        found = {"design": place + 1, "name": self.designs[place].name, "metric": metric}
        found |= {"unit": "1" if unit in ("%", "") else unit, "seeds": band.count}
        found |= {name: getattr(band, name) for name in ("median", "q05", "q95")}
        return found | {f"ratio_{name}": getattr(ratio, name) for name in ("median", "q05", "q95")}


def metrics_of(record: Mapping[str, Any], usable: bool) -> dict[str, float]:
    """Metrics of a comparison from metrics as in a record; for several right-hand sides, the worst value.

    Args:
        record: Settling time, energies, relative error and residual, by the names of `cases.record`.
        usable: True if every right-hand side settled.
    """
    accounts = record.get("energy_j") or {"total": record.get("energy_total_j")}
    found = {
        "settling_time": record.get("settling_time_s"),
        **{ENERGY if name == "total" else f"{ENERGY}_{name}": joules for name, joules in accounts.items()},
        "relative_error": record.get("relative_error"),
        "residual": record.get("residual"),
    }
    return {name: worst_of(value, usable) for name, value in found.items()}


def unit_of(metric: str) -> str:
    """Unit of a metric for tables; `%` for a share that is stored as a fraction, empty for a count."""
    return "J" if metric.startswith(ENERGY) else UNITS.get(metric, "")


def words_of(metric: str, prefix: str = "") -> str:
    """Name of a metric in words, without a prefix."""
    return metric.removeprefix(prefix).replace("op_amps", "op-amps").replace("_", " ")


def _place(metric: str) -> int:
    """Place of a metric in tables."""
    if metric in STRUCTURE:
        return 4 + STRUCTURE.index(metric)
    return {"settling_time": 0, "relative_error": 2, "residual": 3}.get(metric, 1)
