"""Picture of a calibrated cell: trains of pulses with the fits, and steps over the conductance."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from amc_circuits.pictures.style import COLOURS, STYLE, save_figure
from amc_circuits.programming.calibration import CalibratedCell

MICRO = 1e6
FITS = (("soft_bounds", "soft bounds", ":"), ("power_law", "power law", "-"))


def plot_calibration(found: CalibratedCell, path: Path) -> None:
    """Plot measured trains as dots with the fitted ones as lines, and the steps that meet at the symmetric point."""
    with plt.rc_context(STYLE):
        figure, (trains, steps) = plt.subplots(1, 2, figsize=(9.6, 4.0), layout="constrained")
        grid = found.grid
        for colour, train, values in ((0, found.up, found.up_steps), (1, found.down, found.down_steps)):
            name = "up" if train.kind == "set" else "down"
            style = {"color": COLOURS[colour]}
            trains.plot(np.array(train.conductance) * MICRO, "o", markersize=3.5, label=name, **style)
            steps.plot(grid * MICRO, np.abs(values) * MICRO, "o", markersize=2.5, label=name, **style)
            for field, label, line in FITS:
                fit = getattr(found, field)
                course = fit.train(train.kind, train.conductance[0], len(train.energy))
                labelled = {"label": label} if name == "down" else {}
                trains.plot(course * MICRO, line, linewidth=1.2, **style, **labelled)
                steps.plot(grid * MICRO, np.abs(fit.step(train.kind, grid)) * MICRO, line, linewidth=1.2, **style)
        steps.axvline(found.symmetric_point * MICRO, color="0.6", linewidth=0.8)
        trains.set_xlabel("pulses")
        trains.set_ylabel("conductance (uS)")
        steps.set_xlabel("conductance before a pulse (uS)")
        steps.set_ylabel("size of its step (uS)")
        trains.legend(fontsize=8)
        figure.suptitle(f"{found.states:.3g} states", x=0.01, ha="left", fontsize=11)
        save_figure(figure, path)
