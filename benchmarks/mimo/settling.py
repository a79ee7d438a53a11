"""Rows of settling: one-pole precoders of 16 x 128, the best feedback of GINV, early reading, another ngspice."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits import GinvCircuit, Solver
from benchmarks.mimo.rows import IDEAL, UNIT, Row
from benchmarks.mimo.transistors import CASCADE, GINV, Design, inverse_times
from benchmarks.robustness.versions import unpacked
from mimo import Constellation, PrecodeSettings
from mimo.parts import Parts, map_of
from mimo.precoding.study import Link, circuit_of, link_of
from mimo.radio.channels import rayleigh
from mimo.radio.closed_forms import ratio
from mimo.radio.real_form import real_form, real_vector
from netlists import SinglePoleOpAmp

ONE_POLE = IDEAL | {"opamp": "single-pole", "gbwp": "1G"}
ANTENNAS, USERS = 128, 16
SIZE: dict[str, Any] = {"antennas": ANTENNAS, "users": USERS, "input_ratio": 1.0}
CHANNELS = 6


def drawn(seed: int, count: int, vectors: int) -> Iterator[Link]:
    """Yield channels of the seed of the independent model, each with its vectors of 16-QAM, at 9 dB."""
    generator, qam = np.random.default_rng(seed), Constellation(16)
    for _ in range(count):
        channel = real_form(rayleigh(1, USERS, ANTENNAS, generator))
        yield Link(channel, qam.draw((1, USERS, vectors), generator), qam, float(ratio(9)))


def settling() -> Iterator[Row]:
    """One-pole op-amps of 1 GHz, 16 x 128: means of six channels of an independent model, feedback, early reading."""
    links = list(drawn(11, CHANNELS, 1))
    for name, precoder, topology, wanted in (
        ("cascade", "cascade", "paired", 6.1),
        ("cascade, compensated", "cascade", "compensated", 4.1),
        ("GINV, compensated, G_f = 2 G0", "ginv", "compensated", 4.3),
    ):
        settings, parts = PrecodeSettings(**SIZE, precoder=precoder), Parts(ONE_POLE | {"topology": topology})
        times = [_time(settings, link, parts, 0) for link in links]
        yield Row(f"{name}: ns", float(np.mean(times)), wanted, 0.1)
        own = PrecodeSettings(**SIZE, precoder=precoder, realizations=2 * CHANNELS)
        link = link_of(own)
        others = [_time(own, link, parts, place) for place in range(2 * CHANNELS)]
        print(f"      {name}: {np.mean(others):.2f} +- {np.std(others):.2f} ns over {len(others)} other channels")
    yield from _best_feedback(circuit_of(settings, links[0], parts, 0))
    yield from _early()


def _time(settings: PrecodeSettings, link: Link, parts: Parts, place: int) -> float:
    """Settling time of a channel with its first vector, ns; GINV with a feedback of 2 G0."""
    circuit = circuit_of(settings, link, parts, place)
    if isinstance(circuit, GinvCircuit):
        circuit = _fed(circuit, 2 * UNIT)
    symbols = real_vector(link.qam.symbols(link.drawn[:, place]))[:, 0]
    return 1e9 * float(np.asarray(circuit.solve(symbols).settling_time))


def _fed(circuit: Solver, feedback: float) -> Solver:
    """The same GINV circuit with another feedback conductance, S."""
    own = {name: getattr(circuit.parameters, name) for name in type(circuit.parameters).model_fields}
    opamp = circuit.hardware.opamp
    return GinvCircuit.program(circuit.matrix, engine="exact", opamp=opamp, **own | {"feedback_conductance": feedback})


def _best_feedback(circuit: Solver) -> Iterator[Row]:
    """The fastest of a scan of feedback conductances beside `2 sigma_min sqrt(S_s/S_c)`."""
    assert isinstance(circuit, GinvCircuit)
    design = circuit.design
    cells = design.conductance - design.conductance_negative
    tia = design.conductance.sum(axis=1).mean() + 2 * UNIT
    column = design.conductance_transposed.sum(axis=1).mean() + design.input_conductance
    formula = 2 * np.linalg.svd(cells, compute_uv=False)[-1] * np.sqrt(tia / column)
    scanned = UNIT * np.geomspace(1, 4, 9)
    fastest = min(scanned, key=lambda one: _fed(circuit, one).predicted_time)
    yield Row("GINV: formula for the best feedback, in G0", formula / UNIT, 2.1, 0.3)
    yield Row("GINV: formula against the fastest of a scan, in G0", formula / UNIT, fastest / UNIT, 0.3)


def _early() -> Iterator[Row]:
    """Bit error rate of the cascade read at 4 ns, 60 to 70 % of its settling time."""
    settings, parts, rates = PrecodeSettings(**SIZE, precoder="cascade"), Parts(ONE_POLE), []
    for link in drawn(13, 8, 64):
        circuit = circuit_of(settings, link, parts, 0)
        rates.append([link.rates(map_of(circuit, at)[None])[0] for at in (4e-9, None)])
    early, settled = np.mean(rates, axis=0)
    yield Row("cascade, 16-QAM, 9 dB: bit error rate at 4 ns", early, 4.7e-4, 0.15)
    yield Row("cascade, 16-QAM, 9 dB: bit error rate at rest", settled, 3.15e-4, 0.15)
    yield Row("cascade, 16-QAM, 9 dB: their ratio", early / settled, 1.5, 0.15)


@contextmanager
def simulator(program: Path) -> Iterator[None]:
    """Take this ngspice while the context is open."""
    before = os.environ.get("AMC_NGSPICE")
    os.environ["AMC_NGSPICE"] = str(program)
    try:
        yield
    finally:
        del os.environ["AMC_NGSPICE"]
        if before is not None:
            os.environ["AMC_NGSPICE"] = before


def versions() -> Iterator[Row]:
    """Ngspice 39 of Debian, unpacked beside the one in use: the same settling within 1 %."""
    new = dict(_times())
    with tempfile.TemporaryDirectory() as folder, simulator(unpacked(Path(folder) / "old")):
        for name, old in _times():
            yield Row(f"{name}: ns by ngspice 39, against the one in use", old, new[name], 0.01)


def _times() -> Iterator[tuple[str, float]]:
    """Yield settling times by ngspice, ns, with what settles."""
    matrix = real_form(rayleigh(1, 4, 16, np.random.default_rng(0))[0])
    b = np.random.default_rng(1).choice([-1.0, 1.0], len(matrix))
    for feedback in (1, 2, 4):
        circuit = GinvCircuit.program(
            matrix, opamp=SinglePoleOpAmp(gbwp=1e9), topology="compensated", feedback_conductance=feedback * UNIT
        )
        yield f"GINV 4 x 16, one pole, G_f = {feedback} G0", 1e9 * float(circuit.solve(b).settling_time)
    for place, time in enumerate(inverse_times("ngspice")):
        yield f"INV of 32 rows by transistors, vector {place}", time
    for design in (GINV, CASCADE):
        small = Design(design.name, design.precoder, design.limit, design.given, users=4, antennas=16)
        yield f"{design.name} 4 x 16 by transistors", 1e9 * float(small.solve(0, "ngspice").settling_time)
