"""`amc doctor`: what is installed."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from amc_circuits.engines import EngineNotFoundError, find_ngspice
from amc_circuits.extensions import Check, installed_extensions
from amc_circuits.programmed import package_version
from netlists import ParameterError


def checks() -> Iterator[Check]:
    """Every check, those of the upper layers last."""
    yield Check("amc", True, f"{package_version()}, Python {platform.python_version()}, {sys.platform}")
    yield from _ngspice()
    for library in _libraries():
        try:
            yield Check(library, True, version(library))
        except PackageNotFoundError:
            yield Check(library, False, "not installed", "run scripts/setup")
    for extension in installed_extensions():
        for check in extension.checks:
            try:
                yield from check()
            except ParameterError as error:
                yield Check(error.parameter, False, f"got {error.value}", error.mend)


def _libraries() -> list[str]:
    """What the installed package says it needs, extras left out."""
    try:
        needed = requires("amc") or []
    except PackageNotFoundError:
        needed = []
    return [re.split(r"[^\w.-]", entry)[0] for entry in needed if "extra ==" not in entry]


def _ngspice() -> Iterator[Check]:
    try:
        found = find_ngspice()
    except EngineNotFoundError as error:
        yield Check("ngspice", False, error.problem.removeprefix("ngspice: "), error.mend)
        return
    yield Check("ngspice", True, f"{found.version} at {found.path}")
    slow = "not built in: large arrays take several times longer"
    mend = "install ngspice 42 or later built with KLU (scripts/setup does where it can)"
    yield Check("KLU", found.klu, "built in" if found.klu else slow, "" if found.klu else mend, required=False)
