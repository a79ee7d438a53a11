"""The command `amc mimo estimate`: its options, tables and JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from rich.table import Table

from amc_circuits import format_quantity
from mimo.command_line import study_command
from mimo.estimation.picture import plot_estimation
from mimo.estimation.run import PARTS
from mimo.estimation.settings import EstimateSettings
from mimo.estimation.study import Estimation, Estimator, decibels
from mimo.estimation.study import estimate as run
from mimo.parts import Parts
from mimo.radio.real_form import RealArray
from mimo.report import Report, grid

LARGEST = 3
"""Number of causes in the printed budget."""


def study(settings: dict[str, Any], parts: dict[str, Any]) -> Report:
    """Run the study with these options, by name."""
    chosen = EstimateSettings(**settings)
    found = run(chosen, Parts(parts, chosen.seed))
    return Report(
        record_of(found), (_errors(found), _budget(found)), lambda path: plot_estimation(found, path),
        tuple(_warnings(found)), found.usable,
    )  # fmt: skip


estimate = study_command(
    "estimate",
    "Estimate sparse channels from few pilots by circuits: mean squared error against the signal-to-noise ratio.",
    EstimateSettings,
    PARTS,
    study,
)


def record_of(found: Estimation) -> dict[str, Any]:
    """Return the result as plain data; errors are mean squared errors over the mean squared length, in dB."""
    return {
        "settings": found.settings.model_dump(),
        "snr_db": found.snr,
        "formula_nmse_db": decibels(found.formula),
        "oracle_nmse_db": decibels(found.oracle.mean(axis=0)),
        "unstable_arrays": found.unstable,
        "estimators": [
            {
                "estimator": one.name,
                "nmse_db": decibels(one.mean),
                "relative_standard_error": one.standard_error / one.mean,
                "exact_nmse_db": decibels(one.exact.mean(axis=0)),
                "realizations": len(one.errors),
                "failed": dict(Counter(one.failed)),
                "time_s": one.time,
                "budget_snr_db": found.snr[-1].item(),
                "budget_nmse_db": {cause: float(decibels(np.array(error))) for cause, error in one.budget.items()},
                "budget_exact_nmse_db": float(decibels(np.array(one.ideal))),
            }
            for one in found.estimators
        ],
    }


def _errors(found: Estimation) -> Table:
    settings = found.settings
    where = "file" if settings.channels is not None else settings.channel_model
    title = f"Mean squared error, dB; {found.size} entries ({where}), {settings.pilots} {settings.pilot_matrix} pilots"
    headings = ("estimator", "by", *(f"{one:g} dB" for one in found.snr), "channels", "settling")
    table = grid(f"{title}, {settings.taps} taps", headings, 2)
    law = "formula" if settings.pilot_matrix == "gaussian" else "lower bound"
    table.add_row("oracle", law, *_numbers(found.formula), "", "")
    count = str(len(found.oracle))
    table.add_row("oracle", "these channels", *_numbers(found.oracle.mean(axis=0)), count, "", end_section=True)
    for one in found.estimators:
        count = str(len(one.errors))
        table.add_row(one.name, "exact arithmetic", *_numbers(one.exact.mean(axis=0)), count, "")
        table.add_row(one.name, "circuits", *_numbers(one.mean), count, format_quantity(one.time, "s"))
    return table


def _budget(found: Estimation) -> Table:
    title = f"Mean squared error with one cause of errors alone, dB, at {found.snr[-1]:g} dB"
    table = grid(title, ("estimator", "exact"), 1)
    for place in range(LARGEST):
        table.add_column(("largest", "second", "third")[place])
    for one in found.estimators:
        causes = [f"{name.replace('_', ' ')} {_numbers(np.array([e]))[0]}" for name, e in one.budget.items()][:LARGEST]
        table.add_row(one.name, _numbers(np.array([one.ideal]))[0], *causes)
    return table


def _numbers(errors: RealArray) -> list[str]:
    return [f"{one:.1f}" for one in decibels(errors)]


def _warnings(found: Estimation) -> list[str]:
    texts = [text for one in found.estimators for text in _warnings_of(one)]
    if found.unstable:
        texts.append(f"{found.unstable} of 2 arrays are unstable; their products are those at rest")
    return texts


def _warnings_of(one: Estimator) -> list[str]:
    if not one.failed:
        return []
    counts = ", ".join(f"{count} {status}" for status, count in Counter(one.failed).items())
    return [
        f"{one.name}: {len(one.failed)} of {one.errors.size} solves gave no estimate ({counts}); they count as h = 0"
    ]
