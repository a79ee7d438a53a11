"""Runs of other packages for sweeps, such as trainings: the contract, and their table by name.

A package announces a run by an entry point in the group `amc.runs` that resolves to a `Run`. The name of the entry
point is the name of the run, the value of `run` in a specification. So `amc_circuits` never imports the layers above.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from amc_circuits.cases.option import Option
from netlists import ParameterError
from netlists.short_text import short_repr

GROUP = "amc.runs"
DONE = "DONE"
"""Status of a run with a usable result."""


@dataclass(frozen=True)
class RunOutcome:
    """Outcome of a run.

    Attributes:
        status: `DONE`, or one word for the reason why the result is not usable.
        metrics: Metrics by name, numbers or None; a name ends in `_s` or `_j` for s and J. `warning` may be a text.
            Lists of numbers, such as curves, are kept in the row; tables and pictures leave them out.
        error: Reason in one line; empty for a usable result.
    """

    status: str = DONE
    metrics: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    __repr__ = short_repr


@dataclass(frozen=True)
class Run:
    """A run that a sweep repeats with many options.

    Attributes:
        options: Function that returns the table of its options; a name may have dots.
        complete: Function of some options by name, None for one that is not set, that returns all that have an effect,
            in SI units: None, numbers and texts. It checks them and raises `ParameterError` with the name of an option.
            Its result, given to it again, returns itself.
        engine: Function of complete options that returns the engine's name.
        version: Function of an engine's name that returns the version of everything that the metrics depend on.
        files: Function of complete options that returns a hash of the files that they name; empty without files.
        measure: Function of complete options that runs. An exception makes the point a failed row.
        metrics: Main metrics, the most important first; pictures show the first one unless another is requested.
        shares: Metrics that are fractions and printed in per cent.
        named: Options whose values describe a sweep in its pictures.
    """

    options: Callable[[], tuple[Option, ...]]
    complete: Callable[[Mapping[str, Any]], dict[str, Any]]
    engine: Callable[[Mapping[str, Any]], str]
    version: Callable[[str], str]
    files: Callable[[Mapping[str, Any]], str]
    measure: Callable[[Mapping[str, Any]], RunOutcome]
    metrics: tuple[str, ...]
    shares: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    __repr__ = short_repr


def run_names() -> list[str]:
    """Names of all runs."""
    return [*_installed()]


def run_of(name: str) -> Run:
    """Return the run of a name.

    Raises:
        ParameterError: There is no such run, or its package cannot be loaded.
    """
    if name not in _installed():
        mend = f"must be one of {', '.join(run_names())}" if run_names() else "no installed package has a run"
        raise ParameterError("run", repr(name), mend)
    return _load(name)


@cache
def _load(name: str) -> Run:
    try:
        found: Run = _installed()[name].load()
    except Exception as error:  # a package may raise any exception when it is imported
        mend = f"its package cannot be loaded: {type(error).__name__}: {error}"
        raise ParameterError("run", repr(name), mend) from error
    return found


@cache
def _installed() -> dict[str, Any]:
    from importlib.metadata import entry_points  # here, for it takes as long as the help of the command

    return {entry.name: entry for entry in entry_points(group=GROUP)}
