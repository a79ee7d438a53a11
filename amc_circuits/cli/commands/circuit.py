"""`amc circuit NAME`, `amc draw NAME`: solve by any circuit, print its poles and limits, draw it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from amc_circuits.cases.circuits import circuit_row
from amc_circuits.cases.options import NOT_IN_DRAWINGS, NOT_IN_POLES, typed_options
from amc_circuits.cli.commands.case import PICTURES, programmed
from amc_circuits.cli.commands.solve import Outputs, solve
from amc_circuits.cli.commands.stability import check_acting, poles_and_limits
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import one_line_warnings, print_written
from amc_circuits.cli.parameters import (
    DrawingFile,
    Format,
    Jobs,
    Matrix,
    PlotFile,
    SaveFile,
    VectorFile,
    vector_argument,
    with_options,
)
from amc_circuits.files.run_folder import check_output_file, writing
from netlists import Circuit

Poles = Annotated[bool, typer.Option("--poles", help="Print poles and limits; nothing is solved.")]


def circuit(name: str) -> Callable[..., None]:
    """Build the command that solves by a circuit, or prints its poles and limits with `--poles`."""
    row = circuit_row(name)

    @with_options(typed_options(name), vector=vector_argument(row.takes))
    def solve_by(
        matrix: Matrix = None, vector: Path | None = None, *, poles: Poles = False, jobs: Jobs = "1",
        format: Format = "table", plot: PlotFile = None, save: SaveFile = None, output: VectorFile = None,
        **options: Any,
    ) -> None:  # fmt: skip
        if not poles:
            solve(name, options, (matrix, vector), jobs, Outputs(format, plot, save, output))
            return
        given = {"jobs": None if jobs == "1" else jobs, "save": save, "output": output, row.takes: vector}
        check_acting(given | {name: options[name] for name in NOT_IN_POLES if name in options})
        poles_and_limits(name, options, matrix, format, plot)

    return solve_by


def drawing(name: str) -> Callable[..., None]:
    """Build the command that draws the block diagram of a circuit."""

    @with_options(typed_options(name, NOT_IN_DRAWINGS))
    def draw(output: DrawingFile, matrix: Matrix = None, **options: Any) -> None:
        check_output_file("output", output, PICTURES)
        with one_line_warnings(), waiting(f"{name.upper()} block diagram"):
            solver, _ = programmed(name, options, matrix)
            with writing("output", output):
                _save_drawing(solver.circuit, output)
        print_written("table", output)

    return draw


def _save_drawing(circuit: Circuit, output: Path) -> None:
    from amc_circuits.pictures.circuit.diagram import draw_circuit  # other commands here draw nothing
    from amc_circuits.pictures.style import save_figure

    save_figure(draw_circuit(circuit), output)
