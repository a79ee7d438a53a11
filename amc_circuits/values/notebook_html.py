"""How a record shows itself in a notebook: who can draw it says so here, so that the record need not know it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

DRAWN_BY: dict[str, Callable[[Any], str]] = {}
"""HTML of a record, by the name of its class."""


def html_of(record: object) -> str | None:
    """The record as HTML; None where nobody draws it, and a notebook shows its text."""
    draw = DRAWN_BY.get(type(record).__name__)
    return None if draw is None else draw(record)
