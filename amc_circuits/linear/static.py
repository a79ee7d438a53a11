"""A circuit at rest, from Kirchhoff's laws, with as much or as little of what real parts do as is wanted.

Op-amps are as the records say below all limits: `c = A0 (o - s) - R i` with the input s, the offset o, the output
resistance R and the output current i. Divided by A0 that has a limit for an ideal one: s = o.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlists import InvDesign, MacroOpAmp, MvmDesign, array_state, reduce_array
from netlists.record import FloatArray

NEARLY = 1e-6
"""Of the largest voltage: cells that are not linear are known when a step moves no voltage by more."""
STEPS = 100
"""That this may take."""


@dataclass(frozen=True)
class Effects:
    """What is modelled beside the cells.

    Attributes:
        gain: Finite gain and output resistance of the op-amps.
        offset: Their input offsets.
        wires: Resistance of the lines.
        nonlinearity: Of the cells.
    """

    gain: bool = False
    offset: bool = False
    wires: bool = False
    nonlinearity: bool = False


ALL_EFFECTS = Effects(gain=True, offset=True, wires=True, nonlinearity=True)


class StaticCircuit:
    """The steady state of a design with some of its effects.

    Unknown are the inverting inputs s and the outputs c (and d of the inverters of an INV circuit), which follow from
    the currents into the terminals of the arrays: linear in the voltages, but for cells that are not.

    Args:
        design: The circuit; its cells are not looked at.
        arrays: Cells, shape (N, M) each, S; with ideal wires zero and less are allowed, too.
        effects: What is modelled.

    Raises:
        ParameterError: The mesh needs more memory than there is, or no finite network is equal to it.
    """

    def __init__(self, design: InvDesign | MvmDesign, arrays: list[FloatArray], effects: Effects) -> None:
        self.design, self.arrays, self.effects = design, arrays, effects
        self.rows, self.columns = arrays[0].shape
        wires = design.interconnect
        self.segment = wires.wire_resistance if effects.wires else 0.0
        self.contacts = wires.contacts
        opamp = design.opamp.equivalent
        self.inverse_gain = 1 / opamp.open_loop_gain if effects.gain else 0.0
        macro = opamp if isinstance(opamp, MacroOpAmp) else None
        self.output_resistance = macro.output_resistance if macro else 0.0
        self.common_offset = macro.input_offset if macro and effects.offset else 0.0
        self.voltage = design.nonlinearity_voltage if effects.nonlinearity else None

    def outputs(self, levels: FloatArray) -> FloatArray:
        """Outputs for input voltages (inputs, K), shape (N, K), V; nan where there is no rest, or none was found."""
        try:
            found = self._linear([self._network(cells) for cells in self.arrays], levels)
            if self.voltage is not None:
                found = np.stack([self._bent(column, levels[:, k]) for k, column in enumerate(found.T)], axis=1)
        except np.linalg.LinAlgError:  # such as an array of equal cells around ideal op-amps
            return np.full((self.rows, levels.shape[1]), np.nan)
        return found[self.rows : 2 * self.rows]

    def _linear(self, networks: list[FloatArray], levels: FloatArray) -> FloatArray:
        """The unknown voltages, shape (unknowns, K), where the arrays are such networks."""
        matrix, drive = self._equations(networks)
        return np.asarray(np.linalg.solve(matrix, drive @ levels + self._constant()[:, None]))

    def _network(self, cells: FloatArray) -> FloatArray:
        """Currents into the terminals of an array, word lines first, for a volt at each."""
        if self.segment:
            return reduce_array(cells, self.segment, contacts=self.contacts).laplacian
        return np.block([[np.diag(cells.sum(axis=1)), -cells], [-cells.T, np.diag(cells.sum(axis=0))]])

    def _equations(self, networks: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
        """A matrix on the unknown voltages and one on the inputs: the first times those is the second times these."""
        return self._inv(networks) if isinstance(self.design, InvDesign) else self._mvm(networks)

    def _inv(self, networks: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Kirchhoff's current law at s, then the op-amps, then the inverters, whose inputs are at (c + d)/2."""
        design, n = self.design, self.rows
        assert isinstance(design, InvDesign)
        s, c, d = (slice(k * n, (k + 1) * n) for k in range(3))
        size, one = (1 + len(networks)) * n, np.eye(n)
        matrix, drive = np.zeros((size, size)), np.zeros((size, n))
        matrix[s, s] = design.input_conductance * one
        drive[s] = design.input_conductance * one
        current = np.zeros((size, size))
        for network, lines in zip(networks, (c, d), strict=False):
            matrix[s, s] += network[:n, :n]
            matrix[s, lines] += network[:n, n:]
            current[lines, lines] += network[n:, n:]
            current[lines, s] += network[n:, :n]
        matrix[c, s] += one
        if len(networks) > 1:
            link = one / (2 * design.inverter_resistance)
            for here, there in ((c, d), (d, c)):
                current[here, here] += link
                current[here, there] -= link
            matrix[d, c] += one / 2
            matrix[d, d] += one / 2
        voltages = np.diag(np.repeat([0.0, 1.0], [n, size - n]))
        return matrix + self.inverse_gain * (voltages + self.output_resistance * current), drive

    def _mvm(self, networks: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Kirchhoff's current law at s, then the op-amps; bit lines follow the inputs, those of G- turned over."""
        design, n = self.design, self.rows
        assert isinstance(design, MvmDesign)
        one, feedback = np.eye(n), design.feedback_conductance
        at_inputs = sum(network[:n, :n] for network in networks) + feedback * one
        resistance = self.output_resistance * feedback * one
        matrix = np.block(
            [
                [at_inputs, -feedback * one],
                [one - self.inverse_gain * resistance, self.inverse_gain * (one + resistance)],
            ]
        )
        through = sum(sign * network[:n, n:] for sign, network in zip((1, -1), networks, strict=False))
        return matrix, np.vstack([-through, np.zeros((n, self.columns))])

    def _constant(self) -> FloatArray:
        """What offsets add on the right, shape (unknowns,)."""
        design, n = self.design, self.rows
        found = [np.zeros(n), self._offsets(design.amplifier_offset)]
        if isinstance(design, InvDesign) and len(self.arrays) > 1:
            found.append(self._offsets(design.inverter_offset))
        return np.concatenate(found)

    def _offsets(self, drawn: FloatArray | None) -> FloatArray:
        own = drawn if drawn is not None and self.effects.offset else np.zeros(self.rows)
        return own + self.common_offset

    def _bent(self, linear: FloatArray, levels: FloatArray) -> FloatArray:
        """The unknown voltages with cells of the current `G V0 sinh(V/V0)`, from those of linear cells.

        Each step solves the circuit of linear cells that carry the same currents at the voltages so far. Where op-amps
        and wires are ideal, all cells of a bit line are at its voltage c, and are h = sinh(c/V0)/(c/V0) times as
        conductive: what such a step finds, c', stands for the currents of linear cells at h c', so that
        V0 asinh(h c'/V0) is the answer at once. With real ones it takes some steps.
        """
        n, voltage = self.rows, self.voltage
        assert voltage is not None
        bent = isinstance(self.design, InvDesign)  # the bit lines of an MVM circuit are given
        found = linear.copy()
        if bent:
            found[n:] = voltage * np.arcsinh(linear[n:] / voltage)
        for _ in range(STEPS):
            networks = [self._network(cells) for cells in self._as_they_are(found, levels)]
            after = self._linear(networks, levels[:, None])[:, 0]
            if bent:
                after[n:] = voltage * np.arcsinh(_share(found[n:] / voltage) * after[n:] / voltage)
            moved, found = np.abs(after - found).max(), after
            if moved <= NEARLY * np.abs(found).max():
                return found
        return np.full_like(linear, np.nan)

    def _as_they_are(self, unknown: FloatArray, levels: FloatArray) -> list[FloatArray]:
        """Cells as the linear ones that would carry the same currents."""
        n, found, voltage = self.rows, [], self.voltage
        assert voltage is not None
        for k, cells in enumerate(self.arrays):
            inv = isinstance(self.design, InvDesign)
            bit_lines = unknown[(1 + k) * n : (2 + k) * n] if inv else (levels, -levels)[k]
            terminals = np.concatenate([unknown[:n], bit_lines])
            state = array_state(cells, self.segment, terminals, self.contacts)
            found.append(cells * _share(state.cell_voltage / voltage))
        return found


def _share(part: FloatArray) -> FloatArray:
    """`sinh(part)/part`: what a cell carries at part * V0, in units of what a linear one does."""
    small = np.abs(part) < 1e-6  # there it is 1 + part^2/6
    safe = np.where(small, 1.0, part)
    return np.where(small, 1.0, np.sinh(safe) / safe)
