"""The command `amc mimo precode`: its options, tables and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from rich.table import Table

from amc_circuits import format_quantity
from mimo.command_line import study_command
from mimo.parts import Parts
from mimo.precoding.chips import CHIPS
from mimo.precoding.picture import plot_precoding
from mimo.precoding.run import PARTS
from mimo.precoding.settings import PrecodeSettings
from mimo.precoding.study import BUDGET_CHANNELS, Precoding
from mimo.precoding.study import precode as run
from mimo.radio.channels import standard_error
from mimo.report import Report, grid

LARGEST = 3
"""Number of causes in the printed budget."""


def study(settings: dict[str, Any], parts: dict[str, Any]) -> Report:
    """Run the study with these options, by name."""
    chosen = PrecodeSettings(**settings)
    found = run(chosen, Parts(parts, chosen.seed))
    unsettled = [one.status for one in found.settlings if not np.isfinite(one.time)]
    warnings: tuple[str, ...] = ()
    if unsettled:
        warnings = (f"{len(unsettled)} of {len(found.settlings)} transients: {', '.join(unsettled)}",)
    if found.unstable:
        warnings += (f"{found.unstable} of {found.checked} circuits are unstable; they count as guesses",)
    return Report(
        record_of(found), (_rates(found), _transients(found), _chips(found)),
        lambda path: plot_precoding(found, path), warnings, len(unsettled) < len(found.settlings),
    )  # fmt: skip


precode = study_command(
    "precode",
    "Precode for many users by one circuit: settling, bit errors, noise, energy.",
    PrecodeSettings,
    PARTS,
    study,
)


def record_of(found: Precoding) -> dict[str, Any]:
    """Return the result as plain data."""
    return {
        "settings": found.settings.model_dump(),
        "ber": found.rates.mean(),
        "standard_error": standard_error(found.rates) if len(found.rates) > 1 else None,
        "checked": found.checked,
        "unstable": found.unstable,
        "exact_ber": found.exact.mean(),
        "closed_form_ber": found.closed_form,
        "budget": found.budget,
        "budget_exact_ber": found.ideal,
        "reading_times": found.settings.parts_of_settling,
        "transients": [asdict(one) for one in found.settlings],
        "settling_time_s": found.settling_time,
        "energy_per_bit_j": found.energy_per_bit,
        "chips": [asdict(chip) | {"ratio": chip.energy_per_bit / found.energy_per_bit} for chip in CHIPS],
    }


def _rates(found: Precoding) -> Table:
    settings = found.settings
    size = f"{found.antennas} x {found.users}"
    table = grid(
        f"Precoding by {settings.precoder}, {size}, {settings.order}-QAM, {settings.snr:g} dB, "
        f"{len(found.rates)} channels, at rest",
        ("bit error rate", "value"),
    )
    if not np.isnan(found.closed_form):
        table.add_row("zero forcing, many antennas: P(g (M - K)/K)", f"{found.closed_form:.3g}")
    table.add_row(f"{settings.exact_name}, exact, these channels", f"{found.exact.mean():.3g}")
    stable = f"{found.checked - found.unstable} of {found.checked}"
    table.add_row(f"the circuit, {stable} stable", f"{found.rates.mean():.3g}", end_section=True)
    table.add_row(f"exact, {min(len(found.rates), BUDGET_CHANNELS)} channels", f"{found.ideal:.3g}")
    for name, rate in list(found.budget.items())[:LARGEST]:
        table.add_row(f"{name.replace('_', ' ')} alone", f"{rate:.3g}")
    return table


def _transients(found: Precoding) -> Table:
    parts = [f"at {part:g} t" for part in found.settings.parts_of_settling]
    headings = ("channel", "status", "settling t", "slowest pole", "energy", "error", "noise", "offset", *parts)
    table = grid(f"Settling by {found.settings.engine}, and bit error rate read early", headings, 2)
    for place, one in enumerate(found.settlings):
        times = [format_quantity(time, "s") for time in (one.time, one.predicted)]
        rates = [f"{rate:.3g}" for rate in one.rates]
        shares = [format_quantity(share, "%") for share in (one.error, one.noise, one.offset)]
        table.add_row(str(place), one.status, *times, format_quantity(one.energy, "J"), *shares, *rates)
    return table


def _chips(found: Precoding) -> Table:
    own = found.energy_per_bit
    table = grid("Energy of a bit; chips of other sizes, some with converters", ("", "energy", "ratio", "source"), 1)
    table.add_row("this circuit, without converters", format_quantity(own, "J"), "1", "")
    for chip in CHIPS:
        energy = chip.energy_per_bit
        table.add_row(chip.task, format_quantity(energy, "J"), f"{energy / own:.3g}", chip.source)
    return table
