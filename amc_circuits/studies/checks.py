"""The sample of trials of the engine auto that ngspice solves, too."""

from __future__ import annotations

from dataclasses import replace

from amc_circuits.engines import AutoEngine
from amc_circuits.results.trials import FAILED, Trial
from amc_circuits.solvers.solver import Solver
from amc_circuits.studies.trial import Analyses, trial_of
from amc_circuits.values.checks import Numbers


def share_of(circuit: Solver) -> float:
    """Return the fraction of trials that ngspice checks: 0 with another engine than auto."""
    return circuit.settings.cross_check if circuit.engine == AutoEngine.name else 0.0


def is_drawn(design_sha256: str, share: float) -> bool:
    """Select the trials of a sample by the hashes of their designs: the same on every machine and in any company."""
    return int(design_sha256[:16], 16) < share * 2**64


def solved(circuit: Solver, vector: Numbers, number: int, analyses: Analyses, check: bool) -> Trial:
    """Solve a trial alone; with the engine auto, ngspice checks all of its right-hand sides, or none."""
    if circuit.engine == AutoEngine.name:
        settings = circuit.settings.replace(cross_check=1.0 if check else 0.0)
        circuit = replace(circuit, settings=settings)
    return trial_of(circuit, vector, number, analyses)


def with_check(trial: Trial, checked: Trial) -> Trial:
    """Return a trial with the check of the same trial, or the failure of it."""
    if checked.status == FAILED:
        return checked
    return replace(
        trial,
        deck_sha256=checked.deck_sha256,
        cross_checked=checked.cross_checked,
        largest_difference=checked.largest_difference,
    )
