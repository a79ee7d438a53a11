"""Simulator processes: waited for, several at the same time, and ended whole when one fails or on Ctrl-C."""

from __future__ import annotations

import contextlib
import math
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
LARGEST_FILE = 8 * 10**9
"""Bytes that a simulation may write into one file; 128 x 128 signed cells over 100,000 time points take 0.4e9."""
ENDING_INTERVAL = 0.01
"""s between two looks for processes that were about to start when all were to end."""


class EndedError(RuntimeError):
    """A simulation was ended on request: it did not fail."""


class TimedOutError(RuntimeError):
    """A simulation ran longer than it may."""


@dataclass(eq=False)
class _Child:
    process: subprocess.Popen[bytes]
    owner: object
    cause: type[RuntimeError] | None = None

    def end(self, cause: type[RuntimeError]) -> None:
        """Ends the process and what it started; nothing happens to one that has ended."""
        if self.process.poll() is None:
            self.cause = self.cause or cause
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return


_RUNNING: set[_Child] = set()


def end_simulations(owner: object = None) -> None:
    """Ends every simulation that this process started, or those of one owner."""
    for child in tuple(_RUNNING):
        if owner is None or child.owner is owner:
            child.end(EndedError)


def _limit(pid: int, timeout: float) -> None:
    """Ends a process that fills the disk, or goes on when nobody is left to end it; on Linux only.

    A model that is not trusted can do the first, and the second where all other processes were killed. Lower limits
    that it has from whoever started us stay.
    """
    if sys.platform != "linux":
        return
    for kind, largest in (
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
        (resource.RLIMIT_CPU, math.ceil(min(timeout, threading.TIMEOUT_MAX)) + 1),
    ):
        with contextlib.suppress(OSError):
            limits = resource.prlimit(pid, kind)
            lowest = min([largest, *(limit for limit in limits if limit != resource.RLIM_INFINITY)])
            resource.prlimit(pid, kind, (lowest, lowest))


def call(
    command: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str], timeout: float, owner: object
) -> int:
    """Runs a program in a folder and returns its exit code, negative for a signal; what it prints goes to `log`.

    Raises:
        TimedOutError: It ran longer than `timeout`, s, and was ended.
        EndedError: `end_simulations` ended it.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    child = _Child(process, owner)
    _RUNNING.add(child)
    _limit(process.pid, timeout)
    # A timer, because Popen.wait(timeout) looks only every 50 ms whether the process has ended.
    timer = threading.Timer(min(timeout, threading.TIMEOUT_MAX), child.end, (TimedOutError,))
    timer.daemon = True
    timer.start()
    try:
        code = process.wait()
    finally:
        timer.cancel()
        child.end(EndedError)
        _RUNNING.discard(child)
    if child.cause is not None:
        raise child.cause
    return code


def run_together(calls: Sequence[Callable[[], T]], processes: int, owner: object = None) -> Iterator[tuple[int, T]]:
    """Runs calls that simulate, so many at the same time, and yields their places and results as they finish.

    None of them runs in the calling thread, so that Ctrl-C never falls between the start of a process and its entry in
    the books. When a call fails or the caller stops, the simulations of `owner` (None: all) are ended, and the other
    calls have returned.
    """
    with ThreadPoolExecutor(max_workers=max(1, min(processes, len(calls)))) as pool:
        places: dict[Future[T], int] = {}
        try:
            for place, one in enumerate(calls):
                places[pool.submit(one)] = place
            for future in as_completed(places):
                yield places[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            while not all(future.done() for future in places):
                end_simulations(owner)
                time.sleep(ENDING_INTERVAL)
            raise
