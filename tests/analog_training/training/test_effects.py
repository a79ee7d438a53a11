"""No setting does nothing without a word: each changes a training, here, or is refused."""

import numpy as np
import pytest

from analog_training import AnalogTraining, make_spec
from analog_training.training.specification import spec_options
from analog_training.training.task import load_task
from tests.analog_training.cells import made_up_cell

BASE = {"hidden": "3", "epochs": 4, "batch_size": 100, "tiles": 3, "rate": 3.0, "transfer_rate": 3.0}
CELL = {"cell": "cell.json", "tiles": 2, "epochs": 1, "batch_size": 400, "pool": 4, "forward": "circuit"}
"""A training through arrays; the name stands for a file."""
FINE = {"states": 100, "rate": 0.3}
"""Trains of several slots."""
ACTING = {
    "pool": (2, {}),
    "hidden": ("4", {}),
    "batch_size": (200, {}),
    "epochs": (5, {}),
    "bias_rate": (0.2, {}),
    "seed": (1, {}),
    "algorithm": ("tiki-taka-2", {"tiles": None}),
    "rate": (1.0, {}),
    "tiles": (4, {"epochs": 8}),
    "gamma": (0.3, {}),
    "transfer_rate": (1.0, {}),
    "transfer_every": (2, {}),
    "schedule": ("simultaneous", {}),
    "first_stage": (0.7, {}),
    "transfers": ("pulse-trains", {}),
    "updates": ("expected", {}),
    "states": (10, {}),
    "upper": (0.5, {}),
    "lower": (-0.5, {}),
    "up_power": (2, {}),
    "down_power": (0, {}),
    "asymmetry": (0.3, {}),
    "step_spread": (0.1, {}),
    "step_law": ("log-normal", {}),
    "bound_spread": (0.1, {}),
    "lower_spread": (0.1, {}),
    "asymmetry_spread": (0.1, {}),
    "cycle_noise": (0.1, {}),
    "reference_spread": (0.2, {}),
    "longest": (1, FINE),
    "management": (False, FINE),
    "forward": ("circuit", CELL | {"forward": None}),
    "opamp": ("single-pole", CELL),
    "wire_resistance": (5, CELL),
    "dac_bits": (3, CELL),
    "adc_bits": (3, CELL),
    "noise": (True, CELL),
    "refresh": (100, CELL | {"wire_resistance": 20, "batch_size": 200}),
    "device": ("reram-hfo2", {}),
    "cell": ("cell.json", {}),
    "response": ("soft-bounds", CELL | {"forward": None}),
}
"""A value of each setting, and the settings with which it acts; None leaves one out."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Function of settings that trains, and returns all weights and biases in a row."""
    path = tmp_path_factory.mktemp("cell") / "cell.json"
    path.write_text(made_up_cell().model_dump_json())
    tasks = {}

    def trained(content):
        named = {name: value for name, value in (BASE | content).items() if value is not None}
        spec = make_spec(named | ({"cell": str(path)} if "cell" in named else {}))
        pool = spec.task.pool
        tasks[pool] = tasks.get(pool) or load_task(spec)
        found = AnalogTraining(spec, tasks[pool]).run()
        return np.concatenate([array.ravel() for array in (*found.weights, *found.biases)])

    return trained


@pytest.mark.parametrize("name", [option.name for option in spec_options() if option.name != "dataset"])
def test_every_setting_changes_a_training(weights, name):
    """With and without it weights or biases at the end differ; a data set of another name is another one."""
    value, others = ACTING[name]
    without = {key: one for key, one in others.items() if key != name}
    one, other = weights(without), weights(others | {name: value})
    assert one.shape != other.shape or not np.array_equal(one, other)
