"""Picture of a schedule: its phases over time, what each connects, and its waveforms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from amc_circuits.linear.durations import connected
from amc_circuits.pictures.circuit.diagram import Diagram
from amc_circuits.pictures.responses import draw_response
from amc_circuits.pictures.style import COLOURS, STYLE, save_figure, write_title
from amc_circuits.solvers.macro.results import MacroSolution, PhaseResult
from amc_circuits.values.quantities import format_quantity
from netlists import GROUND, Array, Capacitors, Circuit, Conductors, OpAmps, ParameterError, Part, Phase, Switches
from netlists.errors import check_type
from netlists.parts import driven_by, ends_of

PER_ROW = 3
"""Most phases beside each other."""
LEAST_WIDTH, WAVES, GAP, STRIP = 3.4, 2.0, 0.75, 0.9
"""Inches: least width of a phase, height of its waveforms, gaps, and height of the strip of time."""
NARROW = 0.15
"""Part of the schedule below which the name of every second phase stands higher, so that names do not meet."""
LEAKING = 1e-8
"""Largest conductance that is not drawn, S: it only ties a node to ground."""
ENDS = ("a", "b", "word_lines", "bit_lines", "inverting", "noninverting", "input", "output", "source", "target")
"""Fields of parts that name groups."""


def plot_schedule(solution: MacroSolution, path: str | Path) -> None:
    """Draw a schedule: a strip of time, then the circuit of each phase above its outputs.

    Args:
        solution: Results of a schedule.
        path: File of the picture.

    Raises:
        ParameterError: Nothing was simulated.
    """
    check_type("solution", solution, MacroSolution, mend="run_schedule returns one")
    if any(phase.response is None for phase in solution.phases):
        raise ParameterError("plot", "no waveform", "nothing was simulated")
    panels = [_Panel.of(solution, phase) for phase in solution.phases]
    beside = math.ceil(len(panels) / math.ceil(len(panels) / PER_ROW))
    rows = [panels[first : first + beside] for first in range(0, len(panels), beside)]
    width = max(sum(panel.width for panel in row) for row in rows)
    height = STRIP + GAP + sum(_height(row) for row in rows)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        strip = _axes(figure, (GAP, height - STRIP, width - 1.3 * GAP, 0.35))
        _draw_strip(strip, solution)
        top = height - STRIP - GAP
        for row in rows:
            left = 0.0
            for panel in row:
                panel.draw(figure, left, top)
                left += panel.width
            top -= _height(row)
        save_figure(figure, path)


def _height(row: Sequence[_Panel]) -> float:
    """Height of a row of panels with the gaps above and below its waveforms, inches."""
    return max(panel.diagram.size[1] for panel in row) + WAVES + 2.2 * GAP


def _axes(figure: Figure, place: tuple[float, float, float, float]) -> Axes:
    """Add axes at a place: left, low, width, height, inches."""
    width, height = figure.get_size_inches()
    left, low, wide, high = place
    return figure.add_axes((left / width, low / height, wide / width, high / height))


@dataclass(frozen=True)
class _Panel:
    """Phase with its circuit and its waveforms.

    Attributes:
        phase: Result of the phase.
        diagram: Circuit that it connects.
        colour: Colour in the strip of time.
    """

    phase: PhaseResult
    diagram: Diagram
    colour: str

    @classmethod
    def of(cls, solution: MacroSolution, phase: PhaseResult) -> _Panel:
        """Place the circuit of a phase."""
        circuit = shorted(solution.circuit, solution.plan.phase(phase.name))
        return cls(phase, Diagram.of(circuit), COLOURS[solution.phases.index(phase) % len(COLOURS)])

    @property
    def width(self) -> float:
        """Width with its margin, inches."""
        return max(self.diagram.size[0], LEAST_WIDTH) + GAP

    def draw(self, figure: Figure, left: float, top: float) -> None:
        """Draw circuit and waveforms below `top`, inches."""
        wide, high = self.diagram.size
        circuit = _axes(figure, (left + GAP / 3, top - high, wide, high))
        self.diagram.draw(circuit)
        facts = f"{format_quantity(self.phase.settling_time, 's')}, {format_quantity(self.phase.total_energy, 'J')}"
        write_title(circuit, f"{self.phase.name}: {self.phase.mode}, array {self.phase.array}", "", 4)
        waves = _axes(figure, (left + GAP, top - high - GAP - WAVES, self.width - 1.4 * GAP, WAVES))
        assert self.phase.response is not None
        draw_response(waves, self.phase.response)
        if (legend := waves.get_legend()) is not None:
            legend.remove()
        waves.set_xlabel("time in the phase")
        write_title(waves, f"{self.phase.status.name}, {facts}", "", 4)
        waves.spines["left"].set_color(self.colour)
        waves.spines["left"].set_linewidth(2.5)


def _draw_strip(axes: Axes, solution: MacroSolution) -> None:
    """Draw the phases over time, and below them how long holds keep what they sampled."""
    total = solution.total_time
    for place, phase in enumerate(solution.phases):
        colour = COLOURS[place % len(COLOURS)]
        axes.barh(
            1, phase.duration, left=phase.start, height=1, color=colour, alpha=0.6, edgecolor="black", linewidth=0.6
        )
        raised = 0.8 * (place % 2) * (phase.duration < NARROW * total)
        axes.text(phase.start + phase.duration / 2, 1.6 + raised, phase.name, fontsize=8, ha="center", va="bottom")
    rows = [one.schedule.name for one in solution.plan.phases]
    for name in solution.plan.design.held:
        users = [one.own.name for one in solution.plan.phases if one.own.held == name]
        last = solution.phase(users[-1])
        begin = solution.phase(name).start + solution.phase(name).duration
        colour = COLOURS[rows.index(name) % len(COLOURS)]
        axes.barh(0.2, last.start + last.duration - begin, left=begin, height=0.25, color=colour)
    axes.set(xlim=(0, total), ylim=(-0.1, 1.6))
    axes.set_yticks([0.2, 1], ["held", "phases"], fontsize=8)
    axes.grid(False)
    axes.xaxis.set_major_formatter(EngFormatter(unit="s"))
    axes.tick_params(axis="x", labelsize=8)


def shorted(circuit: Circuit, phase: Phase) -> Circuit:
    """Return what a phase connects, with closed switches as wires and without what hangs loose or only leaks."""
    alone = connected(circuit, phase)
    closed = {part.name for part in circuit.of(Switches)}
    held = [source.group for source in alone.sources]
    wires = [part for part in alone.of(Conductors) if part.name in closed]
    names = _joined(wires, [*held, alone.outputs, *(part.word_lines for part in alone.of(Array))])
    parts = [_renamed(part, names) for part in alone.parts if part.name not in closed and not _leaks(part)]
    parts = _without_loose(parts, {*held, GROUND, names.get(alone.outputs, alone.outputs)})
    groups = {group: alone.groups[group] for part in parts for group, _ in ends_of(part) if group != GROUND}
    sources = tuple(replace(source, weights=1.0) for source in alone.sources if source.group in groups)
    return replace(
        alone, groups=groups, parts=tuple(parts), sources=sources, outputs=names.get(alone.outputs, alone.outputs)
    )


def _leaks(part: Part) -> bool:
    return isinstance(part, Conductors) and bool((np.asarray(part.siemens) <= LEAKING).all())


def _joined(wires: Sequence[Conductors], preferred: Sequence[str]) -> dict[str, str]:
    """Return the name of every group that wires join, ground and the first of the preferred ones before others."""
    first = [GROUND, *preferred]
    names: dict[str, str] = {}
    for wire in wires:
        a, b = names.get(wire.a, wire.a), names.get(wire.b, wire.b)
        keep, drop = sorted((a, b), key=lambda name: first.index(name) if name in first else len(first))
        names = {name: keep if kept == drop else kept for name, kept in names.items()} | {drop: keep}
    return names


def _renamed(part: Part, names: dict[str, str]) -> Part:
    """Return a part between the joined groups."""
    changes: dict[str, Any] = {end: names[getattr(part, end)] for end in ENDS if getattr(part, end, None) in names}
    return replace(part, **changes)


def _without_loose(parts: Sequence[Part], ends: set[str]) -> list[Part]:
    """Return the parts without those that lead to a group at which nothing else is."""
    kept = list(parts)
    while True:
        at: dict[str, int] = {}
        for part in kept:
            for group in {group for group, _ in ends_of(part)}:
                at[group] = at.get(group, 0) + 1
        loose = [
            part
            for part in kept
            if isinstance(part, Conductors | Capacitors)
            and any(at[group] == 1 and group not in ends for group, _ in ends_of(part))
        ]
        if not loose:
            return [part for part in kept if not isinstance(part, OpAmps) or at[driven_by(part) or ""] > 1]
        kept = [part for part in kept if part not in loose]
