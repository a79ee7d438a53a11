"""Plans: what is taken for which matrix, and why; what cannot be solved is refused by name."""

import numpy as np
import pytest

from amc_circuits import Device, ParameterError, UnusableSolutionError, plan, solve
from amc_circuits.solvers.planning.shifts import first_shift
from amc_circuits.solvers.precision.statuses import CONVERGED
from amc_circuits.values.matrices import draw_matrix

QUICK = {"engine": "exact", "opamp": "single-pole"}
BENT = Device(nonlinearity_voltage=0.2)


def drawn(family, size, condition=None, seed=0):
    """A matrix with a right-hand side."""
    generator = np.random.default_rng(seed)
    return draw_matrix(family, size, size, condition, generator), generator.uniform(-1, 1, size)


def check(result, matrix, b, bits=24):
    """The status is earned: NumPy's residual is below the wanted one."""
    assert result.status is CONVERGED
    residual = np.linalg.norm(b - matrix @ result.value) / np.linalg.norm(b)
    assert residual <= 2.0**-bits * (1 + 1e-6)


def test_a_definite_matrix_is_solved_by_inv():
    """To the bits that were asked for; fewer bits take fewer cycles, and the plan predicts them."""
    matrix, b = drawn("spd", 16, 10.0)
    cycles = []
    for bits in (24, 8):
        made = plan(matrix, levels=16, bits=bits, **QUICK)
        assert (made.probe.layout.circuit, made.probe.layout.shift) == ("inv", 0)
        result = made.solve(b)
        check(result, matrix, b, bits)
        assert abs(result.cycles[0] - made.cycles) <= 3
        cycles.append(result.cycles[0])
    assert cycles[1] < cycles[0]


def test_an_unstable_array_gets_a_shift():
    """Cells of 8 levels make condition 30 indefinite; the shift makes them definite, and x is that of A itself."""
    matrix, b = drawn("spd", 16, 30.0)
    made = plan(matrix, bits=24, **QUICK)
    assert "unstable" in made.reasons[1]
    assert made.probe.layout.shift > 0
    check(made.solve(b), matrix, b)


def test_a_shift_makes_up_for_the_errors_of_the_cells():
    """With its resistors, the lowest eigenvalue of what a circuit holds is positive again."""
    matrix, _ = drawn("spd", 16, 30.0)
    made = plan(matrix, scaling="none", **QUICK)
    mapping, shift = made.probe.circuit.mapping, made.probe.layout.shift
    held = mapping.difference / mapping.unit
    assert np.linalg.eigvalsh((held + held.T) / 2)[0] < 0
    assert np.linalg.eigvalsh((held + held.T) / 2)[0] + shift > 0
    unshifted = plan(matrix, scaling="none", levels=64, shift=0, **QUICK).probe.circuit
    assert first_shift(matrix, unshifted) < made.probe.layout.shift


def test_no_shift_makes_up_for_cells_without_errors():
    """What is left of rounding is no error: another shift could only make the inverse worse."""
    matrix, _ = drawn("spd", 16, 30.0)
    ideal = plan(matrix, scaling="none", shift=0, device="ideal", **QUICK).probe.circuit
    assert first_shift(matrix, ideal) == 0


def test_arrays_of_128_rows_and_8_levels_solve_a_covariance():
    """Errors of cells grow as the root of the rows: INV is unstable, and the first shifts solve all columns."""
    generator = np.random.default_rng(0)
    features = np.maximum(generator.standard_normal((512, 100)) @ generator.standard_normal((100, 127)) / 10, 0)
    covariance = features.T @ features / 512
    matrix = covariance + 0.3 * np.trace(covariance) / 127 * np.eye(127)
    made = plan(matrix, bits=8, memory=32, scaling="diagonal", **QUICK)
    layout = made.probe.layout
    assert "unstable" in made.reasons[1] and (layout.circuit, layout.levels) == ("inv", 8) and layout.shift > 0
    assert made.solve(np.eye(127), measured=False).usable


def test_a_plan_is_probed_with_the_hardest_right_hand_sides():
    """Those with the largest residuals after one cycle; zeros and scales of a right-hand side change nothing."""
    matrix, _ = drawn("spd", 20, 10.0)
    made = plan(matrix, b=np.eye(20), levels=16, **QUICK)
    left = plan(matrix, b=np.eye(20), levels=16, max_cycles=150, **QUICK).solve(np.eye(20), measured=False)
    assert left.usable and made.cycles == left.cycles[made.probe.probed.any(axis=1)].max()
    after_one = left.history[1]
    probed = made.probe.probed.any(axis=1)
    assert probed.sum() == 16 and after_one[probed].min() >= after_one[~probed].max()
    scaled = np.eye(20) * np.append(np.logspace(-90, 90, 19), 0)
    again = plan(matrix, b=scaled, levels=16, **QUICK).probe
    np.testing.assert_array_equal(np.sort(again.probed.max(axis=0)), np.ones(16))


def test_a_layout_that_solves_some_right_hand_sides_is_not_taken():
    """The eigenvector of the largest eigenvalue needs few cycles, that of the smallest one many."""
    matrix, _ = drawn("spd", 16, 100.0)
    vectors = np.linalg.eigh(matrix)[1][:, [0, -1]]
    forced = {"circuit": "inv", "levels": 16, "most_levels": 16, "bits": 6, "scaling": "none", "shift": 0.1, **QUICK}
    cycles = [plan(matrix, b=one, **forced).cycles for one in vectors.T]
    assert cycles[0] > cycles[1]
    with pytest.raises(UnusableSolutionError, match="OUT_OF_CYCLES for 1 of 2 right-hand sides"):
        plan(matrix, b=vectors, max_cycles=cycles[1], **forced)


def test_other_matrices_go_to_inv_if_it_is_stable_and_to_ginv_if_not():
    """A dominant diagonal is enough for INV; a random matrix has a growing pole in it."""
    matrix, b = drawn("random", 8, 3.0)
    made = plan(matrix, levels=16, **QUICK)
    assert made.probe.layout.circuit == "ginv"
    check(made.solve(b), matrix, b)
    dominant = matrix + 3 * np.eye(8)
    made = plan(dominant, levels=16, **QUICK)
    assert made.probe.layout.circuit == "inv"
    check(made.solve(b), dominant, b)


def test_scaling_solves_what_has_entries_of_many_sizes():
    """`D A D` with D over four decades: with powers of two as quick as A, without them no plan."""
    matrix, b = drawn("spd", 16, 10.0)
    factors = 10.0 ** np.linspace(-2, 2, 16)
    scaled = factors[:, None] * matrix * factors
    check(solve(scaled, b, levels=16, **QUICK), scaled, b)
    with pytest.raises(UnusableSolutionError, match="no circuit of the plan solves"):
        plan(scaled, levels=16, scaling="none", most_levels=16, circuit="inv", **QUICK)


def test_the_better_of_two_scalings_is_taken():
    """Of a covariance of features of uneven power its diagonal; an even diagonal is left alone."""
    generator = np.random.default_rng(0)
    features = generator.standard_normal((64, 16)) * np.linspace(0.3, 3, 16) + 0.1
    matrix = features.T @ features / 64
    fields = {"levels": 8, "bits": 24, "b": np.eye(16), **QUICK}
    plans = {scaling: plan(matrix, scaling=scaling, **fields) for scaling in ("powers-of-two", "diagonal")}
    made = plan(matrix, **fields)
    better = min(plans.values(), key=lambda one: (one.probe.layout.levels, one.time))
    assert better is plans["diagonal"] and plans["powers-of-two"].cycles > better.cycles
    assert (made.probe.layout, made.cycles, made.time) == (better.probe.layout, better.cycles, better.time)
    assert made.tried == sum(one.tried for one in plans.values())
    assert any(text.startswith("by powers of two, INV") for text in made.reasons)
    even, _ = drawn("toeplitz", 8)
    assert (
        plan(even, **{**fields, "b": None}).tried == plan(even, scaling="powers-of-two", **{**fields, "b": None}).tried
    )


def test_what_is_larger_than_an_array_goes_to_blocks():
    """With the least stages at first; forced ones are taken as they are."""
    matrix, b = drawn("spd", 16, 5.0)
    made = plan(matrix, array_limit=8, levels=16, **QUICK)
    assert (made.probe.layout.circuit, made.probe.layout.stages) == ("blocks", 1)
    check(made.solve(b), matrix, b)
    made = plan(matrix, stages=2, levels=16, **QUICK)
    assert made.probe.layout.stages == 2


def test_blocks_of_any_matrix_have_leaves_by_ginv():
    """INV of its blocks is not stable; GINV is, with the rows in the order of LU. Both can be forced."""
    matrix, b = drawn("random", 16, 3.0)
    made = plan(matrix, array_limit=8, levels=32, most_levels=32, **QUICK)
    layout, leaves = made.probe.layout, dict(made.probe.circuit.circuits)
    assert (layout.circuit, layout.stages, layout.leaf) == ("blocks", 1, "ginv")
    assert "with GINV leaves" in str(layout) and "GINV of A1 (rows 1..8)" in leaves
    check(made.solve(b), matrix, b)
    forced = plan(np.eye(4) + 0.1, leaf="ginv", bits=4, **QUICK)
    assert forced.record["leaf"] == "ginv"
    with pytest.raises(UnusableSolutionError, match="no circuit of the plan solves"):
        plan(matrix, array_limit=8, leaf="inv", stages=1, levels=32, most_levels=32, **QUICK)


def test_compensated_circuits_are_planned_as_paired_ones():
    """INV, GINV and blocks with compensating cells take no inverters, and solve to the wanted bits."""
    definite, b = drawn("spd", 8, 5.0)
    other, _ = drawn("random", 8, 3.0)
    for matrix, choices in ((definite, {}), (other, {"circuit": "ginv"}), (definite, {"stages": 1})):
        made = plan(matrix, levels=32, bits=16, topology="compensated", **choices, **QUICK)
        programmed = getattr(made.probe.circuit, "circuits", [("", made.probe.circuit)])
        assert not any(part.name.startswith("inv") for _, one in programmed for part in one.circuit.parts)
        check(made.solve(b), matrix, b, 16)


def test_least_squares_shortest_solutions_and_a_ridge():
    """A tall A, a wide one and one of rank 1 against NumPy; the plan names the problem that is solved."""
    generator = np.random.default_rng(0)
    tall, b = generator.standard_normal((9, 4)), generator.standard_normal(9)
    result = solve(tall, b, levels=16, **QUICK)
    np.testing.assert_allclose(result.value, np.linalg.lstsq(tall, b)[0], atol=1e-6)
    made = plan(tall.T, levels=16, **QUICK)
    assert "shortest" in made.reasons[0]
    np.testing.assert_allclose(made.solve(b[:4]).value, np.linalg.lstsq(tall.T, b[:4])[0], atol=1e-6)
    with pytest.raises(ParameterError, match=r"rank 1.*ridge"):
        plan(np.ones((3, 4)), **QUICK)
    made = plan(np.ones((3, 4)), ridge=0.5, **QUICK)
    assert "regularised" in made.reasons[0]
    wanted = np.linalg.solve(3 * np.ones((4, 4)) + 0.5 * np.eye(4), np.ones((4, 3)) @ b[:3])
    np.testing.assert_allclose(made.solve(b[:3]).value, wanted, atol=1e-6)


def test_predicted_energy_is_near_the_measured_one():
    """The quiescent currents of all op-amps, for INV and for blocks, whose arrays work one after the other."""
    matrix, b = drawn("spd", 8, 5.0)
    for stages in (0, 1):
        made = plan(matrix, levels=16, engine="exact", stages=stages, scaling="powers-of-two")
        measured = made.solve(b)
        circuit = measured.cost.circuit_energy.mean()
        assert made.probe.circuit_energy == pytest.approx(circuit, rel=0.4)
        assert made.cycle.time == pytest.approx(measured.cost.time, rel=0.4)
        assert made.cycle.energy == pytest.approx(measured.cost.energy, rel=0.4)
        beside = made.cycle.energy - made.probe.circuit_energy  # converters and arithmetic, which are no estimate
        assert beside == pytest.approx(measured.cost.energy - circuit, rel=1e-9)


def test_complex_matrices_and_several_right_hand_sides():
    """Answers are complex, one status each."""
    matrix, b = drawn("spd", 4, 3.0)
    hermitian = matrix + 0.1j * (np.triu(np.ones((4, 4)), 1) - np.tril(np.ones((4, 4)), -1))
    vectors = np.stack([b, 1j * b], axis=1)
    result = solve(hermitian, vectors, levels=16, **QUICK)
    assert [status is CONVERGED for status in result.statuses] == [True, True]
    np.testing.assert_allclose(result.value, np.linalg.solve(hermitian, vectors), atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"array_limit": 3, "circuit": "inv"}, "array_limit"),
        ({"circuit": "ginv", "stages": 1}, "stages"),
        ({"circuit": "inv", "ridge": 1}, "circuit"),
        ({"levels": 1}, "levels"),
        ({"array_limit": 1, "stages": 1}, "stages.*at least 2"),
        ({"circuit": "blocks", "stages": 0}, "stages.*at least 1"),
        ({"circuit": "inv", "pivoting": "partial"}, "pivoting"),
        ({"bits": 60}, "bits"),
        ({"circuit": "egv"}, "circuit"),
        ({"shift": "much"}, "shift"),
        ({"no_such_field": 1}, "no_such_field"),
        ({"circuit": "ginv", "leaf": "ginv"}, "leaf: got ginv; has no effect"),
        ({"stages": 0, "leaf": "ginv"}, "leaf: got ginv; has no effect"),
        ({"slices": 4}, "slices: got 4; has no effect without residual = slices"),
        ({"slice_read_bits": 6}, "slice_read_bits.*residual = slices"),
        ({"device": "ideal", "most_levels": 32}, "most_levels: got 32; has no effect with continuous cells"),
        ({"device": BENT}, "cycles_by: got static; takes cells as linear"),
        ({"method": "plain", "memory": 3}, "memory: got 3; has no effect with method = plain"),
        ({"stages": 3}, "stages: got 3; must be at most 2"),
        ({"diagonal": "resistors", "shift": 0.5}, "shift: got 0.5; is part of a diagonal in resistors"),
        ({"diagonal": "resistors", "circuit": "ginv"}, "diagonal: got resistors; is one of inv alone"),
        ({"input_conductance": 1e-4, "stages": 1}, "input_conductance: got 0.0001; is one of inv or ginv alone"),
        ({"inputs": "one", "circuit": "inv"}, "inputs: got one; is one of blocks alone"),
        ({"feedback_conductance": "auto", "stages": 0}, "feedback_conductance: got auto; is one of ginv alone"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_choices_that_cannot_be_used_are_refused(changes, text):
    """By the name of the parameter."""
    with pytest.raises(ParameterError, match=text):
        plan(np.eye(4), **QUICK, **changes)


@pytest.mark.parametrize("value", [{"circuit": "blocks"}, {"stages": 1}])
def test_a_number_is_not_cut_into_blocks(value):
    """A matrix of one row has nothing to cut."""
    with pytest.raises(ParameterError, match=r"needs 2 rows|at most 0"):
        plan([[2.0]], **value, **QUICK)


def test_small_right_hand_sides_are_solved_as_others():
    """Squares of a residual of the normal equation would be 0, which looks like an end."""
    random = np.random.default_rng(1)
    matrix, b = random.standard_normal((6, 4)) * 1e-40, random.standard_normal(6) * 1e-100
    result = solve(matrix, b, levels=16, bits=20, **QUICK)
    assert result.status is CONVERGED
    wanted = np.linalg.lstsq(matrix, b, rcond=None)[0]
    np.testing.assert_allclose(result.value, wanted, rtol=0, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize("factor", [0.0, 1e-80, 1e77])
def test_least_squares_of_numbers_without_squares_is_refused(factor):
    """Before anything is programmed, zeros included."""
    with pytest.raises(ParameterError, match="largest entry"):
        plan(factor * np.ones((4, 3)), ridge=1.0, **QUICK)


def test_a_singular_matrix_is_refused():
    """It has no solution to many bits."""
    with pytest.raises(ParameterError, match="singular"):
        plan(np.ones((3, 3)), **QUICK)
