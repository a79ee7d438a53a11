"""`amc stability`: what it prints, draws and refuses, and its exit codes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from amc_circuits.linear.margins import largest_gbwp, largest_resistance, lowest_second_pole
from amc_circuits.linear.stability import Stability
from amc_circuits.pictures.poles import draw_poles
from amc_circuits.solvers.inv import InvCircuit
from netlists.circuits.inv import INVERTERS
from tests.cases import spd_matrix
from tests.command_line import SMALL

RINGING = np.array([[1.0, -0.95], [-0.95, 1.0]])
UNSTABLE = np.array([[0.2, -1.0], [1.0, 0.2]])
"""Good eigenvalues, but real inverters make it grow."""
DOCUMENTED = [
    "circuit", "size", "seed", "trial", "stable", "cause", "slowest_pole_per_s", "least_damped_pole_per_s",
    "slowest_pole_hz", "least_damped_pole_hz", "damping_ratio", "tolerance", "predicted_settling_time_s",
    "lowest_second_pole_hz", "largest_gbwp_hz", "largest_inverter_resistance_ohm", "notes", "poles_per_s", "poles_hz",
]  # fmt: skip


@pytest.fixture
def matrix_file(tmp_path):
    """Saves a matrix and returns its path."""

    def save(matrix):
        np.save(tmp_path / "A.npy", matrix)
        return tmp_path / "A.npy"

    return save


def pairs(poles):
    """Poles as JSON has them."""
    return [[pole.real, pole.imag] for pole in poles]


def test_json_is_what_python_finds(amc, matrix_file):
    """One object with the documented keys; every figure is the one of `Stability` and of the limits, unrounded."""
    matrix = spd_matrix(8, 10, 3)
    outcome = amc("stability", matrix_file(matrix), "--format", "json", "--tolerance", "0.1")
    assert (outcome.code, outcome.err) == (0, "")
    printed = outcome.json
    assert list(printed) == DOCUMENTED
    circuit = InvCircuit.program(matrix)
    found, design = circuit.stability, circuit.design
    assert printed["poles_per_s"] == pairs(found.poles)
    assert [printed["slowest_pole_per_s"], printed["least_damped_pole_per_s"]] == pairs(
        [found.slowest, found.least_damped]
    )
    per_turn = np.array(printed["poles_per_s"]) / (2 * np.pi)
    np.testing.assert_allclose(printed["poles_hz"], per_turn, rtol=1e-15)
    np.testing.assert_array_equal(printed["slowest_pole_hz"], printed["poles_hz"][0])
    np.testing.assert_allclose(
        printed["least_damped_pole_hz"], np.array(printed["least_damped_pole_per_s"]) / (2 * np.pi), rtol=1e-15
    )
    assert printed["damping_ratio"] == found.damping_ratio
    assert printed["predicted_settling_time_s"] == found.settling_time(0.1)
    assert printed["lowest_second_pole_hz"] == lowest_second_pole(design.circuit).value
    assert printed["largest_gbwp_hz"] == largest_gbwp(design.circuit).value
    assert printed["largest_inverter_resistance_ohm"] == largest_resistance(design.circuit, INVERTERS).value
    assert (printed["size"], printed["seed"], printed["stable"], printed["cause"]) == (8, 0, True, "")
    assert printed["notes"] == {}


def test_json_of_an_unstable_circuit_has_null_and_says_why(amc, matrix_file):
    """No number where there is none, a note for each of them, and the cause; exit code 3 with the cause on stderr."""
    outcome = amc("stability", matrix_file(UNSTABLE), "--opamp", "single-pole", "--format", "json")
    assert outcome.code == 3
    assert outcome.err.startswith("amc: UNSTABLE: pole at 17.87M") and outcome.err.count("\n") == 1
    printed = outcome.json
    assert printed["slowest_pole_per_s"][0] == pytest.approx(1.8e7, rel=0.02)
    assert printed["damping_ratio"] < 0
    assert printed["cause"] in outcome.err
    for name, unit in (("lowest_second_pole", "hz"), ("largest_gbwp", "hz"), ("largest_inverter_resistance", "ohm")):
        assert printed[f"{name}_{unit}"] is None
        assert printed["notes"][name].startswith("none")
    assert printed["predicted_settling_time_s"] is None


def test_table_of_a_drawn_matrix(amc):
    """The same matrix as `amc inv` draws, its figures with units, what the circuit has beside the limits."""
    outcome = amc("stability", "--size", 4, "--seed", 3, "--second-pole", "1G", "--inverter-resistance", "2k")
    assert (outcome.code, outcome.err) == (0, "")
    assert "INV 4 x 4, cmos-100meg: stable" in outcome.out
    rows = {cells[1].strip(): [cell.strip() for cell in cells[2:-1]] for cells in _cells(outcome.out)}
    assert rows["lowest second pole"][0].endswith("Hz") and rows["lowest second pole"][1] == "1 GHz"
    assert rows["largest GBWP"][1] == "100 MHz"
    assert rows["largest inverter resistance"][1] == "2 kohm"
    assert rows["poles"][0] == "24"
    predicted = amc("inv", "--size", 4, "--seed", 3, "--second-pole", "1G", "--inverter-resistance", "2k").out
    assert rows["predicted settling time"][0].removesuffix(" to 1 %") in predicted


def _cells(table):
    """Lines of a table that have cells."""
    return [line.split("│") for line in table.splitlines() if line.count("│") == 4]


def test_table_of_an_unstable_circuit(amc, matrix_file):
    """It is printed all the same, with the reason in the place of the numbers."""
    outcome = amc("stability", matrix_file(UNSTABLE), "--opamp", "single-pole")
    assert outcome.code == 3
    assert "INV 2 x 2, single-pole: UNSTABLE" in outcome.out
    assert "fastest growing pole" in outcome.out
    assert "none: a pole grows even without a second pole" in outcome.out


def test_options_of_the_circuit_take_part(amc, matrix_file):
    """A second pole below the limit makes a stable circuit grow; the limit stays where it was."""
    path = matrix_file(RINGING)
    common = ("stability", path, "--output-resistance", "1m", "--input-capacitance", "0", "--format", "json")
    good, bad = (amc(*common, "--second-pole", frequency) for frequency in ("40M", "30M"))
    assert (good.code, bad.code) == (0, 3)
    assert good.json["lowest_second_pole_hz"] == pytest.approx(36.4e6, rel=2e-3)
    assert bad.json["lowest_second_pole_hz"] == pytest.approx(good.json["lowest_second_pole_hz"])
    assert "--second-pole" in bad.err


def test_no_simulator_is_needed(amc, tmp_path, monkeypatch):
    """Poles come from equations: nothing is simulated."""
    monkeypatch.setenv("AMC_NGSPICE", str(tmp_path / "none"))
    assert amc("stability", *SMALL).code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("--size", "a file of A")),
        (("none.npy",), ("A: got", "none.npy", "cannot be read")),
        (("A.npy", "--size", 3), ("--size: got 3", "beside a file of A")),
        (("A.npy", "--family", "spd"), ("--family: got spd", "beside a file of A")),
        (("A.npy", "b.npy"), ("b.npy",)),
        (("--size", 2, "--format", "csv"), ("--format", "table, json")),
        (("--size", 2, "--tolerance", "2"), ("--tolerance", "fraction from 0 to 1")),
        (("--size", 2, "--gbwp", "-1"), ("--gbwp", "greater than 0")),
        (("--size", 2, "--plot", "p.txt"), ("--plot", ".png")),
        (("--size", 2, "--plot", "none/p.png"), ("--plot", "does not exist")),
        (("--size", 2, "--engine", "ngspice"), ("--engine",)),
        ((*SMALL, "--second-pole", "1M"), ("--second-pole", "single-pole", "take another")),
    ],
)
def test_bad_input_is_refused(amc, matrix_file, monkeypatch, tmp_path, arguments, words):
    """Exit code 2, one line that names the option, nothing printed."""
    matrix_file(RINGING)
    monkeypatch.chdir(tmp_path)
    amc("stability", *arguments).refused(*words)


def test_a_matrix_that_is_not_square_is_refused(amc, matrix_file):
    """As `amc inv` does."""
    amc("stability", matrix_file(np.ones((2, 3)))).refused("A: got shape (2, 3)", "must be square")


def test_a_picture_is_written(amc, matrix_file, tmp_path):
    """--plot writes one of an unstable circuit, too."""
    picture = tmp_path / "poles.png"
    assert amc("stability", matrix_file(UNSTABLE), "--opamp", "single-pole", "--plot", picture).code == 3
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def axes():
    """Empty axes, closed at the end."""
    figure, empty = plt.subplots()
    yield empty
    plt.close(figure)


@pytest.mark.parametrize(
    ("poles", "labels"),
    [
        (
            [-1e6, -2e8 + 1e9j, -2e8 - 1e9j],
            [
                "3 poles",
                "slowest: -1M 1/s (-159.2k Hz)",
                "least damped: -200M+1Gj 1/s (-31.83M+159.2Mj Hz), damping ratio 0.196",
            ],
        ),
        (
            [1e7 - 1e8j, 1e7 + 1e8j, -1e6],
            [
                "3 poles",
                "fastest growing and least damped: 10M+100Mj 1/s (1.592M+15.92Mj Hz), damping ratio -0.0995",
            ],
        ),
        (
            [3e7, 1e7 - 1e8j, 1e7 + 1e8j],
            ["3 poles", "fastest growing and least damped: 30M 1/s (4.775M Hz), damping ratio -1"],
        ),
        ([-1e6, -1e12], ["2 poles", "slowest and least damped: -1M 1/s (-159.2k Hz), damping ratio 1"]),
        ([-3.0], ["1 pole", "slowest and least damped: -3 1/s (-477.5m Hz), damping ratio 1"]),
    ],
)
def test_picture_shows_every_pole_and_names_two(axes, poles, labels):
    """All poles are within the axes, the imaginary axis too; the legend names the slowest and the least damped."""
    draw_poles(axes, Stability(np.array(poles, dtype=complex)))
    assert axes.get_legend_handles_labels()[1] == labels
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    assert all(left < np.real(pole) < right and bottom < np.imag(pole) < top for pole in poles)
    assert left < 0 < right
    drawn = next(line for line in axes.lines if line.get_label() == labels[0])
    assert drawn.get_xydata().tolist() == pairs(np.array(poles, dtype=complex))


def test_scales_in_hertz_are_those_per_second_over_two_pi(axes):
    """Each place on the scales at the top and at the right has 1/(2 pi) times the value of the place opposite."""
    draw_poles(axes, Stability(np.array([2.7e7 + 7e8j, 2.7e7 - 7e8j, -2e6, -3e8], dtype=complex)))
    (top,), (right,) = (
        [other for other in axes.figure.axes if getattr(other, f"get_{name}label")().endswith("Hz")] for name in "xy"
    )
    for value in (-1e9, -1e5, 0.0, 3e6, 2e8):
        place, hertz = axes.transData.transform((value, value)), value / (2 * np.pi)
        assert top.transData.transform((hertz, 0))[0] == pytest.approx(place[0], abs=1e-6)
        assert right.transData.transform((0, hertz))[1] == pytest.approx(place[1], abs=1e-6)


def test_ticks_of_the_picture_stand_apart(axes):
    """None lies on the linear part of an axis but zero, where they would be one over the other."""
    draw_poles(axes, Stability(np.array([2.7e7 + 7e8j, 2.7e7 - 7e8j, -2e6, -3e8], dtype=complex)))
    for ticks in (axes.get_xticks(), axes.get_yticks()):
        assert np.abs(ticks)[ticks != 0].min() == 1e6
        assert 0 in ticks
    assert not [*axes.get_xticks(minor=True), *axes.get_yticks(minor=True)]


def test_help_is_printed(amc):
    """The help names what the command takes, and nothing that only a simulation needs."""
    text = amc("stability", "--help-all").out
    assert "--tolerance" in text and "--second-pole" in text and "--plot" in text
    assert "--engine" not in text and "--jobs" not in text and "--rise-time" not in text
