"""Table of the engines that solve circuits. All of them follow one contract (`contract.py`)."""

from __future__ import annotations

from collections.abc import Callable

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

ENGINES: dict[str, Callable[[Settings], Engine]] = {
    "ngspice": NgspiceEngine.of,
    "exact": ExactEngine.of,
    "auto": AutoEngine,
}
FORMER = {"state-space": "exact"}
"""Names of older versions, which can still be given, with the names that replace them."""


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
    "run_deck",
    "run_together",
    "simulate_phases",
]
