"""The command `amc mimo detect`: its options, tables and JSON."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from mimo.command_line import study_command
from mimo.detection.picture import plot_detection
from mimo.detection.run import CIRCUITS
from mimo.detection.settings import DetectSettings
from mimo.detection.study import Curve, Detection
from mimo.detection.study import detect as run
from mimo.parts import Parts, circuit_options
from mimo.report import Report, grid

LARGEST = 3
"""Number of causes in the printed budget."""


def study(settings: dict[str, Any], parts: dict[str, Any]) -> Report:
    """Run the study with these options, by name."""
    chosen = DetectSettings(**settings)
    found = run(chosen, Parts(parts, chosen.seed))
    usable = any(curve.unstable < max(curve.checked, 1) for curve in found.curves)
    return Report(
        record_of(found), (_rates(found), _budget(found)), lambda path: plot_detection(found, path),
        tuple(_warnings(found)), usable,
    )  # fmt: skip


detect = study_command(
    "detect",
    "Detect the symbols of many users by circuits: bit error rate against the signal-to-noise ratio.",
    DetectSettings,
    circuit_options(*CIRCUITS),
    study,
)


def record_of(found: Detection) -> dict[str, Any]:
    """Return the result as plain data."""
    return {
        "settings": found.settings.model_dump(),
        "snr_db": found.snr,
        "closed_form_ber": found.closed_form,
        "exact_ber": {name: rates.mean(axis=0) for name, rates in found.exact.items()},
        "curves": [
            {
                "channels": curve.channels,
                "detector": curve.detector,
                "ber": curve.mean,
                "standard_error": curve.standard_error,
                "realizations": len(curve.rates),
                "checked": curve.checked,
                "unstable": curve.unstable,
                "diverging": curve.diverging,
                "budget_snr_db": found.snr[curve.reference].item(),
                "budget": curve.budget,
                "budget_exact_ber": curve.ideal,
            }
            for curve in found.curves
        ],
    }


def _rates(found: Detection) -> Table:
    settings = found.settings
    size = f"{settings.antennas} x {settings.users}, " if settings.channels is None else ""
    count = len(found.curves[0].rates)
    title = f"Bit error rate, {size}{settings.order}-QAM, {count} channels, Es/N0 of a user at an antenna"
    table = grid(title, ("channels", "detector", *(f"{one:g} dB" for one in found.snr), "stable"), 2)
    if found.closed_form is not None:
        table.add_row("all i.i.d.", "zero forcing, closed form", *map(_number, found.closed_form), "")
    for name, rates in found.exact.items():
        table.add_row(name, f"{settings.exact_name}, exact", *map(_number, rates.mean(axis=0)), "")
        for curve in found.curves:
            if curve.channels == name:
                stable = f"{curve.checked - curve.unstable} of {curve.checked}"
                table.add_row(name, curve.detector, *map(_number, curve.mean), stable)
    return table


def _budget(found: Detection) -> Table:
    table = grid("Bit error rate with one cause of errors alone", ("channels", "detector", "Es/N0"), 2)
    table.add_column("exact", justify="right")
    for place in range(LARGEST):
        table.add_column(("largest", "second", "third")[place])
    for curve in found.curves:
        causes = [f"{name.replace('_', ' ')} {_number(rate)}" for name, rate in curve.budget.items()][:LARGEST]
        snr = f"{found.snr[curve.reference]:g} dB"
        table.add_row(curve.channels, curve.detector, snr, _number(curve.ideal), *causes)
    return table


def _number(rate: float) -> str:
    return f"{rate:.3g}"


def _warnings(found: Detection) -> list[str]:
    return [text for curve in found.curves for text in _warnings_of(curve)]


def _warnings_of(curve: Curve) -> list[str]:
    of = f"{curve.detector} over the channels {curve.channels}"
    texts = []
    if curve.unstable:
        texts.append(f"{of}: {curve.unstable} of {curve.checked} circuits are unstable; they count as guesses")
    if curve.diverging:
        texts.append(f"{of}: refinement diverges in {curve.diverging} of {len(curve.rates)} channels")
    return texts
