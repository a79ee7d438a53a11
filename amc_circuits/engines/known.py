"""Circuits that the exact engine can solve."""

from __future__ import annotations

from netlists import Array, Buffers, Circuit, Limiter, MacroOpAmp, ParameterError, SubcircuitOpAmp
from netlists.errors import check_type

EXACT = "exact"
"""Name of the engine."""
MOST_CELLS = 1024
"""Most cells that are not linear: each is an unknown of the equations of a step."""


def check_known(circuit: Circuit, growing: bool = False) -> None:
    """Refuse what the engine cannot solve.

    Args:
        circuit: Circuit.
        growing: True if it is to be read at a first pass.

    Raises:
        ParameterError: Cells or op-amps are not known here.
    """
    check_type("circuit", circuit, Circuit)
    if what := unknown(circuit, growing):
        raise ParameterError("engine", EXACT, f"knows no {what}; take ngspice or auto")


def check_differentiable(circuit: Circuit, growing: bool = False) -> None:
    """Refuse circuits whose metrics have no derivatives, whatever engine was chosen; arguments as in `check_known`.

    Raises:
        ParameterError: Cells or op-amps are not linear, or not known to the exact engine.
    """
    if what := unknown(circuit, growing) or ("" if circuit.linear else "parts that are not linear"):
        mend = "derivatives are those of linear circuits: take linear cells, macro models, and no dead zones or clips"
        raise ParameterError("circuit", what, mend)


def unknown(circuit: Circuit, growing: bool = False) -> str:
    """Name what the engine cannot solve in a circuit, as `check_known`; empty for nothing."""
    limited = {part.output for part in circuit.of(Limiter)}
    bent = [array for array in circuit.of(Array) if array.nonlinearity_voltage is not None]
    if any(array.flat for array in bent):
        return "cells that are not linear in arrays with wires"
    if sum(array.conductance.size for array in bent) > MOST_CELLS:
        return f"more than {MOST_CELLS} cells that are not linear"
    if any(isinstance(record, SubcircuitOpAmp) for record in circuit.opamps):
        return "op-amps that are subcircuits"
    if limited & {part.input for part in circuit.of(Buffers)}:
        return "buffers behind limiters"
    bounded = all(isinstance(record, MacroOpAmp) for record in circuit.opamps)
    if not bounded and (growing or any(source.kick is not None for source in circuit.sources)):
        return "kicks of sources and first passes where an op-amp has no limits"
    return ""


def limitless(circuit: Circuit) -> bool:
    """True if all parts are linear and no op-amp has a limit: every response is a sum of exponentials."""
    records = [record.equivalent for record in circuit.opamps]
    limited = any(isinstance(one, MacroOpAmp) or one.common_mode_range is not None for one in records)
    return circuit.linear and not limited and all(source.kick is None for source in circuit.sources)
