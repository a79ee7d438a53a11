"""Programmed conductances in .npz files: plain arrays, checked when they are read.

| key | what | shape |
|---|---|---|
| `matrix` | A | (N, M) |
| `alpha` | max abs A, in the units of A | () |
| `unit` | conductance that stands for alpha, S | () |
| `g_min`, `g_max` | limits of the mapping, S | () |
| `programming_energy`, `programming_time` | of all cells, one after the other, J and s | () |
| `positive` | conductances of the positive array, S | (N, M) |
| `target_positive` | what was wanted, S | (N, M) |
| `status_positive` | `CellStatus` of each cell | (N, M) |
| `sets_positive`, `resets_positive` | pulses that each cell took | (N, M) |
| `time_positive`, `energy_positive` | of each cell's pulses and reads, s and J | (N, M) |
| `negative`, `target_negative` and so on | negative array, where A has negative entries | (N, M) |

Pulses, time and energy of single cells are for whoever opens the file; loading asks for the other keys alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.array_files import DAMAGED
from amc_circuits.mapping import Mapping
from amc_circuits.run_folder import replacing
from amc_circuits.write_verify import CellStatus, Written
from netlists import ParameterError
from netlists.record import FloatArray

ARRAYS = ("positive", "negative")
COSTS = ("programming_energy", "programming_time")
CELL_COSTS = ("sets", "resets", "time", "energy")


def save_conductances(
    path: Path, matrix: FloatArray, mapping: Mapping, limits: tuple[float, float], written: Sequence[Written]
) -> None:
    """Writes a file, whole or not at all.

    Args:
        path: The file, `.npz`.
        matrix: A, shape (N, M).
        mapping: What was wanted.
        limits: g_min and g_max, S.
        written: What became of the positive array and, where there is one, the negative one.
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


def load_conductances(path: Path, matrix: FloatArray) -> Mapping:
    """The mapping of a matrix with the conductances that were programmed for it.

    Args:
        path: A file that `save_conductances` wrote.
        matrix: A, shape (N, M); must be the one that the file was made for.

    Raises:
        ParameterError: It is no such file, damaged, or made for another matrix.
    """
    content = _read(path)
    names = [name for name in ARRAYS if name in content]
    _check_keys(path, content, signed="negative" in content)
    if content["matrix"].shape != matrix.shape:
        raise _refused(path, f"was made for a matrix of shape {content['matrix'].shape}, not {matrix.shape}")
    if not np.array_equal(content["matrix"], matrix):
        raise _refused(path, "was made for another matrix of this shape; program this one")
    if (len(names) == 2) != bool((matrix < 0).any()):
        raise _refused(path, "must hold a pair of arrays exactly where the matrix has negative entries")
    for name in names:
        _check_array(path, content, name, matrix.shape)
    alpha, unit = (_scalar(path, content, name) for name in ("alpha", "unit"))
    if alpha != float(np.abs(matrix).max()):
        raise _refused(path, f"alpha is {alpha:g} and not the largest entry of its matrix")
    negative = content["negative"] if len(names) == 2 else None
    return Mapping(content["positive"], negative, alpha, unit)


def programming_cost(path: Path) -> tuple[float, float]:
    """What it took to write all cells, one after the other, J and s.

    Raises:
        ParameterError: It is no file that `save_conductances` wrote.
    """
    content = _read(path)
    _check_keys(path, content, signed="negative" in content)
    found = [content[name] for name in COSTS]
    if any(value.shape != () or value < 0 for value in found):
        raise _refused(path, f"{' and '.join(COSTS)} must be numbers, 0 or more")
    return float(found[0]), float(found[1])


def _read(path: Path) -> dict[str, Any]:
    try:
        # Opened here, because np.load leaves a damaged file open.
        with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror or error}") from None
    except DAMAGED:
        raise _refused(path, "is damaged or no .npz file of plain arrays; write it with amc program") from None


def _check_keys(path: Path, content: dict[str, Any], signed: bool) -> None:
    """All keys are there, as numbers."""
    arrays = ARRAYS if signed else ARRAYS[:1]
    wanted = ["matrix", "alpha", "unit", "g_min", "g_max", *COSTS]
    wanted += [f"{prefix}{name}" for name in arrays for prefix in ("", "target_", "status_")]
    for name in wanted:
        if name not in content:
            raise _refused(path, f"lacks {name}; write it with amc program")
        array = content[name]
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise _refused(path, f"{name} must be finite numbers")


def _check_array(path: Path, content: dict[str, Any], name: str, shape: tuple[int, ...]) -> None:
    for key in (name, f"target_{name}", f"status_{name}"):
        if content[key].shape != shape:
            raise _refused(path, f"{key} has shape {content[key].shape}, its matrix {shape}")
    for key in (name, f"target_{name}"):
        if content[key].min() <= 0:
            raise _refused(path, f"{key} holds {content[key].min():g} S; every conductance must be above 0")
    if not np.isin(content[f"status_{name}"], [int(status) for status in CellStatus]).all():
        raise _refused(path, f"status_{name} must be whole numbers from 0 to {max(CellStatus):d}")


def _scalar(path: Path, content: dict[str, Any], name: str) -> float:
    if content[name].shape != () or content[name] <= 0:
        raise _refused(path, f"{name} must be one number above 0")
    return float(content[name])


def _refused(path: Path, problem: str) -> ParameterError:
    return ParameterError("conductances", str(path), problem)
