"""What do second-order trainings at small dampings lose if every inverse comes from a circuit, and what does it cost?

Method: two tasks on `ocr-letters`. A network of two convolutions, batch 256, K-FAC by a rate, damping 0.02, scored on
the test images, targets 84, 86, 87 and 88 % in one run. An autoencoder 128-64-32-16-32-64-128, batch 512, K-FAC by the
quadratic model, damping from 1 down to a floor of 0.001, inverses every 20 steps, target 20 nats; its first factor is
129 wide, in blocks. The inverses are those of Cholesky; of circuits with ideal cells; of circuits with cells of eight
levels, each column refined to 8 bits; and of the same cells in one pass. All start from the same weights and see the
same batches, seed by seed. A failed inversion keeps the inverse before. The exact engine simulates: with ideal cells
every column, of refined and of wide factors 16 columns; the values of the others are those of the circuits at rest.

Bias: the settings were found by searches for Cholesky's inverses, with other seeds (100 to 102). The damping, or its
floor, is varied around them, nothing is chosen on the seeds shown. Every programming is a new array without wires and
offsets; refined columns pass converters of 8 bits, the others none. Time and energy are those of settling: converters,
programming, digital arithmetic and failed inversions come on top. A run that misses a target counts as its largest
number of epochs, and its mean is marked `>`.

Printed: epochs with 95 % intervals (Student's t), losses seed by seed against Cholesky, condition numbers (the worst
factor of each refresh), failed inversions, errors, passes, settling time and energy of a run; then epochs over damping.
`--plot` draws epochs over the condition number. Each run is stored when it ends; `--report` prints what is there.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import typer
from matplotlib.ticker import LogLocator
from rich import box
from rich.console import Console
from rich.table import Table

from amc_circuits import STYLE, curve_style, format_quantity, save_figure
from benchmarks.machine import machine_line
from benchmarks.training_runs import Method, Run, half, run_all, stored

DEVICE, BITS = "taox-40nm-8level", 8
CHOLESKY = "Cholesky"
IDEAL, REFINED, ONCE = "ideal cells", f"8 levels, {BITS} bits", "8 levels, one pass"
WAYS: dict[str, dict[str, Any]] = {
    CHOLESKY: {},
    IDEAL: {"wide": "blocks"},
    REFINED: {"wide": "blocks", "device": DEVICE, "bits": BITS},
    ONCE: {"wide": "blocks", "device": DEVICE},
}
"""Settings of the circuits that invert."""
SWEPT = (CHOLESKY, REFINED)
"""Ways of all dampings."""


@dataclass(frozen=True)
class Task:
    """Network, optimizer and targets.

    Attributes:
        label: Name in tables and picture.
        base: Specification as plain data, without `optimizer`, `solver`, `circuit` and `seed`.
        optimizer: Optimizer without the damping.
        varied: Name of the damping, or of its floor.
        values: Dampings; the first one is that of the tables.
        targets: Targets, the hardest last; it ends a run.
        seeds: Seeds of the first damping.
        others: Seeds of the other dampings.
        ways: Ways to invert at the first damping; at the others Cholesky and refinement.
    """

    label: str
    base: Mapping[str, Any]
    optimizer: Mapping[str, Any]
    varied: str
    values: tuple[float, ...]
    targets: tuple[float, ...]
    seeds: int
    others: int
    ways: tuple[str, ...] = (CHOLESKY, IDEAL, REFINED)

    def target(self, value: float) -> str:
        """Return a target in words."""
        return f"{value:g} nats" if self.base.get("task") == "autoencoder" else f"{value:.0%}"

    def method(self, way: str, damping: float) -> Method:
        """Return the trainings of a way and a damping."""
        content = {**self.base, "optimizer": {**self.optimizer, self.varied: damping}}
        if way != CHOLESKY:
            content |= {"solver": "inv-circuit", "circuit": {"engine": "exact", **WAYS[way]}}
        return Method(f"{way}, {self.varied} {damping:g}", content)

    def epochs(self, run: Run, target: float) -> tuple[float, bool]:
        """Return the epochs to a target, and whether it was reached; else those of the whole run."""
        sign = -1 if self.base.get("task") == "autoencoder" else 1
        first = next((epoch for epoch, score in run.curve if sign * score >= sign * target), None)
        return (run.curve[-1][0] if run.curve else 0.0, False) if first is None else (first, True)


CONVOLUTIONS = [{"channels": 8, "kernel": 5, "pool": 2}, {"channels": 9, "kernel": 3, "stride": 2}]
LETTERS = {"dataset": "ocr-letters", "evaluations": 20}
DEEP = {"layers": [*(f"dense {outputs} tanh" for outputs in (64, 32, 16, 32, 64)), "dense"]}
SHALLOW = {"layers": ["dense 32 tanh", "dense 12 tanh", "dense 32 tanh", "dense"]}
DIGITS = {"dataset": "digits", "evaluations": 20, "batch_size": 64}
AUTOENCODER = {"task": "autoencoder", "target_loss": 20.0}
RATE = {"name": "kfac", "learning_rate": 0.163, "momentum": 0.8, "kl_clip": 0.0034, "first_interval": 5}
QUADRATIC = {"name": "kfac", "step_size": "quadratic", "damping": 1.0, "first_interval": 5, "inverse_interval": 20}
TASKS = (
    Task(
        "two convolutions",
        {**LETTERS, "convolutions": CONVOLUTIONS, "target_accuracy": 0.88, "batch_size": 256, "epochs": 6.0},
        {**RATE, "average_decay": 0.99},
        *("damping", (0.02, 0.002, 0.006, 0.06, 0.2), (0.84, 0.86, 0.87, 0.88), 10, 5),
        ways=(CHOLESKY, IDEAL, REFINED, ONCE),
    ),
    Task(
        "autoencoder",
        {**LETTERS, **AUTOENCODER, "model": DEEP, "batch_size": 512, "epochs": 8.0},
        {**QUADRATIC, "average_decay": 0.9},
        *("damping_floor", (0.001, 0.0003, 0.01, 0.1), (20.0,), 5, 3),
    ),
)
QUICK = (
    Task(
        "two convolutions, digits",
        {**DIGITS, "target_accuracy": 0.97, "epochs": 8.0},
        {**RATE, "average_decay": 0.97},
        *("damping", (0.02, 0.2), (0.95, 0.97), 2, 2),
        ways=(CHOLESKY, IDEAL, REFINED, ONCE),
    ),
    Task(
        "autoencoder, digits",
        {**DIGITS, **AUTOENCODER, "model": SHALLOW, "epochs": 4.0},
        {**QUADRATIC, "average_decay": 0.9},
        *("damping_floor", (0.001, 0.5), (20.0,), 2, 2),
    ),
)


def mean_of(task: Task, runs: Sequence[Run], target: float) -> str:
    """Mean epochs to a target with the interval."""
    found = [task.epochs(run, target) for run in runs]
    values = [value for value, _ in found]
    width = f" +- {half(values):.2f}" * (len(values) > 1)
    return f"{'> ' * (not all(reached for _, reached in found))}{np.mean(values):.2f}{width}"


def loss(task: Task, runs: Sequence[Run], digital: Sequence[Run], target: float) -> str:
    """Mean of the epochs lost against Cholesky, seed by seed, and its part of Cholesky's mean."""
    ours, theirs = ([task.epochs(run, target) for run in each] for each in (runs, digital))
    if not all(reached for _, reached in theirs):
        return "open"
    lost = [own - other for (own, _), (other, _) in zip(ours, theirs, strict=True)]
    part = np.mean(lost) / np.mean([value for value, _ in theirs])
    return f"{'> ' * (not all(reached for _, reached in ours))}{np.mean(lost):+.2f} +- {half(lost):.2f} ({part:+.0%})"


def grid(title: str, first: str, *headings: str) -> Table:
    """Empty table."""
    found = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in (first, *headings):
        found.add_column(heading, justify="left" if heading == first else "right", no_wrap=True)
    return found


def epochs_table(task: Task, found: Mapping[str, list[Run]]) -> Table:
    """Epochs to every target, and what circuits lose."""
    targets = [task.target(target) for target in task.targets]
    lost = [f"{name}: lost" for name in targets]
    title = f"{task.label}, {task.varied} {task.values[0]:g}, {len(found[CHOLESKY])} seeds: epochs"
    table = grid(title, "inverses by", *targets, *lost)
    for way, runs in found.items():
        means = [mean_of(task, runs, target) for target in task.targets]
        losses = ["" if way == CHOLESKY else loss(task, runs, found[CHOLESKY], target) for target in task.targets]
        table.add_row(way, *means, *losses)
    return table


def spread(values: Sequence[float | None], unit: str) -> str:
    """Mean with its interval in units of it."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return "unknown"
    return f"{format_quantity(float(np.mean(known)), unit, 3)} +- {half(known) / np.mean(known):.0%}"


def costs_table(task: Task, found: Mapping[str, list[Run]]) -> Table:
    """Conditions, failures, errors and costs; means a run, medians of conditions and errors."""
    headings = ("condition, median; largest", "inversions", "failed", "error, median; largest", "columns")
    table = grid(f"{task.label}: inversions", "inverses by", *headings, "passes a column", "settling", "energy", "CPU")
    for way, runs in found.items():
        typical, most = np.median([run.condition for run in runs]), max(run.largest_condition for run in runs)
        made, failed = sum(run.inversions for run in runs), sum(run.failed for run in runs)
        table.add_row(way, f"{typical:.0f}; {most:.0f}", f"{(made + failed) / len(runs):.0f}",
                      f"{failed} of {made + failed}", *([""] * 5 if way == CHOLESKY else costs(runs)),
                      format_quantity(float(np.mean([run.processor for run in runs])), "s", 3))  # fmt: skip
    return table


def costs(runs: Sequence[Run]) -> tuple[str, ...]:
    """Errors, columns, passes, settling time and energy."""
    errors, largest = [run.error for run in runs if run.error is not None], [run.largest_error or 0.0 for run in runs]
    error = f"{np.median(errors):.2g}; {max(largest):.2g}" if errors else ""
    columns, cycles = np.mean([run.columns for run in runs]), np.mean([run.cycles for run in runs])
    costs = spread([run.seconds for run in runs], "s"), spread([run.joules for run in runs], "J")
    return error, f"{columns:.0f}", f"{cycles:.1f}", *costs


def values_of(found: Mapping[tuple[str, float], list[Run]]) -> list[float]:
    """Dampings that have trainings of both ways."""
    return sorted(value for way, value in found if way == REFINED and found.get((CHOLESKY, value)))


def dampings_table(task: Task, found: Mapping[tuple[str, float], list[Run]]) -> Table:
    """Epochs to the last target over the damping."""
    title = f"{task.label}: epochs to {task.target(task.targets[-1])}, and failed inversions"
    table = grid(title, task.varied, "seeds", "condition, median", *SWEPT)
    for value in values_of(found):
        runs = {way: found[way, value] for way in SWEPT}
        digital = runs[CHOLESKY]
        cells = [
            f"{mean_of(task, each, task.targets[-1])}" + f"; {sum(run.failed for run in each)}" * (way != CHOLESKY)
            for way, each in runs.items()
        ]
        table.add_row(f"{value:g}", str(len(digital)), f"{np.median([run.condition for run in digital]):.0f}", *cells)
    return table


def picture(tasks: Sequence[Task], found: Mapping[str, Mapping[tuple[str, float], list[Run]]], path: Path) -> None:
    """Epochs to the last target over the condition number, a marker a run; an open one is a miss."""
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(1, len(tasks), figsize=(7.6, 3.6), layout="constrained", squeeze=False)
        for axes, task in zip(panels[0], tasks, strict=True):
            sweep = found[task.label]
            for place, way in enumerate(SWEPT):
                _draw(axes, task, [sweep[way, value] for value in values_of(sweep)], way, place)
            axes.set(xscale="log", xlabel="condition number (worst factor, median)", ylabel="epochs to the target")
            axes.set(ylim=(0, None), title=f"{task.label}, {task.target(task.targets[-1])}")
            axes.xaxis.set(major_locator=LogLocator(subs=(1, 2, 5)), major_formatter="{x:g}", minor_formatter="")
        panels[0][0].legend(fontsize=8)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_figure(figure, path)


def _draw(axes: Any, task: Task, sweep: Sequence[Sequence[Run]], way: str, place: int) -> None:
    """Draw the runs of a way, and a line through the means."""
    style, points = curve_style(place), []
    for runs in sweep:
        epochs = [task.epochs(run, task.targets[-1]) for run in runs]
        points.append((np.mean([run.condition for run in runs]), np.mean([value for value, _ in epochs])))
        for run, (value, reached) in zip(runs, epochs, strict=True):
            face = style["color"] if reached else "white"
            axes.plot(run.condition, value, style["marker"], color=style["color"], mfc=face, markersize=4, alpha=0.6)
    axes.plot(*zip(*points, strict=True), label=way, linewidth=1.2, **style, markevery=[])


def trained(task: Task, jobs: int, folder: Path, report: bool) -> dict[tuple[str, float], list[Run]]:
    """Train every way with every damping; the first damping with more seeds and ways."""
    found: dict[tuple[str, float], list[Run]] = {}
    for value in task.values:
        first = value == task.values[0]
        seeds, ways = (task.seeds, task.ways) if first else (task.others, SWEPT)
        methods = {way: task.method(way, value) for way in ways}
        given = list(methods.values()), seeds
        runs = stored(*given, folder) if report else run_all(*given, jobs, folder)
        found |= {(way, value): runs[method.label] for way, method in methods.items() if method.label in runs}
    return found


def main(
    quick: Annotated[bool, typer.Option(help="Digits, two seeds, two dampings")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Trainings at the same time")] = 1,
    report: Annotated[bool, typer.Option("--report", help="Print what the folder has; train nothing")] = False,
    folder: Annotated[Path, typer.Option(help="Folder of the results")] = Path("runs/second_order_circuits"),
    plot: Annotated[Path, typer.Option(help="Picture to write")] = Path("runs/second_order_circuits.png"),
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Second-order trainings with every inverse by circuits, against Cholesky."""
    tasks, console = QUICK if quick else TASKS, Console(record=True, width=200)
    console.print(machine_line(), highlight=False)
    found = {}
    for task in tasks:
        sweep = trained(task, jobs, folder, report)
        first = {way: sweep[way, task.values[0]] for way in task.ways if sweep.get((way, task.values[0]))}
        if CHOLESKY not in first:
            sys.exit(f"{folder} has no results of {task.label} that all ways share")
        found[task.label] = sweep
        console.print(epochs_table(task, first), costs_table(task, first), dampings_table(task, sweep))
        for way, runs in first.items():
            for reason in [run.reason for run in runs if run.reason][:1]:
                console.print(f"{way}, first failure: {reason}", highlight=False, soft_wrap=True)
    picture(tasks, found, plot)
    console.print(f"picture: {plot}", highlight=False)
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
