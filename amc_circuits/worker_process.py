"""A process that makes calls for another: it answers each with what came of it, and ends with the one that asks."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping
from multiprocessing import connection
from typing import Any


def work(pipe: connection.Connection, environment: Mapping[str, str]) -> None:
    """What a process does: one call after the other, until nobody asks for any more."""
    _begin(environment)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            answer = _answered(pipe.recv_bytes())
            try:
                pipe.send(answer)
            except ConnectionError:
                raise
            except Exception as problem:
                said = f"what came of it cannot be handed back: {type(problem).__name__}: {problem}"
                pipe.send((None, TypeError(said), []))


def _answered(packed: bytes) -> tuple[Any, Exception | None, list[Warning | str]]:
    """Makes a call; returns its result, what it raised, and what it warned of, each once.

    A process that is asked to end while it is at work ends its simulations first, and never begins the next call.
    """
    result, error = None, None
    try:
        signal.signal(signal.SIGTERM, _end)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                result = pickle.loads(packed)()
        except Exception as problem:
            problem.add_note(f"in a process of its own:\n{traceback.format_exc()}")
            error = problem
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
    except SystemExit as ending:
        os._exit(int(ending.code or 0))
    return result, error, list({str(one.message): one.message for one in caught}.values())


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
