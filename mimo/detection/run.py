"""Study of detectors as the run `mimo-detect` of a sweep."""

from __future__ import annotations

from typing import Any

from amc_circuits import RunOutcome
from mimo.detection.settings import DetectSettings
from mimo.detection.study import Curve, Detection
from mimo.detection.study import detect as study
from mimo.parts import Parts, circuit_options
from mimo.sweeps import StudyRun

CIRCUITS = ("inv", "mvm", "ginv")
WORDS = {"i.i.d.": "iid", "file": "file"}


def measure(settings: dict[str, Any], parts: dict[str, Any]) -> RunOutcome:
    """Run the study, and return its metrics: bit error rates at the reference, and the curves."""
    chosen = DetectSettings(**settings)
    found = study(chosen, Parts(parts, chosen.seed))
    metrics: dict[str, Any] = {"snr_db": found.snr.tolist()}
    for curve in found.curves:
        metrics |= _metrics(found, curve)
    unstable = all(curve.checked and curve.unstable == curve.checked for curve in found.curves)
    return RunOutcome("UNSTABLE", metrics, "every circuit is unstable") if unstable else RunOutcome(metrics=metrics)


def _metrics(found: Detection, curve: Curve) -> dict[str, Any]:
    channels = WORDS.get(curve.channels, "correlated")
    detector = curve.detector.replace(", ", "_").translate(str.maketrans("- ", "__"))
    name, place = f"{channels}_{detector}", curve.reference
    exact = found.exact[curve.channels].mean(axis=0)
    return {
        f"exact_ber_{channels}": float(exact[place]),
        f"ber_{name}": float(curve.mean[place]),
        f"standard_error_{name}": float(curve.standard_error[place]),
        f"checked_{name}": curve.checked,
        f"unstable_{name}": curve.unstable,
        f"curve_{name}": curve.mean.tolist(),
    }


METRICS = ("ber_iid_ginv", "ber_iid_gram_inv", "exact_ber_iid")
detect = StudyRun(DetectSettings, circuit_options(*CIRCUITS), CIRCUITS, measure, METRICS).run
