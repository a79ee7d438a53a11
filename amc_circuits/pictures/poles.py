"""Poles of a circuit in the complex plane."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import EngFormatter, FixedLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from amc_circuits.linear.stability import Stability, complex_text
from amc_circuits.pictures.style import COLOURS, STYLE, save_figure
from netlists.record import FloatArray

RATIOS = (0.1, 0.3, 0.7)
"""Damping ratios that get a line."""
MOST_DECADES = 5
"""Largest logarithmic part of an axis, in decades below the largest pole."""
HERTZ_ROOM = 34
"""Height of the scale in Hz above the axes, points."""


def plot_poles(found: Stability, path: Path, title: str) -> None:
    """Plot all poles of a circuit with lines of equal damping; the slowest and the least damped one are marked.

    Both axes are linear up to the decade of the smallest real part and logarithmic beyond. They are in 1/s, with a
    second scale in Hz, `pole / (2 pi)`.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots()
        draw_poles(axes, found)
        entries = len(axes.get_legend_handles_labels()[1])
        axes.set_title(title, loc="left", fontsize=11, pad=HERTZ_ROOM + 10 + 13 * entries)
        save_figure(figure, path)


def draw_poles(axes: Axes, found: Stability) -> None:
    """Draw poles into given axes."""
    _plane(axes, found)
    label = f"{len(found.poles)} pole{'s' * (len(found.poles) > 1)}"
    axes.plot(found.poles.real, found.poles.imag, "x", color=COLOURS[0], markersize=6, label=label)
    name, damping = "slowest" if found.stable else "fastest growing", f"damping ratio {found.damping_ratio:.3g}"
    if found.least_damped in (found.slowest, found.slowest.conjugate()):
        _mark(axes, found.slowest, "o", COLOURS[1], f"{name} and least damped", damping)
    else:
        _mark(axes, found.slowest, "s", COLOURS[2], name)
        _mark(axes, found.least_damped, "o", COLOURS[1], "least damped", damping)
    above = axes.transAxes + ScaledTranslation(0, HERTZ_ROOM / 72, axes.figure.dpi_scale_trans)
    axes.legend(
        fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), bbox_transform=above, frameon=False, borderaxespad=0.2
    )


def _plane(axes: Axes, found: Stability) -> None:
    """Draw axes, half planes and lines of equal damping."""
    largest = float(np.abs(found.poles).max())
    nearest = max(float(np.abs(found.poles.real).min()), largest * 10.0**-MOST_DECADES)
    linear = 10.0 ** math.floor(math.log10(nearest))
    reach, right = 3 * largest, max(2 * linear, 2 * float(found.poles.real.max()))
    axes.set_xscale("symlog", linthresh=linear)
    axes.set_yscale("symlog", linthresh=linear)
    axes.set_xlim(-reach, right)
    axes.set_ylim(-reach, reach)
    axes.axvspan(0, right, color=COLOURS[1], alpha=0.12, linewidth=0)
    for word, place, side in (("decays", -4, "right"), ("grows", 4, "left")):
        axes.annotate(word, (0, -reach), (place, 4), textcoords="offset points", fontsize=8, color="0.35", ha=side)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.axhline(0, color="black", linewidth=0.8)
    for ratio in RATIOS:
        _equal_damping(axes, ratio, np.geomspace(linear / 100, 2 * reach, 400))
    # The locator of such axes may put ticks below the linear part's end, one over the other.
    _label(axes.xaxis, linear, reach, "real part, 1/s")
    _label(axes.yaxis, linear, reach, "imaginary part, 1/s")
    _hertz(axes, linear, reach)


def _label(axis: Axis, linear: float, reach: float, text: str) -> None:
    """Set a tick at zero and at each decade beyond the linear part."""
    decades = 10.0 ** np.arange(math.ceil(math.log10(linear) - 1e-9), math.log10(reach))
    axis.set_major_locator(FixedLocator([*-decades, 0, *decades]))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(EngFormatter())
    axis.set_label_text(text)


def _hertz(axes: Axes, linear: float, reach: float) -> None:
    """Add scales in Hz at the top and at the right."""
    top, right = axes.twiny(), axes.twinx()
    top.set_xscale("symlog", linthresh=linear / math.tau)
    right.set_yscale("symlog", linthresh=linear / math.tau)
    top.set_xlim(*(end / math.tau for end in axes.get_xlim()))
    right.set_ylim(*(end / math.tau for end in axes.get_ylim()))
    _label(top.xaxis, linear / math.tau, reach / math.tau, "real part / 2\N{GREEK SMALL LETTER PI}, Hz")
    _label(right.yaxis, linear / math.tau, reach / math.tau, "imaginary part / 2\N{GREEK SMALL LETTER PI}, Hz")
    for other, side in ((top, "top"), (right, "right")):
        other.grid(visible=False)
        other.spines[side].set_visible(True)


def _equal_damping(axes: Axes, ratio: float, sizes: FloatArray) -> None:
    """Draw the poles of given sizes with this damping ratio, as two lines."""
    high = math.sqrt(1 - ratio**2)
    for sign in (1, -1):
        axes.plot(-ratio * sizes, sign * high * sizes, ":", color="0.5", linewidth=0.9)
    top = axes.get_ylim()[1] / 2
    text = f"damping ratio {ratio:g}" if ratio == min(RATIOS) else f"{ratio:g}"
    place = (-ratio * top / high, top)
    axes.annotate(text, place, (3, 1), textcoords="offset points", fontsize=7, color="0.35")


def _mark(axes: Axes, pole: complex, shape: str, colour: str, name: str, more: str = "") -> None:
    """Draw a ring around a pole and its partner, explained in the legend."""
    upper = complex(pole.real, abs(pole.imag))
    text = f"{name}: {complex_text(upper)} 1/s ({complex_text(upper / math.tau)} Hz)"
    heights = [pole.imag, -pole.imag]
    axes.plot(
        [pole.real] * 2,
        heights,
        shape,
        color=colour,
        markersize=10,
        fillstyle="none",
        linewidth=0,
        label=f"{text}, {more}" if more else text,
    )
