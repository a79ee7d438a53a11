"""What a solve returns: frozen records with a named status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from amc_circuits.linear.stability import Stability
from amc_circuits.results.budget import NAMED, Budget
from amc_circuits.results.response import Response
from amc_circuits.values.notebook_html import html_of
from amc_circuits.values.quantities import format_quantity
from netlists.record import FloatArray

WRONG = 0.05
"""Relative error from which on a result that settled says what makes it wrong."""


class Status(IntEnum):
    """How a right-hand side ended; the larger the worse. `advice` says what to try."""

    SETTLED = 0
    CLIPPED = 1
    NOT_SETTLED = 2
    NONLINEAR = 3
    SATURATED = 4
    UNSTABLE = 5

    @property
    def advice(self) -> str:
        """One sentence: what it means and what to try."""
        return _ADVICE[self]


_ADVICE = {
    Status.SETTLED: "the outputs are within the tolerance of their final values",
    Status.CLIPPED: "an output passed the range of its ADC; raise adc_range or lower input_voltage",
    Status.NOT_SETTLED: "the outputs still moved after four times doubling the slot; a slow or ringing pole is near "
    "the stability limit, look at the waveform",
    Status.NONLINEAR: "the state-space engine knows linear amplifiers only; take engine auto or ngspice, or lower "
    "input_voltage",
    Status.SATURATED: "drop fixed_scale, lower input_voltage or g_max, or take an op-amp with more swing, "
    "output current or common-mode range",
    Status.UNSTABLE: "the circuit has a growing pole",
}


Metric = float | FloatArray
"""A number for a single right-hand side, else shape (K,)."""


@dataclass(frozen=True)
class Energy:
    """Joules from the step to the settling time, nan where nothing settled.

    Attributes:
        accounts: By account: `array` in cells and wires, `inputs` in the input resistors, what else a circuit names,
            and `amplifiers`, what supplies and input sources deliver less all others; None where the supply current of
            the op-amps is not known.
    """

    accounts: dict[str, Metric | None]

    @property
    def total(self) -> Metric | None:
        """All of it; None where the supply current of the op-amps is not known."""
        parts = [joules for joules in self.accounts.values() if joules is not None]
        return sum(parts) if len(parts) == len(self.accounts) else None

    @property
    def amplifiers(self) -> Metric | None:
        """What is left of what is delivered; None where that is not known."""
        return self.accounts["amplifiers"]

    @property
    def array(self) -> Metric:
        """Dissipated in cells and wires."""
        return self._of("array")

    @property
    def inputs(self) -> Metric:
        """Dissipated in the input resistors; 0 in a circuit without them."""
        return self._of("inputs")

    @property
    def record(self) -> dict[str, Metric | None]:
        """Everything by name: the total, then the accounts."""
        first = {"total": self.total, "amplifiers": self.amplifiers, "array": self.array, "inputs": self.inputs}
        return first | self.accounts

    def _of(self, account: str) -> Metric:
        found = self.accounts.get(account)
        if found is not None:
            return found
        return 0.0 * next((joules for joules in self.accounts.values() if joules is not None), 0.0)


@dataclass(frozen=True)
class Attempt:
    """One simulation of one right-hand side; there are several where it was repeated.

    Attributes:
        scale: k, volts per unit of b; where the matrix was scaled, of the scaled b.
        slot_time: How long the input was held, s.
        peak_output: Largest voltage that an amplifier's stage reached, V.
        why: `first`, `output scale reduced`, `slot doubled`, or `stream repeated` where another one was the reason.
    """

    scale: float
    slot_time: float
    peak_output: float
    why: str


@dataclass(frozen=True)
class Provenance:
    """What made a result.

    Attributes:
        engine: Name of the engine.
        ngspice_version: Such as `46`; empty when nothing was simulated.
        klu: True when KLU solved the matrices.
        design_sha256: Hash of the design record.
        deck_sha256: Hash over the hashes of all decks that were run; empty when none was.
        package_version: Of this package.
    """

    engine: str
    ngspice_version: str
    klu: bool
    design_sha256: str
    deck_sha256: str
    package_version: str


class Origin(Protocol):
    """What a solution is the answer of."""

    def budget(self, attempts: Sequence[Sequence[Attempt]], responses: tuple[Response | None, ...]) -> Budget:
        """What makes it wrong; attempts and responses as in the solution."""


@dataclass(frozen=True)
class Solution:
    """The answer of a circuit. For K right-hand sides arrays are (K,), for a single vector they are scalars.

    A complex right-hand side of a real matrix is two for the circuit, its real and its imaginary part: times and
    energies are the sums of both, and `attempts`, `responses` and `engines` have two entries each.

    Attributes:
        value: x of INV or y of MVM, shape (N,) or (N, K); complex where matrix or right-hand sides are.
        status: The worst of all right-hand sides.
        statuses: One status a right-hand side.
        message: One sentence about `status`.
        notes: Sentences that a reader of the result should know: what could not be judged, what was left out, times
            that jump on the smallest change.
        settling_time: s; nan where null.
        predicted_settling_time: From the slowest pole, s.
        overshoot: Relative to the largest final output.
        peak_output_current: Largest current of any amplifier, A.
        energy: Joules.
        relative_error: Against NumPy's result for the wanted matrix, 2-norm.
        residual: `||A x - b|| / ||b||`; nan for MVM.
        bits: `-log2(relative_error)`.
        attempts: For each right-hand side the simulations it took.
        responses: For each right-hand side its waveform; None where nothing was simulated.
        engines: What each right-hand side was solved by; empty where nothing was simulated.
        largest_difference: Of the waveforms of two engines, in units of full scale; nan where none was checked.
        cross_checked: How many right-hand sides were.
        stability: Poles of the linear circuit.
        provenance: What made the result.
        wall_time: Of the whole solve, s.
        origin: What it is the answer of.
    """

    value: FloatArray
    status: Status
    statuses: tuple[Status, ...]
    message: str
    notes: tuple[str, ...]
    settling_time: Any
    predicted_settling_time: float
    overshoot: Any
    peak_output_current: Any
    energy: Energy
    relative_error: Any
    residual: Any
    bits: Any
    attempts: tuple[tuple[Attempt, ...], ...]
    responses: tuple[Response | None, ...]
    engines: tuple[str, ...]
    cross_checked: int
    largest_difference: float
    stability: Stability
    provenance: Provenance
    wall_time: float
    origin: Origin = field(repr=False, compare=False)

    @property
    def usable(self) -> bool:
        """True when every right-hand side settled."""
        return self.status is Status.SETTLED

    @property
    def driven(self) -> list[list[Response]]:
        """Of every right-hand side the responses that were simulated: one, two of a complex one, none where it is 0."""
        each = len(self.responses) // len(self.statuses)
        groups = (self.responses[k : k + each] for k in range(0, len(self.responses), each))
        return [[response for response in group if response is not None] for group in groups]

    def time_to_bits(self, bits: float) -> Any:
        """From the step until a converter sees this accuracy to the end, (K,) or a scalar, s; nan where never."""
        times = [[response.time_to_bits(bits) for response in group] for group in self.driven]
        return scalar_or_array([sum(group) if group else np.nan for group in times], self.value.ndim == 1)

    @cached_property
    def _budget(self) -> Budget:
        return self.origin.budget(self.attempts, self.responses)

    def budget(self) -> Budget:
        """What makes it wrong: every cause alone and all together, from the circuit at rest, without a simulation.

        Raises:
            UnusableSolutionError: The circuit is unstable, so that it has no rest.
            ParameterError: The mesh needs more memory than there is.
        """
        if not self.stability.stable:
            raise UnusableSolutionError(f"{self.status.name}: a circuit without rest has no error budget")
        return self._budget

    @property
    def error_note(self) -> str:
        """One sentence on what makes it wrong where it settled, but with more than 5 %; empty otherwise."""
        errors = np.atleast_1d(self.relative_error)
        if not self.usable or not np.nan_to_num(errors).max(initial=0) > WRONG:
            return ""
        worst = int(np.nanargmax(errors))
        which = f" in right-hand side {worst + 1} of {len(errors)}" if len(errors) > 1 else ""
        parts = [f"{name} {format_quantity(error, '%')}" for name, error in self.budget().largest(worst)[:NAMED]]
        return (
            f"the relative error is {format_quantity(float(errors[worst]), '%')}{which}; largest causes, each alone: "
            f"{', '.join(parts)}; budget tells all"
        )

    def _repr_html_(self) -> str | None:
        """What a notebook shows: status, figures, outputs over time."""
        return html_of(self)

    def raise_if_unusable(self) -> Solution:
        """This solution, if it is usable.

        Raises:
            UnusableSolutionError: It is not.
        """
        if not self.usable:
            raise UnusableSolutionError(f"{self.status.name}: {self.message}")
        return self


class UnusableSolutionError(RuntimeError):
    """A circuit gave no usable result."""


def scalar_or_array(values: list[float], single: bool) -> float | FloatArray:
    """One number for a single right-hand side, else an array."""
    return float(values[0]) if single else np.array(values, dtype=np.float64)
