"""Pictures of sizing: a metric over one parameter with its target, or over two with the line of the target."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import LogLocator, NullFormatter

from amc_circuits.pictures.style import COLOUR_MAP, COLOURS, STYLE, save_figure, unit_formatter, write_title
from amc_circuits.results.trials import UNITS, Limit
from amc_circuits.values.quantities import format_quantity
from netlists.record import FloatArray

WIDE = 10.0
"""Ratio of largest and smallest metric above which its axis is logarithmic."""


@dataclass(frozen=True)
class Curve:
    """Metric over one parameter.

    Attributes:
        name: Name of the parameter.
        unit: Unit of the parameter.
        logarithmic: True if the axis of the parameter is logarithmic.
        limit: Target.
        values: Values of the parameter, rising, shape (P,).
        metrics: Metric at each, nan without a usable result, shape (P,).
        answers: Values and metrics of the answers, shape (E, 2).
        checked: Metric of another engine at the first answer; None without one.
    """

    name: str
    unit: str
    logarithmic: bool
    limit: Limit
    values: FloatArray
    metrics: FloatArray
    answers: FloatArray
    checked: float | None = None


@dataclass(frozen=True)
class Plane:
    """Metric over two parameters.

    Attributes:
        names: Names of the parameters.
        units: Their units.
        values: Their values, rising, shapes (P,) and (Q,).
        logarithmic: True for each logarithmic axis.
        limit: Target.
        metrics: Metric, nan without a usable result, shape (Q, P).
        edges: Crossings of the target: values of both parameters, shape (E, 2).
        checked: Crossings that ngspice checked, shape (C, 2).
    """

    names: tuple[str, str]
    units: tuple[str, str]
    values: tuple[FloatArray, FloatArray]
    logarithmic: tuple[bool, bool]
    limit: Limit
    metrics: FloatArray
    edges: FloatArray
    checked: FloatArray


def plot_search(curve: Curve, path: Path) -> None:
    """Plot a metric over a parameter, with the target as a dashed line and the answers as points."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        known = np.isfinite(curve.metrics)
        axes.plot(curve.values[known], curve.metrics[known], ".-", color=COLOURS[0], label="samples")
        axes.axhline(curve.limit.value, color=COLOURS[1], linestyle="--", linewidth=1.2, label=str(curve.limit))
        for value, metric in curve.answers.tolist():
            label = f"{curve.name.replace('_', ' ')} {format_quantity(value, curve.unit)}"
            axes.plot(value, metric, "o", markersize=8, color=COLOURS[2], label=label)
        if curve.checked is not None and len(curve.answers):
            axes.plot(curve.answers[0, 0], curve.checked, "x", markersize=9, color="black", label="by ngspice")
        for value in curve.values[~known].tolist():
            axes.axvline(value, color="#999999", linewidth=0.8, linestyle=":")
        _dress(axes, axes.xaxis, curve.name, curve.unit, logarithmic=curve.logarithmic)
        _metric_axis(axes, curve)
        write_title(axes, f"{curve.limit.figure.replace('_', ' ')} over {curve.name.replace('_', ' ')}")
        axes.legend(fontsize=8, frameon=False)
        save_figure(figure, path)


def plot_plane(plane: Plane, path: Path) -> None:
    """Plot a metric over two parameters as contours, with the line on which the target is just kept."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        known = np.ma.masked_invalid(plane.metrics)
        if known.count() and known.min() < known.max():
            wide = known.min() > 0 and known.max() > WIDE * known.min()
            levels = (np.geomspace if wide else np.linspace)(float(known.min()), float(known.max()), 13)
            norm = (LogNorm if wide else Normalize)(float(known.min()), float(known.max()))
            drawn = axes.contourf(*plane.values, known, levels=levels, norm=norm, cmap=COLOUR_MAP)
            text = unit_formatter(UNITS[plane.limit.figure])
            figure.colorbar(drawn, ax=axes, label=plane.limit.figure.replace("_", " "), format=text)
        # Several crossings at one value of the first parameter belong to several lines.
        line = "o-" if len(np.unique(plane.edges[:, 0])) == len(plane.edges) else "o"
        axes.plot(*plane.edges.T, line, color="white", markeredgecolor="black", label=str(plane.limit))
        if len(plane.checked):
            axes.plot(*plane.checked.T, "x", markersize=9, color="black", label="checked by ngspice")
        for axis, name, unit, logarithmic in zip(
            (axes.xaxis, axes.yaxis), plane.names, plane.units, plane.logarithmic, strict=True
        ):
            _dress(axes, axis, name, unit, logarithmic=logarithmic)
        axes.set_xlim(plane.values[0][0], plane.values[0][-1])
        axes.set_ylim(plane.values[1][0], plane.values[1][-1])
        write_title(axes, f"{plane.limit.figure.replace('_', ' ')}, and the line of {plane.limit}")
        if len(plane.edges):
            legend = axes.legend(fontsize=8)
            legend.get_frame().set_facecolor("#bbbbbb")
        save_figure(figure, path)


def _dress(axes: Axes, axis: Axis, name: str, unit: str, *, logarithmic: bool) -> None:
    """Set scale, ticks and label of the axis of a parameter."""
    if logarithmic:
        (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(unit_formatter(unit))
    axis.set_label_text(name.replace("_", " "))


def _metric_axis(axes: Axes, curve: Curve) -> None:
    """Set scale, ticks and label of the axis of the metric."""
    known = curve.metrics[np.isfinite(curve.metrics)]
    if known.size and known.min() > 0 and curve.limit.value > 0 and known.max() > WIDE * known.min():
        axes.set_yscale("log")
        if known.max() < 1e3 * known.min():
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(unit_formatter(UNITS[curve.limit.figure]))
    axes.set_ylabel(curve.limit.figure.replace("_", " "))
