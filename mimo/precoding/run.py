"""Study of precoding as the run `mimo-precode` of a sweep."""

from __future__ import annotations

from typing import Any

import numpy as np

from amc_circuits import RunOutcome
from mimo.parts import Parts, circuit_options
from mimo.precoding.settings import PrecodeSettings
from mimo.precoding.study import precode as study
from mimo.sweeps import StudyRun

CHOSEN = ("feedback_conductance", "input_conductance", "ridge")
"""Options of circuits that the study chooses."""
OF_OPAMPS = ("offset_spread", "input_offset", "input_noise")
"""Options that count at the users."""
PARTS = tuple(
    {
        option.name: option
        for name in ("ginv", "cascade")
        for option in circuit_options(name, beside=OF_OPAMPS)
        if option.name not in CHOSEN
    }.values()
)
"""Options of the circuits."""


def measure(settings: dict[str, Any], parts: dict[str, Any]) -> RunOutcome:
    """Run the study, and return its metrics."""
    chosen = PrecodeSettings(**settings)
    found = study(chosen, Parts(parts, chosen.seed))
    metrics = {
        "ber": float(found.rates.mean()),
        "checked": found.checked,
        "unstable": found.unstable,
        "exact_ber": float(found.exact.mean()),
        "settling_time_s": found.settling_time,
        "energy_per_bit_j": found.energy_per_bit,
        "noise": float(np.mean([one.noise for one in found.settlings])),
        "offset": float(np.mean([one.offset for one in found.settlings])),
        "curve_settling_time_s": [one.time for one in found.settlings],
    }
    statuses = {one.status for one in found.settlings}
    if statuses != {"SETTLED"}:
        return RunOutcome("UNSETTLED", metrics, f"transients: {', '.join(sorted(statuses))}")
    return RunOutcome(metrics=metrics)


def circuits(settings: dict[str, Any]) -> tuple[str, ...]:
    """Return the name of the circuit that these settings choose."""
    return (settings["precoder"],)


precode = StudyRun(PrecodeSettings, PARTS, circuits, measure, ("settling_time_s", "ber", "energy_per_bit_j")).run
