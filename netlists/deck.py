"""The deck of a circuit, from its parts: each part is lines of raw text, PySpice's circuit comes out at the end."""

from __future__ import annotations

import numpy as np
from PySpice.Spice.Netlist import Circuit as SpiceCircuit

from netlists import nodes, sources
from netlists.arrays.array import Array
from netlists.arrays.crossbar import crossbar
from netlists.circuit import Circuit
from netlists.opamps import subcircuit as opamp
from netlists.parts import GROUND, Capacitors, Conductors, OpAmps, Part, Values
from netlists.record import ParameterError
from netlists.sources import Drive
from netlists.temperature import NOMINAL_TEMPERATURE


def spice_circuit(circuit: Circuit, drive: Drive | None = None) -> SpiceCircuit:
    """A circuit as a PySpice circuit that can still be added to; its parts stand in the raw text.

    Args:
        circuit: What it is.
        drive: Its input sources; None leaves the nodes that sources hold open, for sources of your own.
    """
    found = SpiceCircuit(circuit.title)
    driven = [] if drive is None else [input_sources(circuit, drive)]
    texts = [*subcircuits(circuit), supplies(circuit), temperature_line(circuit), *elements(circuit), *driven]
    found.raw_spice = "\n".join(text for text in texts if text) + "\n"
    return found


def input_sources(circuit: Circuit, drive: Drive) -> str:
    """The sources of a circuit as raw text, to be put under a circuit without them."""
    return "\n".join(sources.input_lines(drive, source, circuit.nodes(source.group)) for source in circuit.sources)


def elements(circuit: Circuit) -> list[str]:
    """Everything of a circuit but sources, rails and the subcircuits of op-amps."""
    return [line for part in circuit.parts for line in _lines(circuit, part)]


def subcircuits(circuit: Circuit) -> list[str]:
    """The subcircuit of every op-amp record that the circuit has."""
    floating = {part.record.sha256 for part in circuit.of(OpAmps) if part.noninverting != GROUND}
    return [
        opamp.subcircuit(record, opamp.subcircuit_name(place), record.sha256 in floating)
        for place, record in enumerate(circuit.opamps)
    ]


def supplies(circuit: Circuit) -> str:
    """The rails of every op-amp record that has supply pins."""
    lines = [opamp.supply(record, nodes.rails(place)) for place, record in enumerate(circuit.opamps)]
    return "\n".join(line for line in lines if line)


def temperature_line(circuit: Circuit) -> str:
    """The option in degrees Celsius, where it is not SPICE's own."""
    kelvin = circuit.temperature
    return "" if kelvin == NOMINAL_TEMPERATURE else f".options temp={kelvin - 273.15!r}"


def _lines(circuit: Circuit, part: Part) -> list[str]:
    match part:
        case Array():
            return [crossbar(part, circuit.nodes(part.word_lines), circuit.nodes(part.bit_lines))]
        case Conductors():
            ohms = 1 / np.asarray(part.siemens, dtype=np.float64)
            rows = _rows(circuit, part.name, part.a, part.b, ohms)
            return [f"R{name} {a} {b} {value!r}" for name, a, b, value in rows]
        case Capacitors():
            rows = _rows(circuit, part.name, part.a, part.b, part.farads)
            return [f"C{name} {a} {b} {value!r}" for name, a, b, value in rows]
        case OpAmps():
            return _opamps(circuit, part)
    raise ParameterError("circuit", f"part {part.name}, {type(part).__name__}", "the deck does not know it yet")


def _rows(circuit: Circuit, name: str, a: str, b: str, values: Values) -> list[tuple[str, str, str, float]]:
    """Name, ends and value of each of a row of equal two-terminal elements."""
    size = circuit.groups[b if a == GROUND else a]
    each = np.broadcast_to(np.asarray(values, dtype=np.float64), size).tolist()
    ends = zip(_nodes(circuit, a, size), _nodes(circuit, b, size), each, strict=True)
    return [(f"{name}{k}", here, there, value) for k, (here, there, value) in enumerate(ends, 1)]


def _nodes(circuit: Circuit, group: str, size: int) -> list[str]:
    return [GROUND] * size if group == GROUND else circuit.nodes(group)


def _opamps(circuit: Circuit, part: OpAmps) -> list[str]:
    size, place = circuit.groups[part.output], circuit.opamps.index(part.record)
    return opamp.instances(
        [f"{part.name}{k}" for k in range(1, size + 1)],
        (_nodes(circuit, part.noninverting, size), _nodes(circuit, part.inverting, size), circuit.nodes(part.output)),
        opamp.subcircuit_name(place),
        nodes.rails(place) if opamp.has_supply(part.record) else (),
        part.offset,
    )
