"""A `Solution` assembled from the readings of a circuit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.linear.stability import complex_text
from amc_circuits.results.budget import Budget
from amc_circuits.results.measurement import Energy, Metric, bits
from amc_circuits.results.readings import NARROWER, WIDER, Reading
from amc_circuits.results.response import Response
from amc_circuits.results.solution import Attempt, Provenance, Solution, scalar_or_array
from amc_circuits.results.status import Status
from amc_circuits.solvers.at_rest import NOTHING
from amc_circuits.solvers.programmed import ProgrammedArray
from amc_circuits.solvers.question import Question
from amc_circuits.values.checks import Numbers
from amc_circuits.values.quantities import counted, format_quantity
from netlists import ClippingOpAmps
from netlists.record import FloatArray
from netlists.short_text import short_repr

if TYPE_CHECKING:
    from amc_circuits.solvers.answers.budgeting import Account

GRAZING = 1.1
"""Ratio of the settling times at 0.97 and 1.03 of the tolerance above which a note is added.

For an exponential the two times differ by 1.3 %, or by 3 % at a tolerance of 0.1."""
RISE = 0.01
"""Least rise of the distance from the final outputs between these times for the note, in units of the band.

An exponential that begins at its band has none, however large the ratio of its times is."""


@dataclass(frozen=True)
class Answer:
    """Readings of the driven columns, with the data from which `solution` assembles a `Solution`.

    Attributes:
        circuit: Programmed circuit that was read.
        question: Right-hand sides of the circuit, with their exact answers.
        readings: Reading of every column that is not zero, by the place of the column.
        scale: Scale k of every column at the input full scale, shape (C,), V per unit.
    """

    circuit: ProgrammedArray
    question: Question
    readings: dict[int, Reading]
    scale: FloatArray

    __repr__ = short_repr

    @cached_property
    def _grouped(self) -> list[list[Reading]]:
        """Readings of every right-hand side; empty where all of its columns are zero."""
        return [[self.readings[k] for k in group if k in self.readings] for group in self.question.groups]

    def _each(self, of_reading: Any, together: Callable[[list[float]], float] = sum) -> Any:
        """Metric of every right-hand side, from the readings of its columns; nan where all of them are zero."""
        found = [together([of_reading(one) for one in group]) if group else np.nan for group in self._grouped]
        return scalar_or_array(found, self.question.single)

    @cached_property
    def _outputs(self) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Output voltages as read, nan without a reading, and whether each column exceeded the range of the ADCs."""
        finals = np.full(self.question.target.shape, np.nan)
        if self.readings:
            finals[:, list(self.readings)] = np.stack([one.final for one in self.readings.values()], axis=1)
        circuit = self.circuit
        return circuit.converters.outputs(finals, circuit.output_range)

    @cached_property
    def _gain(self) -> float:
        return self.circuit.gain

    def _values(self) -> Numbers:
        values = np.full(self.question.target.shape, np.nan)
        if self.circuit.acts:
            values[:, self.scale == 0] = 0
        read = list(self.readings)
        units = self.scale[read] * [one.attempt.scale for one in self.readings.values()]
        values[:, read] = self._gain * self._outputs[0][:, read] / units
        return self.circuit.presented(self.circuit.system.values(values, self.question.vectors.shape[1]))

    def _status(self, column: int) -> Status:
        if not self.circuit.acts:
            return Status.NOT_GROWING if self.circuit.growing else Status.UNSTABLE
        if self.scale[column] == 0:
            return Status.SETTLED
        reading = self.readings[column]
        clipped = bool(self._outputs[1][column])
        if (own := self.circuit.own_status(reading)) is not None:
            return max(own, Status.CLIPPED) if clipped else own
        if reading.excess:
            return Status.NONLINEAR
        if self.circuit.first_pass is not None:
            passed = Status.CLIPPED if clipped else Status.PASSED
            return passed if reading.steady else Status.NOT_PASSED
        rest = reading.at_rest
        if not reading.steady or rest is None:
            return Status.NOT_SETTLED
        if rest.held:
            return Status.SATURATED
        if rest.distance > self.circuit.settings.tolerance:
            return Status.NOT_SETTLED
        return Status.CLIPPED if clipped else Status.SETTLED

    def _message(self, statuses: list[Status]) -> str:
        """Describe the worst status in one sentence, with its cause in the first column that has it."""
        worst = max(statuses)
        if worst is Status.UNSTABLE:
            return self.circuit.stability.cause
        if worst is Status.NOT_GROWING:
            slowest = complex_text(self.circuit.stability.slowest)
            return f"{worst.advice}: the slowest decays at {slowest} 1/s{self.circuit.still_because()}"
        reading = self.readings.get(statuses.index(worst))
        seen = ""
        if reading is not None and reading.excess:
            seen = str(reading.excess)
        elif reading is not None and (rest := reading.at_rest) is not None and worst is not Status.SETTLED:
            away = f"{format_quantity(rest.distance, '%')} of full scale away from the steady state"
            if rest.held:
                seen = str(rest.held) + ("" if np.isnan(rest.distance) else f", the outputs are {away}")
            elif worst is Status.NOT_SETTLED:
                return f"the outputs rest {away} of the same circuit, and no limit of an amplifier explains it"
        return f"{seen}; {worst.advice}" if seen else worst.advice

    def _notes(self, statuses: list[Status]) -> tuple[str, ...]:
        """Notes for the reader of the solution, one sentence each."""
        settled = {
            k: self.readings[k] for k, status in enumerate(statuses) if status is Status.SETTLED and self.scale[k]
        }
        mapping = self.circuit.mapping
        made_up = mapping.compensation.note if mapping.compensation else ""
        own = self.circuit.own_notes()
        found = [note for note in (*own, mapping.lifting_note, made_up, self.circuit.linear.note) if note]
        if unjudged := self._count(k for k, one in settled.items() if one.at_rest and np.isnan(one.at_rest.distance)):
            found.append(f"{unjudged} could not be judged: ngspice found no operating point to compare with")
        if uncertain := self._count(k for k, one in settled.items() if one.uncertain):
            found.append(
                f"settling times of {uncertain} kept changing as time steps were made shorter; the exact engine "
                "knows them where the circuit is linear"
            )
        grazing = {k: one for k, one in settled.items() if _grazes(one)}
        if grazing:
            worst = max(grazing, key=lambda k: grazing[k].settling_range[1] - grazing[k].settling_range[0])
            early, late = (format_quantity(time, "s") for time in grazing[worst].settling_range)
            groups = self.question.groups
            place = 1 + next(place for place, group in enumerate(groups) if worst in group)
            which = f"that of right-hand side {place} of {len(groups)}" if len(groups) > 1 else "it"
            found.append(
                f"the settling time jumps: at {WIDER:g} and {NARROWER:g} times the tolerance {which} is {early} and "
                f"{late}, for a crest grazes the edge of its band"
            )
        return tuple(found)

    def _count(self, columns: Iterable[int]) -> str:
        """Count the right-hand sides that these columns belong to, as `3 right-hand sides`; empty for none."""
        held = set(columns)
        count = sum(not held.isdisjoint(group) for group in self.question.groups)
        return counted(count, "right-hand side") if count else ""

    def _energy(self) -> Energy:
        known = [reading.energy for reading in self.readings.values()]
        accounts = self.circuit.circuit.accounts

        def of(account: str) -> Metric | None:
            if any(energy[account] is None for energy in known) or (account == "amplifiers" and not known):
                return None
            found: Metric = self._each(lambda reading: reading.energy[account])
            return found

        return Energy({account: of(account) for account in ("amplifiers", *accounts[:-1])})

    def _attempts(self, column: int) -> tuple[Attempt, ...]:
        if column not in self.readings:
            return ()
        unit = float(self.scale[column])
        return tuple(
            Attempt(one.scale * unit, one.slot_time, one.peak_output, one.why) for one in self.readings[column].attempts
        )

    @property
    def has_budget(self) -> bool:
        """True if the circuit has an error budget."""
        return "budget" not in self.circuit.meaningless and not self.circuit.circuit.of(ClippingOpAmps)

    @property
    def near_zero(self) -> NDArray[np.bool_]:
        """True for right-hand sides whose outputs are, and are to be, 0 or rounding of it, shape (K,)."""
        wanted = self.question.target * self.scale / self._gain
        largest = NOTHING * np.abs(self.question.columns * self.scale).max(axis=0)
        small = (np.maximum(np.abs(self._outputs[0]), np.abs(wanted)) <= largest).all(axis=0)
        return np.array([small[group].all() for group in self.question.groups])

    def causes(self, attempts: Sequence[Sequence[Attempt]]) -> dict[str, Metric]:
        """Errors at rest from each cause alone; attempts are those of the solution."""
        return self._account(attempts).causes()

    def budget(
        self,
        causes: Mapping[str, Metric],
        attempts: Sequence[Sequence[Attempt]],
        responses: tuple[Response | None, ...],
    ) -> Budget:
        """Error budget of the solution with these causes; attempts and responses are those of the solution."""
        return self._account(attempts).budget(causes, responses)

    def _account(self, attempts: Sequence[Sequence[Attempt]]) -> Account:
        from amc_circuits.solvers.answers.budgeting import Account  # here, for few answers need a budget

        scales = np.array(
            [tried[-1].scale if tried else unit for tried, unit in zip(attempts, self.scale, strict=True)]
        )
        return Account(self.circuit, self.question, scales)

    def _response(self, column: int) -> Response | None:
        """Waveform of a column, with the exact outputs of the wanted system on the same scale."""
        if column not in self.readings:
            return None
        reading = self.readings[column]
        factor = self.scale[column] * reading.attempt.scale / self._gain
        if self.circuit.growing:
            factor = np.nan  # what grows has a direction, but no size of its own
        target = self.question.target[:, column] * factor
        names = self.circuit.system.output_names(self.circuit.gives, self.question.part(column))
        more = {"target": target, "terminal_voltage": reading.terminal_voltage, "names": names}
        return Response(**{**vars(reading.response), **more})  # `replace` is slow, and these are many

    def solution(self, provenance: Provenance, wall_time: float) -> Solution:
        """Assemble the solution."""
        columns, single = range(len(self.scale)), self.question.single
        values = self._values()
        by_column = [self._status(k) for k in columns]
        statuses = tuple(max(by_column[k] for k in group) for group in self.question.groups)
        errors = self.circuit.error(values, self.question.reference)
        responses = tuple(self._response(k) for k in columns)
        differences = [r.difference for r in self.readings.values() if not np.isnan(r.difference)]
        return Solution(
            value=values[:, 0] if single else values,
            status=max(statuses),
            statuses=statuses,
            message=self._message(by_column),
            notes=self._notes(by_column),
            settling_time=self._each(lambda reading: reading.settling_time),
            predicted_settling_time=self.circuit.predicted_time,
            overshoot=self._each(lambda reading: reading.overshoot, max),
            peak_output_current=self._each(lambda reading: reading.peak_output_current, max),
            energy=self._energy(),
            relative_error=scalar_or_array(errors.tolist(), single),
            residual=scalar_or_array(self.circuit.residual(values, self.question.vectors), single),
            bits=scalar_or_array(bits(errors).tolist(), single),
            attempts=tuple(self._attempts(k) for k in columns),
            responses=responses,
            engines=tuple(self.readings[k].engine if k in self.readings else "" for k in columns),
            cross_checked=len(differences),
            largest_difference=max(differences, default=np.nan),
            stability=self.circuit.stability,
            provenance=provenance,
            wall_time=wall_time,
            figures=self.circuit.own_figures(values, responses),
            origin=self,
        )


def _grazes(reading: Reading) -> bool:
    """Return True if the outputs come back to the edge of their band between the settling times at two tolerances."""
    early, late = reading.settling_range
    if not late > GRAZING * early:
        return False
    response = reading.response
    away = np.abs(response.outputs - reading.final).max(axis=1)[(early < response.time) & (response.time < late)]
    least = RISE * response.tolerance * np.abs(reading.final).max()
    return bool((away - np.minimum.accumulate(away)).max(initial=0.0) > least)
