"""Whole circuits in time from Kirchhoff's laws alone: the judge of waveforms, settling times and energies.

Every node of the circuit, every cell of a mesh included, is an unknown of `G y + C y' = B u + D u' + h`, written
element by element (`tests/kirchhoff_elements.py`); of a design the numbers are read and nothing else. It shares no code
with the packages, and solves another way than they do: with `T = G^-1 C` and its eigenvalues, the time constants, while
the engines take the poles of what is left after nodes without capacitors are eliminated.

Nodes are named as in `tests/kirchhoff.py`; `("amp", i)` and `("inv", j)` are the gain stages inside op-amps, `("amp2",
i)` and `("inv2", j)` what lies behind their second pole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from netlists import InvDesign, MacroOpAmp, MvmDesign
from tests.kirchhoff import Node, nodes
from tests.kirchhoff_elements import Array, inv_elements, mvm_elements

INSTANT = 1e-8
"""Time constants below this part of the longest one are none: their shares of a start would be rounding errors."""
AT_ONCE = 1e-9
"""A node that charges within this part of the op-amps' fastest time constant has no capacitor here: LAPACK's balancing
would spoil the eigenvectors for a change of this relative size."""
GAUSS_NODES, GAUSS_WEIGHTS = np.polynomial.legendre.leggauss(8)


@dataclass(frozen=True)
class Piece:
    """A response while the inputs are straight lines, t from its beginning: modes, and a straight line.

    Attributes:
        length: s.
        modes: Shape (nodes, kept).
        rates: Shape (kept,), 1/s.
        value: Shape (nodes,).
        slope: Shape (nodes,).
        inputs: Shape (inputs,).
        inputs_slope: Shape (inputs,).
    """

    length: float
    modes: NDArray[np.complex128]
    rates: NDArray[np.complex128]
    value: Array
    slope: Array
    inputs: Array
    inputs_slope: Array

    def at(self, time: Array) -> Array:
        """Voltages of all unknown nodes, shape (T, nodes)."""
        fading = np.exp(np.outer(time, self.rates)) @ self.modes.T
        return np.asarray(fading.real + self.value + np.outer(time, self.slope))

    def inputs_at(self, time: Array) -> Array:
        """Voltages of the inputs, shape (T, inputs)."""
        return self.inputs + np.outer(time, self.inputs_slope)


class Judge:
    """A linear circuit in time."""

    def __init__(self, design: InvDesign | MvmDesign) -> None:
        self.design = design
        inv = isinstance(design, InvDesign)
        self.elements = inv_elements(design) if isinstance(design, InvDesign) else mvm_elements(design)
        rows = design.conductance_positive.shape[0]
        self.outputs = nodes("c" if inv else "out", rows)
        found = self.elements
        named = [node for a, b, *_ in [*found.conductors, *found.currents] for node in (a, b)]
        named += [node for a, b, _ in found.capacitors for node in (a, b)] + [stage[0] for stage in found.stages]
        named = [node for node in dict.fromkeys(named) if node != ("ground",) and node not in found.inputs]
        self.place = {node: k for k, node in enumerate(named)}
        self._assemble()

    def _assemble(self) -> None:
        count, inputs = len(self.place), 1 + max(k for k, _ in self.elements.inputs.values())
        self.g, self.c, self.h = np.zeros((count, count)), np.zeros((count, count)), np.zeros(count)
        self.b, self.d = np.zeros((count, inputs)), np.zeros((count, inputs))
        for a, b, siemens, *_ in self.elements.conductors:
            self._two_pole(self.g, self.b, a, b, siemens)
        for a, b, farad in self.elements.capacitors:
            self._two_pole(self.c, self.d, a, b, farad)
        for stage, output, siemens in self.elements.currents:  # into the output; nothing is taken from the stage
            row = self.place[output]
            self.g[row, row] += siemens
            self.g[row, self.place[stage]] -= siemens
        for stage, tau, terms, constant in self.elements.stages:
            row = self.place[stage]
            self.c[row, row], self.h[row] = tau, constant
            for node, factor in terms:
                self.g[row, self.place[node]] -= factor
        limit = AT_ONCE * min(tau for _, tau, _, _ in self.elements.stages)
        stages = [self.place[stage] for stage, *_ in self.elements.stages]
        fast = np.diag(self.c) < limit * np.abs(np.diag(self.g))
        fast[stages] = False
        self.c[fast], self.c[:, fast], self.d[fast] = 0.0, 0.0, 0.0
        for output, stage in self.elements.ideal:
            row = self.place[output]
            self.g[row], self.c[row], self.b[row], self.d[row] = 0.0, 0.0, 0.0, 0.0
            self.g[row, row], self.g[row, self.place[stage]] = 1.0, -1.0

    def _two_pole(self, matrix: Array, driven: Array, a: Node, b: Node, value: float) -> None:
        for here, there in ((a, b), (b, a)):
            if here not in self.place:
                continue
            row = self.place[here]
            matrix[row, row] += value
            if there in self.place:
                matrix[row, self.place[there]] -= value
            elif there in self.elements.inputs:
                column, sign = self.elements.inputs[there]
                driven[row, column] += sign * value

    def _solve(self, right: Array) -> Array:
        scale = 1 / np.abs(self.g).max(axis=1)
        scaled = right * (scale[:, None] if right.ndim == 2 else scale)
        return np.asarray(np.linalg.solve(self.g * scale[:, None], scaled))

    @cached_property
    def delays(self) -> Array:
        """T = G^-1 C, shape (nodes, nodes), s."""
        return self._solve(self.c)

    @cached_property
    def _eigen(self) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """Rates of all modes and their vectors, without those that are instantaneous."""
        times, vectors = np.linalg.eig(self.delays.astype(complex))
        kept = np.abs(times) > INSTANT * np.abs(times).max()
        return -1 / times[kept], vectors[:, kept]

    @property
    def poles(self) -> NDArray[np.complex128]:
        """The slowest (or fastest growing) first, 1/s."""
        rates, _ = self._eigen
        return np.asarray(rates[np.argsort(-rates.real)])

    def at_rest(self, inputs: Array) -> Array:
        """Voltages of all nodes with constant inputs, shape (nodes,)."""
        return self._solve(self.b @ inputs + self.h)

    def output(self, voltages: Array) -> Array:
        """The outputs among voltages of all nodes (..., nodes)."""
        return np.asarray(voltages[..., [self.place[node] for node in self.outputs]])

    def piece(self, before: Array, first: Array, last: Array, length: float) -> Piece:
        """From voltages `before`, with inputs that go from `first` to `last`."""
        slope_in = (last - first) / length
        slope = self._solve(self.b @ slope_in)
        value = self._solve(self.b @ first + self.d @ slope_in + self.h) - self.delays @ slope
        rates, vectors = self._eigen
        # Charges do not jump: T (y - value) is the same before and after.
        weights = np.linalg.lstsq(vectors / rates, -(self.delays @ (before - value)).astype(complex), rcond=None)[0]
        return Piece(length, vectors * weights, rates, value, slope, first, slope_in)

    def step(self, before: Array, first: Array, last: Array, rise: float, slot: float) -> tuple[Piece, Piece]:
        """A slot: the edge, then the hold."""
        edge = self.piece(before, first, last, rise)
        end = edge.at(np.array([rise]))[0]
        return edge, self.piece(end, last, last, slot - rise)

    def powers(self, voltages: Array, inputs: Array) -> dict[str, Array]:
        """Powers dissipated by account, and delivered by sources and supplies, each shape (T,), W, element by element.

        Args:
            voltages: Voltages of all nodes, shape (T, nodes), V.
            inputs: Voltages of the inputs, shape (T, inputs), V.
        """
        found = {name: np.zeros(len(voltages)) for name in ("array", "inputs", "amplifiers", "delivered")}
        for a, b, siemens, account in self.elements.conductors:
            ends = self._voltage(a, voltages, inputs), self._voltage(b, voltages, inputs)
            found[account] += siemens * (ends[0] - ends[1]) ** 2
            for here, there, node in ((*ends, a), (*ends[::-1], b)):
                if node in self.elements.inputs:
                    found["delivered"] += siemens * here * (here - there)
        if isinstance(opamp := self.design.opamp, MacroOpAmp):
            idle = opamp.quiescent_current - opamp.class_ab_current
            for stage, output, siemens in self.elements.currents:
                current = siemens * (voltages[:, self.place[stage]] - voltages[:, self.place[output]])
                drawn = np.sqrt(current**2 / 4 + opamp.class_ab_current**2) + idle
                found["delivered"] += 2 * opamp.supply_voltage * drawn
        return found

    def _voltage(self, node: Node, voltages: Array, inputs: Array) -> Array:
        if node in self.place:
            return voltages[:, self.place[node]]
        column, sign = self.elements.inputs[node]
        return sign * inputs[:, column]


@dataclass(frozen=True)
class Settled:
    """A slot as the judge sees it.

    Attributes:
        edge: The inputs rise.
        hold: They stay.
        rise: Length of the edge, s.
        final: Outputs at the end of the slot, V.
    """

    judge: Judge
    edge: Piece
    hold: Piece
    rise: float
    final: Array

    def settling_time(self, tolerance: float) -> float:
        """From the middle of the edge to the last exit from the band, by a fine grid and bisection, s."""
        band = tolerance * np.abs(self.final).max()
        time = _grid(self.hold)
        outside = np.abs(self.judge.output(self.hold.at(time)) - self.final).max(axis=1) > band
        if not outside.any():
            edge = np.linspace(0, self.rise, 2001)
            late = np.abs(self.judge.output(self.edge.at(edge)) - self.final).max(axis=1) > band
            return max(float(edge[np.flatnonzero(late)[-1]]) - self.rise / 2, 0.0) if late.any() else 0.0
        last = int(np.flatnonzero(outside)[-1])
        low, high = float(time[last]), float(time[min(last + 1, len(time) - 1)])
        for _ in range(60):
            middle = (low + high) / 2
            far = np.abs(self.judge.output(self.hold.at(np.array([middle]))) - self.final).max() > band
            low, high = (middle, high) if far else (low, middle)
        return high + self.rise / 2

    def energies(self, settled: float) -> dict[str, float]:
        """By account, from the middle of the edge for so long, J; `amplifiers` is what the other two leave."""
        found = dict.fromkeys(("array", "inputs", "delivered"), 0.0)
        stop = settled + self.rise / 2
        for piece, start, end in (
            (self.edge, self.rise / 2, min(stop, self.rise)),
            (self.hold, 0.0, max(stop - self.rise, 0.0)),
        ):
            for low, high in pairwise(_panels(piece, start, end)):
                time = (low + high) / 2 + (high - low) / 2 * GAUSS_NODES
                powers = self.judge.powers(piece.at(time), piece.inputs_at(time))
                for name in found:
                    found[name] += float((high - low) / 2 * (powers[name] * GAUSS_WEIGHTS).sum())
        return found | {"amplifiers": found["delivered"] - found["array"] - found["inputs"]}


def _panels(piece: Piece, start: float, end: float) -> list[float]:
    """Edges of panels that are short beside the modes that are left in them."""
    decays, speeds = -piece.rates.real, np.abs(piece.rates)
    edges = [start]
    while edges[-1] < end and len(edges) < 20_000:
        left = decays * edges[-1] < 40
        edges.append(min(edges[-1] + 3 / float(speeds[left].max(initial=1 / piece.length)), end))
    return edges if end > start else []


def _grid(piece: Piece) -> Array:
    """Times that leave no swing of a mode that is left unseen: 48 in a period, fewer as modes decay."""
    decays, speeds = -piece.rates.real, np.abs(piece.rates)
    parts, place = [], 0.0
    while place < piece.length and len(parts) < 20_000:
        left = decays * place < 25
        step = 6 / float(speeds[left].max(initial=1 / piece.length))
        parts.append(np.linspace(place, min(place + step, piece.length), 48, endpoint=False))
        place += step
    return np.append(np.concatenate(parts), piece.length)


def judged(
    design: InvDesign | MvmDesign, levels: Array, rise: float, slot: float, before: Array | None = None
) -> Settled:
    """The slot of one right-hand side with input voltages (inputs,), from rest or from inputs `before`, settled."""
    judge = Judge(design)
    first = np.zeros_like(levels) if before is None else before
    edge, hold = judge.step(judge.at_rest(first), first, levels, rise, slot)
    return Settled(judge, edge, hold, rise, judge.output(hold.at(np.array([slot - rise])))[0])
