"""What an engine is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from netlists import InvDesign, MvmDesign, StepTrain, Transient


@dataclass(frozen=True)
class Job:
    """One transient of a circuit.

    Attributes:
        design: What the circuit is.
        drive: Its inputs.
        analysis: What to simulate and save.
    """

    design: InvDesign | MvmDesign
    drive: StepTrain
    analysis: Transient
