"""Errors of wires: zero without resistance, first order in it, and their growth with size and conductance."""

import numpy as np
import pytest

from amc_circuits.results.observation import observe
from amc_circuits.solvers.inv import InvCircuit
from netlists.arrays.reduction import reduce_array
from tests.amc_circuits.solvers.wires import FINE, OPAMPS, STIFF, inv_of
from tests.comparators import assert_close, assert_within
from tests.kirchhoff import inv_at_rest
from tests.runs import waveforms


def outputs_by_algebra(segment):
    """Steady outputs of a signed 6 x 6 INV."""
    circuit, inputs = inv_of(6, True, opamp=OPAMPS["single-pole"][0], wire_resistance=segment)
    return circuit.linear.steady("c", inputs[:, None])[:, 0]


def outputs_in_ngspice(form):
    """The same at the end of a simulation."""

    def outputs(segment):
        options = {"wire_resistance": segment, "interconnect": form, **FINE}
        circuit, inputs = inv_of(6, True, opamp=OPAMPS["single-pole"][0], **options)
        job = circuit.job(inputs[:, None])
        return observe(circuit.circuit, waveforms(job), job.drive).outputs[-1]

    return outputs


@pytest.mark.parametrize(
    "outputs",
    [outputs_by_algebra, outputs_in_ngspice("flat"), outputs_in_ngspice("reduced")],
    ids=["algebra", "flat deck", "reduced deck"],
)
def test_the_error_of_wires_begins_at_nothing_and_is_of_first_order(outputs):
    """At r = 0 the array is ideal; `e(r)/e(r/2) = 2` to first order, and what is missing halves with r, too."""
    circuit, inputs = inv_of(6, True, opamp=OPAMPS["single-pole"][0])
    ideal = outputs(0.0)
    wanted = inv_at_rest(circuit.design, inputs).group("c", 6)
    assert_close(ideal, wanted, absolute=1e-9 * np.abs(wanted).max())
    errors = [np.linalg.norm(outputs(segment) - ideal) for segment in (4.0, 2.0, 1.0)]
    missing = [2 - errors[0] / errors[1], 2 - errors[1] / errors[2]]
    assert np.abs(missing).max() < 2e-3
    assert missing[0] / missing[1] == pytest.approx(2, rel=5e-3)


def test_an_array_without_wire_resistance_is_ideal():
    """At 0 ohm the reduced array is its cells, however contacted; at a micro-ohm it is so to 1e-7."""
    cells = np.random.default_rng(1).uniform(1e-6, 100e-6, (4, 6))
    ideal = np.zeros((10, 10))
    ideal[:4, 4:], ideal[4:, :4] = cells, cells.T
    for contacts in ("one", "both"):
        assert_close(reduce_array(cells, 0.0, contacts=contacts).conductance, ideal)
        assert_close(reduce_array(cells, 1e-6, contacts=contacts).conductance, ideal, absolute=1e-7 * cells.max())


def gram_error(size, g_max, segment, seeds=4):
    """Relative error of INV from wires alone, root mean square over positive Gram matrices with damping."""
    errors = []
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        factor = random.uniform(0, 1, (size, 2 * size))
        gram = factor @ factor.T / (2 * size)
        matrix, b = gram + np.trace(gram) / size * np.eye(size), random.uniform(-1, 1, (size, 1))
        ideal, real = (
            InvCircuit.program(
                matrix, opamp=STIFF, g_min=g_max / 1e6, g_max=g_max, wire_resistance=resistance
            ).linear.steady("c", b)
            for resistance in (0.0, segment)
        )
        errors.append(np.linalg.norm(real - ideal) / np.linalg.norm(ideal))
    return float(np.sqrt(np.mean(np.square(errors))))


def test_small_errors_of_wires_grow_with_the_square_of_the_size():
    """Lines twice as long carry twice the cells: about four times the error (Gram matrices, 35 uS, 0.1 ohm)."""
    errors = [gram_error(size, 35e-6, 0.1) for size in (16, 32, 64)]
    exponents = np.log2(np.divide(errors[1:], errors[:-1]))
    assert np.abs(exponents - 2).max() < 0.2, exponents


def test_small_errors_of_wires_grow_with_the_conductance():
    """Twice the conductance is twice the voltage along the wires; what counts is the product with their resistance."""
    small = gram_error(16, 35e-6, 0.1, seeds=2)
    assert_within(gram_error(16, 70e-6, 0.1, seeds=2), 2 * small, 0.01)
    assert_within(gram_error(16, 70e-6, 0.05, seeds=2), small, 1e-6)
