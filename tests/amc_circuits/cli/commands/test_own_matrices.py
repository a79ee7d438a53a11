"""A user's own matrix in every command: files of any kind, a right-hand side that is missing, the answer in a file."""

import io
import json

import numpy as np
import pytest
import scipy.io
from scipy import sparse

from amc_circuits import InvCircuit
from amc_circuits.cases.case import problem
from amc_circuits.cases.options import parse_options
from amc_circuits.files.array_files import load_array
from tests.amc_circuits.plain_ngspice import printed_settling_times
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close

MATRIX, B = spd_matrix(3, 4, 5), vector(3, 5)
EXACT = ("--engine", "exact")
FIXED = 'circuit = "inv"\n[fixed]\nengine = "exact"\ninput_voltage = 0.02\n'


@pytest.fixture
def files(tmp_path):
    """The matrix as text, b as .npy."""
    np.savetxt(tmp_path / "A.csv", MATRIX, delimiter=",", fmt="%.17g")
    np.save(tmp_path / "b.npy", B)
    return tmp_path / "A.csv", tmp_path / "b.npy"


def test_the_table_ends_with_the_answer(amc, files, tmp_path):
    """All of x where it is short, its first eight entries where it is long, of several right-hand sides the first."""
    printed = amc("inv", *files, *EXACT, "--format", "json").json["x"]
    assert amc("inv", *files, *EXACT).out.splitlines()[-1] == f"x = {', '.join(f'{value:.4g}' for value in printed)}"
    last = amc("mvm", "--size", 12, *EXACT).out.splitlines()[-1]
    assert last.startswith("y = ") and last.endswith(", ... of 12") and last.count(",") == 8
    np.save(tmp_path / "B.npy", np.stack([B, 2 * B], axis=1))
    assert amc("inv", files[0], tmp_path / "B.npy", *EXACT).out.endswith("(right-hand side 1 of 2)\n")


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".csv", ".tsv", ".txt", ".mtx", ".mat", ".CSV"])
def test_the_answer_goes_into_a_file(amc, files, tmp_path, suffix):
    """To the last digit, one and several right-hand sides, and it can be the next one's b."""
    output = tmp_path / f"x{suffix}"
    printed = amc("inv", *files, *EXACT, "--format", "json", "-o", output).json["x"]
    np.testing.assert_array_equal(load_array("x", output, (1,)), printed)
    assert amc("mvm", files[0], output, *EXACT).code == 0


def test_an_answer_that_is_none_is_not_written(amc, files, tmp_path):
    """The old file stays if the circuit is unstable; a wrong suffix is refused before anything runs."""
    np.save(tmp_path / "A.npy", -MATRIX)
    (tmp_path / "x.npy").write_text("old")
    outcome = amc("inv", tmp_path / "A.npy", files[1], *EXACT, "-o", tmp_path / "x.npy")
    assert outcome.code == 3
    assert outcome.err.endswith(f"{tmp_path / 'x.npy'} is not written\n")
    assert outcome.out.splitlines()[-1].startswith("not simulated") and "x =" not in outcome.out
    assert (tmp_path / "x.npy").read_text() == "old"
    amc("inv", *files, "-o", tmp_path / "x.xls").refused("--output", "must end in .npy")
    amc("inv", *files, "-o", tmp_path / "x.npy", "--monte-carlo", 3).refused("--output", "--monte-carlo")


@pytest.mark.parametrize("command", ["inv", "mvm", "netlist inv", "cost"])
def test_a_missing_right_hand_side_is_drawn_and_said(amc, files, tmp_path, command):
    """Uniform by the seed; one line says so."""
    name = "x" if command == "mvm" else "b"
    more = ("-o", tmp_path / "deck.cir") if "netlist" in command else EXACT
    outcome = amc(*command.split(), files[0], "--seed", 4, *more)
    assert outcome.code == 0
    assert (
        outcome.err
        == f"amc: warning: {name} is drawn: uniform in -1 .. 1, seed 4; give {name}, too, to have your own\n"
    )


def test_what_is_drawn_is_what_is_said():
    """`default_rng(seed).uniform(-1, 1)`; of a complex matrix first the real part, then the imaginary one."""
    options = parse_options("inv", {"seed": 4})

    def drawn(matrix, tmp):
        np.save(tmp, matrix)
        with pytest.warns(UserWarning, match="b is drawn"):
            return problem("inv", options | {"matrix": str(tmp)}).vector

    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "A.npy"
        generator = np.random.default_rng(4)
        first, second = generator.uniform(-1, 1, 3), generator.uniform(-1, 1, 3)
        np.testing.assert_array_equal(drawn(MATRIX, path), first)
        np.testing.assert_array_equal(drawn(MATRIX + 1j * np.eye(3), path), first + 1j * second)


def test_names_choose_arrays(amc, tmp_path):
    """`--matrix-name` and `--rhs-name`; A and b are taken by themselves; a name that is missing lists what there is."""
    np.savez(tmp_path / "s.npz", A=MATRIX, b=B, B=2 * B, other=np.eye(3))
    path = tmp_path / "s.npz"
    x = np.array(amc("inv", path, path, *EXACT, "--format", "json").json["x"])
    assert_close(x, np.linalg.solve(MATRIX, B), absolute=1e-2)
    twice = amc("inv", path, path, "--rhs-name", "B", *EXACT, "--format", "json").json["x"]
    assert_close(twice, 2 * x, absolute=1e-9)
    unit = amc("inv", path, path, "--matrix-name", "other", *EXACT, "--format", "json").json["x"]
    assert_close(unit, B, absolute=1e-2)
    amc("inv", path, path, "--matrix-name", "C").refused("A: got", "has no array C; it holds A, b, B, other")
    np.savez(tmp_path / "t.npz", M=MATRIX, N=MATRIX)
    amc("stability", tmp_path / "t.npz").refused("A: got", "holds M, N; say which by --matrix-name")
    assert amc("stability", tmp_path / "t.npz", "--matrix-name", "N").code == 0
    amc("program", tmp_path / "t.npz", "-o", tmp_path / "p.npz").refused("--matrix-name")


def test_shapes_that_do_not_fit_are_refused(amc, files, tmp_path):
    """By the file of b, with the rows that it must have."""
    np.save(tmp_path / "c.npy", np.ones(4))
    amc("inv", files[0], tmp_path / "c.npy").refused("b: got shape (4,)", "must have 3 rows to match the matrix")


@pytest.mark.parametrize("command", ["inv", "mvm", "stability", "netlist inv", "cost", "program", "monte carlo"])
def test_every_command_reads_every_kind(amc, tmp_path, command):
    """Sparse by SciPy, MATLAB, Matrix Market: the same outcome as the matrix in .npy."""
    more = {"netlist": ("-o", tmp_path / "d.cir"), "program": ("-o", tmp_path / "p.npz"), "stability": ()}
    typed = command.split()[0] if command != "monte carlo" else "inv"
    options = more.get(typed, EXACT) + (("--monte-carlo", 2) if command == "monte carlo" else ())
    right = () if typed in ("program", "stability") else (tmp_path / "b.npy",)
    np.save(tmp_path / "b.npy", B)

    def outcome(write, array):
        with (tmp_path / "A").open("wb") as file:
            write(file, array)
        done = amc(*(command.split() if typed == "netlist" else [typed]), tmp_path / "A", *right, *options)
        assert done.code == 0 and (done.err == "" or "nothing is drawn, all trials are the same" in done.err)
        return [line for line in done.out.splitlines() if " s" not in line]

    first = outcome(np.save, MATRIX)
    for write, array in (
        (sparse.save_npz, sparse.csr_matrix(MATRIX)),
        (scipy.io.savemat, {"A": MATRIX}),
        (lambda file, array: scipy.io.mmwrite(file, array, precision=17), MATRIX),
    ):
        assert outcome(write, array) == first


def test_the_deck_of_a_text_file_runs(amc, files, tmp_path):
    """In plain ngspice."""
    assert amc("netlist", "inv", *files, "-o", tmp_path / "deck.cir").code == 0
    assert printed_settling_times(tmp_path / "deck.cir", tmp_path).keys() == {1}


def test_python_takes_sparse_matrices_and_lists():
    """The design is the same; rows of unequal lengths are one clear error."""
    design = InvCircuit.program(MATRIX).design.sha256
    for given in (sparse.csr_matrix(MATRIX), sparse.coo_array(MATRIX), MATRIX.tolist()):
        assert InvCircuit.program(given).design.sha256 == design
    with pytest.raises(ValueError, match="rows of unequal lengths"):
        InvCircuit.program([[1.0, 2.0], [3.0]])


def measured(tmp_path, name, **arrays):
    """A .npz file of these arrays."""
    np.savez(tmp_path / name, **arrays)
    return tmp_path / name


def test_measured_conductances_stand_for_the_matrix(amc, files, tmp_path):
    """Siemens alone: the cells that mapping itself would program give its very result, others another one."""
    circuit = InvCircuit.program(MATRIX, engine="exact")
    positive, negative = circuit.design.arrays
    command = ("inv", *files, *EXACT, "--format", "json")
    plain = amc(*command).json
    same = measured(tmp_path, "same.npz", positive=positive, negative=negative)
    assert amc(*command, "--conductances", same).json["x"] == plain["x"]
    drifted = measured(tmp_path, "drifted.npz", positive=0.95 * positive, negative=0.95 * negative)
    x = np.array(amc(*command, "--conductances", drifted).json["x"])
    assert_close(x, np.array(plain["x"]) / 0.95, relative=1e-3)
    unit = {"alpha": circuit.mapping.alpha, "unit": 0.95 * circuit.mapping.unit}
    mended = measured(tmp_path, "mended.npz", positive=0.95 * positive, negative=0.95 * negative, **unit)
    assert_close(amc(*command, "--conductances", mended).json["x"], plain["x"], relative=1e-3)


def test_a_single_array_of_siemens_in_any_file(amc, tmp_path):
    """For a matrix without negative entries: text, with g_max that says what the largest entry stands for."""
    matrix = np.array([[2.0, 1.0], [0.5, 1.0]])
    np.save(tmp_path / "A.npy", matrix)
    np.save(tmp_path / "b.npy", [1.0, -1.0])
    (tmp_path / "G.csv").write_text("50e-6;25e-6\n12,5e-6;25e-6\n".replace("50e-6", "50,0e-6"))
    command = ("inv", tmp_path / "A.npy", tmp_path / "b.npy", *EXACT, "--format", "json")
    x = amc(*command, "--conductances", tmp_path / "G.csv", "--g-max", "50u").json["x"]
    assert_close(x, np.linalg.solve(matrix, [1.0, -1.0]), absolute=1e-2)
    halved = amc(*command, "--conductances", tmp_path / "G.csv").json["x"]
    assert_close(halved, 2 * np.array(x), absolute=1e-2)
    cost = amc("cost", *command[1:3], *EXACT, "--conductances", tmp_path / "G.csv", "--format", "json").json
    assert cost["energy_j"]["programming"] == 0


WRONG = {
    "one array for negative entries": ({"positive": np.full((3, 3), 1e-5)}, "must hold a pair of arrays"),
    "another shape": ({"positive": np.full((2, 2), 1e-5)}, "it must be that of its matrix, (3, 3)"),
    "microsiemens": ({"positive": np.full((3, 3), 50.0), "negative": np.full((3, 3), 5.0)}, "are they microsiemens?"),
    "zero": ({"positive": np.zeros((3, 3)), "negative": np.full((3, 3), 1e-5)}, "must be above 0"),
    "complex": ({"positive": np.full((3, 3), 1e-5j), "negative": np.full((3, 3), 1e-5)}, "must be real numbers"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_measured_conductances_that_do_not_fit_are_refused(amc, files, tmp_path, name):
    """By what is wrong with them."""
    arrays, words = WRONG[name]
    amc("inv", *files, "--conductances", measured(tmp_path, "g.npz", **arrays)).refused("--conductances", words)


def test_limits_beside_conductances_that_know_what_they_stand_for_are_refused(amc, files, tmp_path):
    """They would do nothing."""
    amc("program", files[0], "-o", tmp_path / "p.npz")
    outcome = amc("inv", *files, "--conductances", tmp_path / "p.npz", "--g-max", "50u")
    outcome.refused("--g-max: got 5e-05", "the conductances of a file are what they are")


def test_a_sweep_over_files(sweep, amc, files, tmp_path):
    """Matrices of files and of drawn ones side by side; rows have the size; a changed file makes a new row."""
    file = io.BytesIO()
    scipy.io.mmwrite(file, spd_matrix(4, 6, 1), precision=17)
    (tmp_path / "B.mtx").write_bytes(file.getvalue())
    own = f'matrix = "{files[0]}"\nrhs = "{files[1]}"\n'
    text = FIXED + f'[[points]]\n{own}[[points]]\nmatrix = "{tmp_path}/B.mtx"\n[[points]]\nsize = 2\n'
    assert sweep(text, "--dry-run").out.startswith("3 points: 3 new, 0 cached")
    assert sweep(text).code == 0

    def rows():
        return json.loads(amc("table", tmp_path / "out", "--format", "json").out)

    assert [row["size"] for row in rows()] == [3, 4, 2]
    alone = amc("inv", *files, *EXACT, "--input-voltage", 0.02, "--format", "json").json
    assert rows()[0]["relative_error"] == pytest.approx(alone["relative_error"], rel=1e-6)  # rows are read in stacks
    assert [row["warning"] for row in rows()] == ["", "the right-hand side is drawn", ""]
    assert sweep(text, "--dry-run").out.startswith("3 points: 0 new, 3 cached")
    np.savetxt(files[0], 2 * MATRIX, delimiter=",", fmt="%.17g")
    assert sweep(text, "--dry-run").out.startswith("3 points: 1 new, 2 cached")
    assert amc("replay", tmp_path / "out", 1).code == 0


def test_monte_carlo_of_files_in_a_sweep(sweep, amc, files, tmp_path):
    """Trials of the user's own system."""
    text = (
        FIXED
        + f'matrix = "{files[0]}"\nrhs = "{files[1]}"\nmonte_carlo = 4\n[grid]\nprogramming_error = ["0.1u", "1u"]\n'
    )
    assert sweep(text).code == 0
    small, large = json.loads(amc("table", tmp_path / "out", "--format", "json").out)
    assert 0 < small["relative_error"] < large["relative_error"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('matrix = "none.csv"\n', ("[fixed] matrix: got 'none.csv'", "there is no such file")),
        ('matrix = "{0}"\nsize = 3\n', ("[fixed] size", "has no effect beside matrix")),
        ('rhs = "{1}"\nsize = 3\n', ("[fixed] rhs", "has no effect without matrix")),
        ('matrix = "{0}"\nrhs = "{2}"\n', ("b: got shape (4,)", "must have 3 rows")),
        ('matrix = "{1}"\n', ("A: got shape (3,)", "must have 2 dimensions")),
    ],
)
def test_files_of_a_sweep_are_looked_at_before_it_runs(sweep, files, tmp_path, lines, words):
    """A file that cannot be read or does not fit is refused at once: no folder, no row."""
    np.save(tmp_path / "c.npy", np.ones(4))
    text = FIXED + lines.format(*files, tmp_path / "c.npy") + '[grid]\ngbwp = ["50M"]\n'
    sweep(text).refused(*words)
    assert not (tmp_path / "out" / "results.sqlite").exists()
