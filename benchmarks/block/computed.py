"""Results of the benchmark: computed once each, several at a time in processes of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from typing import Any

from threadpoolctl import threadpool_limits

Task = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function of a module and its arguments."""
KNOWN: dict[tuple[str, tuple[Any, ...]], Any] = {}
"""Results by the name of the function and its arguments."""
CALLS = 20
"""Calls after which a process ends, so that the memory of large circuits is given back."""


def known(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return the result of a call, which is made if it was not made before."""
    key = (function.__name__, arguments)
    if key not in KNOWN:
        KNOWN[key] = function(*arguments)
    return KNOWN[key]


def prepare(tasks: Sequence[Task], jobs: int) -> float:
    """Make calls in `jobs` processes, in this order; return their processor time, s."""
    seconds = 0.0
    with get_context("forkserver").Pool(jobs, maxtasksperchild=CALLS) as pool:
        for (function, arguments), (result, taken) in zip(tasks, pool.imap(_call, tasks), strict=True):
            KNOWN[function.__name__, arguments] = result
            seconds += taken
    return seconds


def _call(task: Task) -> tuple[Any, float]:
    began = time.process_time()
    function, arguments = task
    with threadpool_limits(1):
        return function(*arguments), time.process_time() - began
