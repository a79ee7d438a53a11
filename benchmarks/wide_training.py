"""What do wide factors cost a training, in epochs and in processor time?

Method: the test images of MNIST (10,000 of 28 x 28), split 8,000/2,000, batches of 128, target 97 %; convolutions 16 of
5 x 5, 32 and 32 of 3 x 3, each with pooling, and a dense read-out: factors up to 289 wide. Four ways to invert, each
from the same weights and on the same batches, seed by seed: Cholesky of whole factors; Cholesky of diagonal blocks of
at most 128; circuits of the same blocks, every column simulated; and whole factors by circuits of blocks of at most
128 rows with cells of eight levels (`taox-40nm-8level`), refined to 8 bits, 16 columns of a factor simulated. The exact
engine simulates. Each run is stored when it ends: a broken benchmark goes on where it stopped.

Bias: damping and learning rate are those of the preset for `ocr-letters`, chosen there for exact inverses. A target
that is reached in one or two epochs is read in steps of an eighth. Processor time includes scoring, and the error of
every inverse against Cholesky.

Printed: of each way and seed the epochs to the target, medians, processor time, errors and cycles; ratios of medians
with the interval of the bootstrap over seeds, also of circuits against Cholesky of the same blocks. Asked for:
diagonal blocks at most 2.0 times the epochs of whole factors by Cholesky, refined ones at most 1.15, each at most 3
times its processor time. Then one refresh of a factor 577 wide, of drawn features: time and memory.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from threadpoolctl import threadpool_limits

from amc_circuits import format_quantity
from benchmarks.machine import machine_line
from benchmarks.training_runs import Method, Run, ratio_of_medians, run_all, table
from optimizer.circuit_settings import CircuitSettings
from optimizer.linear_solver import InvCircuitSolver

LIMIT, BITS, DEVICE = 128, 8, "taox-40nm-8level"
WIDTH, SAMPLES, DAMPING = 577, 4096, 0.5
"""Width of the largest refresh, its drawn samples, and its damping in units of the mean eigenvalue."""
WHOLE, CUT, CIRCUITS, REFINED = (
    "Cholesky, whole",
    f"Cholesky, blocks of {LIMIT}",
    f"circuits, blocks of {LIMIT}",
    f"circuits, whole by BlockAMC of {LIMIT}, {DEVICE}, {BITS} bits",
)
ASKED = {CUT: 2.0, CIRCUITS: 2.0, REFINED: 1.15}
"""Largest ratio of the epochs to those of Cholesky with whole factors."""
PROCESSOR = 3.0


def data() -> dict[str, Any]:
    """Files of MNIST in the folder of `AMC_DATA_DIR`."""
    folder = os.environ.get("AMC_DATA_DIR")
    images = Path(folder or ".") / "mnist" / "t10k-images-idx3-ubyte.gz"
    if not images.is_file():
        raise SystemExit(f"{images} is missing: set AMC_DATA_DIR to a folder with the files of MNIST's test images")
    return {"train": str(images), "labels": str(images.with_name("t10k-labels-idx1-ubyte.gz"))}


def methods() -> list[Method]:
    """Four ways, the baseline first."""
    base = {
        "data": data(),
        "model": {"layers": ["conv 16 5 pool 2", "conv 32 3 pool 2", "conv 32 3 pool 2", "dense"]},
        "batch_size": 128,
        "epochs": 8.0,
        "target_accuracy": 0.97,
    }
    cut = {"optimizer": {"name": "kfac", "array_limit": LIMIT}}
    analog: dict[str, Any] = {**base, **cut, "solver": "inv-circuit"}
    few = {"wide": "blocks", "bits": BITS, "device": DEVICE}
    return [
        Method(WHOLE, base),
        Method(CUT, {**base, **cut}),
        Method(CIRCUITS, {**analog, "circuit": {"engine": "exact"}}),
        Method(
            REFINED,
            {
                **analog,
                "optimizer": {"name": "kfac", "array_limit": LIMIT},
                "circuit": {"engine": "exact", **few},
            },
        ),
    ]


def verdicts(found: dict[str, list[Run]]) -> Iterator[str]:
    """A line for each way: ratios to whole factors by Cholesky; circuits against Cholesky of the same blocks, too."""
    first = found[WHOLE]
    for label, most in ASKED.items():
        runs = found[label]
        ratio, low, high = ratio_of_medians([one.epochs for one in runs], [one.epochs for one in first])
        time_ratio = ratio_of_medians([one.processor for one in runs], [one.processor for one in first])[0]
        epochs = f"{ratio:.2f} times the epochs, 95 % {low:.2f} .. {high:.2f}; at most {most}: {_word(ratio <= most)}"
        processor = f"{time_ratio:.2f} times the processor time; at most {PROCESSOR}: {_word(time_ratio <= PROCESSOR)}"
        yield f"{label}: {epochs}; {processor}"
    pairs = ([one.epochs for one in found[label]] for label in (CIRCUITS, CUT))
    ratio, low, high = ratio_of_medians(*pairs)
    yield f"{CIRCUITS}, against {CUT}: {ratio:.2f} times the epochs, 95 % {low:.2f} .. {high:.2f}"


def _word(holds: bool) -> str:
    return "holds" if holds else "FAILS"


def factor(width: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Draw a damped factor: mean of `a a^T` over rectified features that depend on each other, and a constant."""
    generator = np.random.default_rng(0)
    mixed = generator.standard_normal((width - 1, width - 1)) / np.sqrt(width)
    features = np.maximum(generator.standard_normal((SAMPLES, width - 1)) @ mixed, 0)
    features = np.hstack([features, np.ones((SAMPLES, 1))])
    found = features.T @ features / SAMPLES
    return np.asarray(found + DAMPING * np.trace(found) / width * np.eye(width))


def widest_refresh() -> str:
    """One refresh of the widest factor: time and memory of this process."""
    began, matrix = time.process_time(), factor(WIDTH)
    settings = CircuitSettings(engine="exact", wide="blocks", bits=BITS, device=DEVICE)
    solver = InvCircuitSolver(settings)
    with threadpool_limits(1):
        result = solver.compute(solver.init(matrix, LIMIT), np.eye(WIDTH))
    seconds, peak = time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return (
        f"width {WIDTH}, condition {np.linalg.cond(matrix):.0f}: {format_quantity(seconds, 's', 3)} of processor time, "
        f"{format_quantity(peak, 'B', 3)} at most; error {format_quantity(result.relative_error, '%', 3)}, "
        f"{result.work.cycles / WIDTH:.1f} cycles a column, {result.work.layouts} layouts, {result.work.cells} cells; "
        f"times within {format_quantity(result.interval, '%', 3)}, energies within "
        f"{format_quantity(result.energy_interval, '%', 3)} (95 %)"
    )


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of each way")] = 5,
    jobs: Annotated[int, typer.Option(min=1, help="Trainings at the same time")] = 1,
    folder: Annotated[Path, typer.Option(help="Folder of the results")] = Path("runs/wide"),
    refresh: Annotated[bool, typer.Option(help="Also one refresh of the widest factor")] = True,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Trainings with factors up to 289 wide, and one refresh of 577."""
    console = Console(record=True, width=200)
    console.print(machine_line(), highlight=False)
    found = run_all(methods(), seeds, jobs, folder)
    console.print(table("MNIST's test images, 8,000/2,000, target 97 %", found))
    for line in verdicts(found):
        console.print(line, highlight=False)
    if refresh:
        console.print(widest_refresh(), highlight=False)
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
