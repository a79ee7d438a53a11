"""How a programmed circuit is driven, measured and simulated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from netlists import Record
from netlists.record import Positive


class Settings(Record):
    """How right-hand sides are put in and read out.

    Attributes:
        input_voltage: Input full scale: the largest input of each right-hand side, V.
        rise_time: Of the input steps, s.
        tolerance: Relative tolerance of the settling time.
        fixed_scale: True forbids the reduction of k where an output passes 0.8 of the swing.
        start: `rest`: the inputs go to zero between two right-hand sides, uncharged; `previous`: from the solution
            before.
        jobs: Simulations at the same time.
        force: True simulates an unstable circuit all the same.
        timeout: Seconds after which a simulation is ended.
        cross_check: Part of the right-hand sides that the engine `auto` solves by ngspice, too, to compare.
        keep: Folder for deck and log of failed runs; None is the system's folder for temporary files.
    """

    input_voltage: Annotated[float, Field(gt=0, le=1e3)] = 0.1
    rise_time: Annotated[float, Field(gt=0, le=1e3)] = 100e-12
    tolerance: Annotated[float, Field(gt=0, lt=1)] = 0.01
    fixed_scale: bool = False
    start: Literal["rest", "previous"] = "rest"
    jobs: Annotated[int, Field(ge=1)] = 1
    force: bool = False
    timeout: Positive = 600.0
    cross_check: Annotated[float, Field(ge=0, le=1)] = 0.02
    keep: Path | None = None
