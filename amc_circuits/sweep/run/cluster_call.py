"""A call on a Dask worker: it runs if versions and files are those of the sweep, and is abandoned when it is late."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import get_worker

from amc_circuits.engines import EngineNotFoundError
from amc_circuits.studies.workers import CallTimedOutError
from amc_circuits.sweep.plan.keys import FILES
from amc_circuits.sweep.plan.point import Point
from netlists import ParameterError


@dataclass(frozen=True)
class Call:
    """A call for a worker.

    Attributes:
        points: Points of the call, all of one engine.
        make: Function that runs it.
        timeout: Time limit, s; None for no limit.
    """

    points: tuple[Point, ...]
    make: Callable[[], Any]
    timeout: float | None


@dataclass(frozen=True)
class Answer:
    """Answer of a worker to a call.

    Attributes:
        result: Result of the call.
        error: Exception of the call.
        refusal: Reason why this worker must not run it.
    """

    result: Any = None
    error: BaseException | None = None
    refusal: str = ""


def sendable() -> Callable[[bytes], bytes | str]:
    """Make a function that runs a packed call and returns the packed answer, or why it cannot be unpacked there.

    The function goes through Dask by value, not by the name of its module. The scheduler reads all that it forwards,
    and a worker without this package would die of a call that it cannot read.
    """

    def unpacked(packed: bytes) -> bytes | str:
        import pickle

        from distributed import get_worker

        try:
            function, arguments = pickle.loads(packed)
        except Exception as error:
            return f"its worker {get_worker().address} cannot run points ({type(error).__name__}: {error})"
        return pickle.dumps(function(*arguments))

    return unpacked


def answered(call: Call, version: str) -> Answer:
    """Run a call.

    Args:
        call: The call.
        version: Version of its engine on the machine that stores the rows.
    """
    if (here := _version(call.points[0])) != version:
        return Answer(refusal=f"its worker {get_worker().address} has {here}, but this sweep needs {version}")
    done: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    # In a thread of its own: a call that takes too long can be abandoned, but not ended.
    threading.Thread(target=lambda: done.put(_made(call, version)), daemon=True).start()
    try:
        return done.get(timeout=None if call.timeout is None else min(call.timeout, threading.TIMEOUT_MAX))
    except queue.Empty:
        return Answer(error=CallTimedOutError("it took too long"))


def _made(call: Call, version: str) -> Answer:
    try:
        for point in call.points:
            _check_files(point, version)
        return Answer(call.make())
    except BaseException as error:  # the caller waits for an answer
        return Answer(error=error)


def _version(point: Point) -> str:
    try:
        return point.subject.version(point.subject.engine(point.options))
    except EngineNotFoundError as error:
        return f"no ngspice ({error.problem})"


def _check_files(point: Point, version: str) -> None:
    """Raise `ParameterError` if files can be read but differ from those in the point's key."""
    named = {name: point.options[name] for name in FILES if point.options.get(name) is not None}
    readable = bool(named) and all(Path(path).is_file() for path in named.values())
    if readable and point.subject.key(point.options, version) != point.key:
        name, path = next(iter(named.items()))
        raise ParameterError(name, path, "holds something else on the worker than where the sweep was started")
