"""Newton's method for a whole step: solutions that were chosen are found again."""

import numpy as np
import pytest

from amc_circuits import InvCircuit
from amc_circuits.engines.exact.nonlinear.step.newton import Newton, limits
from amc_circuits.engines.exact.nonlinear.system import System, times
from netlists import preset
from tests.cases import spd_matrix
from tests.comparators import assert_close


@pytest.fixture(scope="module")
def system() -> System:
    """A 3 x 3 INV with wires and line capacitance whose op-amps have all limits near."""
    opamp = preset("cmos-100meg").replace(slew_rate=30e6, output_current_limit=60e-6, output_swing=0.2)
    fields = {"wire_resistance": 2.0, "line_capacitance": 1e-15, "inverter_resistance": 5e3}
    return System(InvCircuit.program(spd_matrix(3, 6, 3), opamp=opamp, engine="exact", **fields).circuit)


def response(system, weights, added):
    """Voltages (3 m, 4) that follow from what the limits add (2 m, 4), through all modes of the circuit."""
    rates = np.concatenate([np.zeros((len(system.push), 1)), system.push @ added], axis=1)[:, :, None]
    moved = times(
        system.seen.modal, system.applied(weights.whole, np.concatenate([np.zeros_like(rates[:, :1]), rates], axis=1))
    )[:, :, 0]
    return moved + system.seen.pins @ added[system.laws.count :]


@pytest.mark.parametrize("step", [1e-11, 1e-9, 5e-9])
def test_the_dense_response_is_that_of_the_modes(system, step):
    """Any rates and currents: the matrix gives what the modes give."""
    weights, m = system.weights(step), system.laws.count
    added = np.random.default_rng(0).uniform(-1, 1, (2 * m, 4)) * np.repeat([[1e7], [1e-5]], m, axis=0)
    got = np.einsum("vijn,jn->vi", Newton(system).dense(weights).reshape(3 * m, 4, 2 * m, 4), added)
    wanted = response(system, weights, added)
    for part in (slice(0, m), slice(m, 2 * m), slice(2 * m, 3 * m)):
        assert_close(got[part], wanted[part], absolute=1e-9 * np.abs(wanted[part]).max())


@pytest.mark.parametrize("step", [1e-11, 1e-9, 5e-9])
@pytest.mark.parametrize("seed", range(4))
def test_a_chosen_solution_is_found(system, step, seed):
    """Slewing, limited and clamped op-amps: `known = v - G N(v)` of a chosen v leads back to it from nearby."""
    weights, laws, m = system.weights(step), system.laws, system.laws.count
    rng = np.random.default_rng(seed)
    unit = np.concatenate([3 * laws.slew_rate[:, 0], laws.swing[:, 0], 2 * (laws.resistance * laws.current)[:, 0]])
    chosen = unit * rng.uniform(-1, 1, (3 * m, 1)) * (1 + 0.02 * rng.uniform(-1, 1, (3 * m, 4)))
    added = limits(system, chosen)[0]
    known = chosen - response(system, weights, added)
    in_tolerances = np.concatenate([1 / laws.rate[:, 0], np.ones((2 * m, 1))]) / 1e-6
    guess = chosen + 0.01 * unit * rng.uniform(-1, 1, chosen.shape)
    found = Newton(system).solve(weights, known, guess, in_tolerances, 1e-3)
    assert found is not None
    assert_close((found[0] - chosen) * in_tolerances, 0 * chosen, absolute=1e-2)
    # What is added goes with the voltages: the equations hold with it.
    assert_close((known + response(system, weights, found[1]) - found[0]) * in_tolerances, 0 * chosen, absolute=1e-2)


def test_no_convergence_is_said(system):
    """Voltages beyond all measure leave no solution within the iterations, and none is returned."""
    weights, m = system.weights(1e-7), system.laws.count
    known = np.full((3 * m, 4), 1e6)
    assert Newton(system).solve(weights, known, np.zeros((3 * m, 4)), np.full((3 * m, 1), 1e6), 1e-9) is None
