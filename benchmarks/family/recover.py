"""Rows of sparse recovery (CS): dead zones behind the outputs of CC-GINV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from sklearn.linear_model import Lasso

from amc_circuits import NgspiceEngine, RecoverCircuit, Solution
from amc_circuits.engines import ExactEngine
from amc_circuits.linear.equations import linear_circuit
from benchmarks.family.rows import ENGINES, Row, difference, stated, within
from netlists import Circuit, SinglePoleOpAmp
from netlists.record import FloatArray

NAME = "CS"
GAIN = 1e5
PROBLEMS = 3
SHAPES = ((8, 16, 2), (16, 32, 3))


def problem(rows: int, columns: int, count: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Draw a Gaussian F, and y of an x with few entries."""
    random = np.random.default_rng(seed)
    matrix, x = random.standard_normal((rows, columns)), np.zeros(columns)
    x[random.choice(columns, count, replace=False)] = random.choice([-1, 1], count) * random.uniform(0.5, 1.5, count)
    return matrix, matrix @ x


def programmed(matrix: FloatArray, gain: float = GAIN, **fields: Any) -> RecoverCircuit:
    """Program a circuit with ideal cells and one-pole op-amps."""
    opamp = SinglePoleOpAmp(open_loop_gain=gain, gbwp=100e6)
    return RecoverCircuit.program(matrix, opamp=opamp, g_min=1e-9, **fields)


def scikit(circuit: RecoverCircuit, y: FloatArray) -> FloatArray:
    """Solve by scikit-learn, whose alpha is for the mean over the rows."""
    penalty = float(circuit.penalties(y[:, None])[0])
    fit = Lasso(alpha=penalty / len(y), fit_intercept=False, tol=1e-14, max_iter=10**6)
    return np.asarray(fit.fit(circuit.matrix, y).coef_)


def answers() -> Iterator[Row]:
    """Distance to scikit-learn, the optimality conditions as the gain grows, and the support."""
    for shape, engine in product(SHAPES, ENGINES):
        worst, same, ratios, slow = 0.0, 0, [], 0.0
        for seed in range(PROBLEMS):
            matrix, y = problem(*shape, seed)
            found = []
            for gain in (GAIN, 10 * GAIN):
                circuit = programmed(matrix, gain, weight=0.2, engine=engine)
                found.append(circuit.solve(y))
            wanted = scikit(circuit, y)
            worst = max(worst, _away(found[0], wanted))
            same += (np.sign(found[0].value) == np.sign(np.where(np.abs(wanted) > 1e-9, wanted, 0))).all()
            ratios.append(float(found[1].residual) / float(found[0].residual))
            slow = max(slow, float(found[0].settling_time))
        size = f"{shape[0]} x {shape[1]}, {PROBLEMS} problems"
        yield within(NAME, f"scikit-learn's Lasso, A0 = 1e5, {size}", engine, worst, 5e-3)
        yield stated(
            NAME, f"support of the minimum, {size}", engine, f"{same} of {PROBLEMS}", f"{PROBLEMS} of {PROBLEMS}"
        )
        yield within(NAME, f"optimality conditions at 10 A0 over A0, {size}", engine, max(ratios), 0.11)
        yield within(NAME, f"settling time in us, {size}", engine, 1e6 * slow, 5.0)


def _away(solution: Solution, wanted: FloatArray) -> float:
    return float(np.linalg.norm(solution.value - wanted) / np.linalg.norm(wanted))


def zero() -> Iterator[Row]:
    """A lambda of at least max|F^T y|."""
    matrix, y = problem(8, 16, 2, 0)
    weight = 1.01 * float(np.abs(matrix.T @ y).max() / np.abs(matrix).max() / np.abs(y).max())
    for engine in ENGINES:
        largest = float(np.abs(programmed(matrix, weight=weight, engine=engine).solve(y).value).max())
        yield stated(NAME, "answer at lambda = 1.01 max|F^T y|", engine, f"{largest:g}", "0")


def finite_gain() -> Iterator[Row]:
    """`F^T W (G_in v - F x) = G_l clip(q) + S_c q/A0` with W = 1/(G_f + S_r/A0), from x and q at rest."""
    matrix, y = problem(6, 9, 3, 2)
    for gain, engine in product((1e3, GAIN), (ExactEngine(), NgspiceEngine())):
        solver = programmed(matrix, gain)
        design, levels = solver.design, solver.input_levels(y[:, None])[0]
        x, q = (_rest(engine, replace(solver.circuit, outputs=group), levels) for group in ("x", "q"))
        assert design.conductance_negative is not None and design.balance_rows_inverting is not None
        held = design.conductance - design.conductance_negative
        rows = design.conductance.sum(axis=1) + design.balance_rows_inverting.sum(axis=1)
        rows = rows + design.input_conductance + design.feedback_conductance
        columns = design.conductance_transposed.sum(axis=1) + design.balance_columns_noninverting.sum(axis=1)
        columns = columns + design.leak_conductance
        error = (design.input_conductance * levels[:, 0] - held @ x) / (design.feedback_conductance + rows / gain)
        wanted = design.leak_conductance * np.clip(q, -design.dead_zone, design.dead_zone) + columns * q / gain
        yield within(NAME, f"rest at A0 = {gain:.0e}", engine.name, difference(held.T @ error, wanted), 1e-5)


def _rest(engine: Any, circuit: Circuit, levels: FloatArray) -> FloatArray:
    """Outputs of a circuit at rest by an engine, V."""
    return np.asarray(engine.rest(engine.init(circuit), levels))[:, 0]


def stability() -> Iterator[Row]:
    """Growing poles with every output beyond its dead zone."""
    grown = sum(
        bool(linear_circuit(programmed(problem(8, 16, 2, seed)[0]).passing).poles.real.max() >= 0) for seed in range(50)
    )
    yield stated(NAME, "unstable with all outputs beyond, 8 x 16", "exact", f"{grown} of 50", "0 of 50")


ROWS = (answers, zero, finite_gain, stability)
