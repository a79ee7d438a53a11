"""`amc optimize`: values of free parameters that make one metric smallest while others keep their limits."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from amc_circuits.cases.circuits import circuit_row
from amc_circuits.cases.option import Option, parse_table
from amc_circuits.cases.options import panel, typed_options
from amc_circuits.cases.origin import Origin
from amc_circuits.cli.commands.gradients.request import NOT_FREE_HERE, choices_of, request_of
from amc_circuits.cli.commands.solve import save_solved
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import NO_RESULT, as_typed, finish, one_line_warnings, print_written
from amc_circuits.cli.parameters import Format, Matrix, SaveFile, vector_argument, with_options
from amc_circuits.engines import NgspiceEngine, find_ngspice
from amc_circuits.files.run_folder import writing
from amc_circuits.results.tables import print_table
from amc_circuits.results.trials import UNITS
from amc_circuits.studies.optimizing.choices import optimized_with_choices
from amc_circuits.studies.optimizing.optimize import OBJECTIVES, Optimization
from amc_circuits.studies.optimizing.optimized import Optimized
from amc_circuits.studies.optimizing.search import Tried
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import counted, format_quantity
from netlists.version import package_version

GOAL = "Goal"
STARTS = panel(GOAL, (Option("starts", "integer", "Number of designs from which to search", 5, minimum=1),))
Minimize = Annotated[
    str, typer.Option(metavar="NAME", help=f"Metric to minimize: {', '.join(OBJECTIVES)}.", rich_help_panel=GOAL)
]
Targets = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="LIMIT", help="Limit on another metric, as relative_error<1%.",
                 show_default=False, rich_help_panel=GOAL),
]  # fmt: skip
Free = Annotated[list[str], typer.Option(metavar="NAME", help="Parameter to vary.", rich_help_panel=GOAL)]
Between = Annotated[
    list[str] | None,
    typer.Option(metavar="LOW,HIGH", help="Range of a parameter, in the order of those that are free.",
                 show_default=False, rich_help_panel=GOAL),
]  # fmt: skip


def optimizing(circuit: str) -> Callable[..., None]:
    """Build the command that optimizes a circuit."""

    @with_options(STARTS + typed_options(circuit, NOT_FREE_HERE), vector=vector_argument(circuit_row(circuit).takes))
    def optimize(
        minimize: Minimize, free: Free, matrix: Matrix = None, vector: Path | None = None, target: Targets = None,
        between: Between = None, *, format: Format = "table", save: SaveFile = None, **options: Any,
    ) -> None:  # fmt: skip
        count = parse_table("amc optimize", STARTS, {"starts": options.pop("starts")})["starts"]
        goal, limits = (minimize, target or []), (free, between or [])
        with one_line_warnings():
            question = request_of(circuit, goal, limits, options, (matrix, vector), (format, save), count)
            find_ngspice()
            began = time.perf_counter()
            question, found = _run(question, choices_of(free))
            written = [] if save is None or found.best is None else _saved(question, found.best, save)
        if format == "json":
            print(json.dumps(_record(question, found), indent=2, allow_nan=False))
        else:
            print_table(_table(found, f"{circuit.upper()}: {minimize}", time.perf_counter() - began))
            print(found.sentence if found.best else "", end="\n" if found.best else "")
        print_written(format, *written)
        for note in found.notes:
            print(f"amc: note: {as_typed(note)}", file=sys.stderr)
        if found.best is None:
            print(f"amc: {found.sentence}", file=sys.stderr)
            finish(NO_RESULT)

    return optimize


def _run(question: Optimization, choices: tuple[str, ...]) -> tuple[Optimization, Optimized]:
    """Run the search, for every combination of free choices; return the question with the best one."""
    with waiting(f"{question.circuit.upper()}: {question.metric.replace('_', ' ')}") as on_step:

        def on_design(one: Tried) -> None:
            on_step(format_quantity(one.metrics.get(question.metric), UNITS[question.metric]))

        watched = question.watched(on_design)
        return optimized_with_choices(watched, choices) if choices else (watched, watched.run())


def _saved(question: Optimization, best: Tried, path: Path) -> list[Path]:
    """Solve the best design by ngspice, and write waveforms and metrics as `amc inv --save` does."""
    case = question.case(best.values, NgspiceEngine.name)
    solution = case.run()
    origin = Origin.of(case)
    explained = origin.record("solve", question.typed(best.values))
    with writing("save", path):
        return [path] * save_solved(case, solution, path, (origin, explained))


def _table(found: Optimized, title: str, seconds: float) -> Table:
    """Build the printed table: a column for the start, the optimum, and what ngspice measures there."""
    grid = Table(title=title, title_justify="left")
    for heading in ("", "start", "optimum", "by ngspice", "limit"):
        grid.add_column(heading, justify="right" if heading else "left")
    best = found.best.values if found.best else (None,) * len(found.names)
    for name, unit, span, first, last in zip(
        found.names, found.units, found.spans, found.start.values, best, strict=True
    ):
        texts = [format_quantity(value, unit) for value in (first, last)]
        ends = " .. ".join(format_quantity(value, unit) for value in (span.low, span.high))
        grid.add_row(name.replace("_", " "), *texts, "", ends)
    for name, chosen in found.chosen.items():
        grid.add_row(name.replace("_", " "), *chosen, "", "")
    limits = {limit.figure: str(limit).removeprefix(limit.figure) for limit in found.limits}
    for name in found.metrics:
        sides = (found.start.metrics, found.best.metrics if found.best else {}, found.checked or {})
        texts = [format_quantity(side.get(name), UNITS[name]) for side in sides]
        grid.add_row(name.replace("_", " "), *texts, "smallest" if name == found.metric else limits[name])
    grid.caption = f"{counted(found.designs, 'design')} by gradients, {seconds:.2f} s"
    grid.caption_justify = "left"
    return grid


def _record(question: Optimization, found: Optimized) -> dict[str, Any]:
    """Build the object that `--format json` prints."""
    best = found.best
    record = {
        "circuit": question.circuit,
        "minimize": found.metric,
        "targets": [str(limit) for limit in found.limits],
        "reached": best is not None,
        "free": list(found.names),
        "chosen": {name: last for name, (_, last) in found.chosen.items()},
        "between": [[span.low, span.high] for span in found.spans],
        "start": {"values": found.start.values, "metrics": found.start.metrics, "problem": found.start.problem},
        "optimum": None if best is None else {"values": best.values, "metrics": best.metrics},
        "gain": found.gain,
        "ngspice_metrics": found.checked,
        "ngspice_problem": found.problem,
        "designs": found.designs,
        "starts": question.starts,
        "notes": list(found.notes),
        "options": dict(question.given),
        "package_version": package_version(),
    }
    return {name: plain(value) for name, value in record.items()}
