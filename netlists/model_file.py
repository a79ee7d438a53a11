"""Op-amp model files that users hand in: read, checked, and written anew as text that holds nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from netlists.model_cards import Scope, read_cards
from netlists.model_flat import flatten
from netlists.model_lines import LONGEST_MEND, PARAMETER, read_lines, shortened
from netlists.opamp_parameters import PINS
from netlists.record import ParameterError, Record

SUBCIRCUIT = "core"
"""What the subcircuit is called in the text: no name of the file goes into it."""


class ModelFile(Record):
    """An op-amp from a model file, as text of our own.

    Attributes:
        text: One `.subckt` with plain elements and models, no parameters, no subcircuits in it; one line each. Nodes,
            elements and models are numbered.
        subcircuit: The name of that subcircuit.
        pins: What its pins are, in its order: a permutation of `netlists.opamp_parameters.PINS`.
    """

    text: str
    subcircuit: str
    pins: tuple[str, ...]


def read_model(path: Path, subcircuit: str, pins: Sequence[str]) -> ModelFile:
    """Reads an op-amp from a file that is not trusted.

    The file is parsed as a whole against a list of what is accepted (docs/model_files.md); what ngspice gets is written
    from what was understood, so that nothing reaches it that was not. No program is started and nothing is written.

    Args:
        path: The model file; it may include files of its own folder.
        subcircuit: The name of the `.subckt`; upper and lower case are the same.
        pins: What its pins are, in its order: a permutation of inp, inn, out, vdd, vss.

    Raises:
        ParameterError: With file and line, and what to do.
    """
    if sorted(pins) != sorted(PINS):
        raise ParameterError("opamp_pins", ",".join(pins), f"name each of {', '.join(PINS)} once, in the file's order")
    try:
        top = read_cards(read_lines(path), str(path))
        scope = _wanted(top, subcircuit, path)
        text = "\n".join(flatten(top, scope, SUBCIRCUIT))
        return ModelFile(text=text, subcircuit=SUBCIRCUIT, pins=tuple(pins))
    except RecursionError:
        raise ParameterError(PARAMETER, path, "its subcircuits or expressions are nested too deeply") from None


def _wanted(top: Scope, name: str, path: Path) -> Scope:
    scope = top.subcircuits.get(name.lower())
    if scope is None:
        there = shortened(", ".join(list(top.subcircuits)[:8]), LONGEST_MEND) or "none"
        raise ParameterError("opamp_subckt", f"{name!r}", f"the subcircuits of {path} are: {there}")
    if len(scope.pins) != len(PINS):
        mend = f"an op-amp has {len(PINS)} pins here ({', '.join(PINS)}), this subcircuit has {len(scope.pins)}"
        raise scope.line.refused(mend)
    return scope
