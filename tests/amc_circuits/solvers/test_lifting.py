"""A good matrix whose small entries a single array cannot hold: a pair of arrays, or scaling, makes a good circuit."""

import json

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit, ParameterError, Status
from tests.cases import features_matrix, vector

MATRIX = features_matrix()
B = vector(len(MATRIX), 0)
GOOD = {
    "by default": {},
    "scaled, one array": {"scaling": "diagonal", "pair": "never"},
    "scaled": {"scaling": "diagonal"},
}


def test_the_matrix_is_what_it_is_meant_to_be():
    """Positive definite, no negative entry, a diagonal that spreads 16 times and more, mostly lifted cells."""
    diagonal = np.diag(MATRIX)
    assert MATRIX.min() >= 0
    assert diagonal.max() / diagonal.min() >= 16
    assert np.linalg.eigvalsh(MATRIX)[0] > 0.05
    assert (0.01 * MATRIX.max() > MATRIX).mean() > 0.55


@pytest.mark.parametrize("how", GOOD)
def test_a_good_matrix_is_solved(how):
    """All columns of the inverse together are within 5 % of NumPy's, and a transient ends there, too."""
    circuit = InvCircuit.program(MATRIX, engine="exact", **GOOD[how])
    inverse = np.linalg.inv(MATRIX)
    assert circuit.design.signed == (GOOD[how].get("pair") != "never")
    assert np.linalg.norm(circuit.steady(np.eye(len(MATRIX))) - inverse) <= 0.05 * np.linalg.norm(inverse)
    solution = circuit.solve(B)
    assert solution.status is Status.SETTLED
    assert np.linalg.norm(solution.value - circuit.steady(B)) <= 0.01 * np.linalg.norm(inverse @ B)


def test_one_array_without_scaling_is_unstable_and_blames_the_cells():
    """The message has both eigenvalues, that of the cells and that of A, and what to do."""
    solution = InvCircuit.program(MATRIX, pair="never", engine="exact").solve(B)
    assert solution.status is Status.UNSTABLE
    lowest = np.linalg.eigvalsh(MATRIX)[0]
    for words in ("of the matrix in the cells", f"the lowest of A itself is {lowest * 1e3:.3g}m", "pair = always"):
        assert words in solution.message


@pytest.mark.parametrize("kind", ["inv", "mvm"])
def test_the_command_says_what_was_lifted(amc, tmp_path, kind):
    """One line at a cost above 0.1 %, with the number of cells; the record has both; none where nothing was lifted."""
    matrix = np.eye(4) + 0.02 + 0.05 * np.eye(4, k=1)
    matrix[0, 3] = matrix[3, 0] = 0.0
    np.save(tmp_path / "A.npy", matrix)
    np.save(tmp_path / "b.npy", [1.0, 0.5, 0.25, -1.0])
    command = (kind, tmp_path / "A.npy", tmp_path / "b.npy", "--engine", "exact", "--format", "json")
    outcome = amc(*command)
    assert outcome.code == 0
    cost = np.sqrt(2) * 0.01 * matrix.max() / np.linalg.norm(matrix)
    wanted = f"amc: note: 2 of 16 cells are lifted to --g-min, which changes the matrix by {100 * cost:.3g}"
    assert outcome.err.startswith(wanted)
    assert (outcome.json["arrays"], outcome.json["lifted_cells"]) == (1, 2)
    assert outcome.json["lifting_cost"] == pytest.approx(cost, rel=1e-9)
    for more in (("--pair", "always"), ("--g-min", "0.01u")):
        quiet = amc(*command, *more)
        assert (quiet.code, quiet.err) == (0, "")
        assert quiet.json["arrays"] == (2 if "--pair" in more else 1)


def test_the_command_solves_a_good_matrix(amc, tmp_path):
    """By default, and scaled in one array."""
    np.save(tmp_path / "A.npy", MATRIX)
    np.save(tmp_path / "b.npy", B)
    for more in ((), ("--scaling", "diagonal", "--pair", "never")):
        outcome = amc(
            "inv", tmp_path / "A.npy", tmp_path / "b.npy", "--engine", "exact", "--format", "json", *more
        )
        assert outcome.code == 0, outcome.err
        assert outcome.json["relative_error"] < 0.1
    assert "cells are lifted" in outcome.err
    outcome = amc("stability", tmp_path / "A.npy", "--pair", "never")
    assert outcome.code == 3
    assert "the lowest of A itself is" in outcome.err


def test_monte_carlo_and_sweeps_say_what_was_lifted(amc, sweep, tmp_path):
    """A warning before the trials; a column and a warning in the row."""
    drawn = ("--size", 16, "--family", "toeplitz", "--seed", 1, "--pair", "never", "--engine", "exact")
    outcome = amc("inv", *drawn, "--monte-carlo", 2, "--programming-error", "0.1u", "--format", "json")
    assert outcome.code == 0
    assert "cells are lifted to --g-min" in outcome.err
    fixed = 'circuit = "inv"\n[fixed]\nsize = 16\nkind = "toeplitz"\nseed = 1\nengine = "exact"\n'
    assert sweep(fixed + '[grid]\npair = ["never", "always"]\n').code == 0
    table = amc("table", tmp_path / "out", "--format", "json", "--columns", "pair,lifting_cost,lifted_cells,warning")
    never, always = json.loads(table.out)
    assert never["lifting_cost"] > 0.001 and never["lifted_cells"] > 0 and "lifted" in never["warning"]
    assert (always["lifting_cost"], always["lifted_cells"], always["warning"]) == (0, 0, "")


@pytest.mark.parametrize(("name", "value"), [("pair", "always"), ("pair", "never"), ("scaling", "diagonal")])
def test_cells_of_a_file_are_neither_paired_nor_scaled(name, value):
    """Beside given conductances both options would do nothing: refused."""
    mapping = InvCircuit.program(np.eye(2)).mapping
    with pytest.raises(ParameterError, match=f"{name}: got {value}; has no effect beside conductances"):
        InvCircuit.program(np.eye(2), conductances=mapping, **{name: value})


def test_conductances_of_another_shape_are_refused():
    """Those of 2 x 2 cells for a 3 x 3 matrix."""
    mapping = MvmCircuit.program(np.eye(2)).mapping
    with pytest.raises(ParameterError, match="conductances: got shape"):
        MvmCircuit.program(np.eye(3), conductances=mapping)
