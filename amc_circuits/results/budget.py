"""Error budget of a solution: the error from each cause alone, and from all causes together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from amc_circuits.values.quantities import format_quantities
from netlists.short_text import LINES, rows_text

CAUSES = {
    "lifting": "cells lifted to g_min",
    "levels": "levels of the cells",
    "limit_spread": "spread of the cells' limits",
    "programming_error": "programming error",
    "stuck_cells": "stuck cells",
    "drift": "drift",
    "read_noise": "read noise",
    "temperature": "temperature of the cells",
    "cells": "cells as they were programmed",
    "nonlinearity": "sinh cells",
    "opamp_gain": "op-amp gain",
    "offset": "op-amp offset",
    "wires": "wires",
    "dac": "DACs",
    "adc": "ADCs",
    "settling": "settling to the tolerance",
}
"""Description of every cause, by its name."""
TOGETHER = {"together": "all at rest", "at_settling_time": "all, read at the settling time"}
"""Description of the other metrics of a budget, by name."""
NAMED = 3
"""Number of the largest causes that one line names."""


@dataclass(frozen=True)
class Budget:
    """Relative errors, 2-norm, against NumPy's result for the wanted matrix; (K,) or a scalar each, nan where b is 0.

    Attributes:
        causes: Error from each cause alone, by its name in `CAUSES`; only causes that the circuit has.
        together: Error from all causes at rest; the values of a solution are read at rest.
        at_settling_time: Error from all causes if values are read at the settling time; nan where nothing settled.
    """

    causes: dict[str, Any]
    together: Any
    at_settling_time: Any

    def __repr__(self) -> str:
        lines = [*self.ordered()[: LINES - 4], *self.totals()]
        left_out = len(self.causes) + len(TOGETHER) - len(lines)
        rows = {name: format_quantities(error, "%") for name, error in lines}
        return rows_text(
            "Budget: relative error from each cause", rows | ({"...": f"{left_out} more"} if left_out else {})
        )

    @classmethod
    def of(cls, figures: Mapping[str, Any]) -> Self:
        """Create a budget from the result of `figures`, or from a record of it in which None represents nan."""
        known = {name: np.asarray(value, dtype=np.float64) for name, value in figures.items()}
        together, at_settling_time = known.pop("together"), known.pop("at_settling_time")
        return cls(known, together, at_settling_time)

    @property
    def figures(self) -> dict[str, Any]:
        """All errors of the budget, by name."""
        return {**self.causes, "together": self.together, "at_settling_time": self.at_settling_time}

    def ordered(self) -> list[tuple[str, Any]]:
        """Descriptions of all causes, the largest mean first; settling is last: it does not change values at rest."""
        return _ordered(self.causes)

    def totals(self) -> list[tuple[str, Any]]:
        """Description of all causes together."""
        return [(words, getattr(self, name)) for name, words in TOGETHER.items()]

    def largest(self, column: int = 0) -> list[tuple[str, float]]:
        """Describe the causes of the error of one right-hand side at rest, the largest first."""
        return largest_causes({name: error for name, error in self.causes.items() if name != "settling"}, column)


def largest_causes(causes: Mapping[str, Any], column: int) -> list[tuple[str, float]]:
    """Describe causes of the error of one right-hand side, by their names in `CAUSES`, the largest first."""
    found = [(words, float(np.atleast_1d(error)[column])) for words, error in _ordered(causes)]
    return sorted(found, key=lambda one: -np.nan_to_num(one[1]))


def _ordered(causes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Descriptions of causes, the largest mean first and settling last."""
    names = sorted(causes, key=lambda name: (name == "settling", -_mean(causes[name])))
    return [(CAUSES[name], causes[name]) for name in names]


def _mean(errors: Any) -> float:
    """Mean over the right-hand sides with a known error; 0 if there are none."""
    values = np.atleast_1d(errors)
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else 0.0
