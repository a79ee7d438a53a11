"""What a circuit computes: maps matrices, runs engines, measures, sweeps, plots; the `amc` command.

The names below are imported at first use, so that `amc --help` need not wait for NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from amc_circuits.notebook_html import DRAWN_BY

if TYPE_CHECKING:
    from amc_circuits.converters import Converters
    from amc_circuits.devices import Device, device_preset
    from amc_circuits.engines import EngineNotFoundError, EnginesDisagreeError, NgspiceEngine, SimulationError
    from amc_circuits.extensions import Check, Extension
    from amc_circuits.inv import InvCircuit, SlowInverterWarning
    from amc_circuits.messages import one_line_warnings
    from amc_circuits.mvm import MvmCircuit
    from amc_circuits.plotting import plot_responses
    from amc_circuits.quantities import format_quantity
    from amc_circuits.response import Response
    from amc_circuits.run_folder import check_folder, check_own_files, claim_folder, replacing
    from amc_circuits.solution import Energy, Solution, Status, UnusableSolutionError
    from amc_circuits.style import STYLE, save_figure
    from amc_circuits.sweep.results import open_sweep
    from amc_circuits.toml_file import read_toml
    from amc_circuits.version import package_version
    from netlists import ParameterError

_HOMES = {
    "save_figure": "amc_circuits.style",
    "one_line_warnings": "amc_circuits.messages",
    "package_version": "amc_circuits.version",
    "plot_responses": "amc_circuits.plotting",
    "STYLE": "amc_circuits.style",
    "Check": "amc_circuits.extensions",
    "Converters": "amc_circuits.converters",
    "Device": "amc_circuits.devices",
    "Energy": "amc_circuits.solution",
    "EngineNotFoundError": "amc_circuits.engines",
    "EnginesDisagreeError": "amc_circuits.engines",
    "Extension": "amc_circuits.extensions",
    "InvCircuit": "amc_circuits.inv",
    "MvmCircuit": "amc_circuits.mvm",
    "NgspiceEngine": "amc_circuits.engines",
    "ParameterError": "netlists",
    "Response": "amc_circuits.response",
    "SimulationError": "amc_circuits.engines",
    "SlowInverterWarning": "amc_circuits.inv",
    "Solution": "amc_circuits.solution",
    "Status": "amc_circuits.solution",
    "UnusableSolutionError": "amc_circuits.solution",
    "check_folder": "amc_circuits.run_folder",
    "check_own_files": "amc_circuits.run_folder",
    "claim_folder": "amc_circuits.run_folder",
    "device_preset": "amc_circuits.devices",
    "format_quantity": "amc_circuits.quantities",
    "open_sweep": "amc_circuits.sweep.results",
    "read_toml": "amc_circuits.toml_file",
    "replacing": "amc_circuits.run_folder",
}

__all__ = [
    "STYLE",
    "Check",
    "Converters",
    "Device",
    "Energy",
    "EngineNotFoundError",
    "EnginesDisagreeError",
    "Extension",
    "InvCircuit",
    "MvmCircuit",
    "NgspiceEngine",
    "ParameterError",
    "Response",
    "SimulationError",
    "SlowInverterWarning",
    "Solution",
    "Status",
    "UnusableSolutionError",
    "check_folder",
    "check_own_files",
    "claim_folder",
    "device_preset",
    "format_quantity",
    "one_line_warnings",
    "open_sweep",
    "package_version",
    "plot_responses",
    "read_toml",
    "replacing",
    "save_figure",
]


def _solution_html(solution: Solution) -> str:
    from amc_circuits.notebook import solution_html  # here, for it needs Matplotlib

    return solution_html(solution)


DRAWN_BY["Solution"] = _solution_html


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
