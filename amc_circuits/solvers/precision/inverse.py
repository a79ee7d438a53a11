"""A programmed circuit with converters as approximate inverse of a loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from amc_circuits.linear.stability import Stability
from amc_circuits.results.measurement import Energy, Metric
from amc_circuits.results.status import Status
from amc_circuits.solvers.precision.parameters import Refinement
from amc_circuits.solvers.precision.words import Words
from amc_circuits.values.checks import Numbers
from netlists.record import FloatArray
from netlists.short_text import short_repr

SAMPLED = 4
"""Transients that measure time and energy of static cycles, spread over all cycles and right-hand sides."""


class Measured(Protocol):
    """Answers by transients, with what was measured."""

    @property
    def value(self) -> Numbers:
        """Answers."""

    @property
    def by_engine(self) -> dict[str, int]:
        """Number of right-hand sides that each engine solved."""

    @property
    def status(self) -> Status:
        """Worst status."""

    @property
    def statuses(self) -> tuple[Status, ...]:
        """Status of each right-hand side."""

    @property
    def message(self) -> str:
        """Sentence on the worst status."""

    @property
    def settling_time(self) -> Metric:
        """Settling time of each, s."""

    @property
    def energy(self) -> Energy:
        """Energy of each, J."""


class ProgrammedInverse(Protocol):
    """Programmed circuit whose answer is near that of A: INV, GINV, or blocks of them."""

    @property
    def stability(self) -> Stability:
        """Poles of the circuit; of several arrays the worst ones."""

    def steady(self, vectors: FloatArray, /) -> Numbers:
        """Answers at rest of right-hand sides (n, K)."""

    def solve(self, vectors: FloatArray, /) -> Measured:
        """Answers by transients, with times, energies and statuses."""


@dataclass(frozen=True)
class Transients:
    """Measurements of the transients of some cycles.

    Attributes:
        settling_time: Settling time of each, shape (T,), s; nan where nothing settled.
        energy: Energy of each, shape (T,), J; None if an energy is not known.
        statuses: Status of each.
        message: Sentence of the worst status.
        engines: Names of the engines that solved them.
    """

    settling_time: FloatArray
    energy: FloatArray | None
    statuses: tuple[Status, ...]
    message: str
    engines: tuple[str, ...] = ()

    __repr__ = short_repr

    @classmethod
    def of(cls, solutions: Sequence[Measured]) -> Transients:
        """Collect the measurements of solutions with K right-hand sides each."""
        times = [np.atleast_1d(one.settling_time) for one in solutions]
        energies = [one.energy.total for one in solutions]
        known = [np.atleast_1d(one) for one in energies if one is not None]
        worst = max(solutions, key=lambda one: one.status.severity, default=None)
        return cls(
            np.concatenate([*times, np.zeros(0)]),
            np.concatenate([*known, np.zeros(0)]) if len(known) == len(energies) else None,
            tuple(status for one in solutions for status in one.statuses),
            worst.message if worst else "",
            tuple(sorted({name for one in solutions for name in one.by_engine})),
        )


@dataclass
class CircuitInverse:
    """Approximate inverse of a loop: DACs, the circuit, ADCs whose range follows the largest output.

    Attributes:
        circuit: Programmed circuit without converters of its own.
        parameters: Bits of the converters, and how the values of a cycle are computed.
        inputs: Inputs of every cycle so far, in units of the full scale, shape (n, k) each.
        solutions: Solutions of every cycle so far if they are transients.
    """

    circuit: ProgrammedInverse
    parameters: Refinement
    inputs: list[FloatArray] = field(default_factory=list)
    solutions: list[Measured] = field(default_factory=list)

    def __call__(self, residual: FloatArray) -> Words:
        """Answer residuals (n, k) with rounded values; a column without a finite answer becomes 0."""
        words = Words.of(residual, self.parameters.dac_bits)
        self.inputs.append(words.relative)
        if self.parameters.cycles_by == "static":
            answer = self.circuit.steady(words.relative)
        else:
            self.solutions.append(self.circuit.solve(words.relative))
            answer = self.solutions[-1].value
        finite = np.isfinite(answer).all(axis=0)
        return Words.of(np.where(finite, answer, 0.0) * (words.unit * words.largest), self.parameters.adc_bits)

    @property
    def count(self) -> int:
        """Number of answers so far, over all right-hand sides."""
        return sum(one.shape[1] for one in self.inputs)

    def transients(self) -> Transients:
        """Return the transients of all cycles, or simulate those of a sample of static cycles."""
        if self.parameters.cycles_by == "engine":
            return Transients.of(self.solutions)
        inputs = np.concatenate(self.inputs, axis=1)
        places = np.unique(np.linspace(0, inputs.shape[1] - 1, SAMPLED).round().astype(int))
        return Transients.of([self.circuit.solve(inputs[:, places])])
