"""What is given to a step, and a step whose equations are solved."""

from __future__ import annotations

from dataclasses import dataclass

from amc_circuits.engines.exact.nonlinear.laws import Added
from amc_circuits.engines.exact.nonlinear.step.entry import Entries
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Driven:
    """What the inputs do at the nodes of a step.

    Attributes:
        rates: Rates of the coordinates, shape (n, 5, K).
        seen: Voltages of `System.seen` without those of the coordinates, shape (3 m + k, 4, K).
    """

    rates: FloatArray
    seen: FloatArray

    __repr__ = short_repr


@dataclass(frozen=True)
class Solved:
    """A step whose equations are solved.

    Attributes:
        length: Length, s.
        state: Coordinates at the end, shape (n, K).
        source: Coordinates at the start, then N at the five nodes, shape (n, 6, K).
        pushed: Part of N from what the limits add, shape (n, 5, K).
        added: What the limits add at the five nodes.
        voltages: Voltages of `System.seen` at the end, shape (3 m + k, 1, K).
        entered: Stages that entered their clamps; None for none, and in a first step.
        error: Estimated error in units of the tolerance.
        longest: Longest step that may follow, s (`longest`).
        iterations: Number of iterations that it took.
    """

    length: float
    state: FloatArray
    source: FloatArray
    pushed: FloatArray
    added: Added
    voltages: FloatArray
    entered: Entries | None
    error: float
    longest: float
    iterations: int

    __repr__ = short_repr
