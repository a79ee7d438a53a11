"""Picture of accuracy against states, of every algorithm at its best rates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from amc_circuits import STYLE, curve_style, save_figure
from benchmarks.residual.accuracy import OWN, SEEDS
from benchmarks.residual.contest import BASELINES, TUNED_TILES, trained
from benchmarks.residual.store import Store
from benchmarks.residual.tuning import tune

NAME = "accuracy-by-states.png"
TILES = (2, 3, 4)


def picture(store: Store) -> Iterator[str]:
    """Draw means and deviations over the seeds; trainings that the store has are not run again."""
    curves: dict[str, list[Any]] = {}
    for states in OWN:
        settings: dict[str, Any] = {"states": states, **OWN[states]}
        best = tune(store, "residual", {**settings, "tiles": TUNED_TILES}).settings
        for tiles in TILES:
            each = {**settings, "algorithm": "residual", "tiles": tiles, **best}
            curves.setdefault(f"residual, {tiles} tiles", []).append(trained(store, each, SEEDS[states]))
        for name in BASELINES:
            rates = tune(store, name, {"states": states}).settings
            each = {"states": states, "algorithm": name, **rates}
            curves.setdefault(name, []).append(trained(store, each, SEEDS[states]))
    path = store.path.parent / NAME
    _draw(curves, path)
    yield f"  wrote {path}"


def _draw(curves: dict[str, list[Any]], path: Path) -> None:
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(1, 2, figsize=(9.6, 4.2))
        for axes, low in zip(panels, (30, 86), strict=True):
            for place, (name, values) in enumerate(curves.items()):
                shifted = [states * (1 + 0.012 * (place - 3)) for states in OWN]
                means, deviations = zip(*((one.mean(), one.std(ddof=1)) for one in values), strict=True)
                axes.errorbar(shifted, means, deviations, label=name, markersize=4, capsize=2, **curve_style(place))
            axes.set(xscale="log", xlabel="states of a device", ylim=(low, 100), xticks=list(OWN))
            axes.set_xticklabels([str(states) for states in OWN])
            axes.minorticks_off()
        panels[0].set_ylabel("test images classified correctly, %")
        panels[0].legend(fontsize=8, loc="lower right")
        figure.tight_layout()
        save_figure(figure, path)
