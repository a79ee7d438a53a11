"""Dangers of unchecked model files in ngspice: commands, files and programs that they reach.

Each text stands in a deck of its own, in an empty folder.
"""

import os
import subprocess

import pytest

from amc_circuits.engines import find_ngspice
from amc_circuits.engines.ngspice.rawfile import read_plots
from amc_circuits.engines.ngspice.runner import run_deck
from netlists import ParameterError
from netlists.model_files.file import read_model
from tests.netlists.model_files import cases as files
from tests.netlists.model_files.cases import GOOD


def unchecked(folder, text, *, system_start_up=False):
    """Run a deck with this text in it as the engine would, without our check; return the output of ngspice."""
    work = folder / "work"
    work.mkdir()
    (work / "deck.cir").write_text(f"* deck\nV1 a 0 1\nR1 a 0 1\n{text}\n.op\n.end\n")
    environment = {"PATH": os.environ["PATH"], "HOME": str(work), "LC_ALL": "C"}
    if not system_start_up:
        environment["SPICE_SCRIPTS"] = str(work)
    command = [str(find_ngspice().path), "-n", "-b", "-r", "out.raw", "deck.cir"]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


SHELLS = {
    "control": ".control\nshell touch ../hit\n.endc",
    "capitals and blanks": " \t.CONTROL\n\tshell touch ../hit\n.ENDC",
    "in a subcircuit": ".subckt s a\nR1 a 0 1\n.control\nshell touch ../hit\n.endc\n.ends\nX1 a s",
    "back-ticks": ".control\necho `touch ../hit`\n.endc",
    "write": ".control\nop\nwrite ../hit\n.endc",
    "include of a folder above": ".include ../outside.lib",
    "section of a folder above": ".lib ../outside.lib typ",
    "include of an absolute path": ".include {tmp}/outside.lib",
    "include of the home": ".include ~/../outside.lib",
    "include of the environment": ".include $HOME/../outside.lib",
}


@pytest.mark.parametrize("name", SHELLS)
def test_unchecked_text_runs_commands(tmp_path, name):
    """Without the check these texts touch a file outside the folder where ngspice runs; with it they are refused."""
    touch = ".control\nshell touch ../hit\n.endc\n"
    (tmp_path / "outside.lib").write_text(touch if "section" not in name else f".lib typ\n{touch}.endl\n")
    text = SHELLS[name].replace("{tmp}", str(tmp_path))
    said = unchecked(tmp_path, text)
    if "environment" in name and "filename missing" in said:
        pytest.skip("this ngspice knows no environment variables in file names")
    assert (tmp_path / "hit").exists() or (tmp_path / "hit.raw").exists(), said
    with pytest.raises(ParameterError, match="opamp_file"):
        read_model(files.written(tmp_path, f"{text}\n{GOOD}"), "amp", files.PINS)


def code_models_missing(said):
    """True where this ngspice came without the library of code models, or its start-up file, that go with it."""
    return "spinit" in said or "no such parameter on this device" in said or "Unable to find definition" in said


def test_unchecked_filesource_reads_a_file(tmp_path):
    """XSPICE's filesource plays any file of numbers into the circuit, once the system's code models are there."""
    (tmp_path / "secret").write_text("0 42\n1 42\n")
    text = f'A1 %v([b]) fs\n.model fs filesource (file="{tmp_path}/secret"'
    text += " amploffset=[0] amplscale=[1] timeoffset=0 timescale=1)\nR2 b 0 1\n"
    said = unchecked(tmp_path, text, system_start_up=True)
    if code_models_missing(said):
        pytest.skip("this ngspice has no code models")
    assert read_plots(tmp_path / "work" / "out.raw")[0]["v(b)"][0] == pytest.approx(42), said


def test_unchecked_model_card_starts_a_program(tmp_path):
    """XSPICE's d_process starts the program that its `.model` names."""
    program = files.written(tmp_path, f"#!/bin/sh\ntouch {tmp_path}/hit\n", "program")
    program.chmod(0o700)
    text = f'.model p d_process(process_file="{program}" clk_delay=1n)\nA1 [d] c null [q] p\n'
    text += "A2 [a] [d] ad\nA3 [a] [c] ad\n.model ad adc_bridge(in_low=0.1 in_high=0.9)\n.tran 1n 10n"
    said = unchecked(tmp_path, text, system_start_up=True)
    if code_models_missing(said):
        pytest.skip("this ngspice has no such code model")
    assert (tmp_path / "hit").exists(), said


def test_unchecked_cards_change_other_parts_of_the_circuit(tmp_path):
    """`.global`, `.temp` and `.end` reach beyond the subcircuit in which they stand."""
    bench = "* b\n{}\nV1 vdd 0 1\nR1 vdd 0 1\nX1 a s\nRa a 0 1\n.save all\n.op\n"
    text = ".subckt s p\nR1 p vdd 1\n.ends"
    alone = run_deck(bench.format(text) + ".end\n")[0]
    joined = run_deck(bench.format(f"{text}\n.global vdd") + ".end\n")[0]
    assert alone["v(a)"][0] == pytest.approx(0, abs=1e-9) and joined["v(a)"][0] == pytest.approx(0.5)


@pytest.mark.parametrize("place", [".spiceinit", "home/.spiceinit", "home/.config/ngspice/.spiceinit", "spinit"])
def test_engine_reads_no_start_up_file(tmp_path, monkeypatch, place):
    """Start-up files in the folder one stands in, at home, in XDG's places and of the system are not read."""
    home = tmp_path / "home"
    files.written(home, "", "nothing")
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"* start\nshell touch {tmp_path}/hit\n")
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "SPICE_USERINIT_DIR"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    for name in ("SPICE_SCRIPTS", "SPICE_LIB_DIR", "NGSPICE_INPUT_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    plot = run_deck("* deck\nV1 a 0 1\nR1 a 0 1\n.op\n.end\n")[0]
    assert plot["v(a)"][0] == 1 and not (tmp_path / "hit").exists()
    if "config" not in place:
        # A plain start reads the same file, so that the check means something; ngspice knows nothing of XDG.
        (tmp_path / "deck.cir").write_text("* deck\nV1 a 0 1\nR1 a 0 1\n.op\n.end\n")
        command = [str(find_ngspice().path), "-b", "-r", "out.raw", "deck.cir"]
        subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
        assert (tmp_path / "hit").exists()
