"""Solutions in blocks: NumPy's at infinite gain, one engine's as the other's, and instabilities by name."""

import gc
import weakref
from functools import cache

import numpy as np
import pytest

from amc_circuits import BlockCircuit, Converters, Device, ParameterError, SampleHold, Status, UnusableSolutionError
from amc_circuits.values.matrices import draw_matrix
from netlists import SinglePoleOpAmp
from tests.cases import spd_matrix
from tests.comparators import assert_close

GAINS = 1e9, 1e10


def problem(size, columns=3, seed=1):
    """An SPD matrix and right-hand sides of very different halves."""
    vectors = np.random.default_rng(seed).uniform(-1, 1, (size, columns))
    vectors[: size // 2, 0] = 0  # nothing for step 1
    vectors[size // 2 :, 1] *= 1e-3
    return spd_matrix(size, 10, seed), vectors


def at_infinite_gain(matrix, vectors, **fields):
    """Steady answers of ideal parts: the error is c/A0, so that two gains give the limit."""
    low, high = (
        BlockCircuit.program(matrix, opamp=SinglePoleOpAmp(open_loop_gain=gain), **fields).steady(vectors)
        for gain in GAINS
    )
    return (10 * high - low) / 9


def assert_solves(found, matrix, vectors):
    """Fails if an answer differs from NumPy's by more than rounding."""
    wanted = np.linalg.solve(matrix, vectors)
    assert_close(found, wanted, absolute=1e-12 * float(np.abs(wanted).max()))


@pytest.mark.parametrize(
    ("size", "stages", "topology"),
    [
        (7, 1, "compensated"), (7, 3, "paired"), (13, 2, "paired"), (13, 2, "compensated"), (16, 0, "paired"),
        (33, 1, "paired"), (50, 1, "compensated"),
    ],
)  # fmt: skip
def test_ideal_parts_give_the_exact_solution(size, stages, topology):
    """At any size and number of stages, with nothing padded."""
    matrix, vectors = problem(size)
    assert_solves(at_infinite_gain(matrix, vectors, stages=stages, topology=topology), matrix, vectors)


@pytest.mark.parametrize(
    ("stages", "topology", "inputs"),
    [(1, "paired", "two"), (1, "compensated", "two"), (1, "compensated", "one"), (2, "paired", "one")],
)
def test_leaves_by_ginv_are_exact_for_any_matrix(stages, topology, inputs):
    """Their normal equation cancels; all poles decay, where INV of the same blocks has growing ones."""
    matrix, vectors = draw_matrix("random", 7, 7, 3.0, np.random.default_rng(3)), problem(7)[1]
    fields = {"stages": stages, "topology": topology, "inputs": inputs}
    assert_solves(at_infinite_gain(matrix, vectors, leaf="ginv", **fields), matrix, vectors)
    assert BlockCircuit.program(matrix, leaf="ginv", **fields).stability.stable
    assert not BlockCircuit.program(matrix, pivoting="none", **fields).stability.stable


@pytest.mark.parametrize("kind", ["complex", "diagonal", "triangular"])
def test_other_matrices(kind):
    """A complex one is a real one of twice the size; blocks of zeros need no circuit."""
    matrix, vectors = problem(6)
    changed = {"complex": matrix + 0.5j * np.eye(6), "diagonal": np.diag(matrix), "triangular": np.tril(matrix)}[kind]
    changed = np.diag(changed) if kind == "diagonal" else changed
    assert_solves(at_infinite_gain(changed, vectors, stages=2), changed, vectors)


@pytest.mark.parametrize("topology", ["paired", "compensated"])
def test_one_input_resistor_gives_the_same_answer_sooner(topology):
    """The second one only adds to the sums at the inputs of the op-amps."""
    matrix, vectors = problem(7)
    assert_solves(at_infinite_gain(matrix, vectors, inputs="one", topology=topology), matrix, vectors)
    one, two = (BlockCircuit.program(matrix, inputs=inputs, topology=topology) for inputs in ("one", "two"))
    assert one.predicted_time < two.predicted_time


def test_tiles_far_from_the_diagonal_may_be_tiny():
    """Their feedback conductance is limited, and the next step takes less of them; below rounding there is no tile."""
    matrix = 0.03 ** np.abs(np.subtract.outer(np.arange(12), np.arange(12)))
    vectors = np.random.default_rng(1).uniform(-1, 1, (12, 2))
    assert_solves(at_infinite_gain(matrix, vectors, stages=2), matrix, vectors)


def test_blocks_without_negative_entries_are_pairs():
    """With one array, entries below the floor of the cells would be lifted to it."""
    matrix = np.eye(4) + 0.006 * np.ones((4, 4))
    vector = np.array([1.0, -0.5, 0.25, 1.0])
    assert_solves(at_infinite_gain(matrix, vector), matrix, vector)
    single = at_infinite_gain(matrix, vector, pair="auto", stages=0)
    assert np.abs(single - np.linalg.solve(matrix, vector)).max() > 1e-3


@cache
def solved(engine, stages=1, leaf="inv"):
    """A solve with wires and errors of cells, at a scale that has to be reduced."""
    matrix, vectors = problem(5, 2)
    fields = {"wire_resistance": 2.0, "input_voltage": 0.5, "stages": stages, "leaf": leaf, "seed": 3}
    circuit = BlockCircuit.program(matrix, device=Device(programming_error="1%"), engine=engine, **fields)
    return circuit, circuit.solve(vectors), vectors


@pytest.mark.parametrize("leaf", ["inv", "ginv"])
def test_engines_agree(leaf):
    """Each simulates every step; values, times and energies of a whole solve are the same."""
    (_, exact, _), (_, spice, _) = solved("exact", leaf=leaf), solved("ngspice", leaf=leaf)
    assert exact.status is spice.status is Status.SETTLED
    assert_close(spice.value, exact.value, absolute=2e-3 * float(np.abs(exact.value).max()))
    assert_close(spice.settling_time, exact.settling_time, relative=0.02)
    assert_close(spice.energy.total, exact.energy.total, relative=0.02)


def test_a_simulation_ends_at_the_steady_states():
    """Every step is steady within a twentieth of the tolerance, and the answer is near `steady`."""
    circuit, solution, vectors = solved("exact")
    steady = circuit.steady(vectors)
    assert_close(solution.value, steady, absolute=2e-3 * float(np.abs(steady).max()))


def test_metrics_are_sums_over_the_steps():
    """Two stages have 3 x 5 steps of leaves and tiles, and two products of the whole."""
    circuit, solution, _ = solved("exact", 2)
    assert len(solution.steps) == 17
    assert_close(solution.settling_time, sum(step.settling_time for step in solution.steps), relative=1e-12)
    column = int(np.flatnonzero(solution.scales[1] < solution.scales[0])[0])
    last = [run for run in solution.runs if run.attempt == 2 and column in run.columns and run.driven.any()]
    energies = [run.known(run.solution.energy.total)[run.columns.tolist().index(column)] for run in last]
    assert_close(solution.energy.total[column], sum(energies), relative=1e-12)
    assert circuit.stability.stable and solution.usable


def test_the_scale_is_reduced_once_and_no_amplifier_then_leaves_its_range():
    """One k for all steps of a right-hand side; both passes are recorded."""
    _, solution, _ = solved("exact")
    assert (solution.scales[1] <= solution.scales[0]).all() and (solution.scales[1] < solution.scales[0]).any()
    last = [run for run in solution.runs if run.attempt == 2]
    assert 0.98 < max(run.peaks.max() for run in last) < 1.02


def test_a_fixed_scale_stays():
    """And the amplifiers are then beyond it."""
    matrix, vectors = problem(7, 2)
    circuit = BlockCircuit.program(matrix, engine="exact", input_voltage=0.5, fixed_scale=True)
    assert not circuit.solve(vectors).usable


def test_an_unstable_leaf_is_named_and_pivoting_mends_it():
    """A leaf that would be unstable is named; with pivoting and blocks of one row every circuit is stable."""
    matrix = np.random.default_rng(3).standard_normal((4, 4))
    none = BlockCircuit.program(matrix, engine="exact", pivoting="none")
    solution = none.solve(np.ones(4))
    assert solution.status is Status.UNSTABLE and np.isnan(solution.value).all() and np.isnan(solution.energy.total)
    assert solution.message.startswith("INV of A") and "grows" in solution.message
    with pytest.raises(UnusableSolutionError, match="UNSTABLE"):
        solution.raise_if_unusable()
    auto = BlockCircuit.program(matrix, engine="exact", stages=2)
    assert auto.solve(np.ones(4)).usable and sorted(auto.order) == [0, 1, 2, 3]
    assert_solves(at_infinite_gain(matrix, np.ones(4), stages=2), matrix, np.ones(4))


def test_a_singular_block_needs_pivoting():
    """`auto` takes it; `none` names the block."""
    matrix = np.array([[0.0, 1.0], [-2.0, 0.0]])
    assert_solves(at_infinite_gain(matrix, np.array([1.0, 2.0])), matrix, np.array([1.0, 2.0]))
    with pytest.raises(ParameterError, match=r"A1: got a singular block; .* pivoting = partial"):
        BlockCircuit.program(matrix, pivoting="none")


def test_converters_round_both_scales_of_f():
    """With DACs and ADCs of 8 bits the error is of the order of a step of them."""
    matrix, vectors = problem(6)
    ideal, coarse = (
        BlockCircuit.program(matrix, engine="exact", converters=converters).solve(vectors[:, 2]).value
        for converters in (None, Converters(dac_bits=8, adc_bits=8))
    )
    error = np.linalg.norm(coarse - ideal) / np.linalg.norm(ideal)
    assert 2.0**-12 < error < 10 * 2.0**-7


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"stages": -1}, "stages: got -1"),
        ({"stages": 3}, "stages: got 3; must be at most 2, after which 4 rows"),
        ({"start": "previous"}, "start: got previous; has no meaning here"),
        ({"gain": 3}, "gain: got 3; there is no such parameter"),
        ({"hold": 1e-12}, "hold: got 1e-12; must be of type SampleHold"),
        ({"pivoting": "full"}, "pivoting: got 'full'"),
    ],
)
def test_wrong_parameters(fields, text):
    """One line with the parameter, the value and the mend."""
    with pytest.raises(ParameterError, match=text):
        BlockCircuit.program(np.eye(4), **fields)


def test_both_uses_of_a_block_have_ranges_of_their_own():
    """A small upper half of b leaves the ranges of the second use of A1 as they are: nothing is scaled down for it."""
    matrix, vectors = problem(16)
    vectors[:8, 2] *= 1e-3
    solution = BlockCircuit.program(matrix, stages=2, engine="exact", opamp=SinglePoleOpAmp()).solve(vectors[:, 2])
    assert solution.status is Status.SETTLED
    assert (solution.scales[1] == solution.scales[0]).all()


@pytest.mark.parametrize("coupling", [1e-4, 1e-13])
def test_a_weak_coupling_does_not_take_the_signals(coupling):
    """Blocks beside the diagonal that are far smaller: k stays as it is, and an offset of holds makes a usual error."""
    matrix = np.eye(4) + 0.3 * (np.eye(4, k=1) + np.eye(4, k=-1))
    matrix[:2, 2:] *= coupling
    matrix[2:, :2] *= coupling
    vector = np.array([1.0, -0.5, 0.3, 0.8])
    circuit = BlockCircuit.program(matrix, engine="exact", opamp="cmos-100meg", hold=SampleHold(hold_offset=1e-4))
    solution = circuit.solve(vector)
    assert solution.scales[1, 0] == solution.scales[0, 0]
    assert solution.relative_error < 0.01


def test_blocks_leave_memory_with_their_last_name():
    """No circuit refers to itself: of two plans the one that is not taken makes room for the solve of the other."""
    circuit = BlockCircuit.program(spd_matrix(4, 5.0, 0), engine="exact", opamp=SinglePoleOpAmp())
    circuit.steady(np.ones(4))
    kept = [weakref.ref(one) for _, one in circuit.circuits]
    gc.disable()
    try:
        del circuit
        assert [one() for one in kept] == [None] * len(kept)
    finally:
        gc.enable()
