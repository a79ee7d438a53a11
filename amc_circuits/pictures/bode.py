"""Open-loop gain and phase of an op-amp over frequency."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

from amc_circuits.opamps.bench import FrequencyResponse, OpAmpFigures
from amc_circuits.pictures.style import COLOURS, STYLE, save_figure
from amc_circuits.values.quantities import format_quantity

DECADES_BEYOND = 1
"""Decades that are drawn beyond the crossover."""


def plot_bode(response: FrequencyResponse, figures: OpAmpFigures, path: Path, name: str) -> None:
    """Plot gain and phase over frequency, with crossover and phase margin marked."""
    with plt.rc_context(STYLE):
        figure, (gain, phase) = plt.subplots(2, 1, sharex=True, figsize=(7.2, 5.6), height_ratios=(3, 2))
        draw_bode(gain, phase, response, figures)
        load = format_quantity(figures.load_resistance, "ohm")
        gain.set_title(f"{name}: open-loop gain into {load}", loc="left", fontsize=11)
        save_figure(figure, path)


def draw_bode(gain: Axes, phase: Axes, response: FrequencyResponse, figures: OpAmpFigures) -> None:
    """Draw gain in dB and phase in degrees into given axes, which share their frequencies."""
    crossover = figures.crossover_frequency
    shown = response.frequency <= crossover * 10**DECADES_BEYOND
    frequency, log_gain = response.frequency[shown], response.log_gain[shown]
    gain.plot(frequency, 20 / np.log(10) * log_gain.real)
    gain.set_ylabel("gain, dB")
    gain.axhline(0, color="0.3", linewidth=0.8)
    phase.plot(frequency, np.degrees(log_gain.imag), color=COLOURS[1])
    phase.set_ylabel("phase, degrees")
    phase.set_yticks(np.arange(0, min(np.degrees(log_gain.imag.min()), -180) - 45, -45))
    lag = figures.phase_margin - 180
    phase.plot([crossover] * 2, [-180, lag], color="0.3", linewidth=1.6)
    text = f"phase margin {figures.phase_margin:.1f} degrees"
    phase.annotate(text, (crossover, lag), (-6, -12), textcoords="offset points", fontsize=8, ha="right")
    text = f"gain 1 at {format_quantity(crossover, 'Hz')}"
    gain.annotate(text, (crossover, 0), (-6, -12), textcoords="offset points", fontsize=8, ha="right")
    gain.set_xscale("log")
    phase.set_xlim(max(frequency[0], crossover * figures.open_loop_gain**-1 / 100), frequency[-1])
    phase.xaxis.set_major_locator(LogLocator(numticks=20))
    phase.xaxis.set_minor_locator(NullLocator())
    phase.xaxis.set_major_formatter(EngFormatter())
    phase.set_xlabel("frequency, Hz")
    for axes in (gain, phase):
        axes.axvline(crossover, color="0.3", linewidth=0.8, linestyle=":")
