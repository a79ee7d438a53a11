"""Commands of the circuits of this package: `amc inv`, `mvm`, `ginv`, `cascade`, `egv` and `recover`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from amc_circuits.cases.circuits import circuit_row
from amc_circuits.cases.options import typed_options
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


def solving(circuit: str) -> Callable[..., None]:
    """Build the command that solves by a circuit."""
    row = circuit_row(circuit)

    @with_options(typed_options(circuit), vector=vector_argument(row.takes))
    def solve_by(
        matrix: Matrix = None, vector: Path | None = None, *, jobs: Jobs = "1",
        format: Format = "table", plot: PlotFile = None, save: SaveFile = None, output: VectorFile = None,
        **options: Any,
    ) -> None:  # fmt: skip
        from amc_circuits.cli.commands.solve import Outputs, solve  # here, for the help needs no solve

        solve(circuit, options, (matrix, vector), jobs, Outputs(format, plot, save, output))

    return solve_by
