"""How large is the overhead of a sweep, and what do two processes gain, against a pool and a CSV file?

Method: INV, many seeds of one design by either engine. Each round runs (a) a sweep with one process, (b) with one in
which every point is a call of its own, as with a time limit of points, (c) with two processes, (d) on a Dask cluster of
a scheduler and two workers on this machine, each a process, and (e) the script that one would write instead:
`multiprocessing.Pool(2).imap_unordered` over the same points, metrics written to a CSV file. They take turns, so that a
busy machine slows all. The start of processes, some seconds, is separate in the rates and the gains, and counted in the
comparison with the script.

Printed, medians of the rounds: points a second; the gains of chunks and of two processes; milliseconds of a point with
one process that are not spent in the point itself (draws, simulation, measurement), the start of the process apart;
processor time of the main process, which plans, stores and reports; time of the sweep with two processes in units of
the script's; points a second by Dask in units of those with two processes.
"""

from __future__ import annotations

import csv
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from distributed.deploy.subprocess import SubprocessCluster
from rich import box
from rich.console import Console
from rich.table import Table

from amc_circuits.studies.workers import Executor, Workers
from amc_circuits.sweep.plan.plan import Handling, Plan, plan_of
from amc_circuits.sweep.plan.spec import Sweep, read_sweep
from amc_circuits.sweep.run.cluster import DaskWorkers
from amc_circuits.sweep.run.outcome import PRELOADED, run_point
from amc_circuits.sweep.run.run import run_sweep
from amc_circuits.sweep.store import Row, Store
from benchmarks.machine import machine_line

SPEC = """circuit = "inv"
[fixed]
size = {size}
opamp = "{opamp}"
engine = "{engine}"
input_voltage = 0.02
[grid]
seed = {{range = [0, {points}]}}
"""
CASES = (
    ("exact", "single-pole", 2, 4000),
    ("exact", "single-pole", 16, 2000),
    ("exact", "cmos-100meg", 16, 1000),
    ("ngspice", "single-pole", 16, 300),
)
"""Engine, op-amp, N and points. N = 2 is as quick as a point can be."""
TOGETHER = Handling()
EACH_ALONE = Handling(point_timeout=3600.0)
"""Of points with a time limit each is a call of its own."""
SCALING_ASKED, OVERHEAD_ASKED = 1.8, 1.5


@dataclass(frozen=True)
class Round:
    """Seconds of one round.

    Attributes:
        one: The sweep with one process, its start apart.
        alone: The same, every point a call.
        two: With two.
        two_whole: With two, the start counted.
        dask: On a cluster that runs already, its first imports apart.
        script: The pool and the CSV file, the start counted.
        points: Sum over all points with one process.
        main: Processor time of the main process with one worker, its start apart.
    """

    one: float
    alone: float
    two: float
    two_whole: float
    dask: float
    script: float
    points: float
    main: float


def by_sweep(
    sweep: Sweep,
    folder: Path,
    executor: Callable[[], AbstractContextManager[Executor]],
    handling: Handling = TOGETHER,
) -> tuple[float, float, float, float]:
    """Seconds of a sweep, of its start, which is until the first row less the time of its point, and of its points.

    The last is processor time of this process from the first row on.
    """
    began, first, used = time.perf_counter(), [], []

    def reported(rows: Sequence[Row], _: Plan) -> None:
        if rows:
            first.append(time.perf_counter())
            used.append(time.process_time())

    run_sweep(sweep, folder, lambda points: executor(), handling, reported)
    seconds, own = time.perf_counter() - began, time.process_time() - used[0]
    with Store(folder) as store:
        times = [row.wall_time_s for row in store.each()]
    return seconds, first[0] - began - times[0], sum(times), own


def by_script(sweep: Sweep, file: Path) -> float:
    """Seconds of the pool."""
    began = time.perf_counter()
    points = list(plan_of(sweep, {}, Handling()).points)
    with file.open("w", newline="") as output, multiprocessing.get_context("spawn").Pool(2) as pool:
        writer = csv.writer(output)
        for outcome in pool.imap_unordered(run_point, points):
            writer.writerow([outcome.status, json.dumps(outcome.figures)])
    return time.perf_counter() - began


def one_round(engine: str, opamp: str, size: int, points: int) -> Round:
    """All five, each into a new folder."""
    with tempfile.TemporaryDirectory(prefix="amc-bench-") as name:
        folder = Path(name)
        (folder / "spec.toml").write_text(SPEC.format(engine=engine, opamp=opamp, size=size, points=points))
        sweep = read_sweep(folder / "spec.toml")
        one, start, inside, main = by_sweep(sweep, folder / "one", lambda: Workers(1, PRELOADED))
        alone, start_alone, _, _ = by_sweep(sweep, folder / "alone", lambda: Workers(1, PRELOADED), EACH_ALONE)
        two, start_two, _, _ = by_sweep(sweep, folder / "two", lambda: Workers(2, PRELOADED))
        script = by_script(sweep, folder / "script.csv")
        with SubprocessCluster("127.0.0.1", n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
            dask, start_dask, _, _ = by_sweep(sweep, folder / "dask", lambda: DaskWorkers(cluster.scheduler_address))
        return Round(one - start, alone - start_alone, two - start_two, two, dask - start_dask, script, inside, main)


def table(rounds: int) -> Table:
    """All cases."""
    grid = Table(title=f"INV, medians of {rounds} rounds", title_justify="left", box=box.MARKDOWN)
    headings = ("engine", "op-amp", "N", "points", "1 job, points/s", "gain of chunks", "2 jobs, points/s",
                f"gain (>= {SCALING_ASKED})",
                "overhead, ms a point", f"main process, CPU ms (< {OVERHEAD_ASKED:g})", "2 jobs against the script",
                "Dask against 2 jobs")  # fmt: skip
    for heading in headings:
        grid.add_column(heading, justify="right")
    for engine, opamp, size, points in CASES:
        found = [one_round(engine, opamp, size, points) for _ in range(rounds)]

        def median(values: list[float]) -> float:
            return float(np.median(values))

        grid.add_row(
            engine,
            opamp,
            str(size),
            str(points),
            f"{median([points / each.one for each in found]):.0f}",
            f"{median([each.alone / each.one for each in found]):.2f}",
            f"{median([points / each.two for each in found]):.0f}",
            f"{median([each.one / each.two for each in found]):.2f}",
            f"{median([1e3 * (each.one - each.points) / points for each in found]):.2f}",
            f"{median([1e3 * each.main / points for each in found]):.2f}",
            f"{median([each.two_whole / each.script for each in found]):.2f}",
            f"{median([each.two / each.dask for each in found]):.2f}",
        )
    return grid


def main(
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the table too")] = None,
) -> None:
    """Measure the overhead of a sweep."""
    console = Console(record=True, width=160)
    console.print(machine_line(), highlight=False)
    console.print(table(rounds))
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
