"""Conductances in files, from `amc program` or from measurements; checked on reading.

`amc program` writes a .npz file of plain arrays:

| key | content | shape |
|---|---|---|
| `matrix` | A, real or complex; for a complex one, arrays are (2N, 2M) | (N, M) |
| `alpha` | largest abs A, in the units of A | () |
| `unit` | conductance that represents alpha, S | () |
| `g_min`, `g_max` | limits of the mapping, S | () |
| `programming_energy`, `programming_time` | totals of all cells, one after the other, J and s | () |
| `positive` | conductances of the positive array, S | (N, M) |
| `target_positive` | target conductances, S | (N, M) |
| `status_positive` | `CellStatus` of each cell | (N, M) |
| `sets_positive`, `resets_positive` | number of pulses of each cell | (N, M) |
| `time_positive`, `energy_positive` | totals of each cell's pulses and reads, s and J | (N, M) |
| `negative`, `target_negative` and so on | negative array, if A has negative entries | (N, M) |

Pulses, time and energy of single cells are for the user of the file; loading needs only the other keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from amc_circuits.cells.devices import Device
from amc_circuits.cells.mapping import Mapping, map_matrix
from amc_circuits.cells.system import embedded
from amc_circuits.files.array_files import DAMAGED, head_of, load_array, named_arrays
from amc_circuits.files.file_kinds import UnreadableError
from amc_circuits.files.run_folder import replacing
from amc_circuits.files.zipped_arrays import Readers
from amc_circuits.programming.write_verify import CellStatus, Written
from amc_circuits.values.checks import Numbers
from netlists import ParameterError
from netlists.record import FloatArray

ARRAYS = ("positive", "negative")
COSTS = ("programming_energy", "programming_time")
CELL_COSTS = ("sets", "resets", "time", "energy")
EXPECTED = "wanted is a file by amc program, or siemens: positive and negative in a .npz, or one array"
LARGEST = 0.1
"""Largest conductance, S; no resistive memory has more."""


def save_conductances(
    path: Path, matrix: Numbers, mapping: Mapping, limits: tuple[float, float], written: Sequence[Written]
) -> None:
    """Write a file completely or not at all.

    Args:
        path: The file, `.npz`.
        matrix: A, shape (N, M), real or complex.
        mapping: Target conductances.
        limits: g_min and g_max, S.
        written: Result of the positive array and, if present, the negative one.
    """
    content: dict[str, Any] = {
        "matrix": matrix,
        "alpha": np.array(mapping.alpha),
        "unit": np.array(mapping.unit),
        "g_min": np.array(limits[0]),
        "g_max": np.array(limits[1]),
        "programming_energy": np.array(sum(float(array.energy.sum()) for array in written)),
        "programming_time": np.array(sum(float(array.time.sum()) for array in written)),
    }
    for name, array in zip(ARRAYS, written, strict=False):
        content[name], content[f"target_{name}"] = array.conductance, array.target
        content[f"status_{name}"] = array.status.astype(np.int64)
        content |= {f"{cost}_{name}": getattr(array, cost) for cost in CELL_COSTS}
    with replacing(path) as partial:
        np.savez_compressed(partial, allow_pickle=False, **content)


def load_conductances(path: Path, matrix: Numbers, limits: tuple[float | None, float | None] = (None, None)) -> Mapping:
    """Load the mapping of a matrix with programmed or measured conductances.

    Args:
        path: A file of `save_conductances`; or one with `positive` and, for a pair, `negative`, in siemens; or one
            array in any format of `load_array`, in siemens. Measured ones may come with `alpha` and `unit`.
        matrix: A, shape (N, M); a complex one has 2N x 2M cells an array.
        limits: g_min and g_max for `map_matrix`, which sets the scale of measured conductances without a `unit`; None
            for those of an ideal device.

    Raises:
        ParameterError: The file has another format, is damaged, or belongs to another matrix; or it needs no limits.
    """
    readers = _readers(path)
    wanted = embedded(matrix)
    if not _programmed(readers):
        return _measured(path, readers, wanted, limits)
    _refuse_limits(limits)
    content = _content(path, readers)
    names = [name for name in ARRAYS if name in content]
    _check_keys(path, content, signed="negative" in content)
    if content["matrix"].shape != matrix.shape:
        raise _refused(
            path, f"was made for a matrix of shape {content['matrix'].shape}, not {matrix.shape}; program this one"
        )
    if not np.array_equal(content["matrix"], matrix):
        raise _refused(path, "was made for another matrix of this shape; program this one")
    for name in names:
        _check_array(path, content, name, wanted.shape)
    alpha, unit = (_scalar(path, content, name) for name in ("alpha", "unit"))
    if alpha != float(np.abs(wanted).max()):
        raise _refused(path, f"alpha is {alpha:g} and not the largest entry of its matrix")
    return _mapping(path, content, wanted, alpha, unit)


def _measured(
    path: Path, readers: Readers | None, matrix: FloatArray, limits: tuple[float | None, float | None]
) -> Mapping:
    """Read measured conductances, with their own scale or with that of the mapping."""
    if readers is None or "positive" not in readers:
        content: dict[str, Any] = {"positive": load_array("conductances", path, (2,))}
    else:
        content = _content(path, {name: readers[name] for name in (*ARRAYS, "alpha", "unit") if name in readers})
    for name in (name for name in ARRAYS if name in content):
        if content[name].dtype.kind not in "fiu":
            raise _refused(path, f"{name} must be real numbers, siemens")
        _check_shape(path, name, content[name], matrix.shape)
        if content[name].max() > LARGEST:
            what = f"{name} holds {content[name].max():g} S, which no cell has; are they microsiemens? Write siemens"
            raise _refused(path, what)
    if {"alpha", "unit"} <= content.keys():
        _refuse_limits(limits)
        return _mapping(path, content, matrix, *(_scalar(path, content, name) for name in ("alpha", "unit")))
    ideal = Device()
    low, high = (own if given is None else given for given, own in zip(limits, (ideal.g_min, ideal.g_max), strict=True))
    _check_signs(path, content, matrix)
    like = map_matrix(matrix, low, high, "always" if "negative" in content else "never")
    return _mapping(path, content, matrix, like.alpha, like.unit)


def _mapping(path: Path, content: dict[str, Any], matrix: FloatArray, alpha: float, unit: float) -> Mapping:
    _check_signs(path, content, matrix)
    held = [np.asarray(content[name], dtype=np.float64) for name in ARRAYS if name in content]
    return Mapping(held[0], held[1] if len(held) == 2 else None, alpha, unit)


def _check_signs(path: Path, content: dict[str, Any], matrix: FloatArray) -> None:
    if "negative" not in content and (matrix < 0).any():
        raise _refused(path, "must hold a pair of arrays, positive and negative: the matrix has negative entries")


def _refuse_limits(limits: tuple[float | None, float | None]) -> None:
    for name, value in zip(("g_min", "g_max"), limits, strict=True):
        if value is not None:
            raise ParameterError(name, value, "the conductances of a file are what they are; leave it out")


def programming_cost(path: Path) -> tuple[float, float]:
    """Energy and time to write all cells, one after the other, J and s; zeros for measured conductances.

    Raises:
        ParameterError: The file does not hold conductances.
    """
    readers = _readers(path)
    if not _programmed(readers):
        return 0.0, 0.0
    content = _content(path, readers)
    _check_keys(path, content, signed="negative" in content)
    found = [content[name] for name in COSTS]
    if any(value.shape != () or value < 0 for value in found):
        raise _refused(path, f"{' and '.join(COSTS)} must be numbers, 0 or more")
    return float(found[0]), float(found[1])


def _readers(path: Path) -> Readers | None:
    """Readers of the arrays of a file with named arrays."""
    try:
        return named_arrays(path, head_of("conductances", path))
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror or error}") from None
    except UnreadableError as error:
        raise _refused(path, str(error)) from None
    except DAMAGED:
        raise _refused(path, f"is damaged; {EXPECTED}") from None


def _programmed(readers: Readers | None) -> TypeGuard[Readers]:
    """True for a file of `save_conductances`, even one that has lost some arrays."""
    return readers is not None and any(name in readers for name in ("matrix", "status_positive", *COSTS))


def _content(path: Path, readers: Readers) -> dict[str, Any]:
    try:
        return {name: read() for name, read in readers.items()}
    except UnreadableError as error:
        raise _refused(path, str(error)) from None
    except DAMAGED:
        raise _refused(path, f"is damaged; {EXPECTED}") from None


def _check_keys(path: Path, content: dict[str, Any], signed: bool) -> None:
    """Check that all keys are present, as numbers."""
    arrays = ARRAYS if signed else ARRAYS[:1]
    wanted = ["matrix", "alpha", "unit", "g_min", "g_max", *COSTS]
    wanted += [f"{prefix}{name}" for name in arrays for prefix in ("", "target_", "status_")]
    for name in wanted:
        if name not in content:
            raise _refused(path, f"lacks {name}; write it with amc program")
        array = content[name]
        numbers = "fiuc" if name == "matrix" else "fiu"
        if array.dtype.kind not in numbers or not np.isfinite(array).all():
            raise _refused(path, f"{name} must be finite numbers")


def _check_array(path: Path, content: dict[str, Any], name: str, shape: tuple[int, ...]) -> None:
    for key in (name, f"target_{name}"):
        _check_shape(path, key, content[key], shape)
    status = content[f"status_{name}"]
    if status.shape != shape or not np.isin(status, [int(status) for status in CellStatus]).all():
        raise _refused(path, f"status_{name} must be whole numbers from 0 to {max(CellStatus):d}, one a cell")


def _check_shape(path: Path, name: str, array: Numbers, shape: tuple[int, ...]) -> None:
    """Check for one conductance above 0 in each cell."""
    if array.shape != shape:
        raise _refused(path, f"{name} has shape {array.shape}; it must be that of its matrix, {shape}")
    if not np.isfinite(array).all() or array.min() <= 0:
        raise _refused(path, f"{name} holds {array.min():g} S; every conductance must be above 0")


def _scalar(path: Path, content: dict[str, Any], name: str) -> float:
    if content[name].shape != () or content[name] <= 0:
        raise _refused(path, f"{name} must be one number above 0")
    return float(content[name])


def _refused(path: Path, problem: str) -> ParameterError:
    return ParameterError("conductances", str(path), problem)
