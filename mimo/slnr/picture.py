"""Picture of a study of leakage precoding: how the ratios of all users are distributed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from amc_circuits import STYLE, curve_style, legend_beside, save_figure
from mimo.radio.real_form import RealArray
from mimo.slnr.study import Leakage, decibels


def plot_leakage(found: Leakage, path: Path) -> None:
    """Draw the share of users below a ratio: exact, by every method, by matched filters; the closed form as a line."""
    with plt.rc_context(STYLE):
        figure, panel = plt.subplots(figsize=(8.4, 4.6))
        _steps(panel, found.exact, label="largest, exact", color="black", linewidth=1.2)
        for place, one in enumerate(found.methods):
            style = {key: value for key, value in curve_style(place).items() if key in ("color", "linestyle")}
            _steps(panel, one.ratios, label=f"by {one.name.upper()}", linewidth=1.6, **style)
        _steps(panel, found.matched, label="matched filter, exact", color="0.6", linewidth=1.2)
        if found.settings.user_antennas == 1 and np.isfinite(found.closed_form):
            mean = float(decibels(np.array(found.closed_form)))
            panel.axvline(mean, color="black", linestyle=":", linewidth=2, label="mean, many antennas")
        panel.set_xlabel("signal-to-leakage-and-noise ratio of a user, dB")
        panel.set_ylabel("share of users below")
        settings = found.settings
        each = "antenna" if settings.user_antennas == 1 else "antennas"
        panel.set_title(
            f"{found.antennas} antennas, {found.users} users with {settings.user_antennas} {each}, "
            f"{settings.snr:g} dB, {len(found.exact)} channels",
            loc="left", fontsize=11,
        )  # fmt: skip
        legend_beside(panel)
        figure.tight_layout()
        save_figure(figure, path)


def _steps(panel: Axes, ratios: RealArray, **style: Any) -> None:
    values = np.sort(decibels(ratios).ravel())
    panel.step(values, np.arange(1, len(values) + 1) / len(values), where="post", **style)
