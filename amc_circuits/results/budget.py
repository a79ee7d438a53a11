"""The error budget of an answer: what every cause alone makes wrong, and all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

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
"""All causes, in words."""
TOGETHER = {"together": "all at rest", "at_settling_time": "all, read at the settling time"}
"""What else a budget tells."""
NAMED = 3
"""So many of the largest causes are named in one line."""


@dataclass(frozen=True)
class Budget:
    """Relative errors, 2-norm, against NumPy's result for the wanted matrix; (K,) or a scalar each, nan where b is 0.

    Attributes:
        causes: Of each cause alone, by its name in `CAUSES`; only of those that the circuit has.
        together: Of all of them at rest, where a solution's values are read.
        at_settling_time: Of all of them, if values are read at the settling time; nan where nothing settled.
    """

    causes: dict[str, Any]
    together: Any
    at_settling_time: Any

    @classmethod
    def of(cls, figures: Mapping[str, Any]) -> Self:
        """From what `figures` gives, or a record of it, where None stands for nan."""
        known = {name: np.asarray(value, dtype=np.float64) for name, value in figures.items()}
        together, at_settling_time = known.pop("together"), known.pop("at_settling_time")
        return cls(known, together, at_settling_time)

    @property
    def figures(self) -> dict[str, Any]:
        """All of it by names."""
        return {**self.causes, "together": self.together, "at_settling_time": self.at_settling_time}

    def ordered(self) -> list[tuple[str, Any]]:
        """All causes in words, the largest mean first; settling, which does nothing to values read at rest, is last."""
        names = sorted(self.causes, key=lambda name: (name == "settling", -self._mean(name)))
        return [(CAUSES[name], self.causes[name]) for name in names]

    def totals(self) -> list[tuple[str, Any]]:
        """All causes together, in words."""
        return [(words, getattr(self, name)) for name, words in TOGETHER.items()]

    def _mean(self, name: str) -> float:
        """Over the right-hand sides where it is known; 0 of none."""
        values = np.atleast_1d(self.causes[name])
        known = values[np.isfinite(values)]
        return float(known.mean()) if known.size else 0.0

    def largest(self, column: int = 0) -> list[tuple[str, float]]:
        """What makes one right-hand side wrong at rest, in words, the largest first."""
        found = [(name, float(np.atleast_1d(value)[column])) for name, value in self.ordered()[:-1]]
        return sorted(found, key=lambda one: -np.nan_to_num(one[1]))
