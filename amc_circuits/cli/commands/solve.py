"""Work of `amc inv`, `mvm`, `circuit` and `netlist`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.cases.case import Case
from amc_circuits.cases.option import output_format
from amc_circuits.cases.options import JOBS
from amc_circuits.cases.record import full_record, record, table, vector_line, vector_name
from amc_circuits.cli.commands.case import PICTURES, Files, case_of, parsed_with_files, print_notes, warn_of_lifting
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import NO_RESULT, as_typed, finish, one_line_warnings
from amc_circuits.files.array_output import WRITERS, write_array
from amc_circuits.files.run_folder import check_output_file, replacing, writing
from amc_circuits.results.solution import Solution, UnusableSolutionError
from amc_circuits.results.tables import budget_table, print_table
from netlists import ParameterError
from netlists.standalone import standalone_deck


def solve(
    circuit: str,
    options: dict[str, Any],
    files: Files,
    jobs: str,
    form: str,
    plot_file: Path | None,
    save_file: Path | None,
    output: Path | None = None,
) -> None:
    """Run `amc inv`, `amc mvm` and `amc circuit NAME`."""
    output_format("table", "json").parse(form)
    _check_outputs(plot_file, save_file, output)
    if options["monte_carlo"] is not None:
        from amc_circuits.cli.commands.monte_carlo import monte_carlo

        if output is not None:
            raise ParameterError("output", str(output), "goes with one circuit, not with many; leave out monte_carlo")
        parsed = parsed_with_files(circuit, options, files)
        monte_carlo(circuit, parsed, JOBS.parse(jobs), form, plot_file, save_file)
        return
    with one_line_warnings(), waiting(f"{circuit.upper()} by {options['engine'] or 'ngspice'}"):
        case = case_of(circuit, options, files, JOBS.parse(jobs))
        solution = case.run()
        _write_files(case, solution, plot_file, save_file)
        written = output is not None and bool(np.isfinite(solution.value).all())
        if output is not None and written:
            with writing("output", output):
                write_array(output, vector_name(case), solution.value)
    if form == "json":
        print(json.dumps(record(case, solution), indent=2, allow_nan=False))
    else:
        print_table(table(case, solution))
        print(vector_line(case, solution))
        if (budget := case.budget(solution)) is not None:
            print_table(budget_table(budget, solution.relative_error))
    print_notes(case, solution)
    if not solution.usable:
        lacking = f"; {output} is not written" if output is not None and not written else ""
        print(f"amc: {solution.status.name}: {as_typed(solution.message)}{lacking}", file=sys.stderr)
        finish(NO_RESULT)


def _check_outputs(plot_file: Path | None, save_file: Path | None, output: Path | None) -> None:
    """Refuse output files that could not be written later."""
    outputs = {"plot": (plot_file, PICTURES), "save": (save_file, (".npz",)), "output": (output, tuple(WRITERS))}
    for name, (file, suffixes) in outputs.items():
        if file is not None:
            check_output_file(name, file, suffixes)


def _write_files(case: Case, solution: Solution, plot_file: Path | None, save_file: Path | None) -> None:
    if save_file is None and plot_file is None:
        return
    whole = full_record(case, solution)
    if save_file is not None:
        from amc_circuits.results.saved import save_solution

        with writing("save", save_file):
            save_solution(solution, case.circuit.circuit, whole, save_file)
    if plot_file is not None and any(solution.responses):
        from amc_circuits.pictures.responses import plot_responses
        from amc_circuits.results.saved import title

        with writing("plot", plot_file):
            responses = [response for response in solution.responses if response]
            plot_responses(responses, plot_file, title(whole), case.budget(solution))


def write_deck(circuit: str, options: dict[str, Any], files: Files, output: Path) -> None:
    """Run `amc netlist NAME`."""
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
