"""Error budget of recovery: rest with limiters, found from one change of an entry to the next."""

import numpy as np
import pytest

from amc_circuits import Device, ParameterError, RecoverCircuit
from amc_circuits.cases.case import make_case
from amc_circuits.cases.options import parse_options
from amc_circuits.engines import NgspiceEngine
from amc_circuits.linear.static import ALL_EFFECTS, Effects, StaticCircuit
from netlists import Array, Circuit, Limiter, OpAmps, SinglePoleOpAmp, Source
from netlists.parts import Conductors
from tests.comparators import assert_close, assert_within
from tests.lasso import problem, scikit

IDEAL = SinglePoleOpAmp(open_loop_gain=1e9, gbwp=100e6)
ALONE = {
    "opamp_gain": {"opamp": SinglePoleOpAmp(open_loop_gain=1e3, gbwp=100e6)},
    "offset": {"offset_spread": 1e-4},
    "wires": {"wire_resistance": 2.0},
    "programming_error": {"device": Device(programming_error="0.3%")},
    "levels": {"device": Device(levels=64)},
}


def programmed(shape, seed=3, **fields):
    """A circuit, and a right-hand side for it."""
    matrix, y = problem(*shape, seed=seed)
    return RecoverCircuit.program(matrix, engine="exact", seed=2, **{"opamp": IDEAL, **fields}), y


@pytest.mark.parametrize("cause", ALONE)
def test_a_cause_alone_is_the_error_of_a_circuit_with_only_that_cause(cause):
    """Within 1 %, for a matrix with more rows than columns."""
    circuit, y = programmed((6, 4, 2), **ALONE[cause])
    solution = circuit.solve(y)
    assert solution.relative_error > 1e-5
    assert_within(solution.budget().causes[cause], solution.relative_error, 0.01)


@pytest.mark.parametrize("shape", [(3, 5, 2), (6, 4, 2), (5, 9, 3)])
def test_ideal_parts_rest_at_the_minimum_of_lasso(shape):
    """Scikit-learn's, also where all entries together have no unique answer."""
    circuit, y = programmed(shape)
    cells = [array.conductance for array in circuit.circuit.of(Array)]
    outputs = StaticCircuit(circuit.circuit, cells, Effects()).outputs(circuit.input_levels(y[:, None])[0])
    wanted = scikit(circuit.matrix, y, float(circuit.penalties(y[:, None])[0]))
    scale = float(circuit.input_levels(y[:, None])[1][0])
    assert_close(circuit.gain * outputs[:, 0] / scale, wanted, absolute=1e-7 * np.abs(wanted).max())


def test_all_effects_together_rest_where_ngspice_does():
    """With offsets, wires and finite gain; within its tolerance."""
    circuit, y = programmed((3, 5, 2), opamp=SinglePoleOpAmp(open_loop_gain=1e4, gbwp=100e6), offset_spread=1e-3,
                            wire_resistance=5.0)  # fmt: skip
    levels = circuit.input_levels(y[:, None])[0]
    cells = [array.conductance for array in circuit.circuit.of(Array)]
    simulator = NgspiceEngine()
    wanted = simulator.rest(simulator.init(circuit.circuit), levels)
    found = StaticCircuit(circuit.circuit, cells, ALL_EFFECTS).outputs(levels)
    assert_close(found, wanted, absolute=1e-6 * np.abs(wanted).max())


@pytest.mark.parametrize(("kind", "volts"), [("clip", (0.1, -0.3, 0.3)), ("dead-zone", (0.0, -0.5, 0.2))])
def test_a_row_of_limiters_follows_its_law(kind, volts):
    """An inverter of 0.1, -0.8 and 0.5 V behind two equal resistors, and a limiter of 0.3 V behind it."""
    groups = dict.fromkeys(("in", "s", "o", "x"), 3)
    parts = (
        Conductors("a", "in", "s", 1e-4), Conductors("b", "s", "o", 1e-4), OpAmps("amp", "s", "o", IDEAL),
        Limiter("limit", "o", "x", kind, 0.3),
    )  # fmt: skip
    circuit = Circuit("limited", groups, parts, (Source("in"),), "x")
    found = StaticCircuit(circuit, [], Effects()).outputs(np.array([[-0.1], [0.8], [-0.5]]))
    assert_close(found[:, 0], volts, absolute=1e-12)


def test_dead_zones_of_op_amps_have_none():
    """Soft clamps have no exact rest here: asked for, it is refused."""
    circuit, y = programmed((3, 4, 1), opamp="cmos-100meg", dead_zone_type="op-amps")
    with pytest.raises(ParameterError, match="budget: got op-amps that clip"):
        circuit.solve(y).budget()


def test_a_budget_that_is_not_known_is_refused_before_the_simulation():
    """A command would else print its result, write its files, and then end in an error."""
    given = {"size": 2, "columns": 3, "family": "random", "dead_zone_type": "op-amps", "budget": True}
    with pytest.raises(ParameterError, match="budget: got op-amps that clip"):
        make_case("recover", parse_options("recover", given), 1, None)
