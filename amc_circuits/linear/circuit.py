"""The linear circuit of a design as a state-space system, built from the record alone, without a deck.

Every node is an unknown of `E dy/dt = F y + H u + h - D du/dt`: E holds the capacitors (a symmetric matrix where
lines are reduced with their mesh), h the op-amps' offsets, D the capacitors to driven bit lines. Wires are in it by
the reduced arrays. Nodes without a capacitor are eliminated by a Schur complement; what is left are the states.

Nodes whose own time constants are below `NEGLIGIBLE` of the op-amps' are eliminated as if they had no capacitor: the
slow poles would drown in the rounding of the fast ones. To first order, a time constant tau that is left out changes a
pole p by the relative part `|p| tau` (P. Kokotovic et al., Singular Perturbation Methods in Control, 1986, chapter 2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from amc_circuits.linear.modes import Modes, independent_modes, modes_of, values_of
from netlists import InvDesign, MacroOpAmp, MvmDesign, SinglePoleOpAmp
from netlists.memory import check_memory
from netlists.record import FloatArray

NEGLIGIBLE = 1e-6
"""Time constant of a node in units of 1/w_T (or of the second pole's, if that is faster) below which its capacitor is
left out."""
COUPLED = 10.0
"""The nodes that are left out may be so many times slower together than each alone."""


@dataclass(frozen=True)
class LinearCircuit:
    """`ds/dt = state s + drive u`, all node voltages `= rest + read s + feed u`; s = 0 is the circuit at rest.

    Attributes:
        state: Shape (n, n), 1/s.
        drive: Shape (n, inputs), 1/s.
        read: Shape (nodes, n).
        feed: Shape (nodes, inputs).
        rest: Node voltages with all inputs at zero (offsets make them), shape (nodes,), V.
        nodes: Which rows of `read`, `feed` and `rest` belong to a group: `v` sum nodes, `c` or `out` outputs, `d`, `w`
            inverters, `amp`, `inv` (and `amp_second`, `inv_second`) the stages inside the op-amps.
        left_out: Longest time constant that was left out, s; 0 where none was. It changes a pole p by about `|p|` times
            it, relatively: at most some 1e-5 for the op-amps' own.
    """

    state: FloatArray
    drive: FloatArray
    read: FloatArray
    feed: FloatArray
    rest: FloatArray
    nodes: dict[str, slice]
    left_out: float = 0.0

    @property
    def note(self) -> str:
        """One sentence where something was left out; empty where nothing was."""
        if self.left_out == 0:
            return ""
        return (
            f"capacitances with time constants up to {self.left_out:.2g} s are left out of poles and exact responses: "
            f"they change them by less than {1e1 * NEGLIGIBLE:g}, relatively"
        )

    @cached_property
    def _eigen(self) -> Modes:
        return modes_of(self.state)

    @cached_property
    def modes(self) -> Modes:
        """Eigenvalues and linearly independent eigenvectors of the state matrix."""
        return independent_modes(self.state, self._eigen)

    @property
    def poles(self) -> NDArray[np.complex128]:
        """All poles, 1/s, the slowest (or the fastest growing) first."""
        return self._eigen.poles

    @property
    def growth_rate(self) -> float:
        """Largest real part of all poles, 1/s; without the work that modes take."""
        return float(values_of(self.state).real.max())

    @cached_property
    def dc_gain(self) -> FloatArray:
        """Volts at every node for a volt at every input, steady; shape (nodes, inputs)."""
        states = np.asarray(np.linalg.solve(self.state, -self.drive), dtype=np.float64)
        return self.read @ states + self.feed

    def steady(self, group: str, inputs: FloatArray) -> FloatArray:
        """Voltages that a group of nodes settles to, if it does: inputs (inputs, K) to (group, K), volts."""
        rows = self.nodes[group]
        return self.dc_gain[rows] @ inputs + self.rest[rows, None]

    def steady_stages(self, inputs: FloatArray) -> FloatArray:
        """Steady outputs without their loads, of all amplifiers: inputs (inputs, K) to (amplifiers, K), volts."""
        return np.vstack([self.steady(group, inputs) for group in self.stages])

    @property
    def outputs(self) -> str:
        """The group of the outputs: `c` of INV, `out` of MVM."""
        return "out" if "out" in self.nodes else "c"

    @property
    def stages(self) -> list[str]:
        """The last stage of the amplifiers, and of the inverters where there are any."""
        return [
            name + "_second" if name + "_second" in self.nodes else name
            for name in ("amp", "inv")
            if name in self.nodes
        ]


class _Nodes:
    """The system while it is put together, node group by node group.

    `matrix` holds the resistors, `amplification` what op-amps are made of, their inner resistances included.
    """

    def __init__(self, groups: dict[str, int], inputs: int) -> None:
        ends = np.cumsum([0, *groups.values()])
        self.at = {name: slice(int(a), int(b)) for name, a, b in zip(groups, ends[:-1], ends[1:], strict=True)}
        self.capacitance = np.zeros((ends[-1], ends[-1]))
        self.matrix = np.zeros((ends[-1], ends[-1]))
        self.amplification = np.zeros((ends[-1], ends[-1]))
        self.input = np.zeros((ends[-1], inputs))
        self.input_capacitance = np.zeros((ends[-1], inputs))
        self.constant = np.zeros(ends[-1])
        self.same: list[tuple[slice, slice]] = []
        self.fastest = 0.0

    def indices(self, *groups: str) -> NDArray[np.int64]:
        """Where the nodes of some groups stand, one group after the other."""
        return np.concatenate([np.arange(self.at[name].start, self.at[name].stop) for name in groups])

    def conductor(self, a: str, b: str | None, siemens: float) -> None:
        """Equal-sized groups joined node by node; b None means ground."""
        here = self.indices(a)
        self.matrix[here, here] -= siemens
        if b is not None:
            there = self.indices(b)
            self.matrix[there, there] -= siemens
            self.matrix[here, there] += siemens
            self.matrix[there, here] += siemens

    def amplifiers(
        self, name: str, inverting: str, output: str, opamp: SinglePoleOpAmp | MacroOpAmp, offset: FloatArray | None
    ) -> None:
        """One op-amp a node: the states of its record, its output loaded by what is joined to `output`."""
        stage, node, pin = self.indices(name), self.indices(inverting), self.indices(output)
        w_t = opamp.unity_gain_frequency
        self.fastest = max(self.fastest, w_t)
        self.capacitance[stage, stage] = 1
        self.amplification[stage, stage] -= w_t / opamp.open_loop_gain
        self.amplification[stage, node] -= w_t
        if offset is not None:
            self.constant[stage] += w_t * offset
        if not isinstance(opamp, MacroOpAmp):
            self.same.append((self.at[output], self.at[name]))
            return
        self.constant[stage] += w_t * opamp.input_offset
        self.capacitance[node, node] += opamp.input_capacitance
        if opamp.second_pole is not None:
            second, p2 = self.indices(name + "_second"), 2 * math.pi * opamp.second_pole
            self.fastest = max(self.fastest, p2)
            self.capacitance[second, second] = 1
            self.amplification[second, stage] += p2
            self.amplification[second, second] -= p2
            stage = second
        self.amplification[pin, pin] -= 1 / opamp.output_resistance
        self.amplification[pin, stage] += 1 / opamp.output_resistance

    def reduce(self) -> LinearCircuit:
        """Puts ideal outputs in the place of their pins and eliminates the nodes without a capacitor."""
        matrix = self.matrix + self.amplification
        without, left_out = self._far_too_fast(matrix)
        gone = without | (np.diag(self.capacitance) == 0)
        for pin, stage in self.same:
            matrix[:, stage] += matrix[:, pin]
            self.capacitance[:, stage] += self.capacitance[:, pin]
            gone[pin] = False
        kept = ~gone
        for pin, _ in self.same:
            kept[pin] = False
        solved = _solve(
            matrix[np.ix_(gone, gone)],
            np.hstack([matrix[np.ix_(gone, kept)], self.input[gone], self.constant[gone, None]]),
        )
        states, inputs = int(kept.sum()), self.input.shape[1]
        read, feed, rest = (np.zeros((len(kept), width)) for width in (states, inputs, 1))
        read[kept] = np.eye(states)
        read[gone], feed[gone], rest[gone] = np.split(-solved, [states, states + inputs], axis=1)
        coupling = matrix[np.ix_(kept, gone)]
        flow = np.hstack(
            [
                matrix[np.ix_(kept, kept)] + coupling @ read[gone],
                self.input[kept] + coupling @ feed[gone],
                self.constant[kept, None] + coupling @ rest[gone],
                -self.input_capacitance[kept],
            ]
        )
        state, drive, constant, charge = np.split(
            _per_capacitance(self.capacitance[np.ix_(kept, kept)], flow),
            [states, states + inputs, states + inputs + 1],
            axis=1,
        )
        # A jump of du moves the capacitors by `charge du`: s + charge u takes the place of s.
        drive, feed = drive + state @ charge, feed + read @ charge
        if constant.any():
            rest = rest - read @ np.linalg.solve(state, constant)
        for pin, stage in self.same:
            read[pin], feed[pin], rest[pin] = read[stage], feed[stage], rest[stage]
        return LinearCircuit(state, drive, read, feed, rest[:, 0], self.at, left_out)

    def _far_too_fast(self, matrix: FloatArray) -> tuple[NDArray[np.bool_], float]:
        """Nodes whose capacitors are left out, and their longest time constant, all of them together, s."""
        own = np.diag(self.capacitance)
        limit = NEGLIGIBLE / self.fastest
        fast = (own > 0) & (own < -np.diag(matrix) * limit)
        if not fast.any():
            return fast, 0.0
        block = np.ix_(fast, fast)
        longest = float(np.abs(_solve(matrix[block], self.capacitance[block])).sum(axis=1).max())
        return (fast, longest) if longest < COUPLED * limit else (np.zeros_like(fast), 0.0)


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)


def _per_capacitance(capacitance: FloatArray, flow: FloatArray) -> FloatArray:
    """`capacitance^-1 flow`; a division where no capacitor joins two nodes."""
    own = np.diag(capacitance)
    if np.count_nonzero(capacitance) == np.count_nonzero(own):
        return flow / own[:, None]
    # Farads stand beside the ones of the op-amps' stages: rows are scaled first.
    return _solve(capacitance / own[:, None], flow / own[:, None])


def check_room(rows: int, amplifiers: int) -> None:
    """Refuses a circuit that the machine has no room for, before any work.

    Every amplifier has a sum node, an output and a gain stage, so three nodes, of which at least two are states. The
    equations and their elimination hold eight matrices of all nodes, the modes and exact responses ten of all states
    (half of them complex).

    Raises:
        ParameterError: There is less memory than that.
    """
    check_memory(f"{rows} rows", "its linear circuit", 8 * (8 * 3**2 + 15 * 2**2) * amplifiers**2)


_KEPT: WeakValueDictionary[InvDesign | MvmDesign, LinearCircuit] = WeakValueDictionary()
"""Those that somebody still has: a circuit, or an engine between two calls."""


@lru_cache(maxsize=2)
def linear_circuit(design: InvDesign | MvmDesign) -> LinearCircuit:
    """The linear circuit around its resting point, wires and line capacitance included.

    Cells that are not linear have their conductance at 0 V, an op-amp that is a subcircuit that of its fit.

    Inputs are the input voltages of the design: N for INV, M for MVM.
    """
    found = _KEPT.get(design)
    if found is None:
        found = _KEPT[design] = _nodes(design).reduce()
    return found


def noise_circuit(design: InvDesign | MvmDesign, bandwidth: float) -> tuple[LinearCircuit, FloatArray]:
    """The linear circuit with a current into each node as its inputs, and the Laplacian of its resistors, siemens.

    Inputs are amperes at the nodes of the circuit, V/s at the stages inside the op-amps. Resistances inside op-amps
    are none of the resistors. Both have a row and a column for every node. Nodes count as far too fast only where they
    are beside the bandwidth of the read-out, Hz, too: noise is as fast as that.
    """
    nodes = _nodes(design)
    nodes.fastest = max(nodes.fastest, 2 * math.pi * bandwidth)
    nodes.input = np.eye(len(nodes.matrix))
    nodes.input_capacitance = np.zeros_like(nodes.matrix)
    return nodes.reduce(), -nodes.matrix


def offset_gain(design: InvDesign | MvmDesign) -> FloatArray:
    """Steady volts at every output for a volt of offset at each amplifier, inverters last; shape (N, amplifiers)."""
    nodes = _nodes(design)
    stages = nodes.indices(*(name for name in ("amp", "inv") if name in nodes.at))
    nodes.input = np.zeros((len(nodes.matrix), len(stages)))
    nodes.input[stages, np.arange(len(stages))] = design.opamp.equivalent.unity_gain_frequency
    nodes.input_capacitance = np.zeros_like(nodes.input)
    circuit = nodes.reduce()
    return circuit.dc_gain[circuit.nodes[circuit.outputs]]


def _nodes(design: InvDesign | MvmDesign) -> _Nodes:
    return _inv_nodes(design) if isinstance(design, InvDesign) else _mvm_nodes(design)


def _stages(name: str, size: int, opamp: SinglePoleOpAmp | MacroOpAmp) -> dict[str, int]:
    second = isinstance(opamp, MacroOpAmp) and opamp.second_pole is not None
    return {name: size, name + "_second": size} if second else {name: size}


def _inv_nodes(design: InvDesign) -> _Nodes:
    size, opamp = design.size, design.opamp.equivalent
    groups = {"v": size, "c": size, **_stages("amp", size, opamp)}
    if design.signed:
        groups |= {"d": size, "w": size, **_stages("inv", size, opamp)}
    nodes = _Nodes(groups, size)
    nodes.conductor("v", None, design.input_conductance)
    nodes.input[nodes.at["v"]] = design.input_conductance * np.eye(size)
    for columns, array in zip("cd", design.reduced_arrays, strict=False):
        terminals = nodes.indices("v", columns)
        nodes.matrix[np.ix_(terminals, terminals)] -= array.laplacian
        nodes.capacitance[np.ix_(terminals, terminals)] += array.capacitance
    nodes.amplifiers("amp", "v", "c", opamp, design.amplifier_offset)
    if design.signed:
        nodes.conductor("c", "w", 1 / design.inverter_resistance)
        nodes.conductor("d", "w", 1 / design.inverter_resistance)
        nodes.amplifiers("inv", "w", "d", opamp, design.inverter_offset)
    return nodes


def _mvm_nodes(design: MvmDesign) -> _Nodes:
    (rows, columns), opamp = design.shape, design.opamp.equivalent
    nodes = _Nodes({"v": rows, "out": rows, **_stages("amp", rows, opamp)}, columns)
    sums = nodes.at["v"]
    signs: Sequence[int] = (1, -1)
    for sign, array in zip(signs, design.reduced_arrays, strict=False):
        nodes.matrix[sums, sums] -= array.laplacian[:rows, :rows]
        nodes.input[sums] -= sign * array.laplacian[:rows, rows:]
        nodes.capacitance[sums, sums] += array.capacitance[:rows, :rows]
        nodes.input_capacitance[sums] += sign * array.capacitance[:rows, rows:]
    nodes.conductor("out", "v", design.feedback_conductance)
    nodes.amplifiers("amp", "v", "out", opamp, design.amplifier_offset)
    return nodes
