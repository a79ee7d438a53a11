"""The command `amc mimo ofdm`: its options, table and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from rich.table import Table

from amc_circuits import ParameterError, format_quantity
from mimo.command_line import study_command
from mimo.ofdm.picture import NAMES, plot_ofdm
from mimo.ofdm.run import PARTS
from mimo.ofdm.settings import OfdmSettings
from mimo.ofdm.study import Ofdm, transforms
from mimo.report import Report, grid

LARGEST = 3
"""Number of causes in the printed budget."""


def study(settings: dict[str, Any], parts: dict[str, Any]) -> Report:
    """Run the study with these options, by name."""
    chosen = OfdmSettings(**settings)
    if parts.get(chosen.vary) is not None:
        raise ParameterError(chosen.vary, parts[chosen.vary], "is what varies; leave it out, or vary another")
    found = transforms(chosen, parts)
    record = {
        "settings": chosen.model_dump(),
        "closed_form_ber": found.closed_form,
        "points": [asdict(point) for point in found.points],
    }
    warnings = tuple(
        f"{chosen.vary} {point.value}, {NAMES[point.stages]}: an array is unstable; it counts as a guess"
        for point in found.points
        if np.isnan(point.evm)
    )
    return Report(record, (_table(found),), lambda path: plot_ofdm(found, path), warnings, found.usable)


ofdm = study_command(
    "ofdm",
    "Fourier transforms of OFDM by arrays: error vector magnitude, bit error rate.",
    OfdmSettings,
    PARTS,
    study,
)


def _table(found: Ofdm) -> Table:
    settings = found.settings
    exact = "-" if np.isnan(found.closed_form) else f"{found.closed_form:.3g}"
    title = f"{settings.order}-QAM, {settings.snr:g} dB, {settings.side}; closed form of an exact transform: {exact}"
    headings = (settings.vary.replace("_", " "), "transform", "EVM", "closed form", "3GPP", "BER", "by EVM", "exact")
    table = grid(title, headings, 2)
    for place in range(LARGEST):
        table.add_column(("largest cause alone", "second", "third")[place])
    for point in found.points:
        predicted = "-" if np.isnan(point.predicted) else format_quantity(point.predicted, "%")
        passed = "passes" if point.evm <= point.limit else "fails"
        evm = "unstable" if np.isnan(point.evm) else format_quantity(point.evm, "%")
        causes = [f"{name.replace('_', ' ')} {format_quantity(one, '%')}" for name, one in point.budget.items()]
        table.add_row(
            point.value, NAMES[point.stages], evm, predicted, passed, f"{point.ber:.3g}",
            f"{point.effective:.3g}", f"{point.ideal:.3g}", *causes[:LARGEST],
        )  # fmt: skip
    return table
