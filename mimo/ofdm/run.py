"""Study of Fourier transforms as the run `mimo-ofdm` of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amc_circuits import ParameterError, RunOutcome, short_repr
from mimo.ofdm.settings import OfdmSettings
from mimo.ofdm.study import transforms
from mimo.parts import circuit_options
from mimo.sweeps import StudyRun

PARTS = tuple(option for option in circuit_options("mvm") if option.name != "scaling")
"""Options of the arrays; rows of a Fourier matrix are of one size, so that scales of rows have no effect."""


def measure(settings: dict[str, Any], parts: dict[str, Any]) -> RunOutcome:
    """Run the study; metrics of the last value, and all of them as lists."""
    found = transforms(
        OfdmSettings(**settings), {name: value for name, value in parts.items() if name != settings["vary"]}
    )
    metrics: dict[str, Any] = {"ideal_ber": found.points[-1].ideal}
    for stages, name in ((1, "one_array"), (2, "two_stages")):
        mine = [point for point in found.points if point.stages == stages]
        if mine:
            metrics |= {f"evm_{name}": mine[-1].evm, f"ber_{name}": mine[-1].ber}
            metrics |= {f"curve_evm_{name}": [point.evm for point in mine]}
    if not found.usable:
        return RunOutcome("UNSTABLE", metrics, "every circuit is unstable")
    return RunOutcome(metrics=metrics)


class _OfdmRun(StudyRun):
    """The run, which refuses an option of the parts beside the values that it takes along the curve."""

    __repr__ = short_repr

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return all options that have an effect; the one that varies has its default.

        Raises:
            ParameterError: A value cannot be used, or an option has no effect.
        """
        found = super().complete(given)
        vary = found["vary"]
        if vary not in OfdmSettings.model_fields:
            plain = super().complete({name: value for name, value in given.items() if name != vary})
            if found[vary] != plain[vary]:
                raise ParameterError(vary, given[vary], "is what varies; leave it out, or vary another")
        return found


ofdm = _OfdmRun(OfdmSettings, PARTS, ("mvm",), measure, ("evm_one_array", "evm_two_stages")).run
