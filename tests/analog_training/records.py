"""Public records of analog_training, for the tests of their texts."""

import analog_training
from analog_training import Trains, make_spec, train_analog, update_moments
from analog_training.training.training import AnalogTraining
from optimizer import DataSettings


def analog_records(count):
    """A training of one step, and every record around it."""
    spec = make_spec({"epochs": 1, "batch_size": 1400, "hidden": ",".join(["2"] * min(count, 3))})
    found = train_analog(spec)
    training = AnalogTraining(spec)
    device = analog_training.pulsed_device("few-states")
    inside = [*training.learners, training.task, training.course, spec.task, spec.algorithm]
    return [
        spec,
        found,
        training,
        device,
        Trains(),
        update_moments(device, 0, 0.1),
        *inside,
        DataSettings(train="x.npz"),
    ]
