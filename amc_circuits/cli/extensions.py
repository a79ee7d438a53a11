"""What an upper layer hands to the `amc` command: subcommands and checks for `amc doctor`.

A package announces itself with an entry point in the group `amc.commands` that resolves to an `Extension`. So
`amc_circuits` never imports what stands above it.
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
        name: What was looked for.
        ok: True when it was found and is usable.
        detail: What was found: a version, a path, a count.
        mend: What to type when it lacks. Empty when `ok`.
        required: False for something that is useful but not needed; its lack does not change the exit code.
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
        commands: Functions with Typer annotations; the command's name is the function's, with `_` as `-`.
        checks: Functions that yield the lines they add to `amc doctor`.
    """

    commands: tuple[Callable[..., None], ...] = ()
    checks: tuple[Callable[[], Iterable[Check]], ...] = field(default=())


def installed_extensions() -> Iterator[Extension]:
    """Yields the extension of every installed package that announces one, in the order of their names."""
    for entry_point in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        yield entry_point.load()
