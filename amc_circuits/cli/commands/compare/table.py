"""Printed table of a comparison: medians and bands side by side, and ratios to the first design."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table

from amc_circuits.studies.comparison import ENERGY, Comparison, unit_of, words_of
from amc_circuits.studies.statistics import Spread
from amc_circuits.values.quantities import counted, format_quantity

BAND = "  5 to 95 %"
MOST_NOTES = 5
"""Most notes that are printed."""


def table_of(found: Comparison) -> Table:
    """Build the printed table."""
    places = range(len(found.designs))
    grid = Table()
    grid.add_column("metric, median")
    for place in places:
        grid.add_column(str(place + 1), justify="right")
    for place in places[1:]:
        grid.add_column(f"{place + 1} / 1", justify="right")
    for metric in found.metrics:
        bands = [found.spread(place, metric) for place in places]
        ratios = [found.ratio(place, metric) for place in places[1:]]
        account = metric.startswith(f"{ENERGY}_")
        name = f"  {words_of(metric, f'{ENERGY}_')}" if account else words_of(metric)
        unit = unit_of(metric)
        grid.add_row(name, *(_text(one.median, unit) for one in bands), *(_ratio(one.median) for one in ratios))
        if not account and any(one.q05 < one.q95 for one in (*bands, *ratios)):
            grid.add_row(BAND, *(_band(one, unit) for one in bands), *(_ratio_band(one) for one in ratios))
    if any(design.by_engine for design in found.designs):
        grid.add_row("solved by", *(_engines(design.by_engine) for design in found.designs))
    grid.add_row("usable seeds", *(f"{design.usable} of {len(found.seeds)}" for design in found.designs))
    return grid


def heading_of(found: Comparison) -> list[str]:
    """Title, and a line for each design."""
    return [found.title, *(f"{number}: {design.name}" for number, design in enumerate(found.designs, 1))]


def _engines(counts: Mapping[str, int]) -> str:
    """Names of engines, of several with the number of right-hand sides."""
    return ", ".join(f"{name} ({count})" if len(counts) > 1 else name for name, count in counts.items()) or "-"


def _text(value: float, unit: str) -> str:
    """Format a metric; a count is a plain number."""
    return format_quantity(value, unit) if unit or value != value else f"{value:g}"


def _band(band: Spread, unit: str) -> str:
    return f"{_text(band.q05, unit)} to {_text(band.q95, unit)}" if band.count > 1 else "-"


def _ratio(value: float) -> str:
    return "-" if value != value else f"{value:.4g}"


def _ratio_band(band: Spread) -> str:
    return f"{_ratio(band.q05)} to {_ratio(band.q95)}" if band.count > 1 else "-"


def notes_of(found: Comparison) -> list[str]:
    """Notes on the designs, each once with the numbers of its designs, and designs of which some seeds are unusable."""
    notes: dict[str, list[int]] = {}
    for number, design in enumerate(found.designs, 1):
        for note in dict.fromkeys(note for run in design.runs for note in run.notes):
            notes.setdefault(note, []).append(number)
    lines = [f"design {', '.join(map(str, numbers))}: {note}" for note, numbers in notes.items()]
    more = len(lines) - MOST_NOTES
    lines = [*lines[:MOST_NOTES], *([f"and {counted(more, 'further note')} on other seeds"] if more > 0 else [])]
    return [*_partly_usable(found), *lines]


def _partly_usable(found: Comparison) -> list[str]:
    lines = []
    for number, design in enumerate(found.designs, 1):
        first = next((run for run in design.runs if not run.usable), None)
        if first is not None and design.usable:
            count = f"{len(design.runs) - design.usable} of {counted(len(design.runs), 'seed')} not usable"
            lines.append(f"design {number}: {count}; the first, seed {first.seed}: {first.status}: {first.error}")
    return lines


def unusable_of(found: Comparison) -> tuple[str, ...]:
    """Reasons why designs have no usable seed."""
    return tuple(
        f"{design.runs[0].status}: design {number} has no usable seed; the first: {design.runs[0].error}"
        for number, design in enumerate(found.designs, 1)
        if not design.usable
    )
