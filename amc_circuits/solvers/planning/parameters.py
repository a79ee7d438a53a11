"""Choices of a plan, each made by itself or forced."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from netlists import Record
from netlists.record import about

CircuitName = Literal["inv", "ginv", "blocks"]
LeafName = Literal["inv", "ginv"]


class Choices(Record):
    """Choices of a plan; `auto` leaves one to the plan. The shift is in units of the largest entry of the scaled A."""

    circuit: Annotated[Literal["auto", "inv", "ginv", "blocks"], about("Circuit of the arrays")] = "auto"
    scaling: Annotated[
        Literal["auto", "none", "diagonal", "powers-of-two"],
        about(
            "Scaling of A before it is programmed (auto: powers-of-two, or diagonal if A is definite and it is faster)"
        ),
    ] = "auto"
    shift: Annotated[
        Annotated[float, Field(ge=0)] | Literal["auto"],
        about("Multiple of I besides A, in resistors, in units of its largest entry"),
    ] = "auto"
    stages: Annotated[
        Annotated[int, Field(ge=0, le=16)] | Literal["auto"], about("Number of times that blocks cuts A in two")
    ] = "auto"
    leaf: Annotated[Literal["auto", "inv", "ginv"], about("Circuit of the leaves of blocks (auto: inv, then ginv)")] = (
        "auto"
    )
    pivoting: Annotated[Literal["auto", "none", "partial"], about("Order of the rows of blocks, as in LU")] = "auto"
    ridge: Annotated[float, about("Lambda of (A^T A + lambda) x = A^T b; above 0 it replaces A x = b", ge=0)] = 0.0
    array_limit: Annotated[int, about("Largest number of rows and columns of an array", ge=1, le=100_000)] = 128
    most_levels: Annotated[
        int, about("Largest number of levels that the plan may take by doubling those of the cells", ge=2, le=4096)
    ] = 64
