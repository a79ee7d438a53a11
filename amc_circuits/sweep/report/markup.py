"""HTML tables and lists with escaped texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True)
class Markup:
    """Text that is HTML already.

    Attributes:
        text: The HTML.
    """

    text: str


def html(value: Any) -> str:
    """Return markup unchanged, anything else as escaped text."""
    return value.text if isinstance(value, Markup) else escape(str(value))


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Markup:
    """Format a table; the first cell of a row is its heading."""
    head = "".join(f'<th scope="col">{html(heading)}</th>' for heading in headings)
    lines = (
        f'<tr><th scope="row">{html(first)}</th>' + "".join(f"<td>{html(cell)}</td>" for cell in rest) + "</tr>"
        for first, *rest in rows
    )
    body = "\n".join(lines)
    return Markup(
        f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'
    )


def terms(entries: Iterable[tuple[str, Any]]) -> Markup:
    """Format names with their descriptions."""
    text = "\n".join(f"<div><dt>{html(name)}</dt><dd>{html(value)}</dd></div>" for name, value in entries)
    return Markup(f"<dl>\n{text}\n</dl>")


def link(address: str, text: str) -> Markup:
    """Format a link; the caller ensures that the address is safe."""
    return Markup(f'<a href="{escape(address)}">{escape(text)}</a>')


def button(number: int) -> Markup:
    """Format a button that selects a point."""
    return Markup(f'<button type="button" data-number="{number}">{number}</button>')
