"""Check of the simulator's time steps against what was read, and repetition in shorter ones where they were too long.

Of a linear circuit the exact response is known: after the settling time the two waveforms may differ by `ALLOWED` of
the tolerance band, for then the settling time lies between the exact ones at 0.97 and 1.03 of the tolerance. Where they
differ by more, and by more than the bent characteristics of the amplifiers explain, the slot is simulated again in
shorter steps, until two runs agree or the exact response does.

Where nothing exact is known to compare with, so it is done for a sample, and wherever there is a warning sign: a
settling time far from the predicted one, or one that jumps on a small change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.slots import slots_of, starts_from_rest
from amc_circuits.engines.job import Job
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.results.observation import Observation
from amc_circuits.results.readings import Reading
from netlists import Circuit, spice_circuit

ALLOWED = 0.028
"""Permitted difference as a part of the tolerance band: below the 3 % within which a settling time counts as right."""
EXPLAINED = 0.8
"""Part of the estimated loss by which amplifiers that are not quite linear may change a waveform."""
TELLING = 0.1
"""A difference, in tolerance bands, up to which the exact response is right and the simulation must come to it."""
SAMPLE = 0.1
"""Part of the right-hand sides without an exact response that is run again."""
FAR = 3.0
"""Factor between measured and predicted settling time that is a warning sign."""
JUMPS = 1.05
"""Ratio of the settling times at 0.97 and 1.03 of the tolerance that is a warning sign."""
LEVELS = ((2, 5.0, 2.5e-5), (4, 2.0, 1e-5), (8, 1.0, 3e-6), (16, 0.5, 1e-6))
"""Parts of the time step, trtol and reltol of each further run."""


@dataclass(frozen=True, eq=False)
class Simulated:
    """A circuit as ngspice and its checks need it.

    Attributes:
        circuit: Record of the circuit.
    """

    circuit: Circuit

    @cached_property
    def body(self) -> str:
        """The deck's text without sources and analysis."""
        return str(spice_circuit(self.circuit)).rstrip()

    @cached_property
    def exact(self) -> ExactCircuit:
        """Exact response that the waveforms of a linear circuit are compared with."""
        return ExactCircuit(self.circuit)


@dataclass(frozen=True)
class Run:
    """One job as it was simulated.

    Attributes:
        state: Circuit as ngspice needs it.
        job: Simulated job.
        observation: Observed waveforms.
        readings: Readings of every slot.
    """

    state: Simulated
    job: Job
    observation: Observation
    readings: list[Reading]


def refined(
    runs: Sequence[Run], tolerance: float, again: Callable[[list[tuple[Run, Job]]], list[Run]]
) -> list[list[Reading]]:
    """Readings of every slot of every run, those replaced whose time steps were too long.

    Args:
        runs: As they were simulated.
        tolerance: Relative tolerance of the settling time.
        again: Simulates further jobs of the circuits of runs.
    """
    found = [list(run.readings) for run in runs]
    doubts = {place: here for place, run in enumerate(runs) if (here := _doubtful(run, tolerance))}
    for parts, trtol, reltol in LEVELS:
        if not doubts:
            return found
        chosen = [(place, *runs[place].job.part(sorted(slots))) for place, slots in doubts.items()]
        finer = again([(runs[place], job.finer(parts, trtol, reltol)) for place, job, _ in chosen])
        left: dict[int, dict[int, float]] = {}
        for (place, _, slots), run in zip(chosen, finer, strict=True):
            for number, slot in enumerate(slots):
                before, reading = found[place][slot], run.readings[number]
                decks = f"{before.deck_sha256} {reading.deck_sha256}"
                found[place][slot] = replace(reading, deck_sha256=decks)
                allowed = doubts[place].get(slot)
                if allowed is not None and not _agreed(before, run, number, tolerance, allowed):
                    left.setdefault(place, {})[slot] = allowed
        doubts = left
    for place, slots_left in doubts.items():
        for slot in slots_left:
            found[place][slot] = replace(found[place][slot], uncertain=True)
    return found


def _agreed(before: Reading, run: Run, slot: int, tolerance: float, allowed: float) -> bool:
    """True where the exact response says that the shorter steps are right, or, if it says little, the longer ones do.

    Args:
        before: Reading with longer steps.
        run: With the shorter ones.
        slot: Which slot of it.
        tolerance: Relative tolerance of the settling time.
        allowed: Difference from the exact response in tolerance bands; 0 where there is none.
    """
    reading = run.readings[slot]
    if not reading.steady:
        return not before.steady
    if allowed > 0 and _error(run, slot, tolerance) <= allowed:
        return True
    early, late = reading.settling_range
    return not 0 < allowed <= TELLING and before.steady and early <= before.settling_time <= late


def _doubtful(run: Run, tolerance: float) -> dict[int, float]:
    """Slots that are to be simulated again, and their difference from the exact response that may stay (`_agreed`)."""
    unknown = [slot for slot, reading in enumerate(run.readings) if reading.steady and reading.settling_time > 0]
    found: dict[int, float] = {}
    if run.state.circuit.linear:
        errors = {slot: error for slot in unknown if (error := _error(run, slot, tolerance)) > ALLOWED}
        losses = _losses(run, list(errors), tolerance)
        limits = {slot: ALLOWED + EXPLAINED * losses[slot] / tolerance for slot in errors}
        found = {slot: limits[slot] for slot, error in errors.items() if error > limits[slot]}
        unknown = [slot for slot in errors if slot not in found]
    if unknown:
        drawn = run.job.drawn(SAMPLE, "step")
        predicted = math.log(1 / tolerance) / abs(linear_circuit(run.state.circuit).poles[0].real)
        slewing = max(record.slewing_time for record in run.state.circuit.opamps)
        found |= {slot: 0.0 for slot in unknown if drawn[slot] or _is_strange(run.readings[slot], predicted, slewing)}
    return found


def _is_strange(reading: Reading, predicted: float, slewing: float) -> bool:
    """True where a settling time asks for a second look."""
    early, late = reading.settling_range
    far = not predicted / FAR <= reading.settling_time <= FAR * (predicted + slewing)
    return far or late > JUMPS * early


def _losses(run: Run, slots: list[int], tolerance: float) -> dict[int, float]:
    """Loss of these slots to bent characteristics, in units of full scale."""
    if not slots:
        return {}
    from amc_circuits.engines.exact.reading import read_slots  # here, for few waveforms are in doubt

    part, places = run.job.part(slots)
    readings = read_slots(run.state.exact, part.drive, starts_from_rest(part.drive), tolerance)
    losses = {slot: reading.loss for slot, reading in zip(places, readings, strict=True)}
    return {slot: losses[slot] for slot in slots}


def _error(run: Run, slot: int, tolerance: float) -> float:
    """Largest difference from the exact waveform, end values taken out, after the settling time, in tolerance bands."""
    drive, seen = run.job.drive, run.observation
    start = slot * drive.period
    part = seen.between(start, drive.slot_end(slot))
    settled = drive.step_time(slot) + run.readings[slot].settling_time
    first = max(int(np.searchsorted(part.time, settled)) - 1, 0)
    time, outputs = part.time[first:] - start, part.outputs[first:]
    # Between samples the outputs are read as straight lines.
    time = np.concatenate([time, (time[1:] + time[:-1]) / 2])
    outputs = np.concatenate([outputs, (outputs[1:] + outputs[:-1]) / 2])
    time = np.minimum(time, drive.slot_time)
    exact = run.state.exact
    slots = slots_of(exact, drive, starts_from_rest(drive)).of(np.array([slot]))
    wanted = np.empty_like(outputs)
    for piece, here in ((slots.edge, time < drive.rise_time), (slots.hold, time >= drive.rise_time)):
        if here.any():
            wanted[here] = exact.response.at(piece, exact.outputs, np.maximum(time[here], piece.start))[0]
    last = len(part.time) - first - 1
    moved = np.abs((outputs - outputs[last]) - (wanted - wanted[last])).max()
    return float(moved / (tolerance * np.abs(outputs[last]).max()))
