"""Several circuits in one deck, each in its own subcircuit, so that the simulator starts and parses only once."""

from __future__ import annotations

from collections.abc import Sequence

from netlists import deck, nodes
from netlists.circuit import Circuit
from netlists.errors import check_type
from netlists.parts import OpAmps
from netlists.record import ParameterError
from netlists.sources import StepTrain


def side_by_side(circuits: Sequence[tuple[Circuit, StepTrain]]) -> str:
    """Return a deck of separate circuits with their sources; `nodes.beside` names their nodes.

    Args:
        circuits: Circuits, each with its inputs; all have the same op-amps and the same temperature.

    Raises:
        ParameterError: If op-amps or temperatures differ.
    """
    check_type("circuits", circuits, list, tuple, mend="pairs of a circuit and its inputs")
    for pair in circuits:
        check_type("circuits", pair, list, tuple, mend="pairs of a circuit and its inputs")
        check_type("circuits", pair[0], Circuit)
    first = circuits[0][0]
    offsets = any(part.offset is not None for circuit, _ in circuits for part in circuit.of(OpAmps))
    shared = [*deck.subcircuits(first, whole=offsets), deck.temperature_line(first)]
    lines = [f"* {len(circuits)} circuits side by side", *shared]
    for k, (circuit, drive) in enumerate(circuits):
        if (circuit.opamps, circuit.temperature) != (first.opamps, first.temperature):
            mend = "all in one deck must have the same op-amps and temperature"
            raise ParameterError("circuits", f"others in number {k}", mend)
        lines += [
            f".subckt circuit{k}",
            deck.supplies(circuit),
            *deck.elements(circuit),
            deck.input_sources(circuit, drive),
            ".ends",
            f"X{nodes.beside(k)} circuit{k}",
        ]
    return "\n".join(line for line in lines if line)


def vector_beside(place: int, vector: str) -> str:
    """Name a vector of one circuit, such as `v(c1)` or `i(vdd)`, in a deck with several circuits."""
    kind, name = vector[0], vector[2:-1]
    return f"v(x{nodes.beside(place)}.{name})" if kind == "v" else f"i(v.x{nodes.beside(place)}.{name})"
