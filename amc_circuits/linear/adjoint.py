"""Adjoint of a linear circuit: how its response changes with its parts, for all parts at once.

With all nodes as unknowns the circuit is `E y' = F y + H u + h - D u'` (`linear/circuit.py`). A change of E and F acts
as a current `q = dF y - dE y'` into the nodes, and a function J of the response changes by

    dJ = integral of p(t)^T (dF y(t) - dE y'(t)) dt

where p, the adjoint voltages, are the effect on J of a unit charge into each node at time t (S. W. Director, R. A.
Rohrer, IEEE Trans. Circuit Theory 16, 318, 1969). A current q moves states s and nodes by

    s' = M s + left q,    y = read s + instant q,    left = E_k^-1 [1, -F_kg F_gg^-1],    instant = -F_gg^-1 at g

with k the nodes of the states and g the eliminated ones. So p has a part from later times, by the modes of the circuit,
and a part from the same time. All products of p and y are collected as weighted points, and every part takes from them
what belongs to its own nodes. Nodes that sources hold have rows here, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lu_factor, lu_solve

from amc_circuits.linear.circuit import Equations, LinearCircuit
from amc_circuits.linear.equations import equations
from amc_circuits.linear.probes import Modal, Probe, probe_of
from amc_circuits.linear.response import Piece, response_of
from netlists import GROUND, Array, Capacitors, Circuit, OpAmps
from netlists.record import FloatArray
from netlists.short_text import short_repr

EQUAL = 1e-9
"""Relative difference of the real parts of poles that count as equal."""


@dataclass(frozen=True)
class Points:
    """Weighted products of adjoint voltages and voltages: dJ = sum of weight p^T (dF y - dE y').

    Attributes:
        weight: Weight of each point, shape (Q,).
        adjoint: Adjoint voltages p of all nodes, shape (Q, nodes).
        voltage: Voltages y of all nodes, shape (Q, nodes), V.
        rate: Their rates of change y', 0 at nodes without capacitors, shape (Q, nodes), V/s.
        driven: False for eigenvectors, which no offset drives.
    """

    weight: FloatArray
    adjoint: FloatArray
    voltage: FloatArray
    rate: FloatArray
    driven: NDArray[np.bool_]

    __repr__ = short_repr

    @classmethod
    def of(cls, weight: FloatArray, adjoint: FloatArray, voltage: FloatArray, rate: FloatArray) -> Points:
        """Return points with voltages of the circuit."""
        return cls(weight, adjoint, voltage, rate, np.ones(len(weight), dtype=np.bool_))

    def and_(self, other: Points) -> Points:
        """Return the points of both."""
        return Points(
            np.concatenate([self.weight, other.weight]),
            np.vstack([self.adjoint, other.adjoint]),
            np.vstack([self.voltage, other.voltage]),
            np.vstack([self.rate, other.rate]),
            np.concatenate([self.driven, other.driven]),
        )

    def times(self, factor: float) -> Points:
        """Return the points of a multiple of the function."""
        return replace(self, weight=factor * self.weight)


class Adjoint:
    """Adjoint of the linear circuit of a circuit.

    Attributes:
        circuit: The circuit.
        linear: Its linear circuit.
        at: Rows of each group of nodes, of each stage, and of each group that a source holds.
        count: Number of rows.
        every: Voltages of all rows.
    """

    def __init__(self, circuit: Circuit, linear: LinearCircuit) -> None:
        self.circuit, self.linear = circuit, linear
        self.response = response_of(linear)
        self.at: dict[str, slice] = dict(linear.nodes)
        self.count = len(linear.rest)
        for group in linear.held:
            self.at[group] = slice(self.count, self.count + circuit.groups[group])
            self.count = self.at[group].stop
        self.every: Probe = probe_of(linear, *self.at)
        found = equations(circuit)
        self._moving = self._charged(found)
        self._of_moving = self.every.rows(self._moving).without_rest()
        fast, _ = found.far_too_fast()
        matrix, self._gone, self._kept = found.without_pins(fast)
        self._same = [(pin, followed) for pin, followed, _ in found.same if followed is not None]
        self._capacitance = found.capacitance[np.ix_(self._kept, self._kept)]
        self._coupling = matrix[np.ix_(self._kept, self._gone)]
        self._factors = lu_factor(matrix[np.ix_(self._gone, self._gone)]) if self._gone.any() else None

    def _charged(self, found: Equations) -> NDArray[np.int64]:
        """Return the rows whose rates of change matter: those with capacitors, inputs of op-amps, and outputs."""
        charged = np.zeros(self.count, dtype=np.bool_)
        own = found.capacitance.copy()
        for name, rows in found.at.items():
            if name not in self.circuit.groups:
                own[rows, rows] = 0.0  # stages, whose entries are no capacitances
        charged[: len(own)] = own.any(axis=0) | own.any(axis=1) | found.input_capacitance.any(axis=1)
        groups = {self.linear.outputs, *(group for group in self.linear.held if found.input_capacitance.any())}
        for part in self.circuit.parts:
            if isinstance(part, Capacitors):
                groups |= {part.a, part.b}
            elif isinstance(part, OpAmps):
                groups |= {part.inverting, part.noninverting}
            elif isinstance(part, Array) and part.interconnect.line_capacitance > 0:
                groups |= {part.word_lines, part.bit_lines}
        for group in groups - {GROUND}:
            charged[self.at[group]] = True
        return np.flatnonzero(charged)

    @cached_property
    def left(self) -> Probe:
        """Effect of a charge into each row on the modes, as a probe of adjoint modes, shape (rows, n)."""
        free = len(self._kept)
        own = np.diag(self._capacitance)
        inverse = self.linear.modes.inverse
        if np.count_nonzero(self._capacitance) == len(own):
            charged = inverse / own
        else:
            charged = np.linalg.solve(self._capacitance.T / own[:, None], inverse.T / own[:, None]).T
        modal = np.zeros((self.count, len(inverse)), dtype=inverse.dtype)
        modal[:free][self._kept] = charged.T
        if self._factors is not None:
            through = lu_solve(self._factors, self._coupling.T, trans=1)
            modal[:free][self._gone] = -(through @ charged.T)
        inputs = self.every.feed.shape[1]
        return Probe(modal, np.zeros((self.count, inputs)), np.zeros(self.count), self.every.real)

    def instant(self, weights: FloatArray) -> FloatArray:
        """Compute the part of the adjoint voltages from the same time, for weights of all rows, shape (Q, rows)."""
        found = np.zeros_like(weights)
        if self._factors is not None:
            gone, own = np.flatnonzero(self._gone), weights.copy()
            for pin, followed in self._same:
                own[:, followed] += own[:, pin]
            found[:, gone] = -lu_solve(self._factors, own[:, gone].T, trans=1).T
        return found

    def modal(self, weights: FloatArray) -> Modal:
        """Compute the weights of the modes from weights of all rows, shape (Q, rows) to (n, Q)."""
        return np.asarray((weights @ self.every.modal).T)

    def before(self, modal: Modal, time: FloatArray) -> FloatArray:
        """Compute adjoint voltages some times before the end, by weights of the modes there, (n,); shape (Q, rows)."""
        return np.asarray(self.response.fading(modal[:, None], time) @ self.left.decaying.T)

    def of_modes(self, modal: Modal) -> FloatArray:
        """Compute adjoint voltages from amplitudes of the modes, shape (n, Q) to (Q, rows)."""
        upper = self.response.upper
        parts = [np.real(modal[: self.response.real]), np.real(modal[upper]), np.imag(modal[upper])]
        return np.asarray(np.concatenate(parts).T @ self.left.decaying.T)

    def voltages(self, piece: Piece, time: FloatArray) -> FloatArray:
        """Compute the voltages of all rows in a piece with one right-hand side, shape (Q, rows), V."""
        return np.asarray(self.response.at(piece, self.every, time)[0])

    def rates(self, piece: Piece, time: FloatArray) -> FloatArray:
        """Compute their rates of change where they matter, else 0, shape (Q, rows), V/s."""
        found = np.zeros((len(time), self.count))
        found[:, self._moving] = self.response.at(self.response.derivative(piece), self._of_moving, time)[0]
        return found

    def steady(self, inputs: FloatArray) -> FloatArray:
        """Compute the steady voltages of all rows, for inputs (inputs,), V."""
        linear = self.linear
        states = np.linalg.solve(linear.state, -(linear.drive @ inputs))
        held = [weights @ inputs for weights in linear.held.values()]
        return np.concatenate([linear.read @ states + linear.feed @ inputs + linear.rest, *held])

    def of_steady(self, weights: FloatArray, inputs: FloatArray) -> Points:
        """Return the points of a weighted sum of the steady voltages of all rows, weights of shape (rows,)."""
        after = -self.modal(weights[None]) / self.response.values[:, None]
        adjoint = self.of_modes(after) + self.instant(weights[None])
        voltage = self.steady(inputs)[None]
        return Points.of(np.ones(1), adjoint, voltage, np.zeros_like(voltage))

    def at_rest(self, modal: Modal) -> Points | None:
        """Return the points of the time before the first corner, at rest, for adjoint modes (n,) there; None at 0 V."""
        rest = np.zeros(self.count)
        rest[: len(self.linear.rest)] = self.linear.rest
        if not rest.any():
            return None
        adjoint = self.of_modes((-modal / self.response.values)[:, None])
        return Points.of(np.ones(1), adjoint, rest[None], np.zeros((1, self.count)))

    def of_slowest(self) -> tuple[float, Points]:
        """Return the largest real part of all poles, 1/s, and its points; of equal ones the mean.

        Equal poles part with most changes, so that the largest one has a kink. The mean is the derivative between its
        two sides for a pair of them.
        """
        real = np.real(self.response.values)
        places = np.flatnonzero(real >= real.max() - EQUAL * np.abs(real.max()))
        left, right = self.left.modal[:, places].T, self.every.modal[:, places].T
        rate = self.response.values[places, None] * right
        p, y, y_rate = (np.vstack([np.real(one), np.imag(one)]) for one in (left, right, rate))
        weight = np.repeat([1.0, -1.0], len(places)) / len(places)
        return float(real.max()), Points(weight, p, y, y_rate, np.zeros(len(weight), dtype=np.bool_))
