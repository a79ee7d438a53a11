"""Bad input on the command line: exit code 2, one line with the option, the value and the mend, nothing written."""

import numpy as np
import pytest

from amc_circuits.engines.ngspice import binary as ngspice_binary
from amc_circuits.solvers.inv import InvCircuit
from netlists import ParameterError, memory
from tests.command_line import SMALL

GOOD = np.array([[2.0, -1.0], [-1.0, 2.0]])
MATRICES = {
    "not square": (np.ones((2, 3)), "shape (2, 3)", "must be square"),
    "one-dimensional": (np.ones(2), "shape (2,)", "must have 2 dimensions"),
    "three-dimensional": (np.ones((2, 2, 2)), "shape (2, 2, 2)", "must have 2 dimensions"),
    "empty": (np.zeros((0, 0)), "shape (0, 0)", "must not be empty"),
    "zero": (np.zeros((2, 2)), "singular", "must be invertible"),
    "singular": (np.ones((2, 2)), "singular", "add damping"),
    "singular to working precision": (np.array([[1, 1], [1, 1 + 3e-16]]), "singular", "must be invertible"),
    "nan": (np.array([[1, np.nan], [0, 1]]), "nan at [0, 1]", "must be finite"),
    "infinite": (np.array([[1, 0], [-np.inf, 1]]), "-inf at [1, 0]", "must be finite"),
    "beyond float64": (GOOD.astype(np.longdouble) * np.longdouble("1e4000"), "inf at [0, 0]", "must be finite"),
    "text": (np.array([["a", "b"], ["c", "d"]]), "<U1", "must be numbers"),
    "dates": (np.array([["2020", "2021"]], dtype="M8[Y]"), "datetime64", "must be numbers"),
    "fields": (np.zeros((2, 2), dtype=[("a", float)]), "[('a', '<f8')]", "must be numbers"),
    "huge": (GOOD * 1e300, "2e+300", "take other units"),
    "tiny": (GOOD * 1e-310, "2e-310", "take other units"),
}
RIGHT_HAND_SIDES = {
    "too long": (np.ones(3), "shape (3,)", "2 rows"),
    "rows for columns": (np.ones((1, 2)), "shape (1, 2)", "2 rows"),
    "no column": (np.ones((2, 0)), "shape (2, 0)", "must not be empty"),
    "three-dimensional": (np.ones((2, 1, 1)), "shape (2, 1, 1)", "1 or 2 dimensions"),
    "nan": (np.array([1, np.nan]), "nan at [1]", "must be finite"),
    "tiny column": (np.array([[1, 1e-310], [1, 0]]), "1e-310", "take other units"),
}
OPTIONS = {
    "--g-min=-1u": "above 0 siemens",
    "--g-min=0": "above 0 siemens",
    "--g-max=-100u": "above 0 siemens",
    "--g-min=200u": "must be below --g-max, 0.0001 S; were they swapped?",
    "--input-conductance=-1u": "greater than 0",
    "--inverter-resistance=-10k": "greater than 0",
    "--wire-resistance=-1.73": "at least 0",
    "--line-capacitance=-1f": "at least 0",
    "--output-resistance=-1": "greater than 0",
    "--gbwp=0": "greater than 0",
    "--open-loop-gain=0": "greater than 0",
    "--open-loop-gain=-1e5": "greater than 0",
    "--slew-rate=0": "greater than 0",
    "--second-pole=0": "greater than 0",
    "--input-capacitance=-1p": "at least 0",
    "--tolerance=0": "greater than 0",
    "--tolerance=1": "less than 1",
    "--tolerance=-0.01": "greater than 0",
    "--tolerance=nan": "must be a number",
    "--input-voltage=0": "greater than 0",
    "--rise-time=0": "greater than 0",
    "--timeout=0": "greater than 0",
    "--gbwp=10 apples": "must be a number in Hz, such as",
    "--gbwp=1e300": "between 1e-30 and 1e+30",
    "--opamp=741": "must be one of single-pole, cmos-100meg",
    "--engine=hspice": "must be one of ngspice",
    "--family=gauss": "must be one of spd, wishart, toeplitz, random",
    "--format=xml": "must be one of table, json",
    "--start=now": "must be one of rest, previous",
    "--size=0": "a whole number, 1 or more",
    "--size=-3": "a whole number, 1 or more",
    "--size=1.5": "a whole number, 1 or more",
    "--size=1e9": "at most 1024",
    f"--levels={'9' * 400}": "at most 38 digits",
    f"--gbwp={'9' * 5000}": "has 5000 characters",
    "--seed=-1": "a whole number, 0 or more",
    "--jobs=0": "a whole number, 1 or more",
    "--condition=0.5": "must be 1 or more",
    "--condition=1e17": "singular to working precision",
    "--gbw=3": "--gbwp",
}


@pytest.fixture
def solve(with_outputs, tmp_path):
    """`amc inv` or `mvm` on arrays, with every kind of output asked for; after a refusal none may be there."""

    def call(matrix=GOOD, vector=(1.0, 2.0), circuit="inv"):
        np.save(tmp_path / "A.npy", matrix)
        np.save(tmp_path / "b.npy", vector)
        return with_outputs(circuit, tmp_path / "A.npy", tmp_path / "b.npy")

    return call


@pytest.mark.parametrize("name", MATRICES)
def test_unusable_matrix_is_refused(solve, name):
    """A matrix that INV cannot take is refused by its name, with what it is and what it must be."""
    matrix, *words = MATRICES[name]
    solve(matrix).refused("A: got ", *words)


@pytest.mark.parametrize("name", RIGHT_HAND_SIDES)
def test_unusable_right_hand_side_is_refused(solve, name):
    """A right-hand side that does not go with A is refused by its name, b in INV and x in MVM."""
    vector, *words = RIGHT_HAND_SIDES[name]
    solve(vector=vector).refused("b: got ", *words)
    solve(vector=vector, circuit="mvm").refused("x: got ", *words)


@pytest.mark.parametrize("option", OPTIONS)
def test_unusable_option_is_refused(with_outputs, option):
    """A value that an option cannot take is refused by the option as it is typed, with the mend."""
    size = () if option.startswith("--size") else ("--size", "2")
    outcome = with_outputs("inv", *size, option)
    outcome.refused(option.split("=")[0], OPTIONS[option])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--size", 4, "--family", "wishart", "--condition", 5), ("--condition", "wishart", "family spd")),
        (("--size", 4, "--family", "toeplitz", "--condition", 5), ("--condition", "toeplitz", "family spd")),
        ((), ("--size", "a file of A, or a size")),
        (("a.npy", "b.npy", "--matrix-name", "A", "--condition", 3), ("--condition: got 3", "beside a file of A")),
        (("--size", 2, "--matrix-name", "A"), ("--matrix-name: got A", "without a file of A")),
        (("a.npy", "--rhs-name", "b"), ("--rhs-name: got b", "without a file of b")),
        (("a.npy", "b.npy", "--size", 3), ("--size: got 3", "beside a file of A")),
        (("a.npy", "b.npy", "--family", "spd"), ("--family: got spd", "beside a file of A")),
        (("a.npy", "b.npy", "c.npy"), ("c.npy",)),
        ((*SMALL, "--slew-rate", "1M"), ("--slew-rate", "single-pole", "take another")),
        (("--size", 2, "--fixed-scale=3"), ("--fixed-scale",)),
        (
            ("--size", 2, "--noise-bandwidth", "1M"),
            ("--noise-bandwidth: got 1M; has no effect without --noise; add it",),
        ),
        (("--size", 2, "--cross-check", "0.5"), ("--cross-check", "has no effect without --engine auto; add it")),
        (("--size", 2, "--inverter-resistance", "1M", "--tolerance", "3"), ("--tolerance",)),
    ],
)
def test_options_that_do_not_go_together_are_refused(with_outputs, arguments, words):
    """Options that make no sense together are refused with the name of one and a mend."""
    with_outputs("inv", *arguments).refused(*words)


def test_no_simulator_is_refused_with_the_mend(amc, tmp_path, monkeypatch):
    """Without any ngspice, inv, sweep and doctor end in exit code 2 and say what to install."""
    monkeypatch.delenv("AMC_NGSPICE", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(ngspice_binary, "LOCAL_COPY", tmp_path / "none")
    amc("inv", *SMALL).refused("ngspice: not found", "scripts/setup")
    (tmp_path / "s.toml").write_text('circuit = "inv"\nfixed.size = 2\n')
    amc("sweep", tmp_path / "s.toml", "--out", tmp_path / "out").refused("ngspice: not found", "scripts/setup")
    assert not (tmp_path / "out").exists()
    doctor = amc("doctor")
    assert doctor.code == 2
    assert "LACK ngspice: not found; run scripts/setup" in doctor.out


@pytest.mark.parametrize("wrong", ["/bin/true", "none/ngspice", ".", "text"])
def test_wrong_simulator_is_refused_by_its_variable(amc, tmp_path, monkeypatch, wrong):
    """AMC_NGSPICE that names another program, nothing, a folder or a text is refused with the variable's name."""
    (tmp_path / "text").write_text("no program")
    value = str(tmp_path / wrong)
    monkeypatch.setenv("AMC_NGSPICE", value)
    amc("inv", *SMALL).refused(f"AMC_NGSPICE: got {value}; it does not ", "unset it or set it")


@pytest.mark.parametrize("arguments", [("bogus",), ("netlist", "bogus"), ("sweep",), ("netlist", "inv", "--size", "2")])
def test_usage_error_is_one_line(amc, arguments):
    """An unknown command or a missing argument is said in one line."""
    amc(*arguments).refused("")


def test_a_circuit_beyond_the_memory_is_refused_before_any_work(monkeypatch):
    """A machine of 100 MB has no room for the modes of 2 x 400 amplifiers; the estimate comes first, so at once."""
    monkeypatch.setattr(memory.os, "sysconf", lambda name: 1 if name == "SC_PAGE_SIZE" else 100_000_000)
    with pytest.raises(ParameterError, match=r"size: got 400 rows; its linear circuit takes .* GB of memory"):
        InvCircuit.program(-np.eye(400))
    assert InvCircuit.program(np.eye(4)).design.size == 4
