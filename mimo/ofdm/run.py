"""Study of Fourier transforms as the run `mimo-ofdm` of a sweep."""

from __future__ import annotations

from typing import Any

from amc_circuits import RunOutcome
from mimo.ofdm.settings import OfdmSettings
from mimo.ofdm.study import transforms
from mimo.parts import circuit_options
from mimo.sweeps import StudyRun

PARTS = circuit_options("mvm")


def measure(settings: dict[str, Any], parts: dict[str, Any]) -> RunOutcome:
    """Run the study; metrics of the last value, and all of them as lists."""
    found = transforms(
        OfdmSettings(**settings), {name: value for name, value in parts.items() if name != settings["vary"]}
    )
    metrics: dict[str, Any] = {"ideal_ber": found.ideal}
    for stages, name in ((1, "one_array"), (2, "two_stages")):
        mine = [point for point in found.points if point.stages == stages]
        if mine:
            metrics |= {f"evm_{name}": mine[-1].evm, f"ber_{name}": mine[-1].ber}
            metrics |= {f"curve_evm_{name}": [point.evm for point in mine]}
    return RunOutcome(metrics=metrics)


ofdm = StudyRun(OfdmSettings, PARTS, ("mvm",), measure, ("evm_one_array", "evm_two_stages")).run
