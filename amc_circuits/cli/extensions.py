"""Extensions of the `amc` command by upper layers: subcommands, checks for `amc doctor`, comparisons of their runs.

A package announces itself with an entry point in the group `amc.commands` that resolves to an `Extension`. So
`amc_circuits` never imports the layers above it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

GROUP = "amc.commands"


@dataclass(frozen=True)
class Check:
    """One line of `amc doctor`.

    Attributes:
        name: Name of the checked item.
        ok: True if the item is present and usable.
        detail: Result of the check: a version, a path, a count.
        mend: Command to type if the item is missing; empty if `ok`.
        required: False for a useful item that is not needed; its absence does not change the exit code.
    """

    name: str
    ok: bool
    detail: str
    mend: str = ""
    required: bool = True


@dataclass(frozen=True)
class Compared:
    """A comparison in all forms that `amc compare` prints and writes.

    Attributes:
        record: Comparison as plain data, for JSON.
        heading: Lines above the printed table: the title, then a line for each design.
        table: Comparison as a printed table.
        rows: Comparison as rows with the same keys, for CSV.
        plot: Function that draws it into a file.
        unusable: Reasons why designs have no usable result, one sentence each.
    """

    record: dict[str, Any]
    heading: Sequence[str]
    table: Table
    rows: Sequence[Mapping[str, Any]]
    plot: Callable[[Path], None]
    unusable: tuple[str, ...] = ()


@dataclass(frozen=True)
class CommandGroup:
    """Commands under one word, as in `amc opamp list`; the module of a command is imported when it runs.

    Attributes:
        help: Description in one line.
        commands: Description and place, `module:function`, of each command by its name. The function has Typer's
            annotations.
    """

    help: str
    commands: Mapping[str, tuple[str, str]] = field(repr=False)


@dataclass(frozen=True)
class Extension:
    """Subcommands, checks and comparisons of one upper layer.

    Attributes:
        commands: Functions with Typer annotations; the name of a command is that of its function, with `_` as `-`.
        groups: Groups of commands by their names.
        checks: Functions that yield lines of `amc doctor`.
        comparisons: Functions that compare folders of runs, by the name of the command that made the folders.
    """

    commands: tuple[Callable[..., None], ...] = ()
    groups: Mapping[str, CommandGroup] = field(default_factory=dict)
    checks: tuple[Callable[[], Iterable[Check]], ...] = field(default=())
    comparisons: Mapping[str, Callable[[Sequence[Path]], Compared]] = field(default_factory=dict)


def installed_extensions() -> Iterator[Extension]:
    """Yield the extension of every installed package that announces one, in the order of their names."""
    from importlib.metadata import entry_points  # here, for it takes as long as the help of the command

    for entry_point in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        yield entry_point.load()
