"""Optimizers of other packages: entry points in the group `amc.optimizers`, each a class with the record `Settings`.

The name of the entry point is the optimizer's name in a specification. A class is imported only when it is named. Its
contract is `optimizer.optimizers.InstalledOptimizer`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from amc_circuits import ParameterError, check_name, installed_entries, load_entry, package_of

GROUP = "amc.optimizers"
OURS = ("momentum", "adam", "kfac")
"""Names of the optimizers of this package."""


def optimizer_names() -> list[str]:
    """Return the names of all optimizers: those of this package, then those of installed packages."""
    return list(dict.fromkeys([*OURS, *installed_entries(GROUP)]))


@cache
def installed_optimizer(name: str) -> Any:
    """Import the optimizer of another package, a class.

    Raises:
        ParameterError: There is no such optimizer, or its package cannot be loaded or does not keep the contract.
    """
    check_name("name", name, optimizer_names())
    entry = installed_entries(GROUP)[name]
    found = load_entry("name", entry)
    fields = getattr(getattr(found, "Settings", None), "model_fields", None)
    if not isinstance(found, type) or fields is None or not callable(getattr(found, "step", None)):
        mend = f"its {package_of(entry)} gives no class with the record Settings and the method step"
        raise ParameterError("name", repr(name), mend)
    return found
