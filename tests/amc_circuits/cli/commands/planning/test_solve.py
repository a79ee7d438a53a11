"""`amc solve`: plan, result, files; a run that was killed goes on."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest

QUICK = ("--size", 8, "--condition", 5, "--levels", 16, "--engine", "exact")


def test_solve_prints_plan_and_result(amc):
    """The plan with its reasons, predictions beside results, exit code 0."""
    outcome = amc("solve", *QUICK)
    assert outcome.code == 0
    assert outcome.out.startswith("Plan: INV, 16 levels\n")
    assert "predicted: error of one pass" in outcome.out
    assert "Solve to 24 bits: CONVERGED" in outcome.out


def test_json_has_the_answer_and_the_plan(amc, tmp_path):
    """The x is that of the files within the bits; the plan names circuit, cycles, energy."""
    matrix, b = np.array([[2.0, -0.5], [-0.5, 1.0]]), np.array([[1.0, 0.0, 2.0], [0.5, 1.0, -1.0]])
    np.save(tmp_path / "A.npy", matrix)
    np.save(tmp_path / "b.npy", b)
    files = (tmp_path / "A.npy", tmp_path / "b.npy")
    outcome = amc("solve", *files, "--bits", 20, "--format", "json", "--output", tmp_path / "x.csv")
    found = json.loads(outcome.out)
    assert outcome.code == 0
    assert found["statuses"] == ["CONVERGED"] * 3
    np.testing.assert_allclose(found["x"], np.linalg.solve(matrix, b), atol=2e-6)
    np.testing.assert_allclose(np.loadtxt(tmp_path / "x.csv", delimiter=","), found["x"])
    assert min(found["bits"]) >= 20
    assert found["plan"]["circuit"] == "inv"
    assert found["plan"]["energy_j"] > 0
    assert len(found["history"]) == 1 + max(found["cycles"])


def test_plan_alone_solves_nothing(amc, tmp_path):
    """It prints the plan, and refuses files of results."""
    outcome = amc("solve", *QUICK, "--plan", "--format", "json")
    assert json.loads(outcome.out)["levels"] == 16
    outcome = amc("solve", *QUICK, "--plan", "--plot", tmp_path / "p.png")
    assert outcome.code == 2
    assert "--plot" in outcome.err


def test_the_picture_is_written(amc, tmp_path):
    """Bits over cycles."""
    outcome = amc("solve", *QUICK, "--plot", tmp_path / "p.svg")
    assert outcome.code == 0
    assert "bits of the residual" in (tmp_path / "p.svg").read_text()


def test_a_pass_is_drawn_step_by_step(amc, tmp_path):
    """Of blocks every step by its name, of one circuit its outputs; a right-hand side of zeros is refused at once."""
    for circuit, text in (("blocks", "4 MVM of A2"), ("inv", "output 8")):
        file = tmp_path / f"{circuit}.svg"
        outcome = amc("solve", *QUICK, "--circuit", circuit, "--bits", 8, "--plot-pass", file)
        assert outcome.code == 0 and str(file) in outcome.out
        assert text in file.read_text()
    np.save(tmp_path / "A.npy", np.eye(2))
    np.save(tmp_path / "b.npy", np.zeros(2))
    outcome = amc("solve", tmp_path / "A.npy", tmp_path / "b.npy", "--plot-pass", tmp_path / "z.png")
    assert outcome.code == 2 and "--plot-pass" in outcome.err
    assert not (tmp_path / "z.png").exists()


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (("--most-levels", 8, "--device", "taox-40nm-8level", "--max-cycles", 3), 3, "no circuit of the plan"),
        (("--array-limit", 4, "--circuit", "inv"), 2, "--array-limit"),
        (("--bits", 99), 2, "--bits"),
        (("--circuit", "egv"), 2, "--circuit"),
        (("--shift", "x"), 2, "--shift"),
    ],
    ids=lambda value: "",
)
def test_what_cannot_be_solved_ends_in_one_line(amc, options, code, text):
    """With the option, and no traceback."""
    outcome = amc("solve", "--size", 8, *options)
    assert outcome.code == code
    assert len(outcome.err.splitlines()) == 1
    assert text in outcome.err


def test_a_killed_run_loses_nothing_that_was_reported(amc, tmp_path):
    """After SIGKILL the parts that were reported are there, the run goes on, and the answer is that of one run."""
    np.save(tmp_path / "A.npy", np.diag([1.0, 2.0, 4.0]) + 0.3)
    np.save(tmp_path / "b.npy", np.random.default_rng(0).uniform(-1, 1, (3, 20)))
    arguments = [str(tmp_path / "A.npy"), str(tmp_path / "b.npy"), "--engine", "exact", "--format", "json"]
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "amc_circuits", "solve", *arguments, "--out", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr.readline() == "amc: part 1 of 3 is done\n"
        process.send_signal(signal.SIGKILL)
    first = (folder / "part-00000.npz").stat().st_mtime_ns
    again, whole = amc("solve", *arguments, "--out", folder), amc("solve", *arguments)
    assert (folder / "part-00000.npz").stat().st_mtime_ns == first
    found, wanted = json.loads(again.out), json.loads(whole.out)
    np.testing.assert_allclose(found["x"], wanted["x"], rtol=1e-6)
    assert found["statuses"] == wanted["statuses"] == ["CONVERGED"] * 20
    each = np.array(found["time_s"]) / found["cycles"]
    np.testing.assert_allclose(each, each[0])  # one circuit: a cycle costs the same in every part
    np.testing.assert_allclose(each[0], wanted["time_s"][0] / wanted["cycles"][0], rtol=0.3)
    with np.load(folder / "part-00001.npz") as stored:
        whole = dict(stored)
    of_nobody = whole | {"status": np.array(["NO_SUCH_STATUS"] * 8)}
    without_cost = {name: one for name, one in whole.items() if not name.startswith("cost_")}
    for content in (of_nobody, without_cost):
        np.savez(folder / "part-00001.npz", **content)
        damaged = amc("solve", *arguments, "--out", folder)
        assert damaged.code == 2
        assert "part-00001.npz" in damaged.err and "remove it" in damaged.err
    other = amc("solve", *arguments, "--bits", 10, "--out", folder)
    assert other.code == 2
    assert "another solve" in other.err
