"""Refinement of INV: many bits from few levels, the same by every engine, and every failure by its name."""

import numpy as np
import pytest

from amc_circuits import Device, InvCircuit, ParameterError, Refinement, Status, UnusableSolutionError
from amc_circuits.results.converters import Converters
from amc_circuits.solvers.precision.problem import SquareProblem
from amc_circuits.solvers.precision.refine import refine
from amc_circuits.solvers.precision.statuses import CONVERGED, DIVERGED, STALLED
from amc_circuits.values.matrices import draw_matrix

MACS = 4.6e-12
"""J, 3.7 + 0.9 pJ (Horowitz)."""


def cells(levels):
    """Cells of the TaOx range with an error of 15 % of a level."""
    return Device(g_min=0.5e-6, g_max=35e-6, levels=levels, programming_error=0.15 * 34.5e-6 / (levels - 1))


def circuit_of(matrix, levels=16, **fields):
    """An INV circuit of few levels."""
    return InvCircuit.program(matrix, device=cells(levels), **{"engine": "exact", **fields})


def spd(size, condition, seed=0):
    """A matrix with a right-hand side."""
    generator = np.random.default_rng(seed)
    return draw_matrix("spd", size, size, condition, generator), generator.uniform(-1, 1, size)


def refined(matrix, b, levels=16, circuit=None, **parameters):
    """A refinement with fresh cells, unless a circuit is given."""
    own = circuit or circuit_of(matrix, levels)
    return refine(own, SquareProblem.of(matrix, "none"), b, Refinement(**parameters))


@pytest.fixture(scope="module")
def found():
    """Matrix, right-hand side and result for 16 levels."""
    matrix, b = spd(16, 10)
    return matrix, b, refined(matrix, b)


def test_cells_of_16_levels_give_24_bits(found):
    """The residual is that of NumPy, and x is as near to the exact one as the condition number says."""
    matrix, b, result = found
    assert result.status is CONVERGED
    residual = np.linalg.norm(b - matrix @ result.value) / np.linalg.norm(b)
    assert result.residual[0] == pytest.approx(residual, rel=1e-6)
    assert residual <= 2.0**-24
    assert result.relative_error[0] <= np.linalg.cond(matrix) * residual
    assert result.history[0, 0] == 1
    assert result.history[-1, 0] == pytest.approx(residual, rel=1e-3)
    assert result.cycles[0] == len(result.history) - 1 <= 13


def test_transients_of_static_cycles_may_be_left_out(found):
    """Then the same values come without time and energy."""
    matrix, b, whole = found
    parts = SquareProblem.of(matrix, "none"), b, Refinement()
    without = refine(circuit_of(matrix), *parts, measured=False)
    assert np.array_equal(without.value, whole.value)
    assert (without.transients, without.cost, without.time, without.energy) == (None, None, None, None)


def test_cost_is_that_of_cycles(found):
    """Time and energy of a cycle are the sums of their parts: circuit, converters, multiply-adds."""
    _, _, result = found
    cost, converters = result.cost, Converters(dac_bits=8, adc_bits=8)
    (dac, dac_time), (adc, adc_time) = converters.dac_cost(16), converters.adc_cost(16)
    assert cost.time == pytest.approx(cost.settling_time.mean() + dac_time + adc_time)
    wanted = cost.circuit_energy.mean() + dac + adc + MACS * (16**2 + 30 * 16)
    assert cost.energy == pytest.approx(wanted)
    assert result.time[0] == pytest.approx(result.cycles[0] * cost.time)
    assert result.digital_energy == pytest.approx(MACS * (16**3 / 3 + 16**2))


def test_gcr_solves_what_plain_refinement_does_not():
    """At 8 levels the loop of the paper grows, and GCR converges."""
    matrix, b = spd(16, 10)
    circuit = circuit_of(matrix, 8)
    assert refined(matrix, b, circuit=circuit, method="plain").status is DIVERGED
    assert refined(matrix, b, circuit=circuit).status is CONVERGED


@pytest.mark.parametrize("engine", ["exact", "ngspice"])
def test_engines_take_as_many_cycles_as_the_circuit_at_rest(engine):
    """Within one, with a transient for every cycle; each settles."""
    matrix, b = spd(8, 5)
    at_rest = refined(matrix, b, 8)
    result = refined(matrix, b, circuit=circuit_of(matrix, 8, engine=engine), cycles_by="engine")
    assert result.status is CONVERGED
    assert abs(result.cycles[0] - at_rest.cycles[0]) <= 1
    assert len(result.transients.statuses) == result.cycles[0]
    assert set(result.transients.statuses) == {Status.SETTLED}
    assert result.transients.engines == (engine,) and result.notes[0] == f"transients by {engine}"
    assert "transients by exact, of" in at_rest.notes[0]


def test_a_growing_pole_is_named_before_any_cycle():
    """The circuit at rest would have an answer, but no circuit gives it."""
    matrix, b = spd(16, 30)
    result = refined(matrix, b, 8)
    assert result.status is Status.UNSTABLE
    assert "grows" in result.message
    assert result.cycles[0] == 0
    assert np.isnan(result.value).all() and np.isnan(result.residual).all()
    with pytest.raises(UnusableSolutionError, match="UNSTABLE"):
        result.raise_if_unusable()


def test_values_at_rest_that_no_transient_reaches_are_not_used():
    """Inputs of ten times the usual voltage at a fixed scale saturate the op-amps: the status is theirs."""
    matrix, b = spd(8, 5)
    circuit = circuit_of(matrix, 16, engine="ngspice", fixed_scale=True, input_voltage=2.0)
    result = refined(matrix, b, circuit=circuit)
    assert result.status is Status.SATURATED
    assert "transient" in result.message


def test_complex_right_hand_sides_and_zeros():
    """Real and imaginary parts are two columns; their cycles add up, and a column of zeros takes none."""
    matrix, b = spd(8, 5)
    vectors = np.stack([b + 1j * b[::-1], 0 * b], axis=1)
    result = refined(matrix, vectors)
    exact = np.linalg.solve(matrix, vectors[:, 0])
    assert result.status is CONVERGED
    np.testing.assert_allclose(result.value[:, 0], exact, atol=1e-6 * np.abs(exact).max())
    np.testing.assert_array_equal(result.value[:, 1], 0)
    parts = [refined(matrix, part).cycles[0] for part in (b, b[::-1])]
    assert result.cycles.tolist() == [sum(parts), 0]


def test_a_right_hand_side_of_another_length_is_refused():
    """The error names it."""
    matrix, b = spd(4, 5)
    with pytest.raises(ParameterError, match="b: got shape"):
        refined(matrix, b[:3])


def test_what_double_precision_rounds_away_is_named():
    """Rounding of `A x` of a Hilbert matrix leaves more than 40 bits of b: x is far larger than b."""
    size = 5
    matrix = 1 / (np.add.outer(np.arange(size), np.arange(size)) + 1)
    circuit = InvCircuit.program(matrix, engine="exact", opamp="single-pole")
    parameters = Refinement(bits=40, dac_bits=12, adc_bits=12)
    result = refine(circuit, SquareProblem.of(matrix, "none"), [1.0, -1.0, 1.0, -1.0, 1.0], parameters, measured=False)
    assert result.status is STALLED
    assert "double precision rounds A x" in result.message
    assert 24 < result.bits[0] < 40
