"""Settings of an algorithm, and which of them have no effect in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import Field

from amc_circuits import Record, about

Name = Literal["digital", "analog-sgd", "tiki-taka-1", "tiki-taka-2", "mixed-precision", "residual"]
ALGORITHMS: tuple[str, ...] = get_args(Name)
Rate = Annotated[float, Field(gt=0, le=1e3)]
RATES = {
    "digital": (0.3, 0.0),
    "analog-sgd": (0.003, 0.0),
    "tiki-taka-1": (3.0, 0.1),
    "tiki-taka-2": (10.0, 0.3),
    "mixed-precision": (1.0, 0.0),
    "residual": (0.3, 0.1),
}
"""Default rates of updates and of transfers, for the digits with 4 states, tuned by `benchmarks/residual`.

That of analog SGD is the best of 0.001, 0.003 and 0.03 with the seeds of the results; those of the tuning prefer 0.03.
"""
TRANSFERRING = ("tiki-taka-1", "tiki-taka-2", "residual")
OF_RESIDUAL = ("tiles", "gamma", "schedule", "first_stage", "transfers")


class AlgorithmSettings(Record):
    """An algorithm and its numbers."""

    algorithm: Annotated[Name, about("Algorithm")] = "residual"
    rate: Annotated[Rate | None, about("Learning rate in units of the weights; that of the algorithm unless given")] = (
        None
    )
    tiles: Annotated[int, about("Tiles of residual learning", ge=1, le=6)] = 4
    gamma: Annotated[float, about("Weight of a tile over that of the tile above", gt=0, lt=1)] = 0.5
    transfer_rate: Annotated[
        Rate | None, about("Part of a tile that a transfer adds to the tile above; that of the algorithm unless given")
    ] = None
    transfer_every: Annotated[int, about("Batches from one transferred column to the next", ge=1, le=1_000_000)] = 1
    schedule: Annotated[
        Literal["stages", "simultaneous"], about("Tiles learn stage by stage, or all at the same time")
    ] = "stages"
    first_stage: Annotated[float, about("Part of the epochs for the first stage", gt=0, lt=1)] = 0.5
    transfers: Annotated[
        Literal["buffered", "pulse-trains"], about("Transfers through a digital buffer, or by pulse trains")
    ] = "buffered"
    updates: Annotated[
        Literal["pulses", "expected"], about("Random pulses, or the mean of their effect in closed form, for limits")
    ] = "pulses"

    @property
    def rates(self) -> tuple[float, float]:
        """Rates of updates and of transfers."""
        rate, transfer = RATES[self.algorithm]
        return self.rate or rate, self.transfer_rate or transfer

    @property
    def stage_count(self) -> int:
        """Number of stages."""
        staged = self.algorithm == "residual" and self.schedule == "stages"
        return max(1, self.tiles - 1) if staged else 1

    @property
    def transferring(self) -> bool:
        """True if tiles are transferred to others."""
        return self.algorithm in TRANSFERRING and not (self.algorithm == "residual" and self.tiles == 1)

    @property
    def buffered(self) -> bool:
        """True if transfers go through a digital buffer."""
        return self.transferring and (
            self.transfers == "buffered" if self.algorithm == "residual" else self.algorithm == "tiki-taka-2"
        )

    def idle(self) -> Iterator[tuple[str, str]]:
        """Yield the settings without an effect here, and the reasons."""
        if self.algorithm != "residual":
            why = f"has no effect with {self.algorithm}; leave it out, or take algorithm = residual"
            yield from ((name, why) for name in OF_RESIDUAL)
        elif self.tiles == 1:
            why = "has no effect with one tile; leave it out, or take more tiles"
            yield from ((name, why) for name in OF_RESIDUAL[1:])
        elif self.stage_count == 1:
            yield "first_stage", "has no effect with a single stage; leave it out, or take 3 tiles and stages"
            if self.tiles == 2:
                yield "schedule", "has no effect with two tiles; leave it out, or take 3 tiles"
        if not self.transferring:
            why = f"has no effect: {self.algorithm} transfers nothing between tiles; leave it out"
            yield from ((name, why) for name in ("transfer_rate", "transfer_every"))
        if self.algorithm == "digital":
            yield "updates", "has no effect with digital weights; leave it out"
