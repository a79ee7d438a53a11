"""Noise of answers: the noise of the outputs, on the scale of the values that are read from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from amc_circuits.linear.noise import Noise, noise
from amc_circuits.results.solution import Solution, scalar_or_array
from amc_circuits.solvers.programmed import ProgrammedArray
from netlists import Circuit


def noises(circuit: ProgrammedArray, solution: Solution, bandwidth: float | None = None) -> list[Noise]:
    """Compute the noise of the outputs around the rest of every right-hand side.

    A complex right-hand side of a real matrix has two entries: its real part, then its imaginary part.

    Raises:
        ParameterError: As `noise`.
    """
    known: dict[Circuit, Noise] = {}
    found: list[Noise] = []
    for response in solution.responses:
        around = circuit.resting_circuit(None if response is None else response.outputs[-1])
        if around not in known:
            known[around] = noise(around, bandwidth)
        found.append(known[around])
    return found


def relative_noise(circuit: ProgrammedArray, solution: Solution, bandwidth: float | None = None) -> Any:
    """Compute the noise of one read-out relative to the answer: `sqrt(E ||dx||^2) / ||x||`, 2-norm.

    Args:
        circuit: Programmed circuit that gave the solution.
        solution: Solution, with the values and the scale k at which each was read.
        bandwidth: Bandwidth of the read-out, Hz, as in `noise`.

    Returns:
        Relative noise: a float for one right-hand side, else shape (K,); nan where nothing was simulated or x = 0.

    Raises:
        ParameterError: As `noise`.
    """
    return relative_to_answer(circuit, solution, noises(circuit, solution, bandwidth))


def relative_to_answer(circuit: ProgrammedArray, solution: Solution, made: Sequence[Noise]) -> Any:
    """Compute what `relative_noise` does from the result of `noises`."""
    factors = circuit.system.output_factors**2
    units = [math.sqrt(np.diag(one.covariance) @ factors) * abs(circuit.gain) for one in made]
    sizes = np.linalg.norm(np.reshape(solution.value, (len(solution.value), -1)), axis=0).tolist()
    each = len(solution.attempts) // len(sizes)
    found = []
    for k, size in enumerate(sizes):
        parts = zip(units[k * each : (k + 1) * each], solution.attempts[k * each : (k + 1) * each], strict=True)
        own = [unit / attempts[-1].scale for unit, attempts in parts if attempts]
        found.append(math.hypot(*own) / size if own and size > 0 else math.nan)
    return scalar_or_array(found, np.ndim(solution.value) == 1)
