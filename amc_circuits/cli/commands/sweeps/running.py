"""Work of `amc sweep`: run the points and print their summary, or print what would be run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

from amc_circuits.cases.options import JOBS
from amc_circuits.cli.messages import NO_RESULT, USABLE, finish
from amc_circuits.files.run_folder import check_folder
from amc_circuits.studies.workers import Executor, Workers
from amc_circuits.sweep.plan.plan import Handling, Plan, check_engines_of, check_files_of
from amc_circuits.sweep.plan.spec import Sweep, read_sweep
from amc_circuits.sweep.run.earlier_rows import other_versions_line
from amc_circuits.sweep.run.estimate import estimate
from amc_circuits.sweep.run.outcome import PRELOADED
from amc_circuits.sweep.run.progress import reporting
from amc_circuits.sweep.run.run import run_sweep
from amc_circuits.sweep.run.tally import Tally
from amc_circuits.sweep.store import Row
from amc_circuits.values.quantities import counted, format_quantity
from netlists import ParameterError

LONGEST_SHARD = 40
"""Largest number of characters of a shard; Python reads no number of more than 4300 digits."""


def run_points(
    spec: Path, out: Path | None, jobs: str, progress: bool, options: dict[str, Any], scheduler: str | None
) -> None:
    """Run a sweep and print its summary."""
    if out is None:
        raise ParameterError("out", "nothing", "name a folder for the rows; only --dry-run does without")
    check_folder(out, "sweep")
    plan, executor, handling = read_sweep(spec), _executor(JOBS.parse(jobs), scheduler), _handling_of(options)
    _check_waveforms(plan, handling)
    check_engines_of(plan)  # before the folder is created
    check_files_of(plan)
    if scheduler is not None and not out.exists():  # of a folder that is there, all rows may be there, too
        _cluster(scheduler).check_scheduler(scheduler)
    with reporting(progress) as on_rows:

        def on_progress(rows: Sequence[Row], plan: Plan) -> None:
            if not rows and (line := other_versions_line(plan)):
                print(f"amc: {line}", file=sys.stderr, flush=True)
            on_rows(rows, plan)

        tally = run_sweep(plan, out, executor, handling, on_progress)
    _summary(tally, out)
    finish(NO_RESULT if tally.usable < tally.points else USABLE)


def print_plan(spec: Path, out: Path | None, jobs: str, options: dict[str, Any], scheduler: str | None) -> None:
    """Print the planned work; write nothing."""
    if scheduler is not None:
        raise ParameterError(
            "scheduler", scheduler, "is not asked by --dry-run; give its number of processes as --jobs"
        )
    if out is not None:
        check_folder(out, "sweep")
    processes, handling = JOBS.parse(jobs), _handling_of(options)
    plan = read_sweep(spec)
    _check_waveforms(plan, handling)
    found = estimate(plan, out, processes, handling)
    points, failed = len(found.plan.numbers), found.plan.failed_before
    cached = found.plan.cached - (0 if handling.retry_failed else failed)
    again = " (to be run again)" if handling.retry_failed else " (--retry-failed runs them again)"
    counts = f"{points - cached - failed} new, {cached} cached, {failed} failed before{again if failed else ''}"
    older = other_versions_line(found.plan)
    print(f"{counted(points, 'point')}: {counts}", *[older] * bool(older), *found.lines(processes), sep="\n")


def _check_waveforms(plan: Sweep, handling: Handling) -> None:
    if handling.with_waveforms and plan.word == "run":
        raise ParameterError("waveforms", "true", f"has no effect on the run {plan.circuit}; leave it out")


def _executor(processes: int, scheduler: str | None) -> Callable[[int], AbstractContextManager[Executor]]:
    """Choose the processes of this machine, or the Dask cluster of a scheduler.

    Raises:
        ParameterError: Both are requested, or Dask is not installed.
    """
    if scheduler is None:
        return lambda points: Workers(min(processes, points), PRELOADED)
    if processes > 1:
        raise ParameterError("scheduler", scheduler, "its cluster says how many points run at a time; leave out --jobs")
    workers = _cluster(scheduler).DaskWorkers
    return lambda points: workers(scheduler)


def _cluster(scheduler: str) -> ModuleType:
    """Import what needs Dask.

    Raises:
        ParameterError: Dask is not installed.
    """
    try:
        import amc_circuits.sweep.run.cluster as cluster
    except ModuleNotFoundError as error:
        if error.name != "distributed":
            raise
        raise ParameterError("scheduler", scheduler, "needs Dask: pip install 'amc[cluster]'") from None
    return cluster


def _handling_of(parsed: dict[str, Any]) -> Handling:
    """Convert parsed options to the handling of a sweep.

    Raises:
        ParameterError: An option cannot be used.
    """
    if parsed["point_timeout"] is not None and parsed["point_timeout"] <= 0:
        raise ParameterError("point_timeout", parsed["point_timeout"], "must be more than 0 s")
    return Handling(
        retry_failed=parsed["retry_failed"],
        max_failures=parsed["max_failures"],
        point_timeout=parsed["point_timeout"],
        with_waveforms=parsed["waveforms"],
        shard=_shard(parsed["shard"]),
    )


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, _, count = text.partition("/")
    whole = first.isdecimal() and count.isdecimal() and len(text) < LONGEST_SHARD
    if not (whole and 1 <= int(first) <= int(count)):
        raise ParameterError("shard", repr(text), "must be I/N with I from 1 to N, as 2/4")
    return int(first), int(count)


def _summary(tally: Tally, folder: Path) -> None:
    """Print the summary of a sweep."""
    counts = f"{counted(tally.points, 'point')}, {tally.usable} usable, {tally.points - tally.usable} not"
    others = f" (and {counted(tally.others, 'row')} of other specifications or versions)" if tally.others else ""
    engines = ", ".join(f"{name} ({count})" for name, count in tally.by_engine.items())
    solved = f"; solved by {engines}" if engines else ""
    print(f"{counts}{others}{solved}; show them with: amc table {folder}")
    if (first := tally.first_failed) is not None:
        where = f"; deck and log: {folder / first.kept}" if first.kept else ""
        print(f"{tally.failed} failed, the first (row {first.number}): {first.error}{where}")
    if tally.cross_checked:
        largest = format_quantity(tally.largest_difference, "%")
        differ = f"the engines differ by at most {largest} of full scale"
        print(f"{counted(tally.cross_checked, 'right-hand side')} checked by ngspice: {differ}")
    elif tally.auto and tally.by_engine["exact"] and not (tally.check_failed or tally.disagree):
        print("no right-hand side checked by ngspice")
    if tally.check_failed:
        print(f"ngspice could check none of the figures by the exact engine ({tally.check_failed})")
    if tally.disagree:
        where = counted(tally.disagree, "point")
        print(f"the engines disagree in {where}: all figures by the exact engine are in doubt")
