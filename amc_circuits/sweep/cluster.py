"""Points on a Dask cluster: an executor of sweeps whose workers may come, go and die."""

from __future__ import annotations

# mypy: allow-untyped-calls
# (those of Dask)
import asyncio
import contextlib
import itertools
import logging
import queue
import re
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distributed import CancelledError, Client, KilledWorker, Security, get_worker
from distributed.core import rpc
from distributed.versions import VersionMismatchWarning

from amc_circuits.engines import EngineNotFoundError
from amc_circuits.sweep.keys import FILES, engine_version, key_of
from amc_circuits.sweep.point import Point
from amc_circuits.workers import PATIENCE, CallTimedOutError, Ended, WorkerDiedError
from netlists import ParameterError

CONNECTING = 8.0
"""s that a scheduler has to answer, at first and after the connection was lost."""
LOOKING = 1.0
"""s between two looks at which workers there are."""
ALONE = 5.0
"""s without any worker until that is told."""
CLOSING = 3.0
"""s that taking leave of the scheduler may take."""
AHEAD = 2
"""Calls for each thread of the cluster: one is made, the next waits beside it."""
LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application", "asyncio")


@dataclass(frozen=True)
class Answer:
    """What a worker says to a call.

    Attributes:
        result: What it returned.
        error: What it raised.
        refusal: Why this worker must not make it.
    """

    result: Any = None
    error: Exception | None = None
    refusal: str = ""


@dataclass(eq=False)
class _Sent:
    """A call that was handed over.

    Attributes:
        point: What it is for.
        call: It.
        timeout: s; None for as long as it takes.
        future: Its end.
        worker: Where it is being made, as far as is known.
        deadline: When it takes too long, on the monotonic clock.
    """

    point: Point
    call: Callable[[], Any]
    timeout: float | None
    future: Any = None
    worker: str = ""
    deadline: float = float("inf")


class DaskWorkers:
    """The workers of a Dask cluster that is running: an `Executor` for points.

    A context manager; when it is left, calls that wait are dropped, and of those under way the results. Calls that a
    worker takes with it when it dies are made again by others, as often as the scheduler allows. Quiets Dask's loggers.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._name = f"amc-point-{uuid.uuid4().hex}"
        self._numbers = itertools.count()
        self._waiting: list[_Sent] = []
        self._sent: dict[str, _Sent] = {}
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._threads: Mapping[str, int] = {}
        self._versions: dict[str, str] = {}
        self._next_look = 0.0
        self._told = False

    def __enter__(self) -> DaskWorkers:
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._check_address()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self._client = Client(self._address, timeout=CONNECTING, set_as_default=False, name="amc-sweep")
        _tell_other_packages([str(one.message) for one in caught if one.category is VersionMismatchWarning])
        self._last_seen = time.monotonic()
        self._look()
        return self

    def __exit__(self, *_: object) -> None:
        # The scheduler forgets what nobody waits for.
        with contextlib.suppress(OSError, TimeoutError):
            self._client.close(timeout=CLOSING)

    @property
    def free(self) -> int:
        """How many more calls it takes: as many as keep all threads of all workers busy."""
        return max(0, AHEAD * sum(self._threads.values()) + 2 - len(self._sent) - len(self._waiting))

    def submit(self, tag: Point, call: Callable[[], Any], timeout: float | None = None) -> None:
        """Hands over a call.

        Args:
            tag: The point that it is for.
            call: It and its result can be pickled.
            timeout: s from when a worker begins; its thread stays busy until the call ends, which nobody waits for.
        """
        self._waiting.append(_Sent(tag, call, timeout))

    def finished(self) -> list[Ended[Any]]:
        """Waits until calls have ended, or for `PATIENCE`, and returns them.

        Raises:
            ParameterError: The scheduler is gone, or a worker has other versions.
        """
        try:
            self._send()
            ended = self._ended(self._taken())
            self._look()
            return ended + self._late()
        except Exception:
            self._check_connection()  # without one, Dask raises whatever comes first
            raise

    def _send(self) -> None:
        """Hands over all at once what was submitted: each message costs the scheduler as much as a call in it."""
        sent, self._waiting = self._waiting, []
        if not sent:
            return
        if any(one.timeout is not None for one in sent):
            self._client.subscribe_topic(self._name, self._begun)
        # Of calls that wait for a worker, Dask takes the one first whose key is.
        keys = [f"{self._name}-{next(self._numbers):08d}" for _ in sent]
        self._sent |= dict(zip(keys, sent, strict=True))
        calls, points = [one.call for one in sent], [one.point for one in sent]
        topics = [None if one.timeout is None else self._name for one in sent]
        versions = [self._version(point.options["engine"]) for point in points]
        futures = self._client.map(answered, calls, points, versions, topics, key=keys, pure=False)
        for one, future in zip(sent, futures, strict=True):
            one.future = future
            future.add_done_callback(lambda future: self._done.put(future.key))

    def _version(self, engine: str) -> str:
        if engine not in self._versions:
            self._versions[engine] = engine_version(engine)
        return self._versions[engine]

    def _begun(self, event: tuple[float, tuple[str, str]]) -> None:
        """A worker has begun a call; heard of by Dask's thread."""
        key, worker = event[1]
        sent = self._sent.get(key)
        if sent is not None and sent.timeout is not None:
            sent.worker, sent.deadline = worker, time.monotonic() + sent.timeout

    def _taken(self) -> list[_Sent]:
        """Calls whose end was heard of; none after a while without any."""
        keys = []
        with contextlib.suppress(queue.Empty):
            keys.append(self._done.get(timeout=PATIENCE))
            while True:
                keys.append(self._done.get_nowait())
        return [self._sent.pop(key) for key in keys if key in self._sent]

    def _ended(self, several: Sequence[_Sent]) -> list[Ended[Any]]:
        ended: list[Ended[Any]] = []
        answers = self._answers([sent.future for sent in several])
        for sent, answer in zip(several, answers, strict=True):
            if answer is not None and answer.refusal:
                raise self._refused(f"{answer.refusal}; what is done is kept")
            if answer is not None:
                ended.append(Ended(sent.point, answer.result, answer.error))
            elif sent.future.status == "error":
                ended.append(Ended(sent.point, None, self._failure(sent.future.exception())))
            else:  # lost with the connection, or cancelled by somebody else
                self._check_connection()
                self._waiting.append(replace(sent, worker="", deadline=float("inf")))
        return ended

    def _answers(self, futures: Sequence[Any]) -> list[Answer | None]:
        """What workers said; None where there is nothing."""
        if not futures:
            return []
        named = {str(place): future for place, future in enumerate(futures)}
        try:
            found = self._client.gather(named, errors="skip")
        except (OSError, CancelledError):
            return [None] * len(futures)
        return [found.get(name) for name in named]

    def _failure(self, error: Exception) -> Exception:
        """What kept the cluster from making a call, as the error of this call.

        Raises:
            ParameterError: No call can be made there.
        """
        if isinstance(error, KilledWorker):
            return WorkerDiedError(f"{error.allowed_failures + 1} Dask workers died, of too little memory perhaps")
        if isinstance(error, (ImportError, AttributeError, RuntimeError)):
            cause = " ".join(f"{type(error).__name__}: {error}".split())
            raise self._refused(f"points cannot run there ({cause}); give scheduler and workers the packages of here")
        return error

    def _late(self) -> list[Ended[Any]]:
        """Calls that took too long; one whose worker has gone meanwhile will be made elsewhere."""
        late = [key for key, sent in self._sent.items() if sent.deadline <= time.monotonic()]
        if late:
            self._look(at_once=True)
        ended: list[Ended[Any]] = []
        for key in late:
            if self._sent[key].worker not in self._threads:
                self._sent[key].deadline = float("inf")
                continue
            sent = self._sent.pop(key)
            sent.future.cancel()
            ended.append(Ended(sent.point, None, CallTimedOutError("it took too long")))
        return ended

    def _look(self, at_once: bool = False) -> None:
        """Looks, now and then, which workers there are."""
        self._check_connection()
        now = time.monotonic()
        if self._client.status != "running" or (now < self._next_look and not at_once):
            return
        with contextlib.suppress(OSError, TimeoutError):
            self._threads = self._client.nthreads()
        self._next_look = time.monotonic() + LOOKING
        if self._threads:
            self._last_seen, self._told = now, False
        elif now - self._last_seen >= ALONE and not self._told:
            self._told = True
            _tell(f"no worker is connected to {self._address}; waiting for one: dask worker {self._address}")

    def _check_address(self) -> None:
        """Raises `ParameterError` where there is no scheduler."""
        try:
            # A client would wait for ever where something else answers.
            identity = asyncio.run(asyncio.wait_for(_identity(self._address), CONNECTING))
        except (ValueError, TypeError) as error:
            raise self._refused(f"must be such as tcp://host:8786 ({error})") from None
        except (OSError, TimeoutError):
            raise self._refused("no Dask scheduler answers there; start one with: dask scheduler") from None
        if identity.get("type") != "Scheduler":
            raise self._refused(f"what answers there is a Dask {identity.get('type')}; give its scheduler's address")

    def _check_connection(self) -> None:
        """Raises `ParameterError` where the scheduler is gone for good."""
        if self._client.status in ("closing", "closed"):
            mend = "what is done is kept, the same command goes on, with or without --scheduler"
            raise self._refused(f"the Dask scheduler answers no more; {mend}")

    def _refused(self, mend: str) -> ParameterError:
        return ParameterError("scheduler", self._address, mend)


def answered(call: Callable[[], Any], point: Point, version: str, topic: str | None) -> Answer:
    """Makes a call on a worker.

    Args:
        call: It.
        point: What it is for.
        version: Of the engine, where the rows are stored.
        topic: Under which the beginning is told; None where nobody asks.
    """
    worker = get_worker()
    if topic is not None:
        worker.log_event(topic, (worker.get_current_task(), worker.address))
    if (here := _version(point.options["engine"])) != version:
        return Answer(refusal=f"its worker {worker.address} has {here}, but this sweep needs {version}")
    try:
        _check_files(point, version)
        return Answer(call())
    except Exception as error:
        return Answer(error=error)


def _version(engine: str) -> str:
    try:
        return engine_version(engine)
    except EngineNotFoundError as error:
        return f"no ngspice ({error.problem})"


def _check_files(point: Point, version: str) -> None:
    """Raises `ParameterError` where files can be read but are others than those in the point's key."""
    named = {name: point.options[name] for name in FILES if point.options[name] is not None}
    readable = bool(named) and all(Path(path).is_file() for path in named.values())
    if readable and key_of(point.circuit, point.options, version) != point.key:
        name, path = next(iter(named.items()))
        raise ParameterError(name, path, "holds something else on the worker than where the sweep was started")


async def _identity(address: str) -> dict[str, Any]:
    security = Security().get_connection_args("client")
    async with rpc(address, connection_args=security) as remote:
        return dict(await remote.identity())


def _tell_other_packages(mismatches: Sequence[str]) -> None:
    """Makes one line of Dask's tables of package versions."""
    for text in mismatches:
        names = [name for name in re.findall(r"^\| (\S+)", text, re.MULTILINE) if name != "Package"]
        _tell(f"this machine and the cluster have other versions of {', '.join(names)}; last digits may differ")


def _tell(text: str) -> None:
    print(f"amc: warning: {text}", file=sys.stderr, flush=True)
