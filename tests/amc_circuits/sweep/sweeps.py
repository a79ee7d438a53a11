"""Specifications of small sweeps, ways to run them, and what they stored."""

import os
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.cells.mapping import map_matrix
from amc_circuits.programming.conductances import save_conductances
from amc_circuits.programming.write_verify import Written
from amc_circuits.studies.workers import Workers
from amc_circuits.sweep.plan.plan import Handling
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.plan.spec import sweep_from
from amc_circuits.sweep.run.run import run_sweep
from amc_circuits.sweep.run.tally import Tally
from amc_circuits.sweep.store import Row, Store
from amc_circuits.values.matrices import draw_matrix

FAST = 'circuit = "inv"\n[fixed]\nopamp = "single-pole"\nengine = "ngspice"\n'
GRID = FAST + 'family = "spd"\n[grid]\nsize = [2, 3]\ngbwp = ["16M", "100MEG"]\nseed = {range = [0, 2]}\n'
"""Eight points."""
EXACT = 'circuit = "inv"\n[fixed]\nengine = "exact"\ninput_voltage = 0.02\nsize = 2\n[grid]\n'
"""To go on with axes; no simulator, a few milliseconds a point."""


def rows(folder: Path) -> list[Row]:
    """The rows of the sweep in `out`."""
    return rows_in(folder / "out")


def rows_in(folder: Path) -> list[Row]:
    """The rows of the sweep in this folder."""
    with Store(folder) as store:
        return store.rows()


def exact(seeds: Iterable[int], **fixed: Any) -> dict[str, Any]:
    """A specification without a simulator: a point for each seed."""
    common = {"engine": "exact", "input_voltage": 0.02, "size": 2}
    return {"circuit": "inv", "fixed": common | fixed, "grid": {"seed": list(seeds)}}


def run(
    folder: Path, content: Mapping[str, Any], executor: Any = None, on_rows: Any = lambda rows, plan: None, **how: Any
) -> Tally:
    """Runs a specification in one process, or as an executor does; `how` is that of `Handling`."""
    one = executor or (lambda points: Workers(1))
    return run_sweep(sweep_from(content), folder, one, Handling(**how), on_rows)


def programmed(path: Path, size: int, error: float) -> Path:
    """A file with the array of `size` and seed 0, of whose cells each second one is wrong by so many siemens."""
    matrix = draw_matrix("spd", size, size, None, np.random.default_rng(0))
    mapping = map_matrix(matrix)
    zeros = np.zeros((size, size), dtype=np.int64)
    wrong = error * (np.indices((size, size)).sum(axis=0) % 2)
    targets = [array for array in (mapping.positive, mapping.negative) if array is not None]
    written = [Written(target, target + wrong, zeros, zeros, zeros, zeros, zeros, zeros) for target in targets]
    save_conductances(path, matrix, mapping, (1e-6, 100e-6), written)
    return path


def lasting(row: Row) -> Row:
    """All of a row that depends neither on where and when it was run nor on how long it took."""
    figures = {name: value for name, value in row.figures.items() if name != "wall_time_s"}
    return replace(row, figures=figures, wall_time_s=0.0, finished="", host="")


@dataclass
class Replacing:
    """An executor that makes other calls than those that it is handed: `function(points, call)`, in the process."""

    function: Any
    count: int = 1

    def __enter__(self) -> "Replacing":
        self.workers = Workers(self.count)
        return self

    def __exit__(self, *error: Any) -> None:
        self.workers.__exit__(*error)

    @property
    def capacity(self) -> int:
        """As of the processes."""
        return self.workers.capacity

    @property
    def free(self) -> int:
        """As of the processes."""
        return self.workers.free

    def submit(self, tag: tuple[Point, ...], call: Any, timeout: float | None = None) -> None:
        """Hands over the other call."""
        self.workers.submit(tag, _Other(self.function, tag, call), timeout)

    def finished(self) -> Any:
        """As of the processes."""
        return self.workers.finished()


@dataclass(frozen=True)
class _Other:
    function: Any
    tag: tuple[Point, ...]
    call: Any

    def __call__(self) -> Any:
        return self.function(self.tag, self.call)


def killed_once(marker: Path, points: tuple[Point, ...], call: Any) -> Any:
    """Dies at its first call, once and for all who share the marker."""
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return call()


def killed_always(number: int, points: tuple[Point, ...], call: Any) -> Any:
    """Dies of one point, every time."""
    if number in [point.number for point in points]:
        os._exit(1)
    return call()
