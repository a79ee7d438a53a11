"""What is known of each of many circuits, and the limits that their figures are held against."""

from __future__ import annotations

import math
from dataclasses import dataclass

from amc_circuits.results.budget import CAUSES, TOGETHER
from amc_circuits.results.solution import Status
from amc_circuits.values.quantities import format_quantity, parse_quantity
from netlists import ParameterError

FAILED = "FAILED"
BUDGET = "budget_"
"""Begins the names of the figures of an error budget."""
FIGURES = {
    "relative_error": "%",
    "residual": "%",
    "bits": "",
    "settling_time": "s",
    "energy": "J",
    "overshoot": "%",
    "peak_output_current": "A",
    "relative_noise": "%",
}
"""What is told of every trial, with its unit for people; of several right-hand sides the worst."""
UNITS = FIGURES | {f"{BUDGET}{name}": "%" for name in (*CAUSES, *TOGETHER)}
"""The same with the error budget, which is told where it is asked for."""


@dataclass(frozen=True)
class Trial:
    """One circuit.

    Attributes:
        number: Which one of its seed.
        status: Name of its status; `FAILED` when the simulator failed.
        figures: Those of `UNITS` that are known, nan where nothing settled.
        error: Why it failed or cannot be used.
        design_sha256: Hash of its design; empty when it failed.
        deck_sha256: Hash of the decks that it was in; empty when there was none.
    """

    number: int
    status: str
    figures: dict[str, float]
    error: str = ""
    design_sha256: str = ""
    deck_sha256: str = ""

    @property
    def usable(self) -> bool:
        """True when every right-hand side settled."""
        return self.status == Status.SETTLED.name


@dataclass(frozen=True)
class Limit:
    """A limit on a figure, such as `relative_error<0.05`.

    Attributes:
        figure: One of `UNITS`.
        below: True when the figure must be below the value, False when above.
        value: In SI units.
    """

    figure: str
    below: bool
    value: float

    def passed(self, trial: Trial) -> bool:
        """True when a trial is usable and keeps the limit; an unknown figure does not."""
        figure = trial.figures.get(self.figure, math.nan)
        return trial.usable and (figure < self.value if self.below else figure > self.value)

    def __str__(self) -> str:
        unit = UNITS[self.figure]
        value = f"{self.value:g}" if unit in ("", "%") else format_quantity(self.value, unit).replace(" ", "")
        return f"{self.figure}{'<' if self.below else '>'}{value}"


def read_limits(text: str | None) -> tuple[Limit, ...]:
    """Limits as they are typed: `relative_error<0.05`, several with commas between them; none for None.

    Raises:
        ParameterError: There is no such figure, or no `<`, `>` or number.
    """
    return () if text is None else tuple(_limit(part.strip()) for part in text.split(","))


def _limit(text: str) -> Limit:
    names = ", ".join([*FIGURES, f"{BUDGET}CAUSE"])
    mend = f"must be FIGURE<NUMBER or FIGURE>NUMBER, with a figure of {names}"
    sign = "<" if "<" in text else ">"
    name, found, number = text.partition(sign)
    if not found or name.strip() not in UNITS:
        raise ParameterError("spec", repr(text), mend)
    unit = UNITS[name.strip()]
    try:
        return Limit(name.strip(), sign == "<", parse_quantity("spec", number.strip(), unit.replace("%", "")))
    except ParameterError:
        raise ParameterError("spec", repr(text), mend) from None
