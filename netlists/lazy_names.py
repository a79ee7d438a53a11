"""Names of a package that are imported at first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from netlists.version import package_version


def lazy_names(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make `__getattr__` and `__dir__` of a package whose names are imported at first use.

    Args:
        package: Name of the package, for the error.
        homes: Module of every public name. `__version__` is that of this package.

    Returns:
        Both functions.
    """

    def attribute(name: str) -> Any:
        if name == "__version__":
            return package_version()
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    def names() -> list[str]:
        return sorted([*homes, "__version__"])

    return attribute, names
