"""Trainings of a benchmark: every method with every seed, each stored when it ends, so that a broken run goes on."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy import stats
from threadpoolctl import threadpool_limits

from amc_circuits import format_quantity
from benchmarks.training_store import TrainingStore, name_of, read, write
from optimizer.specification import TrainingSpec, make_spec
from optimizer.training import Training

DRAWS = 10_000
"""Draws of the bootstrap."""


@dataclass(frozen=True)
class Method:
    """Subject of a row.

    Attributes:
        label: Text of the row.
        content: Specification as plain data, without the seed.
    """

    label: str
    content: Mapping[str, Any]

    def spec(self, seed: int) -> TrainingSpec:
        """Specification of a seed."""
        return make_spec({**self.content, "seed": seed}, self.label)


@dataclass(frozen=True)
class Run:
    """Result of a training.

    Attributes:
        epochs: Epochs to the target; the largest number of epochs if it was not reached.
        reached: True if it was.
        processor: Processor time, s.
        inversions: Inversions with a result.
        failed: Inversions without one.
        error: Median error of an inversion against Cholesky; None without one.
        largest_error: Largest error.
        cycles: Mean number of cycles of a right-hand side; 0 without circuits.
        widest: Width of the widest matrix that was inverted.
        curve: Epoch and score of every evaluation. Of it and of all below, a result that was stored before they were
            counted has none.
        condition: Condition number of the worst factor of a refresh, median over the refreshes.
        largest_condition: Largest condition number of the run.
        columns: Right-hand sides of all inversions with a result.
        seconds: Sum of the settling times, s; 0 without circuits.
        joules: Energy of the circuits without converters, J; None without circuits.
        reason: Reason of the first inversion without a result; empty if all have one.
    """

    epochs: float
    reached: bool
    processor: float
    inversions: int
    failed: int
    error: float | None
    largest_error: float | None
    cycles: float
    widest: int
    curve: Sequence[Sequence[float]] = ()
    condition: float = math.nan
    largest_condition: float = math.nan
    columns: int = 0
    seconds: float = 0.0
    joules: float | None = None
    reason: str = ""


def run_all(methods: Sequence[Method], seeds: int, jobs: int, folder: Path) -> dict[str, list[Run]]:
    """Train every method with every seed; trainings whose results are in the folder are not repeated."""
    folder.mkdir(parents=True, exist_ok=True)
    store = TrainingStore(folder)
    wanted = [(method, seed) for seed in range(seeds) for method in methods]
    known = [store.path(method.spec(seed)) for method, seed in wanted]
    store.announce_versions([path for path in known if path is not None])
    console = Console(stderr=True)
    with ProcessPoolExecutor(jobs) as pool:
        running = pool.map(_stored, [(*one, folder, path) for one, path in zip(wanted, known, strict=True)])
        runs = list(track(running, "training", len(wanted), console=console, disable=not console.is_terminal))
    found: dict[str, list[Run]] = {method.label: [] for method in methods}
    for (method, _), run in zip(wanted, runs, strict=True):
        found[method.label].append(run)
    return found


def stored(methods: Sequence[Method], seeds: int, folder: Path) -> dict[str, list[Run]]:
    """Results that are in the folder: of the methods that have some, the seeds that all of these have."""
    store = TrainingStore(folder)
    paths = {method.label: {seed: store.path(method.spec(seed)) for seed in range(seeds)} for method in methods}
    there = {label: {seed: path for seed, path in each.items() if path is not None} for label, each in paths.items()}
    started = {label: each for label, each in there.items() if each}
    whole = sorted(set.intersection(*map(set, started.values()))) if started else []
    used = {label: [each[seed] for seed in whole] for label, each in started.items()}
    store.announce_versions([path for each in used.values() for path in each])
    return {label: [Run(**read(path)) for path in each] for label, each in used.items()}


def _stored(given: tuple[Method, int, Path, Path | None]) -> Run:
    """Return the result of a training from its file, or train and write it."""
    method, seed, folder, path = given
    if path is None:
        spec = method.spec(seed)
        path = folder / f"{name_of(spec)}.json"
        write(path, method.label, spec, asdict(_trained(spec)))
    return Run(**read(path))


def _trained(spec: TrainingSpec) -> Run:
    began = time.process_time()
    with threadpool_limits(1):
        result = Training(spec).run()
    ledger, reached = result.ledger, result.epochs_to_target
    return Run(
        epochs=spec.epochs if reached is None else reached,
        reached=reached is not None,
        processor=time.process_time() - began,
        inversions=len(ledger.inversions),
        failed=len(ledger.failures),
        error=ledger.median_error,
        largest_error=ledger.largest_error,
        cycles=ledger.cycles / max(ledger.right_hand_sides, 1),
        widest=max((one.size for one in ledger.inversions), default=0),
        curve=[(one.epoch, one.accuracy if one.test_loss is None else one.test_loss) for one in result.history],
        condition=ledger.median_condition or math.nan,
        largest_condition=ledger.largest_condition or math.nan,
        columns=ledger.right_hand_sides,
        seconds=ledger.simulated_seconds,
        joules=ledger.joules if ledger.simulated_seconds else None,
        reason=ledger.failures[0].reason if ledger.failures else "",
    )


def half(values: Sequence[float]) -> float:
    """Half the width of the 95 % interval of a mean, by Student's t; infinite for a single value."""
    count = len(values)
    return float(stats.t.ppf(0.975, count - 1) * stats.sem(values)) if count > 1 else math.inf


def ratio_of_medians(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Return the ratio of the medians of paired values with its 95 % interval by the bootstrap over pairs."""
    pairs = np.array([ours, theirs])
    drawn = np.random.default_rng(0).integers(pairs.shape[1], size=(DRAWS, pairs.shape[1]))
    medians = np.median(pairs[:, drawn], axis=2)
    low, high = np.percentile(medians[0] / medians[1], [2.5, 97.5])
    return float(np.median(ours) / np.median(theirs)), float(low), float(high)


def table(title: str, found: Mapping[str, list[Run]]) -> Table:
    """A row a method."""
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    headings = ("epochs by seed", "median", "processor", "inversions", "failed", "error, median; largest", "cycles")
    grid.add_column("inverses by", no_wrap=True)
    for heading in headings:
        grid.add_column(heading, justify="right")
    for label, runs in found.items():
        epochs = [run.epochs for run in runs]
        marks = " ".join(f"{run.epochs:.2f}" if run.reached else f"> {run.epochs:.2f}" for run in runs)
        errors = "; ".join(
            format_quantity(max(value for value in values if value is not None), "%", 3)
            for values in ([run.error for run in runs], [run.largest_error for run in runs])
        )
        grid.add_row(
            label,
            marks,
            f"{np.median(epochs):.2f}",
            format_quantity(float(np.median([run.processor for run in runs])), "s", 3),
            str(sum(run.inversions for run in runs)),
            str(sum(run.failed for run in runs)),
            errors if any(run.cycles for run in runs) else "",
            f"{np.mean([run.cycles for run in runs]):.1f}" if any(run.cycles for run in runs) else "",
        )
    return grid
