"""Right-hand sides through a programmed array: streamed, read, and repeated where one was too large or too slow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from amc_circuits.engines import Engine, Job
from amc_circuits.engines.settings import Settings
from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.stability import Stability
from amc_circuits.results.converters import HEADROOM
from amc_circuits.results.observation import saved_vectors
from amc_circuits.results.readings import Reading
from amc_circuits.solvers.at_rest import at_rest
from netlists import Circuit, MacroOpAmp, OpAmp, ParameterError, StepTrain, SubcircuitOpAmp, Transient
from netlists.record import FloatArray

CHUNK = 8
"""Right-hand sides in one transient, where each starts from rest. Fixed, so that results do not depend on the number of
jobs."""
RESIDUE = 0.005
"""Of an output's size, that is left of it after a return. Until the next output settles it decays by the tolerance, as
that one does, so that it is this part of the band then."""
DOUBLINGS = 4
MOST_POINTS = 1_000_000
"""Time points of one slot; a circuit that asks for more is refused."""
RELTOL = 1e-4
"""With the step below, waveforms are within some 1e-3 of full scale of the exact ones, settling times and energies
within 1 % (the tests hold every preset to it). Where a ringing output's crest grazes its band, the settling time jumps
by half a period on the smallest change of the waveform."""
STEPS_PER_TIME_CONSTANT = 5
"""Of the slowest pole. The trapezoidal rule's error in a time constant is then 1/(12 * 5^2) = 0.3 %; error control
takes shorter steps where faster poles move."""


@dataclass(frozen=True)
class Timing:
    """How long things are given.

    Attributes:
        slot_time: Of one right-hand side, s.
        return_time: To come to rest, s.
        fall_time: Of the inputs at the beginning of the return, s.
        max_step: Largest time step, s.
    """

    slot_time: float
    return_time: float
    fall_time: float
    max_step: float


def timing(poles: Stability, opamps: Sequence[OpAmp], tolerance: float, rise_time: float) -> Timing:
    """Slot, return and step from the slowest pole and the slew rate.

    At the beginning of the slot's last fifth, a response of 1.5 times the final value's size has decayed to a
    twentieth of the tolerance; at the end of a return, one of the final value's size to half of it, and to `RESIDUE`
    at least. The inputs fall within a time constant: without a sharp edge the simulator takes long steps.
    """
    time_constant = 1 / abs(poles.slowest.real)
    slewing = max(opamp.slewing_time for opamp in opamps)
    slot = 1.25 * (time_constant * math.log(30 / tolerance) + slewing) + 2 * rise_time
    back = time_constant * (1 - math.log(min(tolerance / 2, RESIDUE))) + slewing
    step = min(1 / (STEPS_PER_TIME_CONSTANT * abs(poles.slowest)), slot / 40)
    if slot / step > MOST_POINTS:
        raise _too_many_points(poles, max(opamps, key=lambda one: one.slewing_time), rise_time, slot)
    return Timing(slot, back, time_constant, step)


def _too_many_points(poles: Stability, opamp: OpAmp, rise_time: float, slot: float) -> ParameterError:
    """Names what makes a slot so much longer than a time step."""
    if 4 * rise_time > slot:
        return ParameterError("rise_time", rise_time, "is far longer than the circuit's own time constants")
    equivalent = opamp.equivalent
    if isinstance(equivalent, MacroOpAmp) and 2 * opamp.slewing_time > slot:
        slow = "is far too slow for this op-amp's bandwidth"
        if isinstance(opamp, SubcircuitOpAmp):  # Nobody gave the slew rate: it was measured.
            return ParameterError("op-amp", f"a measured slew rate of {equivalent.slew_rate:.4g} V/s", slow)
        return ParameterError("slew_rate", equivalent.slew_rate, slow)
    cycles = abs(poles.slowest.imag / poles.slowest.real) / (2 * math.pi)
    other = "take another op-amp" if isinstance(opamp, SubcircuitOpAmp) else "raise second_pole"
    mend = f"at the limit of stability: add damping to A or {other}"
    return ParameterError("A", f"a circuit that rings {cycles:.3g} times before it decays", mend)


def return_time(given: Timing, linear: LinearCircuit, levels: FloatArray) -> float:
    """Long enough for every column of `levels`: what is left of the one before is small on the scale of its outputs.

    The given time is for outputs of equal size; where large ones come before small ones, `ln(ratio)` time constants
    are added (`fall_time` is one time constant).
    """
    sizes = np.abs(linear.steady(linear.outputs, levels)).max(axis=0)
    ratio = (sizes[:-1] / np.maximum(sizes[1:], np.finfo(float).tiny)).max(initial=1.0)
    return given.return_time + given.fall_time * math.log(ratio)


def swing_of(circuit: Circuit) -> float:
    """Largest voltage that the output of every op-amp can reach without load, V."""
    return min(record.swing for record in circuit.opamps)


def stream_job(
    circuit: Circuit,
    linear: LinearCircuit,
    settings: Settings,
    given: Timing,
    levels: FloatArray,
    doubled: int = 0,
) -> Job:
    """The transient that streams columns of input voltages (inputs, K), in slots doubled so many times."""
    from_rest = settings.start == "rest" and levels.shape[1] > 1
    back = return_time(given, linear, levels) if from_rest else 0.0
    slot_time = given.slot_time * 2**doubled
    drive = StepTrain(
        levels=levels,
        slot_time=slot_time,
        return_time=back,
        rise_time=settings.rise_time,
        fall_time=given.fall_time,
    )
    analysis = Transient(
        stop_time=drive.stop_time,
        max_step=given.max_step,
        reltol=min(RELTOL, settings.tolerance / 100),
        saved=saved_vectors(circuit),
    )
    return Job(circuit, drive, analysis)


@dataclass
class Stream:
    """A programmed circuit, ready for right-hand sides.

    Attributes:
        circuit: What it is.
        linear: Its linear circuit.
        state: What the engine made of it.
        stable: False for a circuit that is simulated though it has a growing pole: it is read once, as it comes.
        timing: What each right-hand side is given.
        settings: How it is driven and measured.
        engine: What simulates it.
        decks: Hash of every deck that was run, in order.
    """

    circuit: Circuit
    linear: LinearCircuit
    state: Any
    stable: bool
    timing: Timing
    settings: Settings
    engine: Engine
    decks: list[str] = field(default_factory=list)

    def solve(self, levels: FloatArray, first: Sequence[Reading] | None = None) -> list[Reading]:
        """Reads every column of `levels` (inputs, K), volts at the input full scale.

        A column whose output passed 0.8 of the swing is repeated once at a smaller scale (unless the scale is fixed);
        one that was not steady, or not where the circuit rests, is repeated alone in slots of twice, four times ... the
        length. Where each starts from the one before, all of them are repeated: a column has its history.

        Args:
            levels: Input voltages.
            first: Readings of all columns where they have been taken already, side by side with other circuits.
        """
        if first is None:
            readings = self._read(levels, range(levels.shape[1]), {})
        else:
            readings = {k: self._noted(reading, 1.0) for k, reading in enumerate(first)}
        if self.stable:
            if not self.settings.fixed_scale:
                self._reduce_scale(levels, readings)
            self._wait_longer(levels, readings)
        return [readings[k] for k in sorted(readings)]

    @property
    def _in_turn(self) -> bool:
        """True where a right-hand side starts from the solution before it."""
        return self.settings.start == "previous"

    def _read(
        self, levels: FloatArray, columns: Sequence[int], scale: dict[int, float], doubled: int = 0
    ) -> dict[int, Reading]:
        """Simulates columns at their scales (1 unless given) and reads them; in doubled slots each runs alone.

        Where each starts from the one before, all columns are one stream, and all are read.
        """
        chunk = 1 if doubled else CHUNK
        if self._in_turn:
            columns, chunk = range(levels.shape[1]), levels.shape[1]
        groups = [columns[k : k + chunk] for k in range(0, len(columns), chunk)]
        jobs = []
        for group in groups:
            factors = np.array([scale.get(k, 1.0) for k in group])
            driven = levels[:, list(group)] * factors
            jobs.append(stream_job(self.circuit, self.linear, self.settings, self.timing, driven, doubled))
        readings = {}
        found = self.engine.read(self.state, jobs, self.settings.tolerance, self.settings.jobs)
        for group, slots in zip(groups, found, strict=True):
            for column, reading in zip(group, slots, strict=True):
                readings[column] = self._noted(reading, scale.get(column, 1.0))
        return readings

    def _noted(self, reading: Reading, scale: float) -> Reading:
        """A reading at the scale it was taken at; its deck is entered."""
        if reading.deck_sha256 and reading.deck_sha256 not in self.decks[-1:]:
            self.decks.append(reading.deck_sha256)
        attempt = replace(reading.attempt, scale=scale)
        return replace(reading, attempt=attempt, attempts=(attempt,))

    def _reduce_scale(self, levels: FloatArray, readings: dict[int, Reading]) -> None:
        """Repeats, once, what passed 0.8 of the swing.

        A peak that a limit holds is only a lower bound of what a linear amplifier reaches: where the linear circuit's
        steady state lies higher, that one counts.
        """
        swing = swing_of(self.circuit)
        large = [k for k, reading in readings.items() if reading.attempt.peak_output > HEADROOM * swing]
        if not large:
            return
        predicted = np.abs(self.linear.steady_stages(levels[:, large])).max(axis=0)
        scale = {}
        for column, linear_peak in zip(large, predicted.tolist(), strict=True):
            scale[column] = HEADROOM * swing / max(readings[column].attempt.peak_output, linear_peak)
        self._repeat(readings, self._read(levels, large, scale), large, "output scale reduced")

    def _wait_longer(self, levels: FloatArray, readings: dict[int, Reading]) -> None:
        """Repeats alone, in slots of twice the length, what was not steady or does not rest where it should."""
        for doubled in range(DOUBLINGS + 1):
            self._judge(levels, readings)
            restless = [k for k, reading in readings.items() if _is_restless(reading, self.settings.tolerance)]
            if not restless or doubled == DOUBLINGS:
                return
            scale = {k: reading.attempt.scale for k, reading in readings.items()}
            self._repeat(readings, self._read(levels, restless, scale, doubled + 1), restless, "slot doubled")

    def _judge(self, levels: FloatArray, readings: dict[int, Reading]) -> None:
        """Compares what is steady with the steady state of the same circuit."""
        new = [k for k, one in readings.items() if one.steady and one.excess is None and one.at_rest is None]
        if not new:
            return
        held = levels[:, new] * np.array([readings[k].attempt.scale for k in new])
        if self.circuit.linear:
            wanted = self.linear.steady(self.linear.outputs, held)
        else:
            wanted = self.engine.rest(self.state, held, self.settings.jobs)
        for column, outputs in zip(new, wanted.T, strict=True):
            judged = at_rest(self.circuit, readings[column], outputs, self.settings.tolerance)
            readings[column] = replace(readings[column], at_rest=judged)

    def _repeat(self, readings: dict[int, Reading], again: dict[int, Reading], asked: Sequence[int], why: str) -> None:
        for column, reading in again.items():
            attempt = replace(reading.attempt, why=why if column in asked else "stream repeated")
            attempts = (*readings[column].attempts, attempt)
            readings[column] = replace(reading, attempt=attempt, attempts=attempts)


def _is_restless(reading: Reading, tolerance: float) -> bool:
    """True where more time may help: it still moves, or rests elsewhere than it should and no limit holds it."""
    rest = reading.at_rest
    return not reading.steady or (rest is not None and rest.distance > tolerance and not rest.held)
