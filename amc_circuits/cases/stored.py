"""A saved result, and all that it was computed from, rebuilt from its file, which may come from anywhere."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from amc_circuits.cases.case import Problem, problem, program_arguments
from amc_circuits.cases.circuits import circuit_row
from amc_circuits.cases.option import names_of
from amc_circuits.cases.options import COST, DEVICE, JOBS, OPAMP, options_of, parse_options
from amc_circuits.cases.origin import Type
from amc_circuits.cells.devices import Device
from amc_circuits.cells.mapping import Mapping as Conductances
from amc_circuits.files.array_files import DAMAGED
from amc_circuits.results.stored.saved import check_schema
from amc_circuits.values.array_content import array_of, check_array
from amc_circuits.values.checks import Numbers, numeric_array
from netlists import MacroOpAmp, OpAmp, ParameterError, SinglePoleOpAmp
from netlists.memory import check_memory

NOT_SAVED = "holds no result that amc saved as .npz or printed as JSON"
OTHERS = (("poles_per_s", "stability", "poles and limits"), ("target", "size", "answer"))
"""Other records with a circuit: a key of each, its command, and its content."""
BYTES_EACH = 20
"""Memory of a file while it is read, in multiples of its length."""
OPAMPS: dict[str, type[OpAmp]] = {"single-pole": SinglePoleOpAmp, "macro": MacroOpAmp}
"""Op-amps that are rebuilt from their numbers. One made of a subcircuit is built from the preset or the file."""
TYPES = get_args(Type)
OF_COST = tuple(option.name for option in COST)


@dataclass(frozen=True)
class Stored:
    """Content of a saved result.

    Attributes:
        path: Path of the file.
        record: The record, as JSON.
        arrays: Arrays of a .npz file, by name; empty for JSON.
    """

    path: Path
    record: dict[str, Any]
    arrays: Mapping[str, Any]

    @property
    def circuit(self) -> str:
        """Name of the circuit."""
        return str(self.record["circuit"])


def load_stored(path: Path) -> Stored:
    """Read a file of `--save` or the output of `--format json`.

    Raises:
        ParameterError: If it is no such file, or of an older version, which stored no options, or of a newer one.
    """
    try:
        check_memory(path.name, "the file", float(BYTES_EACH * path.stat().st_size))
        with path.open("rb") as file:
            zipped = file.read(2) == b"PK"
        record, arrays = _zipped(path) if zipped else (json.loads(path.read_text(encoding="utf-8")), {})
        if not isinstance(record, dict) or "circuit" not in record:
            raise _refused(path, NOT_SAVED)
        if "schema_version" not in record:
            raise _refused(path, _without_options(record))
        check_schema(path, record)
        if record.get("type") not in TYPES:
            raise _refused(path, f"holds a result of type {record.get('type')!r}; there are {', '.join(TYPES)}")
        return Stored(path, record, arrays)
    except ParameterError:
        raise
    except (OSError, RecursionError, UnicodeDecodeError, *DAMAGED) as error:
        reason = getattr(error, "strerror", None)
        raise _refused(path, f"cannot be read: {reason}" if reason else NOT_SAVED) from None


def _without_options(record: dict[str, Any]) -> str:
    """Content of a record without options, and the mend."""
    if "status" in record or "trials" in record:
        return "is of an older version of amc, which stored no options; save it anew"
    held = next((f"the {what} of amc {command}" for key, command, what in OTHERS if key in record), "another result")
    return f"holds {held}; replay takes results of amc inv, mvm, circuit and cost"


def _zipped(path: Path) -> tuple[Any, dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        check_memory(path.name, "the file", float(sum(entry.file_size for entry in archive.infolist())))
    with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as content:
        if "record" not in content:
            raise _refused(path, "has no record: an older version of amc wrote it, or another program; save it anew")
        arrays = {name: content[name] for name in content.files}
        return json.loads(str(arrays.pop("record"))), arrays


@dataclass(frozen=True)
class Rebuilt:
    """All that a result was computed from.

    Attributes:
        circuit: Name of the circuit.
        options: Options, as `parse_options` returns them.
        cost: Options of the cost of a solve; empty for other results.
        problem: Matrix and right-hand sides.
        arguments: Arguments of `program`.
        jobs: Number of simulations at the same time.
    """

    circuit: str
    options: dict[str, Any]
    cost: dict[str, Any]
    problem: Problem
    arguments: dict[str, Any]
    jobs: int


def rebuilt(stored: Stored) -> Rebuilt:
    """Rebuild all that a result was computed from, by its numbers; every value is checked as if it was typed.

    Numbers that the file has only as a hash come from the files that were typed, or are drawn again.

    Raises:
        ParameterError: A value cannot be used, this version does not know the circuit or an option, or a file is
            missing or has another content.
    """
    try:
        options, cost, jobs = _options(stored)
        described = stored.record["problem"]
        given = _problem(stored, options, described)
        opamp, device = _opamp(stored), Device(**stored.record["device"]["record"])
        held = None if described["conductances"] is None else _conductances(stored, described["conductances"])
        found = program_arguments(stored.circuit, _neutral(options, opamp, held), given.matrix)
        found |= {"device": device} | ({} if opamp is None else {"opamp": opamp})
        found |= {} if held is None else {"conductances": held}
        _check_conductances(stored, found["conductances"], described["conductances"])
        return Rebuilt(stored.circuit, options, cost, given, found, jobs)
    except ParameterError:
        raise
    except DAMAGED:
        raise _refused(stored.path, NOT_SAVED) from None


def _options(stored: Stored) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Options of the circuit, options of the cost, and the number of jobs."""
    circuit_row(stored.circuit)
    values = dict(stored.record["options"])
    jobs = JOBS.parse(values.pop("jobs"))
    cost = {name: values.pop(name) for name in OF_COST if name in values}
    table = {option.name: option for option in options_of(stored.circuit)}
    unknown = [name for name in values if name not in table]
    if unknown:
        mend = f"has the option {unknown[0]!r}, which this version of amc does not know; take the one that made it"
        raise _refused(stored.path, mend)
    # Only values that differ from the default count as typed: others may have no effect beside them.
    differing = {name: value for name, value in values.items() if value != table[name].own}
    return parse_options(stored.circuit, differing), cost, jobs


def _neutral(options: dict[str, Any], opamp: OpAmp | None, held: Conductances | None) -> dict[str, Any]:
    """Options without those of parts that are given by their numbers."""
    own = {option.name: option.own for option in options_of("inv")}
    names = [*names_of(DEVICE), "device", *([] if opamp is None else [*names_of(OPAMP), "opamp", "opamp_file"])]
    return options | {name: own[name] for name in names} | ({} if held is None else {"conductances": None})


def _opamp(stored: Stored) -> OpAmp | None:
    """Op-amp by its numbers; None for one that is a subcircuit."""
    fields = stored.record["opamp"]["record"]
    made = OPAMPS.get(fields["model"])
    return None if made is None else made(**fields)


def _problem(stored: Stored, options: dict[str, Any], described: dict[str, Any]) -> Problem:
    matrix, vector = (_array(stored, name, described[name], name) for name in ("matrix", "vector"))
    if matrix is None or vector is None:
        drawn = problem(stored.circuit, options)
        matrix, vector = drawn.matrix if matrix is None else matrix, drawn.vector if vector is None else vector
    for name, array in (("matrix", matrix), ("vector", vector)):
        _check(stored, name, array, described[name])
    return Problem(matrix, vector)


def _array(stored: Stored, name: str, described: dict[str, Any], member: str) -> Numbers | None:
    """Array of the file, or of its description; None if it has neither."""
    if member in stored.arrays:
        return numeric_array(name, stored.arrays[member], (1, 2))
    return array_of(name, described)


def _check(stored: Stored, name: str, array: Numbers, described: dict[str, Any]) -> None:
    try:
        check_array(name, array, described)
    except ParameterError as error:
        typed = stored.record["typed"].get({"vector": "rhs"}.get(name, name))
        where = f"{name} {error.value}{f' from {typed!r}' if typed else ''}"
        raise _refused(stored.path, f"has another {name} than {where}: shape or sha256 differ") from None


def _conductances(stored: Stored, described: dict[str, Any]) -> Conductances | None:
    """Conductances by their numbers; None if the file of `--conductances` is read again."""
    positive = _array(stored, "conductances", described["positive"], "stored_positive")
    pair = described["negative"]
    negative = None if pair is None else _array(stored, "conductances", pair, "stored_negative")
    if positive is None or (pair is not None and negative is None):
        return None
    for array in (positive, negative):
        if array is not None and (np.iscomplexobj(array) or not (array > 0).all()):
            raise _refused(stored.path, "has conductances that are not above 0")
    return Conductances(
        positive,
        negative,
        float(described["alpha"]),
        float(described["unit_s"]),
        int(described["lifted_cells"]),
        float(described["lifting_cost"]),
    )


def _check_conductances(stored: Stored, held: Conductances | None, described: dict[str, Any] | None) -> None:
    """Refuse conductances that are not those of the record."""
    if held is None or described is None:
        return
    for array, content in ((held.positive, described["positive"]), (held.negative, described["negative"])):
        if array is not None and content is not None:
            _check(stored, "conductances", array, content)


def _refused(path: Path, mend: str) -> ParameterError:
    return ParameterError("FILE", str(path), mend)
