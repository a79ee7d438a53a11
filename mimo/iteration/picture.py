"""Picture of a study of iterative detection: error and bit error rate over the iterations."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from amc_circuits import STYLE, curve_style, legend_beside, save_figure
from mimo.iteration.study import Iterated


def plot_iterated(found: Iterated, path: Path) -> None:
    """Draw errors with the rates of Marchenko and Pastur as thin lines, and bit error rates with those of one step."""
    settings = found.settings
    place = np.arange(1, settings.iterations + 1)
    with plt.rc_context(STYLE):
        figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(7.2, 6.4))
        for number, course in enumerate(found.courses):
            style = curve_style(number)
            above.plot(place, course.errors, label=course.method, markersize=4, **style)
            law = course.errors[0] * course.factor ** (place - 1)
            above.plot(place, law, color=style["color"], linewidth=0.7, alpha=0.7)
            below.plot(place, np.maximum(course.rates, 1e-9), label=course.method, markersize=4, **style)
        above.plot([], [], color="0.4", linewidth=0.7, label="rate for many antennas")
        below.axhline(found.exact, color="black", linewidth=0.9, label="exact zero forcing")
        below.axhline(found.one_step, color="black", linestyle="--", linewidth=1.2, label="one step of INV")
        errors = np.concatenate([course.errors for course in found.courses])
        smallest = float(errors[np.isfinite(errors)].min(initial=1))
        largest = max(min(float(errors[np.isfinite(errors)].max(initial=0)), 3.0), 10 * smallest)
        above.set_ylim(max(smallest / 3, 1e-8), 1.5 * largest)
        for axes, label in ((above, "error of the map"), (below, "bit error rate")):
            axes.set_yscale("log")
            axes.set_ylabel(label)
            legend_beside(axes)
        below.set_xlabel("iterations")
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
        size = f"{settings.antennas} antennas, {settings.users} users, " if settings.channels is None else ""
        above.set_title(f"{size}{settings.order}-QAM, {found.snr:.3g} dB", loc="left", fontsize=11)
        figure.tight_layout()
        save_figure(figure, path)
