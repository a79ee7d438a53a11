"""Columns of a sweep's rows: names, units, and values on one level."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from amc_circuits.cases.circuits import circuit_names
from amc_circuits.cases.option import parse_table
from amc_circuits.cases.options import ALL, parse_options, solver_options
from amc_circuits.cases.runs import Run, run_names, run_of
from amc_circuits.results.trials import BUDGET
from amc_circuits.studies.statistics import ROW_KEYS
from amc_circuits.sweep.store import Row
from netlists import ParameterError

ABOUT = ("status", "error", "kept", "row_wall_time_s", "finished", "host", "engine_version", "design_sha256",
         "deck_sha256", "package_version", "key", "counter")  # fmt: skip
"""Columns of every row besides its number, options and metrics, in order."""
SUFFIXES = {"_per_s": "1/s", "_s": "s", "_j": "J", "_v": "V", "_a": "A", "_hz": "Hz"}
PARTS = {
    "mean": "mean of trials",
    "std": "std of trials",
    "q05": "5 % of trials",
    "q25": "25 % of trials",
    "q75": "75 % of trials",
    "q95": "95 % of trials",
    "low": "at least",
    "high": "at most",
}
"""Statistics of metrics over many trials, with their text."""
SHARES = ("relative_error", "residual", "overshoot", "relative_noise", "largest_difference", "lifting_cost",
          "yield")  # fmt: skip
"""Metrics printed in per cent."""
MAIN = (
    "settling_time_s",
    "energy_total_j",
    "relative_error",
    "yield",
    "relative_error_q05",
    "relative_error_q95",
    "bits",
    "predicted_settling_time_s",
)
"""Metrics of circuits in a printed table, the most important first; the last ones are left out if there is no room."""
BY_ENGINE = "by_engine_"
"""Prefix of the columns with the number of right-hand sides, or of trials, that each engine solved."""
NONE = "none"
"""Text for a value that is not set."""
FlatRow = dict[str, Any]
"""Row from `flat`."""
_FIGURES = {key: name for name, key in ROW_KEYS.items()}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: Name from `flat`.
        unit: SI unit; `%` for a share that is stored as a fraction; empty without one.
        option: True for an option, False for a result.
        synonym: Other name that users may type; empty without one.
    """

    name: str
    unit: str
    option: bool
    synonym: str = ""

    @property
    def metric(self) -> str:
        """Name without the statistic over many trials."""
        return _parted(self.name)[0]

    @property
    def statistic(self) -> str:
        """Statistic over many trials, one of `PARTS`; empty for the median."""
        return _parted(self.name)[1]

    @property
    def title(self) -> str:
        """Title in words, for headings and axes, without the unit."""
        if self.option:
            return self.name.replace("_", " ")
        stem, part = _parted(self.name)
        words = _FIGURES.get(stem) or stem.removesuffix(_suffix(stem))
        return words.replace("_", " ") + (f", {PARTS[part]}" if part else "")

    @property
    def heading(self) -> str:
        """Heading for users: the title with the unit."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title


def flat(row: Row) -> FlatRow:
    """Flatten a row to one level of names, its number first; provenance of attempts and lists stay in the database."""
    found: FlatRow = {"number": row.number, **row.parameters}
    found["status"] = row.status
    for name, value in row.figures.items():
        if isinstance(value, dict) and name == "energy_j":
            found |= {f"energy_{part}_j": joules for part, joules in value.items()}
        elif isinstance(value, dict) and name == "budget":
            found |= {f"{BUDGET}{cause}": error for cause, error in value.items()}
        elif isinstance(value, dict) and name == "by_engine":
            found |= {f"{BY_ENGINE}{engine}": count for engine, count in value.items()}
        elif not isinstance(value, (dict, list)) and found.get(name) is None:
            found[name] = value
    # The metrics have a wall time, too: that of the simulation alone.
    about = {"row_wall_time_s": row.wall_time_s}
    return found | {name: about.get(name, getattr(row, name, None)) for name in ABOUT if name != "status"}


def columns_of(flat_rows: Iterable[FlatRow]) -> list[Column]:
    """All columns that some row has, in order."""
    rows = list(flat_rows)
    circuits = {row.get("circuit", "") for row in rows} & set(circuit_names())
    runs = known_runs(row.get("run", "") for row in rows)
    own = [*map(solver_options, sorted(circuits)), *(run.options() for run in runs)]
    options = [*ALL, *(option for table in own for option in table)]
    shares = {name for run in runs for name in run.shares}
    units = {option.name: option.unit if option.kind == "quantity" else "" for option in options}
    older = {option.name: option.synonym for option in options}
    names = dict.fromkeys(name for row in rows for name in row)
    return [
        Column(name, units[name] if name in units else _unit(name, shares), name in units, older.get(name, ""))
        for name in names
    ]


def known_runs(names: Iterable[str]) -> list[Run]:
    """Runs of these names that are installed, each once."""
    wanted = sorted(set(names) - {""})
    return [run_of(name) for name in wanted if name in run_names()]


def main_metrics(rows: Sequence[Row]) -> tuple[str, ...]:
    """Metrics that tables and pictures show first: those of the runs in the rows, then those of circuits."""
    return metrics_of(row.parameters.get("run", "") for row in rows)


def metrics_of(runs: Iterable[str]) -> tuple[str, ...]:
    """Metrics that tables and pictures show first: those of these runs, then those of circuits."""
    return (*dict.fromkeys(name for run in known_runs(runs) for name in run.metrics), *MAIN)


def _unit(name: str, shares: Collection[str]) -> str:
    stem, _ = _parted(name)
    return "%" if stem in SHARES or stem in shares or stem.startswith(BUDGET) else SUFFIXES.get(_suffix(stem), "")


def _suffix(name: str) -> str:
    """End of a metric's name that is its unit, one of `SUFFIXES`; empty without one."""
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")


def _parted(name: str) -> tuple[str, str]:
    """Split the name of a metric of many trials into metric and statistic, which is empty for the median."""
    stem, _, part = name.rpartition("_")
    return (stem, part) if stem and part in PARTS else (name, "")


def find_column(parameter: str, name: str, columns: Sequence[Column]) -> Column:
    """Look up a column by its name or synonym, or by a metric without its unit, such as `settling_time` or `energy`.

    Raises:
        ParameterError: There is no such column.
    """
    known = {column.name: column for column in columns}
    wanted = name.strip().lstrip("-").replace("-", "_")
    named = {column.synonym: column for column in columns if column.synonym} | known
    found = next((named[spelled] for spelled in _spellings(wanted) if spelled in named), None)
    if found is not None:
        return found
    close = difflib.get_close_matches(wanted, [*known, *(name for name, key in ROW_KEYS.items() if key in known)], n=3)
    figures = ", ".join(column.name for column in columns if not (column.option or _parted(column.name)[1]))
    mend = f"did you mean {' or '.join(close)}?" if close else f"there are all options, and {figures}"
    raise ParameterError(parameter, repr(name), f"no row has such a column; {mend}")


def _spellings(wanted: str) -> list[str]:
    return [wanted, ROW_KEYS.get(wanted, wanted), *(f"{wanted}{suffix}" for suffix in SUFFIXES)]


def varied_options(rows: Sequence[Row]) -> list[str]:
    """Options that differ between rows, in the order of the option table; a missing option counts as not set."""
    names = dict.fromkeys(name for known in dict.fromkeys(tuple(row.parameters) for row in rows) for name in known)
    return [name for name in names if any(row.parameters.get(name) != rows[0].parameters.get(name) for row in rows)]


def newest(rows: Sequence[Row]) -> list[Row]:
    """Rows without those whose point ran again later with another simulator, package or file.

    Later means stored later, whatever the clocks said. A row of an older version may lack options: they then had their
    default.
    """
    last: dict[tuple[Any, ...], Row] = {}
    for row in sorted(rows, key=lambda row: row.counter):
        last[tuple(sorted(completed(row).items()))] = row
    numbers = {row.number for row in last.values()}
    return [row for row in rows if row.number in numbers]


def completed(row: Row) -> dict[str, Any]:
    """Parameters of a row, with today's defaults of options that it lacks.

    A run says itself which defaults have an effect beside the other options. One that this version does not know, or
    that refuses a value by now, has the parameters as they are.
    """
    word, name = row.subject
    if word == "circuit" or name not in run_names():
        return defaults_of(word, name) | row.parameters
    run = run_of(name)
    try:
        return {word: name, **run.complete(parse_table(name, run.options(), {}) | row.options)}
    except ParameterError:
        return row.parameters


@cache
def defaults_of(word: str, name: str) -> dict[str, Any]:
    """Options of a circuit with their defaults; none for a run, and for a circuit of another version."""
    return parse_options(name, {}) if word == "circuit" and name in circuit_names() else {}
