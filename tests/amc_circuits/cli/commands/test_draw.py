"""`amc draw`: the block diagram of a circuit from the command line."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from amc_circuits import InvCircuit, draw_circuit, save_figure


@pytest.mark.parametrize(("suffix", "begins"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_a_circuit_is_drawn(amc, tmp_path, suffix, begins):
    """A picture of each type is written and named; `test_studies.py` draws every circuit."""
    picture = tmp_path / f"circuit{suffix}"
    outcome = amc("draw", "inv", "--size", 4, "-o", picture)
    assert (outcome.code, outcome.out) == (0, f"wrote {picture}\n")
    assert picture.read_bytes().startswith(begins)


def test_it_is_the_picture_of_the_programmed_circuit(amc, tmp_path):
    """The picture of a matrix file with options is that of the circuit programmed in Python, byte for byte."""
    matrix = np.array([[2.0, -0.5], [-0.5, 1.0]])
    np.save(tmp_path / "A.npy", matrix)
    amc("draw", "inv", tmp_path / "A.npy", "--gbwp", "30M", "--inverter-resistance", "2k", "-o", tmp_path / "a.svg")
    solver = InvCircuit.program(matrix, opamp="cmos-100meg", inverter_resistance=2e3)
    other = tmp_path / "b.svg"
    save_figure(draw_circuit(solver.circuit), other)
    assert "30" in (tmp_path / "a.svg").read_text() and (tmp_path / "a.svg").read_text() != other.read_text()
    amc("draw", "inv", tmp_path / "A.npy", "--inverter-resistance", "2k", "-o", tmp_path / "c.svg")
    assert (tmp_path / "c.svg").read_bytes() == other.read_bytes()
    assert not plt.get_fignums()


def test_an_unstable_circuit_is_drawn(amc, tmp_path):
    """A picture needs no steady state."""
    np.save(tmp_path / "A.npy", [[0.2, -1.0], [1.0, 0.2]])
    assert amc("draw", "inv", tmp_path / "A.npy", "-o", tmp_path / "a.png").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["inv", "--size", "3", "-o", "a.txt"], ["--output", "a.txt", ".png"]),
        (["inv", "--size", "3", "-o", "none/a.png"], ["--output", "does not exist"]),
        (["inv", "-o", "a.png"], ["--size"]),
        (["inv", "none.csv", "-o", "a.png"], ["A: got none.csv"]),
        (["inv", "--size", "3"], ["--output"]),
        (["inv", "--size", "3", "--engine", "auto", "-o", "a.png"], ["No such option: --engine"]),
        (["mvn", "-o", "a.png"], ["did you mean amc draw mvm?"]),
    ],
)
def test_bad_input_is_refused_before_anything_is_drawn(amc, tmp_path, monkeypatch, arguments, words):
    """Exit code 2, one line with the mend, and no file."""
    monkeypatch.chdir(tmp_path)
    amc("draw", *arguments).refused(*words)
    assert not list(tmp_path.glob("a.*"))
