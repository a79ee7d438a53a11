"""Extensions of the `amc` command by upper layers: subcommands, and checks for `amc doctor`.

A package announces itself with an entry point in the group `amc.commands` that resolves to an `Extension`. So
`amc_circuits` never imports the layers above it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import entry_points

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
class Extension:
    """Subcommands and checks of one upper layer.

    Attributes:
        commands: Functions with Typer annotations; the name of a command is that of its function, with `_` as `-`.
        checks: Functions that yield lines of `amc doctor`.
    """

    commands: tuple[Callable[..., None], ...] = ()
    checks: tuple[Callable[[], Iterable[Check]], ...] = field(default=())


def installed_extensions() -> Iterator[Extension]:
    """Yield the extension of every installed package that announces one, in the order of their names."""
    for entry_point in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        yield entry_point.load()
