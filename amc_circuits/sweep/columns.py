"""What a row of a sweep is called column by column: names, units, and values on one level."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from amc_circuits.options import ALL
from amc_circuits.sweep.store import Row
from amc_circuits.trial_statistics import ROW_KEYS
from netlists import ParameterError

ABOUT = ("status", "error", "kept", "row_wall_time_s", "finished", "host", "engine_version", "design_sha256",
         "deck_sha256", "package_version", "key")  # fmt: skip
"""What every row has besides its number, options and figures, in the order of the columns."""
SUFFIXES = {"_s": "s", "_j": "J", "_v": "V", "_a": "A", "_hz": "Hz"}
PARTS = ("mean", "std", "q05", "q25", "q75", "q95", "low", "high")
SHARES = ("relative_error", "residual", "overshoot", "relative_noise", "largest_difference", "yield")
"""Figures that people read in per cent."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: As `flat` has it.
        unit: SI; `%` of a share that is stored as a fraction; empty without one.
        option: True of what was asked, False of what was found.
    """

    name: str
    unit: str
    option: bool

    @property
    def title(self) -> str:
        """For headings and axes."""
        unit = SUFFIXES.get(f"_{self.name.rsplit('_', 1)[-1]}", "")
        name = self.name.rsplit("_", 1)[0] if unit and not self.option else self.name
        return name.replace("_", " ")


def flat(row: Row) -> dict[str, Any]:
    """A row as one level of names, its number first; provenance of attempts and lists stay in the database."""
    found: dict[str, Any] = {"number": row.number, **row.parameters}
    about = {"row_wall_time_s": row.wall_time_s}
    found |= {name: about[name] if name in about else getattr(row, name) for name in ABOUT[:1]}
    for name, value in row.figures.items():
        if isinstance(value, dict) and name == "energy_j":
            found |= {f"energy_{part}_j": joules for part, joules in value.items()}
        elif not isinstance(value, (dict, list)) and name not in found:
            found[name] = value
    return found | {name: about[name] if name in about else getattr(row, name) for name in ABOUT[1:]}


def columns_of(flat_rows: Iterable[dict[str, Any]]) -> list[Column]:
    """All columns that some row has, in order."""
    units = {option.name: option.unit for option in ALL}
    names = dict.fromkeys(name for row in flat_rows for name in row)
    return [Column(name, units[name] if name in units else _unit(name), name in units) for name in names]


def _unit(name: str) -> str:
    stem, _, part = name.rpartition("_")
    name = stem if part in PARTS else name
    if name in SHARES:
        return "%"
    return SUFFIXES.get(f"_{name.rsplit('_', 1)[-1]}", "")


def find_column(parameter: str, name: str, columns: Sequence[Column]) -> Column:
    """The column that a user names: by its name, or a figure without its unit, as `settling_time` or `energy`.

    Raises:
        ParameterError: There is none.
    """
    known = {column.name: column for column in columns}
    wanted = name.strip().replace("-", "_")
    if wanted not in known:
        wanted = ROW_KEYS.get(wanted, wanted)
    if wanted not in known:
        wanted = next((f"{wanted}{suffix}" for suffix in SUFFIXES if f"{wanted}{suffix}" in known), wanted)
    if wanted in known:
        return known[wanted]
    close = difflib.get_close_matches(wanted, known, n=1)
    mend = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
    raise ParameterError(parameter, repr(name), f"there is no such column; {mend}")


def varied_options(rows: Sequence[Row]) -> list[str]:
    """Options that differ between rows, in the order of the option table."""
    if not rows:
        return []
    return [name for name in rows[0].parameters if len({str(row.parameters.get(name)) for row in rows}) > 1]
