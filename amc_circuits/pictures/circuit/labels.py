"""Labels of a circuit's picture: name, count and value of each part."""

from __future__ import annotations

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import EngFormatter

from amc_circuits.pictures.circuit.links import Drawn, Output, Wire
from amc_circuits.values.quantities import counted
from netlists import Array, Buffers, Capacitors, Circuit, Conductors, Hold, Limiter, OpAmps, Source, Switches
from netlists.parts import Values

SIZE, NODE_SIZE = 8.0, 9.0
"""Sizes of the labels of parts and of nodes, points."""
LINE = 0.145
"""Height of a line of a label, inches."""
POINTS_PER_INCH = 72


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of a line of text, inches."""
    font = FontProperties(size=size, weight=weight)
    width: float = text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]
    return width / POINTS_PER_INCH


def node_label(circuit: Circuit, group: str) -> str:
    """Return the label of a group: its name and the number of its nodes."""
    return f"{group} \N{MULTIPLICATION SIGN}{circuit.groups[group]}"


def label_of(part: Drawn, circuit: Circuit) -> list[str]:
    """Return the lines of a label; their first one is the name of the part."""
    match part:
        case Array():
            return _array(part)
        case OpAmps():
            count = counted(circuit.groups[part.output], "op-amp")
            return [part.label or part.name, count, f"GBWP {_number(part.record.equivalent.gbwp, 'Hz')}"]
        case Conductors():
            return [part.name, _numbers(1 / np.asarray(part.siemens), "Ω")]
        case Capacitors():
            return [part.name, _numbers(part.farads, "F")]
        case Switches() | Hold():
            return _phased(part, circuit)
        case Limiter():
            return [part.name, f"{part.type} at {_number(part.level, 'V')}"]
        case Buffers():
            return [part.name]
        case _:
            return _end(part, circuit)


def _phased(part: Switches | Hold, circuit: Circuit) -> list[str]:
    if isinstance(part, Switches):
        return [part.name, f"closed: {', '.join(part.closed_in) or 'never'}", _number(part.on_resistance, "Ω")]
    phases = [phase.name for phase in circuit.phases if part.name in phase.hold]
    return [part.name, f"samples: {', '.join(phases) or 'never'}", _number(part.capacitance, "F")]


def _end(part: Source | Output | Wire, circuit: Circuit) -> list[str]:
    match part:
        case Source():
            return _source(part, circuit.groups[part.group])
        case Output():
            return ["output", *part.phases]
        case Wire():
            return []


def _array(part: Array) -> list[str]:
    rows, columns = part.conductance.shape
    held = part.conductance[part.conductance > 0]
    size = f"{rows} \N{MULTIPLICATION SIGN} {columns}"
    lines = [
        f"{part.name}: {size} cells" if held.size == rows * columns else f"{part.name}: {held.size} of {size} cells"
    ]
    if held.size:
        lines.append(_numbers(held, "S"))
    if part.interconnect.wire_resistance > 0:
        lines.append(f"wires {_number(part.interconnect.wire_resistance, 'Ω')} a segment")
    if part.nonlinearity_voltage is not None:
        lines.append(f"sinh cells, {_number(part.nonlinearity_voltage, 'V')}")
    return lines


def _source(part: Source, size: int) -> list[str]:
    if part.grounded:
        return ["ground"]
    match part.weights:
        case slice():
            first, stop, _ = part.weights.indices(part.weights.stop)
            lines = [f"inputs {first + 1} to {stop}"]
        case np.ndarray():
            lines = [f"{size} \N{MULTIPLICATION SIGN} {part.weights.shape[1]} matrix", "times inputs"]
        case weight:
            word = {1.0: "", -1.0: "\N{MINUS SIGN}"}.get(weight, f"{weight:g} \N{MULTIPLICATION SIGN} ")
            lines = [f"{word}inputs"]
    if part.kick is not None:
        lines += [f"kick {_numbers(part.kick.volts, 'V')},", _number(part.kick.duration, "s")]
    return lines


def _numbers(values: Values, unit: str) -> str:
    """Format the least and the largest of some numbers, or the only one."""
    low, high = _number(float(np.min(values)), unit), _number(float(np.max(values)), unit)
    return low if low == high else f"{low} \N{EN DASH} {high}"


def _number(value: float, unit: str) -> str:
    """Format a number with three digits and a prefix."""
    return str(EngFormatter(unit=unit)(float(f"{value:.3g}")))
