"""Calls in several processes: for work in Python, which threads would do one after the other."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, TypeVar

T = TypeVar("T")
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
"""What processes read when they start. More than one thread each, and they slow each other down several times."""


class WorkerDiedError(RuntimeError):
    """A process ended in the middle of its work."""


def run_in_processes(calls: Sequence[Callable[[], T]], processes: int) -> Iterator[T]:
    """Runs calls and yields their results as they come; with one process in this one, in order.

    When a call fails or the caller stops, the processes and the simulations that they started are ended. What calls
    warn of, the caller is warned of.

    Args:
        calls: They and their results can be pickled.
        processes: How many at the same time, with one BLAS thread each unless the environment says otherwise. They are
            spawned: a script that is run needs its `if __name__` line.

    Raises:
        WorkerDiedError: A process died, such as by lack of memory.
    """
    if min(processes, len(calls)) <= 1:
        yield from (call() for call in calls)
        return
    for variable in BLAS_THREADS:
        os.environ.setdefault(variable, "1")
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(processes, len(calls)), context, initializer=_quiet)
    try:
        with _interrupts_held():
            futures = [pool.submit(_answered, call) for call in calls]
        for future in as_completed(futures):
            result, heard = future.result()
            for warning in heard:
                warnings.warn(warning, stacklevel=2)
            yield result
        pool.shutdown()
    except BaseException as error:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        pool.shutdown(cancel_futures=True)
        if isinstance(error, BrokenProcessPool):
            mend = "a process died in the middle of its work, of too little memory perhaps; take fewer --jobs"
            raise WorkerDiedError(mend) from None
        raise


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits, and processes that are started meanwhile never get it: not even before they can refuse it."""
    # What looks after the pool's semaphores is started with the first process, and lets Ctrl-C through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _answered(call: Callable[[], T]) -> tuple[T, list[Warning | str]]:
    """Makes a call and returns its result, with what it warned of, each once.

    A process that is asked to end while it is at work ends its simulations first. It never goes back to the pool, which
    would take the request for a result and begin the next call; and in the pool's own code, where locks are held, it
    ends without a word.
    """
    try:
        signal.signal(signal.SIGTERM, _end)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                result = call()
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    except SystemExit as ending:
        os._exit(int(ending.code or 0))
    return result, list({str(one.message): one.message for one in caught}.values())


def _quiet() -> None:
    """Leaves Ctrl-C to the process that waits."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end(number: int, _: Any) -> None:
    # Asked twice, it still ends its simulations in peace.
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)
