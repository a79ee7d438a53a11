"""Rows of the op-amps' noise behind detectors, beside that of the radio."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.mimo.rows import IDEAL, Row
from mimo import Constellation, Parts
from mimo.parts import program_ginv
from mimo.radio.channels import rayleigh
from mimo.radio.closed_forms import ratio, ratio_of_rate
from mimo.radio.least_squares import least_squares
from mimo.radio.real_form import real_form, real_vector

ANTENNAS, USERS, VECTORS = 64, 8, 50


def noise() -> Iterator[Row]:
    """Noise of op-amps behind detectors of 64 x 8 at zero forcing's 1e-3, in units of the radio's noise there."""
    qam, generator = Constellation(16), np.random.default_rng(0)
    channel = real_form(rayleigh(1, ANTENNAS, USERS, generator)[0])
    snr = float(ratio(ratio_of_rate(qam, ANTENNAS, USERS, 1e-3)))
    sent = real_vector(qam.symbols(qam.draw((USERS, VECTORS), generator)))
    received = channel @ sent + generator.standard_normal((2 * ANTENNAS, VECTORS)) / np.sqrt(2 * snr)
    radio = float((least_squares(channel[None])[0] ** 2).sum(axis=1).mean()) / (2 * snr)
    for opamp in ("cmos-100meg", "cmos-0.9g-transistor"):
        parts = Parts(IDEAL | {"opamp": opamp, "topology": "compensated"})
        inverse = parts.program("inv", channel.T @ channel, 0)
        for name, circuit, b in (
            ("gram-inv", inverse, channel.T @ received),
            ("ginv", program_ginv(channel, parts, 0)[0], received),
        ):
            scales = circuit.input_levels(b)[1]
            volts = float(np.diag(circuit.noise().covariance).mean())
            own = volts * circuit.gain**2 * float((1 / scales**2).mean())
            text = f"{name}, {opamp}: own noise over the radio's, power, below 5 %"
            yield Row(text, own / radio, 0.025, 0.025, True)
