"""Designs as typed: quoted options, files and folders; their sorts."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amc_circuits.cases.circuits import INV, circuit_names
from amc_circuits.cases.option import by_own_names, synonyms
from amc_circuits.cases.options import typed_options
from amc_circuits.cli.lazy import HELP_NAMES, command_of
from amc_circuits.cli.parameters import with_options
from amc_circuits.files.run_folder import made_by
from amc_circuits.studies.compare import COMMON, Design
from amc_circuits.sweep.plan.designs import StatedDesign, design_of_saved, design_of_toml
from netlists import ParameterError

CIRCUITS, SWEEP = "circuits", "sweep"
"""Sorts of designs: circuits that are run, and folders of sweeps; others are named after the command of a folder."""

HELP = {*HELP_NAMES["help_option_names"], "--help-all"}


def common_sort(texts: Sequence[str]) -> str:
    """Sort of all designs.

    Raises:
        ParameterError: There are several sorts, or a folder was made by no command.
    """
    sorts = {text: _sort(text) for text in texts}
    first = sorts[texts[0]]
    for text, sort in sorts.items():
        if sort != first:
            found = f"{texts[0]!r} ({_words(first)}) and {text!r} ({_words(sort)})"
            raise ParameterError("DESIGN", found, "give designs of one sort")
    return first


def _sort(text: str) -> str:
    path = Path(text)
    if not (text and path.is_dir()):
        return CIRCUITS
    command = made_by(path)
    if not command:
        raise ParameterError("DESIGN", repr(text), "is a folder, but of no run: amc sweep and amc train make some")
    return command


def _words(sort: str) -> str:
    return "a circuit to run" if sort == CIRCUITS else f"a folder of amc {sort}"


def designs_of(texts: Sequence[str]) -> list[StatedDesign]:
    """Read all designs that are circuits to run.

    Raises:
        ParameterError: A text or file cannot be used.
    """
    return [_design(text) for text in texts]


def _design(text: str) -> StatedDesign:
    path, suffix = Path(text), Path(text).suffix.lower()
    # The options of a design may end in the name of a file, too.
    if suffix in (".toml", ".npz") and (path.is_file() or len(text.split()) == 1):
        return design_of_toml(path) if suffix == ".toml" else design_of_saved(path)
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ParameterError("DESIGN", repr(text), f"cannot be split into words: {error}") from None
    named = words and not words[0].startswith("-")
    circuit = words.pop(0) if named else INV.name
    if circuit not in circuit_names():
        mend = f"{circuit} is no folder, no .toml or .npz, and no circuit: {', '.join(circuit_names())}"
        raise ParameterError("DESIGN", repr(text), mend)
    if HELP.intersection(words):
        raise ParameterError("DESIGN", repr(text), f"is no request for help; amc {circuit} --help lists the options")
    try:
        options = _typed(circuit, words)
    except Exception as error:
        if not hasattr(error, "format_message"):  # that of a usage error of Typer
            raise
        raise ParameterError("DESIGN", repr(text), error.format_message()) from None
    return StatedDesign(Design(text.strip() or circuit, circuit, options))


def _typed(circuit: str, words: list[str]) -> dict[str, Any]:
    """Read options as the command of a circuit does.

    Raises:
        ParameterError: An option is common to all designs.
    """
    options = typed_options(circuit)

    @with_options(options)
    def typed() -> None:
        """Take options of a circuit."""

    with command_of(typed, circuit).make_context(circuit, words) as context:
        values = {name: value for name, value in context.params.items() if value not in (None, False)}
    found = by_own_names(values, synonyms(options))
    for name in COMMON:
        if name in found:
            raise ParameterError(name, found[name], "is common to all designs; give it outside of the quotes")
    return found
