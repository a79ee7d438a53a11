"""Circuit and fixed conditions of a sweep in words, such as `INV 16 x 16, cmos-100meg, exact; condition 10`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amc_circuits.sweep.rows.columns import FlatRow, columns_of, defaults_of, known_runs
from amc_circuits.values.matrices import DEFAULT_CONDITION
from amc_circuits.values.quantities import format_quantity

SHAPE = ("circuit", "size", "columns")
PARTS = ("opamp_file", "opamp", "device", "engine")
"""Options that are named by their value alone; the op-amp of a file stands for the preset."""
UNNAMED = ("seed", "trial", "timeout", "monte_carlo", "spec", "budget", "opamp_subckt", "opamp_pins", *SHAPE, *PARTS)
"""Options that are no conditions of a circuit, or are named in another way."""
WITH_CONDITION = ("spd", "random")
"""Families of matrices that have a condition number, by default `DEFAULT_CONDITION`."""


def circuit_of(rows: Sequence[FlatRow]) -> str:
    """Name of the circuit and the size that all rows have, such as `INV 16 x 16`; several names of several circuits."""
    fixed = _fixed(rows)
    names = " and ".join(dict.fromkeys(str(row["circuit"]).upper() if "circuit" in row else row["run"] for row in rows))
    size = fixed.get("size")
    return names if size is None else f"{names} {size} x {fixed.get('columns') or size}"


def conditions_of(rows: Sequence[FlatRow]) -> str:
    """Op-amp, cells and engine that all rows have, then all other fixed options that differ from their default.

    The options of a run, and of a circuit that is not installed, have no known default, and are left out.
    """
    fixed = _fixed(rows)
    named: tuple[str, ...] = PARTS
    if "run" in rows[0]:
        usual, named = {}, tuple(name for run in known_runs([rows[0]["run"]]) for name in run.named)
    else:
        usual = defaults_of("circuit", str(rows[0]["circuit"]))
    columns = {column.name: column for column in columns_of(rows) if column.option}
    if fixed.get("opamp_file"):
        fixed.pop("opamp", None)
    parts = [str(fixed[name]) for name in named if fixed.get(name) not in (None, "ideal")]
    others = [
        f"{columns[name].title} {value_text(value, columns[name].unit)}".removesuffix(" true")
        for name, value in (_usual_condition(rows, fixed) | fixed).items()
        if name in columns.keys() & usual.keys() - set(UNNAMED) and value != usual[name]
    ]
    return "; ".join(", ".join(some) for some in (parts, others) if some)


def description_of(rows: Sequence[FlatRow]) -> str:
    """Circuit, parts and fixed conditions in one line; empty without rows."""
    if not rows:
        return ""
    conditions = conditions_of(rows)
    return f"{circuit_of(rows)}{', ' * bool(conditions)}{conditions}"


def value_text(value: Any, unit: str) -> str:
    """Format a value of an option with its unit."""
    if isinstance(value, bool):
        return str(value).lower()
    return format_quantity(value, unit) if isinstance(value, (int, float)) else str(value)


def _fixed(rows: Sequence[FlatRow]) -> dict[str, Any]:
    """Options that have the same value in all rows, and this value; those without a value are left out."""
    options = [column.name for column in columns_of(rows) if column.option]
    first = {name: rows[0].get(name) for name in options}
    return {
        name: value
        for name, value in first.items()
        if value is not None and all(row.get(name) == value for row in rows)
    }


def _usual_condition(rows: Sequence[FlatRow], fixed: dict[str, Any]) -> dict[str, Any]:
    """Condition number of drawn matrices if none was given; empty if one was, or if none is drawn."""
    drawn = fixed.get("family") in WITH_CONDITION and all(row.get("matrix") is None for row in rows)
    usual = drawn and all(row.get("condition") is None for row in rows)
    return {"condition": DEFAULT_CONDITION} if usual else {}
