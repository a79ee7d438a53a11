"""Presets of devices, and what no device can be."""

import numpy as np
import pytest

from amc_circuits.cells.devices import DEVICES, Device, device_preset, programmed
from amc_circuits.cells.draws import Draws
from amc_circuits.cells.mapping import map_matrix
from netlists import ParameterError
from tests.cases import spd_matrix

MATRIX = spd_matrix(16, 10, 3)


@pytest.mark.parametrize("name", DEVICES)
def test_presets_program_matrices(name):
    """Every preset takes a matrix mapped to its range and keeps all conductances within it."""
    device = device_preset(name)
    got = programmed(device, map_matrix(MATRIX, device.g_min, device.g_max), Draws(0))
    arrays = np.stack([got.positive, got.negative])
    assert device.g_min * (1 - 1e-9) <= arrays.min() and arrays.max() <= device.g_max * (1 + 1e-9)
    assert len(np.unique(arrays.round(15))) <= (device.levels or arrays.size)


def test_the_ideal_preset_is_ideal():
    """It has the mapping's default range and changes nothing."""
    wanted = map_matrix(MATRIX)
    assert (programmed(device_preset("ideal"), wanted, Draws(0)).difference == wanted.difference).all()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"levels": 1}, "levels: got 1"),
        ({"levels": 2.5}, "levels: got 2.5"),
        ({"programming_error": -1e-6}, "programming_error: got -1e-06"),
        ({"programming_error": "wan"}, "programming_error: got 'wan'.*wan-2022, milo-2021"),
        ({"programming_error": float("nan")}, "programming_error: got nan"),
        ({"programming_error": None}, "programming_error: got None"),
        ({"stuck_on": 1.1}, "stuck_on: got 1.1"),
        ({"stuck_on": 0.6, "stuck_off": 0.6}, "stuck_off: got 0.6; must not pass 1 with stuck_on, 0.6"),
        ({"g_min": 2e-4}, "g_min: got 0.0002"),
        ({"drift_time": -1.0}, "drift_time: got -1"),
        ({"nonlinearity_voltage": 0.0}, "nonlinearity_voltage: got 0"),
        ({"stuck": 0.1}, "stuck: got 0.1; there is no such parameter"),
    ],
)
def test_impossible_devices_are_refused(fields, words):
    """One line names the parameter, the value and the mend."""
    with pytest.raises(ParameterError, match=words):
        Device(**fields)


def test_an_unknown_preset_is_refused():
    """The message lists what there is."""
    with pytest.raises(ParameterError, match="device: got 'pcm'; must be one of ideal, taox-40nm-8level"):
        device_preset("pcm")


@pytest.mark.parametrize(
    ("limits", "words"), [((0.5e-6, 100e-6), "g_min: got 1e-06"), ((1e-6, 1e-3), "g_max: got 0.0001")]
)
def test_a_mapping_to_another_range_is_refused(limits, words):
    """Nothing is clipped silently where a matrix was mapped to conductances that the device does not have."""
    with pytest.raises(ParameterError, match=f"{words}; the mapping goes"):
        programmed(Device(), map_matrix(MATRIX, *limits), Draws(0))
