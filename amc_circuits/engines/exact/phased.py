"""Phased circuits by the exact response: one set of equations a phase, the state carried over.

A phase in which limits of macro op-amps, limiters or sinh cells act is integrated step by step, as in `ExactEngine`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.linear_range import CLOSED_FORM, LARGEST_LOSS
from amc_circuits.engines.exact.nonlinear.circuit import LEAST_SCALE, applies
from amc_circuits.engines.exact.nonlinear.reading import read_phase
from amc_circuits.engines.exact.nonlinear.rest import placed, resting
from amc_circuits.engines.exact.nonlinear.trajectory import Place
from amc_circuits.engines.exact.reading import read_responses
from amc_circuits.engines.exact.slots import Slots
from amc_circuits.engines.known import EXACT, check_known
from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.durations import with_durations
from amc_circuits.linear.probes import Modal
from amc_circuits.linear.response import Piece
from amc_circuits.results.readings import Reading
from netlists import Circuit, ParameterError, expanded, in_phase, phase_train
from netlists.record import FloatArray

LARGEST_GROWTH = 50.0
"""Growth of a phase in time constants above which its linear response is not computed: limits end it before."""


def read_phases(
    circuit: Circuit,
    levels: FloatArray,
    tolerance: float,
    rise_time: float = 100e-12,
    largest_loss: float = LARGEST_LOSS,
) -> list[Reading]:
    """Reading of every phase of every right-hand side, each from where the one before ended; the first from rest.

    Args:
        circuit: Circuit with phases; one without a duration gets it from its poles (`with_durations`).
        levels: Inputs of each right-hand side, shape (inputs, K), V.
        tolerance: Relative tolerance of the settling time.
        rise_time: Rise time of every edge, s.
        largest_loss: As in `ExactEngine`.

    Returns:
        K times P readings, phase by phase.

    Raises:
        ParameterError: A part is not known here, or a phase without a duration has a growing pole.
    """
    _check(circuit)
    circuit = with_durations(circuit, tolerance, rise_time)
    drive, whole = phase_train(circuit, levels, rise_time), expanded(circuit)
    alone = [in_phase(whole, phase) for phase in whole.phases]
    exact = [ExactCircuit(one) for one in alone]
    before, course = drive.start, _Course(exact[0], drive.rise_time, tolerance, largest_loss)
    course.rest(before)
    found = []
    for slot, level in enumerate(drive.levels.T):
        middle = drive.middle(before, level)
        course.leave(before, middle)
        found.append(course.read(exact[slot % len(exact)], middle, level, drive.length(slot)))
        before = level
    return found


def _check(circuit: Circuit) -> None:
    check_known(circuit)
    if any(source.kick is not None for source in circuit.sources):
        raise ParameterError("engine", EXACT, "knows no kicks of sources in phases; take simulate_phases")


@dataclass
class _Course:
    """Voltages on their way through the phases.

    Capacitors that are far too fast for one phase may be states of another one: so the voltages of all nodes are kept.

    Attributes:
        phase: Present phase.
        rise_time: Rise time of every edge, s.
        tolerance: Relative tolerance of settling times.
        largest_loss: As in `ExactEngine`.
        limited: True if limits of op-amps act in the present phase.
        voltage: Voltages of all nodes, shape (nodes,), V.
    """

    phase: ExactCircuit
    rise_time: float
    tolerance: float
    largest_loss: float
    limited: bool = False
    voltage: FloatArray = field(default_factory=lambda: np.zeros(0))

    def rest(self, inputs: FloatArray) -> None:
        """Begin at rest, with the limits of op-amps where they are known: one in an open loop rests at its clamp."""
        if applies(self.phase.circuit):
            system, self.limited = self.phase.beyond.system, not self.phase.circuit.linear
            self._leave_at(resting(system, inputs[:, None]), inputs)
            return
        self.voltage = self.phase.linear.rest + self.phase.linear.feed @ inputs

    def leave(self, first: FloatArray, last: FloatArray) -> None:
        """Go through the first half of an edge, in which inputs (inputs,) move from `first` to `last`."""
        half = self.rise_time / 2
        if not self.limited:
            piece = self._piece((0.0, half), first, last)
            self._end(piece, last)
            return
        beyond = self.phase.beyond
        place = self._place(0.0, first)
        scale = np.array([self._scale(first)])
        _, place = beyond.integrated([(0.0, half, first[:, None], last[:, None])], place, scale)
        self._leave_at(place, last)

    def read(self, phase: ExactCircuit, middle: FloatArray, level: FloatArray, length: float) -> Reading:
        """Go through a phase from the second half of its edge, in which inputs move from `middle` to `level`."""
        self.phase, half = phase, self.rise_time / 2
        able = applies(phase.circuit)
        grows = able and phase.linear.growth_rate * length > LARGEST_GROWTH
        self.limited = grows or not phase.circuit.linear
        if not self.limited:
            edge = self._piece((half, self.rise_time), middle, level)
            state, still = phase.response.end(edge), level[:, None]
            hold = phase.response.piece(self.rise_time, length, state, still, still)
            most = np.inf if able else self.largest_loss
            (reading,) = read_responses(phase, Slots(edge, hold, half), length, self.tolerance, most)
            self.limited = able and reading.loss > CLOSED_FORM
            if not self.limited:
                self._end(hold, level)
                return reading
        stretches = [
            (half, self.rise_time, middle[:, None], level[:, None]),
            (self.rise_time, length, level[:, None], level[:, None]),
        ]
        scale, place = np.array([self._scale(level)]), self._place(half, middle)
        (reading,), end = read_phase(phase.beyond, stretches, place, scale, self.tolerance)
        self._leave_at(end, level)
        return reading

    @property
    def _linear(self) -> LinearCircuit:
        """Linear circuit of the present phase; with limiters it has sources in their places."""
        return self.phase.linear if self.phase.circuit.linear else self.phase.beyond.system.linear

    def _leave_at(self, place: Place, inputs: FloatArray) -> None:
        """Keep the voltages of a place."""
        system = self.phase.beyond.system
        self.voltage = system.voltage(place.state, inputs[:, None], place.added.pins[:, 0])[:, 0]

    def _place(self, time: float, inputs: FloatArray) -> Place:
        system = self.phase.beyond.system
        coordinates = system.coordinates(self.voltage[self._linear.kept, None], inputs[:, None])
        return replace(placed(system, coordinates, inputs[:, None]), time=time)

    def _scale(self, inputs: FloatArray) -> float:
        """Full scale of a phase: the larger of the stages where it begins and at rest, at most their swing, V.

        Where it rests is not known with limiters and sinh cells: there it is that of the inputs instead.
        """
        linear, beyond = self._linear, self.phase.beyond
        swing = float(beyond.system.laws.swing.min(initial=np.inf))
        stages = np.concatenate([np.r_[linear.nodes[name]] for name in linear.stages])
        begin = np.abs(self.voltage[stages]).max(initial=LEAST_SCALE)
        if not self.phase.circuit.linear:
            return float(min(max(begin, beyond.scale(inputs[:, None])[0]), swing))
        if linear.growth_rate >= 0:
            return swing
        return float(min(max(begin, np.abs(linear.steady_stages(inputs[:, None])).max()), swing))

    def _piece(self, times: tuple[float, float], first: FloatArray, last: FloatArray) -> Piece:
        """Return a piece of the linear response from the present voltages."""
        linear = self.phase.linear
        given = linear.rest[linear.kept] + linear.feed[linear.kept] @ first
        state: Modal = (linear.modes.inverse @ (self.voltage[linear.kept] - given))[:, None]
        return self.phase.response.piece(*times, state, first[:, None], last[:, None])

    def _end(self, piece: Piece, inputs: FloatArray) -> None:
        """Go to the end of a piece."""
        linear = self.phase.linear
        state = np.real(linear.modes.vectors @ self.phase.response.end(piece)[:, 0])
        self.voltage = np.asarray(linear.read @ state + linear.rest + linear.feed @ inputs)
