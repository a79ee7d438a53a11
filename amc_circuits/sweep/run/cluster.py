"""Points on a Dask cluster: an executor of sweeps whose workers may come, go and die."""

from __future__ import annotations

# mypy: allow-untyped-calls
# (those of Dask)
import asyncio
import contextlib
import itertools
import json
import logging
import pickle
import queue
import re
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from distributed import CancelledError, Client, KilledWorker, Security
from distributed.core import rpc
from distributed.versions import VersionMismatchWarning

from amc_circuits.studies.workers import PATIENCE, Ended, WorkerDiedError
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.run.cluster_call import Answer, Call, answered, sendable
from netlists import ParameterError

CONNECTING = 8.0
"""Time limit for a scheduler's answer, at first and after a lost connection, s."""
LOOKING = 1.0
"""Interval between two checks for workers, s."""
ALONE = 5.0
"""Time without any worker before a warning, s."""
CLOSING = 3.0
"""Time limit for disconnecting from the scheduler, s."""
AHEAD = 2
"""Calls for each thread of the cluster: one runs, the next waits."""
LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application", "asyncio")


class DaskWorkers:
    """Workers of a running Dask cluster: an `Executor` for points.

    A context manager; on leaving, waiting calls are dropped, and so are the results of running ones. When a worker
    dies, others repeat its calls, as often as the scheduler allows. Dask's loggers are silenced.

    Args:
        scheduler: Its address, such as tcp://host:8786, or the file that it wrote (`dask scheduler --scheduler-file`).
    """

    def __init__(self, scheduler: str) -> None:
        self._address = _address_in(scheduler)
        self._name = f"amc-point-{uuid.uuid4().hex}"
        self._numbers = itertools.count()
        self._waiting: list[Call] = []
        self._sent: dict[str, tuple[Call, Any]] = {}
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._threads: Mapping[str, int] = {}
        self._versions: dict[str, str] = {}
        self._next_look = 0.0
        self._told = False

    def __enter__(self) -> DaskWorkers:
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        _check_address(self._address)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self._client = Client(self._address, timeout=CONNECTING, set_as_default=False, name="amc-sweep")
        _tell_other_packages([str(one.message) for one in caught if one.category is VersionMismatchWarning])
        self._last_seen = time.monotonic()
        self._look()
        return self

    def __exit__(self, *_: object) -> None:
        # The scheduler forgets calls that nobody waits for.
        with contextlib.suppress(OSError, TimeoutError):
            self._client.close(timeout=CLOSING)

    @property
    def capacity(self) -> int:
        """Number of calls that keep all threads of all workers busy."""
        return AHEAD * sum(self._threads.values()) + 2

    @property
    def free(self) -> int:
        """Number of further calls."""
        return max(0, self.capacity - len(self._sent) - len(self._waiting))

    def submit(self, tag: tuple[Point, ...], call: Callable[[], Any], timeout: float | None = None) -> None:
        """Hand over a call.

        Args:
            tag: Points of the call, all of one engine.
            call: The call; it and its result can be pickled.
            timeout: Time limit from its start on a worker, s; then nobody waits for its end, though it continues there.
        """
        self._waiting.append(Call(tag, call, timeout))

    def finished(self) -> list[Ended[Any]]:
        """Wait until calls have ended, or for `PATIENCE`, and return them.

        Raises:
            ParameterError: The scheduler is gone, or a worker has other versions.
        """
        try:
            self._look()
            self._send()
            return self._ended(self._taken())
        except Exception:
            self._check_connection()  # without a connection, Dask raises arbitrary errors
            raise

    def _send(self) -> None:
        """Send all submitted calls at once: each message costs the scheduler as much as a call in it."""
        calls, self._waiting = self._waiting, []
        if not calls:
            return
        # First come, first served: among calls that came together, the one with the first key.
        keys = [f"{self._name}-{next(self._numbers):08d}" for _ in calls]
        packed = [pickle.dumps((answered, (call, self._version(call.points[0])))) for call in calls]
        futures = self._client.map(sendable(), packed, key=keys, pure=False, fifo_timeout="0 s")
        self._sent |= dict(zip(keys, zip(calls, futures, strict=True), strict=True))
        for future in futures:
            future.add_done_callback(lambda future: self._done.put(future.key))

    def _version(self, point: Point) -> str:
        engine = point.subject.engine(point.options)
        if engine not in self._versions:
            self._versions[engine] = point.subject.version(engine)
        return self._versions[engine]

    def _taken(self) -> list[tuple[Call, Any]]:
        """Calls that ended; empty after a while without any."""
        keys = []
        with contextlib.suppress(queue.Empty):
            keys.append(self._done.get(timeout=PATIENCE))
            while True:
                keys.append(self._done.get_nowait())
        return [self._sent.pop(key) for key in keys]

    def _ended(self, several: Sequence[tuple[Call, Any]]) -> list[Ended[Any]]:
        ended: list[Ended[Any]] = []
        answers = self._answers([future for _, future in several])
        for (call, future), answer in zip(several, answers, strict=True):
            if answer is not None and answer.refusal:
                raise self._refused(f"{answer.refusal}; what is done is kept")
            if answer is not None:
                ended.append(Ended(call.points, answer.result, answer.error))
            elif future.status == "error":
                ended.append(Ended(call.points, None, self._failure(future.exception())))
            else:  # lost with the connection, or cancelled by another client
                self._check_connection()
                self._waiting.append(call)
        return ended

    def _answers(self, futures: Sequence[Any]) -> list[Answer | None]:
        """Answers of workers; None if there is none."""
        named = {str(place): future for place, future in enumerate(futures)}
        try:
            found = self._client.gather(named, errors="skip") if futures else {}
        except (OSError, CancelledError):
            found = {}
        return [_unpacked(found.get(name)) for name in named]

    def _failure(self, error: Exception) -> Exception:
        """Convert a failure of the cluster to the error of a call.

        Raises:
            ParameterError: No call can run there.
        """
        if isinstance(error, KilledWorker):
            count = error.allowed_failures + 1
            return WorkerDiedError(f"Dask workers that died with it: {count}; of too little memory perhaps")
        if isinstance(error, (ImportError, AttributeError, RuntimeError)):
            cause = " ".join(f"{type(error).__name__}: {error}".split())
            raise self._refused(f"points cannot run there ({cause}); give scheduler and workers the packages of here")
        return error

    def _look(self) -> None:
        """Check from time to time which workers exist."""
        self._check_connection()
        now = time.monotonic()
        if self._client.status != "running" or now < self._next_look:
            return
        with contextlib.suppress(OSError, TimeoutError):
            self._threads = self._client.nthreads()
        self._next_look = time.monotonic() + LOOKING
        if self._threads:
            self._last_seen, self._told = now, False
        elif now - self._last_seen >= ALONE and not self._told:
            self._told = True
            _tell(f"no worker is connected to {self._address}; waiting for one: dask worker {self._address}")

    def _check_connection(self) -> None:
        """Raise `ParameterError` if the scheduler is gone for good."""
        if self._client.status in ("closing", "closed"):
            mend = "what is done is kept, the same command goes on, with or without a scheduler"
            raise self._refused(f"the Dask scheduler answers no more; {mend}")

    def _refused(self, mend: str) -> ParameterError:
        return _refused(self._address, mend)


def check_scheduler(scheduler: str) -> None:
    """Refuse an address, or the file of a scheduler, where none answers.

    Raises:
        ParameterError: There is none.
    """
    _check_address(_address_in(scheduler))


def _refused(address: str, mend: str) -> ParameterError:
    return ParameterError("scheduler", address, mend)


def _check_address(address: str) -> None:
    """Raise `ParameterError` if there is no scheduler."""
    try:
        # A client would wait forever if something else answers.
        identity = asyncio.run(asyncio.wait_for(_identity(address), CONNECTING))
    except (ValueError, TypeError) as error:
        raise _refused(address, f"must be such as tcp://host:8786, or the file of a scheduler ({error})") from None
    except (OSError, TimeoutError):
        raise _refused(address, "no Dask scheduler answers there; start one with: dask scheduler") from None
    if identity.get("type") != "Scheduler":
        raise _refused(address, f"what answers there is a Dask {identity.get('type')}; give its scheduler's address")


def _unpacked(answer: bytes | str | None) -> Answer | None:
    if isinstance(answer, bytes):
        found = pickle.loads(answer)
        assert isinstance(found, Answer)
        return found
    return None if answer is None else Answer(refusal=answer)


def _address_in(scheduler: str) -> str:
    path = Path(scheduler)
    if not path.is_file():
        return scheduler
    try:
        return str(json.loads(path.read_text())["address"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ParameterError("scheduler", scheduler, "is not the file of a Dask scheduler") from None


async def _identity(address: str) -> dict[str, Any]:
    security = Security().get_connection_args("client")
    async with rpc(address, connection_args=security) as remote:
        return dict(await remote.identity())


def _tell_other_packages(mismatches: Sequence[str]) -> None:
    """Summarize Dask's tables of package versions in one line."""
    for text in mismatches:
        names = [name for name in re.findall(r"^\| (\S+)", text, re.MULTILINE) if name != "Package"]
        _tell(f"this machine and the cluster have other versions of {', '.join(names)}; last digits may differ")


def _tell(text: str) -> None:
    print(f"amc: warning: {text}", file=sys.stderr, flush=True)
