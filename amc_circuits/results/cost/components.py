"""Component counts of a circuit, from its parts."""

from __future__ import annotations

import numpy as np

from netlists import (
    Array,
    Buffers,
    Capacitors,
    Circuit,
    Conductors,
    Hold,
    Limiter,
    OpAmps,
    Part,
    Switches,
)

COMPONENTS = ("op_amps", "cells", "resistors", "capacitors", "switches", "sample_and_holds", "limiters", "buffers")
"""Names of the counts, in order. Wires and their resistance are no components."""


def component_counts(circuit: Circuit) -> dict[str, int]:
    """Count the components of a circuit by type; types that it lacks are left out."""
    found = dict.fromkeys(COMPONENTS, 0)
    for part in circuit.parts:
        name, count = _counted(circuit, part)
        found[name] += count
    return {name: count for name, count in found.items() if count}


def _counted(circuit: Circuit, part: Part) -> tuple[str, int]:
    """Type and number of the components of one part."""
    match part:
        case Array():
            return "cells", int(np.count_nonzero(part.conductance))
        case OpAmps():
            return "op_amps", circuit.groups[part.output]
        case Conductors():
            return "resistors", circuit.groups[part.a]
        case Capacitors():
            return "capacitors", circuit.groups[part.a]
        case Switches():
            return "switches", circuit.groups[part.a]
        case Hold():
            return "sample_and_holds", circuit.groups[part.source]
        case Limiter():
            return "limiters", circuit.groups[part.input]
        case Buffers():
            return "buffers", circuit.groups[part.input]
