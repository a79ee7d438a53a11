"""One point of a sweep as a record, and as the content of a database, which may come from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from amc_circuits.cases.option import renamed
from amc_circuits.cases.options import SYNONYMS
from amc_circuits.cases.runs import DONE
from amc_circuits.results.status import is_usable
from amc_circuits.sweep.store.forms import Form, parsed
from netlists.short_text import short_repr

FAILED, INVALID = "FAILED", "INVALID"
WORDS = ("circuit", "run")
"""Parameters that name the subject of a row; it has one of them."""
TEXTS = ("circuit", "engine", "status", "warning")
"""Metrics that are text."""
_AS_JSON = ("parameters", "figures")


@dataclass(frozen=True)
class Row:
    """One point of a sweep.

    Attributes:
        key: Hash of all that its metrics depend on: circuit, options, contents of files, engine and its version.
        number: Its place in the sweep, from 0.
        parameters: Circuit or run, and its options, complete, in SI units.
        status: Status of the solution or run; `FAILED` if it could not be simulated, `INVALID` if an option cannot be
            used.
        figures: Metrics, as `--format json` prints them, without vectors.
        error: Why it failed; empty for a usable row.
        kept: Place of deck and log of a failure, relative to the sweep's folder; empty without any.
        wall_time_s: Wall time of this point, s.
        finished: Time of its end by the clock of its machine, UTC, ISO 8601; no order depends on it.
        seed: Seed of all random draws.
        host: Name of the machine that ran it.
        engine: Engine in the options of the point.
        engine_version: Version of the engine, such as `ngspice 46 KLU`, or that of this package.
        design_sha256: Hash of the design record; for trials, of all their hashes; empty without a design.
        deck_sha256: Hash of the decks that were run; empty when none was.
        package_version: Version of this package.
        counter: Place in the order of storage, from 1; 0 before that. It is not part of the content: rows are equal
            whatever their counters.
    """

    key: str
    number: int
    parameters: dict[str, Any]
    status: str
    figures: dict[str, Any]
    error: str
    kept: str = ""
    wall_time_s: float = 0.0
    finished: str = ""
    seed: int = 0
    host: str = ""
    engine: str = ""
    engine_version: str = ""
    design_sha256: str = ""
    deck_sha256: str = ""
    package_version: str = ""
    counter: int = field(default=0, compare=False)

    __repr__ = short_repr

    @property
    def options(self) -> dict[str, Any]:
        """Parameters without the circuit or run."""
        return {name: value for name, value in self.parameters.items() if name not in WORDS}

    @property
    def subject(self) -> tuple[str, str]:
        """`circuit` or `run`, and its name."""
        word = next(word for word in WORDS if word in self.parameters)
        return word, self.parameters[word]

    @property
    def usable(self) -> bool:
        """True for a solution that settled or passed its level, and for a run with a usable result."""
        return bool(self.figures.get("usable", usable_by(self.status)))

    @property
    def failed(self) -> bool:
        """True if nothing could be simulated."""
        return self.status in (FAILED, INVALID)


def usable_by(status: str) -> bool:
    """True for a status of usable rows, unless they say otherwise themselves."""
    return is_usable(status) or status == DONE


COLUMNS = tuple(entry.name for entry in fields(Row) if entry.name != "counter")
"""Columns of a row in older layouts, besides the counter and the checksums."""
_IN_TREE = tuple(name for name in COLUMNS if name not in ("key", "number", "status"))
_TYPES: dict[str, type] = {
    entry.name: {"str": str, "int": int, "float": float}.get(str(entry.type), dict) for entry in fields(Row)
}


class Packed(NamedTuple):
    """A row as it is stored.

    Attributes:
        number: Number of the row.
        key: Its key.
        counter: Its counter.
        status: Its status.
        form: What it shares with others.
        content: Its own values, or their JSON.
        waveforms: Checksum of its waveforms; empty if it has none, in a layout without checksums any text.
    """

    number: int
    key: str
    counter: int
    status: str
    form: Form
    content: str | Sequence[Any]
    waveforms: str

    @property
    def values(self) -> tuple[Any, ...]:
        """Head and all values, in the order of `Form.places`.

        Raises:
            ValueError: The content is none of this form.
        """
        return self[:4] + self.form.values(self.content)


def tree_of(row: Row) -> dict[str, Any]:
    """Values of a row by their names, without those in columns of their own."""
    return {name: _as_text(getattr(row, name)) for name in _IN_TREE} | {"wall_time_s": float(row.wall_time_s)}


def _as_text(value: Any) -> Any:
    """Text as valid UTF-8: the name of a file, which an error may contain, need not be."""
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def row_of(packed: Packed) -> Row:
    """Build a row.

    Raises:
        ValueError: A value is of another type, or does not occur in a valid row.
    """
    try:
        return _sound_row(packed.form.tree(packed.form.values(packed.content)) | packed._asdict())
    except (TypeError, AttributeError):
        raise ValueError("it is no row") from None


def row_of_columns(counter: object, values: Sequence[Any]) -> Row:
    """Build a row from the columns of an older layout, with the errors of `row_of`.

    Args:
        counter: Counter of the row.
        values: Values of `COLUMNS`; parameters and metrics are JSON.
    """
    try:
        texts = zip(COLUMNS, values, strict=True)
        return _sound_row(
            {name: parsed(text) if name in _AS_JSON else text for name, text in texts} | {"counter": counter}
        )
    except (TypeError, AttributeError, RecursionError):
        raise ValueError("it is no row") from None


def _sound_row(found: Mapping[str, Any]) -> Row:
    """Build a row of its values; options that were renamed get their new names."""
    row: dict[str, Any] = {name: found.get(name) for name in _TYPES}
    if not all(isinstance(row[name], type_) for name, type_ in _TYPES.items()) or not _is_sound(row):
        raise ValueError("it is no row")
    return Row(**row | {"parameters": renamed(row["parameters"], SYNONYMS)})


def _is_sound(row: Mapping[str, Any]) -> bool:
    """Test that parameters are options of a circuit or run, metrics numbers except for `TEXTS`, and texts printable."""
    parameters, figures = row["parameters"], row["figures"]
    numbers = [value for name, value in figures.items() if name not in TEXTS and not isinstance(value, list)]
    numbers += [value for group in numbers if isinstance(group, dict) for value in group.values()]
    return (
        any(isinstance(parameters.get(word), str) for word in WORDS)
        and all(value is None or isinstance(value, (str, int, float)) for value in parameters.values())
        and all(value is None or isinstance(value, (int, float, dict)) for value in numbers)
        and all(isinstance(figures.get(name, ""), str) for name in TEXTS)
        and all(value.isprintable() for name, value in row.items() if isinstance(value, str) and name != "error")
    )
