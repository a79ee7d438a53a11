"""Metrics, notes and causes of the EGV circuit, from its readings."""

from __future__ import annotations

import math

import numpy as np

from amc_circuits.cells.system import System
from amc_circuits.linear.noise import Noise
from amc_circuits.results.measurement import is_steady
from amc_circuits.results.response import Response
from amc_circuits.solvers.eigenvectors.spectrum import direction_error, rayleigh
from amc_circuits.values.checks import Numbers
from amc_circuits.values.quantities import format_quantity
from netlists.record import FloatArray


def clamped_error(system: System, response: Response | None, tolerance: float, exact: Numbers) -> float:
    """Compute the error of the direction at the end of the slot, at a limit; nan if the outputs do not rest there."""
    if response is None or not is_steady(response.time, response.outputs, tolerance):
        return float("nan")
    last = system.values(response.outputs[-1][:, None], 1)
    return float(direction_error(last, exact[:, None])[0])


def residuals(matrix: Numbers, vectors: Numbers) -> list[float]:
    """Compute `||A v - r v|| / (|r| ||v||)` of columns (N, K), r their Rayleigh quotients."""
    found = []
    for vector in vectors.T:
        value = rayleigh(matrix, vector)
        rest = float(np.linalg.norm(matrix @ vector - value * vector))
        found.append(rest / float(abs(value) * np.linalg.norm(vector)))
    return found


def not_growing(threshold: float, eigenvalue: float, smallest: bool) -> str:
    """Compare lambda with the eigenvalue of the arrays, as the end of a sentence on a circuit that does not grow."""
    name, side, mend = ("smallest", "below", "raise") if smallest else ("largest", "above", "lower")
    return (
        f"; lambda is {threshold:.5g}, and the {name} eigenvalue of the arrays {eigenvalue:.5g}: lambda must not be "
        f"{side} it, and the finite gain needs a distance, too; {mend} eigenvalue, or take a larger margin"
    )


def start_note(kick: float, duration: float) -> str:
    """Name the start of the circuit: a pulse of a height, V, and a duration, s, or the offsets."""
    if not kick:
        return "offsets start the circuit"
    return f"a pulse of {format_quantity(kick, 'V')} for {format_quantity(duration, 's')} starts the circuit"


def spread(noise: Noise, outputs: FloatArray, growth_rate: float, halves: bool) -> dict[str, float]:
    """Compute the noise of a direction that is read while it grows, and that of the time of the reading.

    The noise along the outputs moves the time; of a complex vector, the noise along i times the vector turns its phase
    alone. All other noise turns the direction.

    Args:
        noise: Noise of the outputs at the time of the reading.
        outputs: Outputs at this time, shape (N,), V.
        growth_rate: Growth of the outputs, 1/s.
        halves: True if they are the real, then the imaginary parts of a complex vector.
    """
    along = outputs[:, None] / np.linalg.norm(outputs)
    if halves:
        real, imaginary = np.split(along, 2)
        along = np.hstack([along, np.concatenate([-imaginary, real])])
    across = np.eye(len(outputs)) - along @ along.T
    largest, turned = int(np.abs(outputs).argmax()), max(float(np.trace(across @ noise.covariance @ across)), 0.0)
    return {
        "output_noise_v": float(noise.sigma.max()),
        "noise_bandwidth_hz": noise.bandwidth,
        "relative_noise": math.sqrt(turned) / float(np.linalg.norm(outputs)),
        "time_noise_s": float(noise.sigma[largest] / (growth_rate * abs(outputs[largest]))),
    }
