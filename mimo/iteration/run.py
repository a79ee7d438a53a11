"""Study of iterative detection as the run `mimo-iterate` of a sweep."""

from __future__ import annotations

from typing import Any

from amc_circuits import RunOutcome
from mimo.iteration.settings import IterateSettings
from mimo.iteration.study import iterate as study
from mimo.parts import Parts, circuit_options
from mimo.sweeps import StudyRun

CIRCUITS = ("inv", "mvm")
PARTS = circuit_options(*CIRCUITS)


def measure(settings: dict[str, Any], parts: dict[str, Any]) -> RunOutcome:
    """Run the study, and return its metrics."""
    chosen = IterateSettings(**settings)
    found = study(chosen, Parts(parts, chosen.seed))
    metrics: dict[str, Any] = {"exact_ber": found.exact, "ber_one_step": found.one_step, "snr_db": found.snr}
    metrics |= {f"checked_{name}": count for name, count in found.checked.items()}
    metrics |= {f"unstable_{name}": count for name, count in found.unstable.items()}
    for course in found.courses:
        name = course.method.replace("-", "_")
        metrics |= {f"ber_{name}": float(course.rates.min()), f"iterations_{name}": course.needed}
        metrics |= {f"curve_error_{name}": course.errors.tolist(), f"curve_ber_{name}": course.rates.tolist()}
    return RunOutcome(metrics=metrics) if found.usable else RunOutcome("UNSTABLE", metrics, "every circuit is unstable")


iterate = StudyRun(IterateSettings, PARTS, CIRCUITS, measure, ("ber_chebyshev", "ber_one_step", "exact_ber")).run
