"""Process that runs calls for another one: it returns each result, and ends with its parent."""

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
"""Time for a call to remove its files after its simulations have been ended, s."""


def work(pipe: connection.Connection, environment: Mapping[str, str]) -> None:
    """Run one call after the other until the pipe closes.

    Ctrl-C is handled by the parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)
    at_work, ending = threading.Event(), threading.Event()
    threading.Thread(target=_end_when_told, args=(_told(), at_work, ending), daemon=True).start()
    with contextlib.suppress(EOFError, ConnectionError):
        # A call whose simulations were ended has no result.
        while not ending.is_set():
            packed = pipe.recv_bytes()
            at_work.set()
            answer = _answered(packed)
            if not ending.is_set():
                _hand_back(pipe, answer)
            at_work.clear()


def _answered(packed: bytes) -> tuple[Any, Exception | None, list[Warning | str]]:
    """Make a call; return its result, its exception, and its warnings, each once."""
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
    """Make a pipe that becomes readable when this process is requested to end, whatever it is doing."""
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    # The call is not disturbed: an exception in the middle of it might prevent the removal of files, or be lost.
    signal.signal(signal.SIGTERM, lambda *_: None)
    return told


def _end_when_told(told: int, at_work: threading.Event, ending: threading.Event) -> None:
    """End this process and its simulations on request, and when its parent is gone."""
    from amc_circuits.engines import end_simulations

    parent = multiprocessing.parent_process()
    connection.wait([told] if parent is None else [told, parent.sentinel])
    ending.set()
    until = time.monotonic() + ENDING
    while at_work.is_set() and time.monotonic() < until:
        end_simulations()
        time.sleep(0.01)
    os._exit(128 + signal.SIGTERM)
