"""Factors wider than an array, inverted whole by circuits of their blocks."""

import numpy as np
import pytest
from scipy import stats

from amc_circuits import ParameterError
from optimizer import TrainingSpec
from optimizer.circuit_settings import CircuitSettings
from optimizer.curvature import KroneckerFactors
from optimizer.datasets import load_dataset
from optimizer.linear_solver import Cholesky, CircuitState, InvCircuitSolver
from optimizer.preconditioner import Inverter
from optimizer.solve_result import SolveError
from optimizer.specification import make_spec
from optimizer.training import Training
from tests.cases import spd_matrix
from tests.comparators import assert_close

BLOCKS = CircuitSettings(engine="exact", wide="blocks", simulated_columns=3)
FACTORS = KroneckerFactors(spd_matrix(9, 5, 1), spd_matrix(3, 5, 2))


def test_a_wide_factor_is_inverted_whole():
    """Both factors are near Cholesky's of the whole, and the ledger has one entry each, without blocks."""
    inverter = Inverter(InvCircuitSolver(BLOCKS))
    found, wanted = (
        one.invert(0, "dense", FACTORS, 0.1, array_limit=limit)
        for one, limit in ((inverter, 4), (Inverter(Cholesky()), None))
    )
    for name in ("a_inverse", "g_inverse"):
        exact = getattr(wanted, name)
        assert_close(getattr(found, name), exact, absolute=2e-3 * float(np.abs(exact).max()))
    wide, narrow = inverter.ledger.inversions
    assert (wide.size, len(wide.simulated), narrow.size, narrow.simulated) == (9, 3, 3, None)
    assert inverter.ledger.blocks == {} and wide.relative_error < 2e-3 and wide.joules > 0
    assert inverter.ledger.extrapolated.startswith("6, from 3 simulated of each wider factor")
    assert inverter.ledger.slowest.responses


def test_times_that_are_not_simulated_are_means_with_students_interval():
    """The drawn columns have their own times; the draw depends on seed and trial alone."""
    matrix, solver = FACTORS.a_factor, InvCircuitSolver(BLOCKS)
    state = solver.init(matrix, 4)
    some = solver.compute(state, np.eye(9))
    every = InvCircuitSolver(BLOCKS.model_copy(update={"simulated_columns": "all"})).compute(state, np.eye(9))
    assert every.simulated is None and every.interval == every.energy_interval == 0
    chosen = np.isclose(some.settling_times, every.settling_times, rtol=1e-6, atol=0)
    assert tuple(np.flatnonzero(chosen)) == some.simulated and len(some.simulated) == 3
    seconds = every.settling_times[chosen]
    assert_close(some.settling_times[~chosen], np.full(6, seconds.mean()), relative=1e-6)
    assert some.interval == pytest.approx(_students(seconds), rel=1e-5)
    joules = every.record.energy.total[chosen]
    assert some.energy_interval == pytest.approx(_students(joules), rel=1e-5)
    assert some.joules == pytest.approx(9 * np.mean(joules), rel=1e-5)
    assert_close(some.value, every.value, absolute=2e-3 * float(np.abs(every.value).max()))


def _students(values):
    """Half the interval of the mean over the mean, from SciPy's own distribution."""
    low, high = stats.t.interval(0.95, len(values) - 1, loc=values.mean(), scale=stats.sem(values))
    return (high - low) / 2 / values.mean()


def test_an_unstable_block_is_no_inverse():
    """Values of circuits at rest count only after their poles were checked."""
    solver = InvCircuitSolver(CircuitSettings(engine="exact", wide="blocks", second_pole="2MEG"))
    with pytest.raises(SolveError, match=r"9 of 9 right-hand sides ended as UNSTABLE .INV of A"):
        solver.compute(solver.init(spd_matrix(9, 5, 1), 4), np.eye(9))


def test_training_by_blocks():
    """A few steps on digits with arrays of 40 rows and cells of 8 levels: every factor is inverted whole."""
    circuit = {"engine": "exact", "wide": "blocks", "simulated_columns": 2, "on_failure": "stop"}
    few = {"bits": 8, "device": "taox-40nm-8level"}
    spec = TrainingSpec(
        solver="inv-circuit", circuit={**circuit, **few}, optimizer={"name": "kfac", "array_limit": 40}, batch_size=400,
        epochs=0.5,
    )  # fmt: skip
    result = Training(spec, load_dataset("digits")).run()
    ledger = result.ledger
    assert ledger.inversions and not ledger.failures and not ledger.blocks
    assert max(entry.size for entry in ledger.inversions) > 40
    assert ledger.largest_error < 0.02
    assert ledger.cycles > 2 * ledger.right_hand_sides and ledger.layouts >= len(ledger.inversions)
    assert ledger.cells == sum(entry.cells for entry in ledger.inversions) > 0
    found = result.summary()["inversions"]
    assert (found["cycles"], found["conversions"]) == (ledger.cycles, ledger.conversions)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"wide": "blocks", "adc_bits": 8}, "adc_bits: got 8; .*simulated_columns = all"),
        ({"at_rest": True, "dac_bits": 8}, "dac_bits: got 8; .*simulated_columns = all"),
        ({"at_rest": True, "nonlinearity_voltage": 0.5}, r"nonlinearity_voltage: got 0\.5; .*linear cells"),
        ({"wide": "blocks", "nonlinearity_voltage": 0.5}, "nonlinearity_voltage: .*linear cells"),
        ({"bits": 8, "simulated_columns": "all", "nonlinearity_voltage": 0.5}, "nonlinearity_voltage: .*without bits"),
        ({"wide": "blocks", "input_conductance": "100u"}, "input_conductance: .*of blocks"),
        ({"bits": 8, "diagonal": "resistors"}, "diagonal: got .*blocks hold their diagonal in cells"),
        ({"bits": 8, "adc_bits": 8, "adc_range": 0.5}, r"adc_range: got 0\.5; .*follow"),
        ({"bits": 50}, "bits: got 50"),
        ({"simulated_columns": 1, "bits": 8}, "simulated_columns"),
    ],
)
def test_what_has_no_effect_is_refused(given, named):
    """One line with the parameter and the mend, before any training."""
    with pytest.raises(ParameterError, match=named):
        CircuitSettings(engine="exact", **given)


def test_a_factor_in_one_array_at_rest():
    """Values are those at rest; drawn columns have the times of the whole simulation, the others their mean."""
    at_rest = {"at_rest": True, "simulated_columns": 3}
    solver, every = (InvCircuitSolver(CircuitSettings(engine="exact", **given)) for given in (at_rest, {}))
    state = solver.init(FACTORS.a_factor)
    found, whole = (one.compute(state, np.eye(9)) for one in (solver, every))
    assert_close(found.value, whole.value, absolute=1e-3 * np.abs(whole.value).max())
    assert_close(found.value, state.circuit.steady(np.eye(9)), absolute=0)
    drawn = list(found.simulated)
    assert len(drawn) == 3 and whole.simulated is None and len(whole.statuses) == 9
    assert_close(found.settling_times[drawn], whole.settling_times[drawn], relative=1e-6)
    others = np.delete(found.settling_times, drawn)
    assert_close(others, np.full(6, found.settling_times[drawn].mean()), relative=1e-12)
    assert found.interval > 0 and found.work == whole.work and found.lifting_cost == whole.lifting_cost


def test_at_rest_has_no_effect_where_all_columns_are():
    """With bits every column is computed at rest; without, and in one array, there are no columns to choose."""
    with pytest.raises(ParameterError, match=r"circuit\.at_rest: .* has no effect with bits"):
        make_spec({"solver": "inv-circuit", "circuit": {"bits": 8, "at_rest": True}}, "SPEC.toml")
    with pytest.raises(ParameterError, match=r"circuit\.simulated_columns: .* take at_rest"):
        make_spec({"solver": "inv-circuit", "circuit": {"simulated_columns": 8}}, "SPEC.toml")
    chosen = make_spec({"solver": "inv-circuit", "circuit": {"at_rest": True, "simulated_columns": 8}}, "SPEC.toml")
    assert chosen.circuit.simulated == 8


def test_simulated_columns_read_converters():
    """All columns of a factor in blocks by ADCs of 8 bits: coarser than without, and what the circuit itself reads."""
    every = {"engine": "exact", "wide": "blocks", "simulated_columns": "all"}
    fine, coarse = (InvCircuitSolver(CircuitSettings(**every, adc_bits=bits)) for bits in (None, 8))
    state = coarse.init(FACTORS.a_factor, 4)
    found = coarse.compute(state, np.eye(9))
    assert np.array_equal(found.value, state.circuit.solve(np.eye(9)).value)
    exact = fine.compute(fine.init(FACTORS.a_factor, 4), np.eye(9))
    assert found.relative_error > 3 * exact.relative_error


REFINED = CircuitSettings(engine="exact", bits=10, device="taox-40nm-8level", simulated_columns=3)


@pytest.fixture(scope="module")
def refined_factor():
    """A factor of 9 rows in arrays of 4, with cells of 8 levels: the state and the result of 3 drawn columns."""
    solver = InvCircuitSolver(REFINED)
    state = solver.init(FACTORS.a_factor, 4)
    return state, solver.compute(state, np.eye(9))


def test_cells_of_few_levels_give_the_wanted_bits(refined_factor):
    """The residual of every column is below 2^-10, where one pass has less than 5 bits."""
    state, result = refined_factor
    residual = np.linalg.norm(state.matrix @ result.value - np.eye(9), axis=0)
    assert residual.max() <= 1.01 * 2.0**-10
    one_pass = state.matrix @ state.circuit.probe.circuit.steady(np.eye(9)) - np.eye(9)
    assert np.linalg.norm(one_pass, axis=0).max() > 2.0**-5


def test_cycles_cells_and_conversions_are_counted(refined_factor):
    """By hand: leaves of 3, 2, 2 and 2 rows, each pair of arrays; DACs at 4 + 2 + 2 + 1 uses, ADCs once."""
    state, result = refined_factor
    cycles = state.circuit.solve(np.eye(9), measured=False).cycles
    assert result.work.cycles == cycles.sum() > 9
    leaves, offdiagonal = 3**2 + 3 * 2**2, 2 * (3 * 2 + 2 * 2 + 5 * 4)
    assert 2 * leaves < result.work.cells <= 2 * (leaves + offdiagonal)
    inputs = 4 * 3 + 2 * 2 + 2 * 2 + 2
    assert result.work.conversions == result.work.cycles * (inputs + 9)
    assert result.work.layouts == len([text for text in state.circuit.reasons if text.startswith("BLOCKS")])


def test_a_drawn_pass_stands_for_all_of_its_column(refined_factor):
    """Times of all columns are their cycles times the mean of the drawn passes."""
    state, result = refined_factor
    cycles = state.circuit.solve(np.eye(9), measured=False).cycles
    assert len(set(result.simulated)) == 3 and result.interval > 0 and result.energy_interval > 0
    rate = result.settling_times / cycles
    assert_close(rate, np.full(9, rate[0]), relative=1e-12)
    every = InvCircuitSolver(REFINED.model_copy(update={"simulated_columns": "all"})).compute(state, np.eye(9))
    assert every.simulated is None and every.interval == 0
    assert_close(every.value, result.value, absolute=1e-12)
    assert every.settling_times.sum() == pytest.approx(result.settling_times.sum(), rel=2 * result.interval)


def test_a_factor_that_no_layout_refines_is_an_error():
    """The error of the plan names what was tried; the inverse before is kept by the caller."""
    solver = InvCircuitSolver(CircuitSettings(engine="exact", bits=10, stuck_on=0.9))
    with pytest.raises(SolveError, match="no circuit of the plan solves this matrix: INV, continuous cells: "):
        solver.init(spd_matrix(12, 1e6, 0), 12)


def test_a_column_that_stalls_gets_smaller_arrays():
    """A plan that a drawn right-hand side passes and a column does not: once more in blocks, counted as such."""
    solver, matrix = InvCircuitSolver(REFINED, seed=27), spd_matrix(12, 20, 27)
    drawn = REFINED.options.plan(matrix, {"bits": 10.0}, 12, seed=27)
    state = CircuitState(drawn, matrix, 0, 12)
    assert state.circuit.probe.layout.circuit == "inv"
    assert not state.circuit.solve(np.eye(12), measured=False).usable
    found = solver.compute(state, np.eye(12))
    assert np.linalg.norm(state.matrix @ found.value - np.eye(12), axis=0).max() <= 1.01 * 2.0**-10
    assert found.work.layouts > state.circuit.tried and found.record.steps


def test_one_column_is_checked_by_ngspice():
    """With the engine auto the first factor is checked, whatever chance would choose; the second need not be."""
    solver = InvCircuitSolver(CircuitSettings(bits=6, device="taox-40nm-8level", cross_check=1e-9, opamp="single-pole"))
    first, second = (solver.compute(solver.init(FACTORS.g_factor, 2), np.eye(3)) for _ in range(2))
    assert first.cross_checked == 1 and first.largest_difference < 1e-3
    assert second.cross_checked == 0
