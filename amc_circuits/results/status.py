"""Statuses of right-hand sides: named, ordered by severity, each with advice; a solver may register its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import total_ordering
from typing import ClassVar

from netlists import ParameterError


@total_ordering
@dataclass(frozen=True, eq=False)
class Status:
    """Status of a right-hand side; a more severe one is larger. There is one object for each name.

    Attributes:
        name: Name, such as `SETTLED`.
        severity: 0 for a usable result; larger is worse. Those of this package are 10, 20 ... 50.
        advice: Meaning of the status and a remedy, in one sentence.
    """

    name: str
    severity: int
    advice: str

    SETTLED: ClassVar[Status]
    PASSED: ClassVar[Status]
    CLIPPED: ClassVar[Status]
    NOT_SETTLED: ClassVar[Status]
    NOT_PASSED: ClassVar[Status]
    NONLINEAR: ClassVar[Status]
    SATURATED: ClassVar[Status]
    NOT_GROWING: ClassVar[Status]
    UNSTABLE: ClassVar[Status]

    @classmethod
    def register(cls, name: str, severity: int, advice: str) -> Status:
        """Add a status, or return the one that has these values already.

        Raises:
            ParameterError: Another status has this name, or the severity is negative.
        """
        if severity < 0:
            raise ParameterError("severity", severity, "must be 0 for a usable result, or above 0")
        found = _STATUSES.setdefault(name, cls(name, severity, advice))
        if (found.severity, found.advice) != (severity, advice):
            raise ParameterError("status", name, "there is another status of this name; take another name")
        return found

    @classmethod
    def named(cls, name: str) -> Status | None:
        """Return the status of this name; None if it is not registered."""
        return _STATUSES.get(name)

    @property
    def usable(self) -> bool:
        """True if the result can be used."""
        return self.severity == 0

    def __lt__(self, other: Status) -> bool:
        return self.severity < other.severity

    def __repr__(self) -> str:
        return f"Status.{self.name}"

    def __reduce__(self) -> tuple[object, tuple[str, int, str]]:
        return Status.register, (self.name, self.severity, self.advice)


def is_usable(name: str) -> bool:
    """True if there is a status of this name whose results can be used."""
    status = Status.named(name)
    return status is not None and status.usable


_STATUSES: dict[str, Status] = {}
Status.SETTLED = Status.register("SETTLED", 0, "the outputs are within the tolerance of their final values")
Status.PASSED = Status.register("PASSED", 0, "the outputs were read when they first passed their level")
Status.CLIPPED = Status.register(
    "CLIPPED", 10, "an output passed the range of its ADC; raise adc_range or lower input_voltage"
)
Status.NOT_SETTLED = Status.register(
    "NOT_SETTLED",
    20,
    "the outputs still moved after four times doubling the slot; a slow or ringing pole is near the stability limit, "
    "look at the waveform",
)
Status.NOT_PASSED = Status.register(
    "NOT_PASSED",
    20,
    "no voltage passed the level at which the outputs are read, in slots of up to 16 times the usual time; lower it",
)
Status.NONLINEAR = Status.register(
    "NONLINEAR",
    30,
    "the exact engine knows the limits of amplifiers only if all are macro models, in one phase; take engine auto or "
    "ngspice, or lower input_voltage",
)
Status.SATURATED = Status.register(
    "SATURATED",
    40,
    "drop fixed_scale, lower input_voltage or g_max, or take an op-amp with more swing, output current, gain or "
    "common-mode range",
)
Status.NOT_GROWING = Status.register("NOT_GROWING", 50, "no pole grows, so the circuit stays at rest")
Status.UNSTABLE = Status.register("UNSTABLE", 50, "the circuit has a growing pole")
