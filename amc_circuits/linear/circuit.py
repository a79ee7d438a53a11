"""A linear circuit as a state-space system, and how it comes from the equations of all its nodes.

Every node is an unknown of `E dy/dt = F y + H u + h - D du/dt`: E holds the capacitors (a symmetric matrix where
lines are reduced with their mesh), h the op-amps' offsets, D the capacitors to nodes that sources hold. Nodes without a
capacitor are eliminated by a Schur complement; what is left are the states. `equations.py` makes E, F, H, h and D.

Nodes whose own time constants are below `NEGLIGIBLE` of the op-amps' are eliminated as if they had no capacitor: the
slow poles would drown in the rounding of the fast ones. To first order, a time constant tau that is left out changes a
pole p by the relative part `|p| tau` (P. Kokotovic et al., Singular Perturbation Methods in Control, 1986, chapter 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amc_circuits.linear.modes import Modes, independent_modes, modes_of, values_of
from netlists.record import FloatArray, ParameterError

Follower = tuple[slice, slice | None, float]
"""Pins without a resistance, the nodes that they are equal to (None: ground), and what adds to these, V."""
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
        nodes: Which rows of `read`, `feed` and `rest` belong to a group of nodes, or to a stage inside op-amps
            (`stage_of`); groups that sources hold have none.
        held: Volts of each group that sources hold for a volt at each input, shape (group, inputs).
        outputs: The group that is read.
        stages: The last stage of each row of op-amps, in the order of the circuit.
        kept: Rows whose voltages are the states, shape (n,): state = voltage - rest - feed u.
        left_out: Longest time constant that was left out, s; 0 where none was. It changes a pole p by about `|p|` times
            it, relatively: at most some 1e-5 for the op-amps' own.
    """

    state: FloatArray
    drive: FloatArray
    read: FloatArray
    feed: FloatArray
    rest: FloatArray
    nodes: dict[str, slice]
    held: dict[str, FloatArray]
    outputs: str
    stages: tuple[str, ...]
    kept: NDArray[np.int64]
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


@dataclass
class Equations:
    """`E dy/dt = F y + H u + h - D du/dt`, y all nodes that no source holds, and stages inside op-amps.

    Attributes:
        at: Which rows belong to a group or a stage.
        capacitance: E, shape (nodes, nodes).
        matrix: The resistors' part of F, shape (nodes, nodes).
        amplification: What op-amps add to it, their inner resistances included.
        input: H, shape (nodes, inputs).
        input_capacitance: D, shape (nodes, inputs).
        constant: h, shape (nodes,).
        same: Output pins without a resistance.
        fastest: Largest rate inside the op-amps, rad/s.
    """

    at: dict[str, slice]
    capacitance: FloatArray
    matrix: FloatArray
    amplification: FloatArray
    input: FloatArray
    input_capacitance: FloatArray
    constant: FloatArray
    same: list[Follower]
    fastest: float

    @classmethod
    def empty(cls, groups: dict[str, int], inputs: int) -> Equations:
        """For groups of so many nodes, nothing between them."""
        ends = np.cumsum([0, *groups.values()])
        at = {name: slice(int(a), int(b)) for name, a, b in zip(groups, ends[:-1], ends[1:], strict=True)}
        square = (int(ends[-1]), int(ends[-1]))
        return cls(
            at=at,
            capacitance=np.zeros(square),
            matrix=np.zeros(square),
            amplification=np.zeros(square),
            input=np.zeros((square[0], inputs)),
            input_capacitance=np.zeros((square[0], inputs)),
            constant=np.zeros(square[0]),
            same=[],
            fastest=0.0,
        )

    def indices(self, *groups: str) -> NDArray[np.int64]:
        """Where the nodes of some groups stand, one group after the other."""
        return np.concatenate([np.arange(self.at[name].start, self.at[name].stop) for name in groups])

    def reduce(
        self,
        held: dict[str, FloatArray],
        outputs: str,
        stages: tuple[str, ...],
        fast: NDArray[np.bool_] | None = None,
    ) -> LinearCircuit:
        """Put ideal outputs in the place of their pins and eliminate the nodes without a capacitor.

        Args:
            held: As `LinearCircuit` has it.
            outputs: The group that is read.
            stages: As `LinearCircuit` has them.
            fast: Nodes whose capacitors are left out; None: those that are far too fast.
        """
        without, left_out = self.far_too_fast() if fast is None else (fast, self._longest(fast))
        matrix, gone, kept = self._without_pins(without)
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
        for pin, stage, shift in reversed(self.same):
            rest[pin] = shift
            if stage is not None:
                read[pin], feed[pin], rest[pin] = read[stage], feed[stage], rest[stage] + shift
        rows = np.flatnonzero(kept)
        return LinearCircuit(state, drive, read, feed, rest[:, 0], self.at, held, outputs, stages, rows, left_out)

    def _without_pins(self, without: NDArray[np.bool_]) -> tuple[FloatArray, NDArray[np.bool_], NDArray[np.bool_]]:
        """The matrix with what ideal outputs are equal to in their place, nodes to eliminate, and nodes of states."""
        matrix = self.matrix + self.amplification
        gone = without | (np.diag(self.capacitance) == 0)
        self.same = _ordered(self.same)
        for pin, stage, shift in self.same:
            self.constant = self.constant + matrix[:, pin].sum(axis=1) * shift
            gone[pin] = False
            if stage is not None:
                matrix[:, stage] += matrix[:, pin]
                self.capacitance[:, stage] += self.capacitance[:, pin]
        kept = ~gone
        for pin, _, _ in self.same:
            kept[pin] = False
        return matrix, gone, kept

    def far_too_fast(self) -> tuple[NDArray[np.bool_], float]:
        """Nodes whose capacitors are left out, and their longest time constant, all of them together, s."""
        own = np.diag(self.capacitance)
        limit = NEGLIGIBLE / self.fastest
        fast = (own > 0) & (own < -np.diag(self.matrix + self.amplification) * limit)
        longest = self._longest(fast)
        return (fast, longest) if longest < COUPLED * limit else (np.zeros_like(fast), 0.0)

    def _longest(self, fast: NDArray[np.bool_]) -> float:
        """Longest time constant of some nodes, all of them together, s."""
        if not fast.any():
            return 0.0
        block = np.ix_(fast, fast)
        matrix = (self.matrix + self.amplification)[block]
        return float(np.abs(_solve(matrix, self.capacitance[block])).sum(axis=1).max())


def _ordered(same: list[Follower]) -> list[Follower]:
    """Pins before those that they follow."""
    waiting, found = list(same), []
    while waiting:
        ready = [one for one in waiting if all(other[1] != one[0] for other in waiting)]
        if not ready:
            raise ParameterError("circuit", "buffers or limiters in a ring", "open it: no voltage is determined")
        found += ready
        waiting = [one for one in waiting if one not in ready]
    return found


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)


def _per_capacitance(capacitance: FloatArray, flow: FloatArray) -> FloatArray:
    """`capacitance^-1 flow`; a division where no capacitor joins two nodes."""
    own = np.diag(capacitance)
    if np.count_nonzero(capacitance) == np.count_nonzero(own):
        return flow / own[:, None]
    # Farads stand beside the ones of the op-amps' stages: rows are scaled first.
    return _solve(capacitance / own[:, None], flow / own[:, None])
