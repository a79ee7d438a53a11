"""The loop: when it evaluates, when it ends, that it learns, and that circuits do every inversion."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from optimizer.circuit_settings import CircuitSettings
from optimizer.datasets import load_dataset
from optimizer.linear_solver import SOLVERS
from optimizer.settings import AdamSettings, ConvolutionShape, KfacSettings, MomentumSettings
from optimizer.solve_result import SolveError, SolveResult
from optimizer.specification import TrainingSpec
from optimizer.tasks import Autoencoder, Classification, accuracy, guessing_accuracy
from optimizer.training import PRECISIONS, Training, batches

QUICK = TrainingSpec(
    convolutions=(), optimizer=MomentumSettings(learning_rate=0.05), batch_size=100, epochs=2, target_accuracy=0.999
)
SMALL_NETWORK = (ConvolutionShape(channels=2, kernel=3, pool=2), ConvolutionShape(channels=3, kernel=3, pool=2))
IN_CIRCUITS = TrainingSpec(
    convolutions=SMALL_NETWORK,
    optimizer=KfacSettings(first_interval=2, inverse_interval=2),
    solver="inv-circuit",
    batch_size=300,
    epochs=0.75,
    target_accuracy=0.999,
)


@pytest.fixture(scope="module")
def digits():
    """The bundled digits."""
    return load_dataset("digits")


def test_batches_hold_every_image_at_most_once_an_epoch():
    """Three batches of three cover nine of ten images; the next epoch has another order."""
    drawn = batches(10, 3, np.random.default_rng(0))
    first, second = (np.concatenate([next(drawn) for _ in range(3)]) for _ in range(2))
    assert len(set(first.tolist())) == 9
    assert not np.array_equal(first, second)


def test_evaluations_are_eighths_of_an_epoch(digits):
    """14 batches an epoch give 8 evaluations, each at the first step that completes another eighth."""
    history = Training(QUICK, digits).run().history
    wanted = [next(step for step in range(1, 15) if 8 * step >= 14 * part) for part in range(1, 9)]
    assert [entry.step for entry in history] == [*wanted, *(14 + step for step in wanted)]
    assert [entry.epoch for entry in history] == pytest.approx([entry.step / 14 for entry in history])


def test_a_run_ends_at_its_target_or_goes_on(digits):
    """With `stop_at_target` the last evaluation is the first at the target; without, the run is complete."""
    spec = QUICK.model_copy(update={"target_accuracy": 0.7})
    stopped = Training(spec, digits).run()
    whole = Training(spec.model_copy(update={"stop_at_target": False}), digits).run()
    assert stopped.history[-1].accuracy >= 0.7 > stopped.history[-2].accuracy
    assert stopped.epochs_to_target == whole.epochs_to_target == stopped.history[-1].epoch
    assert whole.history[-1].epoch == 2
    assert Training(QUICK, digits).run().epochs_to_target is None


@pytest.mark.parametrize(
    "optimizer", [MomentumSettings(learning_rate=0.05), AdamSettings(learning_rate=0.01), KfacSettings()]
)
def test_every_optimizer_learns_the_digits(digits, optimizer):
    """A small convolutional network knows 9 of 10 digits after ten epochs."""
    shapes = (ConvolutionShape(channels=6, kernel=3, pool=2), ConvolutionShape(channels=8, kernel=3, pool=2))
    spec = TrainingSpec(convolutions=shapes, optimizer=optimizer, batch_size=64, epochs=10, target_accuracy=0.9)
    result = Training(spec, digits).run()
    assert result.epochs_to_target is not None
    share = np.mean(
        Training(spec, digits).model.logits(result.weights, digits.network_input(digits.test_images)).argmax(axis=0)
        == digits.test_labels
    )
    assert share == pytest.approx(result.history[-1].accuracy, abs=0.01)


def test_a_diverging_run_ends_as_such(digits):
    """A learning rate far too high ends the run without a result and without a warning."""
    spec = QUICK.model_copy(update={"optimizer": MomentumSettings(learning_rate=1e38)})
    result = Training(spec, digits).run()
    assert result.diverged
    assert result.epochs_to_target is None


@pytest.mark.parametrize(("rate", "diverged"), [(0.05, False), (10.0, False), (1000.0, True), (1e6, True)])
def test_a_loss_that_ends_above_a_hundred_times_its_start_has_diverged(digits, rate, diverged):
    """Whether or not it is finite; one that was higher on its way and came back has not."""
    training = Training(QUICK.model_copy(update={"optimizer": MomentumSettings(learning_rate=rate)}), digits)
    start = np.log(10)  # of ten classes, weights near 0
    result = training.run()
    assert np.isfinite(result.history[-1].loss)
    assert (result.history[-1].loss > 100 * 1.3 * start) == diverged
    assert result.diverged == result.summary()["diverged"] == diverged


@pytest.mark.parametrize(("rate", "diverged"), [(1.0, False), (30.0, True)])
def test_rectifiers_that_are_dead_do_no_better_than_guessing(digits, rate, diverged):
    """Below 100 times its first loss, a network of convolutions knows nothing; the loss has grown or not."""
    optimizer = MomentumSettings(learning_rate=rate)
    spec = QUICK.model_copy(update={"optimizer": optimizer, "convolutions": SMALL_NETWORK, "batch_size": 64})
    result = Training(spec, digits).run()
    assert np.log(10) < result.history[-1].loss < 100 * np.log(10)
    assert result.history[-1].accuracy < 0.15
    assert result.untrained and result.diverged == diverged
    assert result.summary()["untrained"] and result.fault


def test_weights_that_end_infinite_have_diverged(digits):
    """The loss of the only batch is finite; the step on it overflows."""
    optimizer = MomentumSettings(learning_rate=1e300)
    spec = QUICK.model_copy(update={"optimizer": optimizer, "epochs": 1, "batch_size": 1437, "evaluations": 1})
    result = Training(spec, digits).run()
    assert np.isfinite(result.history[-1].loss) and not np.isfinite(result.weights[0]).all()
    assert result.diverged


def test_guessing_has_a_loss_and_a_score(digits):
    """Of 75 of 100 samples in one class: 3/4, and three times the root of 3/16/100; losses of equal probabilities."""
    labels = np.array(75 * [1] + 25 * [0])
    assert guessing_accuracy(labels) == pytest.approx(0.75 + 3 * np.sqrt(3 / 1600))
    classes, pixels = Classification(digits), Autoencoder(digits)
    assert classes.guesses(2.31, 0.1) and classes.guesses(np.nan, np.nan)
    assert not classes.guesses(2.30, 0.1) and not classes.guesses(2.31, 0.5)
    assert pixels.guesses(44.4, 44.4) and not pixels.guesses(44.3, 50.0) and not pixels.guesses(50.0, 44.3)


def test_the_seed_decides_everything(digits):
    """Two runs with one seed are equal, another seed gives another run."""
    spec = QUICK.model_copy(update={"optimizer": KfacSettings(), "epochs": 0.5})
    runs = [Training(spec.model_copy(update={"seed": seed}), digits).run() for seed in (3, 3, 4)]
    assert np.array_equal(runs[0].weights[0], runs[1].weights[0])
    assert not np.array_equal(runs[0].weights[0], runs[2].weights[0])


def test_accuracy_is_that_of_guessing_for_a_network_without_preference(digits):
    """Weights of zero make every image class 0."""
    training = Training(QUICK, digits)
    zero = tuple(np.zeros(stage.layer.weight_shape) for stage in training.model.stages)
    assert accuracy(training.model, zero, digits) == pytest.approx(np.mean(digits.test_labels == 0), abs=1e-15)


def test_a_batch_larger_than_the_data_is_refused(digits):
    """The error names the field and the limit."""
    with pytest.raises(ParameterError, match=r"batch_size: got 5000; .* 1437"):
        Training(QUICK.model_copy(update={"batch_size": 5000}), digits)


@pytest.fixture(scope="module")
def in_circuits(digits):
    """Three steps with two refreshes, everything inverted in ngspice."""
    return Training(IN_CIRCUITS, digits).run()


class Nulling:
    """A linear solver whose every answer is zero: what it does not answer cannot move a weight."""

    largest, whole = None, False

    def init(self, matrix, limit=None):
        """Keeps the matrix."""
        return matrix

    def compute(self, state, right_hand_sides):
        """Answers zero."""
        return SolveResult(np.zeros_like(right_hand_sides), None, None, 0.0, ("settled",) * len(state))


def test_circuits_do_every_inversion(monkeypatch, digits):
    """Where the solver of `inv-circuit` answers zero no weight moves: no other inverse feeds the steps."""
    monkeypatch.setitem(SOLVERS, "inv-circuit", lambda settings, seed, first_trial: Nulling())
    training = Training(IN_CIRCUITS.model_copy(update={"epochs": 0.25}), digits)
    start = training.model.initial_weights(
        np.random.default_rng([IN_CIRCUITS.seed, 0]), PRECISIONS[IN_CIRCUITS.precision]
    )
    result = training.run()
    assert len(result.ledger.inversions) >= 6
    for before, after in zip(start, result.weights, strict=True):
        assert (before == after).all()


def test_the_ledger_counts_every_inversion(in_circuits):
    """Six factors, refreshed at steps 0 and 2: 12 inversions with as many right-hand sides as the factors are wide."""
    ledger = in_circuits.ledger
    widths = [10, 2, 19, 3, 13, 10]
    assert [entry.size for entry in ledger.inversions] == 2 * widths
    assert [entry.step for entry in ledger.inversions] == 6 * [0] + 6 * [2]
    assert ledger.right_hand_sides == 2 * sum(widths)
    assert ledger.mean_settling_time == pytest.approx(ledger.simulated_seconds / (2 * sum(widths)))
    assert ledger.joules == pytest.approx(sum(entry.joules for entry in ledger.inversions))
    assert 0 < ledger.median_error <= ledger.largest_error < 0.3
    worst = [max(entry.condition for entry in ledger.inversions if entry.step == step) for step in (0, 2)]
    assert ledger.median_condition == pytest.approx(sum(worst) / 2)
    assert ledger.largest_condition == max(worst)


def test_circuit_and_cholesky_train_alike(digits, in_circuits):
    """After three steps the weights are those of Cholesky but for the circuits' error."""
    exact = Training(IN_CIRCUITS.model_copy(update={"solver": "cholesky"}), digits).run()
    start = Training(IN_CIRCUITS, digits).model.initial_weights(np.random.default_rng([0, 0]))
    for got, wanted, initial in zip(in_circuits.weights, exact.weights, start, strict=True):
        assert not np.array_equal(got, wanted)
        assert np.linalg.norm(got - wanted) < 0.1 * np.linalg.norm(wanted - initial)


def test_the_number_of_jobs_changes_nothing(digits, in_circuits):
    """Two simulations at the same time give the same weights and the same ledger, bit for bit."""
    circuit = CircuitSettings(jobs=2)
    other = Training(IN_CIRCUITS.model_copy(update={"circuit": circuit}), digits).run()
    assert all(map(np.array_equal, other.weights, in_circuits.weights))
    assert other.ledger.inversions == in_circuits.ledger.inversions


BAD_CELLS = {"engine": "exact", "stuck_on": 0.3}


def test_failed_inversions_do_not_end_a_training(digits):
    """With three of ten cells stuck most circuits are unstable: counted, and the other inverses are used."""
    spec = IN_CIRCUITS.model_copy(update={"epochs": 1.0, "circuit": CircuitSettings(**BAD_CELLS)})
    training, seen = Training(spec, digits), []
    result = training.run(lambda moment: seen.append(moment.failed))
    ledger, summary = result.ledger, result.summary()["inversions"]
    assert result.history[-1].step == 4
    assert len(ledger.inversions) + len(ledger.failures) == ledger.tried == 12
    assert 0 < len(ledger.failures) < 12
    assert "UNSTABLE" in ledger.failures[0].reason
    assert (summary["count"], summary["failed"]) == (len(ledger.inversions), len(ledger.failures))
    assert summary["first_failure"] == ledger.failures[0].reason
    assert [entry["factor"] for entry in result.curves()["failures"]] == [one.factor for one in ledger.failures]
    assert seen[-1] == len(ledger.failures)
    again = Training(spec, digits).run()
    assert all(map(np.array_equal, result.weights, again.weights))


def test_a_training_may_stop_at_the_first_failure(digits):
    """`on_failure = stop` ends it with an error that names factor and step."""
    circuit = CircuitSettings(on_failure="stop", **BAD_CELLS)
    with pytest.raises(SolveError, match=r"inversion of conv1\.a_factor \(10 wide\) at step 0"):
        Training(IN_CIRCUITS.model_copy(update={"circuit": circuit}), digits).run()


def test_chance_in_the_cells_is_that_of_the_seed(digits):
    """With real cells a run is the same again, with two simulations at the same time too."""
    real = {"programming_error": 0.5e-6, "offset_spread": 1e-4, "adc_bits": 8}
    short = IN_CIRCUITS.model_copy(update={"epochs": 0.25, "seed": 3})
    one, two = (
        Training(short.model_copy(update={"circuit": CircuitSettings(jobs=jobs, **real)}), digits) for jobs in (1, 2)
    )
    assert one.optimizer.inverter.solver.seed == 3
    first, second = one.run(), two.run()
    assert all(map(np.array_equal, first.weights, second.weights))
    assert first.ledger.inversions == second.ledger.inversions
