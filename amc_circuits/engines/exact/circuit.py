"""What is measured of a linear circuit, from its exact response: `results/observation.py` without a deck."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from amc_circuits.linear.circuit import LinearCircuit, linear_circuit
from amc_circuits.linear.quadratic_form import QuadraticForm
from amc_circuits.linear.response import ExactResponse, Piece, Probe, probe_of, response_of
from amc_circuits.results.observation import amplifier_names
from netlists import InvDesign, MacroOpAmp, MvmDesign
from netlists.record import FloatArray


@dataclass(frozen=True)
class Samples:
    """Some responses at some times.

    Attributes:
        time: Shape (T,) or (K, T), s.
        terminals: Word lines, bit lines of each array, shape (K, T, N + arrays * M), V.
        stage: What each amplifier's output would be without its load, shape (K, T, amplifiers), V.
        slewing: Rate that each amplifier's gain stage is driven at, shape (K, T, amplifiers), V/s; None where it has no
            limit.
        current: Of every output, shape (K, T, amplifiers), A.
        delivered: By supplies and input sources, shape (K, T), W; None where the op-amps have no supply pins.
    """

    time: FloatArray
    terminals: FloatArray
    stage: FloatArray
    slewing: FloatArray | None
    current: FloatArray
    delivered: FloatArray | None


class ExactCircuit:
    """The linear circuit of a design, with all that does not depend on its inputs worked out."""

    def __init__(self, design: InvDesign | MvmDesign) -> None:
        self.design = design
        self.linear: LinearCircuit = linear_circuit(design)
        self.response: ExactResponse = response_of(self.linear)
        self._terminals = self._terminal_probe()
        others = ["w"] if "w" in self.linear.nodes else []
        outputs = [] if isinstance(design, InvDesign) else ["out"]
        # Without output resistance the stages are the outputs.
        stages = self.linear.stages if isinstance(design.opamp, MacroOpAmp) else []
        self._all = self._terminals
        if groups := [*others, *outputs, *stages]:
            self._all = self._terminals.over(probe_of(self.linear, *groups))

    def _terminal_probe(self) -> Probe:
        """Voltages of word lines and of every array's bit lines."""
        if isinstance(self.design, InvDesign):
            return probe_of(self.linear, *("v", "c", "d")[: 1 + len(self.design.arrays)])
        sums, inputs = probe_of(self.linear, "v"), self.design.shape[1]
        still = np.zeros((inputs, self.linear.state.shape[0]))
        driven = Probe(still, np.eye(inputs), np.zeros(inputs), sums.real)
        opposite = replace(driven, feed=-driven.feed)
        for probe in (driven, opposite)[: len(self.design.arrays)]:
            sums = sums.over(probe)
        return sums

    def _joined(self, name: str) -> FloatArray:
        """`laplacian` or `capacitance` of all arrays together, over all terminals."""
        rows, columns = self.design.conductance_positive.shape
        total = rows + len(self.design.arrays) * columns
        joined = np.zeros((total, total))
        for k, array in enumerate(self.design.reduced_arrays):
            at = np.concatenate([np.arange(rows), rows + k * columns + np.arange(columns)])
            joined[np.ix_(at, at)] += getattr(array, name)
        return joined

    @cached_property
    def laplacian(self) -> FloatArray:
        """Currents into all terminals for a volt at each, siemens."""
        return self._joined("laplacian")

    @cached_property
    def capacitance(self) -> FloatArray:
        """Charge at all terminals for a volt at each, F."""
        return self._joined("capacitance")

    @cached_property
    def array_energy(self) -> QuadraticForm:
        """Dissipated in cells and wires (Tellegen)."""
        return QuadraticForm.of(self._terminals, self.laplacian, self.response.values)

    @cached_property
    def input_energy(self) -> QuadraticForm | None:
        """Dissipated in the input resistors; None for MVM, which has none."""
        if not isinstance(self.design, InvDesign):
            return None
        sums, size = probe_of(self.linear, "v"), self.design.size
        drop = Probe(-sums.modal, np.eye(size) - sums.feed, -sums.rest, sums.real)
        return QuadraticForm.of(drop, self.design.input_conductance * np.eye(size), self.response.values)

    @cached_property
    def outputs(self) -> Probe:
        """Output voltages."""
        return probe_of(self.linear, self.linear.outputs)

    @property
    def rows(self) -> int:
        """How many voltages `observe` works out."""
        return len(self._all.rest)

    @property
    def amplifiers(self) -> list[str]:
        """Names of the amplifiers, in the order of `Samples`."""
        return amplifier_names(self.design)

    def observe(self, piece: Piece, time: FloatArray) -> Samples:
        """All responses of a piece at times (T,), or each at its own (K, T), within it."""
        design, opamp = self.design, self.design.opamp
        rows, columns = design.conductance_positive.shape
        amplifiers = len(self.amplifiers)
        found = self.response.at(piece, self._all, time)
        terminals, rest = np.split(found, [len(self._terminals.rest)], axis=2)
        sums = terminals[:, :, :rows]
        if isinstance(design, InvDesign):
            pins = terminals[:, :, rows:]
            inverting = np.concatenate([sums, rest[:, :, :columns]], axis=2) if design.signed else sums
        else:
            pins = rest[:, :, :rows]
            inverting = sums
        stage, slewing, delivered = pins, None, None
        if isinstance(opamp, MacroOpAmp):
            stage = rest[:, :, -amplifiers:]
            slewing = opamp.unity_gain_frequency * (opamp.input_offset - inverting)
            current = (stage - pins) / opamp.output_resistance
            if opamp.quiescent_current is not None and opamp.class_ab_current is not None:
                idle = opamp.quiescent_current - opamp.class_ab_current
                drawn = np.sqrt(current**2 / 4 + opamp.class_ab_current**2) + idle
                delivered = self._from_inputs(piece, time, terminals) + 2 * opamp.supply_voltage * drawn.sum(axis=2)
        elif isinstance(design, InvDesign):
            current = self._driven(piece, time, terminals)
            if design.signed:
                # Both resistors of an inverter end at its sum node.
                current = current + (pins - np.tile(inverting[:, :, rows:], 2)) / design.inverter_resistance
        else:
            current = design.feedback_conductance * (pins - sums)
        return Samples(time, terminals, stage, slewing, current, delivered)

    def _from_inputs(self, piece: Piece, time: FloatArray, terminals: FloatArray) -> FloatArray:
        """Power that the input sources deliver, shape (K, T), W."""
        design, rows = self.design, self.design.conductance_positive.shape[0]
        if isinstance(design, MvmDesign):
            return np.asarray((terminals[:, :, rows:] * self._driven(piece, time, terminals)).sum(axis=2))
        after = np.atleast_2d(time - piece.start)[:, :, None]
        inputs = piece.inputs.T[:, None, :] + after * piece.inputs_slope.T[:, None, :]
        return design.input_conductance * np.asarray((inputs * (inputs - terminals[:, :, :rows])).sum(axis=2))

    def _driven(self, piece: Piece, time: FloatArray, terminals: FloatArray) -> FloatArray:
        """Currents into the arrays' bit lines, shape (K, T, arrays * M), A."""
        rows = self.design.conductance_positive.shape[0]
        currents = terminals @ self.laplacian[:, rows:]
        if self.design.interconnect.line_capacitance > 0:
            rates = self.response.at(self.response.derivative(piece), self._terminals.without_rest(), time)
            currents += rates @ self.capacitance[:, rows:]
        return currents


@lru_cache(maxsize=2)
def exact_circuit(design: InvDesign | MvmDesign) -> ExactCircuit:
    """The exact circuit of a design, kept for the next right-hand sides."""
    return ExactCircuit(design)
