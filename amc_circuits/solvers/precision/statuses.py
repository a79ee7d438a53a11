"""Statuses of a refinement."""

from __future__ import annotations

from amc_circuits.results.status import Status

CONVERGED = Status.register("CONVERGED", 0, "the residual is below the wanted one, computed again from x")
OUT_OF_CYCLES = Status.register(
    "OUT_OF_CYCLES", 20, "the residual still fell at the last cycle; raise max_cycles or take cells with more levels"
)
STALLED = Status.register(
    "STALLED",
    30,
    "the residual no longer falls; take cells with more levels, smaller blocks, converters with more bits or a larger "
    "memory",
)
DIVERGED = Status.register(
    "DIVERGED", 40, "the residual grows: the circuit is too far from an inverse of A for plain refinement; take gcr"
)
