"""A process that makes calls for another: it answers each with what came of it, and ends with the one that asks."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Mapping
from multiprocessing import connection
from typing import Any

ENDING = 1.0
"""s that a call has for clearing its files away when its simulations have been ended."""


def work(pipe: connection.Connection, environment: Mapping[str, str]) -> None:
    """What a process does: one call after the other, until nobody asks for any more.

    Ctrl-C is left to the one that asks.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)
    at_work, ending = threading.Event(), threading.Event()
    threading.Thread(target=_end_when_told, args=(_told(), at_work, ending), daemon=True).start()
    with contextlib.suppress(EOFError, ConnectionError):
        # What comes of a call whose simulations were ended is nothing to hand back.
        while not ending.is_set():
            packed = pipe.recv_bytes()
            at_work.set()
            answer = _answered(packed)
            if not ending.is_set():
                _hand_back(pipe, answer)
            at_work.clear()


def _answered(packed: bytes) -> tuple[Any, Exception | None, list[Warning | str]]:
    """Makes a call; returns its result, what it raised, and what it warned of, each once."""
    result, error = None, None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = pickle.loads(packed)()
        except Exception as problem:
            problem.add_note(f"in a process of its own:\n{traceback.format_exc()}")
            error = problem
    return result, error, list({str(one.message): one.message for one in caught}.values())


def _hand_back(pipe: connection.Connection, answer: Any) -> None:
    try:
        pipe.send(answer)
    except ConnectionError:
        raise
    except Exception as problem:
        said = f"what came of it cannot be handed back: {type(problem).__name__}: {problem}"
        pipe.send((None, TypeError(said), []))


def _told() -> int:
    """A pipe that has something to read when this process is asked to end, whatever it is about."""
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    # The call is not disturbed: an exception in the middle of it might keep files from being cleared away, or be lost.
    signal.signal(signal.SIGTERM, lambda *_: None)
    return told


def _end_when_told(told: int, at_work: threading.Event, ending: threading.Event) -> None:
    """Ends this process and its simulations on request, and when the process is gone that gives it work."""
    from amc_circuits.engines import end_simulations

    parent = multiprocessing.parent_process()
    connection.wait([told] if parent is None else [told, parent.sentinel])
    ending.set()
    until = time.monotonic() + ENDING
    while at_work.is_set() and time.monotonic() < until:
        end_simulations()
        time.sleep(0.01)
    os._exit(128 + signal.SIGTERM)
