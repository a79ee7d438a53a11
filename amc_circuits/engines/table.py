"""Table of the engines that solve circuits. The module of an engine is imported only when the engine is created."""

from __future__ import annotations

from collections.abc import Callable

from amc_circuits.engines.contract import Engine
from amc_circuits.engines.known import EXACT
from amc_circuits.engines.settings import Settings
from netlists.errors import check_name


def _ngspice(settings: Settings) -> Engine:
    from amc_circuits.engines.ngspice.engine import NgspiceEngine

    return NgspiceEngine.of(settings)


def _exact(settings: Settings) -> Engine:
    from amc_circuits.engines.exact.engine import ExactEngine

    return ExactEngine.of(settings)


def _auto(settings: Settings) -> Engine:
    from amc_circuits.engines.auto import AutoEngine

    return AutoEngine(settings)


ENGINES: dict[str, Callable[[Settings], Engine]] = {"ngspice": _ngspice, EXACT: _exact, "auto": _auto}
"""Function that creates an engine from settings, by the name of the engine."""
FORMER = {"state-space": EXACT}
"""Names of older versions, which can still be given, with the names that replace them."""


def check_engine(name: str) -> str:
    """Return the name of an engine, that of an older version replaced.

    Raises:
        ParameterError: If no engine has this name.
    """
    name = FORMER.get(name, name) if isinstance(name, str) else name
    check_name("engine", name, ENGINES)
    return name
