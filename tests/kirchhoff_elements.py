"""Elements of INV and MVM circuits, node by node from the numbers of a design, for the judge in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netlists import InvDesign, MacroOpAmp, MvmDesign, OpAmp
from tests.kirchhoff import Node, nodes

Array = NDArray[np.float64]
HELD: Node = ("b", 0)
"""Node that is held at 0 V: the ground of the compensating cells."""


@dataclass
class Elements:
    """Elements of a circuit.

    Attributes:
        inputs: Nodes whose voltages are given, with the input that each follows and its sign.
        conductors: (node, node, siemens, account).
        capacitors: (node, node, farad); the second may be ground.
        stages: (node, its time constant, terms, constant): `tau y' = sum(factor * voltage) + constant`.
        ideal: (node, stage): an output without resistance.
        currents: (stage, output, siemens): where op-amps deliver through their output resistance.
    """

    inputs: dict[Node, tuple[int, float]] = field(default_factory=dict)
    conductors: list[tuple[Node, Node, float, str]] = field(default_factory=list)
    capacitors: list[tuple[Node, Node, float]] = field(default_factory=list)
    stages: list[tuple[Node, float, list[tuple[Node, float]], float]] = field(default_factory=list)
    ideal: list[tuple[Node, Node]] = field(default_factory=list)
    currents: list[tuple[Node, Node, float]] = field(default_factory=list)

    def amplifier(
        self,
        name: str,
        place: int,
        inverting: Node,
        output: Node,
        opamp: OpAmp,
        offset: float,
        noninverting: Node | None = None,
    ) -> None:
        """`y'/w_T = offset + V(+) - V(-) - y/A0`, behind it perhaps a second pole and an output resistance."""
        stage: Node = (name, place)
        macro = opamp if isinstance(opamp, MacroOpAmp) else None
        offset += macro.input_offset if macro else 0.0
        tau = 1 / (2 * np.pi * opamp.gbwp)
        terms = [(inverting, -1.0), (stage, -1 / opamp.open_loop_gain)]
        self.stages.append((stage, tau, terms + [(noninverting, 1.0)] * (noninverting is not None), offset))
        if macro is None:
            self.ideal.append((output, stage))
            return
        if macro.second_pole is not None:
            second: Node = (f"{name}2", place)
            self.stages.append((second, 1 / (2 * np.pi * macro.second_pole), [(stage, 1.0), (second, -1.0)], 0.0))
            stage = second
        self.currents.append((stage, output, 1 / macro.output_resistance))
        if macro.input_capacitance > 0:
            for node in filter(None, (inverting, noninverting)):
                self.capacitors.append((node, ("ground",), macro.input_capacitance))

    def array(self, k: int, design: InvDesign | MvmDesign, rows: list[Node], columns: list[Node]) -> None:
        """Array k of a design: its cells, its wires, and the capacitance of its lines at the terminals."""
        cells = (design.conductance_positive, design.conductance_negative)[k]
        assert cells is not None
        wires, (n, m) = design.interconnect, cells.shape
        segment = wires.wire_resistance
        word = [[("word", k, i, j) if segment else rows[i] for j in range(m)] for i in range(n)]
        bit = [[("bit", k, i, j) if segment else columns[j] for i in range(n)] for j in range(m)]
        places = [(i, j) for i in range(n) for j in range(m) if cells[i, j] > 0]
        own = [(word[i][j], bit[j][i], float(cells[i, j]), "array") for i, j in places]
        if segment:
            for terminal, line in zip([*rows, *columns], [*word, *bit], strict=True):
                stations = [terminal, *line, terminal] if wires.contacts == "both" else [terminal, *line]
                own += [(here, there, 1 / segment, "array") for here, there in pairwise(stations)]
        self.conductors += own
        if wires.line_capacitance > 0:
            charges = self._charges(own, rows, columns, wires.line_capacitance, wires.line_model, (n, m))
            terminals = [*rows, *columns]
            for a, line in enumerate(charges):
                self.capacitors.append((terminals[a], ("ground",), float(line.sum())))
                self.capacitors += [
                    (terminals[a], terminals[b], -float(line[b])) for b in range(a + 1, len(line)) if line[b] != 0
                ]

    def grounded(self, design: InvDesign | MvmDesign, ends: list[Node], cells: Array) -> None:
        """Compensating cells (N, K): word lines of their own from the ends, cells straight to what is held at 0 V."""
        wires, columns = design.interconnect, cells.shape[1]
        own: list[tuple[Node, Node, float, str]] = []
        for i, (end, held) in enumerate(zip(ends, cells.tolist(), strict=True)):
            line = [(f"word of {end[0]}", i, j) if wires.wire_resistance else end for j in range(columns)]
            own += [(node, HELD, value, "array") for node, value in zip(line, held, strict=True) if value > 0]
            if wires.wire_resistance:
                stations = [end, *line, end] if wires.contacts == "both" else [end, *line]
                own += [(a, b, 1 / wires.wire_resistance, "array") for a, b in pairwise(stations)]
        self.conductors += own
        if wires.line_capacitance > 0:
            shape = len(cells), columns
            whole = [HELD] * columns if wires.line_model == "lumped" or not wires.wire_resistance else [HELD]
            charges = self._charges(own, ends, whole, wires.line_capacitance, wires.line_model, shape)
            self.capacitors += [(end, ("ground",), float(charges[i, i])) for i, end in enumerate(ends)]

    @staticmethod
    def _charges(
        mesh: list[tuple[Node, Node, float, str]],
        rows: list[Node],
        columns: list[Node],
        per_cell: float,
        model: str,
        shape: tuple[int, int],
    ) -> Array:
        """Charge at every terminal for a volt at each: a whole line's on its end, or what the mesh's voltages make."""
        terminals = [*rows, *columns]
        inner = list(dict.fromkeys(node for a, b, *_ in mesh for node in (a, b) if node not in set(terminals)))
        if model == "lumped" or not inner:
            return np.diag(per_cell * np.repeat([float(shape[1]), float(shape[0])], shape))
        place = {node: k for k, node in enumerate([*inner, *terminals])}
        laplacian = np.zeros((len(place), len(place)))
        for a, b, siemens, _ in mesh:
            ends = [place[a], place[b]]
            laplacian[ends, ends] += siemens
            laplacian[ends, ends[::-1]] -= siemens
        count = len(inner)
        shares = -np.linalg.solve(laplacian[:count, :count], laplacian[:count, count:])
        return np.asarray(per_cell * shares.T @ shares)


def inv_elements(design: InvDesign) -> Elements:
    """An INV circuit."""
    size, found = design.size, Elements()
    sums, outputs, inverted = nodes("v", size), nodes("c", size), nodes("d", size)
    offsets, inverter_offsets = _offsets(design.amplifier_offset, size), _offsets(design.inverter_offset, size)
    for i in range(size):
        found.inputs["in", i] = (i, 1.0)
        found.conductors.append((("in", i), sums[i], design.input_conductance, "inputs"))
        if design.balance_inverting is None:
            found.amplifier("amp", i, sums[i], outputs[i], design.opamp, offsets[i])
    if design.balance_inverting is not None:
        _compensated(found, design, outputs, outputs, offsets)
        return found
    found.array(0, design, sums, outputs)
    if design.conductance_negative is not None:
        found.array(1, design, sums, inverted)
        for j in range(size):
            found.conductors.append((outputs[j], ("w", j), 1 / design.inverter_resistance, "amplifiers"))
            found.conductors.append((inverted[j], ("w", j), 1 / design.inverter_resistance, "amplifiers"))
            found.amplifier("inv", j, ("w", j), inverted[j], design.opamp, inverter_offsets[j])
    return found


def mvm_elements(design: MvmDesign) -> Elements:
    """An MVM circuit."""
    (rows, columns), found = design.conductance_positive.shape, Elements()
    sums, drivers, inverted = nodes("v", rows), nodes("c", columns), nodes("d", columns)
    offsets = _offsets(design.amplifier_offset, rows)
    for j in range(columns):
        found.inputs[drivers[j]] = (j, 1.0)
    if design.balance_inverting is not None:
        outputs = nodes("out", rows)
        for i in range(rows):
            found.conductors.append((outputs[i], sums[i], design.feedback_conductance, "amplifiers"))
        _compensated(found, design, outputs, drivers, offsets)
        return found
    found.array(0, design, sums, drivers)
    if design.conductance_negative is not None:
        for j in range(columns):
            found.inputs[inverted[j]] = (j, -1.0)
        found.array(1, design, sums, inverted)
    for i in range(rows):
        found.conductors.append((("out", i), sums[i], design.feedback_conductance, "amplifiers"))
        found.amplifier("amp", i, sums[i], ("out", i), design.opamp, offsets[i])
    return found


def _compensated(
    found: Elements, design: InvDesign | MvmDesign, outputs: list[Node], drivers: list[Node], offsets: list[float]
) -> None:
    """Both arrays on the same drivers, at both inputs of the op-amps; compensating cells to ground."""
    rows = len(outputs)
    minus, plus = nodes("v", rows), nodes("p", rows)
    for i in range(rows):
        found.amplifier("amp", i, minus[i], outputs[i], design.opamp, offsets[i], plus[i])
    for k, ends in enumerate((minus, plus)):
        found.array(k, design, ends, drivers)
    found.inputs[HELD] = (0, 0.0)
    for ends, cells in ((minus, design.balance_inverting), (plus, design.balance_noninverting)):
        found.grounded(design, ends, np.asarray(cells))


def _offsets(given: Any, count: int) -> list[float]:
    return [0.0] * count if given is None else [float(value) for value in given]
