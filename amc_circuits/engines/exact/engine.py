"""The exact engine: circuits solved from their parts, without a deck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from amc_circuits.engines.contract import About
from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.linear_range import CLOSED_FORM, LARGEST_LOSS
from amc_circuits.engines.exact.linear_stack.together import read_linear_circuits
from amc_circuits.engines.exact.reading import read_responses, read_slots
from amc_circuits.engines.exact.slots import slots_of, starts_from_rest
from amc_circuits.engines.exact.waveform import waveform
from amc_circuits.engines.freed_memory import keep_freed_memory
from amc_circuits.engines.job import Job
from amc_circuits.engines.known import EXACT, check_known
from amc_circuits.engines.settings import Settings
from amc_circuits.results.readings import FirstPass, Reading
from netlists import Circuit, StepTrain
from netlists.record import FloatArray

BATCH = 128
"""Most right-hand sides worked on at once."""


def _alike(jobs: Sequence[Job]) -> list[tuple[list[Job], bool]]:
    """Neighbouring jobs that can be read as one, and whether from rest: in equal slots."""

    def kind(job: Job) -> tuple[object, ...]:
        return job.drive.slot_time, job.drive.rise_time, starts_from_rest(job.drive), job.first_pass

    batches: list[tuple[list[Job], bool]] = []
    for job in jobs:
        last, from_rest = batches[-1] if batches else ([], False)
        count = job.drive.levels.shape[1] + sum(other.drive.levels.shape[1] for other in last)
        if from_rest and kind(last[0]) == kind(job) and count <= BATCH:
            last.append(job)
        else:
            batches.append(([job], starts_from_rest(job.drive)))
    return batches


@dataclass
class ExactEngine:
    """Reads jobs from exact responses of the linear circuit, and integrates those that reach limits of macro op-amps.

    Circuits with limiters, or with op-amps that clip, are always integrated.

    Attributes:
        largest_loss: Largest permitted change of a waveform by bent characteristics, in units of full scale, where they
            are not integrated.
        limits: False solves the linear circuit alone.
    """

    largest_loss: float = LARGEST_LOSS
    limits: bool = True
    name: ClassVar[str] = EXACT

    @property
    def about(self) -> About:
        """Name and version."""
        return About(self.name)

    @classmethod
    def of(cls, settings: Settings) -> ExactEngine:
        """The engine; it has no settings of its own."""
        return cls()

    def init(self, circuit: Circuit) -> ExactCircuit:
        """The exact circuit.

        Raises:
            ParameterError: Cells or op-amps are not known here, or there are several phases.
        """
        circuit.check_one_phase()
        check_known(circuit)
        keep_freed_memory()
        return ExactCircuit(circuit)

    def read(
        self, state: ExactCircuit, jobs: Sequence[Job], tolerance: float, processes: int = 1
    ) -> list[list[Reading]]:
        """Readings of every slot of every job; all in this process.

        Raises:
            ParameterError: Outputs are to be read at a first pass, and an op-amp is no macro model.
            NotIntegrableError: The limits of the op-amps need too many steps.
        """
        found: list[list[Reading]] = []
        for batch, from_rest in _alike(jobs):
            levels = [job.drive.levels for job in batch]
            drive = batch[0].drive.replace(levels=np.hstack(levels)) if len(batch) > 1 else batch[0].drive
            readings = iter(self._readings(state, drive, from_rest, tolerance, batch[0].first_pass))
            found += [[next(readings) for _ in range(part.shape[1])] for part in levels]
        return found

    def read_together(
        self, states: Sequence[ExactCircuit], jobs: Sequence[Job], tolerance: float
    ) -> list[list[Reading] | None]:
        """Readings of every slot of the jobs of many circuits; None for a circuit that has to be read alone, by `read`.

        Whether a circuit is read here, and every bit of its readings, depends on this circuit and its job alone. So are
        linear circuits from rest (`linear_stack/together.py`), and those of macro op-amps without
        clamps that draw currents (`stack/together.py`).

        Args:
            states: Circuits, of any designs.
            jobs: One job of each.
            tolerance: Relative tolerance of the settling time.
        """
        linear = [k for k, job in enumerate(jobs) if job.first_pass is None]
        found: list[list[Reading] | None] = [None for _ in zip(states, jobs, strict=True)]
        read = read_linear_circuits([states[k] for k in linear], [jobs[k].drive for k in linear], tolerance)
        for k, readings in zip(linear, read, strict=True):
            found[k] = readings
        left = [k for k, readings in enumerate(found) if readings is None and self.limits]
        if left:
            from amc_circuits.engines.exact.stack import together  # here, for ngspice needs none of it

            beyond = together.read_together([states[k] for k in left], [jobs[k] for k in left], tolerance)
            for k, readings in zip(left, beyond, strict=True):
                found[k] = readings
        return found

    def _readings(
        self, state: ExactCircuit, drive: StepTrain, from_rest: bool, tolerance: float, first_pass: FirstPass | None
    ) -> list[Reading]:
        """Readings of every slot: by the closed form where no amplifier leaves its linear range, else step by step."""
        from amc_circuits.engines.exact.nonlinear import reading as nonlinear  # here, for ngspice needs none of it

        check_known(state.circuit, first_pass is not None)
        linear = state.circuit.linear
        if linear and not (state.limited and self.limits):
            # A stack of one takes less time, and gives the bits of one of many.
            stacked = read_linear_circuits([state], [drive], tolerance)[0]
            return stacked or read_slots(state, drive, from_rest, tolerance, self.largest_loss)
        if not linear or first_pass is not None or any(source.kick for source in state.circuit.sources):
            return nonlinear.read_slots(state.beyond, drive, from_rest, tolerance, first_pass)
        if from_rest and state.beyond.surely_beyond(drive, CLOSED_FORM):
            return nonlinear.read_slots(state.beyond, drive, from_rest, tolerance)
        slots = slots_of(state, drive, from_rest)
        beyond = state.beyond.losses(slots.hold, CLOSED_FORM) > CLOSED_FORM
        found: dict[int, Reading] = {}
        if not beyond.all() and (from_rest or not beyond.any()):
            chosen = np.flatnonzero(~beyond)
            readings = read_responses(state, slots.of(chosen), drive.slot_time, tolerance, np.inf)
            found = {int(k): one for k, one in zip(chosen, readings, strict=True) if one.loss <= CLOSED_FORM}
        if len(found) < len(beyond):
            # A slot that does not start from rest depends on all before it.
            rest = [k for k in range(len(beyond)) if k not in found] if from_rest else list(range(len(beyond)))
            part = drive if len(rest) == len(beyond) else drive.replace(levels=drive.levels[:, rest])
            found |= dict(zip(rest, nonlinear.read_slots(state.beyond, part, from_rest, tolerance), strict=True))
        return [found[k] for k in range(len(beyond))]

    def rest(self, state: ExactCircuit, levels: FloatArray, processes: int = 1) -> FloatArray:
        """Outputs in the steady state for levels (inputs, K), shape (N, K), V.

        It is that of the linear circuit, or of the circuit with all limits if it has limiters or op-amps that clip.
        """
        if not state.circuit.linear:
            return state.beyond.resting_outputs(levels)
        return state.linear.steady(state.linear.outputs, levels)

    def outputs(self, state: ExactCircuit, job: Job, time: FloatArray) -> FloatArray:
        """Output voltages over the whole step train at times (T,), rising, s; shape (T, N)."""
        return waveform(state, job.drive, time, state.limited)
