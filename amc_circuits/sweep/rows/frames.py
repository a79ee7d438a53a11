"""Rows of a sweep in pandas and xarray, and as Parquet files."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.cases.options import ALL
from amc_circuits.sweep.rows.columns import ABOUT, NONE, Column, FlatRow, flat, varied_options
from amc_circuits.sweep.store import LARGEST_STORED, WORDS, Row
from netlists import ParameterError

MEND = "needs pandas and pyarrow: pip install 'amc[tables]'"
"""Advice if a package is missing; xarray comes with the others."""
TEXTS = {option.name for option in ALL if option.kind == "text"} | set(ABOUT) - {"row_wall_time_s"} | {"warning"}
"""Columns that hold text; needed for columns without a value."""
NUMBER = Column("number", "", False)
LARGEST_GRID = 10_000_000
"""Most places of a grid."""
SPARSEST = 100
"""Most places of a grid for each row; sparser points fill no grid."""


def _imported(name: str, parameter: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ParameterError(parameter, name, f"is not installed; this {MEND}") from None


def write_parquet(flat_rows: Sequence[FlatRow], columns: Sequence[Column], path: Path) -> None:
    """Write rows as a Parquet file, with units in the metadata that pandas reads as `attrs`.

    Raises:
        ParameterError: Pandas or pyarrow is not installed.
    """
    _imported("pyarrow", "format")
    _frame(flat_rows, columns, "format").to_parquet(path, engine="pyarrow", index=False)


def to_frame(rows: Sequence[Row], columns: Sequence[Column]) -> Any:
    """Convert rows to a pandas DataFrame: index `number`, SI units, `attrs["units"]` of the columns that have one.

    Raises:
        ParameterError: Pandas is not installed.
    """
    return _frame([flat(row) for row in rows], columns or [NUMBER], "to_pandas").set_index("number")


def _frame(flat_rows: Sequence[FlatRow], columns: Sequence[Column], parameter: str) -> Any:
    pandas = _imported("pandas", parameter)
    content = {column.name: _typed([row.get(column.name) for row in flat_rows], column) for column in columns}
    frame = pandas.DataFrame(content)
    frame.attrs["units"] = {column.name: si_unit(column) for column in columns if column.unit}
    return frame


def si_unit(column: Column) -> str:
    """Unit of the stored value: a share is a fraction, with the unit 1."""
    return "1" if column.unit == "%" else column.unit


def _typed(values: list[Any], column: Column) -> Any:
    """Convert values to one type: numbers with nan, flags, or text; names among numbers make all of them text."""
    types = {type(value) for value in values if value is not None}
    if types <= {int, float} and (types or column.name not in TEXTS):
        whole = types == {int} and None not in values
        if not whole:
            return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        if all(abs(value) <= LARGEST_STORED for value in values):
            return np.array(values, dtype=np.int64)
    if types == {bool} and None not in values:
        return np.array(values)
    return np.array([None if value is None else str(value) for value in values], dtype=object)


def to_dataset(rows: Sequence[Row], columns: Sequence[Column]) -> Any:
    """Convert rows to an xarray Dataset: options that vary are dimensions, metrics variables, other options `attrs`.

    Places of the grid without a row are nan, texts there are empty. Names in a dimension make all of its values text,
    and an option that is not set is `none` there.

    Raises:
        ParameterError: Xarray is not installed, several rows have one place, or the points fill no grid.
    """
    xarray = _imported("xarray", "to_xarray")
    flat_rows = [flat(row) for row in rows]
    dimensions = {name: _axis([row.get(name) for row in flat_rows]) for name in varied_options(rows)}
    shape = tuple(len(axis) for axis, _ in dimensions.values())
    if not rows:
        return xarray.Dataset()
    if math.prod(shape) > min(SPARSEST * len(rows), LARGEST_GRID):
        raise ParameterError(
            "to_xarray",
            f"{len(rows)} rows",
            f"they are too few for a grid of {' x '.join(map(str, shape))} ({', '.join(dimensions)}); take to_pandas",
        )
    places = np.array([place for _, place in dimensions.values()], dtype=np.intp).reshape(len(shape), len(rows))
    _check_alone(rows, places)
    variables = {
        column.name: (tuple(dimensions), _spread(values, tuple(places), shape), _units(column))
        for column in columns
        if not column.option and column.name not in WORDS
        for values in [_typed([row.get(column.name) for row in flat_rows], column)]
        if values.dtype != object or column.name in ("status", "error")
    }
    units = {column.name: _units(column) for column in columns}
    coordinates = {name: (name, axis, units[name]) for name, (axis, _) in dimensions.items()}
    return xarray.Dataset(variables, coordinates, _constants(rows, dimensions))


def _axis(values: list[Any]) -> tuple[Any, list[int]]:
    """Distinct values of a dimension, and the index of every row's value among them."""
    types = {type(value) for value in values}
    if types <= {int, float, type(None)} or types == {bool}:
        axis, places = np.unique([math.nan if value is None else value for value in values], return_inverse=True)
        return axis, places.tolist()
    texts = [NONE if value is None else str(value) for value in values]
    once = list(dict.fromkeys(texts))
    return np.array(once, dtype=object), [once.index(text) for text in texts]


def _check_alone(rows: Sequence[Row], places: Any) -> None:
    """Refuse several rows in one place, which differ in no option."""
    seen: dict[tuple[int, ...], Row] = {}
    for row, place in zip(rows, map(tuple, places.T.tolist()), strict=True):
        other = seen.setdefault(place, row)
        if other is not row:
            mend = (
                "have the same options, as after a change of simulator, package or file; choose by "
                "where('number!=...') or where('engine_version=...'), or take to_pandas"
            )
            raise ParameterError("to_xarray", f"rows {other.number} and {row.number}", mend)


def _spread(values: Any, places: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Put values into their places of the grid."""
    text = values.dtype == object
    grid = np.full(shape, "", dtype=object) if text else np.full(shape, np.nan)
    grid[places] = values if places else values[0]
    return grid


def _units(column: Column) -> dict[str, str]:
    return {"units": si_unit(column)} if column.unit else {}


def _constants(rows: Sequence[Row], dimensions: dict[str, Any]) -> dict[str, Any]:
    """Options that all rows share, in the types of file formats."""
    return {
        name: value if isinstance(value, (int, float, str)) and not isinstance(value, bool) else str(value)
        for name, value in rows[0].parameters.items()
        if value is not None and name not in dimensions
    }
