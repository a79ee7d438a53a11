"""Tables of solutions and error budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from amc_circuits.linear.stability import Stability, complex_text
from amc_circuits.results.budget import Budget
from amc_circuits.results.solution import Solution
from amc_circuits.results.status import Status
from amc_circuits.values.quantities import format_quantity

BITS = (4, 6, 8)
"""Accuracies of a converter for which the table has a time, bits."""

OWN_UNITS = {"_per_s": "1/s", "_s": "s", "_v": "V", "_error": "%"}
"""Units of the metrics that only one circuit has, by the ends of their names."""


def figures_table(solution: Solution, noise: Mapping[str, Any], title: str) -> Table:
    """Create a table of the metrics of a solution; for several right-hand sides, mean and largest value.

    If the circuit is unstable, the table has its growth and those metrics that are known.
    """
    rows = _metrics(solution, noise)
    several = np.ndim(solution.settling_time) > 0
    grid = Table(title=title, title_justify="left")
    grid.add_column("metric")
    for heading in ("mean", "largest") if several else ("value",):
        grid.add_column(heading, justify="right")
    lines = [(name, *_cells(value, unit, several)) for name, value, unit in rows]
    if solution.stability.stable:  # what grows has no wanted final values
        lines[2:2] = [(f"time to {bits} bits", *_readout_cells(solution, bits, several)) for bits in BITS]
    if solution.status is Status.UNSTABLE:
        lines = [line for line in lines if any(cell not in ("-", "") for cell in line[1:])]
        lines[:0] = _growth_lines(solution.stability, several)
    for line in lines:
        grid.add_row(*line)
    grid.caption = f"{_solved_by(solution)}, {solution.wall_time:.2f} s"
    grid.min_width = len(grid.caption)
    grid.caption_justify = "left"
    return grid


def _metrics(solution: Solution, noise: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    """Return text, value and unit of every metric."""
    energy = solution.energy
    rows = [
        ("settling time", solution.settling_time, "s"),
        ("predicted settling time", solution.predicted_settling_time, "s"),
        ("overshoot", solution.overshoot, "%"),
        ("peak output current", solution.peak_output_current, "A"),
        ("energy", energy.total, "J"),
        ("  amplifiers", energy.amplifiers, "J"),
        ("  array", energy.array, "J"),
        ("  inputs", energy.inputs, "J"),
        ("relative error", solution.relative_error, "%"),
        ("residual", solution.residual, "%"),
        ("bits", solution.bits, ""),
        *map(_own, solution.figures.items()),
    ]
    if solution.status in (Status.PASSED, Status.NOT_PASSED):
        rows[:2] = [("time to the level", *rows[0][1:]), ("predicted time", *rows[1][1:])]
    if noise:
        rows += [
            ("output noise", noise["output_noise_v"], "V"),
            ("relative noise", noise["relative_noise"], "%"),
            *((("time noise", noise["time_noise_s"], "s"),) if "time_noise_s" in noise else ()),
        ]
    return rows


def _own(figure: tuple[str, float]) -> tuple[str, float, str]:
    """Return text, value and unit of a metric that only one circuit has."""
    name, value = figure
    for suffix, unit in OWN_UNITS.items():
        if name.endswith(suffix):
            return (name if unit == "%" else name.removesuffix(suffix)).replace("_", " "), value, unit
    return name.replace("_", " "), value, ""


def _growth_lines(stability: Stability, several: bool) -> list[tuple[str, ...]]:
    """Rows on the poles of an unstable circuit."""
    growing = int((stability.poles.real >= 0).sum())
    rows = [
        ("growing poles", f"{growing} of {len(stability.poles)}"),
        ("fastest growing pole", f"{complex_text(stability.slowest)} 1/s"),
    ]
    if stability.growth_rate > 0:
        rows.append(("doubling time", format_quantity(np.log(2) / stability.growth_rate, "s")))
    return [(*row, "") if several else row for row in rows]


def budget_table(budget: Budget, measured: Any) -> Table:
    """Create a table of the causes of the error, the largest first, then all together.

    For several right-hand sides it has mean and largest value.

    Args:
        budget: Error budget of the solution.
        measured: Measured relative error of the solution.
    """
    several = np.ndim(measured) > 0
    grid = Table(title="Error budget", title_justify="left")
    grid.add_column("cause alone")
    for heading in ("mean", "largest") if several else ("value",):
        grid.add_column(heading, justify="right")
    for name, value in budget.ordered():
        grid.add_row(name, *_cells(value, "%", several), end_section=name == budget.ordered()[-1][0])
    for name, value in (*budget.totals(), ("measured", measured)):
        grid.add_row(name, *_cells(value, "%", several))
    return grid


def _solved_by(solution: Solution) -> str:
    """Describe how many right-hand sides each engine solved, and the largest difference of two engines."""
    made = solution.provenance
    version = f" {made.ngspice_version}{' with KLU' if made.klu else ''}"
    counts = {name: solution.engines.count(name) for name in dict.fromkeys(solution.engines) if name}
    named = {name: name + version * (name == "ngspice") for name in counts}
    text = ", ".join(f"{named[name]} ({count})" if len(counts) > 1 else named[name] for name, count in counts.items())
    if solution.cross_checked:
        difference = format_quantity(solution.largest_difference, "%")
        text += f", {solution.cross_checked} checked by ngspice{version}: {difference} of full scale"
    return text or "not simulated"


def _cells(value: Any, unit: str, several: bool) -> list[str]:
    if not several or value is None or np.ndim(value) == 0:
        return [format_quantity(value, unit), ""] if several else [format_quantity(value, unit)]
    finite = value[np.isfinite(value)]
    if finite.size == 0:
        return ["-", "-"]
    return [format_quantity(finite.mean(), unit), format_quantity(finite.max(), unit)]


def _readout_cells(solution: Solution, bits: int, several: bool) -> list[str]:
    """Format times to an accuracy; a mean over only the right-hand sides that reach it would be too small."""
    times = solution.time_to_bits(bits)
    driven = [k for k, responses in enumerate(solution.driven) if responses]
    never = int(np.isnan(np.atleast_1d(times)[driven]).sum())
    if several and never:
        return ["-", f"never: {never} of {len(driven)}"]
    return _cells(times, "s", several)


def print_table(grid: Table) -> None:
    """Print a table; without a terminal it keeps its full width."""
    console = Console(emoji=False)  # a text between colons stays as it is
    if not console.is_terminal:
        console = Console(
            emoji=False, width=max(80, console.measure(grid, options=console.options.update(width=10_000)).maximum)
        )
    with console.capture() as text:
        console.print(grid)
    # Use print, because Rich handles a closed output in its own way.
    print(text.get(), end="")
