"""Run of a sweep: an executor computes the missing points; rows are stored before they are reported."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from logging import Logger
from pathlib import Path

from amc_circuits.studies.workers import GRACE, CallTimedOutError, Ended, Executor, WorkerDiedError, made_by
from amc_circuits.sweep.plan.plan import Handling, Plan, Points
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.plan.spec import Sweep
from amc_circuits.sweep.run.chunks import Chunks
from amc_circuits.sweep.run.earlier_rows import other_versions_line, planned
from amc_circuits.sweep.run.outcome import DISAGREE, Outcome, run_points
from amc_circuits.sweep.run.tally import Tally, tally_of, unchecked
from amc_circuits.sweep.store import FAILED, INVALID, Row, Store
from amc_circuits.sweep.store.evidence import keep_evidence
from amc_circuits.sweep.store.folder import owned, write_specification
from amc_circuits.values.quantities import counted
from netlists.version import package_version

STORED_EVERY = 0.05
"""Interval between writes, s: rows that end sooner wait, so that quick points share the time of the disk."""
Done = tuple[Point, Outcome]
"""A point with its outcome."""
ATTEMPTS = 2
"""Times that a point is tried when its process dies: the cause may have been another point."""


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

    def through(
        self, executor: Executor, points: Points | Sequence[Point], attempt: int = 1, alone: bool = False
    ) -> None:
        """Run points, and repeat alone those whose process died or whose chunk failed as a whole."""
        timeout = self.handling.point_timeout
        hard = None if timeout is None else timeout + GRACE
        # if failures are counted, no row waits
        every = 0.0 if self.handling.max_failures else STORED_EVERY
        waiting: list[Done] = []
        died: list[Point] = []
        spoiled: list[Point] = []
        stored = 0.0
        chunks = Chunks(points, executor, alone or self.handling.alone)
        try:
            for several in made_by(executor, ((chunk, self._call(chunk)) for chunk in chunks), hard):
                for ended in several:
                    if isinstance(ended.error, WorkerDiedError) and attempt < ATTEMPTS:
                        died += ended.tag
                    elif ended.result is None and len(ended.tag) > 1:
                        spoiled += ended.tag
                    else:
                        done = _done(ended, self.handling)
                        chunks.ended(ended.tag, [outcome.wall_time_s for _, outcome in done])
                        waiting += done
                if waiting and time.monotonic() - stored >= every:
                    ready, waiting = waiting, []
                    self._store(ready)
                    stored = time.monotonic()
        finally:  # also if Ctrl-C or the end of a scheduler came before a row was stored
            if waiting:
                self._store(waiting)
        if died:
            self.log.info("once more: %s, whose processes died", _numbers(died))
            self.through(executor, died, attempt + 1, alone=True)
        if spoiled:
            self.log.info("one by one: %s, which could not run together", _numbers(spoiled))
            self.through(executor, spoiled, attempt, alone=True)

    def _call(self, points: Sequence[Point]) -> Callable[[], list[Outcome]]:
        """Make the call of points. A simulation gives up, and keeps its deck, before its process is ended."""
        limit = self.handling.point_timeout
        if limit is not None:
            points = [
                replace(point, options=point.options | {"timeout": limit})
                if limit < point.options.get("timeout", 0.0)
                else point
                for point in points
            ]
        return partial(run_points, points)

    def _store(self, several: Sequence[Done]) -> None:
        done = [(self._row(point, outcome), outcome.waveforms) for point, outcome in several]
        self.store.put(iter(done))
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
        row = unchecked(self.store, self.plan)
        return tally_of(self.store, self.plan, "" if row is None else self._check(row))

    def _check(self, row: Row) -> str:
        """Solve a row with both engines; return why that failed. The row is usable and stays as it is then."""
        with_waveforms = self.handling.with_waveforms or self.store.waveforms(row.number) is not None
        word, name = row.subject
        point = Point(row.key, row.number, name, row.options, with_waveforms, word)
        (outcome,) = self._call([replace(point, options=row.options | {"cross_check": 1.0})])()
        if outcome.status == FAILED and DISAGREE not in outcome.figures:
            self.log.info("%d could not be checked: %s", row.number, outcome.error)
            return f"row {row.number}: {outcome.error}"
        self._store([(point, outcome)])
        return ""


def _numbers(points: Sequence[Point]) -> str:
    return ", ".join(str(point.number) for point in points)


def _done(ended: Ended[list[Outcome]], handling: Handling) -> list[Done]:
    """Points of a call with their outcomes; the process of one that ran alone may have died."""
    if ended.result is not None:
        return list(zip(ended.tag, ended.result, strict=True))
    error, left = f"{type(ended.error).__name__}: {ended.error}", {}
    if isinstance(ended.error, CallTimedOutError):
        error, left = f"took longer than {handling.point_timeout:g} s (point_timeout) and was ended", dict(ended.left)
    elif isinstance(ended.error, WorkerDiedError):
        error, left = f"its process died, {ATTEMPTS} times: {ended.error}", dict(ended.left)
    return [(point, Outcome(FAILED, error=error, evidence=left)) for point in ended.tag]
