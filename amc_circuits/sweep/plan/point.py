"""One point of a sweep, ready to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amc_circuits.sweep.plan.subject import Subject, subject_of


@dataclass(frozen=True)
class Point:
    """One point of a sweep.

    Attributes:
        key: Key from `Subject.key`.
        number: Its place in the sweep.
        circuit: Name of the circuit, such as `inv`, or of the run of another package.
        options: Complete options of the subject.
        with_waveforms: True to store waveforms.
        word: `circuit` or `run`.
    """

    key: str
    number: int
    circuit: str
    options: dict[str, Any]
    with_waveforms: bool = False
    word: str = "circuit"

    @property
    def subject(self) -> Subject:
        """The circuit, or the run of another package."""
        return subject_of(self.word, self.circuit)

    @property
    def parameters(self) -> dict[str, Any]:
        """Options with the name of the subject, as in a row."""
        return {self.word: self.circuit, **self.options}
