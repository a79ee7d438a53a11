"""Metrics of each of many circuits, and limits on these metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amc_circuits.results.budget import CAUSES, TOGETHER
from amc_circuits.results.status import is_usable
from amc_circuits.values.quantities import format_quantity, parse_quantity
from netlists import ParameterError
from netlists.short_text import short_repr

FAILED = "FAILED"
BUDGET = "budget_"
"""Prefix of the metrics of an error budget."""
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
"""Metrics of every trial, with their units for tables; for several right-hand sides, the worst value."""
GROWING = {"growth_rate": "1/s", "clamped_direction_error": "%"}
"""Further metrics of a circuit that grows."""
UNITS = FIGURES | GROWING | {f"{BUDGET}{name}": "%" for name in (*CAUSES, *TOGETHER)}
"""Metrics with those of the error budget, which is optional."""


NO_LIMIT = 1000.0
"""Ratio of a limit to all metrics from which it is no limit, but a number in another unit perhaps; a choice here."""
SI_UNITS = ("s", "J", "A")
"""Units whose metrics are small numbers, so that a suffix such as `n` belongs to their limits."""


@dataclass(frozen=True)
class Trial:
    """Result of one circuit.

    Attributes:
        number: Number of the circuit among those of its seed.
        status: Name of its status; `FAILED` if the simulator failed.
        figures: Known metrics of `UNITS`, nan where nothing settled.
        error: Reason why it failed or is not usable.
        design_sha256: Hash of its design; empty if it failed.
        deck_sha256: Hash of the decks with this circuit; empty if there was none.
        cross_checked: Number of right-hand sides that ngspice checked.
        largest_difference: Largest difference of the waveforms of both engines, in units of full scale; 0 if none was
            checked.
        by_engine: Number of right-hand sides that each engine solved.
    """

    number: int
    status: str
    figures: dict[str, float]
    error: str = ""
    design_sha256: str = ""
    deck_sha256: str = ""
    cross_checked: int = 0
    largest_difference: float = 0.0
    by_engine: dict[str, int] = field(default_factory=dict)

    __repr__ = short_repr

    @property
    def usable(self) -> bool:
        """True if every right-hand side settled."""
        return is_usable(self.status)


@dataclass(frozen=True)
class Limit:
    """Limit on a metric, such as `relative_error<0.05`.

    Attributes:
        figure: Name of the metric, one of `UNITS`.
        below: True if the metric must be below the value, False if above.
        value: Value of the limit, in SI units.
    """

    figure: str
    below: bool
    value: float

    def passed(self, trial: Trial) -> bool:
        """Return True if a trial is usable and keeps the limit; an unknown metric does not keep it."""
        return trial.usable and self.kept(trial.figures.get(self.figure, math.nan))

    def kept(self, figure: float) -> bool:
        """Return True if a value of the metric keeps the limit; nan does not."""
        return figure < self.value if self.below else figure > self.value

    def __str__(self) -> str:
        unit = UNITS[self.figure]
        value = f"{self.value:g}" if unit in ("", "%") else format_quantity(self.value, unit).replace(" ", "")
        return f"{self.figure}{'<' if self.below else '>'}{value}"


def read_limits(text: str | None, parameter: str = "spec") -> tuple[Limit, ...]:
    """Parse limits such as `relative_error<5%`, separated by commas; None has no limits.

    Args:
        text: Text of the user.
        parameter: Name of the parameter that the text is for, for errors.

    Raises:
        ParameterError: If there is no such metric, or no `<`, `>` or number.
    """
    return () if text is None else tuple(_limit(part.strip(), parameter) for part in text.split(","))


def _limit(text: str, parameter: str) -> Limit:
    names = ", ".join([*FIGURES, f"{BUDGET}CAUSE"])
    mend = f"must be METRIC<NUMBER or METRIC>NUMBER, with a metric of {names}"
    sign = "<" if "<" in text else ">"
    name, found, number = text.partition(sign)
    if not found or name.strip() not in UNITS:
        raise ParameterError(parameter, repr(text), mend)
    unit = UNITS[name.strip()]
    try:
        return Limit(name.strip(), sign == "<", parse_quantity(parameter, number.strip(), unit))
    except ParameterError:
        raise ParameterError(parameter, repr(text), mend) from None


def no_limits(limits: Sequence[Limit], trials: Sequence[Trial]) -> list[str]:
    """Return a note on each limit in s, J or A that every usable trial keeps by a factor of `NO_LIMIT`.

    Such a limit says nothing; `settling_time<200` is 200 s, where 200 ns may be meant.
    """
    return [note for limit in limits if (note := _no_limit(limit, trials))]


def _no_limit(limit: Limit, trials: Sequence[Trial]) -> str:
    unit = UNITS[limit.figure]
    known = np.array([trial.figures.get(limit.figure, math.nan) for trial in trials if trial.usable])
    known = known[~np.isnan(known)]
    if unit not in SI_UNITS or not known.size or not known.max() > 0:
        return ""
    which, end = ("largest", float(known.max())) if limit.below else ("smallest", float(known.min()))
    far = limit.value >= NO_LIMIT * end if limit.below else 0 < NO_LIMIT * limit.value <= end
    if not far:
        return ""
    seen = format_quantity(end, unit)
    return f"{limit} is no limit, the {which} value is {seen}; numbers are in {unit}, with suffixes such as 200n"


def worst_of(value: Any, usable: bool) -> float:
    """Largest value of several right-hand sides.

    A right-hand side of zeros has none, one that did not settle counts.
    """
    values = np.atleast_1d(np.asarray(value, dtype=np.float64))
    known = values[~np.isnan(values)] if usable else values
    return float(known.max()) if known.size else math.nan
