"""Calibration of cells: fits against closed forms, trains in ngspice against single pulses and against fits."""

import json

import numpy as np
import pytest

from amc_circuits.cli.app import run
from amc_circuits.programming.calibration import (
    CalibratedCell,
    FittedResponse,
    PulseSettings,
    Train,
    calibrate_cell,
    fit_responses,
    measured_train,
)
from amc_circuits.programming.pulse_model import CircuitPulses, calibrate
from netlists import ParameterError
from netlists.rram.one_transistor_cell import OneTransistorCell

SHORT = OneTransistorCell(pulse_width=5e-9)
SOFT = FittedResponse(top=90e-6, bottom=1e-6, up_scale=20e-6, up_power=1, down_scale=10e-6, down_power=1)


@pytest.fixture(scope="module")
def found():
    """A cell of some ten states, from ngspice."""
    return calibrate_cell(SHORT, PulseSettings())


def test_trains_of_soft_bounds_are_geometric():
    """A pulse multiplies the distance to the bound; the symmetric point is the root of a linear equation."""
    up, down = SOFT.train("set", 5e-6, 9), SOFT.train("reset", 80e-6, 9)
    powers = np.arange(10)
    np.testing.assert_allclose(up, 90e-6 - 85e-6 * (1 - 20 / 90) ** powers, rtol=1e-12)
    np.testing.assert_allclose(down, 1e-6 + 79e-6 * (1 - 10 / 89) ** powers, rtol=1e-12)
    point = (20e-6 + 10e-6 / 89) / (20 / 90 + 10 / 89)
    assert SOFT.symmetric_point == pytest.approx(point, rel=1e-12)
    assert SOFT.states == pytest.approx(89e-6 / (20e-6 * (1 - point / 90e-6)), rel=1e-12)


def test_a_train_of_a_power_law_is_fitted_by_its_powers():
    """Trains without noise give back the response that made them, which deviates nowhere."""
    made = SOFT.replace(up_power=1.7, down_power=0.6, up_scale=35e-6)
    trains = [
        Train(kind=kind, conductance=tuple(made.train(kind, start, 20)), energy=(1e-12,) * 20)
        for kind, start in (("set", 5e-6), ("reset", 85e-6))
    ]
    soft, power = fit_responses(*trains, made.top, made.bottom)
    for name, value in made.model_dump().items():
        assert getattr(power, name) == pytest.approx(value, rel=1e-4), name
    for train in trains:
        assert power.deviation(train) < 1e-5 < 0.02 < soft.deviation(train)
        assert power.misfit(train) < 1e-4


def test_a_cell_of_ten_states(found):
    """Pulses of 5 ns give 9 to 12 states; the power law reproduces both trains within 5 % of the range."""
    assert 9 < found.states < 12
    for train in (found.up, found.down):
        assert found.power_law.deviation(train) < 0.05
        assert found.power_law.misfit(train) < found.soft_bounds.misfit(train) < 0.15
    assert found.up.steps.min() > 0 > found.down.steps.max()


def test_single_pulses_are_those_of_the_trains(found):
    """Steps over the grid, interpolated at the conductances of a train, are its steps within 2 % of the largest."""
    for train, steps in ((found.up, found.up_steps), (found.down, found.down_steps)):
        between = np.interp(train.conductance[:-1], found.grid, steps)
        assert np.abs(between - train.steps).max() < 0.02 * np.abs(train.steps).max()
    assert np.interp(found.symmetric_point, found.grid, found.down_steps) == pytest.approx(-found.step, rel=1e-6)


def test_the_pulse_table_gives_the_same_train():
    """A train by the table of write-verify is that of ngspice within 2 % of its range."""
    settings = (5e-6, 0.8, 12)
    table = measured_train(calibrate(SHORT, 0.8), "set", *settings)
    circuit = measured_train(CircuitPulses(SHORT), "set", *settings)
    reach = circuit.conductance[-1] - circuit.conductance[0]
    assert np.abs(np.array(table.conductance) - circuit.conductance).max() < 0.02 * reach
    np.testing.assert_allclose(table.energy, circuit.energy, rtol=0.05)


@pytest.mark.parametrize(
    ("settings", "name"),
    [({"gate": 0.45}, "gate"), ({"source_line": 0.5}, "source_line"), ({"low": 1e-9}, "low"), ({"high": 5e-3}, "high")],
)
def test_pulses_that_calibrate_nothing_are_refused(settings, name):
    """The error names the setting."""
    with pytest.raises(ParameterError) as caught:
        calibrate_cell(SHORT, PulseSettings(**{"pulses": 4} | settings))
    assert caught.value.parameter == name


def test_settings_are_checked():
    """Up pulses start below down pulses."""
    with pytest.raises(ParameterError, match="must be below high"):
        PulseSettings(low=95e-6)


def test_the_command_prints_and_saves(found, tmp_path, capsys):
    """JSON has the metrics of the calibration, the file the whole of it, and the picture is drawn."""
    save, plot = tmp_path / "cell.json", tmp_path / "cell.png"
    words = ["device", "calibrate", "--width", "5n", "--gate", "1.0", "--source-line", "1.18"]
    assert run([*words, "--save", str(save), "--plot", str(plot), "--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["states"] == pytest.approx(found.states, rel=1e-9)
    assert CalibratedCell.model_validate_json(save.read_text()) == found
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert run(["device", "calibrate", "--width", "5n", "--low", "1"]) == 2
    assert capsys.readouterr().err.startswith("amc: --low: got ")


def test_a_width_that_is_refused_is_named_as_the_option(capsys):
    """The command's own name of the width stands in the message."""
    assert run(["device", "calibrate", "--width", "-1n"]) == 2
    assert capsys.readouterr().err.startswith("amc: --width: got ")
