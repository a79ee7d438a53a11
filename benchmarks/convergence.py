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
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import matplotlib.pyplot as plt
import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy import stats
from threadpoolctl import threadpool_limits

from amc_circuits import STYLE, format_quantity, save_figure
from amc_circuits.values.quantities import counted
from benchmarks.machine import machine_line
from optimizer.pictures import draw_accuracy, method_name
from optimizer.result import TrainingResult
from optimizer.settings import AdamSettings, KfacSettings, MomentumSettings, OptimizerSettings
from optimizer.specification import TrainingSpec, override, preset
from optimizer.training import Training

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
    """All seeds of one method."""

    method: Method
    results: tuple[TrainingResult, ...]

    @property
    def epochs(self) -> tuple[float, ...]:
        """Epochs to the target, one a seed; the largest number of epochs if it was not reached."""
        return tuple(result.epochs_to_target or result.spec.epochs for result in self.results)

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
        return "> " if any(result.epochs_to_target is None for result in self.results) else ""


def interval(values: Sequence[float]) -> str:
    """Half the width of the 95 % interval of the mean, by Student's t; a dash for a single value."""
    if len(values) < 2:
        return "-"
    return f"+- {stats.t.ppf(0.975, len(values) - 1) * stats.sem(values):.2f}"


def baselines() -> list[Method]:
    """Every learning rate of both grids."""
    momentum = [Method(MomentumSettings(learning_rate=rate)) for rate in MOMENTUM_RATES]
    return momentum + [Method(AdamSettings(learning_rate=rate)) for rate in ADAM_RATES]


def run_all(base: TrainingSpec, methods: Sequence[Method], seeds: int, processes: int) -> list[Outcome]:
    """Train every method with every seed, some at the same time."""
    specs = [
        base.model_copy(update={"optimizer": method.optimizer, "solver": method.solver, "seed": seed})
        for method in methods
        for seed in range(seeds)
    ]
    console = Console(stderr=True)
    with ProcessPoolExecutor(processes) as pool:
        running = pool.map(train_one, specs)
        names = f"{methods[0].label} .. {methods[-1].label}" if len(methods) > 1 else methods[0].label
        results = list(track(running, names, len(specs), console=console, disable=not console.is_terminal))
    return [Outcome(method, tuple(results[k * seeds : (k + 1) * seeds])) for k, method in enumerate(methods)]


def train_one(spec: TrainingSpec) -> TrainingResult:
    """One run, on one thread."""
    with threadpool_limits(1):
        return Training(spec).run()


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
        seconds = np.mean([result.wall_time for result in outcome.results])
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
    for result in outcome.results:
        ledger = result.ledger
        grid.add_row(
            str(result.spec.seed),
            str(len(ledger.inversions)),
            str(ledger.right_hand_sides),
            format_quantity(ledger.mean_settling_time, "s"),
            format_quantity(ledger.joules, "J"),
            f"{ledger.median_error:.2g}",
            f"{ledger.largest_error:.2g}",
        )
    return grid


def picture(rows: Sequence[tuple[str, Outcome]], path: Path) -> None:
    """Accuracy over epochs, one style a method and one line a seed; a method that has two rows is drawn once."""
    named: dict[str, tuple[list[str], Outcome]] = {}
    for label, outcome in rows:
        more = label.removeprefix(outcome.method.label).strip(" ()")
        named.setdefault(outcome.method.label, ([], outcome))[0].extend([more] * bool(more))
    runs = {name + f" ({'; '.join(more)})" * bool(more): outcome.results for name, (more, outcome) in named.items()}
    spec = next(iter(runs.values()))[0].spec
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(layout="constrained")
        draw_accuracy(axes, runs)
        seeds = len({result.spec.seed for results in runs.values() for result in results})
        axes.set_title(
            f"{spec.dataset}, batches of {spec.batch_size}, {counted(seeds, 'seed')}", loc="left", fontsize=11
        )
        save_figure(figure, path)


def main(
    name: Annotated[str, typer.Option("--preset", help="Data set and network")] = "ocr-letters",
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each method")] = 10,
    epochs: Annotated[float, typer.Option(min=0.1, help="Largest number of epochs of a run")] = 15.0,
    circuit: Annotated[bool, typer.Option(help="Also train with every inversion in ngspice")] = True,
    jobs: Annotated[int, typer.Option(min=1, help="Runs, or simulations, at the same time")] = 2,
    quick: Annotated[bool, typer.Option(help="Digits, one seed: a few minutes")] = False,
    plot: Annotated[Path, typer.Option(help="Picture to write")] = Path("runs/convergence.png"),
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Epochs to a target accuracy: momentum, Adam, and K-FAC by Cholesky and by circuits."""
    name, seeds = ("digits-demo", 1) if quick else (name, seeds)
    base = override(preset(name), epochs=epochs, jobs=jobs)
    kfac = base.optimizer
    outcomes = run_all(base, [*baselines(), Method(kfac)], seeds, jobs)
    if circuit:
        # One run after the other: each simulates with `jobs` processes of its own.
        outcomes += run_all(base, [Method(kfac, "inv-circuit")], seeds, 1)
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
    picture(rows, plot)
    console.print(f"picture: {plot}", highlight=False)
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
