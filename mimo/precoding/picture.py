"""Picture of a study of precoding: the rate against the time of reading, and the energy beside published chips."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from amc_circuits import STYLE, curve_style, save_figure
from mimo.precoding.chips import CHIPS
from mimo.precoding.study import Precoding


def plot_precoding(found: Precoding, path: Path) -> None:
    """Draw bit error rates over the time of reading, and the energy of a bit as bars."""
    settings = found.settings
    with plt.rc_context(STYLE):
        figure, (above, below) = plt.subplots(2, 1, figsize=(9.0, 6.4), height_ratios=(3, 2))
        for place, one in enumerate(found.settlings):
            times = 1e9 * one.time * settings.parts_of_settling
            style = curve_style(place % 4)
            above.plot(times, one.rates, label=f"channel {place}, settled at {1e9 * one.time:.3g} ns", **style)
            above.axvline(1e9 * one.time, color=style["color"], linewidth=0.6)
        above.axhline(
            found.exact.mean(), color="black", linewidth=0.9, label=f"{settings.exact_name}, exact, all channels"
        )
        if np.isfinite(found.closed_form):
            above.axhline(found.closed_form, color="black", linestyle=":", linewidth=2, label="closed form")
        above.set_yscale("log")
        above.set_xlabel("time of reading, ns")
        above.set_ylabel("bit error rate")
        title = f"{found.antennas} antennas, {found.users} users, {settings.order}-QAM, {settings.snr:g} dB"
        above.set_title(title, loc="left", fontsize=11)
        above.legend(fontsize=8)
        names = [f"{chip.task}\n{chip.source}" for chip in CHIPS]
        energies = [chip.energy_per_bit for chip in CHIPS]
        if np.isfinite(found.energy_per_bit):
            names, energies = ["this circuit, without converters", *names], [found.energy_per_bit, *energies]
        bars = below.barh(range(len(names)), 1e12 * np.array(energies), color="0.6")
        below.bar_label(bars, fmt="%.3g", padding=3, fontsize=8)
        below.set_yticks(range(len(names)), names, fontsize=7)
        below.invert_yaxis()
        below.set_xlabel("energy of a bit, pJ: other sizes and tasks, a yardstick")
        figure.tight_layout()
        save_figure(figure, path)
