"""Picture of a study of detectors: a panel for each set of channels."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt

from amc_circuits import STYLE, curve_style, legend_beside, save_figure
from mimo.detection.study import Detection


def plot_detection(found: Detection, path: Path) -> None:
    """Draw the bit error rates with exact zero forcing, a panel for each set of channels side by side."""
    settings = found.settings
    with plt.rc_context(STYLE):
        count = len(found.exact)
        figure, panels = plt.subplots(1, count, sharey=True, squeeze=False, figsize=(3.2 + 3.2 * count, 4.2))
        for panel, (name, exact) in zip(panels[0], found.exact.items(), strict=True):
            if name == "i.i.d." and found.closed_form is not None:
                panel.plot(found.snr, found.closed_form, "k:", linewidth=2.5, label="zero forcing, closed form")
            panel.plot(
                found.snr, exact.mean(axis=0), "k-", linewidth=0.9, label=f"{settings.exact_name}, these channels"
            )
            for place, curve in enumerate(one for one in found.curves if one.channels == name):
                panel.errorbar(
                    found.snr, curve.mean, curve.standard_error, label=curve.detector, markersize=5, linewidth=1.2,
                    capsize=2, **curve_style(place),
                )  # fmt: skip
            panel.set_yscale("log")
            panel.set_title(f"channels: {name}", loc="left", fontsize=10)
            panel.set_xlabel("Es/N0 of a user at an antenna, dB")
        panels[0, 0].set_ylabel("bit error rate")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        legend_beside(panels[0, -1], handles=handles, labels=labels)
        size = f"{settings.antennas} antennas, {settings.users} users, " if settings.channels is None else ""
        figure.suptitle(f"{size}{settings.order}-QAM, {len(found.curves[0].rates)} channels", x=0.02, ha="left")
        figure.tight_layout()
        save_figure(figure, path)
