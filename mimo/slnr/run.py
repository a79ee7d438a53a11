"""Study of leakage precoding as the run `mimo-leakage` of a sweep."""

from __future__ import annotations

from typing import Any

from amc_circuits import RunOutcome
from mimo.parts import Parts, circuit_options
from mimo.slnr.settings import LeakageSettings
from mimo.slnr.study import decibels
from mimo.slnr.study import leakage as study
from mimo.sweeps import StudyRun

CIRCUITS = ("inv", "egv")
PARTS = circuit_options(*CIRCUITS)


def measure(settings: dict[str, Any], parts: dict[str, Any]) -> RunOutcome:
    """Run the study, and return its metrics: mean ratios in dB."""
    chosen = LeakageSettings(**settings)
    found = study(chosen, Parts(parts, chosen.seed))
    metrics: dict[str, Any] = {
        "exact_slnr_db": float(decibels(found.exact).mean()),
        "matched_slnr_db": float(decibels(found.matched).mean()),
    }
    for one in found.methods:
        metrics |= {f"slnr_db_{one.name}": float(decibels(one.ratios).mean()), f"time_s_{one.name}": one.time}
        metrics |= {f"alignment_{one.name}": float(one.alignments.mean()), f"failed_{one.name}": len(one.failed)}
    return RunOutcome(metrics=metrics) if found.usable else RunOutcome("UNSTABLE", metrics, "every circuit failed")


METRICS = ("slnr_db_egv", "slnr_db_inv", "exact_slnr_db")
leakage = StudyRun(LeakageSettings, PARTS, CIRCUITS, measure, METRICS).run
