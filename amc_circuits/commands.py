"""What `amc inv`, `mvm`, `netlist`, `plot` and `doctor` do."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from amc_circuits import report
from amc_circuits.array_output import WRITERS, write_array
from amc_circuits.cases import Case, make_case
from amc_circuits.mapping import Mapping
from amc_circuits.messages import BAD_INPUT, NO_RESULT, USABLE, as_typed, finish, one_line_warnings
from amc_circuits.option import Circuit, Option, output_format
from amc_circuits.options import ARGUMENTS, JOBS, RHS, parse_options
from amc_circuits.run_folder import check_output_file, replacing, writing
from amc_circuits.solution import Solution, UnusableSolutionError
from amc_circuits.tables import budget_table, print_table
from netlists import ParameterError

if TYPE_CHECKING:
    from amc_circuits.saved import Saved
from netlists.standalone import standalone_deck

PICTURES = (".png", ".svg", ".pdf")
ROW = Option("row", "integer", "Row of a sweep, by its number")


@contextmanager
def waiting(what: str) -> Iterator[Callable[[str], None]]:
    """A bar that runs to and fro while there is a terminal to see it; yields what shows the step that is done now."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda step: progress.update(task, description=f"{what}: {step}")


Files = tuple[Path | None, Path | None]
"""The arguments of a command: files of matrix and vector."""


def case_of(circuit: Circuit, options: dict[str, Any], files: Files, jobs: int) -> Case:
    """The case of a command.

    Raises:
        ParameterError: Something cannot be used.
    """
    return make_case(circuit, parsed_with_files(circuit, options, files), jobs, None)


def parsed_with_files(circuit: Circuit, options: dict[str, Any], files: Files) -> dict[str, Any]:
    """Options and arguments of a command, parsed."""
    given = {name: None if file is None else str(file) for name, file in zip(ARGUMENTS, files, strict=True)}
    return parse_options(circuit, options | given)


def warn_of_lifting(mapping: Mapping) -> None:
    """Warns where cells were lifted to g_min at a cost that is worth saying."""
    if mapping.lifting_note:
        warnings.warn(mapping.lifting_note, stacklevel=2)


def solve(
    circuit: Circuit,
    options: dict[str, Any],
    files: Files,
    jobs: str,
    form: str,
    plot_file: Path | None,
    save_file: Path | None,
    output: Path | None = None,
) -> None:
    """`amc inv` and `amc mvm`."""
    output_format("table", "json").parse(form)
    _check_outputs(plot_file, save_file, output)
    if options["monte_carlo"] is not None:
        from amc_circuits.monte_carlo_command import monte_carlo

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
                write_array(output, report.vector_name(case), solution.value)
    if form == "json":
        print(json.dumps(report.record(case, solution), indent=2, allow_nan=False))
    else:
        print_table(report.table(case, solution))
        print(report.vector_line(case, solution))
        if (budget := case.budget(solution)) is not None:
            print_table(budget_table(budget, solution.relative_error))
    print_notes(case, solution)
    if not solution.usable:
        lacking = f"; {output} is not written" if output is not None and not written else ""
        print(f"amc: {solution.status.name}: {as_typed(solution.message)}{lacking}", file=sys.stderr)
        finish(NO_RESULT)


def print_notes(case: Case, solution: Solution) -> None:
    """Prints what a reader of the result should know, a line each, beside the result."""
    for note in case.notes(solution):
        print(f"amc: note: {as_typed(note)}", file=sys.stderr)


def _check_outputs(plot_file: Path | None, save_file: Path | None, output: Path | None) -> None:
    """Refuses files that could not be written in the end."""
    outputs = {"plot": (plot_file, PICTURES), "save": (save_file, (".npz",)), "output": (output, tuple(WRITERS))}
    for name, (file, suffixes) in outputs.items():
        if file is not None:
            check_output_file(name, file, suffixes)


def _write_files(case: Case, solution: Solution, plot_file: Path | None, save_file: Path | None) -> None:
    if save_file is None and plot_file is None:
        return
    record = report.full_record(case, solution)
    if save_file is not None:
        from amc_circuits.saved import save_solution

        with writing("save", save_file):
            save_solution(solution, case.circuit.design, record, save_file)
    if plot_file is not None and any(solution.responses):
        from amc_circuits.plotting import plot_responses
        from amc_circuits.saved import title

        with writing("plot", plot_file):
            responses = [response for response in solution.responses if response]
            plot_responses(responses, plot_file, title(record), case.budget(solution))


def write_deck(circuit: Circuit, options: dict[str, Any], files: Files, output: Path) -> None:
    """`amc netlist inv` and `amc netlist mvm`."""
    check_output_file("output", output)
    with one_line_warnings(), waiting(f"{circuit.upper()} deck"):
        case = case_of(circuit, options, files, 1)
        warn_of_lifting(case.circuit.mapping)
        stability = case.circuit.stability
        if not (stability.stable or case.circuit.settings.force):
            raise UnusableSolutionError(f"UNSTABLE: {stability.cause}; --force writes the deck all the same")
        job = case.circuit.job(case.circuit.question(case.vector).columns)
        deck = standalone_deck(job.design, job.drive, job.analysis, case.circuit.settings.tolerance, klu=True)
    with writing("output", output), replacing(output) as partial:
        partial.write_text(deck, encoding="ascii")
    print(f"wrote {output}; run it with: ngspice -b {output}")


def plot(source: Path, output: Path, what: dict[str, bool], rhs: str | None, of_sweep: dict[str, Any]) -> None:
    """`amc plot`.

    Args:
        source: A file made by --save, or the folder of a sweep.
        output: The picture.
        what: Whether `error`, `array` or `budget` was asked for; else the outputs over time are drawn.
        rhs: Which right-hand side, from 1; None takes the slowest.
        of_sweep: What is to be drawn of a sweep: the fields of `sweep.picture.Drawing`, or `row`; None where not given.
    """
    check_output_file("output", output, PICTURES)
    number = None if rhs is None else RHS.parse(rhs)
    asked = [name for name, given in what.items() if given]
    if len(asked) > 1:
        raise ParameterError(asked[0], f"--{asked[1]}, too", "these are two pictures; give one of them")
    if not source.exists():
        raise ParameterError("FILE.npz|DIR", str(source), "does not exist")
    given = {name: value for name, value in of_sweep.items() if value}
    if not source.is_dir():
        _refuse(given, "goes with the folder of a sweep")
        _plot_saved(source, output, asked[0] if asked else "outputs", number)
    elif asked or rhs is not None:
        mend = (
            "goes with a file made by amc inv --save or amc mvm --save; --row N draws the outputs of a row of a sweep"
        )
        raise ParameterError(asked[0] if asked else "rhs", f"the folder {source}", mend)
    else:
        _plot_sweep(source, output, given)
    print(f"wrote {output}")


def _refuse(given: dict[str, Any], mend: str) -> None:
    """Refuses the first of options that say nothing here."""
    for name, value in given.items():
        raise ParameterError(name, ",".join(value) if isinstance(value, tuple) else value, mend)


def _plot_sweep(folder: Path, output: Path, given: dict[str, Any]) -> None:
    from amc_circuits.sweep.picture import Drawing, plot_row, plot_sweep
    from amc_circuits.sweep.store import Store

    number = given.pop("row", None)
    if number is not None:
        _refuse(given, "says nothing about one row; leave it out, or drop --row")
    with Store(folder) as store, writing("output", output):
        if number is None:
            plot_sweep(store, output, Drawing(**given))
        else:
            plot_row(store, ROW.parse(number), output)


def _plot_saved(source: Path, output: Path, what: str, number: int | None) -> None:
    from amc_circuits.saved import load_saved

    saved = load_saved(source)
    if what == "budget":
        _plot_saved_budget(saved, output, number)
        return
    response, title = saved.chosen(number)
    with writing("output", output):
        if what == "array":
            from amc_circuits.array_picture import plot_array

            plot_array(saved.load_of(response), output, title)
        elif what == "error":
            from amc_circuits.readout_picture import plot_readout

            saved.check_target(response)
            plot_readout(response, output, title)
        else:
            from amc_circuits.plotting import plot_responses

            plot_responses([response], output, title)


def _plot_saved_budget(saved: Saved, output: Path, number: int | None) -> None:
    from amc_circuits.budget_picture import plot_budget

    if number is not None:
        raise ParameterError("rhs", number, "says nothing about a budget, which shows the mean and the range of all")
    if saved.budget is None:
        raise ParameterError("FILE", str(saved.path), "holds no budget; save it anew with amc inv --budget --save")
    with writing("output", output):
        plot_budget(saved.budget, output, saved.title)


def doctor() -> None:
    """`amc doctor`."""
    from amc_circuits.doctor import checks

    lacking = False
    for check in checks():
        mark = "ok  " if check.ok else ("LACK" if check.required else "note")
        print(f"{mark} {check.name}: {check.detail}" + (f"; {check.mend}" if check.mend and not check.ok else ""))
        lacking |= check.required and not check.ok
    finish(BAD_INPUT if lacking else USABLE)
