"""Study of channel estimation as the run `mimo-estimate` of a sweep."""

from __future__ import annotations

from typing import Any

from amc_circuits import RunOutcome
from mimo.estimation.settings import EstimateSettings
from mimo.estimation.study import decibels
from mimo.estimation.study import estimate as study
from mimo.parts import Parts, circuit_options
from mimo.sweeps import StudyRun

CIRCUITS = ("mvm", "ginv", "recover")
PARTS = tuple(option for option in circuit_options(*CIRCUITS) if option.name != "feedback_conductance")
"""Options of the circuits; the feedback is that of the closed forms."""


def measure(settings: dict[str, Any], parts: dict[str, Any]) -> RunOutcome:
    """Run the study, and return its metrics: errors at the largest ratio, and the curves."""
    chosen = EstimateSettings(**settings)
    found = study(chosen, Parts(parts, chosen.seed))
    known = decibels(found.oracle.mean(axis=0))
    metrics: dict[str, Any] = {
        "snr_db": found.snr.tolist(),
        "nmse_db_oracle": float(known[-1]),
        "nmse_db_formula": float(decibels(found.formula)[-1]),
    }
    for one in found.estimators:
        name, errors = one.name.replace("-", "_"), decibels(one.mean)
        metrics |= {f"nmse_db_{name}": float(errors[-1]), f"curve_nmse_db_{name}": errors.tolist()}
        metrics |= {f"exact_nmse_db_{name}": float(decibels(one.exact.mean(axis=0))[-1]), f"time_s_{name}": one.time}
    return (
        RunOutcome(metrics=metrics) if found.usable else RunOutcome("UNSTABLE", metrics, "no circuit gave an estimate")
    )


METRICS = ("nmse_db_omp", "nmse_db_fista_ls", "nmse_db_oracle")
estimate = StudyRun(EstimateSettings, PARTS, CIRCUITS, measure, METRICS).run
