"""Computation with circuits: mapping, engines, measurement, sweeps, pictures, and the `amc` command.

The names below are imported at first use, so that `amc --help` need not wait for NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amc_circuits.values.notebook_html import DRAWN_BY
from netlists.lazy_names import lazy_names

if TYPE_CHECKING:
    from amc_circuits.cases.circuit_options import CircuitOptions
    from amc_circuits.cases.option import Option, flag, parse_table
    from amc_circuits.cases.record_options import record_options
    from amc_circuits.cases.runs import Run, RunOutcome
    from amc_circuits.cells.devices import Device, device_preset
    from amc_circuits.cells.mapping import Mapping
    from amc_circuits.cli.extensions import Check, CommandGroup, Compared, Extension
    from amc_circuits.cli.messages import one_line_warnings, print_written
    from amc_circuits.cli.parameters import with_options
    from amc_circuits.engines import (
        EngineNotFoundError,
        EnginesDisagreeError,
        NgspiceEngine,
        SimulationError,
        check_engine,
    )
    from amc_circuits.engines.freed_memory import keep_freed_memory
    from amc_circuits.files.array_files import load_array, stored_array
    from amc_circuits.files.labelled_tables import LabelledTable, read_labelled_table
    from amc_circuits.files.run_folder import (
        LOCK,
        check_folder,
        check_output_file,
        check_own_files,
        claim_folder,
        owning,
        replacing,
        writing,
    )
    from amc_circuits.files.toml_file import read_toml
    from amc_circuits.pictures.circuit.diagram import draw_circuit
    from amc_circuits.pictures.responses import plot_responses
    from amc_circuits.pictures.style import STYLE, curve_style, legend_beside, save_figure
    from amc_circuits.programming.calibration import CalibratedCell, calibrate_cell
    from amc_circuits.results.converters import Converters
    from amc_circuits.results.cost import ComponentAreas
    from amc_circuits.results.measurement import Energy
    from amc_circuits.results.response import Response
    from amc_circuits.results.solution import Solution, UnusableSolutionError
    from amc_circuits.results.status import Status
    from amc_circuits.results.step_info import StepInfo, step_info
    from amc_circuits.results.tables import print_table
    from amc_circuits.solvers.answers.budgeting import OF_CELLS
    from amc_circuits.solvers.blocks.blocks import BlockCircuit
    from amc_circuits.solvers.blocks.hold import SampleHold
    from amc_circuits.solvers.blocks.solution import BlockSolution
    from amc_circuits.solvers.eigenvectors.egv import EgvCircuit
    from amc_circuits.solvers.inv import InvCircuit, SlowInverterWarning
    from amc_circuits.solvers.least_squares.cascade import CascadeCircuit
    from amc_circuits.solvers.least_squares.ginv import GinvCircuit
    from amc_circuits.solvers.macro.run import run_schedule
    from amc_circuits.solvers.macro.schedule import make_schedule, read_schedule
    from amc_circuits.solvers.mvm import MvmCircuit
    from amc_circuits.solvers.planning.plan import Plan
    from amc_circuits.solvers.planning.solve import plan, solve
    from amc_circuits.solvers.precision.parameters import Refinement
    from amc_circuits.solvers.precision.refined import Refined
    from amc_circuits.solvers.recovery.recover import RecoverCircuit
    from amc_circuits.solvers.solver import Solver
    from amc_circuits.studies.compare import Design, compare
    from amc_circuits.studies.sizing.size import size
    from amc_circuits.studies.sizing.sized import Sized
    from amc_circuits.sweep.plan.keys import engine_version
    from amc_circuits.sweep.rows.results import open_sweep
    from amc_circuits.values.matrices import draw_matrix
    from amc_circuits.values.plain import plain
    from amc_circuits.values.quantities import format_quantity
    from netlists import ParameterError, Record
    from netlists.errors import check_name, check_type, meant, path_of, shown
    from netlists.memory import check_memory
    from netlists.packages import installed_entries, load_entry, package_of
    from netlists.record import about
    from netlists.short_text import model_repr, rows_text, short_repr
    from netlists.validation import refusal
    from netlists.version import package_version

    __version__: str

_HOMES = {
    "lazy_names": "netlists.lazy_names",
    **dict.fromkeys(("check_name", "check_type", "meant", "path_of", "shown"), "netlists.errors"),
    "Mapping": "amc_circuits.cells.mapping",
    **dict.fromkeys(("LOCK", "check_folder", "owning", "replacing", "writing"), "amc_circuits.files.run_folder"),
    **dict.fromkeys(("check_output_file", "check_own_files", "claim_folder"), "amc_circuits.files.run_folder"),
    **dict.fromkeys(("CalibratedCell", "calibrate_cell"), "amc_circuits.programming.calibration"),
    "ComponentAreas": "amc_circuits.results.cost",
    **dict.fromkeys(("Check", "CommandGroup", "Compared", "Extension"), "amc_circuits.cli.extensions"),
    "with_options": "amc_circuits.cli.parameters",
    "print_written": "amc_circuits.cli.messages",
    "print_table": "amc_circuits.results.tables",
    "parse_table": "amc_circuits.cases.option",
    "record_options": "amc_circuits.cases.record_options",
    "plain": "amc_circuits.values.plain",
    "load_array": "amc_circuits.files.array_files",
    "Record": "netlists",
    "about": "netlists.record",
    "curve_style": "amc_circuits.pictures.style",
    "legend_beside": "amc_circuits.pictures.style",
    "save_figure": "amc_circuits.pictures.style",
    "one_line_warnings": "amc_circuits.cli.messages",
    "package_version": "netlists.version",
    "plot_responses": "amc_circuits.pictures.responses",
    "STYLE": "amc_circuits.pictures.style",
    "CircuitOptions": "amc_circuits.cases.circuit_options",
    "BlockCircuit": "amc_circuits.solvers.blocks.blocks",
    "BlockSolution": "amc_circuits.solvers.blocks.solution",
    "CascadeCircuit": "amc_circuits.solvers.least_squares.cascade",
    "Converters": "amc_circuits.results.converters",
    "Design": "amc_circuits.studies.compare",
    "Device": "amc_circuits.cells.devices",
    "Energy": "amc_circuits.results.measurement",
    "EngineNotFoundError": "amc_circuits.engines",
    "EnginesDisagreeError": "amc_circuits.engines",
    "GinvCircuit": "amc_circuits.solvers.least_squares.ginv",
    "InvCircuit": "amc_circuits.solvers.inv",
    "LabelledTable": "amc_circuits.files.labelled_tables",
    "EgvCircuit": "amc_circuits.solvers.eigenvectors.egv",
    "run_schedule": "amc_circuits.solvers.macro.run",
    "make_schedule": "amc_circuits.solvers.macro.schedule",
    "read_schedule": "amc_circuits.solvers.macro.schedule",
    "MvmCircuit": "amc_circuits.solvers.mvm",
    "Solver": "amc_circuits.solvers.solver",
    "NgspiceEngine": "amc_circuits.engines",
    "OF_CELLS": "amc_circuits.solvers.answers.budgeting",
    "Option": "amc_circuits.cases.option",
    "ParameterError": "netlists",
    "RecoverCircuit": "amc_circuits.solvers.recovery.recover",
    "Response": "amc_circuits.results.response",
    "Run": "amc_circuits.cases.runs",
    "RunOutcome": "amc_circuits.cases.runs",
    "SampleHold": "amc_circuits.solvers.blocks.hold",
    "SimulationError": "amc_circuits.engines",
    "SlowInverterWarning": "amc_circuits.solvers.inv",
    "Solution": "amc_circuits.results.solution",
    "Status": "amc_circuits.results.status",
    "StepInfo": "amc_circuits.results.step_info",
    "UnusableSolutionError": "amc_circuits.results.solution",
    "check_engine": "amc_circuits.engines",
    "check_memory": "netlists.memory",
    "compare": "amc_circuits.studies.compare",
    "device_preset": "amc_circuits.cells.devices",
    "draw_circuit": "amc_circuits.pictures.circuit.diagram",
    "draw_matrix": "amc_circuits.values.matrices",
    "engine_version": "amc_circuits.sweep.plan.keys",
    "flag": "amc_circuits.cases.option",
    "format_quantity": "amc_circuits.values.quantities",
    "keep_freed_memory": "amc_circuits.engines.freed_memory",
    "open_sweep": "amc_circuits.sweep.rows.results",
    "read_labelled_table": "amc_circuits.files.labelled_tables",
    "read_toml": "amc_circuits.files.toml_file",
    "step_info": "amc_circuits.results.step_info",
    "stored_array": "amc_circuits.files.array_files",
    "Sized": "amc_circuits.studies.sizing.sized",
    "size": "amc_circuits.studies.sizing.size",
    "Plan": "amc_circuits.solvers.planning.plan",
    "Refined": "amc_circuits.solvers.precision.refined",
    "Refinement": "amc_circuits.solvers.precision.parameters",
    "plan": "amc_circuits.solvers.planning.solve",
    "solve": "amc_circuits.solvers.planning.solve",
    "installed_entries": "netlists.packages",
    "load_entry": "netlists.packages",
    "package_of": "netlists.packages",
    "model_repr": "netlists.short_text",
    "refusal": "netlists.validation",
    "rows_text": "netlists.short_text",
    "short_repr": "netlists.short_text",
}

__all__ = [
    "LOCK",
    "OF_CELLS",
    "STYLE",
    "BlockCircuit",
    "BlockSolution",
    "CalibratedCell",
    "CascadeCircuit",
    "Check",
    "CircuitOptions",
    "CommandGroup",
    "Compared",
    "ComponentAreas",
    "Converters",
    "Design",
    "Device",
    "EgvCircuit",
    "Energy",
    "EngineNotFoundError",
    "EnginesDisagreeError",
    "Extension",
    "GinvCircuit",
    "InvCircuit",
    "LabelledTable",
    "Mapping",
    "MvmCircuit",
    "NgspiceEngine",
    "Option",
    "ParameterError",
    "Plan",
    "Record",
    "RecoverCircuit",
    "Refined",
    "Refinement",
    "Response",
    "Run",
    "RunOutcome",
    "SampleHold",
    "SimulationError",
    "Sized",
    "SlowInverterWarning",
    "Solution",
    "Solver",
    "Status",
    "StepInfo",
    "UnusableSolutionError",
    "about",
    "calibrate_cell",
    "check_engine",
    "check_folder",
    "check_memory",
    "check_name",
    "check_output_file",
    "check_own_files",
    "check_type",
    "claim_folder",
    "compare",
    "curve_style",
    "device_preset",
    "draw_circuit",
    "draw_matrix",
    "engine_version",
    "flag",
    "format_quantity",
    "installed_entries",
    "keep_freed_memory",
    "lazy_names",
    "legend_beside",
    "load_array",
    "load_entry",
    "make_schedule",
    "meant",
    "model_repr",
    "one_line_warnings",
    "open_sweep",
    "owning",
    "package_of",
    "package_version",
    "parse_table",
    "path_of",
    "plain",
    "plan",
    "plot_responses",
    "print_table",
    "print_written",
    "read_labelled_table",
    "read_schedule",
    "read_toml",
    "record_options",
    "refusal",
    "replacing",
    "rows_text",
    "run_schedule",
    "save_figure",
    "short_repr",
    "shown",
    "size",
    "solve",
    "step_info",
    "stored_array",
    "with_options",
    "writing",
]


def _solution_html(solution: Solution) -> str:
    from amc_circuits.pictures.notebook import solution_html  # here, for it needs Matplotlib

    return solution_html(solution)


DRAWN_BY["Solution"] = _solution_html

if not TYPE_CHECKING:  # a type checker reads the imports above and reports names that do not exist
    __getattr__, __dir__ = lazy_names(__name__, _HOMES)
