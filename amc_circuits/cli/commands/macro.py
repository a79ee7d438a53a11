"""`amc macro`: a schedule of phases on one macro."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from amc_circuits.cases.option import output_format
from amc_circuits.cli.commands.case import PICTURES
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import NO_RESULT, USABLE, as_typed, finish, one_line_warnings, print_written
from amc_circuits.cli.parameters import Format, SchedulePlotFile
from amc_circuits.files.run_folder import check_output_file, writing
from amc_circuits.results.tables import print_table
from amc_circuits.solvers.macro.blocks import BlockSchedule, block_answer, read_any
from amc_circuits.solvers.macro.results import MacroSolution, PhaseResult
from amc_circuits.solvers.macro.run import ENGINES, run_schedule
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import format_quantity
from netlists.errors import check_name
from netlists.record import FloatArray

ScheduleFile = Annotated[
    Path, typer.Argument(metavar="SCHEDULE.toml", help="The schedule, docs/macro.md.", show_default=False)
]
EngineName = Annotated[
    str, typer.Option("--engine", metavar="NAME", help=f"Engine that simulates: {', '.join(ENGINES)}.")
]


def macro(
    schedule: ScheduleFile, *, engine: EngineName = ENGINES[0], format: Format = "table", plot: SchedulePlotFile = None
) -> None:
    """Run a schedule of phases on one macro."""
    output_format("table", "json").parse(format)
    check_name("engine", engine, ENGINES)
    if plot is not None:
        check_output_file("plot", plot, PICTURES)
    with one_line_warnings(), waiting(f"macro by {engine}"):
        solution = run_schedule(read_any(schedule), engine, schedule.parent)
        written = plot if plot is not None and _drawn(solution, plot) else None
    if format == "json":
        print(json.dumps(record(solution), indent=2, allow_nan=False))
    else:
        print_table(_table(solution))
        for phase in solution.phases:
            print(f"{phase.name} = {_listed(phase.value)}")
        if isinstance(solution.plan.schedule, BlockSchedule):
            print(f"x = {_listed(block_answer(solution))}")
    print_written(format, written)
    for note in solution.plan.notes:
        print(f"amc: note: {as_typed(note)}", file=sys.stderr)
    for phase in solution.phases:
        if not phase.status.usable:
            print(f"amc: {phase.status.name}: phase {phase.name}: {as_typed(phase.message)}", file=sys.stderr)
    finish(USABLE if solution.usable else NO_RESULT)


def _listed(values: FloatArray) -> str:
    return f"[{', '.join(f'{value:.6g}' for value in values)}]"


def _drawn(solution: MacroSolution, path: Path) -> bool:
    """Draw the picture unless nothing was simulated; return whether it is written."""
    if any(phase.response is None for phase in solution.phases):
        return False
    from amc_circuits.pictures.circuit.schedule import plot_schedule  # other runs draw nothing

    with writing("plot", path):
        plot_schedule(solution, path)
    return True


def record(solution: MacroSolution) -> dict[str, Any]:
    """Return a solution as plain data for JSON."""
    own = solution.plan.schedule
    answer = {"x": plain(block_answer(solution))} if isinstance(own, BlockSchedule) else {}
    return {
        **answer,
        "engine": solution.engine,
        "usable": solution.usable,
        "tolerance": own.tolerance,
        "total_time_s": plain(solution.total_time),
        "hold_step_v": own.switches.hold_step,
        "deck_sha256": solution.deck_sha256,
        "wall_time_s": solution.wall_time,
        "notes": list(solution.plan.notes),
        "phases": [_phase(phase) for phase in solution.phases],
    }


def _phase(phase: PhaseResult) -> dict[str, Any]:
    pole = phase.slowest_pole
    return plain(  # type: ignore[no-any-return]
        {
            "name": phase.name,
            "mode": phase.mode,
            "array": phase.array,
            "status": phase.status.name,
            "message": phase.message,
            "start_s": phase.start,
            "duration_s": phase.duration,
            "settling_time_s": phase.settling_time,
            "energy_j": phase.total_energy,
            "energy_by_account_j": phase.energy,
            "value": phase.value,
            "exact": phase.exact,
            "relative_error": phase.error,
            "outputs_v": phase.outputs,
            "scale_v_per_unit": phase.scale,
            "feedback_conductance_s": phase.feedback_conductance,
            "slowest_pole_per_s": [pole.real, pole.imag],
        }
    )


def _table(solution: MacroSolution) -> Table:
    """Build the printed table, one row a phase."""
    rows, columns = solution.plan.design.shape
    grid = Table(title=f"Macro {rows} x {columns}, {len(solution.plan.design.arrays)} array(s)", title_justify="left")
    for heading in ("phase", "mode", "array", "status"):
        grid.add_column(heading)
    for heading in ("duration", "settling time", "energy", "error", "largest output"):
        grid.add_column(heading, justify="right")
    for phase in solution.phases:
        largest = float(abs(phase.outputs).max())
        grid.add_row(
            *(phase.name, phase.mode, phase.array, phase.status.name),
            format_quantity(phase.duration, "s"), format_quantity(phase.settling_time, "s"),
            format_quantity(phase.total_energy, "J"), format_quantity(phase.error, "%"), format_quantity(largest, "V"),
        )  # fmt: skip
    grid.caption = (
        f"{solution.engine}, {format_quantity(solution.total_time, 's')} in one transient, {solution.wall_time:.2f} s"
    )
    grid.caption_justify = "left"
    return grid
