"""Executable of ngspice, its version, and its KLU."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

OLDEST = 39
"""Version with which the circuits were tested; no older one was tried."""
VARIABLE = "AMC_NGSPICE"
LOCAL_COPY = Path(".ngspice/bin/ngspice")
MEND = f"run scripts/setup, install ngspice with your package manager, or set {VARIABLE} to its path"


class EngineNotFoundError(ValueError):
    """No usable simulator on this machine.

    Attributes:
        problem: Program that was examined, and its defect.
        mend: Action that mends it.
    """

    def __init__(self, problem: str, mend: str = MEND) -> None:
        self.problem, self.mend = problem, mend
        super().__init__(f"{problem}; {mend}")


@dataclass(frozen=True)
class NgspiceBinary:
    """An executable that was asked who it is.

    Attributes:
        path: Path of the executable.
        version: Such as `46`.
        klu: True when KLU is built in.
    """

    path: Path
    version: str
    klu: bool

    @property
    def number(self) -> int:
        """The version's first number; 0 where it has none."""
        found = re.match(r"\d+", self.version)
        return int(found[0]) if found else 0


def candidates() -> list[Path]:
    """Where ngspice is looked for, in order: AMC_NGSPICE alone if set, else a project-local copy, then the PATH."""
    if named := os.environ.get(VARIABLE):
        return [Path(shutil.which(named) or named)]
    on_path = shutil.which("ngspice")
    found = [Path(__file__).resolve().parents[3] / LOCAL_COPY, *([Path(on_path)] if on_path else [])]
    return [path for path in found if path.is_file()]


def find_ngspice() -> NgspiceBinary:
    """The first usable ngspice.

    Raises:
        EngineNotFoundError: There is none, or what `AMC_NGSPICE` names is no ngspice.
    """
    paths = candidates()
    if not paths:
        raise EngineNotFoundError("ngspice: not found")
    return _identify(paths[0])


@cache
def _identify(path: Path) -> NgspiceBinary:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    try:
        answer = subprocess.run(
            [path, "--version"], capture_output=True, text=True, errors="replace", timeout=20, stdin=subprocess.DEVNULL,
            env=environment, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else "it does not answer"
        raise _unusable(path, f"does not run: {reason}") from None
    found = re.search(r"ngspice-(\S+)", answer.stdout)
    if not found:
        raise _unusable(path, "does not say that it is ngspice")
    return NgspiceBinary(path.absolute(), found[1], "KLU" in answer.stdout)


def _unusable(path: Path, problem: str) -> EngineNotFoundError:
    if os.environ.get(VARIABLE):
        return EngineNotFoundError(f"{VARIABLE}: got {path}; it {problem}", "unset it or set it to an ngspice's path")
    return EngineNotFoundError(f"ngspice: {path} {problem}")
