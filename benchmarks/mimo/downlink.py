"""Rows of op-amps and precoders."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from amc_circuits import GinvCircuit
from amc_circuits.opamps.bench import characterize
from benchmarks.mimo.rows import IDEAL, UNIT, Row
from mimo import Parts, PrecodeSettings, precode
from mimo.radio.channels import rayleigh
from mimo.radio.real_form import real_form
from netlists import SinglePoleOpAmp, preset


def opamps() -> Iterator[Row]:
    """The op-amp of transistors into 1 kohm."""
    found = characterize(preset("cmos-0.9g-transistor"), load=1e3)
    yield Row("crossover, MHz", found.crossover_frequency / 1e6, 869, 0.05)
    yield Row("phase margin, degrees", found.phase_margin, 69.6, 0.05)
    yield Row("current, mA", 1e3 * found.quiescent_current, 4.5, 0.05)


def precoding() -> Iterator[Row]:
    """Exact zero forcing against the limit of many antennas; settling of one-pole op-amps."""
    for order, snr in ((16, 8), (64, 14)):
        settings = PrecodeSettings(antennas=128, users=16, order=order, snr=snr, realizations=40, transients=1)
        found = precode(settings, Parts(IDEAL | {"topology": "compensated", "opamp": "cmos-1g"}))
        yield Row(
            f"zero forcing, {order}-QAM, {snr} dB, against P(g (M - K)/K)",
            float(found.exact.mean()),
            found.closed_form,
            0.03,
        )
    matrix = real_form(rayleigh(1, 4, 16, np.random.default_rng(0))[0])
    b = np.random.default_rng(1).choice([-1.0, 1.0], len(matrix))
    opamp = SinglePoleOpAmp(gbwp=1e9)
    for feedback in (1, 2, 4):
        times = [
            float(
                GinvCircuit.program(
                    matrix, engine=engine, opamp=opamp, topology="compensated", feedback_conductance=feedback * UNIT
                ).solve(b).settling_time
            )
            for engine in ("ngspice", "exact")
        ]  # fmt: skip
        yield Row(f"4 x 16, G_f = {feedback} G0: ns by ngspice, against exact", 1e9 * times[0], 1e9 * times[1], 0.02)
