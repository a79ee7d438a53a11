"""Rows of a sweep in Python: as records, in pandas, in xarray, in a notebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from amc_circuits.sweep.rows.columns import Column, columns_of, flat, varied_options
from amc_circuits.sweep.rows.stream import chosen
from amc_circuits.sweep.rows.table import main_columns
from amc_circuits.sweep.rows.text_table import cell
from amc_circuits.sweep.store import Row, Store
from netlists.errors import path_of
from netlists.short_text import WIDTH, rows_text

if TYPE_CHECKING:
    import pandas
    import xarray

SHOWN_ROWS = 10
"""Most rows shown in a notebook."""


@dataclass(frozen=True, repr=False)
class SweepResults:
    """Rows of a sweep at the time of opening; a running sweep can be opened again.

    Attributes:
        folder: Folder of the sweep.
        rows: Rows in the order of their numbers.
        columns: Columns of all rows of the sweep.
    """

    folder: Path
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def where(self, *conditions: str) -> SweepResults:
        """Select the rows that keep all conditions, such as `size>=16,status=SETTLED`; see `conditions.chosen`.

        Raises:
            ParameterError: A condition cannot be read, or no row has its column.
        """
        return replace(self, rows=tuple(chosen(self.rows, conditions)))

    def to_pandas(self) -> pandas.DataFrame:
        """Convert to a DataFrame, one line a row.

        The index is `number`, the columns are those of `amc table --format csv`, in SI units, with `attrs["units"]`.

        Raises:
            ParameterError: Pandas is not installed.
        """
        from amc_circuits.sweep.rows.frames import to_frame

        frame: pandas.DataFrame = to_frame(self.rows, self.columns)
        return frame

    def to_xarray(self) -> xarray.Dataset:
        """Convert to a Dataset with the varied options as dimensions and the metrics as variables.

        See `frames.to_dataset`.

        Variables have `attrs["units"]`.

        Raises:
            ParameterError: Xarray is not installed, several rows have one place, or the points fill no grid.
        """
        from amc_circuits.sweep.rows.frames import to_dataset

        dataset: xarray.Dataset = to_dataset(self.rows, self.columns)
        return dataset

    def __repr__(self) -> str:
        text = f"SweepResults({str(self.folder)!r}: {self._summary()})"
        return text if len(text) <= WIDTH else rows_text("SweepResults", self._parts())

    def _parts(self) -> dict[str, str]:
        """Folder and summary as rows of a text."""
        count, *options = self._summary().split("; ")
        return {"folder": str(self.folder), "status": count, "options": ", ".join(options)}

    def _summary(self) -> str:
        """Number of rows, their statuses, and the options that vary."""
        statuses = Counter(row.status for row in self.rows).most_common()
        values = {name: len({str(row.parameters.get(name)) for row in self.rows}) for name in varied_options(self.rows)}
        parts = [f"{len(self)} rows", *(f"{count} {status}" for status, count in statuses)]
        return ", ".join(parts) + "".join(f"; {name}: {count} values" for name, count in values.items())

    def _repr_html_(self) -> str:
        """Summary and first rows as HTML, without colours of its own, so that it suits light and dark pages."""
        flat_rows = [flat(row) for row in self.rows[:SHOWN_ROWS]]
        columns = main_columns(self.rows, self.columns)
        head = "".join(f"<th>{escape(column.heading)}</th>" for column in columns)
        lines = [
            "".join(f"<td>{escape(cell(row.get(column.name), column))}</td>" for column in columns) for row in flat_rows
        ]
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        more = f"<p>and {len(self) - SHOWN_ROWS} more rows</p>" if len(self) > SHOWN_ROWS else ""
        title = f"<p><strong>{escape(str(self.folder))}</strong>: {escape(self._summary())}</p>"
        return f"<div>{title}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}</div>"


def open_sweep(folder: str | Path) -> SweepResults:
    """Open the folder of a sweep and read its rows, also while it runs; nothing is written.

    Raises:
        ParameterError: The folder holds no sweep, or one of another version of this package.
    """
    folder = path_of("folder", folder)
    with Store(folder) as store:
        rows = tuple(store.rows())
    return SweepResults(folder, rows, tuple(columns_of([flat(row) for row in rows])))
