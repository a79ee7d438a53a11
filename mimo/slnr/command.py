"""The command `amc mimo leakage`: its options, tables and JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from rich.table import Table

from amc_circuits import format_quantity
from mimo.command_line import study_command
from mimo.parts import Parts
from mimo.report import Report, grid
from mimo.slnr.picture import plot_leakage
from mimo.slnr.run import PARTS
from mimo.slnr.settings import LeakageSettings
from mimo.slnr.study import Leakage, Method, decibels
from mimo.slnr.study import leakage as run

LARGEST = 3
"""Number of causes in the printed budget."""


def study(settings: dict[str, Any], parts: dict[str, Any]) -> Report:
    """Run the study with these options, by name."""
    chosen = LeakageSettings(**settings)
    found = run(chosen, Parts(parts, chosen.seed))
    return Report(
        record_of(found), (_ratios(found), _budget(found)), lambda path: plot_leakage(found, path),
        tuple(text for one in found.methods for text in _warnings(one)), found.usable,
    )  # fmt: skip


leakage = study_command(
    "leakage",
    "Precode against leakage to other users by EGV and INV: signal-to-leakage-and-noise ratios.",
    LeakageSettings,
    PARTS,
    study,
)


def record_of(found: Leakage) -> dict[str, Any]:
    """Return the result as plain data; ratios are means of dB over channels and users."""
    return {
        "settings": found.settings.model_dump(),
        "exact_slnr_db": decibels(found.exact).mean(),
        "matched_slnr_db": decibels(found.matched).mean(),
        "mean_eigenvalue_db": float(decibels(np.array(found.eigenvalues))),
        "closed_form_db": float(decibels(np.array(found.closed_form))),
        "second_eigenvalue": found.second,
        "zero_forcing_difference": found.zero_forcing,
        "methods": [
            {
                "method": one.name,
                "slnr_db": decibels(one.ratios).mean(),
                "standard_error_db": one.standard_error,
                "alignment": one.alignments.mean(),
                "realizations": len(one.ratios),
                "checked": one.checked,
                "unstable": one.unstable,
                "failed": dict(Counter(one.failed)),
                "time_s": one.time,
                "budget_db": one.budget,
                "budget_exact_db": one.ideal,
            }
            for one in found.methods
        ],
    }


def _ratios(found: Leakage) -> Table:
    settings = found.settings
    size = f"{found.antennas} antennas, {found.users} users with {settings.user_antennas}"
    title = f"Signal to leakage and noise, {size}, {settings.snr:g} dB, {len(found.exact)} channels"
    table = grid(title, ("precoder", "mean", "1 - cos", "settling", "stable"), 1)
    table.add_row("mean eigenvalue, many antennas", _number(np.array(found.closed_form)), "", "", "")
    table.add_row("mean eigenvalue, these channels", _number(np.array(found.eigenvalues)), "", "", "")
    if settings.user_antennas == 1:
        table.add_row("regularised zero forcing, exact", "", f"{found.zero_forcing:.1e}", "", "")
    else:
        table.add_row("second eigenvalue over the first, median", f"{found.second:.2f}", "", "", "")
    table.add_row("matched filter, exact", _number(found.matched), "", "", "")
    table.add_row("largest, exact", _number(found.exact), "0", "", "", end_section=True)
    for one in found.methods:
        difference, stable = f"{1 - one.alignments.mean():.1e}", f"{one.checked - one.unstable} of {one.checked}"
        name = f"by {one.name.upper()}" + (
            f", {settings.iterations} solves" if one.name == "inv" and settings.iterates else ""
        )
        table.add_row(name, _number(one.ratios), difference, format_quantity(one.time, "s"), stable)
    return table


def _budget(found: Leakage) -> Table:
    table = grid("Mean ratio with one cause of errors alone, dB", ("precoder", "exact"), 1)
    for place in range(LARGEST):
        table.add_column(("largest", "second", "third")[place])
    for one in found.methods:
        causes = [f"{name.replace('_', ' ')} {value:.2f}" for name, value in list(one.budget.items())[:LARGEST]]
        table.add_row(f"by {one.name.upper()}", f"{one.ideal:.2f}", *causes)
    return table


def _number(ratios: np.ndarray) -> str:
    mean = float(decibels(ratios).mean())
    return f"{mean:.2f} dB" if np.isfinite(mean) else "-"


def _warnings(one: Method) -> list[str]:
    texts = []
    if one.unstable:
        texts.append(
            f"{one.name}: {one.unstable} of {one.checked} circuits are unstable; they count as antenna 0 alone"
        )
    if one.failed:
        counts = ", ".join(f"{count} {status}" for status, count in Counter(one.failed).items())
        total = one.ratios.size
        texts.append(
            f"{one.name}: {len(one.failed)} of {total} users have no direction ({counts}): their first antenna"
        )
    return texts
