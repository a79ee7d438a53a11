"""Picture of a study of Fourier transforms: error vector magnitude and bit error rate over the varied parameter."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from amc_circuits import STYLE, curve_style, legend_beside, save_figure
from mimo.ofdm.study import LIMITS, Ofdm

NAMES = {1: "one array", 2: "two stages of sqrt(N)"}


def plot_ofdm(found: Ofdm, path: Path) -> None:
    """Draw both, with the limits of 3GPP, the closed form and the bit error rate of an exact transform."""
    settings = found.settings
    with plt.rc_context(STYLE):
        figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(7.2, 6.2))
        places = {value: place for place, value in enumerate(settings.varied)}
        for number, (stages, name) in enumerate(NAMES.items()):
            mine = [point for point in found.points if point.stages == stages]
            x = [places[point.value] for point in mine]
            above.plot(x, [100 * point.evm for point in mine], label=name, **curve_style(number))
            below.plot(x, [max(point.ber, 1e-12) for point in mine], label=name, **curve_style(number))
            if stages == 1:
                above.plot(
                    x, [100 * point.predicted for point in mine], "k:", linewidth=2, label="closed form, one array"
                )
                effective = [max(point.effective, 1e-12) for point in mine]
                below.plot(x, effective, "k:", linewidth=2, label="one array, white noise of its EVM")
        for order, limit in LIMITS.items():
            above.axhline(100 * limit, color="0.5", linewidth=0.8)
            above.annotate(f"3GPP, {order}-QAM", (1.0, 100 * limit), xycoords=("axes fraction", "data"), fontsize=7,
                           ha="right", va="bottom", color="0.4")  # fmt: skip
        exact = [next(point.ideal for point in found.points if point.value == value) for value in places]
        below.plot(range(len(exact)), exact, "k-", linewidth=0.9, label="exact transform")
        for axes, label in ((above, "error vector magnitude, %"), (below, "bit error rate")):
            axes.set_yscale("log")
            axes.set_ylabel(label)
            legend_beside(axes)
        below.set_xticks(np.arange(len(places)), list(places))
        below.set_xlabel(settings.vary.replace("_", " "))
        size = "" if settings.vary == "size" else f"{settings.size} subcarriers, "
        channel = "own channels" if settings.channels else settings.channel_model
        title = f"{size}{settings.order}-QAM, {settings.snr:g} dB, {settings.side}, {channel}"
        above.set_title(title, loc="left", fontsize=11)
        figure.tight_layout()
        save_figure(figure, path)
