"""Subject of a sweep: a circuit, or a run of another package. The plan and the run of a sweep know no more of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from amc_circuits.cases.option import Option, parse_table
from amc_circuits.cases.options import options_of, parse_options
from amc_circuits.cases.runs import Run, run_of
from amc_circuits.sweep.plan.keys import FILES, Keys, engine_version, key_of


class Subject(Protocol):
    """Interface of the subject of a sweep."""

    @property
    def name(self) -> str:
        """Name of the circuit or of the run."""

    @property
    def table(self) -> tuple[Option, ...]:
        """All options."""

    @property
    def defaults(self) -> dict[str, Any]:
        """Options of a point for which none is given."""

    def complete(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options of a point as they are run and stored, valid in every folder."""

    def engine(self, options: Mapping[str, Any]) -> str:
        """Return the name of the engine."""

    def version(self, engine: str) -> str:
        """Return the version of what metrics depend on besides the options."""

    def key(self, options: Mapping[str, Any], version: str) -> str:
        """Return the key of a point with these complete options."""

    def keys(self, varied: Collection[str]) -> Callable[[Mapping[str, Any], str], str]:
        """Return a function that does what `key` does, for points that differ in these options alone."""

    def names_files(self, options: Mapping[str, Any]) -> bool:
        """True if the key depends on the content of files."""


@dataclass(frozen=True)
class OfCircuit:
    """A circuit as the subject of a sweep."""

    name: str
    table: tuple[Option, ...]

    @property
    def defaults(self) -> dict[str, Any]:
        """Every option with its default; the engine is `auto`."""
        return parse_options(self.name, {"engine": "auto"})

    def complete(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options with absolute paths."""
        return options | {name: str(Path(options[name]).absolute()) for name in FILES if options[name] is not None}

    def engine(self, options: Mapping[str, Any]) -> str:
        """Return the option `engine`."""
        return str(options["engine"])

    def version(self, engine: str) -> str:
        """Return the versions of simulator and package."""
        return engine_version(engine)

    def key(self, options: Mapping[str, Any], version: str) -> str:
        """Return the hash of `key_of`."""
        return key_of(self.name, options, version)

    def keys(self, varied: Collection[str]) -> Callable[[Mapping[str, Any], str], str]:
        """Return a function that writes once what points have in common."""
        return Keys(self.name, varied).key

    def names_files(self, options: Mapping[str, Any]) -> bool:
        """True if an option names a file."""
        return any(options[name] is not None for name in FILES)


@dataclass(frozen=True)
class OfRun:
    """A run of another package as the subject of a sweep."""

    name: str
    table: tuple[Option, ...]
    run: Run

    @property
    def defaults(self) -> dict[str, Any]:
        """Every option with its default."""
        return parse_table(self.name, self.table, {})

    def complete(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options as the run completes them."""
        return self.run.complete(options)

    def engine(self, options: Mapping[str, Any]) -> str:
        """Return the engine as the run names it."""
        return self.run.engine(options)

    def version(self, engine: str) -> str:
        """Return the versions as the run names them."""
        return self.run.version(engine)

    def key(self, options: Mapping[str, Any], version: str) -> str:
        """Return a hash of name, options, contents of files, and version."""
        content = [self.name, dict(options), self.run.files(options), version]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def keys(self, varied: Collection[str]) -> Callable[[Mapping[str, Any], str], str]:
        """Return `key`."""
        return self.key

    def names_files(self, options: Mapping[str, Any]) -> bool:
        """True if an option names a file."""
        return bool(self.run.files(options))


@cache
def subject_of(word: str, name: str) -> Subject:
    """Return the subject of a specification or a row.

    Args:
        word: `circuit` or `run`.
        name: Name of the circuit or run.

    Raises:
        ParameterError: There is no such circuit or run.
    """
    if word == "circuit":
        return OfCircuit(name, options_of(name))
    run = run_of(name)
    return OfRun(name, run.options(), run)
