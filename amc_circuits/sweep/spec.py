"""Specifications of sweeps: a grid or a list of points over any option of INV or MVM, in TOML."""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amc_circuits.engines import check_engine
from amc_circuits.monte_carlo import read_limits
from amc_circuits.option import Circuit
from amc_circuits.options import parse_options
from netlists import ParameterError, preset

SECTIONS = ("circuit", "fixed", "grid", "points")
LARGEST_SWEEP = 1_000_000


@dataclass(frozen=True)
class Sweep:
    """A sweep as data.

    Attributes:
        circuit: `inv` or `mvm`.
        points: Every point's options, complete and checked.
        text: The specification as it was written.
        given: What it says, read.
    """

    circuit: Circuit
    points: tuple[dict[str, Any], ...]
    text: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def resolved(self) -> dict[str, Any]:
        """All that the specification means: what is fixed with all defaults, and what varies, in SI units."""
        return {"circuit": self.circuit, "points": len(self)}


def read_sweep(path: Path) -> Sweep:
    """Reads a specification in TOML.

    `circuit`, then `[fixed]` options of all points, `[grid]` lists of which every combination is taken (a list of
    values, or `{range = [first, end]}` or `{range = [first, end, step]}` of whole numbers, the end left out), and
    `[[points]]`, a list of points; with both, every listed point is combined with the grid.

    Raises:
        ParameterError: The file cannot be read, or a key or value in it cannot be used.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ParameterError("SPEC", str(path), f"cannot be read as TOML: {reason}") from None
    try:
        return sweep_from(content)
    except ParameterError as error:
        raise ParameterError(f"{path}: {error.parameter}", error.value, error.mend) from None


def sweep_from(content: Mapping[str, Any]) -> Sweep:
    """A sweep from the content of a specification, with the errors of `read_sweep`."""
    for key in content:
        if key not in SECTIONS:
            raise ParameterError(key, repr(content[key]), f"there is no such key; a sweep has {', '.join(SECTIONS)}")
    circuit = content.get("circuit", "")
    if circuit != "inv" and circuit != "mvm":
        raise ParameterError("circuit", repr(circuit), "must be inv or mvm")
    fixed, grid = _section(content, "fixed", dict, {}), _section(content, "grid", dict, {})
    listed = _section(content, "points", list, [{}])
    axes = {name: _values(name, entry) for name, entry in grid.items()}
    count = len(listed) * math.prod(len(values) for values in axes.values())
    if not 0 < count <= LARGEST_SWEEP:
        raise ParameterError("points", count, f"a sweep has at least 1 point and at most {LARGEST_SWEEP}")
    return Sweep(circuit, tuple(_point(circuit, given) for given in _combined(fixed, listed, axes)))


def _combined(fixed: dict[str, Any], listed: list[Any], axes: dict[str, list[Any] | range]) -> Iterator[dict[str, Any]]:
    """What is given for every point; an axis of the grid must not be given elsewhere, too."""
    for point in listed:
        if not isinstance(point, dict):
            raise ParameterError("points", repr(point), "must be tables of options, [[points]]")
        given = fixed | point
        if twice := [name for name in axes if name in given]:
            raise ParameterError(twice[0], repr(given[twice[0]]), "is in [grid], too; give it in one place")
        for combination in itertools.product(*axes.values()):
            yield given | dict(zip(axes, combination, strict=True))


def _point(circuit: Circuit, given: dict[str, Any]) -> dict[str, Any]:
    """The options of a point; names in it must be known, whether its numbers go together is seen when it runs."""
    options = parse_options(circuit, given)
    preset(options["opamp"])
    check_engine(options["engine"])
    read_limits(options["spec"])
    return options


def _section(content: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    value = content.get(name, default)
    if not isinstance(value, kind):
        raise ParameterError(name, repr(value), f"must be a {'table' if kind is dict else 'list of tables'}")
    return value


def _values(name: str, entry: Any) -> list[Any] | range:
    """The values of one grid axis."""
    values: list[Any] | range
    if isinstance(entry, list):
        values = entry
    elif isinstance(entry, dict) and set(entry) == {"range"}:
        bounds = entry["range"]
        whole = isinstance(bounds, list) and all(type(bound) is int for bound in bounds)
        if not whole or len(bounds) not in (2, 3) or (bounds[-1] == 0 and len(bounds) == 3):
            raise ParameterError(name, repr(entry), "must be {range = [first, end]} or {range = [first, end, step]}")
        values = range(*bounds)
        if values[LARGEST_SWEEP:]:
            raise ParameterError(name, repr(entry), f"has more than {LARGEST_SWEEP} values")
    else:
        raise ParameterError(
            name, repr(entry), "must be a list of values or {range = [first, end]}; fixed values go in [fixed]"
        )
    if not values:
        raise ParameterError(name, repr(entry), "has no value")
    return values
