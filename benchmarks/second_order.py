"""How many epochs does K-FAC save on a deep autoencoder, against rivals that are tuned as well as it is?

Method: an autoencoder (tanh, Bernoulli cross-entropy), one batch size, a target in nats that is set beforehand. Every
method gets the same number of settings, drawn at random from its ranges, log-uniform; all average their weights, with
one of the same three decays. Each setting is trained with the tuning seeds, and the best one (lowest mean epochs) is
trained with the judge seeds, which no search has seen. The test images are scored twenty times an epoch for all. A run
that misses the target counts as the largest number of epochs, and its mean is marked `>`, a bound. A method whose best
setting lies in the outer tenth of a range that decides has no saving: widen the range and run again.

Bias: an autoencoder favours second order; the networks of the preprint that this project follows are classifiers, where
less is won. One net, one data set, one target. The ranges were chosen after a look at earlier runs of all methods. An
epoch of K-FAC takes longer: see the processor time. Inverses are by Cholesky; no circuit takes part.

Printed: the chosen settings; then mean epochs with the 95 % interval (Student's t), median, steps, processor time,
inversions and condition numbers, and the epochs saved by each K-FAC, with the worst case of both intervals in
parentheses. `--quick` uses the digits, fewer settings and seeds: one minute.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from scipy import stats

from benchmarks.machine import machine_line
from optimizer.specification import TrainingSpec, make_spec
from optimizer.training import Training

DECAYS = (0.9, 0.97, 0.99)
EDGE = 0.1
"""Part of a range, on a logarithmic scale, that counts as its edge."""
FIRST_TUNING_SEED = 100
LAYERS = {
    "ocr-letters": ["dense 64 tanh", "dense 32 tanh", "dense 16 tanh", "dense 32 tanh", "dense 64 tanh", "dense"],
    "digits": ["dense 32 tanh", "dense 12 tanh", "dense 32 tanh", "dense"],
}
TARGETS = {"ocr-letters": 20.0, "digits": 23.0}


@dataclass(frozen=True)
class Method:
    """Optimizer with the ranges of its search; `decides` are those whose edge refuses the method.

    A limit that is no part of `decides` has a natural end: without clip, or with the smallest floor.
    """

    label: str
    fixed: Mapping[str, Any]
    ranges: Mapping[str, tuple[float, float]]
    decides: tuple[str, ...]


KFAC = {"name": "kfac", "first_interval": 5}
METHODS = (
    Method("momentum", {"name": "momentum"}, {"learning_rate": (1e-4, 0.3)}, ("learning_rate",)),
    Method("Adam", {"name": "adam"}, {"learning_rate": (3e-4, 0.1)}, ("learning_rate",)),
    Method(
        "K-FAC, rate",
        KFAC | {"inverse_interval": 20},
        {"learning_rate": (0.003, 3.0), "damping": (0.001, 30.0), "kl_clip": (0.001, 10.0)},
        ("learning_rate", "damping"),
    ),
    Method(
        "K-FAC, quadratic",
        KFAC | {"inverse_interval": 5, "step_size": "quadratic"},
        {"damping": (0.1, 30.0), "damping_floor": (3e-4, 0.1)},
        (),
    ),
)


@dataclass(frozen=True)
class Runs:
    """Trainings of one setting, one a seed."""

    epochs: tuple[float, ...]
    missed: int
    steps: float
    seconds: float
    inversions: float
    conditions: tuple[float, ...] = field(repr=False)

    @property
    def mean(self) -> float:
        """Mean of the epochs."""
        return float(np.mean(self.epochs))

    @property
    def half(self) -> float:
        """Half the width of the 95 % interval of the mean; infinite for one run."""
        count = len(self.epochs)
        return float(stats.t.ppf(0.975, count - 1) * stats.sem(self.epochs)) if count > 1 else math.inf


def trained(base: Mapping[str, Any], optimizer: Mapping[str, Any], seeds: Sequence[int]) -> Runs:
    """Train one setting with every seed."""
    found, seconds = [], []
    for seed in seeds:
        spec: TrainingSpec = make_spec({**base, "optimizer": dict(optimizer), "seed": seed})
        began = time.process_time()
        found.append(Training(spec).run())
        seconds.append(time.process_time() - began)
    epochs = [one.epochs_to_target for one in found]
    return Runs(
        tuple(float(base["epochs"]) if one is None else one for one in epochs),
        sum(one is None for one in epochs),
        float(np.mean([one.history[-1].step if one.history else 0 for one in found])),
        float(np.mean(seconds)),
        float(np.mean([len(one.ledger.inversions) for one in found])),
        tuple(entry.condition for one in found for entry in one.ledger.inversions),
    )


def drawn(method: Method, count: int) -> list[dict[str, Any]]:
    """Settings at random, the same ones in every run of the benchmark."""
    random = np.random.default_rng([7, METHODS.index(method)])
    ranges = {name: [math.log(end) for end in ends] for name, ends in method.ranges.items()}
    return [
        {
            **method.fixed,
            **{name: float(np.exp(random.uniform(*ends))) for name, ends in ranges.items()},
            "average_decay": float(random.choice(DECAYS)),
        }
        for _ in range(count)
    ]


def edges(method: Method, setting: Mapping[str, Any]) -> list[str]:
    """Names of the deciding ranges at whose edge a setting lies."""
    found = []
    for name in method.decides:
        low, high = map(math.log, method.ranges[name])
        if not EDGE <= (math.log(setting[name]) - low) / (high - low) <= 1 - EDGE:
            found.append(name)
    return found


def saving(kfac: Runs, rival: Runs) -> str:
    """Epochs saved in the mean, and at the worst case of both intervals."""
    if kfac.missed:
        return "not reached"
    low = rival.mean - rival.half
    worst = f"{1 - (kfac.mean + kfac.half) / low:.0%}" if low > 0 and math.isfinite(kfac.half) else "open"
    return f"{'> ' * bool(rival.missed)}{1 - kfac.mean / rival.mean:.0%} ({worst})"


def table(title: str, judged: Mapping[str, Runs], refused: Mapping[str, list[str]]) -> Table:
    """One row a method."""
    kfacs = [label for label in judged if label.startswith("K-FAC")]
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    headings = ("epochs", "95 %", "median", "missed", "steps", "CPU", "inversions", "condition, median, largest")
    for heading in ("method", *headings, *(f"{label} saves" for label in kfacs)):
        grid.add_column(heading, justify="left" if heading == "method" else "right", no_wrap=True)
    for label, runs in judged.items():
        condition = f"{np.median(runs.conditions):.0f}, {max(runs.conditions):.0f}" if runs.conditions else ""
        bad = {kfac: refused[label] or refused[kfac] for kfac in kfacs}
        saved = ["" if label == kfac else "edge" if bad[kfac] else saving(judged[kfac], runs) for kfac in kfacs]
        grid.add_row(
            label,
            f"{'> ' * bool(runs.missed)}{runs.mean:.2f}",
            f"+- {runs.half:.2f}",
            f"{np.median(runs.epochs):.2f}",
            f"{runs.missed} of {len(runs.epochs)}",
            *(f"{runs.steps:.0f}", f"{runs.seconds:.1f} s", f"{runs.inversions:.0f}", condition, *saved),
        )
    return grid


def tuned(base: Mapping[str, Any], method: Method, count: int, seeds: Sequence[int]) -> dict[str, Any]:
    """Best setting of a search: the lowest mean of the epochs, of equal ones the first drawn."""
    return min(drawn(method, count), key=lambda setting: trained(base, setting, seeds).mean)


def main(
    batch: Annotated[int, typer.Option(min=1, help="Batch size")] = 512,
    settings: Annotated[int, typer.Option(min=1, help="Settings of each method's search")] = 24,
    tuning: Annotated[int, typer.Option(min=1, help="Seeds of the search")] = 1,
    seeds: Annotated[int, typer.Option(min=2, help="Judge seeds")] = 10,
    epochs: Annotated[float, typer.Option(min=0.1, help="Largest number of epochs of a run")] = 25.0,
    quick: Annotated[bool, typer.Option(help="Digits, 8 settings, 3 judge seeds: a minute")] = False,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Epochs of a deep autoencoder to a target loss: momentum, Adam and both K-FACs, tuned with equal budgets."""
    name = "digits" if quick else "ocr-letters"
    batch, settings, seeds, epochs = (64, 8, 3, 10.0) if quick else (batch, settings, seeds, epochs)
    base = {
        **{"task": "autoencoder", "dataset": name, "model": {"layers": LAYERS[name]}, "target_loss": TARGETS[name]},
        **{"batch_size": batch, "epochs": epochs, "evaluations": 20},
    }
    console = Console(record=True, width=220)
    console.print(machine_line(), highlight=False)
    judged, refused = {}, {}
    for method in METHODS:
        best = tuned(base, method, settings, range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + tuning))
        refused[method.label] = edges(method, best)
        at = f"; AT THE EDGE of {', '.join(refused[method.label])}: widen it" * bool(refused[method.label])
        words = ", ".join(f"{key} {best[key]:.3g}" for key in (*method.ranges, "average_decay"))
        console.print(f"{method.label}: {words}{at}", highlight=False)
        judged[method.label] = trained(base, best, range(seeds))
    title = f"{name}, to {TARGETS[name]:g} nats, batch {batch}, {settings} settings a method, {seeds} judge seeds"
    console.print(table(title, judged, refused))
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
