"""Study of precoding as the run `mimo-precode` of a sweep."""

from __future__ import annotations

from typing import Any

from amc_circuits import RunOutcome
from mimo.parts import Parts, circuit_options
from mimo.precoding.settings import PrecodeSettings
from mimo.precoding.study import precode as study
from mimo.sweeps import StudyRun

PARTS = tuple(option for option in circuit_options("ginv") if option.name != "feedback_conductance")
"""Options of the circuits; the feedback is that of the closed form."""


def measure(settings: dict[str, Any], parts: dict[str, Any]) -> RunOutcome:
    """Run the study, and return its metrics."""
    chosen = PrecodeSettings(**settings)
    found = study(chosen, Parts(parts, chosen.seed))
    metrics = {
        "ber": float(found.rates.mean()),
        "exact_ber": float(found.exact.mean()),
        "settling_time_s": found.settling_time,
        "energy_per_bit_j": found.energy_per_bit,
        "curve_settling_time_s": [one.time for one in found.settlings],
    }
    statuses = {one.status for one in found.settlings}
    if statuses != {"SETTLED"}:
        return RunOutcome("UNSETTLED", metrics, f"transients: {', '.join(sorted(statuses))}")
    return RunOutcome(metrics=metrics)


precode = StudyRun(PrecodeSettings, PARTS, ("ginv",), measure, ("settling_time_s", "ber", "energy_per_bit_j")).run
