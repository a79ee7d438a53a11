"""Settings of the drive, the measurement and the simulation of a programmed circuit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from netlists import Record
from netlists.record import Positive


class Settings(Record):
    """Settings with which right-hand sides are applied and results measured.

    Attributes:
        input_voltage: Input full scale: the largest input of each right-hand side, V.
        rise_time: Rise time of the input steps, s.
        tolerance: Relative tolerance of the settling time.
        fixed_scale: True forbids a smaller k where an output exceeds 0.8 of the swing.
        start: Start of each right-hand side. `rest`: the inputs return to zero before it, and this costs no energy or
            time in the results; `previous`: it starts from the solution before.
        jobs: Number of simulations that run at the same time.
        force: True simulates a circuit even if it is unstable.
        timeout: Time after which a simulation is stopped, s.
        cross_check: Fraction of the right-hand sides that the engine `auto` also solves by ngspice, for comparison.
        keep: Folder for deck and log of failed runs; None uses the system's folder for temporary files.
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
