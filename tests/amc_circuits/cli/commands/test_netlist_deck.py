"""`amc netlist`: decks that plain ngspice runs and that measure themselves."""

import shlex
import subprocess

import numpy as np
import pytest

from amc_circuits.engines import find_ngspice
from tests.amc_circuits.plain_ngspice import printed_settling_times
from tests.command_line import SMALL

PROBLEMS = {
    "inv": ("inv", "--size", "4", "--seed", "3"),
    "inv, all positive": ("inv", "--size", "4", "--family", "toeplitz", "--opamp", "single-pole"),
    "inv, wires": ("inv", "--size", "3", "--wire-resistance", "1.73", "--line-capacitance", "0.2f"),
    "inv, scaled down": ("inv", "--size", "4", "--seed", "2", "--condition", "60"),
    "mvm": ("mvm", "--size", "4", "--seed", "3"),
    "mvm, oblong": ("mvm", "--size", "5", "--columns", "3", "--family", "random", "--opamp", "single-pole"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_deck_prints_the_settling_time_that_amc_measures(amc, tmp_path, name):
    """The measurement by ngspice itself, in the stand-alone deck, and ours agree within 1 %."""
    deck = tmp_path / "deck.cir"
    outcome = amc("netlist", *PROBLEMS[name], "-o", deck)
    assert (outcome.code, outcome.err) == (0, "")
    assert f"ngspice -b {deck}" in outcome.out
    measured = amc(*PROBLEMS[name], "--format", "json").json["settling_time_s"]
    assert printed_settling_times(deck, tmp_path) == {1: pytest.approx(measured, rel=0.01)}


def test_deck_of_several_right_hand_sides_prints_one_time_each(amc, tmp_path):
    """Each column of b is a slot of the deck, with its own settling time."""
    np.save(tmp_path / "A.npy", np.array([[2.0, -1.0], [-1.0, 2.0]]))
    np.save(tmp_path / "b.npy", np.array([[1.0, 0.0, -1.0], [1.0, 1.0, 0.5]]))
    files = (tmp_path / "A.npy", tmp_path / "b.npy")
    assert amc("netlist", "inv", *files, "-o", tmp_path / "deck.cir").code == 0
    measured = amc("inv", *files, "--format", "json").json["settling_time_s"]
    expected = {k: pytest.approx(time, rel=0.01) for k, time in enumerate(measured, 1)}
    assert printed_settling_times(tmp_path / "deck.cir", tmp_path) == expected


def test_a_right_hand_side_of_zeros_has_no_settling_time(amc, tmp_path):
    """Its neighbours keep theirs, wherever it stands."""
    np.save(tmp_path / "A.npy", np.array([[2.0, -1.0], [-1.0, 2.0]]))
    np.save(tmp_path / "b.npy", np.array([[0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.5]]))
    files = (tmp_path / "A.npy", tmp_path / "b.npy")
    assert amc("netlist", "inv", *files, "-o", tmp_path / "deck.cir").code == 0
    measured = amc("inv", *files, "--format", "json").json["settling_time_s"]
    expected = {k: pytest.approx(measured[k - 1], rel=0.01) for k in (2, 4)}
    assert printed_settling_times(tmp_path / "deck.cir", tmp_path) == expected


def test_a_measurement_that_fails_prints_no_time(amc, tmp_path):
    """Outputs at rest cross no band: the time of the slot before does not appear again."""
    np.save(tmp_path / "A.npy", np.eye(2))
    np.save(tmp_path / "b.npy", np.array([[1.0, 1.0], [1.0, 1.0]]))
    assert amc("netlist", "inv", tmp_path / "A.npy", tmp_path / "b.npy", "-o", tmp_path / "deck.cir").code == 0
    lines = (tmp_path / "deck.cir").read_text().splitlines()
    text = "\n".join(line.replace("=$&band", "=1e9") if k > lines.index("print settling_time_1") else line
                     for k, line in enumerate(lines))  # fmt: skip
    (tmp_path / "deck.cir").write_text(f"{text}\n")
    assert set(printed_settling_times(tmp_path / "deck.cir", tmp_path)) == {1}


def test_deck_takes_the_place_of_an_old_one(amc, tmp_path):
    """An old deck is replaced, and no other file is left beside it."""
    folder = tmp_path / "decks"
    folder.mkdir()
    (folder / "deck.cir").write_text("old")
    assert amc("netlist", "mvm", *SMALL, "-o", folder / "deck.cir").code == 0
    assert (folder / "deck.cir").read_text().endswith(".end\n")
    assert len(list(folder.iterdir())) == 1


def test_an_unstable_deck_is_written_only_by_force(amc, tmp_path):
    """Without --force there is no deck and exit code 3 with the cause; with it there is one."""
    problem = ("netlist", "inv", "--size", "4", "--family", "random", "--seed", "0", "-o", tmp_path / "deck.cir")
    refused = amc(*problem)
    assert refused.code == 3
    assert "UNSTABLE: pole at" in refused.err
    assert not (tmp_path / "deck.cir").exists()
    assert amc(*problem, "--force").code == 0
    assert (tmp_path / "deck.cir").exists()


def test_deck_gets_what_the_dacs_give(amc, tmp_path):
    """Inputs of 3 bits stand at multiples of a third of the full scale in the deck."""
    deck = tmp_path / "deck.cir"
    assert amc("netlist", "inv", "--size", 4, "--seed", 3, "--dac-bits", 3, "--fixed-scale", "-o", deck).code == 0
    lines = [line for line in deck.read_text().splitlines() if line.startswith("Vin")]
    levels = [float(line.rstrip(")").split()[-1]) for line in lines]
    assert len(levels) == 4
    assert np.array(levels) * 30 == pytest.approx(np.rint(np.array(levels) * 30))


@pytest.mark.parametrize("option", [("--noise",), ("--adc-bits", 8), ("--monte-carlo", 3)])
def test_what_no_deck_holds_is_refused(amc, tmp_path, option):
    """It would be left out without a word."""
    amc("netlist", "inv", "--size", 3, *option, "-o", tmp_path / "deck.cir").refused(option[0])
    assert not (tmp_path / "deck.cir").exists()


def head(text):
    """Comments of a deck, as a list without the asterisks."""
    return [line[2:] for line in text.splitlines() if line.startswith("* ")]


def elements(text):
    """Lines of elements and subcircuits of a deck."""
    return [line for line in text.splitlines() if line[:1].isalpha() and line.startswith(tuple("RCEGXV"))]


@pytest.mark.parametrize("circuit", ["inv", "mvm", "ginv"])
def test_the_head_names_a_command_that_makes_the_same_deck(amc, tmp_path, circuit, monkeypatch):
    """Typed again, the command of the head writes the same deck, also with files whose names need quotes."""
    monkeypatch.chdir(tmp_path)
    np.save("my A.npy", np.array([[2.0, 1.0], [1.0, 3.0]]))
    np.save("b.npy", np.array([[1.0, 0.5], [2.0, -1.0]]))
    typed = ("netlist", circuit, "my A.npy", "b.npy", "--opamp", "single-pole", "--line-capacitance", "1f", "--force")
    first = amc(*typed, "-o", "-")
    assert (first.code, first.err) == (0, "")
    (command,) = [line.removeprefix("command: ") for line in head(first.out) if line.startswith("command: ")]
    assert "--line-capacitance 1f" in command and "'my A.npy'" in command
    assert amc(*shlex.split(command)[1:], "-o", "deck.cir").code == 0
    assert (tmp_path / "deck.cir").read_text() == first.out


def test_the_head_names_inputs_and_outputs(amc):
    """Nodes of every entry, sources of the opposite sign with a minus, and the version."""
    mvm = head(amc("netlist", "mvm", "--size", 2, "--family", "random", "-o", "-").out)
    assert {"output y_1: v(out1)", "output y_2: v(out2)", "input x_2: v(c2), -v(d2)"} <= set(mvm)
    assert any(line.startswith("amc ") and line.endswith("deck for ngspice") for line in mvm)


def test_the_head_names_parts_of_complex_entries(amc, tmp_path):
    """Real parts come before imaginary parts, and right-hand sides of a real matrix are two slots each."""
    np.save(tmp_path / "A.npy", np.array([[2.0, 1j], [-1j, 2.0]]))
    lines = head(amc("netlist", "inv", tmp_path / "A.npy", "-o", "-").out)
    assert {"output Re x_2: v(c2)", "output Im x_1: v(c3)", "input Im b_2: v(in4)"} <= set(lines)
    np.save(tmp_path / "A.npy", np.eye(2))
    np.save(tmp_path / "b.npy", np.array([1 + 2j, 3]))
    lines = head(amc("netlist", "inv", tmp_path / "A.npy", tmp_path / "b.npy", "-o", "-").out)
    assert [line.partition(", from")[0] for line in lines if line.startswith("right-hand")] == [
        "right-hand side 1, real part",
        "right-hand side 1, imaginary part",
    ]


@pytest.mark.parametrize("circuit", ["inv", "mvm", "ginv"])
@pytest.mark.parametrize("dialect", ["ngspice", "ltspice", "spectre-compatible"])
def test_dialects_have_the_same_elements_and_the_head_gives_the_answer(amc, tmp_path, circuit, dialect):
    """Elements are those for ngspice; final voltages in ngspice times the factor of the head are NumPy's answer."""
    matrix, vector = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([1.0, -0.5])
    np.save(tmp_path / "A.npy", matrix)
    np.save(tmp_path / "b.npy", vector)
    typed = ("netlist", circuit, tmp_path / "A.npy", tmp_path / "b.npy", "--opamp", "single-pole", "-o", "-")
    plain, text = amc(*typed).out, amc(*typed, "--format", dialect).out
    assert elements(text) == elements(plain)
    (factor,) = [line.split("= ")[1].split()[0] for line in head(text) if line.startswith("right-hand side 1")]
    nodes = [line.partition("v(")[2][:-1] for line in head(text) if line.startswith("output ")]
    expected = matrix @ vector if circuit == "mvm" else np.linalg.solve(matrix, vector)
    assert float(factor) * finals(tmp_path, text, nodes) == pytest.approx(expected, rel=1e-3)


def finals(tmp_path, text, nodes):
    """Voltages of nodes just before the end of the transient, by ngspice's `.meas`; Spectre's own line is left out."""
    stop = next(float(line.split()[2]) for line in text.splitlines() if line.startswith(".tran "))
    body = text.replace("simulator lang=spice\n", "").partition("\n.control")[0].removesuffix(".end\n")
    if "final_1_" not in body:
        body += "".join(f"\n.meas tran final_1_{node} find v({node}) at={stop * (1 - 1e-6)!r}" for node in nodes)
    (tmp_path / "deck.cir").write_text(f"{body}\n.end\n")
    command = [find_ngspice().path, "-b", tmp_path / "deck.cir"]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    values = {line.split()[0]: float(line.split()[2]) for line in printed.splitlines() if line.startswith("final_1_")}
    return np.array([values[f"final_1_{node}"] for node in nodes])


@pytest.mark.parametrize("dialect", ["ltspice", "spectre-compatible"])
@pytest.mark.parametrize(
    ("option", "name"),
    [
        (("--opamp", "cmos-100meg"), "Bgain, a behavioural source"),
        (("--opamp", "single-pole", "--nonlinearity-voltage", "0.3"), "Bp_1_1, a behavioural source"),
    ],
)
def test_what_a_dialect_cannot_hold_is_named(amc, dialect, option, name):
    """The element and its type are in the refusal."""
    amc("netlist", "inv", "--size", 2, *option, "--format", dialect, "-o", "-").refused("--format", name)


def test_an_unknown_dialect_is_refused(amc):
    """The known ones are listed."""
    amc("netlist", "inv", *SMALL, "--format", "hspice", "-o", "-").refused("--format", "ngspice, ltspice, spectre")


@pytest.mark.parametrize("dialect", ["ngspice", "ltspice", "spectre-compatible"])
def test_spicelib_reads_the_elements_of_every_dialect(amc, tmp_path, dialect):
    """An independent parser finds all resistors with their values, and the sources, in all but Spectre's own line."""
    spicelib = pytest.importorskip("spicelib")
    text = amc("netlist", "inv", *SMALL, "--format", dialect, "-o", "-").out.replace("simulator lang=spice\n", "")
    (tmp_path / "deck.net").write_text(text)
    editor = spicelib.SpiceEditor(str(tmp_path / "deck.net"))
    ohms_of = {line.split()[0].upper(): float(line.split()[3]) for line in elements(text) if line[:2] in ("Rp", "Ri")}
    assert set(ohms_of) == {name.upper() for name in editor.get_components("R")}
    assert {"VIN1", "VIN2"} == {name.upper() for name in editor.get_components("V")}
    for name, ohms in ohms_of.items():
        assert float(editor.get_component_value(name)) == pytest.approx(ohms, rel=1e-9)
