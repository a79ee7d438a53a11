"""The command `amc mimo iterate`: its options, tables and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Table

from amc_circuits import format_quantity
from mimo.command_line import study_command
from mimo.iteration.picture import plot_iterated
from mimo.iteration.run import PARTS
from mimo.iteration.settings import IterateSettings
from mimo.iteration.study import Iterated
from mimo.iteration.study import iterate as run
from mimo.parts import Parts
from mimo.report import Report, grid

WITHIN = 0.01
"""Error of the map up to which iterations are counted."""


def study(settings: dict[str, Any], parts: dict[str, Any]) -> Report:
    """Run the study with these options, by name."""
    chosen = IterateSettings(**settings)
    found = run(chosen, Parts(parts, chosen.seed))
    warnings = tuple(
        f"{name.upper()}: {count} of {found.checked[name]} circuits are unstable; they count as guesses"
        for name, count in found.unstable.items()
        if count
    )
    return Report(
        record_of(found), (_methods(found), _budget(found)), lambda path: plot_iterated(found, path), warnings,
        found.usable,
    )  # fmt: skip


iterate = study_command(
    "iterate", "Detect by iterations of array products: error and bit errors.", IterateSettings, PARTS, study
)


def record_of(found: Iterated) -> dict[str, Any]:
    """Return the result as plain data."""
    names = ("snr", "exact", "closed_form", "one_step")
    return {
        "settings": found.settings.model_dump(),
        **{{"snr": "snr_db"}.get(name, f"{name}_ber"): getattr(found, name) for name in names},
        "product": {"time_s": found.product.time, "energy_j": found.product.energy},
        "solve": {"time_s": found.solve.time, "energy_j": found.solve.energy},
        "checked": found.checked,
        "unstable": found.unstable,
        "budget": found.budget,
        "courses": [asdict(course) for course in found.courses],
    }


def _methods(found: Iterated) -> Table:
    settings = found.settings
    title = f"{settings.order}-QAM, {found.snr:.3g} dB: exact zero forcing {found.exact:.3g} ({found.closed_form:.3g})"
    table = grid(title, ("method", "rate", "law", "to 1 %", "to one step's", "best BER", "time", "energy", "stable"))
    stable = {name: f"{count - found.unstable[name]} of {count}" for name, count in found.checked.items()}
    for course in found.courses:
        errors = course.errors
        good = [n for n, error in enumerate(errors, 1) if error <= WITHIN]
        needed = course.needed
        cost = ("-", "-") if needed is None else (
            format_quantity(needed * found.product.time, "s"), format_quantity(needed * found.product.energy, "J")
        )  # fmt: skip
        words = (str(good[0]) if good else "-", "-" if needed is None else str(needed), f"{course.rates.min():.3g}")
        table.add_row(course.method, f"{course.measured:.3g}", f"{course.factor:.3g}", *words, *cost, stable["mvm"])
    solve = (format_quantity(found.solve.time, "s"), format_quantity(found.solve.energy, "J"))
    table.add_row("one step of INV", "", "", "", "1", f"{found.one_step:.3g}", *solve, stable["inv"])
    return table


def _budget(found: Iterated) -> Table:
    table = grid("Bit error rate of one step with one cause of errors alone", ("cause", "rate"))
    for name, one in list(found.budget.items())[:3]:
        table.add_row(name.replace("_", " "), f"{one:.3g}")
    return table
