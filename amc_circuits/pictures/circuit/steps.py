"""Picture of a solve in blocks: outputs of every step over the time of the solve, and its energy so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter

from amc_circuits.pictures.style import STYLE, curve_style, save_figure, write_title
from amc_circuits.results.response import Response
from amc_circuits.solvers.blocks.solution import BlockSolution
from amc_circuits.values.quantities import format_quantity
from netlists import ParameterError
from netlists.errors import check_type
from netlists.short_text import short_repr

HEIGHTS = 3.4, 1.2
"""Heights of outputs and energy, inches."""
ROOM = 0.65
"""Height above the curves for names of steps, in units of that of the curves."""
NAMED = 20
"""Most steps whose names are written, a choice of this package: names of more would meet."""


@dataclass(frozen=True)
class _Drawn:
    """A step of one right-hand side.

    Attributes:
        name: Number and circuit.
        begin: Time before it, s.
        end: Time at which its slowest circuit has settled, s.
        energy: Energy up to its end, J; nan if it is not known.
        responses: Waveforms of its circuits.
    """

    name: str
    begin: float
    end: float
    energy: float
    responses: tuple[Response, ...]

    __repr__ = short_repr


def plot_steps(solution: BlockSolution, path: str | Path, title: str = "", column: int = 0) -> None:
    """Draw one right-hand side of a solve in blocks: outputs of every step until it has settled, and the energy so far.

    Args:
        solution: Solution by `BlockCircuit.solve`.
        path: File of the picture.
        title: Title above it.
        column: Place of the right-hand side among the columns of the circuits, from 0.

    Raises:
        ParameterError: Nothing was simulated, or there is no such column.
    """
    check_type("solution", solution, BlockSolution, mend="BlockCircuit.solve returns one")
    if not 0 <= column < solution.scales.shape[1]:
        raise ParameterError("column", column, f"must be 0 to {solution.scales.shape[1] - 1}")
    steps = _steps(solution, column)
    if not any(step.responses for step in steps):
        raise ParameterError("plot", "no waveform", "nothing was simulated")
    with plt.rc_context(STYLE):
        width = max(STYLE["figure.figsize"][0], 0.5 * min(len(steps), NAMED))
        size = (width, sum(HEIGHTS))
        figure, (outputs, energy) = plt.subplots(2, 1, figsize=size, height_ratios=HEIGHTS, sharex=True)
        _draw_outputs(outputs, steps)
        _draw_energy(energy, steps)
        total = f"{len(steps)} steps, {format_quantity(steps[-1].end, 's')}: each until its outputs have settled"
        write_title(outputs, title, total)
        save_figure(figure, path)


def _steps(solution: BlockSolution, column: int) -> list[_Drawn]:
    """Put the last pass of a column together."""
    mine = [run for run in solution.runs if column in run.columns]
    last = max((run.attempt for run in mine), default=1)
    found: list[_Drawn] = []
    time = joules = 0.0
    for number, step in enumerate(solution.steps, 1):
        runs = [run for run in mine if run.step == number and run.attempt == last]
        responses = [run.solution.responses[run.columns.tolist().index(column)] for run in runs]
        seconds = float(np.nan_to_num(step.settling_time[column]))
        joules += sum(np.nan if one is None else float(one[column]) for one in step.energy.values())
        name = f"{number} {step.text.partition(' (')[0]}"
        drawn = tuple(one for one in responses if one is not None)
        found.append(_Drawn(name, time, time + seconds, joules, drawn))
        time += seconds
    return found


def _draw_outputs(axes: Axes, steps: Sequence[_Drawn]) -> None:
    for number, step in enumerate(steps):
        if number % 2:
            axes.axvspan(step.begin, step.end, color="0.93", linewidth=0, zorder=0)
        for response in step.responses:
            shown = (response.time >= 0) & (response.time <= step.end - step.begin)
            for line in range(response.outputs.shape[1]):
                style = curve_style(line)
                axes.plot(
                    step.begin + response.time[shown], response.outputs[shown, line], color=style["color"],
                    linewidth=1.0, gid=f"{step.name}, {response.name(line)}",
                )  # fmt: skip
        if len(steps) <= NAMED and step.end > step.begin:
            axes.annotate(
                step.name, ((step.begin + step.end) / 2, 0.99), xycoords=("data", "axes fraction"), rotation=90,
                ha="center", va="top", fontsize=7, color="0.25",
            )  # fmt: skip
    axes.set_ylabel("outputs of the step")
    axes.yaxis.set_major_formatter(EngFormatter(unit="V"))
    axes.margins(x=0.01)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + ROOM * (high - low) * (len(steps) <= NAMED))


def _draw_energy(axes: Axes, steps: Sequence[_Drawn]) -> None:
    known = np.isfinite([step.energy for step in steps])
    if known.all():
        axes.plot([0.0, *(step.end for step in steps)], [0.0, *(step.energy for step in steps)], **curve_style(0))
        axes.yaxis.set_major_formatter(EngFormatter(unit="J"))
    axes.set_ylabel("energy so far" if known.all() else "energy unknown")
    axes.set_xlabel("time of the solve")
    axes.xaxis.set_major_formatter(EngFormatter(unit="s"))
