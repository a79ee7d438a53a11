"""Exit codes of `amc`, and its errors and warnings as one line each."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from amc_circuits.cases.option import flag
from amc_circuits.cli.lazy import typed
from amc_circuits.engines import EngineNotFoundError, SimulationError
from amc_circuits.results.solution import UnusableSolutionError
from netlists import ParameterError

USABLE, SIMULATOR_FAILED, BAD_INPUT, NO_RESULT = 0, 1, 2, 3
OF_COLUMNS = {"where", "columns", "sort", "x", "y", "hue", "pareto"}
"""Options that name columns of a sweep; in their errors `read_noise` is a column and not --read-noise."""
ARGUMENTS = ("A", "b", "x")
"""Names of files that are typed as arguments, without an option."""
FILES = {"matrix": "a file of A", "rhs": "a file of b"}
"""What is typed in place of these options of a sweep."""


def option_names() -> set[str]:
    """Names of options: those of circuits, and those of the command that runs."""
    from amc_circuits.cases.options import ALL, SYNONYMS  # here, for they need the solvers of all circuits

    return {option.name for option in ALL} | {*SYNONYMS} | typed


def exit_code(error: Exception) -> int | None:
    """Documented exit code of an error; None for an unexpected one."""
    import sqlite3  # here, for commands without an error need neither

    from amc_circuits.studies.workers import WorkerDiedError

    if isinstance(error, (SimulationError, WorkerDiedError)):
        return SIMULATOR_FAILED
    if isinstance(error, (ParameterError, EngineNotFoundError, OSError, MemoryError, sqlite3.Error)):
        return BAD_INPUT
    return NO_RESULT if _no_result(error) else None


def _no_result(error: Exception) -> bool:
    """True if the work was done, but gave no usable result."""
    from amc_circuits.sweep.run.run import TooManyFailuresError  # other commands do not need it

    return isinstance(error, (UnusableSolutionError, TooManyFailuresError))


def message(error: Exception) -> str:
    """Format an error as one line, with the parameter as it is typed."""
    text = str(error) or type(error).__name__
    if isinstance(error, ParameterError) and error.parameter in option_names():
        mend = error.mend if error.parameter in OF_COLUMNS else as_typed(error.mend)
        text = f"{flag(error.parameter)}: got {error.value}; {mend}"
    elif isinstance(error, ParameterError) and error.parameter in ARGUMENTS:
        text = f"{error.parameter}: got {error.value}; {as_typed(error.mend)}"
    elif isinstance(error, OSError) and error.strerror:
        text = ": ".join(str(part) for part in (error.filename, error.strerror) if part is not None)
    elif _no_result(error):
        text = as_typed(text)
    return " ".join(text.split())


def as_typed(text: str) -> str:
    """Return the text with `g_max` as `--g-max`, `pair = always` as `--pair always`, `budget = True` as `--budget`.

    A word that is what an option has no effect without or beside is an option, too. A list of values stays as it is: a
    value may have the name of an option.
    """
    text, listed, values = text.partition("must be one of ")
    known = option_names()
    every = "|".join(known - OF_COLUMNS)
    text = re.sub(rf"\b({every}) = True\b", lambda found: flag(found[1]), text)
    text = re.sub(rf"\b({every}) = ", lambda found: f"{flag(found[1])} ", text)
    beside = rf"\b(has no effect (?:without|beside)) ({every})\b"
    text = re.sub(beside, lambda found: f"{found[1]} {FILES.get(found[2]) or flag(found[2])}", text)
    names = "|".join(name for name in known if "_" in name)
    return re.sub(rf"\b({names})\b", lambda found: flag(found[0]), text) + listed + values


def print_written(form: str, *files: Path | None) -> None:
    """Print `wrote FILE` for every file that was written: on stdout, or on stderr if stdout holds JSON.

    Args:
        form: Format of the printed result, `table` or `json`.
        *files: Files; None for one that was not requested.
    """
    for file in files:
        if file is not None:
            print(f"wrote {file}", file=sys.stderr if form == "json" else sys.stdout)


def finish(code: int) -> None:
    """End the command with an exit code, if it is not 0."""
    if code != USABLE:
        raise typer.Exit(code)


@contextmanager
def one_line_warnings() -> Iterator[None]:
    """Print warnings as one line each; print none after an error, whose message is enough."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for text in dict.fromkeys(str(warning.message) for warning in caught):
        print(f"amc: warning: {as_typed(' '.join(text.split()))}", file=sys.stderr)
