"""Choices of a plan, each made by itself or forced."""

from __future__ import annotations

from typing import Annotated, Literal

from netlists import Record
from netlists.record import about

CircuitName = Literal["inv", "ginv"]


class Choices(Record):
    """Choices of a plan; `auto` leaves one to the plan. The shift is in units of the largest entry of the scaled A."""

    circuit: Annotated[Literal["auto", "inv", "ginv"], about("Circuit of the arrays")] = "auto"
    scaling: Annotated[
        Literal["auto", "none", "diagonal", "powers-of-two"], about("Scaling of A before it is programmed")
    ] = "auto"
    shift: Annotated[
        float | Literal["auto"], about("Multiple of I in the arrays besides A, in units of its largest entry")
    ] = "auto"
    array_limit: Annotated[int, about("Largest number of rows and columns of an array", ge=1, le=100_000)] = 128
    most_levels: Annotated[int, about("Largest number of levels that the plan may take", ge=2, le=4096)] = 64
