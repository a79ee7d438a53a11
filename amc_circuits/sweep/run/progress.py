"""Progress of a sweep: a bar in a terminal, otherwise a line at intervals."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task
from rich.table import Column
from rich.text import Text

from amc_circuits.sweep.plan.plan import Plan
from amc_circuits.sweep.store import Row

INTERVAL = 10.0
"""Interval between two lines without a terminal, s."""
LOOKED_AT = 0.25
"""Interval between two checks whether a line is due, s."""
TITLE = "sweep"
SHORTEST_BAR = 10
"""Least width of the bar, characters; if there is less room, numbers are left out."""


class _Count:
    """Progress of this run."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.done = self.failed = self.total = self.cached = 0

    def add(self, rows: Sequence[Row], plan: Plan) -> None:
        """Count rows."""
        self.total, self.cached = len(plan.points), plan.cached
        # A row that another engine checks at the end is reported twice.
        self.done = min(self.done + len(rows), self.total)
        self.failed += sum(row.failed for row in rows)

    @property
    def elapsed(self) -> float:
        """Time since the beginning, s."""
        return max(time.monotonic() - self.began, 1e-9)

    @property
    def rate(self) -> str:
        """Points a second, as text."""
        return f"{self.done / self.elapsed:.3g}/s"

    @property
    def left(self) -> str:
        """Remaining time, as text."""
        return f"about {_duration((self.total - self.done) * self.elapsed / max(self.done, 1))} left"

    @property
    def line(self) -> str:
        """Full text of the progress."""
        speed = f"{self.rate}, {self.left}" if self.done else f"none ended in {_duration(self.elapsed)}"
        return f"{TITLE}: {self.done} of {self.total} done, {self.failed} failed, {self.cached} cached, {speed}"

    def within(self, width: int) -> str:
        """Text of the progress within so many characters, the most important parts first."""
        speed = [self.left, f"{self.cached} cached", self.rate] if self.done else [f"{self.cached} cached"]
        parts = [f"{self.done}/{self.total}", f"{self.failed} failed", *speed, f"{_duration(self.elapsed)} so far"]
        while len(text := ", ".join(parts)) > width and len(parts) > 1:
            parts.pop()
        return text


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


@contextmanager
def reporting(wanted: bool) -> Iterator[Callable[[Sequence[Row], Plan], None]]:
    """Yield a function that takes finished rows and shows the progress; without `wanted` it shows nothing."""
    console = Console(stderr=True)
    if not wanted:
        yield lambda rows, plan: None
    elif console.is_terminal:
        with _bar(console) as advance:
            yield advance
    else:
        with _lines() as advance:
            yield advance


class _Figures(ProgressColumn):
    """Count beside the bar, as far as there is room."""

    def __init__(self, count: _Count, console: Console) -> None:
        super().__init__(Column(no_wrap=True))
        self.count, self.console = count, console

    def render(self, task: Task) -> Text:
        """Return the count within the room beside the bar."""
        room = self.console.width - len(f"{TITLE}  ") - SHORTEST_BAR
        return Text(self.count.within(room) if self.count.total else "")


@contextmanager
def _bar(console: Console) -> Iterator[Callable[[Sequence[Row], Plan], None]]:
    count = _Count()
    with Progress(TITLE, BarColumn(), _Figures(count, console), console=console, transient=True) as progress:
        task = progress.add_task("", total=None)

        def advance(rows: Sequence[Row], plan: Plan) -> None:
            count.add(rows, plan)
            progress.update(task, total=count.total, completed=count.done)

        yield advance


@contextmanager
def _lines() -> Iterator[Callable[[Sequence[Row], Plan], None]]:
    """Print lines at intervals whether or not rows arrive, from a thread of its own."""
    count, last = _Count(), time.monotonic()
    alone, ended = threading.Lock(), threading.Event()

    def say_if_due() -> None:
        nonlocal last
        if count.total and time.monotonic() - last >= INTERVAL:
            last = time.monotonic()
            sys.stderr.write(f"{count.line}\n")
            sys.stderr.flush()

    def advance(rows: Sequence[Row], plan: Plan) -> None:
        with alone:
            count.add(rows, plan)
            say_if_due()

    def look() -> None:
        # The main thread handles Ctrl-C, and may delay it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        while not ended.wait(LOOKED_AT):
            try:
                with alone:
                    say_if_due()
            except OSError:  # nobody reads the output; the next row reports it to the sweep
                return

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield advance
    finally:
        ended.set()
        thread.join()
