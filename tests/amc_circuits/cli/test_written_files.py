"""Written files are named, and a result without use begins with its reason."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import ROOT, SMALL
from tests.forked import code, ended

SOLVE = ("inv", *SMALL, "--engine", "exact")
TRIALS = (*SOLVE, "--programming-error", "1u", "--monte-carlo", "3")
UNSTABLE = [[0.2, -1.0], [1.0, 0.2]]
"""Good eigenvalues, but real inverters make it grow."""


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (SOLVE, {"--plot": "p.png", "--save": "s.npz", "--output": "x.csv"}),
        (TRIALS, {"--plot": "p.png", "--save": "s.npz"}),
        (("stability", *SMALL), {"--plot": "p.png"}),
        (("opamp", "characterize", "cmos-100meg"), {"--plot": "p.png"}),
    ],
    ids=["inv", "monte carlo", "stability", "opamp"],
)
def test_every_written_file_is_named(amc, tmp_path, command, options):
    """Each file gets a line `wrote FILE`: on stdout, or on stderr where stdout holds JSON."""
    files = {option: tmp_path / name for option, name in options.items()}
    typed = [word for pair in files.items() for word in pair]
    lines = {f"wrote {file}" for file in files.values()}
    printed = amc(*command, *typed)
    assert printed.code == 0 and lines <= set(printed.out.splitlines())
    assert all(file.stat().st_size > 0 for file in files.values())
    pure = amc(*command, *typed, "--format", "json")
    assert lines == {line for line in pure.err.splitlines() if line.startswith("wrote ")}
    assert json.loads(pure.out)


def test_an_unstable_circuit_prints_its_reason_and_growth(amc, tmp_path):
    """The table has the growth of the circuit, no row without a value, and no file is named as written."""
    np.save(tmp_path / "A.npy", UNSTABLE)
    outcome = amc("inv", tmp_path / "A.npy", "--plot", tmp_path / "p.png", "-o", tmp_path / "x.csv")
    assert outcome.code == 3
    assert "amc: UNSTABLE: pole at" in outcome.err and "p.png is not written" in outcome.err
    assert "x.csv is not written" in outcome.err
    assert "fastest growing pole" in outcome.out and "settling time" not in outcome.out
    assert not [line for line in outcome.out.splitlines() if line.rstrip("│ ").endswith(" -")]
    assert "wrote" not in outcome.out + outcome.err


def test_the_reason_comes_before_the_table(tmp_path):
    """With both streams in one file the reason is above the table."""
    np.save(tmp_path / "A.npy", UNSTABLE)
    done = subprocess.run(
        [sys.executable, "-m", "amc_circuits", "inv", tmp_path / "A.npy"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert done.stdout.index("amc: UNSTABLE") < done.stdout.index("growing poles")


def test_the_package_runs_as_a_module(amc):
    """`python -m amc_circuits` has the output and exit codes of `amc`."""
    wanted = amc("inv", *SMALL, "--engine", "exact", "--gain", "3")
    command = [sys.executable, "-m", "amc_circuits", "inv", *SMALL, "--engine", "exact", "--gain", "3"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (wanted.code, wanted.out, wanted.err)
    assert "--open-loop-gain" in done.stderr
    version = subprocess.run([*command[:3], "--version"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert version.stdout == amc("--version").out


@pytest.mark.parametrize(("given", "code"), [(["--plot", "x.png"], 0), (["--size", "0"], 2)])
def test_streams_may_be_closed(given, code, tmp_path):
    """By a shell's `>&-`: exit code and files are the same, and nothing is printed into a file with their number."""
    module = [sys.executable, "-m", "amc_circuits", "inv", *SMALL, "--engine", "exact", *given]
    command = f"{shlex.join(module)} <&- >&- 2>&-"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == code
    assert [path.read_bytes()[:8] for path in tmp_path.iterdir()] == [b"\x89PNG\r\n\x1a\n"] * (code == 0)


def printed(*words, folder):
    """Code and stderr of `amc` whose stdout is ASCII, and what it printed there."""
    known = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii:strict"}
    command = [sys.executable, "-m", "amc_circuits", *words]
    done = subprocess.run(command, cwd=folder, env=known, capture_output=True, check=False)
    return done.returncode, done.stderr.decode(), done.stdout.decode("ascii")


def test_signs_that_stdout_lacks_are_no_fault(tmp_path):
    """A rule of a table is of ASCII; a name of a file is printed by numbers."""
    (tmp_path / "s.toml").write_text('circuit = "inv"\n[fixed]\nengine = "exact"\nsize = 2\n', encoding="utf-8")
    code, err, out = printed("sweep", "s.toml", "--out", "größe", folder=tmp_path)
    assert (code, "Traceback" in err) == (0, False) and "gr\\xf6\\xdfe" in out
    code, err, out = printed("table", "größe", folder=tmp_path)
    assert (code, err) == (0, "") and "\n-----" in out


def test_a_full_disk_is_named_without_a_number(tmp_path):
    """As for other errors, in one line with exit code 2."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "amc_circuits", "opamp", "list"]
        known = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=tmp_path, env=known, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (2, b"amc: No space left on device\n")


FULL = """
import resource, sys
sys.dont_write_bytecode = True
from amc_circuits.cli.start import main
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
main()
"""
NETWORK = "layers = [{inputs = 3, outputs = 8}]\n[arrays]\nblock_size = 16\nsizes = [8, 16]\nseeds = 1\n"
TRAINING = 'dataset = "digits"\n'


@pytest.mark.parametrize(
    "command",
    [
        "inv --size 20 --engine exact --save s.npz",
        "inv --size 2 --engine exact --plot s.png",
        "netlist inv --size 9 --output s.cir",
        "step-cost net.toml --plot s.png",
        "train train.toml --out s",
        "analog-train --algorithm analog-sgd --epochs 1 --out s",
    ],
)
def test_what_cannot_be_written_to_its_end_is_named(tmp_path, command):
    """Files end at 1000 bytes here, as on a full disk: one line with option and file, and no part of a file stays."""
    (tmp_path / "net.toml").write_text(NETWORK, encoding="utf-8")
    (tmp_path / "train.toml").write_text(TRAINING, encoding="utf-8")
    words = command.split()
    done = ended(code, FULL, *words, folder=tmp_path)
    assert (done.code, done.err) == (2, f"amc: {words[-2]}: got {words[-1]}; cannot be written: File too large\n")
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix in {".npz", ".png", ".cir"}]
    assert left == []
