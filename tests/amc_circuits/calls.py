"""Calls for processes, that go wrong in one way or another. Nothing else, because each process imports it."""

import contextlib
import signal
import time


class NeedsTwo(Exception):
    """Can be pickled, but not the other way round."""

    def __init__(self, one, two):
        super().__init__(one)


def raise_it(kind, *arguments):
    """Raises an error."""
    raise kind(*arguments)


def raise_what_holds_a_function():
    """Raises an error that cannot be pickled."""
    error = ValueError("with a function")
    error.function = lambda: None
    raise error


def a_function():
    """Returns what cannot be pickled."""
    return lambda: None


def many_bytes():
    """Returns more than fits into any pipe."""
    return b"x" * 50_000_000


def heedless():
    """Goes on whatever is raised in it."""
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(60)


def error_when_late():
    """Raises an error just when it is about to be ended."""
    time.sleep(0.2)
    raise_it(ValueError, "late")


def deaf():
    """Does not end when it is asked to."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
