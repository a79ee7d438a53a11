"""Table of the engines that solve circuits. The class of an engine is imported only when the engine is needed."""

from __future__ import annotations

from importlib import import_module

from amc_circuits.engines.contract import Engine
from amc_circuits.engines.known import EXACT
from amc_circuits.engines.settings import Settings
from netlists.errors import check_name

ENGINES = {
    "ngspice": "amc_circuits.engines.ngspice.engine:NgspiceEngine",
    EXACT: "amc_circuits.engines.exact.engine:ExactEngine",
    "auto": "amc_circuits.engines.auto:AutoEngine",
}
"""Place of the class of every engine, `module:class`, by name."""
FORMER = {"state-space": EXACT}
"""Names of older versions, which can still be given, with the names that replace them."""


def engine_of(name: str, settings: Settings) -> Engine:
    """Create the engine of this name, as `check_engine` returns it."""
    module, _, kind = ENGINES[name].partition(":")
    found: Engine = getattr(import_module(module), kind).of(settings)
    return found


def check_engine(name: str) -> str:
    """Return the name of an engine, that of an older version replaced.

    Raises:
        ParameterError: If no engine has this name.
    """
    name = FORMER.get(name, name) if isinstance(name, str) else name
    check_name("engine", name, ENGINES)
    return name
