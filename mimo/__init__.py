"""Massive MIMO on analog arrays: detection, Fourier transforms, precoding, channel estimation, all algebra by circuits.

This layer speaks of channels, users and bit error rates. The names below are imported at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amc_circuits import lazy_names

if TYPE_CHECKING:
    from mimo.detection.settings import DetectSettings
    from mimo.detection.study import Curve, Detection, detect
    from mimo.estimation.settings import EstimateSettings
    from mimo.estimation.study import Estimation, Estimator, estimate
    from mimo.iteration.settings import IterateSettings
    from mimo.iteration.study import Iterated, iterate
    from mimo.ofdm.settings import OfdmSettings
    from mimo.ofdm.study import Ofdm, transforms
    from mimo.parts import Parts
    from mimo.precoding.settings import PrecodeSettings
    from mimo.precoding.study import Precoding, precode
    from mimo.radio.channels import correlated, load_channels, rayleigh
    from mimo.radio.closed_forms import zero_forcing, zero_forcing_rayleigh
    from mimo.radio.constellation import Constellation
    from mimo.radio.delay_lines import DELAY_LINES, DelayLine
    from mimo.radio.plane_waves import plane_waves
    from mimo.radio.real_form import real_form
    from mimo.radio.semi_analytic import detector_rates
    from mimo.slnr.settings import LeakageSettings
    from mimo.slnr.study import Leakage, Method, leakage

    __version__: str

_HOMES = {
    "Constellation": "mimo.radio.constellation",
    "Curve": "mimo.detection.study",
    "DELAY_LINES": "mimo.radio.delay_lines",
    "DelayLine": "mimo.radio.delay_lines",
    "DetectSettings": "mimo.detection.settings",
    "Detection": "mimo.detection.study",
    "EstimateSettings": "mimo.estimation.settings",
    "Estimation": "mimo.estimation.study",
    "Estimator": "mimo.estimation.study",
    "IterateSettings": "mimo.iteration.settings",
    "Iterated": "mimo.iteration.study",
    "Leakage": "mimo.slnr.study",
    "LeakageSettings": "mimo.slnr.settings",
    "Method": "mimo.slnr.study",
    "Ofdm": "mimo.ofdm.study",
    "OfdmSettings": "mimo.ofdm.settings",
    "Parts": "mimo.parts",
    "PrecodeSettings": "mimo.precoding.settings",
    "Precoding": "mimo.precoding.study",
    "correlated": "mimo.radio.channels",
    "detect": "mimo.detection.study",
    "detector_rates": "mimo.radio.semi_analytic",
    "estimate": "mimo.estimation.study",
    "iterate": "mimo.iteration.study",
    "leakage": "mimo.slnr.study",
    "load_channels": "mimo.radio.channels",
    "plane_waves": "mimo.radio.plane_waves",
    "precode": "mimo.precoding.study",
    "rayleigh": "mimo.radio.channels",
    "real_form": "mimo.radio.real_form",
    "transforms": "mimo.ofdm.study",
    "zero_forcing": "mimo.radio.closed_forms",
    "zero_forcing_rayleigh": "mimo.radio.closed_forms",
}

__all__ = [
    "DELAY_LINES",
    "Constellation",
    "Curve",
    "DelayLine",
    "DetectSettings",
    "Detection",
    "EstimateSettings",
    "Estimation",
    "Estimator",
    "IterateSettings",
    "Iterated",
    "Leakage",
    "LeakageSettings",
    "Method",
    "Ofdm",
    "OfdmSettings",
    "Parts",
    "PrecodeSettings",
    "Precoding",
    "correlated",
    "detect",
    "detector_rates",
    "estimate",
    "iterate",
    "leakage",
    "load_channels",
    "plane_waves",
    "precode",
    "rayleigh",
    "real_form",
    "transforms",
    "zero_forcing",
    "zero_forcing_rayleigh",
]

if not TYPE_CHECKING:  # a type checker reads the imports above and reports names that do not exist
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
