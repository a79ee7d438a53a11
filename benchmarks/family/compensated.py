"""Rows of INV and MVM with conductance compensation, CC-INV and CC-MVM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from amc_circuits import InvCircuit, MvmCircuit, Status
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.values.matrices import draw_matrix, draw_vector
from benchmarks.family.rows import BOUNDS, ENGINES, Row, difference, distance, rest, stated, within
from netlists import GROUND, Conductors, InvDesign, MacroOpAmp, MvmDesign, SinglePoleOpAmp
from netlists.record import FloatArray

INV, MVM = "CC-INV", "CC-MVM"
GAIN, G0 = 1e5, 100e-6
POLE = SinglePoleOpAmp(open_loop_gain=GAIN, gbwp=100e6)
W_T = POLE.unity_gain_frequency
ROTATING = np.array([[0.2, -1.0], [1.0, 0.2]])
STEEP = np.array([[0.5, -1.0, -0.9], [0.1, 0.8, 0.2], [0.05, -0.1, 0.6]])
"""Its first row needs compensating cells at the inverting input, the others at the non-inverting one."""
RATIOS = 50
"""Matrices of the comparison with the paired topology."""


def spd(size: int, condition: float, seed: int) -> tuple[FloatArray, FloatArray]:
    """Draw a symmetric positive definite matrix and a right-hand side."""
    generator = np.random.default_rng(seed)
    return draw_matrix("spd", size, size, condition, generator), draw_vector(size, generator)


def inv(matrix: FloatArray, **fields: Any) -> InvCircuit:
    """Program a compensated INV circuit with one-pole op-amps, unless the fields say otherwise."""
    return InvCircuit.program(matrix, **{"topology": "compensated", "engine": "exact", "opamp": POLE, **fields})


def held(design: InvDesign | MvmDesign) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return A = G+ - G- and G-, and the sums at the non-inverting inputs, S."""
    negative, balance = design.conductance_negative, design.balance_noninverting
    assert negative is not None and balance is not None
    return design.conductance_positive - negative, negative, negative.sum(axis=1) + balance.sum(axis=1)


def poles() -> Iterator[Row]:
    """Poles of INV against the eigenvalues."""
    worst = 0.0
    for matrix in (STEEP, ROTATING, *(spd(8, 30, seed)[0] for seed in range(10))):
        circuit = inv(matrix)
        a, _, sums = held(circuit.design)
        law = -W_T * (np.linalg.eigvals(a / sums[:, None]) + 1 / GAIN)
        worst = max(worst, distance(circuit.linear.poles, law) / W_T)
    yield within(INV, "poles = -w_T (eig(diag(1/S) A) + 1/A0), N of them", "exact", worst, 1e-12)


def rests() -> Iterator[Row]:
    """Rest of INV at finite gain, without offsets and with them."""
    matrix, b = spd(8, 30, 3)
    for law, spread in (("(A + diag(S)/A0) c = -g_in v", 0.0), ("offsets: A^-1 S e", 2e-3)):
        circuit = inv(matrix, offset_spread=spread, seed=5)
        a, _, sums = held(circuit.design)
        offset = np.zeros(len(b)) if circuit.design.amplifier_offset is None else circuit.design.amplifier_offset
        levels = np.zeros_like(b) if spread else 0.1 * b
        right = sums * offset - circuit.design.input_conductance * levels
        for engine in ENGINES:
            found = rest(circuit.circuit, levels, engine)
            wanted = np.linalg.solve(a + np.diag(sums) / GAIN, right)
            yield within(INV, law, engine, difference(found, wanted), BOUNDS[engine])
            if spread:
                bare = difference(found, np.linalg.solve(a, right))
                yield within(INV, f"{law}, A0 = 1e5", engine, bare, 1e-3)


def rotating() -> Iterator[Row]:
    """A rotation decays, and grows in the paired topology."""
    law = "[[.2, -1], [1, .2]]"
    found = inv(ROTATING, g_min=1e-12, opamp=POLE.replace(open_loop_gain=1e9)).linear.poles / W_T
    wanted = np.array([-0.1288 + 0.6143j, -0.1288 - 0.6143j])
    yield within(INV, f"{law}: poles -0.1288 +- 0.6143 j", "exact", distance(found, wanted), 1e-4)
    for engine in ENGINES:
        both = [
            InvCircuit.program(ROTATING, topology=topology, opamp=POLE, engine=engine, force=True).solve([0.3, 0.5])
            for topology in ("compensated", "paired")
        ]
        seen = ", ".join(solution.status.name for solution in both)
        yield stated(INV, f"{law}: decays, paired grows", engine, seen, "SETTLED, UNSTABLE")


def lags() -> Iterator[Row]:
    """Second pole and equal capacitance at both inputs, together."""
    matrix = spd_of_one_pair()
    for engine in ENGINES:
        for capacitance, wanted in ((2.0, "SETTLED"), (6.0, "UNSTABLE")):
            circuit = inv(matrix, opamp=slow(0.3, capacitance), engine=engine, force=engine == "ngspice")
            solution = circuit.solve(np.ones(len(matrix)))
            grown = solution.relative_error > 10 if engine == "ngspice" else solution.status is Status.UNSTABLE
            right = grown == (wanted == "UNSTABLE")
            seen = solution.status.name if right else f"{solution.status.name}, but the waveform does not say so"
            yield stated(INV, f"p2 = 0.3 w_T, C = {capacitance:g} G0/w_T at both inputs", engine, seen, wanted)


def spd_of_one_pair() -> FloatArray:
    """Return the first matrix for which the law of both lags lies between C = 2 and 6 G0/w_T."""
    for seed in range(100):
        matrix, _ = spd(5, 30, seed)
        a, _, sums = held(inv(matrix).design)
        largest, mean = np.linalg.eigvals(a / sums[:, None]).real.max(), sums.mean() / G0
        if 0.3 + mean / 6 < 0.85 * largest and largest < 0.85 * (0.3 + mean / 2):
            return matrix
    raise AssertionError("no such matrix in 100")


def slow(second_pole: float, capacitance: float) -> MacroOpAmp:
    """Return an op-amp without limits; its second pole in units of w_T, its capacitance in units of G0/w_T."""
    return MacroOpAmp(
        open_loop_gain=GAIN, gbwp=100e6, second_pole=second_pole * 100e6, slew_rate=1e12, output_resistance=1e-3,
        output_current_limit=10.0, output_swing=100.0, input_capacitance=capacitance * G0 / W_T, supply_voltage=100.0,
        quiescent_current=None, class_ab_current=None,
    )  # fmt: skip


def rejection() -> Iterator[Row]:
    """Error of a finite CMRR."""
    matrix, b = spd(16, 30, 2)
    ideal, real = (inv(matrix, opamp=POLE.replace(open_loop_gain=1e9, cmrr=cmrr)) for cmrr in (None, 1e3))
    a, negative, _ = held(ideal.design)
    for engine in ENGINES:
        first, second = (rest(one.circuit, 0.1 * b, engine) for one in (ideal, real))
        law = np.linalg.norm(np.linalg.solve(a, negative @ first)) / 1e3
        found = abs(np.linalg.norm(second - first) / law - 1)
        yield within(INV, "CMRR 60 dB: error ||A^-1 N x||/(CMRR ||x||)", engine, float(found), 0.02)


def balance() -> Iterator[Row]:
    """A further conductance to ground, at both inputs and at one."""
    circuit, levels = inv(STEEP, opamp=POLE.replace(open_loop_gain=1e12)).circuit, np.array([0.05, -0.03, 0.1])
    for engine in ENGINES:
        right = rest(circuit, levels, engine)
        for groups in (("v", "p"), ("v",)):
            more = tuple(Conductors(f"extra{group}", group, GROUND, 0.1 * G0) for group in groups)
            changed = replace(circuit, parts=circuit.parts + more)
            found = difference(rest(changed, levels, engine), right)
            if len(groups) == 2:
                bound = 1e-9 if engine == "exact" else BOUNDS[engine]
                yield within(INV, "the same extra conductance at both inputs changes no answer", engine, found, bound)
                slower = linear_circuit(changed).poles.real.max() > linear_circuit(circuit).poles.real.max()
                yield stated(INV, "and it slows", engine, "slower" if slower else "not slower", "slower")
            else:
                seen = "changes it" if found > 1e-3 else f"{found:.2g}"
                yield stated(INV, "at one input it changes the answer", engine, seen, "changes it")


def products() -> Iterator[Row]:
    """Rest and poles of MVM."""
    generator = np.random.default_rng(2)
    matrix, levels = generator.uniform(-1, 1, (6, 4)), 0.1 * generator.uniform(-1, 1, 4)
    circuit = MvmCircuit.program(matrix, topology="compensated", opamp=POLE, engine="exact")
    (a, _, sums), feedback = held(circuit.design), circuit.design.feedback_conductance
    for engine in ENGINES:
        found = rest(circuit.circuit, levels, engine)
        wanted = -(a @ levels) / (feedback + sums / GAIN)
        yield within(MVM, "(g_f + S/A0) out = -A v", engine, difference(found, wanted), BOUNDS[engine])
    law = -W_T * (feedback / sums + 1 / GAIN)
    found = distance(circuit.linear.poles, law) / W_T
    yield within(MVM, "poles = -w_T (g_f/S_i + 1/A0)", "exact", found, 1e-12)


def times() -> Iterator[Row]:
    """Settling time against that of the paired topology."""
    law = f"paired/CC time, SPD N = 16, kappa 30, floor 0.01 G0, median of {RATIOS}: 1.5"
    for engine in ENGINES:
        ratios = []
        for seed in range(RATIOS):
            matrix, b = spd(16, 30, seed)
            both = (
                InvCircuit.program(matrix, topology=topology, opamp=POLE, engine=engine).solve(b).settling_time
                for topology in ("paired", "compensated")
            )
            ratios.append(next(both) / next(both))
        median = float(np.median(ratios))
        yield Row(INV, law, engine, f"{median:.3f}", "1.3 to 1.7", 1.3 <= median <= 1.7)


def engines() -> Iterator[Row]:
    """Rest and settling time of ngspice against those of the exact engine."""
    for circuit, solver in ((INV, InvCircuit), (MVM, MvmCircuit)):
        matrix, b = spd(8, 30, 1)
        exact, simulated = (
            solver.program(matrix, topology="compensated", opamp="cmos-100meg", engine=engine) for engine in ENGINES
        )
        found = difference(rest(exact.circuit, 0.1 * b, "ngspice"), rest(exact.circuit, 0.1 * b, "exact"))
        yield within(circuit, "ngspice's rest is that of the exact engine", "both", found, 1e-6)
        ratio = simulated.solve(b).settling_time / exact.solve(b).settling_time
        yield within(
            circuit, "ngspice's settling time is that of the exact engine", "both", float(abs(ratio - 1)), 0.005
        )


ROWS = (poles, rests, rotating, lags, rejection, balance, products, times, engines)
"""Functions that yield the rows, in the order of the table."""
