"""Pictures of training runs: accuracy over epochs, and the error of each inversion."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from amc_circuits import STYLE, curve_style, legend_beside, plot_responses, save_figure
from optimizer.ledger import Ledger
from optimizer.result import TrainingResult
from optimizer.settings import KfacSettings, OptimizerSettings

NAMES = {"kfac": "K-FAC", "momentum": "momentum", "adam": "Adam"}
SOLVERS = {"cholesky": "Cholesky", "inv-circuit": "INV circuit"}
Curve = Sequence[tuple[float, float]]
"""Epochs and test accuracies of the evaluations of a run."""
LABEL_WIDTH = 30
"""Most characters of a line of a legend."""


def method_name(optimizer: OptimizerSettings, solver: str) -> str:
    """Name of an optimizer in words: what inverts for K-FAC, the learning rate of the others if they have one."""
    if isinstance(optimizer, KfacSettings) or getattr(optimizer, "inverts", False):
        quadratic = getattr(optimizer, "step_size", "rate") == "quadratic"
        return f"{NAMES.get(optimizer.name, optimizer.name)}{', quadratic model' * quadratic}, {SOLVERS[solver]}"
    rate = getattr(optimizer, "learning_rate", None)
    more = f", rate {rate:g}" if isinstance(rate, float) else ""
    return f"{NAMES.get(optimizer.name, optimizer.name)}{more}"


def plot_run(result: TrainingResult, path: Path) -> None:
    """Draw accuracy over epochs; if a circuit computed, add the error of each inversion below it."""
    with_errors = result.ledger.slowest is not None
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(2 if with_errors else 1, squeeze=False, figsize=(7.2, 6.6 if with_errors else 4.4))
        name = method_name(result.spec.optimizer, result.spec.solver)
        if result.spec.task == "autoencoder":
            draw_losses(axes[0, 0], {name: [result.loss_curve]}, result.spec.target_loss)
        else:
            draw_accuracy(axes[0, 0], {name: [result.accuracy_curve]}, result.spec.target_accuracy)
        axes[0, 0].set_title(result.spec.title, loc="left", fontsize=11)
        if with_errors:
            draw_errors(axes[1, 0], result.ledger)
        figure.tight_layout()
        save_figure(figure, path)


def plot_waveforms(ledger: Ledger, path: Path) -> None:
    """Draw the outputs of the slowest right-hand side of the slowest inversion over time."""
    if ledger.slowest is None or not ledger.slowest.responses:
        return
    size = ledger.slowest.size
    plot_responses(ledger.slowest.responses, path, f"slowest inversion, {size} x {size}")


def draw_accuracy(axes: Axes, runs: Mapping[str, Sequence[Curve]], target: float) -> None:
    """Draw accuracy over epochs, one style a label and one line a run, with the target as a dashed line."""
    _draw_curves(axes, {label: _in_percent(curves) for label, curves in runs.items()})
    axes.axhline(100 * target, color="black", linestyle="--", linewidth=1, label=f"target {100 * target:g} %")
    axes.set_ylabel("test accuracy (%)")
    legend_beside(axes)


def draw_losses(axes: Axes, runs: Mapping[str, Sequence[Curve]], target: float) -> None:
    """Draw the test loss of autoencoders over epochs, in nats an image, likewise."""
    _draw_curves(axes, runs)
    axes.axhline(target, color="black", linestyle="--", linewidth=1, label=f"target {target:g} nats")
    axes.set_ylabel("test loss (nats an image)")
    legend_beside(axes)


def _in_percent(curves: Sequence[Curve]) -> list[Curve]:
    return [[(epoch, 100 * accuracy) for epoch, accuracy in curve] for curve in curves]


def _draw_curves(axes: Axes, runs: Mapping[str, Sequence[Curve]]) -> None:
    for number, (label, curves) in enumerate(runs.items()):
        for first, curve in enumerate(curves):
            axes.plot(
                [epoch for epoch, _ in curve],
                [score for _, score in curve],
                label=None if first else textwrap.fill(label, LABEL_WIDTH),
                linewidth=1.1,
                markersize=4,
                **curve_style(number),
            )
    axes.set_xlabel("epochs")


def draw_errors(axes: Axes, ledger: Ledger) -> None:
    """Draw the relative error of each inversion over the steps, one style a factor."""
    for number, name in enumerate(dict.fromkeys(entry.factor for entry in ledger.inversions)):
        mine = [entry for entry in ledger.inversions if entry.factor == name]
        errors = [100 * entry.relative_error for entry in mine]
        words = name.replace(".a_factor", ", factor A").replace(".g_factor", ", factor G")
        label = f"{words}, {mine[0].size} wide"
        axes.plot([entry.step for entry in mine], errors, markersize=4, label=label, **curve_style(number))
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("step")
    axes.set_ylabel("error of the inverse (%)")
    legend_beside(axes)
