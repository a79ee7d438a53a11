"""Progress of a long step: a line now and then with the seconds so far and the present activity."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from installer.steps import say

INTERVAL = 10.0
"""Seconds between two lines."""
_PACKAGE = re.compile(r"\s*(Collecting|Downloading|Using cached|Building wheel for|Preparing metadata) ?([\w.]+)?")
_PHASES = {
    "Installing build dependencies": "preparing the build of the project",
    "Building editable": "building the project",
}
_ALL = "Installing collected packages:"


class Pip:
    """Activity of pip, read from the lines that it prints; addresses are not repeated.

    While pip unpacks, it prints nothing, and the records of unpacked packages in the environment are counted.
    """

    def __init__(self, venv: Path) -> None:
        self.venv = venv
        self.packages: set[str] = set()
        self.total = 0
        self.doing = "starting pip"

    def __call__(self, line: str) -> None:
        """Read one line."""
        if line.startswith(_ALL):
            self.total = line.count(",") + 1
        for start, phase in _PHASES.items():
            if line.strip().startswith(start):
                self.doing = phase
        if (found := _PACKAGE.match(line)) and found[2]:
            name = found[2].partition("-")[0]
            if found[1] == "Collecting":
                self.packages.add(name)
            self.doing = f"{found[1].lower()} {name}"

    def __str__(self) -> str:
        if self.total:
            done = sum(1 for _ in self.venv.glob("lib/python*/site-packages/*.dist-info"))
            return f"{min(done, self.total)} of {self.total} packages unpacked"
        count = len(self.packages)
        return f"{count} package{'s' * (count != 1)} so far, {self.doing}" if count else self.doing


@contextmanager
def reporting(what: str, activity: object = "", interval: float = INTERVAL) -> Iterator[None]:
    """Print a line every few seconds while a step runs, and how long it took if it took longer than that.

    Args:
        what: Name of the step.
        activity: Object whose text is the present activity.
        interval: Seconds between two lines.
    """
    began, ended = time.monotonic(), threading.Event()

    def tick() -> None:
        while not ended.wait(interval):
            text = str(activity)
            say(f"  {what}: {duration(time.monotonic() - began)}{f', {text}' if text else ''}")

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    say(f"{what} took {duration(time.monotonic() - began)}")


def duration(seconds: float) -> str:
    """Format a time span: `12 s`, `3 min 05 s`."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
