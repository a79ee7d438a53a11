"""Rows of the eigenvector circuit, EGV with inverters and CC-EGV with conductance compensation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from amc_circuits import EgvCircuit, Solution, Status
from amc_circuits.solvers.eigenvectors.spectrum import direction_error
from amc_circuits.values.matrices import draw_matrix
from benchmarks.family.rows import ENGINES, Row, stated, within
from netlists import MacroOpAmp, SinglePoleOpAmp, preset
from netlists.record import FloatArray

NAMES = {"paired": "EGV", "compensated": "CC-EGV"}
POLE = SinglePoleOpAmp(open_loop_gain=1e6, gbwp=100e6)
W_T = POLE.unity_gain_frequency
MATRICES = 50
"""Matrices of each class whose growing poles are counted."""
SIZES = (4, 8, 16)
SEED = 1
"""Seed of the matrix that is solved: one entry of its eigenvector is largest, so one output alone reaches its limit."""


def sharp() -> MacroOpAmp:
    """Return an op-amp with little but its pole and its swing."""
    found = preset("cmos-100meg").replace(open_loop_gain=1e6, input_capacitance=0.0, output_resistance=1e-3)
    assert isinstance(found, MacroOpAmp)
    return found


def symmetric(kind: str, size: int, generator: np.random.Generator) -> FloatArray:
    """Draw a symmetric matrix of a class."""
    drawn = generator.normal(size=(size, 2 * size))
    if kind == "covariance":
        return np.asarray(drawn @ drawn.T / (2 * size))
    if kind == "positive":
        return np.asarray(np.abs(drawn) @ np.abs(drawn).T / (2 * size))
    square = drawn[:, :size]
    if kind == "signed":
        basis = np.linalg.qr(square)[0]
        return np.asarray((basis * np.geomspace(0.05, 1, size)) @ basis.T)
    return np.asarray((square + square.T) / 2)


def counts() -> Iterator[Row]:
    """Number of growing poles against the number of eigenvalues above lambda."""
    for topology, name in NAMES.items():
        for kind in ("covariance", "signed", "indefinite", "positive"):
            right = total = 0
            for size in SIZES:
                generator = np.random.default_rng(size)
                for _ in range(MATRICES):
                    matrix = symmetric(kind, size, generator)
                    falling = np.linalg.eigvalsh(matrix)[::-1]
                    place = int(generator.integers(1 + int((falling[:-1] + falling[1:] > 0).sum()) // 2))
                    between = float(falling[place] + falling[place + 1]) / 2
                    circuit = EgvCircuit.program(
                        matrix, topology=topology, eigenvalue=between, margin=0.0, opamp=POLE, g_min=1e-9
                    )
                    right += circuit.growing_poles == place + 1
                    total += 1
            law = f"growing poles = eigenvalues above lambda, {kind}, N = 4, 8, 16"
            yield stated(name, law, "exact", f"{right} of {total}", f"{total} of {total}")


def equal_rows() -> Iterator[Row]:
    """Growth and growing mode with equal rows."""
    growth = mode = 0.0
    for seed in range(10):
        matrix = symmetric("covariance", 8, np.random.default_rng(seed))
        circuit = EgvCircuit.program(matrix, topology="compensated", opamp=POLE)
        design, unit = circuit.design, circuit.mapping.unit / circuit.mapping.alpha
        total = design.conductance_positive.sum(axis=1)[0] + design.balance[1].sum(axis=1)[0]
        law = W_T * ((circuit.exact.value - circuit.threshold) * unit / total - 1 / POLE.open_loop_gain)
        growth = max(growth, abs(circuit.stability.growth_rate / law - 1))
        modes, linear = circuit.linear.modes, circuit.linear
        grown = np.real(linear.read @ modes.vectors[:, np.argmax(np.real(modes.values))])[linear.nodes["c"]]
        mode = max(mode, float(direction_error(grown[:, None], circuit.exact.vector[:, None])[0]))
    yield within("CC-EGV", "growth = w_T ((lambda_1 - lambda)/S - 1/A0)", "exact", growth, 1e-10)
    yield within("CC-EGV", "growing mode = eigenvector, 1 - cos", "exact", mode, 1e-10)


def solved(topology: str, engine: str, **fields: Any) -> tuple[EgvCircuit, Solution]:
    """Solve for the dominant eigenvector of a signed matrix, with lambda 2 % below its eigenvalue."""
    matrix = draw_matrix("spd", 8, 8, 10.0, np.random.default_rng(SEED))
    given = {"kick": 0.01, "margin": 0.02, "opamp": sharp(), **fields}
    circuit = EgvCircuit.program(matrix, topology=topology, engine=engine, **given)
    return circuit, circuit.solve()


def readings() -> Iterator[Row]:
    """Growth and direction of waveforms, and the column of an inverse at the limit."""
    for topology, name in NAMES.items():
        times = []
        for engine in ENGINES:
            circuit, found = solved(topology, engine)
            (response,) = found.responses
            assert response is not None
            times.append(float(found.settling_time))
            largest = np.abs(response.outputs).max(axis=1)
            first, last = (int(np.argmax(largest > share * sharp().output_swing)) for share in (0.05, 0.5))
            rate = np.log(largest[last] / largest[first]) / (response.time[last] - response.time[first])
            worst = abs(rate / circuit.stability.growth_rate - 1)
            yield within(name, "grows at the rate of its pole", engine, worst, 5e-3)
            end = response.outputs[-1]
            inverse = np.linalg.inv(circuit.threshold * np.eye(8) - circuit.matrix)[:, np.abs(end).argmax()]
            away = float(direction_error(end[:, None], inverse[:, None])[0])
            yield within(name, "at the limit: a column of (lambda - A)^-1, 1 - cos", engine, away, 1e-5)
        yield within(name, "time to half swing of both engines", "both", abs(times[1] / times[0] - 1), 5e-3)


def offsets() -> Iterator[Row]:
    """Floor of the direction that offsets leave."""
    for engine in ENGINES:
        circuit, found = solved("compensated", engine, kick=0.0, offset_spread=1e-3)
        design, unit = circuit.design, circuit.mapping.unit / circuit.mapping.alpha
        total = (design.conductance_positive.sum(axis=1) + design.balance[1].sum(axis=1))[0] / unit
        values, vectors = np.linalg.eigh(circuit.matrix)
        parts = vectors[:, :-1].T @ design.amplifier_offset / (circuit.threshold - values[:-1])
        length = circuit.first_pass.level / np.abs(found.value).max()
        law = total / length * np.linalg.norm(parts)
        seen = abs(np.sqrt(2 * float(found.relative_error)) / law - 1)
        yield within("CC-EGV", "floor of the direction from offsets", engine, float(seen), 0.02)


def statuses() -> Iterator[Row]:
    """Statuses of a lambda beyond the eigenvalue, and of one below the second eigenvalue."""
    matrix = draw_matrix("spd", 8, 8, 10.0, np.random.default_rng(SEED))
    values = np.linalg.eigvalsh(matrix)
    for topology, name in NAMES.items():
        for engine in ENGINES:
            for law, value, wanted in (
                ("lambda = 1.05 lambda_1", 1.05 * values[-1], Status.NOT_GROWING.name),
                ("lambda between lambda_3 and lambda_2", (values[-2] + values[-3]) / 2, "SEVERAL_GROWING"),
            ):
                circuit = EgvCircuit.program(
                    matrix, topology=topology, engine=engine, eigenvalue=float(value), margin=0.0
                )
                yield stated(name, law, engine, circuit.solve().status.name, wanted)


ROWS = (counts, equal_rows, readings, offsets, statuses)
"""Functions that yield the rows of EGV."""
