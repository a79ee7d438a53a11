"""Engines that solve circuits. All of them follow one contract (`contract.py`).

The names below are imported at first use: a solve by one engine needs no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netlists.lazy_names import lazy_names

if TYPE_CHECKING:
    from amc_circuits.engines.auto import AutoEngine, EnginesDisagreeError
    from amc_circuits.engines.contract import About, Engine
    from amc_circuits.engines.exact.engine import ExactEngine
    from amc_circuits.engines.exact.phased import read_phases
    from amc_circuits.engines.job import Job
    from amc_circuits.engines.known import EXACT, check_known
    from amc_circuits.engines.ngspice.binary import EngineNotFoundError, NgspiceBinary, find_ngspice
    from amc_circuits.engines.ngspice.engine import NgspiceEngine
    from amc_circuits.engines.ngspice.phased import simulate_phases
    from amc_circuits.engines.ngspice.processes import end_simulations, run_together
    from amc_circuits.engines.ngspice.runner import SimulationError, run_deck
    from amc_circuits.engines.table import ENGINES, FORMER, check_engine

_HOMES = {
    **dict.fromkeys(("AutoEngine", "EnginesDisagreeError"), "amc_circuits.engines.auto"),
    **dict.fromkeys(("About", "Engine"), "amc_circuits.engines.contract"),
    "ExactEngine": "amc_circuits.engines.exact.engine",
    "read_phases": "amc_circuits.engines.exact.phased",
    "Job": "amc_circuits.engines.job",
    **dict.fromkeys(("EXACT", "check_known"), "amc_circuits.engines.known"),
    **dict.fromkeys(("EngineNotFoundError", "NgspiceBinary", "find_ngspice"), "amc_circuits.engines.ngspice.binary"),
    "NgspiceEngine": "amc_circuits.engines.ngspice.engine",
    "simulate_phases": "amc_circuits.engines.ngspice.phased",
    **dict.fromkeys(("end_simulations", "run_together"), "amc_circuits.engines.ngspice.processes"),
    **dict.fromkeys(("SimulationError", "run_deck"), "amc_circuits.engines.ngspice.runner"),
    **dict.fromkeys(("ENGINES", "FORMER", "check_engine"), "amc_circuits.engines.table"),
}

__all__ = [
    "ENGINES",
    "EXACT",
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
    "check_known",
    "end_simulations",
    "find_ngspice",
    "read_phases",
    "run_deck",
    "run_together",
    "simulate_phases",
]

if not TYPE_CHECKING:  # a type checker reads the imports above and reports names that do not exist
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
