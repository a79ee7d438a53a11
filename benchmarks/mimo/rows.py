"""Rows of the acceptance table: a computed value beside one from elsewhere, with a bound."""

from __future__ import annotations

from dataclasses import dataclass

IDEAL = {"device": "ideal"}
UNIT = 99e-6
"""Conductance of the largest entry, S."""


@dataclass(frozen=True)
class Row:
    """A checked figure.

    Attributes:
        text: Figure in words.
        value: Computed value.
        wanted: Value from elsewhere.
        bound: Largest difference; relative unless `absolute`.
        absolute: True for a difference in the units of the value.
    """

    text: str
    value: float
    wanted: float
    bound: float
    absolute: bool = False

    @property
    def passes(self) -> bool:
        """True within the bound."""
        scale = 1.0 if self.absolute else abs(self.wanted)
        return bool(abs(self.value - self.wanted) <= self.bound * scale)

    def __str__(self) -> str:
        bound = f"{self.bound:g}" if self.absolute else f"{100 * self.bound:.3g} %"
        verdict = "PASS" if self.passes else "FAIL"
        return f"{verdict}  {self.text}: {self.value:.5g}, wanted {self.wanted:.5g} +- {bound}"
