"""Devices of a calibrated cell against its fits and its steps, and files of cells."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from analog_training import make_spec
from analog_training.devices.calibrated import device_of, read_cell
from analog_training.devices.cells import Cells
from tests.analog_training.cells import POWER, SOFT, made_up_cell

HALF = (POWER.top - POWER.bottom) / 2
NO_NOISE = np.random.default_rng(0)


@pytest.fixture(scope="module")
def cell():
    """A calibrated cell."""
    return made_up_cell()


@pytest.mark.parametrize(("response", "fit"), [("power-law", POWER), ("soft-bounds", SOFT), ("table", POWER)])
def test_pulses_of_the_device_are_those_of_the_cell(cell, response, fit):
    """Twelve pulses either way, in siemens, are the train of the fit; a table's within 0.5 % of the range."""
    device = device_of(cell, response)
    point = cell.symmetric_point if response == "table" else fit.symmetric_point
    for sign, kind, start in ((1, "set", 5e-6), (-1, "reset", 80e-6)):
        cells = Cells.draw(device, 1, NO_NOISE)
        assert abs(cells.reference[0]) < 2e-3  # the symmetric point is weight 0
        cells.weight = np.array([(start - point) / HALF])
        found = [start]
        for _ in range(12):
            cells.pulse_all(np.array([[sign]]), NO_NOISE)
            found.append(float(point + HALF * cells.weight[0]))
        allowed = 0.005 * 2 * HALF if response == "table" else 1e-9 * HALF
        np.testing.assert_allclose(found, fit.train(kind, start, 12), atol=allowed)
    assert device.states == pytest.approx(fit.states, rel=0.02 if response == "table" else 1e-9)


def test_a_table_has_the_bounds_of_its_cell():
    """With other bounds a table is stretched: halfway from bound to bound a cell makes the step of halfway."""
    device = device_of(made_up_cell(), "table").replace(bound_spread=0.2)
    cells = Cells.draw(device, 20, NO_NOISE)
    middle = (cells.bounds[0] + cells.bounds[1]) / 2
    steps = cells.response(middle, np.ones(20, np.int64), np.arange(20))
    np.testing.assert_allclose(steps, cells.steps[0] * device.up_table[32], rtol=1e-12)


def test_a_cell_in_a_file_makes_a_specification(cell, tmp_path):
    """Its response is that of the devices, spreads are added, and what it gives cannot be given, too."""
    path = tmp_path / "cell.json"
    path.write_text(cell.model_dump_json())
    assert read_cell(path) == cell
    spec = make_spec({"cell": str(path), "step_spread": 0.3})
    assert spec.device == device_of(cell).replace(step_spread=0.3)
    assert make_spec(spec.content) == make_spec(make_spec(spec.content).content)
    for name, value in (("states", 4), ("device", "reram-hfo2"), ("up_power", 1.0)):
        with pytest.raises(ParameterError, match="beside cell"):
            make_spec({"cell": str(path), name: value})
    with pytest.raises(ParameterError, match="add cell"):
        make_spec({"response": "table"})
    with pytest.raises(ParameterError, match="powers 0 or 1"):
        make_spec({"cell": str(path), "response": "table", "updates": "expected"})


def test_other_files_are_refused(tmp_path):
    """A missing file, one that is no JSON, and one that is no cell, by one line each."""
    path = tmp_path / "cell.json"
    for text, words in (
        (None, "cannot be read"),
        ("{", "no JSON"),
        ("{}", "no calibrated cell"),
        ("[]", "no calibrated"),
    ):
        if text is not None:
            path.write_text(text)
        with pytest.raises(ParameterError, match=words) as caught:
            make_spec({"cell": str(path)})
        assert caught.value.parameter == "cell" and "\n" not in str(caught.value)
