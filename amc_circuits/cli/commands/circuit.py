"""`amc circuit NAME`, `amc netlist NAME`: solve by any circuit, print its poles and limits, write its deck."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from amc_circuits.cases.circuits import circuit_row
from amc_circuits.cases.options import NOT_IN_DECKS, NOT_IN_POLES, typed_options
from amc_circuits.cli.commands.case import Files, case_of, warn_of_lifting
from amc_circuits.cli.commands.solve import Outputs, solve
from amc_circuits.cli.commands.stability import check_acting, poles_and_limits
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import one_line_warnings
from amc_circuits.cli.parameters import (
    DeckFile,
    Format,
    Jobs,
    Matrix,
    PlotFile,
    SaveFile,
    VectorFile,
    vector_argument,
    with_options,
)
from amc_circuits.files.run_folder import check_output_file, replacing, writing
from amc_circuits.results.solution import UnusableSolutionError
from netlists.standalone import standalone_deck

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


def deck(name: str) -> Callable[..., None]:
    """Build the command that writes a deck of a circuit."""

    @with_options(typed_options(name, NOT_IN_DECKS), vector=vector_argument(circuit_row(name).takes))
    def write(output: DeckFile, matrix: Matrix = None, vector: Path | None = None, **options: Any) -> None:
        _write_deck(name, options, (matrix, vector), output)

    return write


def _write_deck(circuit: str, options: dict[str, Any], files: Files, output: Path) -> None:
    """Write the stand-alone deck of a circuit."""
    check_output_file("output", output)
    with one_line_warnings(), waiting(f"{circuit.upper()} deck"):
        case = case_of(circuit, options, files, 1)
        warn_of_lifting(case.circuit.mapping)
        stability = case.circuit.stability
        if not (stability.stable or case.circuit.settings.force):
            raise UnusableSolutionError(f"UNSTABLE: {stability.cause}; --force writes the deck all the same")
        job = case.circuit.job(case.circuit.question(case.vector).columns)
        deck = standalone_deck(job.circuit, job.drive, job.analysis, case.circuit.settings.tolerance, klu=True)
    with writing("output", output), replacing(output) as partial:
        partial.write_text(deck, encoding="ascii")
    print(f"wrote {output}; run it with: ngspice -b {output}")
