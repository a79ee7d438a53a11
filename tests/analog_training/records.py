"""Public records of analog_training, for the tests of their texts."""

import numpy as np

import analog_training
from amc_circuits import ComponentAreas
from amc_circuits.cells.mapping import map_matrix
from analog_training import PulsedDevice, Trains, make_spec, train_analog, update_moments
from analog_training.training.costs import cost_of
from analog_training.training.training import AnalogTraining
from optimizer import DataSettings
from tests.analog_training.cells import made_up_cell


def analog_records(count):
    """A training of one step, and every record around it."""
    spec = make_spec({"epochs": 1, "tiles": 2, "batch_size": 1400, "hidden": ",".join(["2"] * min(count, 3))})
    found = train_analog(spec)
    training = AnalogTraining(spec)
    device = analog_training.pulsed_device("few-states")
    cell = made_up_cell(count)
    train, fit = cell.up, cell.power_law
    inside = [
        ComponentAreas(),
        found.hardware,
        cost_of(spec.algorithm, cell, found.shapes, found.work, 1, 2),
        cell,
        train,
        fit,
        cell.settings,
        *training.learners,
        training.task,
        training.course,
        spec.task,
        spec.forward,
        *training.learners[0].tiles,
        map_matrix(np.eye(count)),
        spec.algorithm,
    ]
    return [
        spec,
        found,
        training,
        device,
        Trains(),
        update_moments(PulsedDevice(), 0, 0.1),
        *inside,
        DataSettings(train="x.npz"),
    ]
