"""State of a training in one file without pickle: a tree of plain data, records and arrays."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits import ParameterError, replacing
from optimizer.curvature import KroneckerFactors
from optimizer.fisher_blocks import Progress
from optimizer.ledger import Failure, Inversion, Slowest
from optimizer.preconditioner import InverseFactors
from optimizer.result import Evaluation

LAYOUT = 1
"""Layout of the states that this version writes and reads."""
TREE = "tree"
"""Name of the tree among the arrays of a file: JSON as bytes."""
RECORDS: dict[str, type] = {
    record.__name__: record
    for record in (KroneckerFactors, InverseFactors, Progress, Inversion, Failure, Slowest, Evaluation)
}
"""Records that a state may contain; a file can build no others."""
_BROKEN = (OSError, ValueError, KeyError, TypeError, EOFError, MemoryError, RecursionError, zipfile.BadZipFile)
"""Errors of NumPy, of zip files and of this module for a file that is damaged."""


def pack(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """Convert nested values to data for JSON; arrays are moved to `arrays`, and their names take their places.

    Args:
        value: Numbers, texts, None, arrays, and lists, tuples, dicts with texts as keys, and `RECORDS` of them. A
            scalar of NumPy becomes a number.
        arrays: Arrays by name; those of `value` are added.

    Raises:
        TypeError: A value or key is of another type.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        name = f"array{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [pack(one, arrays) for one in value]}
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise TypeError(f"a state has texts as keys, not {name!r}")
        return {"dict": {name: pack(one, arrays) for name, one in value.items()}}
    if is_dataclass(value) and type(value).__name__ in RECORDS:
        kept = {entry.name: getattr(value, entry.name) for entry in fields(value) if entry.metadata.get("kept", True)}
        return {"record": type(value).__name__, "fields": {name: pack(one, arrays) for name, one in kept.items()}}
    raise TypeError(f"a state contains no {type(value).__name__}")


def unpack(packed: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Convert the result of `pack` back.

    Raises:
        KeyError: A name in it is unknown.
    """
    if not isinstance(packed, dict):
        return packed
    if "record" in packed:
        return RECORDS[packed["record"]](**{name: unpack(one, arrays) for name, one in packed["fields"].items()})
    ((form, content),) = packed.items()
    if form == "array":
        return arrays[content]
    if form == "dict":
        return {name: unpack(one, arrays) for name, one in content.items()}
    return {"list": list, "tuple": tuple}[form](unpack(one, arrays) for one in content)


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write a state completely or not at all."""
    arrays: dict[str, NDArray[Any]] = {}
    tree = json.dumps({"layout": LAYOUT, "state": pack(state, arrays)}).encode()
    with replacing(path) as partial:
        np.savez(partial, **{TREE: np.frombuffer(tree, np.uint8)}, **arrays)  # type: ignore[arg-type]


def read_state(path: Path) -> dict[str, Any]:
    """Read a state.

    Raises:
        ParameterError: The file is damaged, or of another version of this package.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            arrays = dict(found)
        content = json.loads(arrays.pop(TREE).tobytes())
        layout = content["layout"]
        state: dict[str, Any] = unpack(content["state"], arrays) if layout == LAYOUT else {}
    except _BROKEN:
        mend = f"its {path.name} is damaged, so the training cannot go on; replace = True starts it anew"
        raise ParameterError("out", str(path.parent), mend) from None
    if layout != LAYOUT:
        mend = f"its {path.name} is of another version of amc; take that version, or replace = True to start anew"
        raise ParameterError("out", str(path.parent), mend)
    return state
