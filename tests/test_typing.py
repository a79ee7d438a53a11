"""A user's type checker knows the installed package: no `Any` in place of a record, and wrong names are errors."""

import re
import subprocess
import sys
import sysconfig
import venv
import zlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "tests" / "typed_script.py"
REVEALED = re.compile(r'script\d+\.py:(\d+): note: Revealed type is "(.*)"')
MODULES = re.compile(r"\b(?:[a-z_0-9]+\.)+(?=[A-Za-z])")


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of a fresh environment that holds the wheel, and finds what it depends on."""
    folder = tmp_path_factory.mktemp("typed")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    site = next((folder / "venv").glob("lib/python*/site-packages"))
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", site, wheel]
    subprocess.run(install, check=True, capture_output=True)
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "venv" / "bin" / "python"


def checked(python, folder, text):
    """Lines that `mypy --strict` prints for a user's script, which lies in an empty folder."""
    name = f"script{zlib.crc32(text.encode())}.py"  # mypy's cache takes equal names of one size and second for one file
    (folder / name).write_text(text)
    options = ["--strict", "--config-file", "", "--cache-dir", str(python.parent / "cache"), "--show-error-codes"]
    command = [sys.executable, "-m", "mypy", *options, "--python-executable", str(python), name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"PATH": ""})
    return done.stdout + done.stderr


def test_a_script_is_typed_through(python, tmp_path):
    """Each expression has the type in the comment of its line, and there is no error."""
    text = SCRIPT.read_text(encoding="utf-8")
    printed = checked(python, tmp_path, text)
    wanted = {
        number: line.partition("  # ")[2]
        for number, line in enumerate(text.splitlines(), 1)
        if line.startswith("reveal_type(")
    }
    found = {int(line): MODULES.sub("", revealed) for line, revealed in REVEALED.findall(printed)}
    assert found == wanted
    assert "error:" not in printed, printed


WRONG = {
    "InvCircuit.program([[1.0]], opmap='ad823')": 'Unexpected keyword argument "opmap"',
    "InvCircuit.program([[1.0]], tolerance='1 %')": 'Argument "tolerance"',
    "InvCircuit.program([[1.0]], pair='both')": 'Argument "pair"',
    "InvCircuit.program([[1.0]]).solve([1.0], 3)": "Too many",
    "InvCircuit.program([[1.0]]).solve([1.0]).satus": '"Solution" has no attribute "satus"',
    "amc_circuits.Solutoin": 'Module has no attribute "Solutoin"',
    "netlists.Arrray": 'Module has no attribute "Arrray"',
    "optimizer.trian": 'Module has no attribute "trian"',
}
"""Lines of a user, and their errors."""


def test_a_wrong_name_is_an_error(python, tmp_path):
    """Keywords, values, attributes and names of the packages are checked: each of these lines has its error alone."""
    imports = "import amc_circuits\nimport netlists\nimport optimizer\nfrom amc_circuits import InvCircuit\n"
    printed = checked(python, tmp_path, imports + "".join(f"print({line})\n" for line in WRONG))
    found = dict(re.findall(r"script\d+\.py:(\d+): error: (.*)", printed))
    assert len(found) == printed.count("error: ") == len(WRONG), printed
    for number, (line, error) in enumerate(WRONG.items(), start=5):
        assert error in found[str(number)], line
