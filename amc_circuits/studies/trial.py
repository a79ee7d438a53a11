"""One circuit that is solved and measured: a trial of a study."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from amc_circuits.cases.case import noise_figures
from amc_circuits.engines import EnginesDisagreeError, SimulationError
from amc_circuits.results.readings import Reading
from amc_circuits.results.solution import Solution
from amc_circuits.results.trials import BUDGET, FAILED, GROWING, Trial, worst_of
from amc_circuits.solvers.solver import Solver
from amc_circuits.studies.statistics import ROW_KEYS
from amc_circuits.values.checks import Numbers
from netlists import ParameterError


@dataclass(frozen=True)
class Analyses:
    """Results that are computed beside the solve.

    Attributes:
        noise: True computes noise.
        noise_bandwidth: Bandwidth of the read-out for the noise, Hz; None is the op-amp's GBWP.
        budget: True computes the error budget.
    """

    noise: bool = False
    noise_bandwidth: float | None = None
    budget: bool = False


def trial_of(
    circuit: Solver, vector: Numbers, number: int, analyses: Analyses, first: list[Reading] | None = None
) -> Trial:
    """Solve by a programmed circuit and measure it.

    Args:
        circuit: Programmed circuit.
        vector: Right-hand sides, shape (n,) or (n, K).
        number: Number of the trial.
        analyses: Results beside the solve.
        first: Readings that were taken before; None simulates them.

    Raises:
        ParameterError: A parameter cannot be used.
        EnginesDisagreeError: A cross-check failed.
    """
    try:
        solution = circuit.answer(circuit.question(vector), first)
    except EnginesDisagreeError:
        raise
    except SimulationError as error:
        return Trial(number, FAILED, {}, str(error))
    except ParameterError as error:
        # A drawn array at the limit of stability is a failed trial; for a given array it is an error.
        if error.parameter != "A":
            raise
        return Trial(number, FAILED, {}, str(error))
    figures = _figures(circuit, solution, analyses)
    made = solution.provenance
    return Trial(
        number,
        solution.status.name,
        figures,
        "" if solution.usable else solution.message,
        made.design_sha256,
        made.deck_sha256,
        solution.cross_checked,
        solution.largest_difference if solution.cross_checked else 0.0,
        solution.by_engine,
    )


def _figures(circuit: Solver, solution: Solution, analyses: Analyses) -> dict[str, float]:
    """Metrics of a solution; of several right-hand sides the worst value."""
    worst = {
        "relative_error": solution.relative_error,
        "residual": solution.residual,
        "settling_time": solution.settling_time,
        "energy": math.nan if solution.energy.total is None else solution.energy.total,
        "overshoot": solution.overshoot,
        "peak_output_current": solution.peak_output_current,
    }
    figures = {name: worst_of(value, solution.usable) for name, value in worst.items()}
    figures["bits"] = -worst_of(-np.asarray(solution.bits), solution.usable)
    noise = noise_figures(circuit, solution, analyses.noise_bandwidth) if analyses.noise else {}
    if noise:
        figures["relative_noise"] = worst_of(noise["relative_noise"], solution.usable)
    own = solution.figures
    figures |= {name: own[ROW_KEYS[name]] for name in GROWING if ROW_KEYS[name] in own}
    if analyses.budget and circuit.stability.stable:
        budget = solution.budget().figures
        figures |= {f"{BUDGET}{name}": worst_of(value, solution.usable) for name, value in budget.items()}
    return figures
