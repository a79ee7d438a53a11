"""Op-amps, circuits and optimizers of other packages, found by entry points and imported only when they are needed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from netlists.errors import ParameterError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@cache
def installed_entries(group: str) -> dict[str, EntryPoint]:
    """Return the entry points of a group by name, without importing their packages."""
    from importlib.metadata import entry_points  # here, for it takes as long as the help of the command

    return {entry.name: entry for entry in entry_points(group=group)}


def load_entry(parameter: str, entry: EntryPoint) -> Any:
    """Import the object of an entry point.

    Args:
        parameter: Name of the user's parameter, for the error.
        entry: Entry point.

    Raises:
        ParameterError: The package cannot be imported, or has no such object; the error names the package.
    """
    try:
        return entry.load()
    except Exception as error:  # a package may raise any exception when it is imported
        mend = f"its {package_of(entry)} cannot be loaded: {type(error).__name__}: {error}"
        raise ParameterError(parameter, repr(entry.name), " ".join(mend.split())) from error


def package_of(entry: EntryPoint) -> str:
    """Name the package of an entry point, such as `package my-opamps`."""
    return f"package {entry.dist.name}" if entry.dist is not None else "package"
