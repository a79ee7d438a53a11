"""Calls in several processes: one that dies or takes too long does not affect the others."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import pickle
import signal
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import connection, forkserver, resource_tracker
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Any, Generic, Protocol, TypeVar

from amc_circuits.studies.worker_process import work
from amc_circuits.values.blas_threads import BLAS_THREADS

T = TypeVar("T")
PATIENCE = 0.5
"""Longest single wait, s: ended calls are not held back by running ones."""
GRACE = 5.0
"""Time for a process to end its simulations after the request to end, s."""
_DIED = "a process died in the middle of its work, of too little memory perhaps; take fewer jobs"


class WorkerDiedError(RuntimeError):
    """Error for a process that ended in the middle of its work."""


class CallTimedOutError(RuntimeError):
    """Error for a call that exceeded its time limit; its process was ended."""


@dataclass(frozen=True)
class Ended(Generic[T]):
    """End of a call.

    Attributes:
        tag: Tag of the call.
        result: Its result; None if it failed.
        error: Its exception, or `WorkerDiedError` or `CallTimedOutError`.
        left: Files of the simulations that its process left when it died or was ended.
    """

    tag: Any
    result: T | None
    error: BaseException | None = None
    left: Mapping[str, bytes] = field(default_factory=dict)

    def value(self) -> T:
        """Result of the call.

        Raises:
            Exception: The call raised it.
        """
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class _Worker:
    """One process and its pipe, whose other end is open nowhere else: when the process dies, the pipe ends."""

    def __init__(self, context: ForkServerContext | SpawnContext) -> None:
        self.context = context
        self.busy = False
        self.tag: Any = None
        self.deadline = float("inf")
        self.start()

    def start(self) -> None:
        """Start the process.

        Raises:
            WorkerDiedError: No process can be started.
        """
        # A server that was killed is replaced as soon as that is known; one whose socket is gone answers no more.
        for context in (self.context, self.context, multiprocessing.get_context("spawn")):
            with _interrupts_held(), contextlib.suppress(EOFError, OSError):
                self.pipe, theirs = context.Pipe()
                with contextlib.closing(theirs):
                    self.process = context.Process(target=work, args=(theirs, dict(os.environ)), daemon=True)
                    self.process.start()
                return
            time.sleep(PATIENCE)
        raise WorkerDiedError("no process can be started, for lack of memory perhaps")

    def submit(self, tag: Any, call: Callable[[], Any], timeout: float | None) -> None:
        """Send a call to the process, after a new start if it is dead."""
        if not self.process.is_alive():
            self.start_again()
        self.busy, self.tag = True, tag
        self.deadline = time.monotonic() + timeout if timeout else float("inf")
        with contextlib.suppress(ConnectionError):  # dead again: the pipe shows it at the next read
            self.pipe.send(call)

    def ended(self) -> Ended[Any]:
        """Result of the call; a call that has not ended is ended."""
        self.busy = False
        if not self.pipe.poll():
            return Ended(self.tag, None, CallTimedOutError("it took too long"), self.start_again())
        try:
            packed = self.pipe.recv_bytes()
        except (EOFError, OSError):
            return Ended(self.tag, None, WorkerDiedError(_DIED), self.start_again())
        try:
            result, error, heard = pickle.loads(packed)
        except Exception as problem:
            return Ended(self.tag, None, problem)
        for warning in heard:
            warnings.warn(warning, stacklevel=2)
        return Ended(self.tag, result, error)

    def start_again(self) -> Mapping[str, bytes]:
        """Replace the process; return the files that it left of its simulations."""
        from amc_circuits.engines.ngspice.runner import (
            left_by,
        )  # imported here, otherwise the help of a command would load it

        left = left_by(self.process.pid or 0)
        self.process.terminate()
        self.end()
        self.start()
        return left

    def end(self) -> None:
        """Wait for the end of the process, which follows the request to end or the closed pipe."""
        self.pipe.close()
        self.process.join(GRACE)
        self.process.kill()
        self.process.join()


class Workers:
    """Processes that run calls, with one BLAS thread each unless the environment sets another number.

    A context manager; left by an error, it ends running calls and their simulations. The processes are started afresh:
    a script needs its `if __name__` line.

    Args:
        count: Number of processes.
        preloaded: Modules, as in `start_server`.
    """

    def __init__(self, count: int, preloaded: Sequence[str] = ()) -> None:
        for variable in BLAS_THREADS:
            os.environ.setdefault(variable, "1")
        context = start_server(preloaded)
        self._workers = [_Worker(context) for _ in range(count)]

    @property
    def capacity(self) -> int:
        """Number of processes."""
        return len(self._workers)

    @property
    def free(self) -> int:
        """Number of idle processes."""
        return sum(not worker.busy for worker in self._workers)

    def submit(self, tag: Any, call: Callable[[], Any], timeout: float | None = None) -> None:
        """Hand a call to an idle process.

        Args:
            tag: Identification of the call.
            call: The call; it and its result can be pickled.
            timeout: Time limit, s; None for no limit.
        """
        next(worker for worker in self._workers if not worker.busy).submit(tag, call, timeout)

    def finished(self) -> list[Ended[Any]]:
        """Wait until calls have ended, or for `PATIENCE`, and return them. Their warnings are repeated here."""
        busy = [worker for worker in self._workers if worker.busy]
        left = min((worker.deadline for worker in busy), default=0.0) - time.monotonic()
        heard_of = connection.wait([worker.pipe for worker in busy], min(max(left, 0.0), PATIENCE))
        now = time.monotonic()
        return [worker.ended() for worker in busy if worker.pipe in heard_of or worker.deadline <= now]

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            for worker in self._workers:
                worker.process.terminate()
        for worker in self._workers:
            worker.end()


def run_in_processes(calls: Sequence[Callable[[], T]], processes: int, preloaded: Sequence[str] = ()) -> Iterator[T]:
    """Run calls in processes and yield their results as they come; with one process in this one, in order.

    When a call fails or the caller stops, the processes and the simulations that they started are ended.

    Args:
        calls: Calls; they and their results can be pickled.
        processes: Number of processes.
        preloaded: Modules, as in `start_server`.

    Raises:
        WorkerDiedError: A process died, for example for lack of memory.
    """
    if min(processes, len(calls)) <= 1:
        yield from (call() for call in calls)
        return
    with Workers(min(processes, len(calls)), preloaded) as workers:
        for several in made_by(workers, ((None, call) for call in calls)):
            yield from (ended.value() for ended in several)


class Executor(Protocol):
    """Executor of calls somewhere else: `Workers`, or a cluster."""

    @property
    def capacity(self) -> int:
        """Number of calls that it accepts at a time."""

    @property
    def free(self) -> int:
        """Number of further calls that it accepts now."""

    def submit(self, tag: Any, call: Callable[[], Any], timeout: float | None = None) -> None:
        """Hand over a call."""

    def finished(self) -> list[Ended[Any]]:
        """Wait until calls have ended, or for `PATIENCE`, and return them."""


def made_by(
    executor: Executor, calls: Iterable[tuple[Any, Callable[[], T]]], timeout: float | None = None
) -> Iterator[list[Ended[T]]]:
    """Keep an executor busy with tagged calls, and yield them as they end; a yield may be empty.

    Args:
        executor: Executor of the calls.
        calls: Calls, taken as needed.
        timeout: Time limit of each call, s; None for no limit.
    """
    waiting, under_way = iter(calls), 0
    done: list[Ended[T]] = []
    while True:
        for tag, call in itertools.islice(waiting, executor.free):
            executor.submit(tag, call, timeout)
            under_way += 1
        # Ended calls are handed on after the next ones have started.
        yield done
        if not under_way:
            return
        done = executor.finished()
        under_way -= len(done)


def start_server(preloaded: Sequence[str] = ()) -> ForkServerContext | SpawnContext:
    """Start the server from which processes are forked, if it does not run yet.

    Return the context that starts processes.

    Without a server each process imports all that it needs, a second more. This happens if the path of the folder for
    temporary files is too long for its socket.

    Args:
        preloaded: Modules that the server imports once for all processes, when it starts.
    """
    if preloaded:
        multiprocessing.set_forkserver_preload(list(preloaded))
    try:
        with _interrupts_held():
            forkserver.ensure_running()
    except OSError:
        return multiprocessing.get_context("spawn")
    return multiprocessing.get_context("forkserver")


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Delay Ctrl-C, and keep it from processes that are started meanwhile, even before they can ignore it."""
    # The tracker of semaphores is started with the first process, and lets Ctrl-C through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
