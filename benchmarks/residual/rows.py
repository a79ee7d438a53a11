"""A row of the report: a value, its bound, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A checked figure.

    Attributes:
        name: Description.
        value: Value.
        low: Smallest accepted value.
        high: Largest accepted value.
        error: Standard error of the value; 0 if it has none.
        required: False for a margin against a baseline, which is reported only.
    """

    name: str
    value: float
    low: float = float("-inf")
    high: float = float("inf")
    error: float = 0.0
    required: bool = True

    @property
    def passes(self) -> bool:
        """True if the value is within its bounds."""
        return self.low <= self.value <= self.high

    def __str__(self) -> str:
        bounds = " and ".join(
            text for text, there in (
                (f">= {self.low:g}", self.low > float("-inf")), (f"<= {self.high:g}", self.high < float("inf"))
            ) if there
        )  # fmt: skip
        word = ("PASS" if self.passes else "FAIL") if self.required else ("holds" if self.passes else "does not hold")
        error = f" +- {self.error:.2g}" if self.error else ""
        value = round(self.value, 9)  # equal means differ by rounding
        return f"  {self.name}: {value:.5g}{error}  ({bounds or 'reported'})  {word if bounds else ''}".rstrip()
