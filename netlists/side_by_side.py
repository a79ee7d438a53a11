"""Several circuits in one deck, each in a subcircuit of its own: the simulator starts and parses once for all."""

from __future__ import annotations

from collections.abc import Sequence

from netlists import nodes, opamp, sources
from netlists.assembly import temperature_line
from netlists.circuit import elements, input_sources
from netlists.parameters import InvDesign, MvmDesign
from netlists.record import ParameterError
from netlists.sources import StepTrain


def side_by_side(circuits: Sequence[tuple[InvDesign | MvmDesign, StepTrain]]) -> str:
    """Circuits that touch nowhere, with their sources; names of their nodes: `nodes.beside`.

    Args:
        circuits: Design and inputs of each; all have the same op-amp and the same temperature.

    Raises:
        ParameterError: They have not.
    """
    first = circuits[0][0]
    lines = [f"* {len(circuits)} circuits side by side", opamp.subcircuit(first.opamp), temperature_line(first)]
    for k, (design, drive) in enumerate(circuits):
        if (design.opamp, design.temperature) != (first.opamp, first.temperature):
            mend = "all in one deck must have the same op-amps and temperature"
            raise ParameterError("circuits", f"others in number {k}", mend)
        lines += [
            f".subckt circuit{k}",
            sources.supply(design.opamp),
            *elements(design),
            input_sources(design, drive),
            ".ends",
            f"X{nodes.beside(k)} circuit{k}",
        ]
    return "\n".join(line for line in lines if line)


def vector_beside(place: int, vector: str) -> str:
    """What a vector of one circuit, such as `v(c1)` or `i(vdd)`, is called when it stands side by side with others."""
    kind, name = vector[0], vector[2:-1]
    return f"v(x{nodes.beside(place)}.{name})" if kind == "v" else f"i(v.x{nodes.beside(place)}.{name})"
