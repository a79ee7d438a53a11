"""How many epochs does K-FAC save, and does it matter that circuits invert its factors?

Method: one network, one data set, one batch size. The target accuracy on the test images is set beforehand by the
preset. The test images are scored eight times an epoch; the result is the epoch (a fraction) of the first score at the
target. Momentum and Adam run at every learning rate of a given grid; their rows are the best one of the grid (lowest
mean over the seeds) and their usual default. K-FAC runs once with Cholesky and once with every inversion in ngspice.
All methods start from the same weights and see the same batches, seed by seed. A run that does not reach the target
counts as its largest number of epochs and is marked with `>`.

Bias: the settings of K-FAC in the presets were chosen with other seeds (100..102), in part by this same measure; the
baselines are chosen on the very seeds that are shown. A larger batch favours K-FAC. An epoch of K-FAC takes longer than
one of the others: see the column of seconds.

Printed: epochs of every learning rate; then mean with its 95 % interval (Student), range and seconds of each method,
the epochs that K-FAC saved (by Cholesky and by circuits), and the cost of the circuits in epochs, the mean of the
differences seed by seed, with its interval. `--plot` draws the curves. `--quick` uses the digits and one seed.

The trainings are a sweep (`run = "train"`): its folder keeps every row, a broken run continues, and `amc table`, `amc
plot` and `amc report` show it, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import matplotlib.pyplot as plt
import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from scipy import stats

from amc_circuits import STYLE, format_quantity, open_sweep, save_figure
from amc_circuits.cli.app import run
from amc_circuits.sweep.store import Row
from amc_circuits.values.quantities import counted
from benchmarks.machine import machine_line
from optimizer.pictures import draw_accuracy, method_name
from optimizer.settings import AdamSettings, KfacSettings, MomentumSettings, OptimizerSettings
from optimizer.specification import TrainingSpec, override, preset

MOMENTUM_RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
ADAM_RATES = (1e-3, 3e-3, 6e-3, 1e-2, 2e-2, 3e-2, 5e-2)
DEFAULTS = {"momentum": 0.01, "adam": 1e-3}


@dataclass(frozen=True)
class Method:
    """One optimizer with its numbers, and what inverts for it."""

    optimizer: OptimizerSettings
    solver: str = "cholesky"

    @property
    def label(self) -> str:
        """Name in tables and picture."""
        return method_name(self.optimizer, self.solver)


@dataclass(frozen=True)
class Outcome:
    """All seeds of one method: their rows in the sweep."""

    method: Method
    rows: tuple[Row, ...]

    @property
    def epochs(self) -> tuple[float, ...]:
        """Epochs to the target, one a seed; the largest number of epochs if it was not reached."""
        return tuple(row.figures["epochs_to_target"] or row.parameters["epochs"] for row in self.rows)

    @property
    def mean(self) -> float:
        """Mean of the epochs."""
        return float(np.mean(self.epochs))

    @property
    def interval(self) -> str:
        """Interval of the mean."""
        return interval(self.epochs)

    @property
    def mark(self) -> str:
        """`>` if a run did not reach the target, so that the mean is a lower bound."""
        return "> " if any(row.figures["epochs_to_target"] is None for row in self.rows) else ""


def interval(values: Sequence[float]) -> str:
    """Half the width of the 95 % interval of the mean, by Student's t; a dash for a single value."""
    if len(values) < 2:
        return "-"
    return f"+- {stats.t.ppf(0.975, len(values) - 1) * stats.sem(values):.2f}"


def baselines() -> list[Method]:
    """Every learning rate of both grids."""
    momentum = [Method(MomentumSettings(learning_rate=rate)) for rate in MOMENTUM_RATES]
    return momentum + [Method(AdamSettings(learning_rate=rate)) for rate in ADAM_RATES]


def specification(name: str, epochs: float, methods: Sequence[Method], seeds: int) -> str:
    """Specification of the sweep: every method with every seed."""
    fixed = f'[fixed]\npreset = "{name}"\nepochs = {epochs}'
    lines = ['run = "train"', fixed, f"[grid]\nseed = {{range = [0, {seeds}]}}"]
    for method in methods:
        lines += ["[[points]]", f'optimizer.name = "{method.optimizer.name}"']
        if isinstance(method.optimizer, KfacSettings):
            lines.append(f'solver = "{method.solver}"')
            lines += ['circuit.engine = "ngspice"'] * (method.solver == "inv-circuit")
        else:
            lines.append(f"optimizer.learning_rate = {method.optimizer.learning_rate}")
    return "\n".join(lines) + "\n"


def run_all(name: str, epochs: float, methods: Sequence[Method], seeds: int, jobs: int, folder: Path) -> list[Outcome]:
    """Train every method with every seed as a sweep, some at the same time; rows that are there are not run again."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    spec = folder.with_suffix(".toml")
    spec.write_text(specification(name, epochs, methods, seeds), encoding="utf-8")
    if run(["sweep", str(spec), "--out", str(folder), "--jobs", str(jobs)]) != 0:
        raise RuntimeError(f"not every training has a result; see: amc table {folder}")
    rows = list(open_sweep(folder))
    found = [Outcome(method, tuple(row for row in rows if is_of(row, method))) for method in methods]
    assert all(len(outcome.rows) == seeds for outcome in found), "rows of another benchmark are in the folder"
    return found


def is_of(row: Row, method: Method) -> bool:
    """Check whether a row is a training by this method."""
    given, optimizer = row.parameters, method.optimizer
    if given["optimizer.name"] != optimizer.name:
        return False
    if isinstance(optimizer, KfacSettings):
        return bool(given["solver"] == method.solver)
    return bool(given["optimizer.learning_rate"] == optimizer.learning_rate)


def chosen(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, Outcome]]:
    """The rows of the table: of each baseline the best and the default, then K-FAC, each with its label."""
    for name in ("momentum", "adam"):
        grid = [outcome for outcome in outcomes if outcome.method.optimizer.name == name]
        best = min(grid, key=lambda outcome: outcome.mean)
        edge = best in (grid[0], grid[-1]) and len(grid) > 1
        yield f"{best.method.label} (best of its grid{', AT ITS EDGE' if edge else ''})", best
        yield from (
            (f"{outcome.method.label} (default)", outcome)
            for outcome in grid
            if outcome.method.optimizer.learning_rate == DEFAULTS[name]
        )
    yield from ((o.method.label, o) for o in outcomes if isinstance(o.method.optimizer, KfacSettings))


def grid_table(outcomes: Sequence[Outcome]) -> Table:
    """Every learning rate, seed by seed."""
    grid = Table(title="epochs to the target, seed by seed", title_justify="left", box=box.MARKDOWN)
    for heading in ("method", "epochs", "mean"):
        grid.add_column(heading, justify="left" if heading == "method" else "right", no_wrap=True)
    for outcome in outcomes:
        each = "  ".join(f"{epochs:.2f}" for epochs in outcome.epochs)
        grid.add_row(outcome.method.label, each, f"{outcome.mark}{outcome.mean:.2f}")
    return grid


def result_table(rows: Sequence[tuple[str, Outcome]]) -> Table:
    """The answer: mean with its interval, and how many fewer epochs K-FAC needed, by Cholesky and by circuits."""
    kfacs = [outcome for _, outcome in rows if isinstance(outcome.method.optimizer, KfacSettings)]
    grid = Table(title="K-FAC against the baselines", title_justify="left", box=box.MARKDOWN)
    saving = [f"{outcome.method.label} needs" for outcome in kfacs]
    for heading in ("method", "mean", "95 %", "range", *saving, "seconds a run"):
        grid.add_column(heading, justify="left" if heading == "method" else "right", no_wrap=True)
    for label, outcome in rows:
        epochs = outcome.epochs
        saved = ["" if outcome in kfacs else f"{1 - kfac.mean / outcome.mean:.0%} fewer" for kfac in kfacs]
        seconds = np.mean([row.figures["wall_time_s"] for row in outcome.rows])
        span = f"{min(epochs):.2f} .. {max(epochs):.2f}"
        mean = f"{outcome.mark}{outcome.mean:.2f}"
        grid.add_row(label, mean, outcome.interval, span, *saved, f"{seconds:.0f}")
    return grid


def loss_line(digital: Outcome, analog: Outcome) -> str:
    """How many epochs the circuits cost, in the mean and seed by seed."""
    each = [b - a for a, b in zip(digital.epochs, analog.epochs, strict=True)]
    seeds = ", ".join(f"{epochs:+.3f}" for epochs in each)
    return f"circuits against Cholesky: {np.mean(each):+.3f} {interval(each)} epochs in the mean ({seeds})"


def circuit_table(outcome: Outcome) -> Table:
    """Cost of the inversions of the circuit, seed by seed."""
    grid = Table(title="inversions in circuits, seed by seed", title_justify="left", box=box.MARKDOWN)
    headings = ("seed", "inversions", "right-hand sides", "mean settling time", "energy", "median error", "largest")
    for heading in headings:
        grid.add_column(heading, justify="right", no_wrap=True)
    for row in outcome.rows:
        found = row.figures
        grid.add_row(
            str(row.parameters["seed"]),
            str(found["inversions"]),
            str(found["right_hand_sides"]),
            format_quantity(found["mean_settling_time_s"], "s"),
            format_quantity(found["energy_j"], "J"),
            f"{found['median_relative_error']:.2g}",
            f"{found['largest_relative_error']:.2g}",
        )
    return grid


def picture(base: TrainingSpec, rows: Sequence[tuple[str, Outcome]], path: Path) -> None:
    """Accuracy over epochs, one style a method and one line a seed; a method that has two rows is drawn once."""
    named: dict[str, tuple[list[str], Outcome]] = {}
    for label, outcome in rows:
        more = label.removeprefix(outcome.method.label).strip(" ()")
        named.setdefault(outcome.method.label, ([], outcome))[0].extend([more] * bool(more))
    curves = {
        name + f" ({'; '.join(more)})" * bool(more): [row.figures["accuracy_curve"] for row in outcome.rows]
        for name, (more, outcome) in named.items()
    }
    seeds = max(len(each) for each in curves.values())
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(layout="constrained")
        draw_accuracy(axes, curves, base.target_accuracy)
        title = f"{base.dataset}, batches of {base.batch_size}, {counted(seeds, 'seed')}"
        axes.set_title(title, loc="left", fontsize=11)
        save_figure(figure, path)


def main(
    name: Annotated[str, typer.Option("--preset", help="Data set and network")] = "ocr-letters",
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each method")] = 10,
    epochs: Annotated[float, typer.Option(min=0.1, help="Largest number of epochs of a run")] = 15.0,
    circuit: Annotated[bool, typer.Option(help="Also train with every inversion in ngspice")] = True,
    jobs: Annotated[int, typer.Option(min=1, help="Trainings at the same time")] = 2,
    quick: Annotated[bool, typer.Option(help="Digits, one seed: a few minutes")] = False,
    plot: Annotated[Path, typer.Option(help="Picture to write")] = Path("runs/convergence.png"),
    rows_folder: Annotated[Path, typer.Option("--rows", help="Folder of the sweep")] = Path("runs/convergence"),
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Epochs to a target accuracy: momentum, Adam, and K-FAC by Cholesky and by circuits."""
    name, seeds = ("digits-demo", 1) if quick else (name, seeds)
    base = override(preset(name), epochs=epochs)
    kfac = base.optimizer
    methods = [*baselines(), Method(kfac), *([Method(kfac, "inv-circuit")] if circuit else [])]
    outcomes = run_all(name, epochs, methods, seeds, jobs, rows_folder)
    rows = list(chosen(outcomes))
    console = Console(record=True, width=140)
    console.print(machine_line(), highlight=False)
    target = f"target {base.target_accuracy:.1%}, batches of {base.batch_size}, {seeds} seeds"
    console.print(f"{base.dataset}, {target}, at most {epochs:g} epochs\n", highlight=False)
    console.print(grid_table(outcomes))
    console.print(result_table(rows))
    if circuit:
        console.print(loss_line(outcomes[-2], outcomes[-1]), highlight=False)
        console.print(circuit_table(outcomes[-1]))
    plot.parent.mkdir(parents=True, exist_ok=True)
    picture(base, rows, plot)
    console.print(f"picture: {plot}", highlight=False)
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
