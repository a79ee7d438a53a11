"""Estimators as their circuits realise them: arrays, least squares by GINV, and the recovery circuit in one step.

The pilots are known beforehand, so that their matrix is programmed once for all channels: into one array for `Phi z`
and one for `Phi^H r`, each with its own errors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from amc_circuits import Solution, short_repr
from mimo.estimation.algorithms import LeastSquares, exact_least_squares, fista, matching_pursuit, refit
from mimo.estimation.problem import Problem, largest, squared
from mimo.estimation.settings import EstimateSettings
from mimo.parts import Parts, known_stable, map_of, program_ginv
from mimo.radio.real_form import ComplexArray, RealArray, complex_vector, real_form, real_vector

DEAD_ZONE = 0.5
"""Dead zone of the recovery circuit, V: a larger one needs a smaller leak, which withstands unequal cells better."""


@dataclass(frozen=True)
class Estimates:
    """Estimates of one estimator at one ratio.

    Attributes:
        entries: Estimates, shape (B, N); 0 where a circuit gave none.
        failed: Reason for every channel without an estimate.
        times: Settling time of every solve in one step, s.
    """

    entries: ComplexArray
    failed: tuple[str, ...] = ()
    times: tuple[float, ...] = ()

    __repr__ = short_repr


@dataclass(frozen=True)
class Means:
    """What an estimator computes with.

    Attributes:
        forward: Real map of `Phi z`, shape (2P, 2N).
        back: Real map of `Phi^H r`, shape (2N, 2P).
        least_squares: Solver over chosen entries.
        sparse: Solver of one received vector by the penalty of real parts, with a weight: status, answer, time.
        product_time: Settling time of both products, s; nan in exact arithmetic.
        unstable: Number of unstable arrays.
    """

    forward: RealArray
    back: RealArray
    least_squares: LeastSquares
    sparse: Callable[[RealArray, float], tuple[str, RealArray, float]]
    product_time: float = float("nan")
    unstable: int = 0

    __repr__ = short_repr


def exact_means(problem: Problem) -> Means:
    """Return exact arithmetic; the recovery circuit is replaced by the minimum that it approaches."""
    matrix = real_form(problem.pilots)
    ideal = Parts({"device": "ideal"})

    def sparse(received: RealArray, penalty: float) -> tuple[str, RealArray, float]:
        weight = penalty / (np.abs(matrix).max() * np.abs(received).max())
        circuit = ideal.program("recover", matrix, 0, weight=weight)
        return "SETTLED", np.asarray(circuit.reference(received[:, None]))[:, 0], float("nan")

    return Means(matrix, matrix.T, exact_least_squares(problem.pilots), sparse)


def circuit_means(problem: Problem, parts: Parts, settings: EstimateSettings) -> Means:
    """Program the arrays, and return what works with them."""
    matrix = real_form(problem.pilots)
    circuits = [parts.program("mvm", one, trial) for trial, one in enumerate((matrix, matrix.T))]
    forward, back = (map_of(one) for one in circuits)
    stable = [known_stable(circuit, trial) for trial, circuit in enumerate(circuits)]
    time = float(sum(circuit.predicted_time for circuit in circuits))
    solver = exact_least_squares(problem.pilots)
    if settings.least_squares == "ginv":
        solver = _least_squares_by_circuit(problem.pilots, parts)
    return Means(forward, back, solver, _recover(matrix, parts), time, stable.count(False))


def _least_squares_by_circuit(pilots: ComplexArray, parts: Parts) -> LeastSquares:
    def solve(places: np.ndarray, received: ComplexArray, number: int) -> ComplexArray:
        circuit, stable = program_ginv(real_form(pilots[:, places]), parts, number)
        if stable is False:
            return np.zeros(len(places), complex)
        return complex_vector(np.asarray(circuit.steady(real_vector(received[:, None]))))[:, 0]

    return solve


def _recover(matrix: RealArray, parts: Parts) -> Callable[[RealArray, float], tuple[str, RealArray, float]]:
    parts = replace(parts, real_opamp=True)  # unequal cells need the damping of a finite gain

    def solve(received: RealArray, penalty: float) -> tuple[str, RealArray, float]:
        weight = penalty / (np.abs(matrix).max() * np.abs(received).max())
        circuit = parts.program("recover", matrix, 0, weight=weight, dead_zone=DEAD_ZONE)
        solution: Solution = circuit.solve(received)
        status, time = str(np.asarray(solution.status).item().name), float(np.asarray(solution.settling_time))
        return status, np.asarray(solution.value, float), time

    return solve


def real_penalty(problem: Problem, snr: float) -> float:
    """Return `lambda = sigma sqrt(ln 2N)`: about the largest of 2N real correlations with noise alone.

    Each has the variance sigma^2/2, and the largest of n Gaussian numbers is about `sqrt(2 ln n)` deviations.
    """
    return problem.deviation(snr) * float(np.sqrt(np.log(2 * problem.pilots.shape[1])))


def _in_one_step(problem: Problem, snr: float, means: Means) -> Estimates:
    penalty, failed, times = real_penalty(problem, snr), [], []
    found = np.zeros(problem.entries.shape, complex)
    for place, received in enumerate(real_vector(problem.received(snr).T).T):
        status, value, time = means.sparse(received, penalty)
        if status != "SETTLED":
            failed.append(status)
            continue
        found[place] = complex_vector(value[:, None])[:, 0]
        times.append(time)
    return Estimates(found, tuple(failed), tuple(times))


def estimated(name: str, problem: Problem, snr: float, means: Means, iterations: int) -> Estimates:
    """Estimate the channels of a problem at a ratio.

    Args:
        name: Name of the estimator.
        problem: Channels behind pilots.
        snr: Ratio.
        means: Exact arithmetic or circuits.
        iterations: Iterations of `fista`.
    """
    if name == "omp":
        return Estimates(matching_pursuit(problem, snr, means.forward, means.back, means.least_squares))
    if name.startswith("fista"):
        first = Estimates(fista(problem, snr, means.forward, means.back, iterations))
    else:
        first = _in_one_step(problem, snr, means)
    if not name.endswith("-ls"):
        return first
    chosen = largest(first.entries, problem.taps)
    entries = refit(problem, snr, chosen, means.least_squares)
    entries[squared(first.entries) == 0] = 0  # nothing to refit where nothing was found
    return Estimates(entries, first.failed, first.times)
