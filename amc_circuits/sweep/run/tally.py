"""Final state of a sweep's folder: what its rows say together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache

from amc_circuits.engines import AutoEngine, ExactEngine, NgspiceEngine
from amc_circuits.sweep.plan.plan import Plan
from amc_circuits.sweep.rows.columns import BY_ENGINE
from amc_circuits.sweep.rows.source import picker
from amc_circuits.sweep.run.outcome import DISAGREE
from amc_circuits.sweep.store import FAILED, INVALID, Row, Store
from amc_circuits.sweep.store.row import usable_by

SOLVERS = (ExactEngine.name, NgspiceEngine.name)
COUNTED = ("usable", "cross_checked", "largest_difference", DISAGREE, *(f"{BY_ENGINE}{name}" for name in SOLVERS))
"""Columns that are counted in a summary."""


@dataclass
class Tally:
    """Final state of a sweep's folder.

    Attributes:
        points: Number of points of the sweep.
        others: Number of other rows in the folder: of other specifications, or of another version.
        usable: Number of points that settled.
        failed: Number of points that could not be simulated.
        first_failed: Failed row of the lowest number.
        auto: True if the engine of some point is `auto`.
        by_engine: Number of right-hand sides that each engine solved; of a training none.
        cross_checked: Number of right-hand sides that both engines solved.
        largest_difference: Largest difference of the engines, as a part of full scale.
        disagree: Number of points that failed because the engines differ.
        check_failed: Why ngspice could not check any of them; empty if it did, or need not.
    """

    points: int = 0
    others: int = 0
    usable: int = 0
    failed: int = 0
    first_failed: Row | None = None
    auto: bool = False
    by_engine: Counter[str] = field(default_factory=Counter)
    cross_checked: int = 0
    largest_difference: float = 0.0
    disagree: int = 0
    check_failed: str = ""

    def add(
        self,
        status: str,
        usable: bool | None,
        cross_checked: int | None,
        difference: float | None,
        disagree: bool | None,
        *solved: int | None,
    ) -> None:
        """Count a row by its status and its values of `COUNTED`."""
        self.points += 1
        self.usable += usable_by(status) if usable is None else bool(usable)
        self.failed += status in (FAILED, INVALID)
        self.disagree += bool(disagree)
        self.by_engine.update({name: count for name, count in zip(SOLVERS, solved, strict=True) if count})
        if cross_checked:
            self.cross_checked += cross_checked
            self.largest_difference = max(self.largest_difference, difference or 0.0)


def tally_of(store: Store, plan: Plan, check_failed: str) -> Tally:
    """Count the rows of a folder.

    Args:
        store: Store of the folder.
        plan: Plan of the sweep.
        check_failed: Why ngspice could not check any row, as in `Tally`.
    """
    tally = Tally(auto=AutoEngine.name in plan.versions, check_failed=check_failed)
    wanted = iter(plan.numbers.tolist())
    pick = cache(lambda form: picker(form, COUNTED))
    number = next(wanted, None)
    for row in store.packed():
        if row.number == number:
            tally.add(row.status, *pick(row.form)(row))
            if tally.first_failed is None and row.status in (FAILED, INVALID):
                tally.first_failed = store.unpacked(row)
            number = next(wanted, None)
        else:
            tally.others += 1
    return tally


def unchecked(store: Store, plan: Plan) -> Row | None:
    """Choose a row of the engine `auto` for a check by ngspice if none was checked, by chance or in a small sweep.

    Rows whose share of checks is 0 are left alone, and those of many trials, which have checks of their own.
    """
    if AutoEngine.name not in plan.versions:
        return None
    wanted, found = set(plan.numbers.tolist()), None
    for row in store.each():
        if row.number in wanted and row.engine == AutoEngine.name:
            if row.figures.get("cross_checked") or row.figures.get(DISAGREE):
                return None
            exact = row.usable and row.figures.get("by_engine", {}).get(ExactEngine.name)
            apart = row.options.get("cross_check") == 0 or row.options.get("monte_carlo") is not None
            if exact and not apart and (found is None or row.key < found.key):
                found = row
    return found
