"""Op-amp model files from users: read, checked, and written again as text that holds nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from netlists.model_files.cards import Scope
from netlists.model_files.flat import flatten
from netlists.model_files.lines import LONGEST_MEND, PARAMETER, Line, shortened
from netlists.model_files.reader import Reader
from netlists.model_files.structure import Block, card_of, not_accepted, read_structure
from netlists.opamps.pins import NEEDED, VENDORS_ORDER, WORDS, check_words, pins_by_name
from netlists.record import ParameterError, Record

SUBCIRCUIT = "core"
"""Name of the subcircuit in the text: no name of the file is used."""
DEFINING = ("model", "func", "param", "params", "parameter", "parameters", "global", "end")
"""Cards outside of all subcircuits that are parsed."""


class ModelFileWarning(UserWarning):
    """Warning that a part of a model file is left out or was assumed."""


class ModelFile(Record):
    """Op-amp from a model file, as generated text.

    Attributes:
        text: One `.subckt` with plain elements and models, without parameters and subcircuits, one line each. Nodes,
            elements and models are numbered.
        subcircuit: Name of that subcircuit.
        pins: Connections of its pins, in order: words of `netlists/opamps/pins.py`.
    """

    text: str
    subcircuit: str
    pins: tuple[str, ...]


def read_model(path: Path, subcircuit: str, pins: Sequence[str] | None = None) -> ModelFile:
    """Read an op-amp from an untrusted file.

    The parts that the subcircuit needs are parsed against a list of accepted ones (docs/model_files.md). The text for
    ngspice is generated from the parsed parts, so nothing else reaches it. No program is started and nothing is
    written. A warning names what was left out.

    Args:
        path: Model file; it may include files of its own folder.
        subcircuit: Name of the `.subckt`; upper and lower case are the same.
        pins: Connections of its pins, in order: each one of inp, inn, out, vdd, vss, gnd, nc, net1 .. net9. None: by
            their names, else five in the vendors' order, inp, inn, vdd, vss, out.

    Raises:
        ParameterError: The file is not accepted; the error has file, line, and remedy.
    """
    if pins is not None:
        check_words(pins)
    try:
        reader = Reader(path)
        structure = read_structure(reader)
        file = Scope(structure, reader)
        scope = _wanted(file, subcircuit, path)
        words = _pins(scope, pins)
        text = "\n".join(flatten(file, scope, SUBCIRCUIT, _outside(structure)))
    except RecursionError:
        raise ParameterError(PARAMETER, path, "its subcircuits or expressions are nested too deeply") from None
    if structure.forbidden is not None:
        raise not_accepted(structure.forbidden)
    if str(reader.notes):
        warnings.warn(f"{path}: left out: {shortened(str(reader.notes), LONGEST_MEND)}", ModelFileWarning, stacklevel=2)
    return ModelFile(text=text, subcircuit=SUBCIRCUIT, pins=words)


def _wanted(file: Scope, name: str, path: Path) -> Scope:
    scope = file.subcircuit(name.lower())
    if scope is None:
        # In a library one subcircuit without an end takes in all that follow.
        inner = [block for block in file.block.inwards() if block.name == name.lower()]
        scope = _scope_of(file, inner[0]) if len(inner) == 1 else None
    if scope is None:
        there = repr(shortened(", ".join(list(file.block.blocks)[:8]), LONGEST_MEND))[1:-1] or "none"
        raise ParameterError("opamp_subckt", f"{name!r}", f"the subcircuits of {path} are: {there}")
    return scope


def _scope_of(file: Scope, block: Block) -> Scope:
    return file if block.parent is None else _scope_of(file, block.parent).inner(block)


def _pins(scope: Scope, given: Sequence[str] | None) -> tuple[str, ...]:
    """Check the connections of the pins against the `.subckt` line; optional pins may be omitted."""
    pins, instead = scope.header.pins, scope.header.instead
    count = len(pins) - len(instead)
    named = pins_by_name(pins)
    listed = f"its pins are {shortened(' '.join(pins), LONGEST_MEND // 2)}"
    usual = VENDORS_ORDER if count >= len(VENDORS_ORDER) else NEEDED
    example = ",".join(named or (*usual, *["nc"] * (count - len(usual))))
    if given is None:
        if named is not None and "nc" not in named:
            return named
        if count != len(VENDORS_ORDER):
            mend = f"{listed}; say what each is, such as {example}; words are {WORDS}"
            raise ParameterError("opamp_pins", "nothing", mend)
        told = ",".join(f"{word}:{name}" for word, name in zip(VENDORS_ORDER, pins, strict=False))
        told = f"opamp_pins: not given, taken as {shortened(told, LONGEST_MEND)}"
        warnings.warn(told, ModelFileWarning, stacklevel=3)
        given = VENDORS_ORDER
    if len(given) < count:
        mend = f"{listed}: {count}, and these are {len(given)} words; one each, such as {example}"
        raise ParameterError("opamp_pins", ",".join(given), mend)
    if len(given) > len(pins):
        mend = f"this subcircuit has {count} pins, opamp_pins {len(given)} words; {listed}; give one word each"
        raise scope.line.refused(mend)
    return (*given, *(_instead(instead[pin], pin, scope.line) for pin in pins[len(given) :]))


def _instead(node: str, pin: str, line: Line) -> str:
    """Default connection of an optional pin: ground, or open."""
    if node in ("0", "gnd"):
        return "gnd"
    line.leave_out(f"{node}, the node of the optional pin {pin}")
    return "nc"


def _outside(file: Block) -> frozenset[str]:
    """Note the lines outside of all subcircuits without effect on them; return the nodes that `.global` shares."""
    shared = set[str]()
    for line in file.lines:
        card = card_of(line)
        if card is not None and card.name == "global":
            shared |= set(card.rest.lower().split())
        elif card is None or card.name not in DEFINING:
            line.leave_out("text outside of all subcircuits")
    return frozenset(shared)
