"""The case of the options and files of a command, and the notes beside its result."""

from __future__ import annotations

import shlex
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.cases.case import Case, make_case, program_arguments, the_matrix
from amc_circuits.cases.circuits import circuit_row
from amc_circuits.cases.option import flag
from amc_circuits.cases.options import ARGUMENTS, parse_options
from amc_circuits.cases.origin import typed_of
from amc_circuits.cells.mapping import Mapping
from amc_circuits.cli.messages import as_typed
from amc_circuits.results.solution import Solution
from amc_circuits.solvers.solver import Solver

PICTURES = (".png", ".svg", ".pdf")
Files = tuple[Path | None, Path | None]
"""Arguments of a command: files of matrix and vector."""


def case_of(circuit: str, options: dict[str, Any], files: Files, jobs: int) -> Case:
    """Build the case of a command.

    Raises:
        ParameterError: An option or a file cannot be used.
    """
    return make_case(circuit, parsed_with_files(circuit, options, files), jobs, None)


def programmed(circuit: str, options: dict[str, Any], matrix: Path | None) -> tuple[Solver, dict[str, Any]]:
    """Program the circuit of a command that takes no right-hand side; return it with the parsed options.

    Raises:
        ParameterError: An option or the file cannot be used.
    """
    parsed = parsed_with_files(circuit, options, (matrix, None))
    wanted = the_matrix(circuit, parsed, np.random.default_rng(parsed["seed"]))
    solver = circuit_row(circuit).load().program(wanted, **program_arguments(circuit, parsed, wanted))
    warn_of_lifting(solver.mapping)
    return solver, parsed


def parsed_with_files(circuit: str, options: dict[str, Any], files: Files) -> dict[str, Any]:
    """Parse the options and arguments of a command."""
    return parse_options(circuit, options | options_of_files(files))


def options_of_files(files: Files) -> dict[str, str | None]:
    """Name the files as options of a circuit."""
    return {name: None if file is None else str(file) for name, file in zip(ARGUMENTS, files, strict=True)}


def typed_with_files(options: dict[str, Any], files: Files) -> dict[str, Any]:
    """Collect options and arguments that were typed, by name, as they were typed."""
    return typed_of(options_of_files(files) | options)


def command_line(words: tuple[str, ...], options: dict[str, Any], files: Files) -> str:
    """Spell a command with its arguments and options as a shell reads them, in one line of ASCII."""
    spelled = [*words, *(str(file) for file in files if file is not None)]
    for name, value in options.items():
        if value is not None and value is not False:
            spelled += [flag(name)] if value is True else [flag(name), str(value)]
    return shlex.join(spelled).encode("unicode_escape").decode("ascii")


def warn_of_lifting(mapping: Mapping) -> None:
    """Warn if cells were lifted to g_min at a considerable cost."""
    if mapping.lifting_note:
        warnings.warn(mapping.lifting_note, stacklevel=2)


def print_notes(case: Case, solution: Solution) -> None:
    """Print the notes for the reader of the result on stderr, one line each."""
    for note in case.notes(solution):
        print(f"amc: note: {as_typed(note)}", file=sys.stderr)
