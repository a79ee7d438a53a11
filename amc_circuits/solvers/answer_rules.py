"""Rules of a circuit for its answers: status, presentation, error, notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from amc_circuits.results.measurement import relative_error
from amc_circuits.results.readings import Reading
from amc_circuits.results.response import Response
from amc_circuits.results.solution import Solution
from amc_circuits.results.status import Status
from amc_circuits.values.checks import Numbers
from netlists.record import FloatArray


class AnswerRules:
    """Rules that every circuit has, and that a solver replaces where it has its own."""

    def own_status(self, reading: Reading) -> Status | None:
        """Return a status that only this solver knows, for a reading; None applies the rules of every circuit."""
        return None

    def still_because(self) -> str:
        """Describe why no pole grows where growth is wanted, and the mend, as the end of a sentence."""
        return ""

    def presented(self, values: Numbers) -> Numbers:
        """Return answers (N, K) as they are presented, such as at a length of their own."""
        return values

    def own_figures(self, values: Numbers, responses: Sequence[Response | None]) -> dict[str, float]:
        """Compute metrics that only this circuit has, by their names; a name ends in its unit."""
        return {}

    def noise_while_growing(self, solution: Solution, bandwidth: float | None) -> dict[str, float]:
        """Compute the noise of an answer that is read while it grows, as in a record."""
        return {}

    def own_notes(self) -> tuple[str, ...]:
        """Return notes for the reader of a solution that only this circuit has, one sentence each."""
        return ()

    def error(self, values: Numbers, reference: Numbers) -> FloatArray:
        """Measure the error of values (N, K) against the exact ones; relative, 2-norm, shape (K,)."""
        return relative_error(values, reference)

    def residual(self, values: Numbers, vectors: Numbers) -> list[float]:
        """Relative residual of values (N, K) for right-hand sides (n, K); nan if none is defined."""
        return [np.nan] * values.shape[1]

    def warnings(self) -> tuple[UserWarning, ...]:
        """Warnings about unsuitable parts."""
        return ()

    def idle_parameters(self) -> Iterator[tuple[str, str]]:
        """Yield the names of parameters that have no effect in this circuit, each with the reason."""
        yield from ()

    def choices(self) -> Iterator[str]:
        """Yield the values that the circuit chose itself, one sentence each."""
        yield from ()
