"""Work of `amc solve`: plan, run, report."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from amc_circuits.cases.case import Problem
from amc_circuits.cases.option import output_format
from amc_circuits.cases.options import JOBS
from amc_circuits.cases.planning import idle_in_plan, parse_planned, plan_arguments, planned_problem, typed_table
from amc_circuits.cli.commands.case import PICTURES, options_of_files
from amc_circuits.cli.commands.planning.answers import Answers
from amc_circuits.cli.commands.planning.store import opened
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import NO_RESULT, USABLE, as_typed, finish, one_line_warnings, print_written
from amc_circuits.cli.parameters import (
    Format,
    HistoryFile,
    Jobs,
    Matrix,
    PassFile,
    RightHandSide,
    RunFolder,
    VectorFile,
    with_options,
)
from amc_circuits.files.array_output import WRITERS, write_array
from amc_circuits.files.run_folder import check_folder, check_output_file, writing
from amc_circuits.results.tables import print_table
from amc_circuits.solvers.blocks.solution import BlockSolution
from amc_circuits.solvers.planning.plan import Plan
from amc_circuits.solvers.planning.solve import plan as make_plan
from amc_circuits.values.plain import plain
from netlists import ParameterError
from netlists.record import FloatArray

OnlyPlan = Annotated[bool, typer.Option("--plan", help="Print the plan; nothing is solved.")]


@with_options(typed_table())
def solve(
    matrix: Matrix = None, vector: RightHandSide = None, *, plan: OnlyPlan = False, jobs: Jobs = "1",
    format: Format = "table", plot: HistoryFile = None, plot_pass: PassFile = None, out: RunFolder = None,
    output: VectorFile = None, **options: Any,
) -> None:  # fmt: skip
    """Solve A x = b to a wanted number of bits by the circuit that a plan chooses."""
    _check_outputs(plan, {"plot": plot, "plot_pass": plot_pass, "out": out, "output": output}, format)
    with one_line_warnings(), waiting("plan"):
        parsed = parse_planned(options | options_of_files((matrix, vector)))
        problem = planned_problem(parsed)
        made = make_plan(problem.matrix, b=problem.vector, **plan_arguments(parsed, JOBS.parse(jobs)))
    count = 1 if problem.vector.ndim == 1 else problem.vector.shape[1]
    idle = idle_in_plan(made.probe.circuit, parsed, count, JOBS.parse(jobs))
    if plan:
        _print_plan(made, format)
        _print_notes(idle)
        return
    first = _first_column(made, problem) if plot_pass is not None else None
    with waiting("solve"):
        answers = _answers(made, problem, parsed, out)
    if format == "json":
        record = answers.record(made, problem.vector.ndim == 1)
        record |= {"notes": [*idle, *record["notes"]], "options": plain(parsed)}
        print(json.dumps(record, indent=2, allow_nan=False))
    else:
        _print_plan(made, format)
        print_table(answers.table(made))
    print_written(format, *_write(answers, made, problem, plot, output))
    if plot_pass is not None and first is not None:
        _draw_pass(made, first, plot_pass)
        print_written(format, plot_pass)
    _print_notes((*idle, *answers.messages[1:]))
    if not answers.status.usable:
        print(f"amc: {answers.status.name}: {as_typed(answers.messages[0])}", file=sys.stderr)
    finish(USABLE if answers.status.usable else NO_RESULT)


def _check_outputs(plan: bool, files: dict[str, Path | None], form: str) -> None:
    """Refuse outputs that could not be written later, or that a plan alone does not have.

    Raises:
        ParameterError: There is one.
    """
    output_format("table", "json").parse(form)
    for name, file in files.items():
        if plan and file is not None:
            raise ParameterError(name, str(file), "has no effect beside plan, which solves nothing; leave it out")
    if files["out"] is not None:
        check_folder(files["out"], "solve")
    for name, suffixes in (("plot", PICTURES), ("plot_pass", PICTURES), ("output", tuple(WRITERS))):
        if (path := files[name]) is not None:
            check_output_file(name, path, suffixes)


def _answers(made: Plan, problem: Problem, parsed: dict[str, Any], out: Path | None) -> Answers:
    """Solve for all right-hand sides, in a folder part by part."""
    if out is None:
        return Answers.of(made.solve(problem.vector))
    with contextmanager(opened)(out, parsed, problem.matrix, problem.vector) as folder:
        return folder.solved(lambda vectors: Answers.of(made.solve(vectors)), _print_done)


def _print_done(done: int, parts: int) -> None:
    print(f"amc: part {done} of {parts} is done", file=sys.stderr)


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"amc: note: {as_typed(note)}", file=sys.stderr)


def _print_plan(made: Plan, form: str) -> None:
    if form == "json":
        print(json.dumps(plain(made.record), indent=2, allow_nan=False))
        return
    print(f"Plan: {made.probe.layout}")
    for reason in made.reasons:
        print(f"  - {reason}")
    print(f"  - {made.prediction}")


def _write(answers: Answers, made: Plan, problem: Problem, plot: Path | None, output: Path | None) -> list[Path]:
    """Write the requested files and return them; x only if it was found."""
    written = []
    if plot is not None:
        from amc_circuits.pictures.history import plot_history  # few solves draw

        with writing("plot", plot):
            title = f"{made.probe.layout}, {' x '.join(map(str, problem.matrix.shape))}: {answers.status.name}"
            plot_history(answers.arrays["history"], made.cycle.time, made.refinement.bits, plot, title)
        written.append(plot)
    if output is not None and answers.status.usable:
        with writing("output", output):
            x = answers.arrays["x"]
            write_array(output, "x", x[:, 0] if problem.vector.ndim == 1 else x)
        written.append(output)
    return written


def _first_column(made: Plan, problem: Problem) -> FloatArray:
    """Return the first right-hand side of the loop in units of its largest entry, shape (size, 1).

    Raises:
        ParameterError: It is zero: nothing would be simulated.
    """
    column = made.problem.columns(problem.vector.reshape(len(problem.vector), -1))[:, :1]
    if not column.any():
        raise ParameterError("plot_pass", "a first b of zeros", "has no waveform; leave it out, or change the order")
    return np.asarray(column / np.abs(column).max())


def _draw_pass(made: Plan, column: FloatArray, path: Path) -> None:
    """Simulate the circuit with a right-hand side and draw its outputs; those of blocks step by step."""
    from amc_circuits.pictures.circuit.steps import plot_steps  # few solves draw
    from amc_circuits.pictures.responses import plot_responses

    found = made.probe.circuit.solve(column)
    title = f"{made.probe.layout}, one pass: {found.status.name}"
    with writing("plot_pass", path):
        if isinstance(found, BlockSolution):
            plot_steps(found, path, title)
        else:
            plot_responses([one for one in found.responses if one is not None], path, title)
