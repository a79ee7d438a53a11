"""Progress of a sweep: a bar where there is a terminal, else a line every while."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from amc_circuits.sweep.plan import Plan
from amc_circuits.sweep.store import Row

INTERVAL = 10.0
"""s between two lines where there is no terminal."""


class _Count:
    """What has been done so far in this run."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.done = self.failed = self.total = self.cached = 0

    def add(self, rows: Sequence[Row], plan: Plan) -> None:
        self.done += len(rows)
        self.failed += sum(row.failed for row in rows)
        self.total, self.cached = len(plan.points), plan.cached

    @property
    def text(self) -> str:
        rate = self.done / max(time.monotonic() - self.began, 1e-9)
        return f"{self.failed} failed, {self.cached} cached, {rate:.3g}/s"

    @property
    def line(self) -> str:
        left = (self.total - self.done) * (time.monotonic() - self.began) / max(self.done, 1)
        return f"sweep: {self.done} of {self.total} done, {self.text}, about {_duration(left)} left"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


@contextmanager
def reporting(wanted: bool) -> Iterator[Callable[[Sequence[Row], Plan], None]]:
    """Yields what takes finished rows and shows how far the sweep is; shows nothing if that is not wanted."""
    console = Console(stderr=True)
    if not wanted:
        yield lambda rows, plan: None
    elif console.is_terminal:
        with _bar(console) as advance:
            yield advance
    else:
        yield _lines()


@contextmanager
def _bar(console: Console) -> Iterator[Callable[[Sequence[Row], Plan], None]]:
    columns = (
        TextColumn("sweep"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task, count = progress.add_task("", total=None), _Count()

        def advance(rows: Sequence[Row], plan: Plan) -> None:
            count.add(rows, plan)
            progress.update(task, total=count.total, completed=count.done, description=count.text)

        yield advance


def _lines() -> Callable[[Sequence[Row], Plan], None]:
    count, last = _Count(), time.monotonic()

    def advance(rows: Sequence[Row], plan: Plan) -> None:
        nonlocal last
        count.add(rows, plan)
        if time.monotonic() - last >= INTERVAL:
            last = time.monotonic()
            print(count.line, file=sys.stderr, flush=True)

    return advance
