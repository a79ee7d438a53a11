"""Deck of a circuit, from its parts: each part becomes lines of raw text in a PySpice circuit."""

from __future__ import annotations

import numpy as np
from PySpice.Spice.Netlist import Circuit as SpiceCircuit

from netlists import nodes, sources
from netlists.arrays.array import Array
from netlists.arrays.crossbar import crossbar
from netlists.circuit import Circuit
from netlists.errors import check_type
from netlists.opamps import subcircuit as opamp
from netlists.parts import GROUND, Buffers, Capacitors, Conductors, Limiter, OpAmps, Part, Switches, Values
from netlists.record import ParameterError, Record
from netlists.sources import Drive
from netlists.temperature import NOMINAL_TEMPERATURE


def spice_circuit(circuit: Circuit, drive: Drive | None = None) -> SpiceCircuit:
    """Return a circuit as a PySpice circuit that accepts further elements; its parts are in the raw text.

    Args:
        circuit: Circuit to write.
        drive: Drive of its input sources; None leaves the nodes that sources hold open, for your own sources.
    """
    check_type("circuit", circuit, Circuit)
    found = SpiceCircuit(circuit.title)
    driven = [] if drive is None else [input_sources(circuit, drive)]
    texts = [*subcircuits(circuit), supplies(circuit), temperature_line(circuit), *elements(circuit), *driven]
    found.raw_spice = "\n".join(text for text in texts if text) + "\n"
    return found


def input_sources(circuit: Circuit, drive: Drive) -> str:
    """Return the sources of a circuit as raw text, to append to a circuit without them."""
    check_type("circuit", circuit, Circuit)
    check_type("drive", drive, Record, mend="such as StepTrain, PhaseTrain or Constant")
    return "\n".join(sources.input_lines(drive, source, circuit.nodes(source.group)) for source in circuit.sources)


def elements(circuit: Circuit) -> list[str]:
    """Return all lines of a circuit except sources, rails and the subcircuits of op-amps."""
    return [line for part in circuit.parts for line in _lines(circuit, part)]


def subcircuits(circuit: Circuit, whole: bool = False) -> list[str]:
    """Return the subcircuit of every op-amp record of the circuit.

    Args:
        circuit: The circuit.
        whole: True keeps the effect of a voltage at non-inverting inputs, for sources that are added there.
    """
    parts = circuit.of(OpAmps)
    moved = (part for part in parts if whole or part.offset is not None or part.noninverting != GROUND)
    ahead = {part.record.sha256 for part in moved}
    return [
        opamp.subcircuit(record, opamp.subcircuit_name(k), record.sha256 not in ahead)
        for k, record in enumerate(circuit.opamps)
    ]


def supplies(circuit: Circuit) -> str:
    """Return the rails of every op-amp record that has supply pins."""
    lines = [opamp.supply(record, nodes.rails(place)) for place, record in enumerate(circuit.opamps)]
    return "\n".join(line for line in lines if line)


def temperature_line(circuit: Circuit) -> str:
    """Return the temperature option in degrees Celsius, if it differs from SPICE's default."""
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
        case Switches():
            return _switches(circuit, part)
        case Buffers():
            return [
                f"B{part.name}{k} {b} 0 V=v({a})+({part.offset!r})" if part.offset else f"E{part.name}{k} {b} 0 {a} 0 1"
                for k, (a, b) in enumerate(zip(circuit.nodes(part.input), circuit.nodes(part.output), strict=True), 1)
            ]
        case Limiter():
            return [
                f"B{part.name}{k} {b} 0 V={_limited(part, a)}"
                for k, (a, b) in enumerate(zip(circuit.nodes(part.input), circuit.nodes(part.output), strict=True), 1)
            ]
    mend = "stands in decks of expanded circuits only: netlists.expanded"
    raise ParameterError("circuit", f"part {part.name}, {type(part).__name__}", mend)


def _switches(circuit: Circuit, part: Switches) -> list[str]:
    """Return switches that change state when their control nodes cross half a volt."""
    if part.control not in circuit.groups:
        mend = "stands in decks of expanded circuits only: netlists.expanded"
        raise ParameterError("circuit", f"part {part.name}, Switches", mend)
    size = circuit.groups[part.control]
    ends = zip(_nodes(circuit, part.a, size), _nodes(circuit, part.b, size), circuit.nodes(part.control), strict=True)
    model = f".model sw{part.name} sw(ron={part.on_resistance!r} roff={part.off_resistance!r} vt=0.5 vh=0)"
    return [model, *(f"S{part.name}{k} {a} {b} {held} 0 sw{part.name}" for k, (a, b, held) in enumerate(ends, 1))]


def _limited(part: Limiter, node: str) -> str:
    """Return the law of a limiter in the syntax of SPICE."""
    held = f"max(min(v({node}),{part.level!r}),{-part.level!r})"
    return held if part.type == "clip" else f"v({node})-{held}"


def _rows(circuit: Circuit, name: str, a: str, b: str, values: Values) -> list[tuple[str, str, str, float]]:
    """Return name, ends and value of each of a row of equal two-terminal elements."""
    size = circuit.groups[b if a == GROUND else a]
    each = np.broadcast_to(np.asarray(values, dtype=np.float64), size).tolist()
    ends = zip(_nodes(circuit, a, size), _nodes(circuit, b, size), each, strict=True)
    return [(f"{name}{k}", here, there, value) for k, (here, there, value) in enumerate(ends, 1)]


def _nodes(circuit: Circuit, group: str, size: int) -> list[str]:
    return [GROUND] * size if group == GROUND else circuit.nodes(group)


def _opamps(circuit: Circuit, part: OpAmps) -> list[str]:
    size, place = circuit.groups[part.output], circuit.opamps.index(part.record)
    names, plus = [f"{part.name}{k}" for k in range(1, size + 1)], _nodes(circuit, part.noninverting, size)
    loads = [] if part.noninverting == GROUND else opamp.input_capacitors(part.record, names, plus)
    lines = opamp.instances(
        names,
        (plus, _nodes(circuit, part.inverting, size), circuit.nodes(part.output)),
        opamp.subcircuit_name(place),
        nodes.rails(place) if opamp.has_supply(part.record) else (),
        part.offset,
    )
    return lines + loads
