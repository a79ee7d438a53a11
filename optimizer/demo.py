"""Implementation of `amc demo`: K-FAC with every inversion in a circuit, by two engines, beside momentum and Adam."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console
from rich.table import Table

from amc_circuits import (
    LOCK,
    STYLE,
    Option,
    check_folder,
    check_own_files,
    claim_folder,
    format_quantity,
    one_line_warnings,
    owning,
    parse_table,
    replacing,
    save_figure,
    writing,
)
from optimizer.linear_solver import check_circuit
from optimizer.pictures import draw_accuracy
from optimizer.result import TrainingResult
from optimizer.run_folder import FILES, RunFolder, remove_earlier, remove_partial
from optimizer.settings import AdamSettings, MomentumSettings
from optimizer.specification import TrainingSpec, override, preset
from optimizer.train_command import NO_RESULT, USABLE, progress_bar
from optimizer.training import Training

SEEDS = Option("seeds", "integer", "Number of trainings of each optimizer", 3, minimum=1)
TUNED = (MomentumSettings(learning_rate=0.05), AdamSettings(learning_rate=0.02))
"""Baselines at the best rates of their grids: `benchmarks/convergence.py --preset digits-demo --seeds 10 --no-circuit`,
6 rates of momentum from 0.01 to 0.4 and 7 of Adam from 0.001 to 0.05, lowest mean of epochs to 97 %."""
SIMULATOR, EXACT = "ngspice", "exact"
COMPARISON = ("comparison.png", "comparison.json")
"""Files of the demo beside those of its first training."""


@dataclass(frozen=True)
class Method:
    """An optimizer with its trainings.

    Attributes:
        name: Name in the table.
        about: Description for the line above its trainings.
        results: Results, one a seed.
    """

    name: str
    about: str
    results: tuple[TrainingResult, ...]

    @property
    def epochs(self) -> list[float]:
        """Epochs to the target, one a seed; the largest number of epochs where it was not reached."""
        return [result.epochs_to_target or result.spec.epochs for result in self.results]

    @property
    def reached(self) -> int:
        """Number of trainings that reached the target."""
        return sum(result.epochs_to_target is not None for result in self.results)

    @property
    def seconds(self) -> float:
        """Mean wall time of a training, s."""
        return float(np.mean([result.wall_time for result in self.results]))


@dataclass(frozen=True)
class Agreement:
    """Differences of two trainings that differ only in the engine of their circuits.

    Attributes:
        weights: Largest difference of a final weight, in units of the largest weight; None if the numbers of steps
            differ.
        accuracy: Largest difference of the test accuracy at one step.
    """

    weights: float | None
    accuracy: float

    @classmethod
    def of(cls, one: TrainingResult, other: TrainingResult) -> Agreement:
        """Compare two trainings."""
        pairs = zip(one.history, other.history, strict=False)
        accuracy = max((abs(a.accuracy - b.accuracy) for a, b in pairs), default=0.0)
        if [entry.step for entry in one.history] != [entry.step for entry in other.history]:
            return cls(None, accuracy)
        largest = max(float(np.abs(weight).max()) for weight in one.weights)
        moved = zip(one.weights, other.weights, strict=True)
        return cls(max(float(np.abs(a - b).max()) for a, b in moved) / largest, accuracy)


def run(out: Path, epochs: str | None, seeds: str, jobs: str | None) -> int:
    """Run `amc demo`.

    Args:
        out: Folder for the results.
        epochs: Largest number of epochs of a training; None for that of the preset.
        seeds: Number of trainings of each method; in ngspice there is only one, of seed 0.
        jobs: Simulations at the same time; None for the number of the preset.

    Returns:
        Exit code: 0 if every inversion has a result, else 3.

    Raises:
        ParameterError: An option or the folder cannot be used; nothing was written.
    """
    count = parse_table("amc demo", (SEEDS,), {"seeds": seeds})["seeds"]
    base = override(preset("digits-demo"), engine=SIMULATOR, epochs=epochs, jobs=jobs)
    check_folder(out, "train")
    check_own_files(out, (*FILES, *COMPARISON, LOCK))
    check_circuit(base.solver, base.circuit)
    claim_folder(out, "train")
    with one_line_warnings(), owning(out):
        remove_earlier(out)
        remove_partial(out)
        files = RunFolder(out, Training(base))
        methods = list(_trained(files.training, count))
        simulated, exact = methods[0].results[0], methods[1].results[0]
        agreement = Agreement.of(simulated, exact)
        written = files.finish()
        with writing("out", out):
            _write_comparison(methods, agreement, out)
    Console().print(comparison_table(methods))
    print(engines_line(simulated, exact, agreement))
    print("".join(f"wrote {path}\n" for path in (*written, *(out / name for name in COMPARISON))), end="")
    failed = sum(len(result.ledger.failures) for method in methods for result in method.results)
    if failed:
        print(f"amc: {failed} inversions have no result; the inverses before them were kept", file=sys.stderr)
    return NO_RESULT if failed else USABLE


def _trained(first: Training, seeds: int) -> Iterator[Method]:
    """Train by every method; print a line before each with its subject, and one after it with its seconds.

    Args:
        first: Training in ngspice, of seed 0.
        seeds: Number of trainings of the other methods.
    """
    base = first.spec
    exact = base.circuit.model_copy(update={"engine": EXACT})  # jobs have no effect there
    plans = [
        ("K-FAC, ngspice", "K-FAC, every inversion simulated by ngspice (about 40 s)", base, 1),
        (
            f"K-FAC, {EXACT}",
            "K-FAC, every inversion solved by the exact engine",
            _with(base, circuit=exact),
            seeds,
        ),
    ]
    for tuned in TUNED:
        name = f"{tuned.name}, rate {tuned.learning_rate:g}"
        plans.append((name, f"{tuned.name} at its best learning rate", _with(base, optimizer=tuned), seeds))
    for name, about, spec, count in plans:
        print(f"{about}: {count} x {spec.epochs:g} epochs at most ...", flush=True)
        results = []
        for seed in range(count):
            training = first if spec is base else Training(_with(spec, seed=seed))
            with progress_bar(training) as observe:
                results.append(training.run(observe))
        method = Method(name, about, tuple(results))
        print(f"  {method.seconds * count:.1f} s", flush=True)
        yield method


def _with(spec: TrainingSpec, **changes: Any) -> TrainingSpec:
    return spec.model_copy(update=changes)


def comparison_table(methods: list[Method]) -> Table:
    """Build the table of all methods: epochs to the target, best accuracy, seconds."""
    spec = methods[0].results[0].spec
    table = Table(
        title=f"{spec.dataset}: epochs to {spec.target_accuracy:.0%} of the test images", title_justify="left"
    )
    for heading in ("optimizer", "mean", "each seed", "best", "time of one"):
        table.add_column(heading, justify="left" if heading == "optimizer" else "right", no_wrap=True)
    for method in methods:
        each = "  ".join(_epochs(result) for result in method.results)
        mean = f"{'> ' if method.reached < len(method.results) else ''}{np.mean(method.epochs):.2f}"
        best = max(result.best_accuracy for result in method.results)
        table.add_row(method.name, mean, each, f"{best:.1%}", f"{method.seconds:.1f} s")
    return table


def _epochs(result: TrainingResult) -> str:
    reached = result.epochs_to_target
    return f"> {result.spec.epochs:g}" if reached is None else f"{reached:.2f}"


def engines_line(simulated: TrainingResult, exact: TrainingResult, agreement: Agreement) -> str:
    """Describe the circuit's two runs in one sentence: seconds of both engines, and largest differences."""
    seconds = f"{simulated.wall_time:.1f} s by {SIMULATOR}, {exact.wall_time:.1f} s by {EXACT}"
    count = f"{len(simulated.ledger.inversions)} and {len(exact.ledger.inversions)} inversions"
    if agreement.weights is None:
        weights = "the numbers of steps differ"
    else:
        weights = f"no weight differs by more than {format_quantity(agreement.weights, '%')} of the largest"
    accuracy = f"no test accuracy by more than {100 * agreement.accuracy:.2g} points"
    return f"seed 0 by two engines ({count}): {seconds};\n  {weights}, {accuracy}"


def _write_comparison(methods: list[Method], agreement: Agreement, out: Path) -> None:
    """Write the picture and the numbers of the comparison."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(layout="constrained")
        spec = methods[0].results[0].spec
        curves = {method.name: [result.accuracy_curve for result in method.results] for method in methods}
        draw_accuracy(axes, curves, spec.target_accuracy)
        axes.set_title(f"{spec.dataset}, one line a seed", loc="left", fontsize=11)
        save_figure(figure, out / COMPARISON[0])
    content = {
        "methods": {method.name: [result.summary() for result in method.results] for method in methods},
        "engines": {"weights": agreement.weights, "accuracy": agreement.accuracy},
    }
    with replacing(out / COMPARISON[1]) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
