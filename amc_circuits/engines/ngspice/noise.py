"""Output noise by ngspice's own noise analysis."""

from __future__ import annotations

import math

import numpy as np

from amc_circuits.engines.ngspice.runner import run_deck
from amc_circuits.linear.equations import linear_circuit
from netlists import Circuit
from netlists.noise_deck import NoiseAnalysis, noise_deck

MARGIN = 1e4
"""Ratio by which the spectrum goes below the slowest pole and above the read-out's: one part in it lies outside."""


def simulated_sigma(circuit: Circuit, output: int, bandwidth: float) -> float:
    """Standard deviation of one output by ngspice's noise analysis of the deck, V: owes nothing to `noise`.

    Args:
        circuit: A stable one, ngspice does not look.
        output: Which output, from 0.
        bandwidth: The pole of the read-out, Hz.

    Raises:
        SimulationError: ngspice failed; deck and log are kept.
    """
    slowest = min(bandwidth, -linear_circuit(circuit).poles[0].real / (2 * math.pi))
    span = {"start": slowest / MARGIN, "stop": bandwidth * MARGIN}
    plot = run_deck(noise_deck(circuit, NoiseAnalysis(output=output, bandwidth=bandwidth, **span)))[0]
    frequency, density = plot["frequency"], plot["onoise_spectrum"] ** 2
    # Over ln f, where the integrand is smooth and ends in nothing on both sides.
    return math.sqrt(np.trapezoid(frequency * density, np.log(frequency)))
