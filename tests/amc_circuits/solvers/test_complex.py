"""Complex systems: solved as real ones of twice the size, and complex again in every answer."""

import base64
import json
import re

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit, Status
from amc_circuits.files.array_files import load_array
from amc_circuits.linear.noise import noise
from amc_circuits.solvers.output_noise import relative_noise
from tests.amc_circuits.plain_ngspice import printed_settling_times
from tests.cases import spd_matrix
from tests.comparators import assert_close

SIZE = 3
RANDOM = np.random.default_rng(7)
HERMITIAN = spd_matrix(SIZE, 4, 3) + 0.15j * (np.triu(np.ones((SIZE, SIZE)), 1) - np.tril(np.ones((SIZE, SIZE)), -1))
REAL = spd_matrix(SIZE, 4, 3)
B = RANDOM.uniform(-1, 1, SIZE) + 1j * RANDOM.uniform(-1, 1, SIZE)
OBLONG = RANDOM.uniform(-1, 1, (4, SIZE)) + 1j * RANDOM.uniform(-1, 1, (4, SIZE))


def embedded(matrix):
    """`[[Re, -Im], [Im, Re]]`."""
    return np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])


def stacked(vector):
    """`[Re; Im]`."""
    return np.concatenate([vector.real, vector.imag])


def error(value, wanted):
    """2-norm, relative."""
    return np.linalg.norm(value - wanted) / np.linalg.norm(wanted)


@pytest.mark.parametrize("engine", ["exact", "ngspice", "auto"])
@pytest.mark.parametrize("b", [B, B.real], ids=["complex b", "real b"])
def test_a_complex_system_is_a_real_one_of_twice_the_size(engine, b):
    """X is NumPy's; error and residual are those of complex numbers; all else is that of the real circuit."""
    circuit, real = InvCircuit.program(HERMITIAN, engine=engine), InvCircuit.program(embedded(HERMITIAN), engine=engine)
    assert circuit.design.sha256 == real.design.sha256
    solution, other = circuit.solve(b), real.solve(stacked(b))
    wanted = np.linalg.solve(HERMITIAN, b)
    assert solution.status is Status.SETTLED
    assert solution.value.shape == (SIZE,) and solution.value.dtype == np.complex128
    assert_close(solution.value, wanted, absolute=1e-3 * np.abs(wanted).max())
    assert solution.relative_error == pytest.approx(error(solution.value, wanted), rel=1e-9)
    assert solution.residual == pytest.approx(error(HERMITIAN @ solution.value, b), rel=1e-9)
    assert_close(stacked(solution.value), other.value, relative=1e-12)
    for name in ("settling_time", "overshoot", "peak_output_current"):
        assert getattr(solution, name) == getattr(other, name), name
    assert solution.energy == other.energy
    assert solution.time_to_bits(6) == other.time_to_bits(6)
    assert_close(circuit.steady(b), solution.value, absolute=1e-3 * np.abs(wanted).max())


@pytest.mark.parametrize("kind", ["inv", "mvm"])
def test_a_real_matrix_takes_complex_vectors_as_two_real_ones(kind):
    """Cells and amplifiers are those of A; time and energy are the sums of both solves, worst counts for the rest."""
    real = InvCircuit.program(REAL, engine="exact") if kind == "inv" else None
    circuit = real or MvmCircuit.program(OBLONG.real, engine="exact")
    solve, wanted = (
        (circuit.solve, np.linalg.solve(REAL, B)) if kind == "inv" else (circuit.matvec, OBLONG.real @ B)
    )  # fmt: skip
    vectors = np.stack([B, B.real, 1j * B.imag, 0 * B], axis=1)
    solution, parts = solve(vectors), solve(np.stack([B.real, B.imag], axis=1))
    assert_close(solution.value[:, 0], wanted, absolute=1e-3 * np.abs(wanted).max())
    assert_close(solution.value[:, 0], solution.value[:, 1] + solution.value[:, 2], absolute=1e-9)
    assert (solution.value[:, 3] == 0).all()
    assert len(solution.statuses) == 4 and len(solution.responses) == len(solution.attempts) == 8
    times, both = solution.settling_time, parts.settling_time
    assert_close(times[:3], [both.sum(), both[0], both[1]], relative=1e-9)
    assert np.isnan(times[3])
    assert_close(solution.energy.total[0], parts.energy.total.sum(), relative=1e-9)
    assert solution.overshoot[0] == pytest.approx(parts.overshoot.max(), rel=1e-9)
    assert solution.peak_output_current[0] == pytest.approx(parts.peak_output_current.max(), rel=1e-9)
    assert_close(solution.time_to_bits(6)[:3], [parts.time_to_bits(6).sum(), *parts.time_to_bits(6)], relative=1e-9)
    assert solution.relative_error[0] == pytest.approx(error(solution.value[:, 0], wanted), rel=1e-9)
    single = solve(B)
    assert single.value.shape == wanted.shape and isinstance(single.settling_time, float)
    assert_close(circuit.steady(B), wanted, absolute=1e-3 * np.abs(wanted).max())


def test_a_complex_product():
    """4 x 3, complex and real vectors, by exact and ngspice."""
    for engine in ("exact", "ngspice"):
        circuit = MvmCircuit.program(OBLONG, engine=engine)
        solution = circuit.matvec(np.stack([B, B.real], axis=1))
        wanted = OBLONG @ np.stack([B, B.real], axis=1)
        assert circuit.design.shape == (8, 6)
        assert_close(solution.value, wanted, absolute=1e-3 * np.abs(wanted).max())
        assert np.isnan(solution.residual).all()


def test_complex_numbers_without_an_imaginary_part_are_real():
    """The circuit is that of the real matrix."""
    design = InvCircuit.program(REAL + 0j).design
    assert design.sha256 == InvCircuit.program(REAL).design.sha256


def test_noise_of_a_complex_answer():
    """`sqrt(E ||dx||^2)/||x||` is that of the real system; of two real solves the squares add."""
    circuit, real = (InvCircuit.program(matrix, engine="exact") for matrix in (HERMITIAN, embedded(HERMITIAN)))
    one, other = circuit.solve(B), real.solve(stacked(B))
    assert relative_noise(circuit, one) == pytest.approx(relative_noise(real, other), rel=1e-9)
    circuit = InvCircuit.program(REAL, engine="exact")
    solution = circuit.solve(B)
    volts = noise(circuit.circuit).norm * abs(circuit.gain)
    squares = sum((volts / attempts[-1].scale) ** 2 for attempts in solution.attempts)
    assert relative_noise(circuit, solution) == pytest.approx(
        np.sqrt(squares) / np.linalg.norm(solution.value), rel=1e-9
    )


def test_noise_of_a_scaled_answer():
    """Every x_i has the noise of its output times its own factor."""
    matrix = REAL * np.outer([1, 20, 3], [1, 20, 3])
    circuit = InvCircuit.program(matrix, scaling="diagonal", engine="exact")
    solution = circuit.solve(B.real)
    per_x = noise(circuit.circuit).sigma * abs(circuit.gain) / np.sqrt(np.diag(matrix)) / solution.attempts[0][-1].scale
    wanted = np.linalg.norm(per_x) / np.linalg.norm(solution.value)
    assert relative_noise(circuit, solution) == pytest.approx(wanted, rel=1e-9)


@pytest.fixture
def files(tmp_path):
    """A complex system in two files."""
    np.save(tmp_path / "A.npy", HERMITIAN)
    (tmp_path / "b.csv").write_text("\n".join(f"{value.real!r}{value.imag:+}i" for value in B.tolist()))
    return tmp_path / "A.npy", tmp_path / "b.csv"


def test_the_command_prints_and_writes_complex_numbers(amc, files, tmp_path):
    """JSON has lists re and im, the table one line, the file complex numbers."""
    wanted = np.linalg.solve(HERMITIAN, B)
    command = ("inv", *files, "--engine", "exact", "-o", tmp_path / "x.csv")
    outcome = amc(*command, "--format", "json")
    assert (outcome.code, outcome.err) == (0, f"wrote {tmp_path / 'x.csv'}\n")
    x = np.array(outcome.json["x"]["re"]) + 1j * np.array(outcome.json["x"]["im"])
    assert_close(x, wanted, absolute=1e-3 * np.abs(wanted).max())
    assert (outcome.json["size"], outcome.json["complex"]) == (SIZE, True)
    assert (load_array("x", tmp_path / "x.csv", (1,)) == x).all()
    table = amc(*command).out
    assert table.startswith(f"INV {SIZE} x {SIZE} complex: SETTLED")
    assert table.splitlines()[-2] == f"x = {', '.join(f'{value:.4g}' for value in x)}"


def test_pictures_name_real_and_imaginary_parts(amc, files, tmp_path):
    """Pictures show all outputs of a complex matrix, and the drawn part's of a real one; also from a saved file."""
    saved = tmp_path / "s.npz"
    amc("inv", *files, "--engine", "exact", "--save", saved, "--plot", tmp_path / "p.svg")
    assert amc("plot", saved, "-o", tmp_path / "q.svg").code == 0
    for name in ("p.svg", "q.svg"):
        text = (tmp_path / name).read_text()
        assert re.findall(r">((?:Re|Im) x\d)<", text) == ["Re x1", "Re x2", "Re x3", "Im x1", "Im x2", "Im x3"]
        assert "3 x 3 complex" in text
    np.save(tmp_path / "R.npy", REAL)
    amc("inv", tmp_path / "R.npy", files[1], "--engine", "exact", "--save", saved)
    assert amc("plot", saved, "--rhs", 2, "-o", tmp_path / "q.svg").code == 0
    assert re.findall(r">((?:Re|Im) x\d)<", (tmp_path / "q.svg").read_text()) == ["Im x1", "Im x2", "Im x3"]
    for more in ("--array", "--error"):
        assert amc("plot", saved, more, "-o", tmp_path / "r.svg").code == 0


def test_a_notebook_names_real_and_imaginary_parts():
    """In the picture of a solution."""
    page = InvCircuit.program(HERMITIAN, engine="exact").solve(B)._repr_html_()
    picture = base64.b64decode(re.search(r"base64,([^\"]+)", page)[1]).decode()
    assert re.findall(r">((?:Re|Im) x\d)<", picture) == ["Re x1", "Re x2", "Re x3", "Im x1", "Im x2", "Im x3"]


def test_the_deck_is_that_of_the_real_system(amc, files, tmp_path):
    """Plain ngspice prints for it the settling time that `amc inv` measures."""
    assert amc("netlist", "inv", *files, "-o", tmp_path / "deck.cir").code == 0
    measured = amc("inv", *files, "--format", "json").json["settling_time_s"]
    assert printed_settling_times(tmp_path / "deck.cir", tmp_path) == {1: pytest.approx(measured, rel=0.01)}


def test_stability_cost_and_monte_carlo_take_complex_systems(amc, files):
    """Poles of the real circuit, digital work of the complex one, trials that settle."""
    stability = amc("stability", files[0], "--format", "json").json
    poles = np.array(stability["poles_per_s"]) @ [1, 1j]
    wanted = InvCircuit.program(embedded(HERMITIAN)).stability.poles
    assert_close(np.sort_complex(poles), np.sort_complex(wanted), relative=1e-9)
    assert stability["size"] == SIZE
    cost = amc("cost", *files, "--engine", "exact", "--dac-bits", 8, "--format", "json").json
    assert cost["digital_energy_j"] == pytest.approx(4.6e-12 * 4 * (SIZE**3 / 3 + SIZE**2), rel=1e-9)
    assert cost["energy_j"]["dac"] == pytest.approx(2 * SIZE * 8 * 40.5e-15, rel=1e-3)
    chance = ("--programming-error", "0.5u", "--monte-carlo", 5, "--engine", "exact", "--format", "json")
    trials = amc("inv", *files, *chance).json
    assert trials["statuses"] == {"SETTLED": 5}
    assert 1e-4 < trials["figures"]["relative_error"]["median"] < 0.2


def test_a_complex_matrix_is_programmed_into_cells(amc, files, tmp_path):
    """`amc program` writes 2N x 2N cells an array, and `--conductances` takes them for this matrix alone."""
    cells = tmp_path / "cells.npz"
    outcome = amc("program", files[0], "-o", cells, "--format", "json")
    assert (outcome.json["size"], outcome.json["cells"]) == ([SIZE, SIZE], 2 * (2 * SIZE) ** 2)
    solved = amc("inv", *files, "--conductances", cells, "--engine", "exact", "--format", "json")
    assert solved.code == 0
    assert 1e-4 < solved.json["relative_error"] < 0.3
    np.save(tmp_path / "other.npy", HERMITIAN.conj())
    amc("inv", tmp_path / "other.npy", files[1], "--conductances", cells).refused("--conductances", "another matrix")


def test_a_sweep_takes_complex_systems(sweep, amc, files, tmp_path):
    """Rows have the error of complex numbers."""
    fixed = f'circuit = "inv"\n[fixed]\nengine = "exact"\nmatrix = "{files[0]}"\nrhs = "{files[1]}"\n'
    assert sweep(fixed + '[grid]\ngbwp = ["50M", "100M"]\n', "--waveforms").code == 0
    assert amc("plot", tmp_path / "out", "--row", 0, "-o", tmp_path / "p.svg").code == 0
    assert "Im x3" in (tmp_path / "p.svg").read_text()
    rows = json.loads(amc("table", tmp_path / "out", "--format", "json").out)
    alone = amc("inv", *files, "--engine", "exact", "--gbwp", "50M", "--format", "json").json
    assert rows[0]["relative_error"] == alone["relative_error"]
    assert [row["complex"] for row in rows] == [True, True]
