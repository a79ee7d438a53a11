"""Factors wider than an array, inverted whole by circuits of their blocks."""

import numpy as np
import pytest
from scipy import stats

from amc_circuits import ParameterError
from optimizer import TrainingSpec
from optimizer.circuit_settings import CircuitSettings
from optimizer.curvature import KroneckerFactors
from optimizer.datasets import load_dataset
from optimizer.linear_solver import Cholesky, InvCircuitSolver
from optimizer.preconditioner import Inverter
from optimizer.solve_result import SolveError
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
    assert (wide.size, wide.simulated, narrow.size, narrow.simulated) == (9, 3, 3, None)
    assert inverter.ledger.blocks == {} and wide.relative_error < 2e-3 and wide.joules > 0
    assert inverter.ledger.extrapolated.startswith("6, from 3 simulated of each wide factor")
    assert inverter.ledger.slowest.responses


def test_times_that_are_not_simulated_are_means_with_students_interval():
    """The drawn columns have their own times; the draw depends on seed and trial alone."""
    matrix, solver = FACTORS.a_factor, InvCircuitSolver(BLOCKS)
    state = solver.init(matrix, 4)
    some = solver.compute(state, np.eye(9))
    every = InvCircuitSolver(BLOCKS.model_copy(update={"simulated_columns": 9})).compute(state, np.eye(9))
    assert every.simulated is None and every.interval == 0
    simulated = np.isclose(some.settling_times, every.settling_times, rtol=1e-6, atol=0)
    assert simulated.sum() == 3
    seconds = every.settling_times[simulated]
    assert_close(some.settling_times[~simulated], np.full(6, seconds.mean()), relative=1e-6)
    low, high = stats.t.interval(0.95, 2, loc=seconds.mean(), scale=stats.sem(seconds))
    assert some.interval == pytest.approx((high - low) / 2 / seconds.mean(), rel=1e-5)
    assert_close(some.value, every.value, absolute=2e-3 * float(np.abs(every.value).max()))


def test_an_unstable_block_is_no_inverse():
    """Values of circuits at rest count only after their poles were checked."""
    solver = InvCircuitSolver(CircuitSettings(engine="exact", wide="blocks", second_pole="2MEG"))
    with pytest.raises(SolveError, match=r"9 of 9 right-hand sides ended as UNSTABLE .INV of A"):
        solver.compute(solver.init(spd_matrix(9, 5, 1), 4), np.eye(9))


def test_blocks_have_no_input_conductance_of_their_own():
    """One line with the parameter and the mend."""
    settings = BLOCKS.model_copy(update={})
    solver = InvCircuitSolver(CircuitSettings(**settings.model_dump(), input_conductance="100u"))
    with pytest.raises(ParameterError, match=r"input_conductance: got .* blocks are INV circuits"):
        solver.init(FACTORS.a_factor, 4)


def test_training_by_blocks():
    """A few steps on digits with arrays of 40 rows: every factor is inverted whole."""
    circuit = {"engine": "exact", "wide": "blocks", "simulated_columns": 2, "on_failure": "stop"}
    spec = TrainingSpec(
        solver="inv-circuit", circuit=circuit, optimizer={"name": "kfac", "array_limit": 40}, batch_size=400, epochs=0.5
    )
    result = Training(spec, load_dataset("digits")).run()
    assert result.ledger.inversions and not result.ledger.failures and not result.ledger.blocks
    assert max(entry.size for entry in result.ledger.inversions) > 40
    assert result.ledger.largest_error < 0.02


def test_converters_are_refused_for_wide_factors():
    """Columns that are read at rest have none."""
    with pytest.raises(ParameterError, match="adc_bits"):
        CircuitSettings(engine="exact", wide="blocks", adc_bits=8)
