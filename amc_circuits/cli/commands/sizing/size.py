"""`amc size`: the value of a parameter from which on, or up to which, a circuit keeps a target."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from amc_circuits.cases.circuits import circuit_row
from amc_circuits.cases.options import MONTE_CARLO, typed_options
from amc_circuits.cli.commands.sizing.request import QUESTION, TARGET, Request, request_of
from amc_circuits.cli.commands.sizing.two import size_two
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import NO_RESULT, as_typed, finish, one_line_warnings
from amc_circuits.cli.parameters import Format, Jobs, Matrix, SizePlotFile, vector_argument, with_options
from amc_circuits.engines import AutoEngine, find_ngspice
from amc_circuits.files.run_folder import writing
from amc_circuits.results.tables import print_table
from amc_circuits.studies.sizing.crossing import Sample
from amc_circuits.studies.sizing.from_options import check_seeds
from amc_circuits.studies.sizing.search import intervals
from amc_circuits.studies.sizing.size import processes
from amc_circuits.studies.sizing.sized import Sized
from amc_circuits.values.plain import plain
from amc_circuits.values.quantities import counted, format_quantity
from netlists.version import package_version

NOT_SIZED = ("noise", "budget", *(option.name for option in MONTE_CARLO))
"""Options that the target decides, or that belong to another study."""
LONGEST = 60
"""Most characters of a reason in the table."""
Target = Annotated[
    str, typer.Option(metavar="LIMIT", help="Target, as settling_time<50n or bits>8.", rich_help_panel=TARGET)
]
Free = Annotated[
    list[str],
    typer.Option(metavar="NAME", help="Parameter to find; two for a picture of both.", rich_help_panel=TARGET),
]
Between = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LOW,HIGH",
        help="Range of the parameter, one for each that is free.",
        show_default=False,
        rich_help_panel=TARGET,
    ),
]


def sizing(circuit: str) -> Callable[..., None]:
    """Build the command that sizes a circuit."""
    own: dict[str, dict[str, Any]] = {"engine": {"default": AutoEngine.name}, "cross_check": {"default": 0.0}}
    options = tuple(replace(one, **own.get(one.name, {})) for one in typed_options(circuit, NOT_SIZED))

    @with_options(QUESTION + options, vector=vector_argument(circuit_row(circuit).takes))
    def size_by(
        target: Target, free: Free, matrix: Matrix = None, vector: Path | None = None, between: Between = None, *,
        jobs: Jobs = "1", format: Format = "table", plot: SizePlotFile = None, **options: Any,
    ) -> None:  # fmt: skip
        request = request_of(circuit, target, free, between or [], options, (matrix, vector), jobs, (format, plot))
        with one_line_warnings():
            reached, sentence = (_size if len(request.free) == 1 else size_two)(request)
        if not reached:
            print(f"amc: {as_typed(sentence)}", file=sys.stderr)
            finish(NO_RESULT)

    return size_by


def _size(request: Request) -> tuple[bool, str]:
    """Find the value of one parameter; return whether the target is kept somewhere, and the answer as a sentence."""
    began = time.perf_counter()
    answer = _answer(request)
    if request.plot is not None:
        from amc_circuits.pictures.sizing import Curve, plot_search

        with writing("plot", request.plot):
            plot_search(_curve(answer, Curve), request.plot)
    if request.form == "json":
        print(json.dumps(_record(request, answer), indent=2, allow_nan=False))
    else:
        print_table(_table(request, answer, time.perf_counter() - began))
        if answer.reached:
            print(answer.sentence)
    for note in answer.notes:
        print(f"amc: note: {as_typed(note)}", file=sys.stderr)
    return answer.reached, answer.sentence


def _answer(request: Request) -> Sized:
    (option,), (span,) = request.free, request.spans
    if request.given["engine"] == AutoEngine.name:
        find_ngspice()
    with waiting(f"{request.circuit.upper()}: {option.name}") as on_step, processes(request.jobs) as executor:
        question = request.sizing(executor)()

        def on_sample(sample: Sample) -> None:
            on_step(format_quantity(sample.value, option.unit))

        found = question.search(span, request.accuracy, on_sample)
        if request.seeds > 1:
            check_seeds(question.case(found.best.value, 0), request.given, request.seeds)
        return question.sized(option.name, option.unit, found, request.ties)


def _curve(answer: Sized, curve: Any) -> Any:
    """Metric over the parameter, for the picture."""
    found = answer.found
    return curve(
        name=answer.parameter,
        unit=answer.unit,
        logarithmic=found.span.logarithmic,
        limit=found.limit,
        values=np.array([sample.value for sample in found.samples]),
        metrics=np.array([sample.metric for sample in found.samples]),
        answers=np.array([(edge.holds.value, edge.holds.metric) for edge in found.edges]).reshape(-1, 2),
        checked=None if answer.checked is None else answer.checked.metric,
    )


def _table(request: Request, answer: Sized, seconds: float) -> Table:
    """Build the printed table: the scan, with the answer in its place."""
    found = answer.found
    grid = Table(title=f"{request.circuit.upper()}: {found.limit}", title_justify="left")
    metric = found.limit.figure.replace("_", " ")
    over = f", {format_quantity(request.worst, '%')} of {request.seeds} seeds" * (request.seeds > 1)
    for heading in (answer.parameter.replace("_", " "), metric + over):
        grid.add_column(heading, justify="right")
    grid.add_column("target")
    answers = {edge.holds.value for edge in found.edges}
    shown = {sample.value: sample for edge in found.edges for sample in [edge.holds]}
    for value, sample in sorted((shown | {sample.value: sample for sample in found.scan}).items()):
        mark = "kept: answer" if value in answers else "kept" if found.limit.kept(sample.metric) else "missed"
        reason = f": {sample.problem}" * bool(sample.problem)
        grid.add_row(answer.text(value), answer.metric_text(sample.metric), _short(mark + reason))
        if answer.checked is not None and value == answer.subject.value:
            grid.add_row("by ngspice", answer.metric_text(answer.checked.metric), _kept(answer))
    within = f"within {format_quantity(request.accuracy, '%')}, " * bool(found.edges)
    grid.caption = f"{answer.engine}, {within}{counted(len(found.samples), 'value')}, {seconds:.2f} s"
    grid.caption_justify = "left"
    return grid


def _kept(answer: Sized) -> str:
    assert answer.checked is not None
    return "kept" if answer.found.limit.kept(answer.checked.metric) else "missed"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."


def _record(request: Request, answer: Sized) -> dict[str, Any]:
    """Build the object that `--format json` prints."""
    found = answer.found
    side = None if answer.value is None else "at least" if found.edges[0].least else "at most"
    record = {
        "circuit": request.circuit,
        "parameter": answer.parameter,
        "target": str(found.limit),
        "reached": answer.reached,
        "everywhere": found.everywhere,
        "value": answer.value,
        "side": side,
        "metric": answer.subject.metric,
        "ngspice_metric": None if answer.checked is None else answer.checked.metric,
        "intervals": [list(ends) for ends in intervals(found)],
        "between": [found.span.low, found.span.high],
        "accuracy": request.accuracy,
        "seeds": request.seeds,
        "worst": request.worst,
        "engine": answer.engine,
        "notes": list(answer.notes),
        "samples": [
            {"value": sample.value, "metric": plain(sample.metric), "problem": sample.problem}
            for sample in found.samples
        ],
        "options": {name: value for name, value in request.given.items() if value is not None},
        "package_version": package_version(),
    }
    return {name: plain(value) for name, value in record.items()}
