"""Output, pictures and errors of `amc opamp`."""

import json
from dataclasses import asdict
from importlib.resources import files

import matplotlib.pyplot as plt
import numpy as np
import pytest

from amc_circuits.cases.opamp_files import opamp_of
from amc_circuits.cases.options import parse_options
from amc_circuits.cli.commands import opamp
from amc_circuits.opamps.bench import characterize, frequency_response
from amc_circuits.pictures.bode import draw_bode
from netlists import PRESETS, MacroOpAmp, ParameterError, preset
from netlists.opamps.bench import OpAmpBench

RECORD = preset("cmos-100meg")
TRANSISTORS = "cmos-100meg-transistor"
MODEL = files("netlists") / "opamps" / "cmos_100meg.lib"


def test_json_of_characterize_is_what_python_finds(capsys):
    """One object: the name, the model, every figure unrounded, the gain in dB too."""
    opamp.characterize("cmos-100meg", format="json", **{"load": "1k", "temperature": "350"})
    printed = json.loads(capsys.readouterr().out)
    found = characterize(RECORD, load=1e3, temperature=350.0)
    assert printed == {"opamp": "cmos-100meg", "model": "macro", **asdict(found), "gain_db": found.gain_db}


def test_json_has_null_where_the_model_has_nothing(capsys):
    """A model without limits prints no number for them."""
    opamp.characterize("single-pole", format="json")
    printed = json.loads(capsys.readouterr().out)
    assert printed["slew_rate_rising"] is None and printed["gbwp"] == pytest.approx(100e6, rel=1e-3)


def test_table_has_units(capsys):
    """Figures for people, each with its unit; what the model does not have is a dash."""
    opamp.characterize("cmos-100meg", format="table")
    rows = dict(_rows(capsys.readouterr().out))
    assert rows["load resistance"] == "10 kohm"
    assert rows["output resistance"] == "100 ohm"
    assert rows["quiescent current"] == "1.3 mA"
    assert rows["open-loop gain"].endswith("(97.9 dB)")
    assert rows["input noise"] == "-"


def _rows(table):
    """Name and value of every line of a table of two columns."""
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split("│")]
        if len(cells) == 4:
            yield cells[1], cells[2]


def test_fit_prints_the_macro_model_and_how_to_type_it(capsys):
    """The JSON is the record; the last line of the table, typed, gives it back."""
    opamp.fit(TRANSISTORS, format="json")
    fitted = MacroOpAmp(**json.loads(capsys.readouterr().out))
    assert fitted.slew_rate == pytest.approx(preset(TRANSISTORS).macro.slew_rate, rel=0.01)
    opamp.fit(TRANSISTORS, format="table")
    line = capsys.readouterr().out.splitlines()[-1]
    _same(_typed(line), fitted)


@pytest.mark.parametrize(
    "record",
    [
        preset("ad823").replace(input_capacitance=0.0, second_pole=33e6, output_swing=4.99987, supply_voltage=5.0),
        preset("opa690").replace(input_offset=-1.2345678e-3, input_noise=5.5e-9, class_ab_current=0.1e-3),
        preset("cmos-1g").replace(cmrr=2.5e3, common_mode_range=0.7),
        preset("cmos-100meg"),
    ],
)
def test_a_line_to_type_gives_the_record_back(record):
    """Every field, zeros too, whether it is the default op-amp's or not."""
    _same(_typed(opamp.command_line(record)), record)


def test_the_line_of_a_fit_can_be_typed(amc):
    """The command itself takes it, a negative offset too."""
    record = preset("cmos-1g").replace(input_offset=-1e-3, second_pole=3e9)
    words = opamp.command_line(record).split()
    assert words[:2] == ["amc", "inv"]
    assert amc(*words[1:], "--size", "2", "--format", "json").code == 0


def _typed(line):
    """The op-amp that `amc inv` makes of a line."""
    words = line.split()
    assert words[:4] == ["amc", "inv", "--opamp", "cmos-100meg"]
    noise = words[-1] == "--noise"
    words = words[2:-1] if noise else words[2:]
    pairs = zip(words[::2], words[1::2], strict=True)
    options = {flag[2:].replace("-", "_"): value for flag, value in pairs}
    return opamp_of(parse_options("inv", {**options, "noise": noise}))


def _same(found, wanted):
    """Asserts equal fields in the four digits that are printed."""
    assert type(found) is type(wanted)
    for name, value in wanted.model_dump().items():
        assert getattr(found, name) == (
            value if value is None or name == "model" else pytest.approx(value, rel=5e-4)
        ), name


def test_list_names_every_preset(capsys):
    """One line or one object a preset."""
    opamp.list_opamps("table")
    table = capsys.readouterr().out
    opamp.list_opamps("json")
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == list(PRESETS)
    assert all(f" {name} " in table for name in PRESETS)
    assert printed["ad823"]["gbwp"] == 16e6 and printed["ad823"]["model"] == "macro"


@pytest.mark.parametrize(
    ("options", "form", "name"),
    [
        ({"load": "0"}, "table", "load"),
        ({"load": "-1k"}, "table", "load"),
        ({"load": "1 F"}, "table", "load"),
        ({"load_capacitance": "-1p"}, "table", "load_capacitance"),
        ({"load_capacitance": "1"}, "table", "load_capacitance"),
        ({"supply_voltage": "3"}, "table", "supply_voltage"),
        ({"opamp_pins": "inp,inn,out,vdd,vss"}, "table", "opamp_pins"),
        ({"opamp_subckt": "x"}, "table", "opamp_subckt"),
        ({"temperature": "0"}, "table", "temperature"),
        ({"temperature": "warm"}, "table", "temperature"),
        ({}, "csv", "format"),
    ],
)
@pytest.mark.parametrize("command", ["characterize", "fit"])
def test_bad_input_is_refused(capsys, command, options, form, name):
    """The error names the option, and nothing is printed."""
    with pytest.raises(ParameterError) as caught:
        getattr(opamp, command)("cmos-100meg", format=form, **options)
    assert caught.value.parameter == name
    assert capsys.readouterr().out == ""


def test_pictures_go_into_a_file_of_a_known_kind(tmp_path, capsys):
    """--plot writes a picture; a name of another kind is refused before anything is measured."""
    picture = tmp_path / "bode.png"
    opamp.characterize("cmos-100meg", format="table", plot=picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ParameterError, match="plot"):
        opamp.characterize("cmos-100meg", format="table", plot=tmp_path / "bode.txt")


def test_a_single_pole_model_has_nothing_to_fit():
    """It is refused by its name."""
    with pytest.raises(ParameterError, match=r"NAME: got single-pole; .*no limits to fit"):
        opamp.fit("single-pole", format="table")


def test_picture_crosses_where_the_figures_say():
    """The curve passes 0 dB at the crossover, and its phase there is the margin less 180 degrees."""
    figures = characterize(RECORD)
    response = frequency_response(OpAmpBench(opamp=RECORD, load=10e3))
    picture, axes = plt.subplots(2, 1, sharex=True)
    draw_bode(*axes, response, figures)
    gain, phase = (one.lines[0].get_xydata().T for one in axes)
    crossover = np.log(figures.crossover_frequency)
    assert np.interp(crossover, np.log(gain[0]), gain[1]) == pytest.approx(0, abs=0.01)
    assert np.interp(crossover, np.log(phase[0]), phase[1]) == pytest.approx(figures.phase_margin - 180, abs=0.05)
    left, right = axes[1].get_xlim()
    assert left < 1e8 / RECORD.open_loop_gain < figures.crossover_frequency < right
    plt.close(picture)


def test_an_op_amp_of_a_file_is_measured_like_a_preset(tmp_path, capsys):
    """The same subcircuit by --opamp-file and by its preset's name: the same figures."""
    opamp.characterize(TRANSISTORS, format="json")
    wanted = json.loads(capsys.readouterr().out)
    (tmp_path / "mine.lib").write_text(MODEL.read_text())
    options = {"opamp_file": str(tmp_path / "mine.lib"), "opamp_subckt": "cmos_100meg", "supply_voltage": "1.2"}
    opamp.characterize(None, format="json", **options)
    found = json.loads(capsys.readouterr().out)
    for name in ("gain_db", "gbwp", "slew_rate_rising", "swing_high", "quiescent_current"):
        assert found[name] == pytest.approx(wanted[name], rel=1e-3)


@pytest.mark.parametrize(
    ("name", "options", "parameter"),
    [
        (None, {}, "NAME"),
        ("ad823", {"opamp_file": "x.lib"}, "NAME"),
        (None, {"opamp_file": "x.lib"}, "opamp_subckt"),
        (None, {"opamp_file": "x.lib", "opamp_subckt": "x"}, "supply_voltage"),
        (None, {"opamp_file": "none.lib", "opamp_subckt": "x", "supply_voltage": "1"}, "opamp_file"),
        (None, {"opamp_file": "x", "opamp_subckt": "x", "supply_voltage": "1", "opamp_pins": "inp,out"}, "opamp_pins"),
    ],
)
def test_what_goes_with_a_file_is_asked_for(name, options, parameter):
    """A preset or a file, not both nor neither; a file with subcircuit, rails and pins."""
    with pytest.raises(ParameterError) as caught:
        opamp.characterize(name, format="json", **options)
    assert caught.value.parameter == parameter


def test_errors_name_what_was_typed(amc, tmp_path):
    """One line each: the argument, the file or the option."""
    (tmp_path / "ideal.lib").write_text(
        ".subckt ideal inp inn out vdd vss\nE1 out 0 inp inn 1k\nR1 vdd vss 1k\n.ends\n"
    )
    file = ("--opamp-file", tmp_path / "ideal.lib", "--opamp-subckt", "ideal", "--supply-voltage", "1")
    amc("opamp", "fit", "single-pole").refused("NAME: got single-pole")
    amc("opamp", "characterize", "none").refused("NAME: got 'none'", "cmos-1g")
    amc("opamp", "characterize", *file).refused("--opamp-file: got ", "no amplifier")
    amc("opamp", "characterize", "ad823", "--load", "0").refused("--load: got 0.0")
    amc("opamp", "characterize", "ad823", "--load-capacitance", "1").refused("--load-capacitance: got 1.0", "1e-08 F")
