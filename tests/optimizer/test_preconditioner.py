"""The preconditioned step against a dense Kronecker solve, and the bound of the KL clip."""

import numpy as np
import pytest

from amc_circuits import EnginesDisagreeError, SimulationError
from optimizer.circuit_settings import CircuitSettings
from optimizer.curvature import KroneckerFactors
from optimizer.damping import damped
from optimizer.linear_solver import Cholesky, InvCircuitSolver
from optimizer.preconditioner import Inverter, block_slices, kl_scale, precondition
from optimizer.solve_result import SolveError
from tests.cases import spd_matrix
from tests.comparators import assert_close

FACTORS = KroneckerFactors(3.0 * spd_matrix(6, 30, 0), 0.1 * spd_matrix(4, 20, 1))


def test_preconditioned_gradient_is_the_dense_kronecker_solve():
    """`g^-1 dW a^-1` is the solution of `(g (x) a) vec(x) = vec(dW)` with the damped factors, rows of dW joined."""
    gradient = np.random.default_rng(2).standard_normal((4, 6))
    found = Inverter(Cholesky()).invert(0, "dense", FACTORS, damping=0.1).precondition(gradient)
    both = damped(FACTORS, 0.1)
    wanted = np.linalg.solve(np.kron(both.g_factor, both.a_factor), gradient.ravel()).reshape(4, 6)
    assert_close(found, wanted, relative=1e-9)


def test_overwhelming_damping_gives_the_gradient_over_the_damping():
    """As the damping grows, the step tends to plain gradient descent."""
    gradient = np.random.default_rng(3).standard_normal((4, 6))
    inverse = Inverter(Cholesky()).invert(0, "dense", FACTORS, damping=1e12)
    (found,) = precondition([inverse], (gradient,))
    assert_close(found * 1e12, gradient, relative=1e-4)


def test_each_inversion_is_entered_and_announced():
    """The ledger holds both factors with step, width and condition number; each was announced before."""
    announced = []
    inverter = Inverter(Cholesky(), announce=announced.append)
    inverter.invert(12, "conv1", FACTORS, damping=0.1)
    both = damped(FACTORS, 0.1)
    entries = inverter.ledger.inversions
    assert [(entry.step, entry.factor, entry.size) for entry in entries] == [
        (12, "conv1.a_factor", 6),
        (12, "conv1.g_factor", 4),
    ]
    eigenvalues = np.linalg.eigvalsh(both.g_factor)
    assert entries[1].condition == pytest.approx(eigenvalues[-1] / eigenvalues[0], rel=1e-9)
    assert inverter.ledger.right_hand_sides == 10
    assert [text.split(",")[0] for text in announced] == ["inverting conv1.a_factor", "inverting conv1.g_factor"]


def test_an_inversion_without_answer_names_its_factor():
    """A factor that is not positive definite ends in an error that names stage, factor, width and mend."""
    indefinite = KroneckerFactors(np.diag([1.0, 1.0, -2.0]), np.eye(2))
    with pytest.raises(SolveError, match=r"conv2\.a_factor \(3 wide\) at step 7: .*raise the damping"):
        Inverter(Cholesky()).invert(7, "conv2", indefinite, damping=1e-6)


@pytest.mark.parametrize(("width", "limit", "wanted"), [(785, 128, 7), (128, 128, 1), (129, 128, 2), (5, None, 1)])
def test_blocks_cover_each_place_once_and_are_the_fewest(width, limit, wanted):
    """Runs without gap, as few as the limit allows, whose lengths differ by at most one."""
    parts = block_slices(width, limit)
    lengths = [part.stop - part.start for part in parts]
    assert np.concatenate([np.arange(width)[part] for part in parts]).tolist() == list(range(width))
    assert len(parts) == wanted
    assert max(lengths) - min(lengths) <= 1


def test_blocks_are_inverted_as_if_the_entries_between_them_were_zero():
    """The damping is that of the whole factor; its diagonal blocks are inverted, the rest of the inverse is 0."""
    found = Inverter(Cholesky()).invert(0, "dense", FACTORS, damping=0.1, array_limit=2)
    both = damped(FACTORS, 0.1)
    for inverse, factor in ((found.a_inverse, both.a_factor), (found.g_inverse, both.g_factor)):
        mask = np.kron(np.eye(len(factor) // 2), np.ones((2, 2)))
        assert_close(inverse, np.linalg.inv(factor * mask), relative=1e-9, absolute=1e-14)


def test_a_factor_that_is_block_diagonal_loses_nothing():
    """Its blocks give the inverse of the whole."""
    factors = KroneckerFactors(np.kron(np.diag([1.0, 2.0]), FACTORS.a_factor), FACTORS.g_factor)
    whole, cut = (Inverter(Cholesky()).invert(0, "d", factors, 0.1, array_limit=limit) for limit in (None, 6))
    assert_close(cut.a_inverse, whole.a_inverse, relative=1e-9, absolute=1e-13)


def test_a_failed_block_keeps_its_part_of_the_inverse_before():
    """The other blocks are renewed."""
    inverter = Inverter(Failing(None, None, None, None, SolveError("no")), on_failure="keep")
    first = inverter.invert(0, "dense", FACTORS, damping=0.1, array_limit=3)
    other = KroneckerFactors(2 * FACTORS.a_factor, FACTORS.g_factor)
    second = inverter.invert(5, "dense", other, damping=0.1, before=first, array_limit=3)
    assert (second.a_inverse[:3, :3] == first.a_inverse[:3, :3]).all()
    assert_close(second.a_inverse[3:, 3:], np.linalg.inv(damped(other, 0.1).a_factor[3:, 3:]), relative=1e-9)
    assert [failure.factor for failure in inverter.ledger.failures] == ["dense.a_factor[0:3]"]


class Failing:
    """A linear solver that fails where it is told to."""

    largest, whole = None, False

    def __init__(self, *errors):
        self.errors = list(errors)

    def init(self, matrix, limit=None):
        """Keeps the matrix."""
        return matrix

    def compute(self, state, right_hand_sides):
        """The exact answer, or the next error in turn."""
        if self.errors and (error := self.errors.pop(0)) is not None:
            raise error
        return Cholesky().compute(Cholesky().init(state), right_hand_sides)


def test_a_failed_inversion_keeps_the_inverse_before_it():
    """Factor by factor; it is counted with its reason, and enters neither times nor errors."""
    solver = Failing(None, None, SolveError("no\nuse"), None)
    inverter = Inverter(solver, on_failure="keep")
    first = inverter.invert(0, "dense", FACTORS, damping=0.1)
    other = KroneckerFactors(2 * FACTORS.a_factor, 3 * FACTORS.g_factor)
    second = inverter.invert(5, "dense", other, damping=0.1, before=first)
    assert second.a_inverse is first.a_inverse
    assert_close(second.g_inverse, np.linalg.inv(damped(other, 0.1).g_factor), relative=1e-9)
    (failure,) = inverter.ledger.failures
    assert (failure.step, failure.factor, failure.size) == (5, "dense.a_factor", 6)
    assert failure.condition == pytest.approx(np.linalg.cond(damped(other, 0.1).a_factor))
    assert failure.reason == "inversion of dense.a_factor (6 wide) at step 5: no use"
    assert (len(inverter.ledger.inversions), inverter.ledger.tried) == (3, 4)
    others = [one.condition for one in inverter.ledger.inversions]
    assert inverter.ledger.conditions == {0: max(others[:2]), 5: failure.condition}
    assert inverter.ledger.largest_condition == failure.condition > max(others)
    assert inverter.ledger.median_condition == pytest.approx((max(others[:2]) + failure.condition) / 2)


def test_before_the_first_inverse_the_mean_eigenvalue_stands_for_all():
    """`(tr A/N)^-1 I`: the scale of the damped factor."""
    inverter = Inverter(Failing(SolveError("a"), SolveError("g")), on_failure="keep")
    found, both = inverter.invert(0, "dense", FACTORS, damping=0.1), damped(FACTORS, 0.1)
    for inverse, factor in ((found.a_inverse, both.a_factor), (found.g_inverse, both.g_factor)):
        assert_close(inverse, np.eye(len(factor)) / np.linalg.eigvalsh(factor).mean(), relative=1e-12)


def test_simulator_failures_are_kept_but_not_a_disagreement_of_engines(tmp_path):
    """One failed run costs one refresh; engines that disagree end the training; `stop` ends it with either."""
    failed = SimulationError("too little time", tmp_path)
    assert Inverter(Failing(failed), on_failure="keep").invert(0, "dense", FACTORS, damping=0.1)
    with pytest.raises(EnginesDisagreeError):
        Inverter(Failing(EnginesDisagreeError("differ", tmp_path)), on_failure="keep").invert(
            0, "d", FACTORS, damping=0.1
        )
    for error in (failed, SolveError("unstable")):
        with pytest.raises(type(error)):
            Inverter(Failing(error), on_failure="stop").invert(0, "dense", FACTORS, damping=0.1)


def test_a_factor_that_is_not_finite_is_a_failed_inversion():
    """It has no circuit, no condition number and no mean eigenvalue; the training decides what to do."""
    inverter = Inverter(InvCircuitSolver(CircuitSettings(engine="exact")), on_failure="keep")
    found = inverter.invert(0, "dense", KroneckerFactors(np.full((2, 2), np.nan), np.eye(2)), damping=0.1)
    assert (found.a_inverse == np.eye(2)).all()
    assert [failure.condition for failure in inverter.ledger.failures] == [np.inf]
    assert inverter.ledger.largest_condition == max(one.condition for one in inverter.ledger.inversions)


@pytest.mark.parametrize("kl_clip", [1e-6, 1e-3])
def test_the_clip_bounds_the_predicted_change(kl_clip):
    """A step that would pass the bound is scaled to `learning_rate^2 scale^2 sum(direction gradient) = kl_clip`."""
    gradients = (np.random.default_rng(4).standard_normal((4, 6)),)
    directions = precondition([Inverter(Cholesky()).invert(0, "dense", FACTORS, damping=0.1)], gradients)
    scale = kl_scale(directions, gradients, learning_rate=0.5, kl_clip=kl_clip)
    assert scale < 1
    assert 0.5**2 * scale**2 * np.sum(directions[0] * gradients[0]) == pytest.approx(kl_clip, rel=1e-12)


def test_a_small_step_is_not_scaled():
    """Within the bound, and for a zero gradient, the scale is 1."""
    gradients = (np.full((2, 2), 1e-3),)
    assert kl_scale(gradients, gradients, learning_rate=0.1, kl_clip=0.01) == 1.0
    zero = (np.zeros((2, 2)),)
    assert kl_scale(zero, zero, learning_rate=0.1, kl_clip=0.01) == 1.0
