"""Pictures of training runs: accuracy over epochs, and the error of each inversion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from amc_circuits import STYLE, plot_responses, save_figure
from optimizer.ledger import Ledger
from optimizer.result import TrainingResult


def plot_run(result: TrainingResult, path: Path) -> None:
    """Draw accuracy over epochs; if a circuit computed, add the error of each inversion below it."""
    with_errors = result.ledger.slowest is not None
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(2 if with_errors else 1, squeeze=False, figsize=(7.2, 6.6 if with_errors else 4.4))
        draw_accuracy(axes[0, 0], {result.spec.optimizer.name: [result]})
        inverted = f", inversions by {result.spec.solver}" if result.ledger.inversions else ""
        axes[0, 0].set_title(result.spec.dataset + inverted, loc="left", fontsize=11)
        if with_errors:
            draw_errors(axes[1, 0], result.ledger)
        figure.tight_layout()
        save_figure(figure, path)


def plot_waveforms(ledger: Ledger, path: Path) -> None:
    """Draw the outputs of the slowest right-hand side of the slowest inversion over time."""
    if ledger.slowest is None:
        return
    size = len(ledger.slowest.value)
    responses = [response for response in ledger.slowest.record.responses if response is not None]
    plot_responses(responses, path, f"slowest inversion, {size} x {size}")


def draw_accuracy(axes: Axes, runs: Mapping[str, Sequence[TrainingResult]]) -> None:
    """Draw accuracy over epochs, one colour a label and one line a run, with the target as a dashed line."""
    for number, (label, results) in enumerate(runs.items()):
        for first, result in enumerate(results):
            epochs = [entry.epoch for entry in result.history]
            accuracies = [100 * entry.accuracy for entry in result.history]
            axes.plot(epochs, accuracies, color=f"C{number}", marker=".", linewidth=1.1, label=None if first else label)
    target = next(iter(runs.values()))[0].spec.target_accuracy
    axes.axhline(100 * target, color="black", linestyle="--", linewidth=1, label=f"target {100 * target:g} %")
    axes.set_xlabel("epochs")
    axes.set_ylabel("test accuracy (%)")
    axes.legend(fontsize=8, loc="lower right")


def draw_errors(axes: Axes, ledger: Ledger) -> None:
    """Draw the relative error of each inversion over the steps, one colour a factor."""
    for name in dict.fromkeys(entry.factor for entry in ledger.inversions):
        mine = [entry for entry in ledger.inversions if entry.factor == name]
        errors = [100 * entry.relative_error for entry in mine]
        axes.plot(
            [entry.step for entry in mine], errors, marker="o", markersize=4, label=f"{name}, {mine[0].size} wide"
        )
    axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("error of the inverse (%)")
    axes.legend(fontsize=8, ncols=2)
