"""A user's type checker knows the installed package: no `Any` in place of a record, and wrong names are errors."""

import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "tests" / "typed_script.py"
REVEALED = re.compile(r'right\.py:(\d+): note: Revealed type is "(.*)"')
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


@pytest.fixture(scope="module")
def printed(python, tmp_path_factory):
    """Lines that `mypy --strict` prints for two scripts of a user, which lie alone in a folder; by script."""
    folder = tmp_path_factory.mktemp("scripts")
    imports = "import amc_circuits\nimport netlists\nimport optimizer\nfrom amc_circuits import InvCircuit\n"
    (folder / "right.py").write_text(SCRIPT.read_text(encoding="utf-8"))
    (folder / "wrong.py").write_text(imports + "".join(f"print({line})\n" for line in WRONG))
    options = ["--strict", "--config-file", "", "--cache-dir", "/dev/null", "--show-error-codes"]
    command = [sys.executable, "-m", "mypy", *options, "--python-executable", str(python), "right.py", "wrong.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"PATH": ""})
    assert done.stderr == ""
    *lines, summary = done.stdout.splitlines()
    assert summary.startswith(f"Found {len(WRONG)} errors in 1 file "), done.stdout
    return {name: "\n".join(line for line in lines if line.startswith(f"{name}.py:")) for name in ("right", "wrong")}


def test_a_script_is_typed_through(printed):
    """Each expression has the type in the comment of its line, and there is no error."""
    text = SCRIPT.read_text(encoding="utf-8")
    wanted = {
        number: line.partition("  # ")[2]
        for number, line in enumerate(text.splitlines(), 1)
        if line.startswith("reveal_type(")
    }
    found = {int(line): MODULES.sub("", revealed) for line, revealed in REVEALED.findall(printed["right"])}
    assert found == wanted
    assert "error:" not in printed["right"], printed


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


def test_a_wrong_name_is_an_error(printed):
    """Keywords, values, attributes and names of the packages are checked: each of these lines has its error alone."""
    found = dict(re.findall(r"wrong\.py:(\d+): error: (.*)", printed["wrong"]))
    assert len(found) == printed["wrong"].count("error: ") == len(WRONG), printed
    for number, (line, error) in enumerate(WRONG.items(), start=5):
        assert error in found[str(number)], line
