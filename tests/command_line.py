"""The `amc` command for tests, in this process or as one of its own, and what must hold when it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HANDED_IN = ROOT.parent / "shared" / "cases"
"""Files that people handed in, where they stand beside the project; nothing else knows this path."""
COMMAND = "from amc_circuits.cli.start import main; main()"
SMALL = ("--size", "2", "--opamp", "single-pole")
"""A problem that takes next to no time."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON that knows no NaN."""
        return json.loads(self.out, parse_constant=_no_constant)

    def refused(self, *words: str, code: int = 2) -> None:
        """Asserts this exit code, nothing on stdout, and one line on stderr with these words in it."""
        assert self.code == code, self
        assert self.out == "", self
        assert self.err.startswith("amc: ") and self.err.endswith("\n") and self.err.count("\n") == 1, self
        for word in words:
            assert word in self.err, (word, self.err)


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def start(*arguments: object, code: str = COMMAND, **environment: str) -> subprocess.Popen[str]:
    """Starts `amc`, or other code, as a process that takes Ctrl-C, even where the tests run in the background."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    path = os.pathsep.join([str(ROOT), environment.pop("PYTHONPATH", "")])
    return subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": path, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def ended(process: subprocess.Popen[str], fed: str | None = None, within: float = 60) -> Outcome:
    """Waits for a process, which may be fed by a text."""
    out, err = process.communicate(fed, timeout=within)
    return Outcome(process.returncode, out, err)
