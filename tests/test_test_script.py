"""scripts/test: which of its arguments are its own, and that nothing that fails is passed over."""

import shutil
import subprocess

import pytest

from tests.command_line import ROOT

TOOLS = ("ruff", "mypy", "lint-imports", "python")


@pytest.fixture
def script(tmp_path):
    """Runs the script in a folder whose tools note what they are asked, and fail if they are to."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "test", tmp_path / "scripts")
    for place in (tmp_path / "scripts" / "setup", *(tmp_path / ".venv" / "bin" / tool for tool in TOOLS)):
        place.write_text(f'#!/bin/sh\necho "{place.name} $*" >> {tmp_path}/asked\n[ "$FAILS" != {place.name} ]\n')
        place.chmod(0o755)

    def run(*arguments, fails=""):
        environment = {"PATH": "/usr/bin:/bin", "FAILS": fails}
        command = [tmp_path / "scripts" / "test", *arguments]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return ended.returncode, (tmp_path / "asked").read_text().splitlines()

    return run


def test_all_of_it_is_run(script):
    """Set-up with the browser for pages, format, lint, types, layers, tests, in this order."""
    code, asked = script()
    assert code == 0
    assert [line.split()[:2] for line in asked[:3]] == [["setup", "--browser"], ["ruff", "format"], ["ruff", "check"]]
    assert [line.split()[0] for line in asked[3:]] == ["mypy", "lint-imports", "python"]
    assert "-m quick" not in asked[-1]


def test_quick_is_its_own_and_all_else_is_pytest_s(script, tmp_path):
    """Wherever it stands, and only files with quick tests are collected; words with blanks stay one."""
    _, asked = script("-k", "settling", "--quick", "--maxfail=1")
    assert asked[0].strip() == "setup" and len(asked) == 6
    assert asked[-1].endswith("-k settling -m quick --maxfail=1")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("pytestmark = pytest.mark.quick\n")
    (tmp_path / "tests" / "test_b.py").write_text("")
    assert script("--quick")[1][-1].endswith(" -m quick tests/test_a.py")
    _, asked = script("-k", "one or two", "--unknown")
    assert asked[-1].endswith("-k one or two --unknown") and "quick" not in asked[-1]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_part_that_fails_is_not_passed_over(script, tool):
    """The others run all the same; the exit code is 1."""
    code, asked = script("--quick", fails=tool)
    assert code == 1 and [line.split()[0] for line in asked] == [
        "setup",
        "ruff",
        "ruff",
        "mypy",
        "lint-imports",
        "python",
    ]


def test_without_set_up_nothing_is_tested(script):
    """Exit code 2."""
    assert script(fails="setup") == (2, ["setup --browser"])
