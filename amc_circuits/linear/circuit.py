"""Linear circuit as a state-space system, derived from the equations of all its nodes.

Every node is an unknown of `E dy/dt = F y + H u + h - D du/dt`. E holds the capacitors (a symmetric matrix if lines
are reduced with their mesh), h the op-amps' offsets, D the capacitors to nodes that sources hold. A Schur complement
eliminates the nodes without a capacitor; the remaining nodes are the states. `equations.py` computes E, F, H, h and D.

Nodes with time constants below `NEGLIGIBLE` of the op-amps' are eliminated as if they had no capacitor: otherwise the
rounding errors of the fast poles would exceed the slow poles. To first order, an omitted time constant tau changes a
pole p by the relative amount `|p| tau` (P. Kokotovic et al., Singular Perturbation Methods in Control, 1986, chapter
2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from amc_circuits.linear.modes import Modes, independent_modes, modes_of, values_of
from netlists.record import FloatArray, ParameterError
from netlists.short_text import short_repr

Follower = tuple[slice, slice | None, float]
"""Pins without a resistance, the nodes that they are equal to (None: ground), and the voltage added to these, V."""
NEGLIGIBLE = 1e-6
"""Smallest time constant of a node with a capacitor, in units of 1/w_T (or of the second pole's, if that is faster);
below it the capacitor is omitted."""
UNSEEN = 1e-9
"""Relative change of a pole from which omitted capacitors are reported; below, rounding of poles may be as large."""
COUPLED = 10.0
"""Largest permitted ratio of the time constant of all omitted nodes together to that of each alone."""


@dataclass(frozen=True)
class LinearCircuit:
    """`ds/dt = state s + drive u`, all node voltages `= rest + read s + feed u`; at s = 0 the circuit is at rest.

    Attributes:
        state: State matrix, shape (n, n), 1/s.
        drive: Matrix from inputs to state derivatives, shape (n, inputs), 1/s.
        read: Matrix from states to node voltages, shape (nodes, n).
        feed: Matrix from inputs to node voltages, shape (nodes, inputs).
        rest: Node voltages with all inputs at zero, from offsets, shape (nodes,), V.
        nodes: Rows of `read`, `feed` and `rest` of each group of nodes, and of each stage inside op-amps (`stage_of`);
            groups that sources hold have none.
        held: Volts of each group that sources hold per volt at each input, shape (group, inputs).
        outputs: Group that is read.
        stages: Last stage of each row of op-amps, in the order of the circuit.
        kept: Rows whose voltages are the states, shape (n,): state = voltage - rest - feed u.
        left_out: Longest omitted time constant tau, s; 0 if none was omitted. The relative change of a pole p is about
            `|p| tau`: at most about 1e-5 for the op-amps' own poles.
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

    __repr__ = short_repr

    @property
    def note(self) -> str:
        """Note on omitted time constants, one sentence; empty if there are none, or their effect is near rounding."""
        if self.left_out == 0 or self.left_out * np.abs(self.poles).max(initial=0.0) < UNSEEN:
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
        """Largest real part of all poles, 1/s; computed without the modes, which take longer."""
        return float(values_of(self.state).real.max())

    @cached_property
    def dc_gain(self) -> FloatArray:
        """Steady volts at every node per volt at every input, shape (nodes, inputs)."""
        states = np.asarray(np.linalg.solve(self.state, -self.drive), dtype=np.float64)
        return self.read @ states + self.feed

    def steady(self, group: str, inputs: FloatArray) -> FloatArray:
        """Compute the final voltages of a group of nodes, if it settles: inputs (inputs, K) to (group, K), V."""
        rows = self.nodes[group]
        return self.dc_gain[..., rows, :] @ inputs + self.rest[..., rows, None]

    def steady_stages(self, inputs: FloatArray) -> FloatArray:
        """Compute the steady unloaded outputs of all amplifiers: inputs (inputs, K) to (amplifiers, K), V."""
        return np.vstack([self.steady(group, inputs) for group in self.stages])


@dataclass
class Equations:
    """Equations `E dy/dt = F y + H u + h - D du/dt`; y: all nodes that no source holds, and stages inside op-amps.

    Attributes:
        at: Rows of each group or stage.
        capacitance: Matrix E, shape (nodes, nodes).
        matrix: Contribution of the resistors to F, shape (nodes, nodes).
        amplification: Contribution of the op-amps to F, including their inner resistances.
        input: Matrix H, shape (nodes, inputs).
        input_capacitance: Matrix D, shape (nodes, inputs).
        constant: Vector h, shape (nodes,).
            All matrices but `amplification` may be those of many circuits: (P, ...); so is the result.
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

    __repr__ = short_repr

    @classmethod
    def empty(cls, groups: dict[str, int], inputs: int) -> Equations:
        """Create equations for groups of the given sizes, without parts."""
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
        """Return the rows of the nodes of some groups, one group after the other."""
        found = [np.arange(self.at[name].start, self.at[name].stop) for name in groups]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def reduce(
        self,
        held: dict[str, FloatArray],
        outputs: str,
        stages: tuple[str, ...],
        fast: NDArray[np.bool_] | None = None,
    ) -> LinearCircuit:
        """Replace pins by ideal outputs and eliminate the nodes without a capacitor.

        Args:
            held: Attribute `held` of the `LinearCircuit`.
            outputs: Group that is read.
            stages: Attribute `stages` of the `LinearCircuit`.
            fast: Nodes whose capacitors are omitted; None omits those that are far too fast.
        """
        without, left_out = self.far_too_fast() if fast is None else (fast, self._longest(fast))
        matrix, gone, kept = self.without_pins(without)
        read, feed, rest = self._voltages(matrix, gone, kept)
        states, inputs = read.shape[-1], feed.shape[-1]
        flow = self._flow(matrix, kept, gone, read, feed, rest)
        rates, driven = _per_capacitance(_block(self.capacitance, kept, kept), flow), states + inputs
        state, drive = rates[..., :states], rates[..., states:driven]
        constant, charge = rates[..., driven : driven + 1], rates[..., driven + 1 :]
        if charge.size:
            # A jump du of the inputs moves the capacitors by `charge du`: s + charge u replaces s.
            drive, feed = drive + state @ charge, feed + read @ charge
        if constant.any():
            rest = rest - read @ np.linalg.solve(state, constant)
        self._follow(read, feed, rest)
        rows = np.flatnonzero(kept)
        return LinearCircuit(state, drive, read, feed, rest[..., 0], self.at, held, outputs, stages, rows, left_out)

    def _flow(
        self, matrix: FloatArray, kept: NDArray[np.bool_], gone: NDArray[np.bool_], *voltages: FloatArray
    ) -> FloatArray:
        """Return what charges the kept nodes: per volt of them, of inputs, at rest; and per V/s of inputs, if any."""
        coupling = _block(matrix, kept, gone)
        read, feed, rest = (one.compress(gone, axis=-2) for one in voltages)
        found = [
            _block(matrix, kept, kept) + coupling @ read,
            self.input.compress(kept, axis=-2) + coupling @ feed,
            self.constant.compress(kept, axis=-1)[..., None] + coupling @ rest,
        ]
        if self.input_capacitance.any():
            found.append(-self.input_capacitance.compress(kept, axis=-2))
        return np.concatenate(found, axis=-1)

    def _voltages(
        self, matrix: FloatArray, gone: NDArray[np.bool_], kept: NDArray[np.bool_]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the voltages of all nodes but pins: per volt of the kept ones, per volt of inputs, and the rest."""
        others = [
            _block(matrix, gone, kept),
            self.input.compress(gone, axis=-2),
            self.constant.compress(gone, axis=-1)[..., None],
        ]
        solved = _solve(_block(matrix, gone, gone), np.concatenate(others, axis=-1))
        states, inputs = int(kept.sum()), self.input.shape[-1]
        read, feed, rest = (np.zeros((*matrix.shape[:-1], width)) for width in (states, inputs, 1))
        read[..., kept, :] = np.eye(states)
        read[..., gone, :], feed[..., gone, :] = -solved[..., :states], -solved[..., states : states + inputs]
        rest[..., gone, :] = -solved[..., states + inputs :]
        return read, feed, rest

    def _follow(self, read: FloatArray, feed: FloatArray, rest: FloatArray) -> None:
        """Give pins without a resistance the voltages of the nodes that they are equal to."""
        for pin, stage, shift in reversed(self.same):
            rest[..., pin, :] = shift
            if stage is not None:
                read[..., pin, :], feed[..., pin, :] = read[..., stage, :], feed[..., stage, :]
                rest[..., pin, :] = rest[..., stage, :] + shift

    def without_pins(self, without: NDArray[np.bool_]) -> tuple[FloatArray, NDArray[np.bool_], NDArray[np.bool_]]:
        """Return the matrix with ideal outputs replaced by equal nodes, nodes to eliminate, and nodes of states."""
        matrix = self.matrix + self.amplification
        own = np.diagonal(self.capacitance, axis1=-2, axis2=-1).reshape(-1, len(without))
        gone = without | (own == 0).all(axis=0)
        self.same = _ordered(self.same)
        for pin, stage, shift in self.same:
            if shift:
                self.constant = self.constant + matrix[..., pin].sum(axis=-1) * shift
            gone[pin] = False
            if stage is not None:
                matrix[..., stage] += matrix[..., pin]
                self.capacitance[..., stage] += self.capacitance[..., pin]
        kept = ~gone
        for pin, _, _ in self.same:
            kept[pin] = False
        return matrix, gone, kept

    def far_too_fast(self) -> tuple[NDArray[np.bool_], float]:
        """Return the nodes whose capacitors are omitted, and the longest time constant of all of them together, s."""
        own = np.diag(self.capacitance)
        limit = NEGLIGIBLE / self.fastest
        fast = (own > 0) & (own < -np.diag(self.matrix + self.amplification) * limit)
        longest = self._longest(fast)
        return (fast, longest) if longest < COUPLED * limit else (np.zeros_like(fast), 0.0)

    def _longest(self, fast: NDArray[np.bool_]) -> float:
        """Compute the longest time constant of some nodes together, s."""
        if not fast.any():
            return 0.0
        matrix, own = (_block(one, fast, fast) for one in (self.matrix + self.amplification, self.capacitance))
        return float(np.abs(_solve(matrix, own)).sum(axis=1).max())


def _ordered(same: list[Follower]) -> list[Follower]:
    """Order pins so that each comes before the one that it follows."""
    waiting, found = list(same), []
    while waiting:
        taken = {row for _, rows, _ in waiting if rows is not None for row in range(rows.start, rows.stop)}
        ready = [one for one in waiting if taken.isdisjoint(range(one[0].start, one[0].stop))]
        if not ready:
            raise ParameterError("circuit", "buffers or limiters in a ring", "open it: no voltage is determined")
        found += ready
        waiting = [one for one in waiting if one not in ready]
    return found


def _block(matrix: FloatArray, rows: NDArray[np.bool_], columns: NDArray[np.bool_]) -> FloatArray:
    return matrix.compress(rows, axis=-2).compress(columns, axis=-1)


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)


def _per_capacitance(capacitance: FloatArray, flow: FloatArray) -> FloatArray:
    """Compute `capacitance^-1 flow`, by a division if no capacitor joins two nodes."""
    own = np.diagonal(capacitance, axis1=-2, axis2=-1)
    if np.count_nonzero(capacitance) == np.count_nonzero(own):
        return flow / own[..., None]
    # The matrix mixes farads and the entries 1 of the op-amps' stages, so rows are scaled first.
    return _solve(capacitance / own[..., None], flow / own[..., None])
