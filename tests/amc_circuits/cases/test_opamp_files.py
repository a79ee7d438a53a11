"""The op-amp that options ask for: from a file, by the commands of its page, fitted at the circuit's temperature."""

import re
import shlex
from importlib.resources import files
from pathlib import Path

import pytest

from amc_circuits.cases.opamp_files import opamp_of, subcircuit_of
from amc_circuits.cases.options import parse_options
from amc_circuits.opamps.bench import characterize
from amc_circuits.opamps.fit import fit_macro

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "model_files.md").read_text()
EXAMPLE = re.search(r'text = """(.*?)"""', PAGE, re.S)[1]
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in block.splitlines()]
TRANSISTORS = "cmos-100meg-transistor"
HOT = 398.15


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the page's commands find their file."""
    (tmp_path / "myamp.lib").write_text(EXAMPLE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_of_the_page_work(amc, folder, line):
    """Each ends with code 0 and says nothing of errors."""
    name, *words = shlex.split(line)
    outcome = amc(*words, "--format", "json")
    assert (name, outcome.code, outcome.err) == ("amc", 0, "")
    assert outcome.json


def test_the_page_says_what_its_op_amp_is(amc, folder):
    """100 dB, 10 MHz, 100 ohm and 200 uA into 1 mA/V over w_T, less what 10 kohm take: by the page's first command."""
    found = amc(*shlex.split(COMMANDS[0])[1:], "--format", "json").json
    loaded = 1 + 100 / 10e3
    assert found["open_loop_gain"] == pytest.approx(1e5 / loaded, rel=1e-4)
    assert found["gbwp"] == pytest.approx(10e6 / loaded, rel=3e-3)
    assert found["output_resistance"] == pytest.approx(100, rel=1e-3)
    assert found["slew_rate_rising"] == pytest.approx(200e-6 / (1e-3 / (2 * 3.141592654 * 10e6)) / loaded, rel=0.01)
    assert found["source_current"] == pytest.approx(4.0 / 100, rel=1e-2)
    assert found["quiescent_current"] == pytest.approx(10 / 10e3, rel=1e-6)


def test_an_ideal_output_is_refused_before_anything_is_solved(amc, folder):
    """One line that says what to add, exit code 2."""
    (folder / "myamp.lib").write_text(EXAMPLE.replace("Rout z out 100", "Vout z out 0"))
    measured, solved = (amc(*shlex.split(line)[1:]) for line in COMMANDS)
    assert measured.code == 0 and "put a resistor" in measured.out
    solved.refused("--opamp-file: got no measured source current", "put a resistor")


def _options(**given):
    return parse_options("inv", given)


def test_a_file_is_fitted_at_the_temperature(tmp_path):
    """At 125 C the macro model is that of a measurement at 125 C: a sixth less bandwidth than at 27 C."""
    text = (files("netlists") / "opamps" / "cmos_100meg.lib").read_text()
    (tmp_path / "mine.lib").write_text(text)
    given = {"opamp_file": str(tmp_path / "mine.lib"), "opamp_subckt": "cmos_100meg", "supply_voltage": "1.2"}
    warm, nominal = _options(**given, temperature=str(HOT)), _options(**given)
    wanted = fit_macro(characterize(subcircuit_of(warm), temperature=HOT), 1.2)
    assert opamp_of(warm).macro == wanted
    assert opamp_of(nominal).macro == fit_macro(characterize(subcircuit_of(nominal)), 1.2)
    assert 0.75 < wanted.gbwp / opamp_of(nominal).macro.gbwp < 0.9


def test_the_preset_of_transistors_is_fitted_at_the_temperature():
    """Away from 27 C it is measured anew; at 27 C the fit in the package counts."""
    warm, nominal = (opamp_of(_options(opamp=TRANSISTORS, temperature=kelvin)) for kelvin in (str(HOT), "300.15"))
    assert warm.macro == fit_macro(characterize(nominal, temperature=HOT), 1.2)
    assert 0.75 < warm.macro.gbwp / nominal.macro.gbwp < 0.9
    assert (warm.text, warm.subcircuit) == (nominal.text, nominal.subcircuit)
