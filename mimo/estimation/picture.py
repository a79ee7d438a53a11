"""Picture of a study of channel estimation."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from amc_circuits import STYLE, curve_style, legend_beside, save_figure
from mimo.estimation.study import Estimation, decibels


def plot_estimation(found: Estimation, path: Path) -> None:
    """Draw the mean squared errors against the ratio: circuits with marks, exact arithmetic dashed, oracle black."""
    settings = found.settings
    with plt.rc_context(STYLE):
        figure, panel = plt.subplots(figsize=(8.4, 4.8))
        law = "formula" if settings.pilot_matrix == "gaussian" else "lower bound"
        panel.plot(found.snr, decibels(found.formula), "k:", linewidth=2.5, label=f"oracle, {law}")
        panel.plot(found.snr, decibels(found.oracle.mean(axis=0)), "k-", linewidth=0.9, label="oracle, these channels")
        for place, one in enumerate(found.estimators):
            style = curve_style(place)
            spread = np.nan_to_num(one.standard_error)
            ends = [decibels(np.maximum(one.mean + sign * spread, 1e-3 * one.mean)) for sign in (-1, 1)]
            middle = decibels(one.mean)
            panel.errorbar(
                found.snr, middle, [middle - ends[0], ends[1] - middle], label=f"{one.name}, circuits", markersize=5,
                linewidth=1.2, capsize=2, **style,
            )  # fmt: skip
            exact = decibels(one.exact.mean(axis=0))
            panel.plot(found.snr, exact, "--", linewidth=0.9, color=style["color"], label=f"{one.name}, exact")
        panel.set_xlabel("signal-to-noise ratio of a pilot, dB")
        panel.set_ylabel("mean squared error, dB")
        where = "file" if settings.channels is not None else settings.channel_model
        title = (
            f"{found.size} entries ({where}), {settings.pilots} {settings.pilot_matrix} pilots, {settings.taps} taps"
        )
        panel.set_title(title, loc="left", fontsize=11)
        legend_beside(panel)
        figure.tight_layout()
        save_figure(figure, path)
