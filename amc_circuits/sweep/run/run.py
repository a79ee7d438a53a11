"""Run of a sweep: an executor computes the missing points; rows are stored before they are reported."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, partial
from logging import Logger
from pathlib import Path

from amc_circuits.engines import AutoEngine, ExactEngine, NgspiceEngine
from amc_circuits.studies.workers import GRACE, CallTimedOutError, Ended, Executor, WorkerDiedError, made_by
from amc_circuits.sweep.plan.plan import Handling, Plan
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.plan.spec import Sweep
from amc_circuits.sweep.rows.columns import BY_ENGINE
from amc_circuits.sweep.rows.source import picker
from amc_circuits.sweep.run.earlier_rows import other_versions_line, planned
from amc_circuits.sweep.run.outcome import DISAGREE, Outcome, run_point
from amc_circuits.sweep.store import FAILED, INVALID, Row, Store
from amc_circuits.sweep.store.evidence import keep_evidence
from amc_circuits.sweep.store.folder import owned, write_specification
from amc_circuits.sweep.store.row import usable_by
from amc_circuits.values.quantities import counted
from netlists.version import package_version

STORED_EVERY = 0.05
"""Interval between writes, s: rows that end sooner wait, so that quick points share the time of the disk."""
SOLVERS = (ExactEngine.name, NgspiceEngine.name)
COUNTED = ("usable", "cross_checked", "largest_difference", DISAGREE, *(f"{BY_ENGINE}{name}" for name in SOLVERS))
"""Columns that are counted in a summary."""
ATTEMPTS = 2
"""Times that a point is tried when its process dies: the cause may have been another point."""


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


class TooManyFailuresError(RuntimeError):
    """Error that stops a sweep after too many failed points."""


def run_sweep(
    sweep: Sweep,
    folder: Path,
    executor: Callable[[int], AbstractContextManager[Executor]],
    handling: Handling | None = None,
    on_rows: Callable[[Sequence[Row], Plan], None] = lambda rows, plan: None,
) -> Tally:
    """Run the points that the folder does not hold yet.

    Args:
        sweep: The sweep.
        folder: Folder, claimed by this process; one that another process owns is refused.
        executor: Function that makes the executor for a number of points; a context manager. The rows do not depend on
            it.
        handling: How the sweep is run.
        on_rows: Callback with rows that are stored permanently; its first call has none.

    Returns:
        Summary of this sweep's rows in the folder.

    Raises:
        ParameterError: The folder cannot be used.
        TooManyFailuresError: More points failed than allowed.
    """
    handling = handling or Handling()
    with owned(folder) as log, Store(folder, create=True) as store:
        plan = planned(sweep, store, handling)
        write_specification(folder, sweep.text, sweep.resolved())
        log.info("begin: %d points, %d cached; %s", len(plan.numbers), plan.cached, "; ".join(plan.versions.values()))
        if line := other_versions_line(plan):
            log.info(line)
        on_rows((), plan)
        run = _Run(folder, store, plan, handling, log, on_rows)
        if plan.points:
            with executor(len(plan.points)) as executing:
                run.through(executing, plan.points)
        tally = run.summary()
        log.info("end: %d points, %d usable, %d failed", tally.points, tally.usable, tally.failed)
        return tally


@dataclass
class _Run:
    """One run of a sweep."""

    folder: Path
    store: Store
    plan: Plan
    handling: Handling
    log: Logger
    on_rows: Callable[[Sequence[Row], Plan], None]
    failures: int = 0

    def through(self, executor: Executor, points: Iterable[Point], attempt: int = 1) -> None:
        """Run points, and repeat those whose process died."""
        timeout = self.handling.point_timeout
        hard = None if timeout is None else timeout + GRACE
        # if failures are counted, no row waits
        every = 0.0 if self.handling.max_failures else STORED_EVERY
        waiting: list[Ended[Outcome]] = []
        again: list[Point] = []
        stored = 0.0
        try:
            for several in made_by(executor, ((point, self._call(point)) for point in points), hard):
                for ended in several:
                    if isinstance(ended.error, WorkerDiedError) and attempt < ATTEMPTS:
                        again.append(ended.tag)
                    else:
                        waiting.append(ended)
                if waiting and time.monotonic() - stored >= every:
                    done, waiting = waiting, []
                    self._store(done)
                    stored = time.monotonic()
        finally:  # also if Ctrl-C or the end of a scheduler came before a row was stored
            if waiting:
                self._store(waiting)
        if again:
            self.log.info("once more: %s, whose processes died", ", ".join(str(point.number) for point in again))
            self.through(executor, again, attempt + 1)

    def _call(self, point: Point) -> Callable[[], Outcome]:
        """Make the call of a point. Its simulation gives up, and keeps its deck, before its process is ended."""
        limit = self.handling.point_timeout
        if limit is not None and limit < point.options.get("timeout", 0.0):
            point = replace(point, options=point.options | {"timeout": limit})
        return partial(run_point, point)

    def _store(self, several: Sequence[Ended[Outcome]]) -> None:
        done = [(self._row(ended.tag, _outcome_of(ended, self.handling)), ended) for ended in several]
        self.store.put((row, ended.result.waveforms if ended.result else None) for row, ended in done)
        rows = [row for row, _ in done]
        for row in rows:
            self.log.info("%d %s %.3f s %s", row.number, row.status, row.wall_time_s, row.error)
        self.on_rows(rows, self.plan)
        self.failures += sum(row.failed for row in rows)
        if self.handling.max_failures is not None and self.failures >= self.handling.max_failures:
            self.log.info("stopped: %d failures", self.failures)
            raise TooManyFailuresError(
                f"stopped after {counted(self.failures, 'failed point')} (max_failures); what is done is kept, "
                f"the same command goes on; amc table {self.folder} shows why they failed"
            )

    def _row(self, point: Point, outcome: Outcome) -> Row:
        subject = point.subject
        engine = subject.engine(point.options)
        named = subject.names_files(point.options)
        if named and subject.key(point.options, self.plan.versions[engine]) != point.key:
            outcome = Outcome(INVALID, error="a file that it names changed while the sweep ran; run the sweep again")
        error, kept = outcome.error, ""
        try:
            if outcome.evidence or self.handling.retry_failed:
                kept = keep_evidence(self.folder, point.number, outcome.evidence)
        except OSError as problem:
            error += f"; its deck and log cannot be kept: {problem.strerror or problem}"
        return Row(
            key=point.key,
            number=point.number,
            parameters=point.parameters,
            status=outcome.status,
            figures=outcome.figures,
            error=error,
            kept=kept,
            wall_time_s=outcome.wall_time_s,
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=point.options.get("seed", 0),
            host=outcome.host,
            engine=engine,
            engine_version=self.plan.versions[engine],
            design_sha256=outcome.design_sha256,
            deck_sha256=outcome.deck_sha256,
            package_version=package_version(),
        )

    def summary(self) -> Tally:
        """Summarize the rows of the folder; if `auto` was never checked by ngspice, check a row first."""
        tally, wanted = Tally(auto=AutoEngine.name in self.plan.versions), iter(self.plan.numbers.tolist())
        unchecked = _unchecked(self.store, self.plan)
        if unchecked is not None:
            tally.check_failed = self._check(unchecked)
        pick = cache(lambda form: picker(form, COUNTED))
        number = next(wanted, None)
        for row in self.store.packed():
            if row.number == number:
                tally.add(row.status, *pick(row.form)(row))
                if tally.first_failed is None and row.status in (FAILED, INVALID):
                    tally.first_failed = self.store.unpacked(row)
                number = next(wanted, None)
            else:
                tally.others += 1
        return tally

    def _check(self, row: Row) -> str:
        """Solve a row with both engines; return why that failed. The row is usable and stays as it is then."""
        with_waveforms = self.handling.with_waveforms or self.store.waveforms(row.number) is not None
        word, name = row.subject
        point = Point(row.key, row.number, name, row.options, with_waveforms, word)
        outcome: Outcome = self._call(replace(point, options=row.options | {"cross_check": 1.0}))()
        if outcome.status == FAILED and DISAGREE not in outcome.figures:
            self.log.info("%d could not be checked: %s", row.number, outcome.error)
            return f"row {row.number}: {outcome.error}"
        self._store([Ended(point, outcome)])
        return ""


def _outcome_of(ended: Ended[Outcome], handling: Handling) -> Outcome:
    """Outcome of a point, also if its process died."""
    if ended.result is not None:
        return ended.result
    if isinstance(ended.error, CallTimedOutError):
        error = f"took longer than {handling.point_timeout:g} s (point_timeout) and was ended"
        return Outcome(FAILED, error=error, evidence=dict(ended.left))
    if isinstance(ended.error, WorkerDiedError):
        error = f"its process died, {ATTEMPTS} times: {ended.error}"
        return Outcome(FAILED, error=error, evidence=dict(ended.left))
    return Outcome(FAILED, error=f"{type(ended.error).__name__}: {ended.error}")


def _unchecked(store: Store, plan: Plan) -> Row | None:
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
