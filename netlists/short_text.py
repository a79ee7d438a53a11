"""Short text of records for a terminal: a few lines, and no large array is written out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

WIDTH, LINES = 100, 10
"""Most characters of a line, and most lines of a text."""
FEW = 4
"""Most entries of an array, a tuple or a mapping that are written out."""
LONGEST = 68
"""Most characters of one value."""


def short_repr(record: Any) -> str:
    """Return class and fields of a dataclass or model, with arrays by shape and range and nested records by class."""
    return _folded(type(record).__name__, [f"{name}={short(value)}" for name, value in _pairs(record)])


def model_repr(model: BaseModel) -> str:
    """Return an expression that creates the model if it fits in a few lines, else its `short_repr`."""
    parts = list(_expression("", model))
    if any(len(part) > WIDTH or "\n" in part for part in parts):
        return short_repr(model)
    name, _, parts[0] = parts[0].partition("(")
    parts[-1] = parts[-1].removesuffix(")")
    lines = _lines(parts)
    return short_repr(model) if len(lines) > LINES - 2 else _joined(name, lines)


def short(value: Any) -> str:
    """Return a value in one line."""
    match value:
        case np.ndarray():
            return _array(value)
        case float() | complex() | np.number():
            return f"{value:.6g}"
        case str() | bytes():
            return repr(clipped(value, LONGEST) if isinstance(value, str) else value[:LONGEST])
        case Mapping():
            return f"{{{_several([f'{key}: {short(one)}' for key, one in _first(value.items())], len(value))}}}"
        case tuple() | list():
            return f"({_several([short(one) for one in _first(value)], len(value))})"
        case _ if isinstance(value, BaseModel) or (is_dataclass(value) and not isinstance(value, type)):
            return f"{type(value).__name__}(...)"
        case _:
            return clipped(repr(value), LONGEST)


def rows_text(title: str, rows: Mapping[str, str]) -> str:
    """Return a title and one line for each row that is not empty: its name, then its text, aligned and cut to width."""
    shown = {name: text for name, text in rows.items() if text}
    width = max(map(len, shown), default=0)
    lines = [title, *(f"  {name:{width}}  {text}" for name, text in shown.items())]
    return "\n".join(clipped(line, WIDTH) for line in lines[:LINES])


def clipped(text: str, longest: int) -> str:
    """Return a text in one line of at most this many characters, with `...` at its end if it was longer."""
    line = text.replace("\n", " ")
    return line if len(line) <= longest else f"{line[: longest - 4]} ..."


def _pairs(record: Any) -> list[tuple[str, Any]]:
    if isinstance(record, BaseModel):
        return [(name or "", value) for name, value in record.__repr_args__()]
    return [(one.name, getattr(record, one.name)) for one in fields(record) if one.repr]


def _expression(prefix: str, value: Any) -> Iterable[str]:
    """Yield the arguments of the expression that creates a value, those of nested models one by one."""
    if not isinstance(value, BaseModel):
        yield prefix + ("\n" if isinstance(value, np.ndarray) else repr(value))
        return
    inner = [part for name, one in _pairs(value) for part in _expression(f"{name}=", one)] or [""]
    inner[0] = f"{prefix}{type(value).__name__}({inner[0]}"
    inner[-1] += ")"
    yield from inner


def _folded(name: str, parts: Sequence[str]) -> str:
    """Join the parts as `name(...)`; the last line is cut if there are too many."""
    lines = _lines([clipped(part, WIDTH - 4) for part in parts])
    if len(lines) > LINES - 2:
        lines = [*lines[: LINES - 3], "..."]
    return _joined(name, lines)


def _lines(parts: Iterable[str]) -> list[str]:
    """Distribute parts over lines."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 8 <= WIDTH:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return lines


def _joined(name: str, lines: Sequence[str]) -> str:
    whole = f"{name}({', '.join(lines)})"
    return whole if len(whole) <= WIDTH else "\n".join([f"{name}(", *(f"    {line}," for line in lines), ")"])


def _first(several: Iterable[Any]) -> list[Any]:
    return [one for one, _ in zip(several, range(FEW), strict=False)]


def _several(texts: Sequence[str], count: int) -> str:
    more = [f"... {count - len(texts)} more"] if count > len(texts) else []
    return ", ".join([*texts, *more])


def _array(array: NDArray[Any]) -> str:
    if array.size <= FEW:
        return np.array2string(array, precision=4, separator=", ").replace("\n", "")
    shape = " x ".join(map(str, array.shape))
    if array.dtype.kind not in "fiub" or not np.isfinite(array).any():
        return f"<{shape} {array.dtype}>"
    return f"<{shape}, {np.nanmin(array):.4g} .. {np.nanmax(array):.4g}>"
