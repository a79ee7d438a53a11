"""Stream right-hand sides through a programmed array, read them, and repeat those that were too large or too slow."""

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
from amc_circuits.results.readings import FirstPass, Reading
from amc_circuits.solvers.at_rest import judged, near_zero
from netlists import Circuit, MacroOpAmp, OpAmp, ParameterError, StepTrain, SubcircuitOpAmp, Transient
from netlists.record import FloatArray

CHUNK = 8
"""Right-hand sides in one transient, if each starts from rest: fixed, so that results do not depend on the jobs."""
RESIDUE = 0.005
"""Part of an output that remains after a return.

Until the next output settles, this remainder decays by the tolerance. It is then this part of the settling band."""
DOUBLINGS = 4
MOST_POINTS = 1_000_000
"""Largest number of time points of one slot; a circuit that needs more is refused."""
RELTOL = 1e-4
"""Relative tolerance of the simulator.

With the step below, the error of waveforms is about 1e-3 of full scale, and that of settling times and energies is at
most 1 %. The tests check this for every preset. If the crest of a ringing output touches the edge of its settling band,
the settling time jumps by half a period on the smallest change of the waveform."""
STEPS_PER_TIME_CONSTANT = 5
"""Time steps in a time constant of the slowest pole: in it the trapezoidal rule errs by 1/(12 * 5^2) = 0.3 %. Error
control takes shorter steps where faster poles are active."""


@dataclass(frozen=True)
class Timing:
    """Times of a stream of right-hand sides.

    Attributes:
        slot_time: Time of one right-hand side, s.
        return_time: Time in which the circuit returns to rest, s.
        fall_time: Fall time of the inputs at the beginning of the return, s.
        max_step: Largest time step, s.
    """

    slot_time: float
    return_time: float
    fall_time: float
    max_step: float


SLOT = 1.25
"""Slot time in units of its first four fifths."""
LARGEST_RESPONSE = 30.0
"""Response that decays to the tolerance in them: 1.5 times the final value, to a twentieth of the tolerance."""


def slot_of_time_constant(tolerance: float) -> float:
    """Part of the slot time that the slowest pole sets, in units of its time constant."""
    return SLOT * math.log(LARGEST_RESPONSE / tolerance)


def timing(poles: Stability, opamps: Sequence[OpAmp], tolerance: float, rise_time: float) -> Timing:
    """Compute slot time, return time and time step from the slowest pole and the slew rate.

    At the beginning of the last fifth of the slot, a response of 1.5 times the final value has decayed to a twentieth
    of the tolerance. At the end of a return, a response of the size of the final value has decayed to half of the
    tolerance, and at least to `RESIDUE`. The inputs fall within a time constant. Without a sharp edge the simulator
    takes long steps.
    """
    time_constant = 1 / abs(poles.slowest.real)
    slewing = max(opamp.slewing_time for opamp in opamps)
    slot = float(slot_times(np.asarray(time_constant), slewing, tolerance, rise_time))
    back = time_constant * (1 - math.log(min(tolerance / 2, RESIDUE))) + slewing
    step = min(1 / (STEPS_PER_TIME_CONSTANT * abs(poles.slowest)), slot / 40)
    if slot / step > MOST_POINTS:
        raise _too_many_points(poles, max(opamps, key=lambda one: one.slewing_time), rise_time, slot)
    return Timing(slot, back, time_constant, step)


def slot_times(time_constants: FloatArray, slewing: float, tolerance: float, rise_time: float) -> FloatArray:
    """Compute slot times for the slowest time constants (P,), s; see `timing`."""
    return np.asarray(time_constants * slot_of_time_constant(tolerance) + SLOT * slewing + 2 * rise_time)


def _too_many_points(poles: Stability, opamp: OpAmp, rise_time: float, slot: float) -> ParameterError:
    """Build the error that names the cause of a slot with too many time steps."""
    if 4 * rise_time > slot:
        return ParameterError("rise_time", rise_time, "is far longer than the circuit's own time constants; shorten it")
    equivalent = opamp.equivalent
    if isinstance(equivalent, MacroOpAmp) and 2 * opamp.slewing_time > slot:
        slow = "is far too slow for this op-amp's bandwidth"
        if isinstance(opamp, SubcircuitOpAmp):  # The slew rate was not given by the user: it was measured.
            return ParameterError("op-amp", f"a measured slew rate of {equivalent.slew_rate:.4g} V/s", slow)
        return ParameterError("slew_rate", equivalent.slew_rate, slow)
    cycles = abs(poles.slowest.imag / poles.slowest.real) / (2 * math.pi)
    other = "take another op-amp" if isinstance(opamp, SubcircuitOpAmp) else "raise second_pole"
    mend = f"at the limit of stability: add damping to A or {other}"
    return ParameterError("A", f"a circuit that rings {cycles:.3g} times before it decays", mend)


def return_time(given: Timing, linear: LinearCircuit, levels: FloatArray) -> float:
    """Compute a return time that is long enough for every column of `levels`.

    After it, the remainder of the column before is small on the scale of the column's outputs. The given time is for
    outputs of equal size. Where large outputs come before small ones, `ln(ratio)` time constants are added
    (`fall_time` is one time constant).
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
    first_pass: FirstPass | None = None,
    saved: tuple[str, ...] | None = None,
) -> Job:
    """Build the transient that streams columns of input voltages (inputs, K), in slots doubled `doubled` times."""
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
        saved=saved_vectors(circuit) if saved is None else saved,
        discharged=circuit.discharged,
    )
    return Job(circuit, drive, analysis, first_pass)


@dataclass
class Stream:
    """A programmed circuit, ready for right-hand sides.

    Attributes:
        circuit: Programmed circuit.
        linear: Linear circuit of `circuit`.
        state: State of the engine for this circuit.
        resting: False for a circuit with a growing pole, wanted or not; without a first pass it is read once.
        timing: Times of each right-hand side.
        settings: Settings of drive and measurement.
        engine: Engine that simulates the circuit.
        first_pass: Level at which the outputs are read; None reads settled outputs.
        decks: Hash of every deck that was run, in order.
    """

    circuit: Circuit
    linear: LinearCircuit
    state: Any
    resting: bool
    timing: Timing
    settings: Settings
    engine: Engine
    first_pass: FirstPass | None = None
    decks: list[str] = field(default_factory=list)

    def solve(self, levels: FloatArray, first: Sequence[Reading] | None = None) -> list[Reading]:
        """Simulate and read every column of `levels`.

        A column whose output exceeded 0.8 of the swing is repeated once at a smaller scale, unless the scale is fixed.
        A column that was not steady, or not at the steady state of the circuit, is repeated alone in slots of twice,
        four times ... the length. If each column starts from the one before, all columns are repeated, since a
        column depends on those before it.

        Args:
            levels: Input voltages at the input full scale, shape (inputs, K), V.
            first: Readings of all columns if they were taken before, together with other circuits.
        """
        if first is None:
            readings = self._read(levels, range(levels.shape[1]), {})
        else:
            readings = {k: self._noted(reading, 1.0) for k, reading in enumerate(first)}
        if self.first_pass is not None:
            self._wait_longer(levels, readings)
        elif self.resting:
            if not self.settings.fixed_scale:
                self._reduce_scale(levels, readings)
            self._wait_longer(levels, readings)
        return [readings[k] for k in sorted(readings)]

    @property
    def _in_turn(self) -> bool:
        """True if a right-hand side starts from the solution before it."""
        return self.settings.start == "previous"

    def _read(
        self, levels: FloatArray, columns: Sequence[int], scale: dict[int, float], doubled: int = 0
    ) -> dict[int, Reading]:
        """Simulate columns at their scales (1 unless given) and read them; in doubled slots each column runs alone.

        If each column starts from the one before, all columns are one stream, and all are read.
        """
        chunk = 1 if doubled else CHUNK
        if self._in_turn:
            columns, chunk = range(levels.shape[1]), levels.shape[1]
        groups = [columns[k : k + chunk] for k in range(0, len(columns), chunk)]
        jobs, saved = [], saved_vectors(self.circuit)
        for group in groups:
            driven = levels[:, list(group)] * np.array([scale.get(k, 1.0) for k in group])
            given = (self.linear, self.settings, self.timing, driven, doubled, self.first_pass, saved)
            jobs.append(stream_job(self.circuit, *given))
        readings = {}
        found = self.engine.read(self.state, jobs, self.settings.tolerance, self.settings.jobs)
        for group, slots in zip(groups, found, strict=True):
            for column, reading in zip(group, slots, strict=True):
                readings[column] = self._noted(reading, scale.get(column, 1.0))
        return readings

    def _noted(self, reading: Reading, scale: float) -> Reading:
        """Note in a reading the scale at which it was taken, and record its deck."""
        if reading.deck_sha256 and reading.deck_sha256 not in self.decks[-1:]:
            self.decks.append(reading.deck_sha256)
        if reading.attempt.scale == scale and reading.attempts == (reading.attempt,):
            return reading
        attempt = replace(reading.attempt, scale=scale)
        return replace(reading, attempt=attempt, attempts=(attempt,))

    def _reduce_scale(self, levels: FloatArray, readings: dict[int, Reading]) -> None:
        """Repeat once, at a smaller scale, the columns that exceeded 0.8 of the swing.

        A peak that a limit holds is only a lower bound of the peak of a linear amplifier. If the steady state of the
        linear circuit is higher, it determines the scale.
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
        """Repeat alone, in slots of twice the length, the columns that are not steady or not at the steady state.

        With a first pass, those that did not pass the level.
        """
        for doubled in range(DOUBLINGS + 1):
            if self.first_pass is None:
                self._judge(levels, readings)
            restless = [k for k, reading in readings.items() if _is_restless(reading, self.settings.tolerance)]
            if not restless or doubled == DOUBLINGS:
                return
            scale = {k: reading.attempt.scale for k, reading in readings.items()}
            self._repeat(readings, self._read(levels, restless, scale, doubled + 1), restless, "slot doubled")

    def _judge(self, levels: FloatArray, readings: dict[int, Reading]) -> None:
        """Compare the steady readings with the steady state of the same circuit."""
        readings |= near_zero(readings, levels)
        new = [k for k, one in readings.items() if one.steady and one.excess is None and one.at_rest is None]
        if not new:
            return
        held = levels[:, new] * np.array([readings[k].attempt.scale for k in new])
        if self.circuit.linear:
            wanted = self.linear.steady(self.linear.outputs, held)
        else:
            wanted = self.engine.rest(self.state, held, self.settings.jobs)
        found = judged(self.circuit, [readings[k] for k in new], wanted, self.settings.tolerance, held)
        readings.update(zip(new, found, strict=True))

    def _repeat(self, readings: dict[int, Reading], again: dict[int, Reading], asked: Sequence[int], why: str) -> None:
        for column, reading in again.items():
            attempt = replace(reading.attempt, why=why if column in asked else "stream repeated")
            attempts = (*readings[column].attempts, attempt)
            readings[column] = replace(reading, attempt=attempt, attempts=attempts)


def _is_restless(reading: Reading, tolerance: float) -> bool:
    """True if more time may help: outputs still move, or rest away from the steady state without a limit."""
    rest = reading.at_rest
    return not reading.steady or (rest is not None and rest.distance > tolerance and not rest.held)
