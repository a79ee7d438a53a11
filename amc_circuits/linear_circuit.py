"""The linear circuit of a design as a state-space system, built from the record alone, without a deck.

Every node is an unknown of `E dy/dt = F y + H u`, E diagonal (one capacitor a node, to ground). Nodes without a
capacitor are eliminated by a Schur complement; what is left are the states. Wires are left out; line capacitance,
lumped per line, is in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from netlists import InvDesign, MacroOpAmp, MvmDesign, OpAmp
from netlists.record import FloatArray


@dataclass(frozen=True)
class LinearCircuit:
    """`ds/dt = state s + drive u`, all node voltages `= read s + feed u`.

    Attributes:
        state: Shape (n, n), 1/s.
        drive: Shape (n, inputs), 1/s.
        read: Shape (nodes, n).
        feed: Shape (nodes, inputs).
        nodes: Which rows of `read` and `feed` belong to a group: `v` sum nodes, `c` or `out` outputs, `d`, `w`
            inverters, `amp`, `inv` (and `amp_second`, `inv_second`) the stages inside the op-amps.
    """

    state: FloatArray
    drive: FloatArray
    read: FloatArray
    feed: FloatArray
    nodes: dict[str, slice]

    @cached_property
    def dc_gain(self) -> FloatArray:
        """Volts at every node for a volt at every input, steady; shape (nodes, inputs)."""
        states = np.asarray(np.linalg.solve(self.state, -self.drive), dtype=np.float64)
        return self.read @ states + self.feed

    def steady(self, group: str, inputs: FloatArray) -> FloatArray:
        """Voltages that a group of nodes settles to, if it does: inputs (inputs, K) to (group, K), volts."""
        return self.dc_gain[self.nodes[group]] @ inputs

    def steady_stages(self, inputs: FloatArray) -> FloatArray:
        """Steady outputs without their loads, of all amplifiers: inputs (inputs, K) to (amplifiers, K), volts."""
        groups = [group if group + "_second" not in self.nodes else group + "_second" for group in ("amp", "inv")]
        return np.vstack([self.steady(group, inputs) for group in groups if group in self.nodes])


class _Nodes:
    """The system `E dy/dt = F y + H u` while it is put together, node group by node group."""

    def __init__(self, groups: dict[str, int], inputs: int) -> None:
        ends = np.cumsum([0, *groups.values()])
        self.at = {name: slice(a, b) for name, a, b in zip(groups, ends[:-1], ends[1:], strict=True)}
        self.capacitance = np.zeros(ends[-1])
        self.matrix = np.zeros((ends[-1], ends[-1]))
        self.input = np.zeros((ends[-1], inputs))

    def conductor(self, a: str, b: str | None, siemens: FloatArray | float) -> None:
        """Equal-sized groups joined node by node; b None means ground."""
        here = self.at[a]
        value = np.broadcast_to(np.asarray(siemens, dtype=float), (here.stop - here.start,))
        self.matrix[here, here] -= np.diag(value)
        if b is not None:
            there = self.at[b]
            self.matrix[there, there] -= np.diag(value)
            self.matrix[here, there] += np.diag(value)
            self.matrix[there, here] += np.diag(value)

    def array(self, rows: str, columns: str, cells: FloatArray) -> None:
        """A crossbar without wires between two groups."""
        r, c = self.at[rows], self.at[columns]
        self.matrix[r, r] -= np.diag(cells.sum(axis=1))
        self.matrix[c, c] -= np.diag(cells.sum(axis=0))
        self.matrix[r, c] += cells
        self.matrix[c, r] += cells.T

    def amplifiers(self, name: str, inverting: str, output: str, opamp: OpAmp) -> None:
        """One op-amp a node: the states of its record, its output loaded by what is joined to `output`."""
        stage, node, pin = self.at[name], self.at[inverting], self.at[output]
        w_t = opamp.unity_gain_frequency
        eye = np.eye(stage.stop - stage.start)
        self.capacitance[stage] = 1
        self.matrix[stage, stage] -= w_t / opamp.open_loop_gain * eye
        self.matrix[stage, node] -= w_t * eye
        if not isinstance(opamp, MacroOpAmp):
            self._ideal_output(pin, stage, eye)
            return
        self.capacitance[node] += opamp.input_capacitance
        if opamp.second_pole is not None:
            second = self.at[name + "_second"]
            p2 = 2 * math.pi * opamp.second_pole
            self.capacitance[second] = 1
            self.matrix[second, stage] += p2 * eye
            self.matrix[second, second] -= p2 * eye
            stage = second
        self.matrix[pin, pin] -= eye / opamp.output_resistance
        self.matrix[pin, stage] += eye / opamp.output_resistance

    def _ideal_output(self, pin: slice, stage: slice, eye: FloatArray) -> None:
        """The pin is the stage, whatever loads it."""
        self.matrix[pin, :] = 0
        self.input[pin, :] = 0
        self.capacitance[pin] = 0
        self.matrix[pin, pin] = -eye
        self.matrix[pin, stage] = eye

    def reduce(self) -> LinearCircuit:
        """Eliminates the nodes without a capacitor."""
        kept = self.capacitance > 0
        gone = ~kept
        inner = self.matrix[np.ix_(gone, gone)]
        solved = np.linalg.solve(inner, np.hstack([self.matrix[np.ix_(gone, kept)], self.input[gone]]))
        from_states, from_inputs = -solved[:, : kept.sum()], -solved[:, kept.sum() :]
        coupling = self.matrix[np.ix_(kept, gone)]
        scale = self.capacitance[kept, None]
        state = (self.matrix[np.ix_(kept, kept)] + coupling @ from_states) / scale
        drive = (self.input[kept] + coupling @ from_inputs) / scale
        everything = np.zeros((len(kept), kept.sum()))
        everything[kept] = np.eye(kept.sum())
        everything[gone] = from_states
        feed = np.zeros((len(kept), drive.shape[1]))
        feed[gone] = from_inputs
        return LinearCircuit(state, drive, everything, feed, self.at)


def linear_circuit(design: InvDesign | MvmDesign) -> LinearCircuit:
    """The linear circuit around its resting point, wires left out.

    Inputs are the input voltages of the design: N for INV, M for MVM.
    """
    return _linear_inv(design) if isinstance(design, InvDesign) else _linear_mvm(design)


def _stages(name: str, size: int, opamp: OpAmp) -> dict[str, int]:
    second = isinstance(opamp, MacroOpAmp) and opamp.second_pole is not None
    return {name: size, name + "_second": size} if second else {name: size}


def _linear_inv(design: InvDesign) -> LinearCircuit:
    size, opamp = design.size, design.opamp
    groups = {"v": size, "c": size, **_stages("amp", size, opamp)}
    if design.signed:
        groups |= {"d": size, "w": size, **_stages("inv", size, opamp)}
    nodes = _Nodes(groups, size)
    nodes.conductor("v", None, design.input_conductance)
    nodes.input[nodes.at["v"]] = design.input_conductance * np.eye(size)
    line = design.interconnect.line_capacitance * size
    for columns, cells in zip("cd", design.arrays, strict=False):
        nodes.array("v", columns, cells)
        nodes.capacitance[nodes.at["v"]] += line
        nodes.capacitance[nodes.at[columns]] += line
    if design.signed:
        nodes.conductor("c", "w", 1 / design.inverter_resistance)
        nodes.conductor("d", "w", 1 / design.inverter_resistance)
        nodes.amplifiers("inv", "w", "d", opamp)
    nodes.amplifiers("amp", "v", "c", opamp)
    return nodes.reduce()


def _linear_mvm(design: MvmDesign) -> LinearCircuit:
    rows, columns = design.shape
    nodes = _Nodes({"v": rows, "out": rows, **_stages("amp", rows, design.opamp)}, columns)
    line = design.interconnect.line_capacitance * columns
    for sign, cells in zip((1, -1), design.arrays, strict=False):
        nodes.conductor("v", None, cells.sum(axis=1))
        nodes.input[nodes.at["v"]] += sign * cells
        nodes.capacitance[nodes.at["v"]] += line
    nodes.conductor("out", "v", design.feedback_conductance)
    nodes.amplifiers("amp", "v", "out", design.opamp)
    return nodes.reduce()
