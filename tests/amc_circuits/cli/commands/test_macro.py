"""`amc macro`: a schedule from a file, its table and its JSON, and mistakes in one line."""

import numpy as np
import pytest

SCHEDULE = """
[[arrays]]
name = "a"
matrix = [[1.0, -0.4], [0.3, 0.8]]
[[phases]]
name = "product"
mode = "mvm"
array = "a"
inputs = [0.5, -1.0]
[[phases]]
name = "solution"
mode = "inv"
array = "a"
inputs = "product"
"""


@pytest.fixture
def schedule(tmp_path):
    """A file with two phases."""
    path = tmp_path / "schedule.toml"
    path.write_text(SCHEDULE)
    return path


def test_it_prints_a_row_and_the_answer_of_every_phase(amc, schedule):
    """Table and JSON have the same answers, and the vector comes back within 2 %."""
    outcome = amc("macro", schedule, "--engine", "exact", "--plot", schedule.parent / "a.png")
    assert (outcome.code, outcome.err) == (0, "")
    assert (schedule.parent / "a.png").is_file() and f"wrote {schedule.parent / 'a.png'}" in outcome.out
    for word in ("product", "solution", "mvm", "inv", "SETTLED", "exact"):
        assert word in outcome.out
    found = amc("macro", schedule, "--engine", "exact", "--format", "json").json
    assert found["usable"] and [one["name"] for one in found["phases"]] == ["product", "solution"]
    value = found["phases"][1]["value"]
    assert value == pytest.approx([0.5, -1.0], rel=0.02) and found["phases"][1]["exact"] == pytest.approx([0.5, -1.0])
    assert f"solution = [{', '.join(f'{one:.6g}' for one in value)}]" in outcome.out


def test_a_phase_without_a_usable_result_is_named(amc, schedule):
    """Exit code 3, and one line for each."""
    schedule.write_text(SCHEDULE.replace('mode = "mvm"', 'mode = "mvm"\nduration = 5e-9'))
    outcome = amc("macro", schedule, "--engine", "exact")
    assert outcome.code == 3 and outcome.err.startswith("amc: NOT_SETTLED: phase product: ")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("[[phases]]", "[[phase]]"), ["schedule.toml: phase", "did you mean phases?"]),
        (('inputs = "product"', 'inputs = "produkt"'), ["schedule.toml: inputs of phase solution", "product"]),
        (('mode = "inv"', 'mode = "inverse"'), ["schedule.toml: phases 2: mode", "inv"]),
        (("[[1.0,", "[[1.0 "), ["SCHEDULE.toml", "cannot be read as TOML"]),
        (("[0.3, 0.8]", "[0.3]"), ["schedule.toml: arrays 1: matrix", "equal lengths"]),
    ],
)
def test_mistakes_in_the_file_are_one_line(amc, schedule, change, words):
    """Exit code 2, the key, and the mend."""
    schedule.write_text(SCHEDULE.replace(*change))
    amc("macro", schedule).refused(*words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--engine", "auto"], ["--engine", "ngspice, exact"]),
        (["--format", "yaml"], ["--format", "json"]),
        (["--plot", "a.txt"], ["--plot", ".png"]),
    ],
)
def test_mistakes_in_options_are_one_line(amc, schedule, arguments, words):
    """Exit code 2, before anything runs; a file that is not there, too."""
    amc("macro", schedule, *arguments).refused(*words)
    amc("macro", schedule.parent / "none.toml").refused("none.toml")


BLOCKS = """
[block_inversion]
matrix = [[0.0, 2.0, 0.1], [1.5, 0.2, 0.3], [0.2, -0.3, 1.0]]
b = [1.0, -0.5, 0.25]
"""


@pytest.mark.parametrize("engine", ["exact", "ngspice"])
def test_a_block_inversion_is_one_transient(amc, tmp_path, engine):
    """Of an odd number of rows whose blocks are stable in the order of LU alone; x is NumPy's, in table and JSON."""
    path = tmp_path / "blocks.toml"
    path.write_text(BLOCKS)
    found = amc("macro", path, "--engine", engine, "--format", "json").json
    wanted = np.linalg.solve([[0.0, 2.0, 0.1], [1.5, 0.2, 0.3], [0.2, -0.3, 1.0]], [1.0, -0.5, 0.25])
    assert [one["mode"] for one in found["phases"]] == ["inv", "mvm", "inv", "mvm", "inv"]
    np.testing.assert_allclose(found["x"], wanted, atol=0.02 * np.abs(wanted).max())


def test_mistakes_of_a_block_inversion_are_named(amc, tmp_path):
    """A second definition of the phases, an unknown key, no matrix, and a wrong length; rows as they are grow."""
    path = tmp_path / "blocks.toml"
    for more, text in (
        ("[[phases]]\nname = 'p'\n", "phases"),
        ("order = 1\n", "order"),
        ("pivoting = 'full'\n", "pivoting"),
    ):
        path.write_text(BLOCKS + more)
        outcome = amc("macro", path)
        assert outcome.code == 2 and text in outcome.err and len(outcome.err.splitlines()) == 1
    path.write_text("[block_inversion]\nb = [1.0, 2.0]\n")
    assert "matrix" in amc("macro", path).err
    path.write_text(BLOCKS.replace(", 0.25]", "]"))
    assert "b of 2 entries" in amc("macro", path).err
    path.write_text(BLOCKS.replace("[1.0, -0.5, 0.25]", "[1.0, -0.5, 0.25]\npivoting = 'none'"))
    outcome = amc("macro", path, "--engine", "exact")
    assert outcome.code == 3 and "UNSTABLE" in outcome.err
