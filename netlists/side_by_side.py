"""Several circuits in one deck, each in a subcircuit of its own: the simulator starts and parses once for all."""

from __future__ import annotations

from collections.abc import Sequence

from netlists import deck, nodes
from netlists.circuit import Circuit
from netlists.record import ParameterError
from netlists.sources import StepTrain


def side_by_side(circuits: Sequence[tuple[Circuit, StepTrain]]) -> str:
    """Circuits that touch nowhere, with their sources; names of their nodes: `nodes.beside`.

    Args:
        circuits: Each with its inputs; all have the same op-amps and the same temperature.

    Raises:
        ParameterError: They have not.
    """
    first = circuits[0][0]
    lines = [f"* {len(circuits)} circuits side by side", *deck.subcircuits(first), deck.temperature_line(first)]
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
    """What a vector of one circuit, such as `v(c1)` or `i(vdd)`, is called when it stands side by side with others."""
    kind, name = vector[0], vector[2:-1]
    return f"v(x{nodes.beside(place)}.{name})" if kind == "v" else f"i(v.x{nodes.beside(place)}.{name})"
