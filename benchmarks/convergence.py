"""How many epochs does K-FAC save, and does it matter that circuits invert its factors?

Method: one network, one data set, one batch size. The target accuracy on the test images is set beforehand by the
preset. The test images are scored eight times an epoch; the result is the epoch (a fraction) of the first score at the
target. Momentum and Adam run at every learning rate of a given grid with the tuning seeds, 100 and up; the best rate
(lowest mean) and the usual default are then run with the judge seeds, from 0 on, which no choice has seen. K-FAC has
the settings of the preset, once with Cholesky and once with every inversion in ngspice. All methods start from the same
weights and see the same batches, seed by seed. `--average` scores a running average of the weights, for all methods. A
run that misses the target counts as its largest number of epochs: its mean is marked `>` and is a bound, and so is what
is saved against it. A best rate at the edge of its grid is refused: against it nothing is saved; widen the grid.

Bias: the settings of K-FAC in the presets were chosen with seeds 100 to 102, in part by this same measure, and without
an average. The baselines have one searched setting, their rate. A larger batch favours K-FAC. An epoch of K-FAC takes
longer than one of the others: see the column of seconds.

Printed: epochs of every learning rate on the tuning seeds; then on the judge seeds mean with its 95 % interval
(Student), range and seconds of each method, the epochs that K-FAC saved (by Cholesky and by circuits) with the worst
case of both intervals in parentheses, and the cost of the circuits in epochs, the mean of the differences seed by seed,
with its interval. `--plot` draws the curves. `--quick` uses the digits, one tuning and two judge seeds.

The trainings are two sweeps (`run = "train"`): their folders keep every row, a broken run continues, and `amc table`,
`amc plot` and `amc report` show them, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import matplotlib.pyplot as plt
import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from amc_circuits import STYLE, format_quantity, open_sweep, save_figure
from amc_circuits.cli.app import run
from amc_circuits.sweep.store import Row
from amc_circuits.values.quantities import counted
from benchmarks.machine import machine_line
from benchmarks.training_runs import half
from optimizer.pictures import draw_accuracy, method_name
from optimizer.settings import AdamSettings, KfacSettings, MomentumSettings, OptimizerSettings
from optimizer.specification import TrainingSpec, override, preset

MOMENTUM_RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
ADAM_RATES = (1e-3, 3e-3, 6e-3, 1e-2, 2e-2, 3e-2, 5e-2)
DEFAULTS = {"momentum": 0.01, "adam": 1e-3}
FIRST_TUNING_SEED = 100
USABLE = (0, 3)
"""Exit codes of a sweep whose rows all have a result; with 3 some have none to use, as a training that diverged."""


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
    def missed(self) -> bool:
        """True if a run did not reach the target, so that the mean is a lower bound."""
        return any(row.figures["epochs_to_target"] is None for row in self.rows)

    @property
    def mean(self) -> float:
        """Mean of the epochs."""
        return float(np.mean(self.epochs))

    @property
    def text(self) -> str:
        """Mean, marked if it is a bound."""
        return f"{'> ' * self.missed}{self.mean:.2f}"

    def saving(self, rival: Outcome) -> str:
        """Part of a rival's epochs that was saved, in the mean and at the worst case of both intervals."""
        if self.missed:
            return "not reached"
        low = rival.mean - half(rival.epochs)
        known = low > 0 and not rival.missed
        worst = f"{1 - (self.mean + half(self.epochs)) / low:.0%}" if known else "open"
        return f"{'> ' * rival.missed}{1 - self.mean / rival.mean:.0%} ({worst})"


def interval(values: Sequence[float]) -> str:
    """Interval of the mean; a dash for a single value."""
    return f"+- {half(values):.2f}" if len(values) > 1 else "-"


def baselines(average: float | None) -> dict[str, list[Method]]:
    """Every learning rate of both grids, by the optimizer's name."""
    return {
        "momentum": [Method(MomentumSettings(learning_rate=rate, average_decay=average)) for rate in MOMENTUM_RATES],
        "adam": [Method(AdamSettings(learning_rate=rate, average_decay=average)) for rate in ADAM_RATES],
    }


def specification(name: str, epochs: float, methods: Sequence[Method], seeds: range) -> str:
    """Specification of the sweep: every method with every seed."""
    fixed = f'[fixed]\npreset = "{name}"\nepochs = {epochs}'
    lines = ['run = "train"', fixed, f"[grid]\nseed = {{range = [{seeds.start}, {seeds.stop}]}}"]
    for method in methods:
        lines += ["[[points]]", f'optimizer.name = "{method.optimizer.name}"']
        if method.optimizer.average_decay is not None:
            lines.append(f"optimizer.average_decay = {method.optimizer.average_decay}")
        if isinstance(method.optimizer, KfacSettings):
            lines.append(f'solver = "{method.solver}"')
            lines += ['circuit.engine = "ngspice"'] * (method.solver == "inv-circuit")
        else:
            lines.append(f"optimizer.learning_rate = {method.optimizer.learning_rate}")
    return "\n".join(lines) + "\n"


def run_all(
    name: str, epochs: float, methods: Sequence[Method], seeds: range, jobs: int, folder: Path
) -> list[Outcome]:
    """Train every method with every seed as a sweep, some at the same time; rows that are there are not run again."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    spec = folder.with_suffix(".toml")
    spec.write_text(specification(name, epochs, methods, seeds), encoding="utf-8")
    if run(["sweep", str(spec), "--out", str(folder), "--jobs", str(jobs)]) not in USABLE:
        raise RuntimeError(f"not every training has a result; see: amc table {folder}")
    rows = [row for row in open_sweep(folder) if row.parameters["seed"] in seeds]
    rows.sort(key=lambda row: (row.parameters["seed"], row.counter))  # of two versions the later one counts
    each = [{row.parameters["seed"]: row for row in rows if is_of(row, method)} for method in methods]
    found = [Outcome(method, tuple(last.values())) for method, last in zip(methods, each, strict=True)]
    assert all(len(outcome.rows) == len(seeds) for outcome in found), "rows of another benchmark are in the folder"
    return found


def is_of(row: Row, method: Method) -> bool:
    """Check whether a row is a training by this method."""
    given, optimizer = row.parameters, method.optimizer
    average = given.get("optimizer.average_decay")
    if given["optimizer.name"] != optimizer.name or average != optimizer.average_decay:
        return False
    if isinstance(optimizer, KfacSettings):
        return bool(given["solver"] == method.solver)
    return bool(given["optimizer.learning_rate"] == optimizer.learning_rate)


def best(grid: Sequence[Outcome]) -> tuple[Method, bool]:
    """Method with the lowest mean of the epochs, and whether it lies at the edge of its grid."""
    found = min(grid, key=lambda outcome: outcome.mean)
    return found.method, found in (grid[0], grid[-1])


def grid_table(outcomes: Sequence[Outcome]) -> Table:
    """Every learning rate, seed by seed."""
    grid = Table(title="epochs to the target, tuning seeds", title_justify="left", box=box.MARKDOWN)
    for heading in ("method", "epochs", "mean"):
        grid.add_column(heading, justify="left" if heading == "method" else "right", no_wrap=True)
    for outcome in outcomes:
        each = "  ".join(f"{epochs:.2f}" for epochs in outcome.epochs)
        grid.add_row(outcome.method.label, each, outcome.text)
    return grid


def result_table(rows: Mapping[str, Outcome], refused: Collection[str]) -> Table:
    """The answer: mean with its interval, and the part of the epochs that K-FAC saved, by Cholesky and by circuits."""
    kfacs = [outcome for outcome in rows.values() if isinstance(outcome.method.optimizer, KfacSettings)]
    grid = Table(title="K-FAC against the baselines, judge seeds", title_justify="left", box=box.MARKDOWN)
    saving = [f"{outcome.method.label} saves" for outcome in kfacs]
    for heading in ("method", "mean", "95 %", "range", *saving, "seconds a run"):
        grid.add_column(heading, justify="left" if heading == "method" else "right", no_wrap=True)
    for label, outcome in rows.items():
        epochs = outcome.epochs
        saved = ["edge" if label in refused else kfac.saving(outcome) for kfac in kfacs]
        saved = [""] * len(kfacs) if outcome in kfacs else saved
        seconds = np.mean([row.figures["wall_time_s"] for row in outcome.rows])
        span = f"{min(epochs):.2f} .. {max(epochs):.2f}"
        width = "-" if outcome.missed else interval(epochs)
        grid.add_row(label, outcome.text, width, span, *saved, f"{seconds:.0f}")
    return grid


def loss_line(digital: Outcome, analog: Outcome) -> str:
    """How many epochs the circuits cost, in the mean and seed by seed."""
    each = [b - a for a, b in zip(digital.epochs, analog.epochs, strict=True)]
    seeds = ", ".join(f"{epochs:+.3f}" for epochs in each)
    if digital.missed or analog.missed:
        return f"circuits against Cholesky: open, a run did not reach the target ({seeds})"
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


def picture(base: TrainingSpec, rows: Mapping[str, Outcome], path: Path) -> None:
    """Accuracy over epochs, one style a method and one line a seed."""
    curves = {label: [row.figures["accuracy_curve"] for row in outcome.rows] for label, outcome in rows.items()}
    seeds = max(len(each) for each in curves.values())
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(layout="constrained")
        draw_accuracy(axes, curves, base.target_accuracy)
        title = f"{base.dataset}, batches of {base.batch_size}, {counted(seeds, 'seed')}"
        axes.set_title(title, loc="left", fontsize=11)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_figure(figure, path)


def judged(tuned: Mapping[str, Sequence[Outcome]]) -> tuple[dict[str, Method], list[str]]:
    """Return the methods to judge by their labels, the best and the default of each grid, and the labels at an edge."""
    found: dict[str, Method] = {}
    refused = []
    for name, grid in tuned.items():
        chosen, edge = best(grid)
        default = next(each.method for each in grid if each.method.optimizer.learning_rate == DEFAULTS[name])
        label = f"{chosen.label} (best{', default' * (chosen == default)}{', AT THE EDGE: widen the grid' * edge})"
        found[label] = chosen
        refused += [label] * edge
        if chosen != default:
            found[f"{default.label} (default)"] = default
    return found, refused


def main(
    name: Annotated[str, typer.Option("--preset", help="Data set and network")] = "ocr-letters",
    seeds: Annotated[int, typer.Option(min=1, help="Judge seeds")] = 10,
    tuning: Annotated[int, typer.Option(min=1, help="Tuning seeds")] = 3,
    epochs: Annotated[float, typer.Option(min=0.1, help="Largest number of epochs of a run")] = 15.0,
    average: Annotated[float | None, typer.Option(help="Decay of an average of the weights, for all methods")] = None,
    circuit: Annotated[bool, typer.Option(help="Also train with every inversion in ngspice")] = True,
    jobs: Annotated[int, typer.Option(min=1, help="Trainings at the same time")] = 2,
    quick: Annotated[bool, typer.Option(help="Digits, one tuning and two judge seeds: a few minutes")] = False,
    plot: Annotated[Path, typer.Option(help="Picture to write")] = Path("runs/convergence.png"),
    rows_folder: Annotated[Path, typer.Option("--rows", help="Folder of the sweeps")] = Path("runs/convergence"),
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Epochs to a target accuracy: momentum, Adam, and K-FAC by Cholesky and by circuits."""
    name, seeds, tuning = ("digits-demo", 2, 1) if quick else (name, seeds, tuning)
    base = override(preset(name), epochs=epochs)
    grids = baselines(average)
    search = range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + tuning)
    every = run_all(name, epochs, [*grids["momentum"], *grids["adam"]], search, jobs, rows_folder / "tuning")
    tuned = {key: [each for each in every if each.method in grid] for key, grid in grids.items()}
    methods, refused = judged(tuned)
    kfac = KfacSettings.model_validate(base.optimizer.model_dump() | {"average_decay": average})
    for solver in ("cholesky", *["inv-circuit"] * circuit):
        methods[Method(kfac, solver).label] = Method(kfac, solver)
    outcomes = run_all(name, epochs, list(methods.values()), range(seeds), jobs, rows_folder / "judge")
    rows = dict(zip(methods, outcomes, strict=True))
    console = Console(record=True, width=160)
    console.print(machine_line(), highlight=False)
    words = f"target {base.target_accuracy:.1%}, batches of {base.batch_size}, {seeds} judge and {tuning} tuning seeds"
    averaged = "" if average is None else f", weights averaged with a decay of {average:g}"
    console.print(f"{base.dataset}, {words}, at most {epochs:g} epochs{averaged}\n", highlight=False)
    console.print(grid_table(every))
    console.print(result_table(rows, refused))
    if circuit:
        console.print(loss_line(outcomes[-2], outcomes[-1]), highlight=False)
        console.print(circuit_table(outcomes[-1]))
    picture(base, rows, plot)
    console.print(f"picture: {plot}", highlight=False)
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
