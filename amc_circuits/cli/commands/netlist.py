"""`amc netlist NAME`: the deck of a circuit, which names its command, its inputs and its outputs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.cases.case import Case
from amc_circuits.cases.circuits import circuit_row
from amc_circuits.cases.option import output_format
from amc_circuits.cases.options import NOT_IN_DECKS, typed_options
from amc_circuits.cli.commands.case import Files, case_of, command_line, warn_of_lifting
from amc_circuits.cli.commands.waiting import waiting
from amc_circuits.cli.messages import one_line_warnings
from amc_circuits.cli.parameters import DeckFile, DeckFormat, Matrix, vector_argument, with_options
from amc_circuits.engines import Job
from amc_circuits.files.run_folder import check_output_file, replacing, writing
from amc_circuits.results.solution import UnusableSolutionError
from amc_circuits.results.status import Status
from amc_circuits.solvers.question import Question
from netlists.dialects import Dialect, dialect_deck
from netlists.sources import StepTrain
from netlists.standalone import standalone_deck
from netlists.version import package_version

STDOUT = Path("-")
FORMAT = output_format("ngspice", "ltspice", "spectre-compatible")


def deck(name: str) -> Callable[..., None]:
    """Build the command that writes a deck of a circuit."""

    @with_options(typed_options(name, NOT_IN_DECKS), vector=vector_argument(circuit_row(name).takes))
    def write(
        output: DeckFile, matrix: Matrix = None, vector: Path | None = None, *, format: DeckFormat = "ngspice",
        **options: Any,
    ) -> None:  # fmt: skip
        _write_deck(name, options, (matrix, vector), output, FORMAT.parse(format))

    return write


def _write_deck(circuit: str, options: dict[str, Any], files: Files, output: Path, form: str) -> None:
    """Write the stand-alone deck of a circuit."""
    if output != STDOUT:
        check_output_file("output", output)
    with one_line_warnings(), waiting(f"{circuit.upper()} deck"):
        case = case_of(circuit, options, files, 1)
        warn_of_lifting(case.circuit.mapping)
        if not (case.circuit.acts or case.circuit.settings.force):
            raise UnusableSolutionError(f"{_fault(case)}; --force writes the deck all the same")
        chosen = {} if form == "ngspice" else {"format": form}
        typed = command_line(("amc", "netlist", circuit), options | chosen, files)
        text = _deck(case, typed, form)
    if output == STDOUT:
        sys.stdout.write(text)
        return
    with writing("output", output), replacing(output) as partial:
        partial.write_text(text, encoding="ascii")
    run = f"run it with: ngspice -b {output}" if form == "ngspice" else f"it is for {form}"
    print(f"wrote {output}; {run}")


def _fault(case: Case) -> str:
    """Cause of a circuit that does not act."""
    if case.circuit.growing:
        return f"NOT_GROWING: {Status.NOT_GROWING.advice}"
    return f"UNSTABLE: {case.circuit.stability.cause}"


def _deck(case: Case, typed: str, form: str) -> str:
    solver, question = case.circuit, case.circuit.question(case.vector)
    job = solver.job(question.columns)
    head = [
        f"command: {typed}",
        f"amc {package_version()}, deck for {form}",
        *_lines(case),
        *_scales(case, job, question),
    ]
    if form == "ngspice":
        tolerance, passing = solver.settings.tolerance, job.first_pass
        level, watched = (None, "") if passing is None else (passing.level, passing.group)
        return standalone_deck(job.circuit, job.drive, job.analysis, tolerance, True, head, level, watched)
    dialect: Dialect = "ltspice" if form == "ltspice" else "spectre-compatible"
    return dialect_deck(job.circuit, job.drive, job.analysis, dialect, head)


def _lines(case: Case) -> list[str]:
    """Name the nodes of every input and every output."""
    circuit, solver = case.circuit.circuit, case.circuit
    complex_ = solver.system.complex
    outputs = circuit.nodes(circuit.outputs)
    found = [
        f"output {name}: v({node})"
        for name, node in zip(_names(solver.gives, len(outputs), complex_), outputs, strict=True)
    ]
    if solver.takes is None:
        return found
    for place, name in enumerate(_names(solver.takes, circuit.inputs, complex_)):
        driven = [
            f"{'-' * bool(weights[k, place] < 0)}v({circuit.nodes(group)[k]})"
            for group, weights in circuit.held.items()
            for k in np.flatnonzero(weights[:, place]).tolist()
        ]
        found.append(f"input {name}: {', '.join(driven)}")
    return found


def _names(letter: str, count: int, complex_: bool) -> list[str]:
    """Names of the entries of a vector, such as `x_1`, or `Re x_1` for its parts."""
    parts = ("Re ", "Im ") if complex_ else ("",)
    return [f"{part}{letter}_{k}" for part in parts for k in range(1, count // len(parts) + 1)]


def _scales(case: Case, job: Job, question: Question) -> list[str]:
    """Give the start of every right-hand side, and the factor from its output volts to the answer, if there is one."""
    drive, found = job.drive, []
    assert isinstance(drive, StepTrain)
    for slot, (levels, column) in enumerate(zip(drive.levels.T, question.columns.T, strict=True)):
        part = {"Re": ", real part", "Im": ", imaginary part"}.get(question.part(slot), "")
        number = next(k for k, group in enumerate(question.groups, 1) if slot in group)
        factor = ""
        if column.any() and case.circuit.system.scaling == "none":
            volts = float(levels @ column) / float(column @ column)
            factor = f"; {case.circuit.gives} = {case.circuit.gain / volts:.12g} per volt of the outputs"
        found.append(f"right-hand side {number}{part}, from {drive.slot_begin(slot):.12g} s{factor}")
    return found
