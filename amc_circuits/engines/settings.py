"""Settings of the drive, the measurement and the simulation of a programmed circuit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from netlists import Record
from netlists.record import Positive, about


class Settings(Record):
    """Settings with which right-hand sides are applied and results measured.

    The largest input of each right-hand side is the input voltage; k is reduced if an output exceeds 0.8 of the swing.
    From rest, the inputs return to zero before each right-hand side, and this costs no energy or time in the results;
    from the previous one, it starts at the solution before. `keep` is the folder for deck and log of failed runs; None
    uses the system's folder for temporary files.
    """

    input_voltage: Annotated[float, about("Input full scale", "V", gt=0, le=1e3)] = 0.1
    fixed_scale: Annotated[bool, about("Do not reduce the inputs if an output exceeds 0.8 of the swing")] = False
    rise_time: Annotated[float, about("Rise time of the input steps", "s", gt=0, le=1e3)] = 100e-12
    tolerance: Annotated[float, about("Relative tolerance of the settling time", gt=0, lt=1)] = 0.01
    start: Annotated[Literal["rest", "previous"], about("Start of each right-hand side")] = "rest"
    jobs: Annotated[int, about("Number of simulations at the same time", ge=1)] = 1
    cross_check: Annotated[
        float, about("Fraction of the right-hand sides that the engine auto solves by ngspice, too", ge=0, le=1)
    ] = 0.02
    force: Annotated[bool, about("Simulate a circuit even if it is unstable")] = False
    timeout: Annotated[Positive, about("Time after which a simulation is stopped", "s")] = 600.0
    keep: Path | None = None
