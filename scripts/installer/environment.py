"""The virtual environment `.venv` with the project installed in it, editable, with its tools."""

import hashlib
import platform
import shutil
import sys
from pathlib import Path

from installer.progress import Pip, reporting
from installer.steps import CommandError, SetupError, run, say

STAMP = "amc-installed"
UNFINISHED = "amc-unfinished"
DESCRIBE_PYTHON = """
import importlib.util, sys
print(*sys.version_info[:2], sys.prefix)
sys.exit(importlib.util.find_spec("pip") is None)
"""


def is_current(root: Path) -> bool:
    """True when the environment works and was finished for this project file, this folder and its present Python."""
    stamp = root / ".venv" / STAMP
    return stamp.is_file() and (root / ".venv/bin/amc").is_file() and stamp.read_text() == fingerprint(root)


def fingerprint(root: Path) -> str:
    """Hash of all that the environment depends on: the project file, the environment's Python and its folder."""
    described = _describe_python(root / ".venv") or "none"
    return hashlib.sha256((root / "pyproject.toml").read_bytes() + described.encode()).hexdigest()


def make(root: Path, lock: int) -> None:
    """Makes the environment, or brings it up to date.

    Args:
        root: The project's folder.
        lock: Descriptor of the lock, which pip keeps if this program is killed while pip runs on.

    Raises:
        SetupError: The environment cannot be made, or pip fails.
    """
    venv = root / ".venv"
    (venv / STAMP).unlink(missing_ok=True)
    if not is_usable(venv):
        _create(venv)
    unfinished = venv / UNFINISHED
    unfinished.touch()
    say("installing the project and its tools into .venv (pip; one to four minutes the first time)")
    quiet = ("--progress-bar", "off", "--disable-pip-version-check")
    command = [str(venv / "bin" / "python"), "-m", "pip", "install", *quiet, "--editable", f"{root}[dev]"]
    activity = Pip(venv)
    try:
        with reporting("pip", activity):
            run(command, keep_open=(lock,), on_line=activity)
    except CommandError as error:
        unfinished.unlink()
        mend = f'.venv/bin/python -m pip install --editable "{root}[dev]"'
        raise SetupError(
            f"{error}\npip could not install the project (see above; is there a network?). By hand: {mend}"
        ) from error
    (venv / STAMP).write_text(fingerprint(root))
    unfinished.unlink()
    say("installed: .venv/bin/amc")


def is_usable(venv: Path) -> bool:
    """True for an environment to build upon: its Python and pip work, it was not moved, no setup was cut off in it."""
    if not venv.exists():
        return False
    if (venv / UNFINISHED).exists():
        say(".venv was left half made; making it anew")
        return False
    pip = venv / "bin" / "pip"
    if _describe_python(venv) is None or not (pip.is_file() and str(venv) in pip.read_text()):
        say(".venv does not work, or was moved here; making it anew")
        return False
    return True


def _describe_python(venv: Path) -> str | None:
    """Version and folder of the environment's Python; None when it does not run, or has no pip."""
    try:
        return run([venv / "bin" / "python", "-c", DESCRIBE_PYTHON])
    except CommandError:
        return None


def _create(venv: Path) -> None:
    """Makes an empty environment with pip from the Python that runs this program."""
    say(f"making .venv with Python {platform.python_version()}")
    python = getattr(sys, "_base_executable", sys.executable)
    try:
        with reporting("making it"):
            run([python, "-m", "venv", "--clear", venv])
    except CommandError as error:
        shutil.rmtree(venv, ignore_errors=True)
        mend = "On Debian and Ubuntu, type: apt-get install python3-venv"
        raise SetupError(f"{error}\n{python} cannot make a virtual environment. {mend}") from error
