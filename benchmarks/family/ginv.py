"""Rows of GINV: with inverters, without negative entries, and CC-GINV with conductance compensation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from amc_circuits import GinvCircuit, ParameterError, Solution
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.values.checks import Numbers
from benchmarks.family.rows import BOUNDS, ENGINES, Row, difference, rest, stated, within
from netlists import SinglePoleOpAmp
from netlists.circuits.ginv import GinvDesign
from netlists.record import FloatArray

G0 = 1e-4
NAMES = {"paired": "GINV", "compensated": "CC-GINV"}
GAIN = 1e5
RANDOM = 100


def gaussian(rows: int, columns: int, seed: int) -> FloatArray:
    """Draw a matrix with normally distributed entries."""
    return np.random.default_rng(seed).standard_normal((rows, columns))


def programmed(matrix: FloatArray, gain: float = GAIN, **fields: Any) -> GinvCircuit:
    """Program a circuit with ideal cells and one-pole op-amps."""
    opamp = SinglePoleOpAmp(open_loop_gain=gain, gbwp=100e6)
    return GinvCircuit.program(matrix, engine="exact", opamp=opamp, g_min=1e-9, **fields)


def answer(circuit: GinvCircuit, b: Numbers, engine: str) -> Numbers:
    """Answer for a right-hand side from the outputs at rest by an engine."""
    question = circuit.question(b)
    levels, scales = circuit.input_levels(question.columns)
    outputs = np.stack([rest(circuit.circuit, column, engine) for column in levels.T], axis=1)
    return np.asarray(circuit.system.values(circuit.gain * outputs / scales, question.vectors.shape[1])[:, 0])


def closed_form(design: GinvDesign, inputs: FloatArray, gain: float) -> FloatArray:
    """Solve `(X^T W X + g_r + S_col/A0) c = X^T W g_in v` with `W = 1/(g_f + S_row/A0)`, v in units of b."""
    x, rows, columns = design.conductance, design.conductance.sum(axis=1), design.conductance_transposed.sum(axis=1)
    if design.conductance_negative is not None:
        x = x - design.conductance_negative
    if design.balance_rows_inverting is not None and design.balance_columns_noninverting is not None:
        rows = rows + design.balance_rows_inverting.sum(axis=1)
        columns = columns + design.balance_columns_noninverting.sum(axis=1)
    weights = 1 / (design.feedback_conductance + (rows + design.input_conductance + design.feedback_conductance) / gain)
    left = (x.T * weights) @ x + np.diag((design.ridge_conductance or 0.0) + columns / gain)
    return np.asarray(np.linalg.solve(left, (x.T * weights) @ (design.input_conductance * inputs)))


def finite_gain() -> Iterator[Row]:
    """Closed form of the rest, and least squares."""
    inputs = np.linspace(-0.1, 0.1, 12)
    cases: tuple[tuple[str, FloatArray, dict[str, Any]], ...] = (
        ("GINV", np.abs(gaussian(12, 5, 1)), {"pair": "never"}),
        ("CC-GINV", gaussian(12, 5, 1), {"topology": "compensated"}),
        ("CC-GINV", gaussian(12, 5, 1), {"topology": "compensated", "ridge": 0.1}),
    )
    for name, matrix, fields in cases:
        for gain in (1e3, GAIN):
            circuit = programmed(matrix, gain, **fields)
            wanted = closed_form(circuit.design, inputs, gain)
            kind = f"rest at A0 = {gain:.0e}{', ridge' * ('ridge' in fields)}{', no negative' * (name == 'GINV')}"
            for engine in ENGINES:
                worst = difference(rest(circuit.circuit, inputs, engine), wanted)
                yield within(name, kind, engine, worst, BOUNDS[engine])


def answers() -> Iterator[Row]:
    """Relative error to NumPy at a gain of 1e5, left and right, and the feedback that cancels."""
    for (topology, name), engine in product(NAMES.items(), ENGINES):
        for shape in ((12, 5), (16, 8), (8, 16)):
            worst = 0.0
            for seed in range(10):
                matrix, b = gaussian(*shape, seed), np.ones(shape[0])
                found = answer(programmed(matrix, topology=topology), b, engine)
                wanted = np.linalg.pinv(matrix) @ b
                worst = max(worst, float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted)))
            yield within(name, f"pseudo-inverse, {shape[0]} x {shape[1]}, 10 matrices", engine, worst, 1e-3)
        matrix, b, ridge = gaussian(6, 10, 2), np.ones(6), 0.3
        found = answer(programmed(matrix, topology=topology, ridge=ridge), b, engine)
        wanted = matrix.T @ np.linalg.solve(matrix @ matrix.T + ridge * np.eye(6), b)
        yield within(name, "right inverse with ridge", engine, difference(found, wanted), 1e-3)
        tall = matrix.T
        once, twice = (
            answer(
                programmed(tall, 1e12, topology=topology, ridge=ridge, feedback_conductance=feedback),
                np.ones(10),
                engine,
            )
            for feedback in (3 * G0, 6 * G0)
        )
        bound = 1e-9 if engine == "exact" else BOUNDS[engine]
        yield within(name, "answer at G_f and 2 G_f, A0 = 1e12", engine, difference(once, twice), bound)


def _grows(circuit: GinvCircuit) -> bool:
    return not circuit.stability.stable


def stability() -> Iterator[Row]:
    """Shares of random matrices that are unstable."""
    low = sum(_grows(programmed(gaussian(16, 8, seed), feedback_conductance=G0 / 2)) for seed in range(RANDOM))
    yield Row("GINV", "unstable at G_f = G0/2, Gaussian 16 x 8", "exact", f"{low} of {RANDOM}", ">= 95 %", low >= 95)
    chosen = sum(_grows(programmed(gaussian(16, 8, seed))) for seed in range(RANDOM))
    yield stated("GINV", "unstable with G_f by the rule", "exact", f"{chosen} of {RANDOM}", f"0 of {RANDOM}")
    for name, fields in (("GINV without negative entries", {}), ("CC-GINV", {"topology": "compensated"})):
        grown = 0
        for seed in range(2 * RANDOM):
            matrix = gaussian(4 + seed % 9, 2 + seed % 5, seed)
            feedback = G0 * 10 ** np.random.default_rng(seed).uniform(-1.5, 1.5)
            try:
                grown += _grows(
                    programmed(matrix if fields else np.abs(matrix), feedback_conductance=feedback, **fields)
                )
            except ParameterError:  # no full rank
                continue
        yield stated(name, "unstable at any G_f", "exact", f"{grown} of {2 * RANDOM}", f"0 of {2 * RANDOM}")


def poles() -> Iterator[Row]:
    """Slowest pole without full rank, and LMMSE by the real embedding."""
    matrix = gaussian(8, 4, 3)
    matrix[:, 3] = matrix[:, 0] - matrix[:, 1]
    circuit = programmed(matrix, topology="compensated", ridge=1e-12, feedback_conductance=4 * G0)
    slowest = linear_circuit(circuit.circuit).poles.real.max()
    wanted = -circuit.hardware.opamp_in_use.equivalent.gbwp * 2 * np.pi / GAIN
    yield within("CC-GINV", "without full rank: slowest pole = -w_T/A0", "exact", abs(slowest / wanted - 1), 1e-6)
    random = np.random.default_rng(6)
    channel = (random.standard_normal((16, 4)) + 1j * random.standard_normal((16, 4))) / np.sqrt(2)
    received = random.standard_normal(16) + 1j * random.standard_normal(16)
    estimate = np.linalg.solve(channel.conj().T @ channel + 0.09 * np.eye(4), channel.conj().T @ received)
    for (topology, name), engine in product(NAMES.items(), ENGINES):
        found = answer(programmed(channel, topology=topology, ridge=0.09), received, engine)
        worst = float(np.linalg.norm(found - estimate) / np.linalg.norm(estimate))
        yield within(name, "LMMSE of a complex 16 x 4 channel", engine, worst, 5e-4)


def engines() -> Iterator[Row]:
    """Final values and settling times of both engines.

    Final values are those at the end of a slot. At a tolerance of 1 % the pair still rings there by 6e-5, and
    the phase of what rings differs between the engines; slots for 0.1 % end later.
    """
    for topology, name in NAMES.items():
        for shape in ((8, 4), (4, 8)):
            longer = _solved(shape, topology, 1e-3)
            worst = difference(np.asarray(longer[1].value), np.asarray(longer[0].value))
            law = f"final value of both engines, {shape[0]} x {shape[1]}, slots for 0.1 %"
            yield within(name, law, "both", worst, 1e-6)
            times = [float(one.settling_time) for one in _solved(shape, topology, 0.01)]
            yield within(name, f"settling time, {shape[0]} x {shape[1]}", "both", abs(times[1] / times[0] - 1), 5e-3)


def _solved(shape: tuple[int, int], topology: str, tolerance: float) -> list[Solution]:
    """Solution of each engine of the same circuit."""
    fields: dict[str, Any] = {"topology": topology, "tolerance": tolerance, "g_min": 1e-9}
    fields["opamp"] = SinglePoleOpAmp(open_loop_gain=GAIN, gbwp=100e6)
    matrix, right = gaussian(*shape, 4), np.ones(shape[0])
    return [GinvCircuit.program(matrix, engine=engine, **fields).solve(right) for engine in ENGINES]


ROWS = (finite_gain, answers, stability, poles, engines)
