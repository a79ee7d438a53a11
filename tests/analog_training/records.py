"""Public records of analog_training, for the tests of their texts."""

import analog_training
from amc_circuits import CalibratedCell
from amc_circuits.programming.calibration import FittedResponse, PulseSettings, Train
from analog_training import Trains, make_spec, train_analog, update_moments
from analog_training.training.training import AnalogTraining
from netlists.rram.one_transistor_cell import OneTransistorCell
from optimizer import DataSettings


def analog_records(count):
    """A training of one step, and every record around it."""
    spec = make_spec({"epochs": 1, "batch_size": 1400, "hidden": ",".join(["2"] * min(count, 3))})
    found = train_analog(spec)
    training = AnalogTraining(spec)
    device = analog_training.pulsed_device("few-states")
    train = Train(kind="set", conductance=(5e-6,) * (count + 1), energy=(1e-12,) * count)
    fit = FittedResponse(top=9e-5, bottom=1e-6, up_scale=2e-5, up_power=1, down_scale=1e-5, down_power=1)
    steps = {"up_steps": (1e-6,) * count, "down_steps": (-1e-6,) * count}
    cell = CalibratedCell(
        cell=OneTransistorCell(), settings=PulseSettings(), source="table", up=train, down=train, soft_bounds=fit,
        power_law=fit, **steps,
    )  # fmt: skip
    inside = [
        cell,
        train,
        fit,
        cell.settings,
        *training.learners,
        training.task,
        training.course,
        spec.task,
        spec.algorithm,
    ]
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
