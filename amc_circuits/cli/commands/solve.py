"""Work of `amc inv`, `mvm`, `circuit` and `netlist`."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.cases.case import Case
from amc_circuits.cases.option import output_format
from amc_circuits.cases.options import JOBS
from amc_circuits.cases.origin import Origin
from amc_circuits.cases.record import full_record, record, table, vector_line, vector_name
from amc_circuits.cli.commands.case import PICTURES, Files, case_of, parsed_with_files, print_notes, typed_with_files
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import NO_RESULT, USABLE, as_typed, finish, one_line_warnings, print_written
from amc_circuits.files.array_output import WRITERS, write_array
from amc_circuits.files.run_folder import check_output_file, writing
from amc_circuits.results.solution import Solution
from amc_circuits.results.status import Status
from amc_circuits.results.tables import budget_table, print_table
from netlists import ParameterError

SAVES = (".npz", ".csv", ".raw")
"""Suffixes of files of waveforms; metrics are in the first one alone."""


@dataclass(frozen=True)
class Outputs:
    """Requested outputs of a solve.

    Attributes:
        form: Format of what is printed, `table` or `json`.
        plot: File for a picture of the outputs over time; None for none.
        save: File for waveforms and metrics, or for waveforms alone; None for none.
        output: File for the answer; None for none.
    """

    form: str
    plot: Path | None
    save: Path | None
    output: Path | None

    def check(self, options: dict[str, Any], files: Files) -> None:
        """Refuse outputs that could not be written later, or would overwrite an input or each other.

        Args:
            options: Options as typed.
            files: Files of matrix and vector.

        Raises:
            ParameterError: A format is unknown, or a file cannot be written or is another one of the command.
        """
        output_format("table", "json").parse(self.form)
        for name, suffixes in (("plot", PICTURES), ("save", SAVES), ("output", tuple(WRITERS))):
            if (file := getattr(self, name)) is not None:
                check_output_file(name, file, suffixes)


def solve(circuit: str, options: dict[str, Any], files: Files, jobs: str, outputs: Outputs) -> None:
    """Solve by a circuit, with options as typed; print and write the results."""
    outputs.check(options, files)
    if options["monte_carlo"] is not None:
        _monte_carlo(circuit, options, files, jobs, outputs)
        return
    with one_line_warnings(), waiting(f"{circuit.upper()} by {options['engine'] or 'ngspice'}"):
        case = case_of(circuit, options, files, JOBS.parse(jobs))
        solution = case.run()
        origin = Origin.of(case)
        explained = origin.record("solve", typed_with_files(options, files))
        written = _write_files(case, solution, outputs, (origin, explained))
    if not solution.usable:
        _print_reason(solution, outputs, written)
    if outputs.form == "json":
        print(json.dumps(record(case, solution) | explained, indent=2, allow_nan=False))
    else:
        _print_tables(case, solution)
    print_written(outputs.form, *written)
    print_notes(case, solution)
    finish(USABLE if solution.usable else NO_RESULT)


def _print_reason(solution: Solution, outputs: Outputs, written: Collection[Path]) -> None:
    """Print on stderr why the result is not usable, and which files are not written."""
    unwritten = [file for file in (outputs.plot, outputs.output) if file is not None and file not in written]
    lacking = "".join(f"; {file} is not written" for file in unwritten)
    print(f"amc: {solution.status.name}: {as_typed(solution.message)}{lacking}", file=sys.stderr)


def _monte_carlo(circuit: str, options: dict[str, Any], files: Files, jobs: str, outputs: Outputs) -> None:
    from amc_circuits.cli.commands.monte_carlo import monte_carlo

    if outputs.output is not None:
        raise ParameterError("output", str(outputs.output), "goes with one circuit, not many; leave out monte_carlo")
    if outputs.save is not None and outputs.save.suffix.lower() != ".npz":
        raise ParameterError("save", str(outputs.save), "must end in .npz: trials have metrics, not waveforms")
    many = options | {"engine": options["engine"] or "auto"}
    parsed, typed = parsed_with_files(circuit, many, files), typed_with_files(options, files)
    monte_carlo(circuit, (parsed, typed), JOBS.parse(jobs), outputs.form, outputs.plot, outputs.save)


def _print_tables(case: Case, solution: Solution) -> None:
    print_table(table(case, solution))
    if solution.status is not Status.UNSTABLE:
        print(vector_line(case, solution))
    if (budget := case.budget(solution)) is not None:
        print_table(budget_table(budget, solution.relative_error))


Explained = tuple[Origin, dict[str, Any]]
"""Origin of a result, and its keys in the record."""


def save_solved(case: Case, solution: Solution, path: Path, explained: Explained) -> bool:
    """Write waveforms in the format of the suffix; return False if there are none."""
    from amc_circuits.results.stored.saved import save_solution, title
    from amc_circuits.results.stored.waveform_files import write_csv, write_raw

    origin, keys = explained
    record = full_record(case, solution) | keys
    if path.suffix.lower() == ".npz":
        save_solution(solution, case.circuit.circuit, record, origin.arrays, path)
    elif not any(solution.responses):
        print(f"amc: note: nothing was simulated; {path} is not written", file=sys.stderr)
        return False
    elif path.suffix.lower() == ".csv":
        write_csv(solution.responses, path)
    else:
        circuit = case.circuit.circuit
        write_raw(solution.responses, circuit.nodes(circuit.outputs), title(record), path)
    return True


def _write_files(case: Case, solution: Solution, outputs: Outputs, explained: Explained) -> list[Path]:
    """Write the requested files, as far as the solution has their content, and return them."""
    written = []
    if outputs.save is not None:
        with writing("save", outputs.save):
            saved = save_solved(case, solution, outputs.save, explained)
        written += [outputs.save] * saved
    if outputs.plot is not None and any(solution.responses):
        from amc_circuits.pictures.responses import plot_responses
        from amc_circuits.results.stored.saved import title

        with writing("plot", outputs.plot):
            responses = [response for response in solution.responses if response]
            plot_responses(responses, outputs.plot, title(full_record(case, solution)), case.budget(solution))
        written.append(outputs.plot)
    if outputs.output is not None and np.isfinite(solution.value).all():
        with writing("output", outputs.output):
            write_array(outputs.output, vector_name(case), solution.value)
        written.append(outputs.output)
    return written
