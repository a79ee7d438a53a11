"""What a command takes: a process of its own, with its processor time and its largest memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

KILOBYTE = 1 if sys.platform == "darwin" else 1024
"""Unit of the largest memory that the system reports, bytes."""


@dataclass(frozen=True)
class Ended:
    """An ended command.

    Attributes:
        code: Exit code.
        out: Output.
        seconds: Processor time, user and system, s.
        peak: Largest resident memory, bytes.
    """

    code: int
    out: str
    seconds: float
    peak: int


def ended(words: Sequence[str]) -> Ended:
    """Run `amc` with these words in a process of its own."""
    process = subprocess.Popen([sys.executable, "-m", "amc_circuits", *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    return Ended(os.waitstatus_to_exitcode(status), out, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * KILOBYTE)
