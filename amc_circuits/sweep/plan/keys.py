"""Key of a point: a hash of everything that its metrics depend on, the same in every sweep."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from amc_circuits.cases.option import names_of, renamed
from amc_circuits.cases.options import OPAMP, SYNONYMS
from amc_circuits.engines import ExactEngine, check_engine, find_ngspice
from netlists import PRESETS, MacroOpAmp, ParameterError, SinglePoleOpAmp, preset
from netlists.model_files.reader import Reader
from netlists.opamps.technology import tied
from netlists.version import package_version

FILES = ("conductances", "opamp_file", "matrix", "rhs")
_INCLUDE = re.compile(rb"^[ \t]*\.(include|inc|lib)\b", re.IGNORECASE | re.MULTILINE)
OF_OPAMP = names_of(OPAMP)
MOST_TEXTS = 1000
"""Most texts of keys that are kept."""
NOT_IN_KEY = ("timeout",)
"""Options that decide when to give up, not the result."""
_FIRST_NAMES = {name: synonym for synonym, name in SYNONYMS.items()}
"""First names of renamed options: a point keeps its key, so that it does not run again."""


def key_of(circuit: str, options: Mapping[str, Any], engine_version: str) -> str:
    """Compute the key of a point. A file counts by its content and an op-amp by its parameters, whatever their names.

    Args:
        circuit: `inv` or `mvm`.
        options: Complete options from `parse_options`; those of a row of an older version may lack some.
        engine_version: Version from `engine_version`.
    """
    return hashlib.sha256(_text_of(circuit, options, engine_version).encode()).hexdigest()


def _text_of(circuit: str, options: Mapping[str, Any], engine_version: str) -> str:
    """Text of which the key is the hash."""
    known = {name: value for name, value in options.items() if name not in NOT_IN_KEY}
    for name in FILES:
        if options.get(name) is not None:
            known[name] = _content_of(Path(options[name]))
    if (technology := options.get("technology")) is None:  # as in rows of versions without it
        known.pop("technology", None)
    parameters = _opamp(options["opamp"], technology, *(options.get(name) for name in OF_OPAMP))
    if options.get("opamp_file") is None and parameters is not None:
        replaced = (*OF_OPAMP, "technology")
        known = {name: value for name, value in known.items() if name not in replaced} | {"opamp": parameters}
    known = renamed(known, _FIRST_NAMES)
    return json.dumps([circuit, known, engine_version], sort_keys=True)


class Keys:
    """Keys of points that differ in some options alone: the text of all others is written once.

    Args:
        circuit: As in `key_of`.
        varied: Options that may differ.
    """

    def __init__(self, circuit: str, varied: Collection[str]) -> None:
        whole = {*FILES, *OF_OPAMP, "opamp", "technology"}
        self._circuit = circuit
        self._apart = [name for name in varied if name in whole]
        self._plain = [name for name in varied if name not in whole and name not in NOT_IN_KEY]
        self._texts: dict[tuple[Any, ...], tuple[list[str], list[str]]] = {}

    def key(self, options: Mapping[str, Any], engine_version: str) -> str:
        """Return the result of `key_of`."""
        others = (engine_version, *map(options.__getitem__, self._apart))
        if others not in self._texts:
            if len(self._texts) >= MOST_TEXTS:
                self._texts.clear()
            self._texts[others] = self._parted(options, engine_version)
        between, names = self._texts[others]
        parts = [between[0]]
        for name, text in zip(names, between[1:], strict=True):
            parts += json.dumps(options[name]), text
        return hashlib.sha256("".join(parts).encode()).hexdigest()

    def _parted(self, options: Mapping[str, Any], engine_version: str) -> tuple[list[str], list[str]]:
        """Texts between the values of plain options, and the names of these in order."""
        marks = {name: f"\0{place}\0" for place, name in enumerate(self._plain)}
        text = _text_of(self._circuit, {**options, **marks}, engine_version)
        between = re.split(r'"\\u0000(\d+)\\u0000"', text)
        return between[::2], [self._plain[int(place)] for place in between[1::2]]


def engine_version(engine: str) -> str:
    """Version of what metrics depend on besides circuit and options: the simulator, and this package, which measures.

    Raises:
        EngineNotFoundError: The engine needs ngspice, and there is none.
        ParameterError: There is no such engine.
    """
    package = f"amc {package_version()}"
    if check_engine(engine) == ExactEngine.name:
        return package
    simulator = find_ngspice()
    return f"ngspice {simulator.version}{' KLU' if simulator.klu else ''}, {package}"


def _content_of(path: Path) -> str:
    """Hash of a file; its name if it cannot be read: the point then fails when it runs, and its row has the reason."""
    try:
        found = path.stat()
        if not path.is_file():  # reading a pipe or a device might never end
            return str(path.absolute())
        content, includes = _hash_of(path, found.st_mtime_ns, found.st_size)
        return _hash_with_included(path) if includes else content
    except OSError:
        return str(path.absolute())
    except ParameterError:  # not a model file, or one that is refused when it runs
        return content


@lru_cache(maxsize=1024)
def _hash_of(path: Path, _time: int, _size: int) -> tuple[str, bool]:
    """Hash of a file, computed once for all points unless the file changes.

    The flag is true if it includes other files.
    """
    content = path.read_bytes()
    return hashlib.sha256(content).hexdigest(), _INCLUDE.search(content) is not None


def _hash_with_included(path: Path) -> str:
    """Hash of a model with all files that it includes; each may change on its own, so all are read for every point."""
    return hashlib.sha256("\n".join(line.text for line in Reader(path).all_lines()).encode()).hexdigest()


@lru_cache(maxsize=4096)
def _opamp(name: str, technology: str | None, *overrides: float | None) -> str | None:
    """Hash of an op-amp's parameters; None for a preset made of transistors, or without such parameters."""
    changes = {key: value for key, value in zip(OF_OPAMP, overrides, strict=True) if value is not None}
    try:
        record = preset(name).replace(**changes)
        record = record if technology is None else tied(record, technology)
        by_name = name in PRESETS and not isinstance(record, (MacroOpAmp, SinglePoleOpAmp))
        return None if by_name else record.sha256
    except ParameterError:
        return None
