"""The benchmark of second order in circuits: its settings have an effect, epochs and losses are marked as bounds."""

import pytest

from benchmarks.second_order_circuits import CHOLESKY, QUICK, REFINED, TASKS, loss, mean_of
from benchmarks.training_runs import Run

CNN, AUTOENCODER = TASKS


def run(*curve):
    """A training with these epochs and scores."""
    return Run(curve[-1][0], True, 1.0, 0, 0, None, None, 0.0, 0, curve)


@pytest.mark.parametrize("task", [*TASKS, *QUICK])
def test_every_training_is_one_that_the_specification_takes(task):
    """No setting is unknown or without effect; circuits invert in all ways but Cholesky's."""
    for damping in task.values:
        for way in task.ways:
            spec = task.method(way, damping).spec(0)
            assert (spec.solver == "cholesky") == (way == CHOLESKY)
            assert getattr(spec.optimizer, task.varied) == damping
    assert task.method(REFINED, task.values[0]).spec(0).circuit.bits == 8


def test_epochs_are_those_of_the_first_score_at_the_target():
    """From below for an accuracy, from above for nats; a miss has the epochs of the whole run."""
    assert CNN.epochs(run((0.5, 0.83), (1.0, 0.86), (1.5, 0.85)), 0.86) == (1.0, True)
    assert CNN.epochs(run((0.5, 0.83), (1.0, 0.86)), 0.87) == (1.0, False)
    assert AUTOENCODER.epochs(run((0.5, 21.0), (1.0, 20.0), (1.5, 19.0)), 20.0) == (1.0, True)


def test_losses_are_paired_by_seed_and_misses_are_bounds():
    """Two seeds that lose a half and a quarter: mean 0.375, 12.706 standard errors of an eighth; a miss is marked."""
    digital = [run((1.0, 0.9)), run((2.0, 0.9))]
    circuits = [run((1.0, 0.5), (1.5, 0.9)), run((2.25, 0.9))]
    assert mean_of(CNN, digital, 0.88) == "1.50 +- 6.35"
    assert loss(CNN, circuits, digital, 0.88) == "+0.38 +- 1.59 (+25%)"
    missed = [circuits[0], run((4.0, 0.5))]
    assert mean_of(CNN, missed, 0.88).startswith("> 2.75")
    assert loss(CNN, missed, digital, 0.88).startswith("> +1.25")
    assert loss(CNN, circuits, [digital[0], run((2.0, 0.5))], 0.88) == "open"
