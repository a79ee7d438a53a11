"""Picture of a study of precoding: the rate against the time of reading, and the energy beside published chips."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from amc_circuits import STYLE, curve_style, format_quantity, save_figure
from mimo.precoding.chips import CHIPS
from mimo.precoding.study import Precoding

NAMED = 5
"""Largest number of transients with a curve style and a name each."""


def plot_precoding(found: Precoding, path: Path) -> None:
    """Draw bit error rates over the time of reading, and the energy of a bit as bars."""
    settings = found.settings
    with plt.rc_context(STYLE):
        figure, (above, below) = plt.subplots(2, 1, figsize=(9.0, 6.4), height_ratios=(3, 2))
        _draw_readings(found, above)
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
        _draw_energies(found, below)
        figure.tight_layout()
        save_figure(figure, path)


def _draw_readings(found: Precoding, axes: Axes) -> None:
    """A curve for each transient, and a thin line where it settled."""
    times = 1e9 * np.array([one.time for one in found.settlings])
    many = len(times) > NAMED
    for place, one in enumerate(found.settlings):
        style = {"color": "C0", "linewidth": 0.7} if many else curve_style(place)
        name = f"channel {place}, settled at {times[place]:.3g} ns"
        if many:
            span = f"{np.nanmin(times):.3g} to {np.nanmax(times):.3g} ns, median {np.nanmedian(times):.3g} ns"
            name = "_" if place else f"{len(times)} channels, settled at {span}"
        axes.plot(times[place] * found.settings.parts_of_settling, one.rates, label=name, **style)
        axes.axvline(times[place], color=style["color"], linewidth=0.3 if many else 0.6)


def _draw_energies(found: Precoding, axes: Axes) -> None:
    """A bar for this circuit and for each chip, with the ratio to this circuit."""
    own = found.energy_per_bit
    names = [f"{chip.task}\n{chip.source}" for chip in CHIPS]
    energies = [chip.energy_per_bit for chip in CHIPS]
    labels = [format_quantity(one, "J") for one in energies]
    if np.isfinite(own):
        labels = [f"{text}, {one / own:.2g} times" for text, one in zip(labels, energies, strict=True)]
        labels = [format_quantity(own, "J"), *labels]
        names, energies = ["this circuit, without converters", *names], [own, *energies]
    bars = axes.barh(range(len(names)), 1e12 * np.array(energies), color="0.6")
    axes.bar_label(bars, labels=labels, padding=3, fontsize=8)
    axes.margins(x=0.2)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("energy of a bit, pJ: other sizes and tasks, a yardstick")
