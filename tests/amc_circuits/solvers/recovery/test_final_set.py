"""Poles and noise of a recovery circuit, linear around its rest: outputs that are not zero pass, others do not."""

import re

import numpy as np
import pytest

from amc_circuits import ParameterError, RecoverCircuit
from amc_circuits.engines.ngspice.runner import run_deck
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.solvers.output_noise import noises, relative_noise
from netlists import SinglePoleOpAmp, preset
from netlists.noise_deck import NoiseAnalysis, noise_deck
from tests.comparators import assert_close, assert_within
from tests.lasso import problem

GAIN = 1e5
POLE = SinglePoleOpAmp(open_loop_gain=GAIN, gbwp=100e6, input_noise=5e-9)
BANDWIDTH = 30e6


def solved(opamp):
    """A circuit with its solution, some of whose entries are zero, and the voltages of its inputs."""
    matrix, y = problem(4, 6, 2, seed=3)
    circuit = RecoverCircuit.program(matrix, opamp=opamp, g_min=1e-9, engine="exact")
    solution = circuit.solve(y)
    assert 0 < (solution.value != 0).sum() < 6
    return circuit, solution, circuit.input_levels(y[:, None])[0][:, 0]


def test_poles_are_those_of_the_final_set():
    """`S_r e' = -w_T (G_f e + F x)`, `S_c q' = w_T (F^T e - G_l (q - x))`, each less w_T/A0, and x = q on it."""
    circuit, solution, _ = solved(POLE)
    design, passing, w_t = circuit.design, np.diag((solution.value != 0).astype(float)), POLE.unity_gain_frequency
    held = design.conductance - design.conductance_negative
    rows = design.conductance_negative.sum(axis=1) + design.balance_rows_noninverting.sum(axis=1)
    columns = design.conductance_transposed.sum(axis=1) + design.balance_columns_noninverting.sum(axis=1)
    matrix = np.block(
        [
            [-design.feedback_conductance * np.eye(4), -held @ passing],
            [held.T, design.leak_conductance * (passing - np.eye(6))],
        ]
    )
    sums = np.concatenate([rows, columns + design.leak_conductance])
    wanted = w_t * (np.linalg.eigvals(matrix / sums[:, None]) - 1 / GAIN)
    poles = linear_circuit(circuit.resting_circuit(solution.responses[0].outputs[-1])).poles
    assert_close(np.sort_complex(poles), np.sort_complex(wanted), absolute=1e-9 * w_t)
    assert_within(solution.figures["final_slowest_pole_per_s"], wanted.real.max(), 1e-6)


@pytest.mark.parametrize("opamp", [POLE, preset("cmos-100meg").replace(input_noise=5e-9, input_capacitance=0.0)])
def test_noise_is_ngspices_at_the_operating_point(opamp):
    """That of its noise analysis with the inputs at their voltages; outputs within their dead zones have none."""
    circuit, solution, levels = solved(opamp)
    (found,) = noises(circuit, solution, BANDWIDTH)
    beyond = np.flatnonzero(solution.value)
    assert (np.delete(found.sigma, beyond) == 0).all()
    held = {
        node: float(volts)
        for group, weights in circuit.circuit.held.items()
        for node, volts in zip(circuit.circuit.nodes(group), weights @ levels, strict=True)
    }
    start = -solution.figures["final_slowest_pole_per_s"] / (2e4 * np.pi)
    for output in beyond.tolist():
        analysis = NoiseAnalysis(output=output, bandwidth=BANDWIDTH, start=start, stop=1e4 * BANDWIDTH)
        deck = re.sub(
            r"^V(\w+) \1 0 DC 0",
            lambda one: f"V{one[1]} {one[1]} 0 DC {held[one[1]]!r}",
            noise_deck(circuit.circuit, analysis),
            flags=re.M,
        )
        (plot,) = run_deck(deck)
        frequency, density = plot["frequency"], plot["onoise_spectrum"] ** 2
        assert_within(found.sigma[output], np.sqrt(np.trapezoid(frequency * density, np.log(frequency))), 5e-4)
    unit = np.linalg.norm(found.sigma) * circuit.gain / solution.attempts[0][-1].scale
    assert relative_noise(circuit, solution, BANDWIDTH) == pytest.approx(unit / np.linalg.norm(solution.value))


def test_noise_without_an_answer_or_with_soft_dead_zones_is_refused():
    """What is beyond its dead zone is known of an answer alone; soft clamps have no slope of 0 or 1."""
    circuit, solution, _ = solved(POLE)
    with pytest.raises(ParameterError, match="noise: got no answer"):
        circuit.noise()
    made = RecoverCircuit.program(circuit.matrix, opamp="cmos-100meg", dead_zone_type="op-amps", engine="exact")
    with pytest.raises(ParameterError, match=r"dead_zone_type.*soft clamps"):
        noises(made, solution)
