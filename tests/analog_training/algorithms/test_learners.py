"""Algorithms: limits, conservation, transfers and stages."""

import numpy as np
import pytest

from analog_training.algorithms.contract import Pace
from analog_training.algorithms.make import make_learner, stages_of
from analog_training.algorithms.settings import AlgorithmSettings
from analog_training.algorithms.stages import Course
from analog_training.algorithms.tiles import Transfer
from analog_training.devices.presets import pulsed_device
from analog_training.devices.record import PulsedDevice
from analog_training.updates.trains import Trains

PACE = Pace(0, 1.0)
SHAPE = (3, 4)


def learner_of(device, seed=1, trains=None, **settings):
    """A learner of a small layer."""
    chosen = AlgorithmSettings(**settings)
    return make_learner(chosen, device, trains or Trains(), SHAPE, np.random.default_rng(seed))


def batch(seed=0, samples=5):
    """Signals and errors."""
    generator = np.random.default_rng(seed)
    return generator.uniform(-1, 1, (samples, 4)), generator.uniform(-1, 1, (samples, 3))


def taught(learner, batches=3, stage=0):
    """The learner after some batches."""
    generator = np.random.default_rng(9)
    for number in range(batches):
        learner.learn(*batch(number), Pace(stage, 1.0), generator)
    return learner


@pytest.mark.parametrize("algorithm", ["analog-sgd", "mixed-precision"])
def test_without_cap_spread_and_curvature_it_is_gradient_descent(algorithm):
    """The mean of all updates on devices of equal steps is that of digital weights, to rounding."""
    ideal = pulsed_device("ideal")
    analog = taught(learner_of(ideal, algorithm=algorithm, updates="expected", rate=0.2))
    digital = taught(learner_of(ideal, algorithm="digital", rate=0.2))
    np.testing.assert_allclose(analog.weights, digital.weights, atol=1e-12)
    assert np.abs(digital.weights - learner_of(ideal, algorithm="digital").weights).max() > 0.05


def test_many_states_and_long_trains_approach_gradient_descent():
    """With pulses the distance from digital weights is that of the pulses' noise: it falls as their steps do."""
    digital = taught(learner_of(pulsed_device("ideal"), algorithm="digital", rate=0.2))
    gaps = []
    for states in (1e3, 1e5):
        device = PulsedDevice(states=states, up_power=0, down_power=0)
        settings = {"algorithm": "analog-sgd", "rate": 0.2, "trains": Trains(longest=10_000)}
        gaps.append(np.abs(taught(learner_of(device, **settings)).weights - digital.weights).max())
    assert gaps[1] < gaps[0] / 5 and gaps[0] < 0.1


@pytest.mark.parametrize("tiles", [1, 2, 4])
def test_weights_are_the_sum_of_the_tiles(tiles):
    """W = s sum gamma^n W_n exactly, at the start, where only tile 0 differs from its reference, and later."""
    learner = learner_of(pulsed_device("reram-hfo2"), algorithm="residual", tiles=tiles, gamma=0.3)
    assert all(not learner.tile(n).any() for n in range(1, tiles))
    taught(learner, stage=max(0, tiles - 2))
    total = sum(0.3**n * learner.tile(n) for n in range(tiles))
    np.testing.assert_array_equal(learner.weights, learner.settings.scale * total)


def test_all_algorithms_begin_with_the_same_weights():
    """Devices without spread hold the initial weights exactly."""
    device = PulsedDevice(states=4)
    names = ("digital", "analog-sgd", "tiki-taka-1", "tiki-taka-2", "mixed-precision", "residual")
    weights = [learner_of(device, algorithm=name).weights for name in names]
    for one in weights[1:]:
        np.testing.assert_allclose(one, weights[0], rtol=1e-13)


def test_a_buffered_transfer_loses_nothing():
    """What is read from a tile is in the buffer or in whole pulses of the tile above, to rounding."""
    device = PulsedDevice(states=10, up_power=0, down_power=0)
    learner = learner_of(device, algorithm="tiki-taka-2", rate=1.0, transfer_rate=0.9)
    before, read = learner.tile(0).copy(), np.zeros(SHAPE)
    generator = np.random.default_rng(2)
    for number in range(16):
        learner.learn(*batch(number), PACE, generator)
        read[:, number % 4] += 0.9 * learner.tile(1)[:, number % 4]
    buffer = learner.state["buffers"][0]
    np.testing.assert_allclose(learner.tile(0) - before + buffer, read, atol=1e-12)
    assert learner.work.reads == 16 and learner.work.transfer_pulses > 0


@pytest.mark.parametrize("algorithm", ["tiki-taka-1", "tiki-taka-2", "residual", "mixed-precision"])
def test_expected_updates_have_no_noise(algorithm):
    """Neither do transfers of them: the generator and the noise of a pulse change nothing, and nothing is a pulse."""
    found = []
    for noise, seed in ((0.0, 1), (0.5, 2)):
        device = PulsedDevice(states=4, cycle_noise=noise)
        settings = {"algorithm": algorithm, "updates": "expected", "rate": 2.0}
        learner = learner_of(device, **settings, **({} if algorithm == "mixed-precision" else {"transfer_rate": 1.0}))
        before, generator = learner.weights, np.random.default_rng(seed)
        for number in range(8):
            learner.learn(*batch(number), PACE, generator)
        assert (learner.weights != before).any() and learner.work.transfer_pulses == 0
        found.append(learner.weights)
    np.testing.assert_array_equal(*found)


def test_mixed_precision_loses_nothing():
    """Devices of equal steps and the digital matrix together are digital weights."""
    device = PulsedDevice(states=100, up_power=0, down_power=0, upper=3, lower=-3)
    mixed = taught(learner_of(device, algorithm="mixed-precision", rate=0.5))
    digital = taught(learner_of(device, algorithm="digital", rate=0.5))
    np.testing.assert_allclose(mixed.weights + mixed.scale * mixed.state["gathered"], digital.weights, atol=1e-12)
    assert mixed.work.transfer_pulses > 0


def test_tiki_taka_of_two_is_residual_learning_without_its_second_tile():
    """Same draws, same pulses: the fast tile and the buffer agree, only the sum differs."""
    device = pulsed_device("few-states")
    one = taught(learner_of(device, algorithm="tiki-taka-2", rate=1.0, transfer_rate=0.5))
    other = taught(learner_of(device, algorithm="residual", tiles=2, gamma=0.5, rate=1.0, transfer_rate=0.5))
    for number in range(2):
        np.testing.assert_array_equal(one.tile(number), other.tile(number))
    np.testing.assert_array_equal(one.weights, one.settings.scale * one.tile(0))


def test_stages_train_one_tile_and_rest_those_before():
    """Stage k moves tiles k and k + 1 alone, with a rate of gamma^-k."""
    settings = {"algorithm": "residual", "tiles": 4, "gamma": 0.5, "rate": 0.6, "transfer_rate": 0.3}
    stages = stages_of(AlgorithmSettings(**settings), 4)
    assert [(stage.active, stage.gain, stage.transfers) for stage in stages] == [
        (k + 1, 2.0**k, (Transfer(k, 1),)) for k in range(3)
    ]
    learner = learner_of(pulsed_device("few-states"), **settings)
    before = [learner.tile(number).copy() for number in range(4)]
    taught(learner, batches=40, stage=1)
    moved = [bool((learner.tile(number) != before[number]).any()) for number in range(4)]
    assert moved == [False, True, True, False]


def test_simultaneous_transfers_are_slower_from_tile_to_tile():
    """The next transfer is due once all columns have passed the one before it."""
    (stage,) = stages_of(AlgorithmSettings(tiles=4, schedule="simultaneous", transfer_every=2), 10)
    assert stage.active == 3
    assert stage.transfers == (Transfer(2, 2), Transfer(1, 20), Transfer(0, 200))


def test_every_stage_begins_in_an_epoch_or_is_found_idle():
    """The closed form agrees with a count over the epochs: some stage of these has none."""
    found = []
    for epochs in range(1, 14):
        for stages, first in ((1, 0.5), (2, 0.5), (3, 0.5), (5, 0.5), (3, 0.9), (3, 0.1)):
            course = Course.of(epochs, stages, first)
            used = {course.pace(epoch).stage for epoch in range(epochs)}
            wanted = next((stage for stage in range(stages) if stage not in used), None)
            assert course.idle_stage == wanted
            found.append(wanted)
    assert {None, 1, 2} < set(found)


def test_the_rates_fall_in_the_last_stage():
    """The first stage takes half of the epochs; factors 1, 0.3, 0.1 begin at 0, 50 and 80 % of the last one."""
    course = Course.of(40, 3, 0.5)
    assert course.starts == (0.0, 20.0, 30.0)
    paces = [course.pace(epoch) for epoch in range(40)]
    assert [pace.stage for pace in paces] == [0] * 20 + [1] * 10 + [2] * 10
    assert [pace.factor for pace in paces] == [1.0] * 35 + [0.3] * 3 + [0.1] * 2
    assert [pace.factor for pace in (Course.of(10, 1, 0.5).pace(epoch) for epoch in range(10))] == (
        [1.0] * 5 + [0.3] * 3 + [0.1] * 2
    )
