"""How much programming error, how few levels, how few converter bits does K-FAC training tolerate?

Method: the preset `digits-demo` (two convolutions, scikit-learn's digits, widest factor 73 x 73, target 97 % of the
test images, at most 10 epochs). Every inversion is in the exact engine, with cells of 1 to 100 uS except for
device presets. One part is worsened at a time: the standard deviation of a written conductance, the number of levels,
the preset of the device, the bits of the ADCs or DACs. Every refresh programs every factor again with new draws. All
runs of a seed start from the same weights and see the same batches. If a circuit is unstable, the previous inverse is
kept. Circuits with such failures are tried again with more damping, the remedy in the error.

Bias: the damping and the learning rate of the preset were chosen for exact inverses. Three seeds distinguish a circuit
that learns from one that does not; they do not distinguish 3.5 epochs from 4. Stuck cells, drift, read noise, offsets
and wires are off. The columns of the unit matrix are zeros and a full scale, which any DAC converts exactly, so DACs
cannot matter here: one row shows it.

Printed: for every circuit the epochs to the target, seed by seed (`-`: not reached), the mean best accuracy, the median
and the largest error of an inversion against Cholesky in the Frobenius norm, and the number of failed inversions in all
runs; then the same with more damping; above both K-FAC by Cholesky. `--quick` uses one seed and five circuits.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks.machine import machine_line
from optimizer.specification import TrainingSpec, override, preset
from optimizer.training import Training

ERRORS = (0.0, 0.25e-6, 0.5e-6, 1e-6, 2e-6, 4e-6)
"""S, of 100 uS."""
LEVELS = (256, 128, 64, 32)
DEVICES = ("gramc-16level", "taox-40nm-8level", "hfo2-wide")
ADC_BITS = (8, 6, 4, 3, 2)
DAC_BITS = (4,)
QUICK = ("Cholesky", "programming error 0 uS", "programming error 1 uS", "programming error 4 uS", "ADCs of 4 bits")
DAMPINGS = (1.0, 3.0)
"""Damping of the second table; the preset has 0.3."""


@dataclass(frozen=True)
class Case:
    """Subject of a row.

    Attributes:
        label: As in the table.
        circuit: Fields of `CircuitSettings` that differ from the preset's.
        solver: Solver of the inversions.
        damping: Damping of K-FAC; None for the preset's.
    """

    label: str
    circuit: dict[str, Any] = field(default_factory=dict)
    solver: str = "inv-circuit"
    damping: float | None = None

    def spec(self, seed: int) -> TrainingSpec:
        """The run of a seed."""
        engine = {"engine": "exact"} if self.solver == "inv-circuit" else {}
        made = override(preset("digits-demo"), solver=self.solver, seed=seed, **engine)
        damping = {} if self.damping is None else {"damping": self.damping}
        optimizer = made.optimizer.model_copy(update=damping)
        return override(made.model_copy(update={"optimizer": optimizer}), **self.circuit)

    def damped(self, damping: float) -> Case:
        """The same with another damping."""
        return Case(f"{self.label}, damping {damping:g}", self.circuit, self.solver, damping)


@dataclass(frozen=True)
class Run:
    """Result of one run.

    Attributes:
        epochs: Epochs to the target; None if it was not reached.
        accuracy: Best accuracy; 0 without any.
        errors: Error of every inversion with a result.
        failed: How many had none.
    """

    epochs: float | None
    accuracy: float
    errors: tuple[float, ...]
    failed: int

    @property
    def word(self) -> str:
        """Epochs, if the target was reached."""
        return "-" if self.epochs is None else f"{self.epochs:.2f}"


def cases() -> list[Case]:
    """The rows of the first table, the baseline first."""
    return [
        Case("Cholesky", solver="cholesky"),
        *(Case(f"programming error {sigma * 1e6:g} uS", {"programming_error": sigma}) for sigma in ERRORS),
        *(Case(f"{count} levels", {"levels": count}) for count in LEVELS),
        *(Case(name, {"device": name}) for name in DEVICES),
        *(Case(f"ADCs of {bits} bits", {"adc_bits": bits}) for bits in ADC_BITS),
        *(Case(f"DACs of {bits} bits", {"dac_bits": bits}) for bits in DAC_BITS),
    ]


def run_one(spec: TrainingSpec) -> Run:
    """Train on one thread. Only instability is expected to fail an inversion."""
    with threadpool_limits(1):
        result = Training(spec).run()
    for failure in result.ledger.failures:
        if "UNSTABLE" not in failure.reason:
            raise RuntimeError(f"an inversion failed for another reason than an unstable circuit: {failure.reason}")
    errors = tuple(entry.relative_error for entry in result.ledger.inversions)
    return Run(result.epochs_to_target, result.best_accuracy, errors, len(result.ledger.failures))


def run_all(chosen: Sequence[Case], seeds: int, processes: int) -> list[tuple[Case, list[Run]]]:
    """Every row with every seed, some at the same time."""
    specs = [case.spec(seed) for case in chosen for seed in range(seeds)]
    console = Console(stderr=True)
    with ProcessPoolExecutor(processes) as pool:
        running = pool.map(run_one, specs)
        runs = list(track(running, "training", len(specs), console=console, disable=not console.is_terminal))
    return [(case, runs[k * seeds : (k + 1) * seeds]) for k, case in enumerate(chosen)]


def result_table(title: str, rows: Sequence[tuple[Case, list[Run]]]) -> Table:
    """A line for every circuit."""
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in ("inverses by", "epochs by seed", "best accuracy", "median error", "largest", "failed"):
        grid.add_column(heading, justify="left" if heading == "inverses by" else "right", no_wrap=True)
    for case, runs in rows:
        errors = [error for run in runs for error in run.errors] if case.solver != "cholesky" else []
        found = (_percent(float(np.median(errors))), _percent(max(errors))) if errors else ("", "")
        accuracy = f"{100 * np.mean([run.accuracy for run in runs]):.1f} %"
        failed = sum(run.failed for run in runs)
        of = f"{failed} of {failed + len(errors)}" if case.solver != "cholesky" else ""
        grid.add_row(case.label, "  ".join(run.word for run in runs), accuracy, *found, of)
    return grid


def _percent(error: float) -> str:
    return f"{100 * error:.2g} %" if error < 0.1 else f"{100 * error:.0f} %"


def mended(rows: Sequence[tuple[Case, list[Run]]]) -> list[Case]:
    """Circuits of which some were unstable, with more damping; above them Cholesky with the same."""
    again = [case for case, runs in rows if case.solver == "cholesky" or any(run.failed for run in runs)]
    return [case.damped(damping) for damping in DAMPINGS for case in again]


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each circuit")] = 3,
    jobs: Annotated[int, typer.Option(min=1, help="Runs at the same time")] = 2,
    quick: Annotated[bool, typer.Option(help="One seed, five circuits: a minute")] = False,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """K-FAC with every inversion in circuits of real parts: what still learns."""
    seeds, chosen = (1, [case for case in cases() if case.label in QUICK]) if quick else (seeds, cases())
    console = Console(record=True, width=170)
    console.print(machine_line(), highlight=False)
    base = preset("digits-demo")
    target = f"target {base.target_accuracy:.0%}, at most {base.epochs:g} epochs, seeds 0 to {seeds - 1}"
    console.print(f"digits-demo, {target}\n", highlight=False)
    rows = run_all(chosen, seeds, jobs)
    console.print(result_table("parts of the circuit, one at a time", rows))
    console.print(result_table("with more damping", run_all(mended(rows), seeds, jobs)))
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
