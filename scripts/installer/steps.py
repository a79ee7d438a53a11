"""Tools of every step: one line of output, one way to run a command, one error, one lock."""

import fcntl
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

TAIL_LINES = 15
NOT_SHOWN = ("WARNING: ", "Looking in indexes")
"""Starts of lines that an error leaves out."""


class SetupError(RuntimeError):
    """Something that this program cannot do by itself; the text ends with what to type."""


class CommandError(RuntimeError):
    """A command that ended with an error; the text holds the command and its last lines."""


def say(text: str) -> None:
    """Prints one line about one step, at once."""
    print(f"setup: {text}", flush=True)


def run(
    command: Sequence[str | Path],
    *,
    environ: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
    on_line: Callable[[str], None] = lambda line: None,
) -> str:
    """Runs a command quietly and returns what it printed.

    Args:
        command: Program and arguments.
        environ: Variables set on top of the present ones.
        keep_open: File descriptors the command inherits.
        on_line: Function that gets each line at once.

    Raises:
        CommandError: The command cannot be started or ends with an error.
    """
    words = [str(word) for word in command]
    printed = []
    try:
        with subprocess.Popen(
            words,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=tuple(keep_open),
        ) as process:
            for line in process.stdout or ():
                printed.append(line)
                on_line(line)
    except OSError as error:
        raise CommandError(f"{' '.join(words)}: {error}") from error
    if process.returncode:
        lines = [line.rstrip() for line in printed if not line.startswith(NOT_SHOWN)]
        raise CommandError("\n".join([f"{' '.join(words)} ended with {process.returncode}:", *lines[-TAIL_LINES:]]))
    return "".join(printed)


@contextmanager
def only_one(root: Path) -> Iterator[int]:
    """Lets one setup at a time work in a folder; the others wait. Yields the descriptor that holds the lock.

    The lock is on the folder itself, so no file is left behind, and the system drops it when its holder dies.
    """
    folder = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another setup is at work here; waiting for it")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(folder)
