"""Picture of a training: accuracy and loss over the epochs."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from amc_circuits import STYLE, curve_style, save_figure
from analog_training.training.result import AnalogResult


def plot_training(result: AnalogResult, path: Path) -> None:
    """Draw accuracy and loss after every epoch, with thin lines before the first epoch of each stage."""
    spec = result.spec
    place = np.arange(1, len(result.losses) + 1)
    with plt.rc_context(STYLE):
        figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(7.2, 5.4))
        for axes, values, label in ((above, result.accuracies, "accuracy"), (below, result.losses, "loss")):
            axes.plot(place, values, markersize=3, **curve_style(0))
            axes.set_ylabel(label)
            for start in spec.course.starts[1:]:
                axes.axvline(math.ceil(start) + 0.5, color="0.6", linewidth=0.7)
        below.set_yscale("log")
        below.set_xlabel("epochs")
        above.set_title(title(result), loc="left", fontsize=11)
        figure.tight_layout()
        save_figure(figure, path)


def title(result: AnalogResult) -> str:
    """Describe a training in a few words."""
    spec = result.spec
    tiles = f", {spec.algorithm.tiles} tiles" if spec.algorithm.algorithm == "residual" else ""
    states = "" if spec.algorithm.algorithm == "digital" else f", {spec.device.states:.3g} states"
    return f"{spec.title}, {spec.algorithm.algorithm}{tiles}{states}"
