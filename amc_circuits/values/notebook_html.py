"""Registry of how records appear in a notebook; a record need not know the code that draws it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

DRAWN_BY: dict[str, Callable[[Any], str]] = {}
"""Functions that draw a record as HTML, by the name of its class."""


def html_of(record: object) -> str | None:
    """Draw the record as HTML; None if no function is registered, and the notebook then shows its text."""
    draw = DRAWN_BY.get(type(record).__name__)
    return None if draw is None else draw(record)
