"""Effects of single amplifiers' offsets, against Kirchhoff's laws at ideal sum nodes: `v_i = e_i`, `w_j = e_inv_j`."""

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit
from netlists import ParameterError, SinglePoleOpAmp, preset
from netlists.opamps.transistor import cmos_100meg
from tests.cases import reduced, spd_matrix, vector
from tests.comparators import assert_close
from tests.runs import with_design

SIZE = 4
MATRIX, RIGHT = spd_matrix(SIZE, 5, 2), vector(SIZE, 2)
ENGINES = ["ngspice", "exact"]
OPAMPS = {
    "single-pole": SinglePoleOpAmp(open_loop_gain=1e9),
    "macro": preset("cmos-100meg").replace(open_loop_gain=1e9, output_resistance=1e-3, class_ab_current=1e-4),
    "second pole": preset("cmos-100meg").replace(open_loop_gain=1e9, output_resistance=1e-3, second_pole=1e9),
}
"""With so much gain and so little output resistance that they are ideal to 1e-8."""


def inv(opamp, engine, matrix=MATRIX, amplifiers=None, inverters=None):
    """An INV circuit whose amplifiers have these offsets."""
    circuit = InvCircuit.program(matrix, opamp=opamp, engine=engine, tolerance=1e-3, inverter_resistance=1e3)
    design = circuit.design.replace(amplifier_offset=amplifiers, inverter_offset=inverters)
    return with_design(circuit, design)


def mvm(opamp, engine, amplifiers=None):
    """An MVM circuit whose amplifiers have these offsets."""
    circuit = MvmCircuit.program(MATRIX, opamp=opamp, engine=engine, tolerance=1e-3)
    return with_design(circuit, circuit.design.replace(amplifier_offset=amplifiers))


def moved(design):
    """(G+ - G-)^-1 (S e - 2 G- e_inv), V: what the outputs of an INV with ideal amplifiers are without an input."""
    size = design.size
    amplifiers = np.zeros(size) if design.amplifier_offset is None else design.amplifier_offset
    inverters = np.zeros(size) if design.inverter_offset is None else design.inverter_offset
    negative = np.zeros((size, size)) if design.conductance_negative is None else design.conductance_negative
    force = design.row_conductance * amplifiers - 2 * negative @ inverters
    return np.linalg.solve(design.conductance_positive - negative, force)


def at_rest(solution):
    """Outputs before the step, V."""
    (response,) = solution.responses
    return response.outputs[0]


OFFSETS = [
    pytest.param([0, 1e-3, 0, 0], None, id="one amplifier"),
    pytest.param(None, [0, 0, -1e-3, 0], id="one inverter"),
    pytest.param([1e-3, -2e-3, 0.5e-3, 0], [0.3e-3, 1e-3, -1e-3, 2e-3], id="all"),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("opamp", OPAMPS)
@pytest.mark.parametrize(("amplifiers", "inverters"), OFFSETS)
def test_outputs_of_inv_rest_where_algebra_says(engine, opamp, amplifiers, inverters):
    """Before the step, outputs are `(G+ - G-)^-1 (S e - 2 G- e_inv)`; after it, x has moved by the same volts."""
    circuit = inv(OPAMPS[opamp], engine, amplifiers=amplifiers, inverters=inverters)
    wanted = moved(circuit.design)
    solution = circuit.solve(RIGHT)
    assert np.abs(wanted).max() > 5e-4
    assert_close(at_rest(solution), wanted, absolute=1e-7 * np.abs(wanted).max())
    volts_per_unit = solution.attempts[0][-1].scale / circuit.gain
    change = (solution.value - np.linalg.solve(MATRIX, RIGHT)) * volts_per_unit
    assert_close(change, wanted, absolute=1e-3 * np.abs(wanted).max())


def test_op_amps_of_transistors_move_alike():
    """Their own systematic offset subtracted, outputs move as algebra says, but for a gain of 90 dB."""
    still = inv(cmos_100meg(), "ngspice")
    moving = inv(cmos_100meg(), "ngspice", amplifiers=[1e-3, -2e-3, 0.5e-3, 0], inverters=[0.3e-3, 1e-3, -1e-3, 2e-3])
    wanted = moved(moving.design)
    assert_close(_resting(moving) - _resting(still), wanted, absolute=2e-3 * np.abs(wanted).max())


@pytest.mark.parametrize("engine", ENGINES)
def test_without_inverters_only_the_sum_nodes_count(engine):
    """A matrix without a negative entry moves by `G+^-1 S e`."""
    matrix = np.abs(MATRIX) + np.eye(SIZE)
    circuit = inv(OPAMPS["macro"], engine, matrix, amplifiers=[1e-3, 0, -1e-3, 0])
    assert not circuit.design.signed
    wanted = moved(circuit.design)
    assert_close(at_rest(circuit.solve(RIGHT)), wanted, absolute=1e-7 * np.abs(wanted).max())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("opamp", OPAMPS)
def test_outputs_of_mvm_rest_where_algebra_says(engine, opamp):
    """Each output moves by `e (1 + S/G_f)`, S the row sum of both arrays, and no other does."""
    offsets = np.array([1e-3, 0, -2e-3, 0])
    circuit = mvm(OPAMPS[opamp], engine, offsets)
    design = circuit.design
    row_sum = sum(array.sum(axis=1) for array in design.arrays)
    wanted = offsets * (1 + row_sum / design.feedback_conductance)
    solution = circuit.matvec(RIGHT)
    assert_close(at_rest(solution), wanted, absolute=1e-7 * np.abs(wanted).max())
    change = (solution.value - MATRIX @ RIGHT) * solution.attempts[0][-1].scale / circuit.gain
    assert_close(change, wanted, absolute=1e-3 * np.abs(wanted).max())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("make", [inv, mvm])
def test_twice_the_offset_moves_twice_as_far(engine, make):
    """Outputs at rest are linear in the offsets, with a finite gain and output resistance too."""
    once, twice = (_resting(make(preset("cmos-100meg"), engine, amplifiers=[0, e, 0, 0])) for e in (1e-3, 2e-3))
    assert np.abs(once).max() > 1e-3
    # The stage is a tanh: a cube of the little that gain and load leave at its input.
    assert_close(twice, 2 * once, absolute=1e-6 * np.abs(once).max())


def _resting(circuit):
    solution = circuit.solve(RIGHT) if isinstance(circuit, InvCircuit) else circuit.matvec(RIGHT)
    return at_rest(solution)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("make", [inv, mvm])
def test_equal_offsets_are_that_of_the_record(engine, make):
    """The same offset at every amplifier is `input_offset` of the op-amp: the same sign, and they add up."""
    opamp, each = preset("cmos-100meg"), np.full(SIZE, 1e-3)
    several = {"amplifiers": each} if make is mvm else {"amplifiers": each, "inverters": each}
    none = {name: None for name in several}
    apart, common = make(opamp, engine, **several), make(opamp.replace(input_offset=1e-3), engine, **none)
    both = make(opamp.replace(input_offset=-1e-3), engine, **several)
    size = np.abs(_resting(common)).max()
    assert size > 1e-3
    assert_close(_resting(apart), _resting(common), absolute=1e-6 * size)
    assert_close(_resting(both), np.zeros(SIZE), absolute=1e-6 * size)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("make", [inv, mvm])
def test_offsets_of_zero_change_nothing(engine, make):
    """A vector of zeros gives the same value to 1e-9 as no vector."""
    zeros = {"amplifiers": np.zeros(SIZE)} | ({} if make is mvm else {"inverters": np.zeros(SIZE)})
    without, with_zeros = make(preset("cmos-100meg"), engine), make(preset("cmos-100meg"), engine, **zeros)
    values = [_value(circuit) for circuit in (without, with_zeros)]
    assert_close(values[1], values[0], absolute=1e-9 * np.abs(values[0]).max())


def _value(circuit):
    return (circuit.solve(RIGHT) if isinstance(circuit, InvCircuit) else circuit.matvec(RIGHT)).value


def test_no_spread_is_no_offset():
    """Without a spread the design has no offsets, whatever the seed, and its hash is that of one without chance."""
    plain = InvCircuit.program(MATRIX).design
    for seed in (0, 1):
        design = InvCircuit.program(MATRIX, offset_spread=0.0, seed=seed).design
        assert design.amplifier_offset is None and design.inverter_offset is None
        assert design.sha256 == plain.sha256


def test_drawn_offsets_are_gaussian_of_the_spread():
    """Each amplifier has its own; 400 of them have the mean 0 and the standard deviation asked for within 4 sigma."""
    spread, count = 2e-3, 25 * 2 * 8
    matrix = spd_matrix(8, 5, 1)
    designs = [InvCircuit.program(matrix, offset_spread=spread, seed=3, trial=trial).design for trial in range(25)]
    drawn = np.concatenate([vector for one in designs for vector in (one.amplifier_offset, one.inverter_offset)])
    assert len(drawn) == len(set(drawn.tolist())) == count
    assert abs(drawn.mean()) < 4 * spread / np.sqrt(count)
    assert abs(drawn.std() - spread) < 4 * spread / np.sqrt(2 * count)


@pytest.mark.parametrize("wire_resistance", [0.0, 5.0])
def test_rms_of_the_outputs_follows_from_the_spread(wire_resistance):
    """Over trials, output j has the rms `spread |row j of (G+ - G-)^-1 [S, -2 G-]|` within 4 standard errors.

    With wires the network between the terminals takes the place of the cells.
    """
    spread, trials = 1e-3, 120
    fields = {"opamp": OPAMPS["macro"], "engine": "exact", "wire_resistance": wire_resistance, "seed": 5}
    nominal = InvCircuit.program(MATRIX, **fields).design
    plus, minus = (array.conductance[:SIZE, SIZE:] for array in reduced(nominal))
    # What meets in a sum node: input, and all that joins it to another terminal of either array.
    total = [array.laplacian[:SIZE, :SIZE] for array in reduced(nominal)]
    sums = nominal.input_conductance * np.eye(SIZE) + sum(total)
    weights = np.linalg.solve(plus - minus, np.hstack([sums, -2 * minus]))
    drawn = [InvCircuit.program(MATRIX, **fields, offset_spread=spread, trial=k).linear for k in range(trials)]
    square = np.mean([one.rest[one.nodes["c"]] ** 2 for one in drawn], axis=0)
    wanted = spread**2 * (weights**2).sum(axis=1)
    assert_close(square, wanted, relative=4 * np.sqrt(2 / trials))


@pytest.mark.parametrize("name", ["amplifier_offset", "inverter_offset"])
@pytest.mark.parametrize("vector", [np.zeros(SIZE + 1), np.zeros(1)])
def test_a_vector_of_another_length_is_refused(name, vector):
    """One value an amplifier."""
    with pytest.raises(ParameterError, match=f"{name}.*must be {SIZE}"):
        InvCircuit.program(MATRIX).design.replace(**{name: vector})
