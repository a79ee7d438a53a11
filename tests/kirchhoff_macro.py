"""The macro at rest in one of its phases, from Kirchhoff's laws alone, with every switch, open or closed.

Written node by node from the description of the macro in docs/macro.md; it shares no code with the packages and reads
the numbers of the record only. Nodes of array k: rows `("row", k, i)`, columns `("column", k, j)`, those of the
negative array `("minus", k, j)`, of the second array `("turned row", k, j)` and `("turned column", k, i)`, and of its
negative one `("turned minus", k, i)`.
"""

from __future__ import annotations

import numpy as np

from netlists.circuits.macro.records import MacroDesign, MacroPhase
from tests.kirchhoff_network import GROUND, Array, Network, Node, Rest


def macro_at_rest(design: MacroDesign, now: str, words: dict[str, Array], held: dict[str, Array]) -> Rest:
    """The macro in phase `now`, with the voltages of the DACs of each phase and those that holds keep of each."""
    judge = _Macro(design)
    for phase in design.phases:
        judge.connect(phase, phase.name == now)
        for node, volts in zip(judge.group(f"dac {phase.name}"), words.get(phase.name, ()), strict=False):
            judge.network.hold(node, volts if phase.name == now else 0.0)
        for node, volts in zip(judge.group(f"held {phase.name}"), held.get(phase.name, ()), strict=False):
            judge.network.hold(node, volts)
    return judge.solve()


def outputs_at_rest(design: MacroDesign, now: str, rest: Rest) -> Array:
    """Outputs of a phase, V: columns, or the far ends of the feedback of MVM."""
    (phase,) = [phase for phase in design.phases if phase.name == now]
    rows, columns = design.arrays[0].positive.shape
    name, size = ("column", columns) if phase.mode != "mvm" else (_far(phase), rows)
    return np.array([rest.voltage[name, phase.array, j] for j in range(size)])


def _far(phase: MacroPhase) -> str:
    return f"{phase.mode} feedback {phase.feedback_conductance}"


class _Macro:
    """Switches and resistors of all phases, each once, in ohm; a switch is closed if it is in the present phase."""

    def __init__(self, design: MacroDesign) -> None:
        self.design, self.network = design, Network()
        self.size = max(design.arrays[0].positive.shape)
        self.gates: dict[tuple[Node, Node], float] = {}
        self.fixed: dict[tuple[Node, Node], float] = {}
        rows, columns = design.arrays[0].positive.shape
        used = [phase.mode in ("ginv", "egv") or design.arrays[phase.array].negative is not None
                for phase in design.phases]  # fmt: skip
        self.second = any(used)
        for i in range(rows):
            self.network.amplifier("bank 1", i, ("v", 0, i), ("o", 0, i), design.opamp)
        for j in range(columns * self.second):
            minus = ("m", 0, j)
            self.network.amplifier("bank 2", j, minus, ("z", 0, j), design.opamp, other=("q", 0, j))
        self.turns = any(self.turning(phase) for phase in design.phases)
        for name, size in (("by columns", columns), ("by rows", rows)):
            for j in range(size * self.turns):
                self.network.amplifier(f"inverter {name}", j, (f"m {name}", 0, j), (f"z {name}", 0, j), design.opamp)
        for place, array in enumerate(design.arrays):
            for k, cells, word, bit in (
                (4 * place, array.positive, "row", "column"),
                (4 * place + 1, array.negative, "row", "minus"),
                (4 * place + 2, array.transposed, "turned row", "turned column"),
                (4 * place + 3, array.transposed_negative, "turned row", "turned minus"),
            ):
                if cells is not None:
                    ends = (
                        [(word, place, i) for i in range(len(cells))],
                        [(bit, place, j) for j in range(cells.shape[1])],
                    )
                    self.network.array(k, cells, *ends, 0.0, "one")

    def turning(self, phase: MacroPhase) -> bool:
        """A GINV phase with a pair of arrays."""
        return phase.mode == "ginv" and self.design.arrays[phase.array].negative is not None

    def group(self, name: str, k: int = 0) -> list[Node]:
        """Nodes of a group, more than there are."""
        return [(name, k, i) for i in range(self.size)]

    def connect(self, phase: MacroPhase, closed: bool) -> None:
        """Add what a phase uses."""
        k, own = phase.array, self.design.switches
        rows, columns = self.design.arrays[0].positive.shape
        array = self.design.arrays[k]
        row, column, far = self.group("row", k), self.group("column", k), self.group(_far(phase), k)
        sources = [self.group(f"dac {phase.name}")] * phase.words + [self.group(f"held {phase.held}")] * bool(
            phase.held
        )
        self.gate(row[:rows], self.group("v"), closed)
        if phase.mode in ("inv", "ginv"):
            for source in sources:
                middle = self.group(f"in by {source[0][0].split()[0]}", k)
                self.gate(source[:rows], middle, closed)
                self.resistor(middle[:rows], row, 1 / array.input_conductance - own.on_resistance)
        if phase.mode == "mvm":
            self.gate(sources[0][:columns], column, closed, own.driver_resistance)
        if phase.mode == "ginv":
            self.gate(self.group("turned column", k)[:rows], far, closed)
            self.resistor(far[:rows], row, 1 / phase.feedback_conductance - own.on_resistance)
            far = self.group("turned column", k)
            self.gate(self.group("turned row", k)[:columns], self.group("q"), closed)
            self.gate(self.group("m")[:columns], [GROUND] * columns, closed)
            self.gate(self.group("z")[:columns], column, closed)
        self.gate(self.group("o")[:rows], column if phase.mode == "inv" else far, closed)
        if phase.mode in ("mvm", "egv"):
            self.resistor(far[:rows], row, 1 / phase.feedback_conductance)
        if array.negative is not None and phase.mode == "egv":
            self.gate(self.group("o")[:rows], self.group("minus", k), closed)
        self._second(phase, closed, far, column)
        if self.turns:
            self._turned(phase, closed)

    def _turned(self, phase: MacroPhase, closed: bool) -> None:
        """Inverters of both rows of outputs of GINV, or followers of ground where they are idle."""
        k, own, (rows, columns) = phase.array, self.design.switches, self.design.arrays[0].positive.shape
        for name, size, taken, given in (
            ("by columns", columns, "column", "minus"), ("by rows", rows, "turned column", "turned minus"),
        ):  # fmt: skip
            middle, out = self.group(f"m {name}")[:size], self.group(f"z {name}")[:size]
            if not self.turning(phase):
                self.gate(out, middle, closed)
                continue
            for end, far in ((taken, f"taken {name}"), (given, f"given {name}")):
                self.gate(self.group(end, k)[:size], self.group(far), closed)
                self.resistor(self.group(far)[:size], middle, self.design.inverter_resistance - own.on_resistance)
            self.gate(out, self.group(given, k), closed)

    def _second(self, phase: MacroPhase, closed: bool, far: list[Node], column: list[Node]) -> None:
        """Bank 2 as inverters, or as followers of ground where it is idle."""
        columns, own = self.design.arrays[0].positive.shape[1], self.design.switches
        signed = self.design.arrays[phase.array].negative is not None
        z, m, q = (self.group(name)[:columns] for name in "zmq")
        if phase.mode == "egv" or (signed and phase.mode in ("mvm", "inv")):
            taken, given = (far, column) if phase.mode == "egv" else (column, self.group("minus", phase.array))
            for end, name in ((taken, "taken"), (given, "given")):
                self.gate(end[:columns], self.group(name), closed)
                self.resistor(self.group(name)[:columns], m, self.design.inverter_resistance - own.on_resistance)
            self.gate(z, given, closed)
            self.gate(q, [GROUND] * columns, closed)
        elif phase.mode != "ginv" and self.second:
            self.gate(q, [GROUND] * columns, closed)
            self.gate(z, m, closed)

    def gate(self, a: list[Node], b: list[Node], closed: bool, ohms: float | None = None) -> None:
        """Switches between two groups, closed with their own resistance or a given one."""
        own = self.design.switches
        for pair in zip(a, b, strict=False):
            now = (ohms or own.on_resistance) if closed else own.off_resistance
            self.gates[pair] = min(self.gates.get(pair, now), now)

    def resistor(self, a: list[Node], b: list[Node], ohms: float) -> None:
        """Resistors between two groups."""
        for pair in zip(a, b, strict=False):
            self.fixed[pair] = ohms

    def solve(self) -> Rest:
        """The macro at rest."""
        own, (rows, columns) = self.design.switches, self.design.arrays[0].positive.shape
        for (a, b), ohms in (*self.gates.items(), *self.fixed.items()):
            self.network.resistor(a, b, ohms)
        idle = (
            ("v", rows), ("q", columns * self.second), ("m", columns * self.second),
            ("m by columns", columns * self.turns), ("m by rows", rows * self.turns),
        )  # fmt: skip
        for name, size in idle:
            for i in range(size):
                self.network.resistor((name, 0, i), GROUND, own.idle_resistance)
        return self.network.solve()
