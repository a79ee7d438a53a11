"""Table of the engines that solve circuits. All of them follow one contract (`contract.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from amc_circuits.engines.auto import AutoEngine, EnginesDisagreeError
from amc_circuits.engines.contract import About, Engine
from amc_circuits.engines.exact.engine import ExactEngine
from amc_circuits.engines.job import Job
from amc_circuits.engines.ngspice.binary import EngineNotFoundError, NgspiceBinary, find_ngspice
from amc_circuits.engines.ngspice.engine import NgspiceEngine
from amc_circuits.engines.ngspice.phased import simulate_phases
from amc_circuits.engines.ngspice.processes import end_simulations, run_together
from amc_circuits.engines.ngspice.runner import SimulationError, run_deck
from amc_circuits.engines.settings import Settings
from netlists.errors import check_name

if TYPE_CHECKING:
    from amc_circuits.engines.exact.phased import read_phases

ENGINES: dict[str, Callable[[Settings], Engine]] = {
    "ngspice": NgspiceEngine.of,
    "exact": ExactEngine.of,
    "auto": AutoEngine,
}
FORMER = {"state-space": "exact"}
"""Names of older versions, which can still be given, with the names that replace them."""


def __getattr__(name: str) -> Any:
    """Import `read_phases` at first use: it needs all limits of the exact engine, and few need it."""
    if name != "read_phases":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from amc_circuits.engines.exact.phased import read_phases

    return read_phases


def check_engine(name: str) -> str:
    """Return the name of an engine, that of an older version replaced.

    Raises:
        ParameterError: If no engine has this name.
    """
    name = FORMER.get(name, name) if isinstance(name, str) else name
    check_name("engine", name, ENGINES)
    return name


__all__ = [
    "ENGINES",
    "FORMER",
    "About",
    "AutoEngine",
    "Engine",
    "EngineNotFoundError",
    "EnginesDisagreeError",
    "ExactEngine",
    "Job",
    "NgspiceBinary",
    "NgspiceEngine",
    "SimulationError",
    "check_engine",
    "end_simulations",
    "find_ngspice",
    "read_phases",
    "run_deck",
    "run_together",
    "simulate_phases",
]
