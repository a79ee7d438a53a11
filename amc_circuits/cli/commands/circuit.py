"""`amc circuit NAME`: solve by any circuit, or print its poles and limits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from amc_circuits.cases.circuits import circuit_row
from amc_circuits.cases.options import NOT_IN_POLES, typed_options
from amc_circuits.cli.commands.solve import Outputs, solve
from amc_circuits.cli.commands.stability import check_acting, poles_and_limits
from amc_circuits.cli.parameters import (
    Format,
    Jobs,
    Matrix,
    PlotFile,
    SaveFile,
    VectorFile,
    vector_argument,
    with_options,
)

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
