"""Calls in several processes: one that dies, or takes too long, takes no other call with it."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, forkserver, resource_tracker
from multiprocessing.context import BaseContext
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
"""What processes read when they start. More than one thread each, and they slow each other down several times."""
PRELOADED = ["amc_circuits.sweep.point"]
"""Imported once, by the server from which all processes are forked."""
PATIENCE = 0.5
"""s that one wait takes at most: what has ended is never held back for long by what has not."""
GRACE = 5.0
"""s that a process has for ending its simulations once it is told to end."""


class WorkerDiedError(RuntimeError):
    """A process ended in the middle of its work."""


class CallTimedOutError(RuntimeError):
    """A call took longer than it may, and its process was ended."""


@dataclass(frozen=True)
class Ended(Generic[T]):
    """How a call ended.

    Attributes:
        tag: What it was handed over with.
        result: What it returned; None where it did not.
        error: What it raised, or `WorkerDiedError` or `CallTimedOutError`.
    """

    tag: Any
    result: T | None
    error: BaseException | None = None

    def value(self) -> T:
        """The result.

        Raises:
            Exception: What the call raised.
        """
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class _Slot:
    """One process, in an executor of its own: its death is nobody else's."""

    def __init__(self, context: BaseContext) -> None:
        self.context = context
        self.future: Future[Any] | None = None
        self.tag: Any = None
        self.deadline = float("inf")
        self.start()

    def start(self) -> None:
        self.executor = ProcessPoolExecutor(1, self.context, initializer=_begin, initargs=(dict(os.environ),))
        self.pid = self.executor.submit(os.getpid)

    def submit(self, tag: Any, call: Callable[[], Any], timeout: float | None) -> None:
        self.tag, self.deadline = tag, time.monotonic() + timeout if timeout else float("inf")
        try:
            self.future = self.executor.submit(_answered, call)
        except BrokenProcessPool:  # it died while it had nothing to do
            self.start()
            self.future = self.executor.submit(_answered, call)

    def tell(self, number: int) -> None:
        with contextlib.suppress(BrokenProcessPool, ProcessLookupError):
            os.kill(self.pid.result(), number)

    def end(self) -> None:
        """Ends a call that is under way, its simulations first."""
        self.tell(signal.SIGTERM)
        if self.future is not None and not wait([self.future], GRACE).done:
            self.tell(signal.SIGKILL)
        self.executor.shutdown(cancel_futures=True)


class Workers:
    """Processes that make calls, with one BLAS thread each unless the environment says otherwise.

    A context manager; left by an error, it ends calls that are under way and the simulations that they started. The
    processes are started afresh: a script that is run needs its `if __name__` line.
    """

    def __init__(self, count: int) -> None:
        for variable in BLAS_THREADS:
            os.environ.setdefault(variable, "1")
        context = multiprocessing.get_context(start_server())
        with _interrupts_held():
            self._slots = [_Slot(context) for _ in range(count)]

    @property
    def free(self) -> int:
        """How many processes have nothing to do."""
        return sum(slot.future is None for slot in self._slots)

    def submit(self, tag: Any, call: Callable[[], Any], timeout: float | None = None) -> None:
        """Hands a call to a process that has nothing to do.

        Args:
            tag: By which its end will be known.
            call: It and its result can be pickled.
            timeout: s; None for as long as it takes.
        """
        next(slot for slot in self._slots if slot.future is None).submit(tag, call, timeout)

    def finished(self) -> list[Ended[Any]]:
        """Waits until calls have ended, or for `PATIENCE`, and returns them. What they warned of, the caller hears."""
        busy = [slot for slot in self._slots if slot.future is not None]
        left = min((slot.deadline for slot in busy), default=0.0) - time.monotonic()
        futures = [slot.future for slot in busy if slot.future is not None]
        wait(futures, min(max(left, 0.0), PATIENCE), FIRST_COMPLETED)
        now = time.monotonic()
        return [
            self._ended(slot)
            for slot in busy
            if slot.future is not None and (slot.future.done() or slot.deadline <= now)
        ]

    def _ended(self, slot: _Slot) -> Ended[Any]:
        future, tag = slot.future, slot.tag
        assert future is not None
        late = not future.done()
        if late:
            slot.end()
        slot.future = None
        try:
            result, heard = future.result()
        except BrokenProcessPool:
            slot.executor.shutdown()
            slot.start()
            return Ended(tag, None, CallTimedOutError("it took too long") if late else WorkerDiedError(_DIED))
        except Exception as error:
            return Ended(tag, None, error)
        for warning in heard:
            warnings.warn(warning, stacklevel=2)
        if late:  # it came to its end just before it was ended
            slot.start()
        return Ended(tag, result)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for slot in self._slots:
            if kind is not None:
                slot.tell(signal.SIGTERM)
        for slot in self._slots:
            if kind is not None:
                slot.end()
            slot.executor.shutdown()


_DIED = "a process died in the middle of its work, of too little memory perhaps; take fewer --jobs"


def run_in_processes(calls: Sequence[Callable[[], T]], processes: int) -> Iterator[T]:
    """Runs calls and yields their results as they come; with one process in this one, in order.

    When a call fails or the caller stops, the processes and the simulations that they started are ended.

    Args:
        calls: They and their results can be pickled.
        processes: How many at the same time.

    Raises:
        WorkerDiedError: A process died, such as by lack of memory.
    """
    if min(processes, len(calls)) <= 1:
        yield from (call() for call in calls)
        return
    with Workers(min(processes, len(calls))) as workers:
        for several in made_by(workers, ((None, call) for call in calls)):
            yield from (ended.value() for ended in several)


class Executor(Protocol):
    """What makes calls somewhere else: `Workers`, or a cluster."""

    @property
    def free(self) -> int:
        """How many more calls it takes now."""

    def submit(self, tag: Any, call: Callable[[], Any], timeout: float | None = None) -> None:
        """Hands over a call."""

    def finished(self) -> list[Ended[Any]]:
        """Waits until calls have ended, or for `PATIENCE`, and returns them."""


def made_by(
    executor: Executor, calls: Iterable[tuple[Any, Callable[[], T]]], timeout: float | None = None
) -> Iterator[list[Ended[T]]]:
    """Keeps an executor at work with calls, each with its tag, and yields them as they end; at times there are none.

    Args:
        executor: What makes them.
        calls: Taken as they are needed.
        timeout: Of each, s; None for as long as it takes.
    """
    waiting, under_way = iter(calls), 0
    done: list[Ended[T]] = []
    while True:
        for tag, call in itertools.islice(waiting, executor.free):
            executor.submit(tag, call, timeout)
            under_way += 1
        # What has ended is handed on when the next calls are under way.
        yield done
        if not under_way:
            return
        done = executor.finished()
        under_way -= len(done)


def start_server() -> str:
    """Starts the server from which processes are forked, if it does not run yet; returns how processes are started.

    Without a server, where the path of the folder for temporary files is too long for its socket, each process imports
    all that it needs: a second more.
    """
    multiprocessing.set_forkserver_preload(PRELOADED)
    try:
        with _interrupts_held():
            forkserver.ensure_running()
    except OSError:
        return "spawn"
    return "forkserver"


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits, and processes that are started meanwhile never get it: not even before they can refuse it."""
    # What looks after semaphores is started with the first process, and lets Ctrl-C through again.
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


def _begin(environment: Mapping[str, str]) -> None:
    """Readies a process: Ctrl-C is left to the one that waits, whose environment it gets and with which it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process and its simulations when the process is gone that gave it work, however that ended."""
    from amc_circuits.engines import end_simulations

    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        end_simulations()
        os._exit(1)


def _end(number: int, _: Any) -> None:
    # Asked twice, it still ends its simulations in peace.
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)
