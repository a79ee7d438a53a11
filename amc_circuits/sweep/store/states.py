"""Numbers and statuses of all rows by their keys, in 0.2 kB a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

DIGITS = 64
"""Hexadecimal digits of a key that is a SHA-256."""
_BITS = 16


class States(Mapping[str, tuple[int, str]]):
    """Number and status of rows by their keys; a row may have several keys.

    Args:
        rows: Key, number and status of each row.
    """

    def __init__(self, rows: Iterable[tuple[str, int, str]]) -> None:
        codes: dict[str, int] = {}
        self._found: dict[bytes | str, int] = {
            _short(key): number << _BITS | codes.setdefault(status, len(codes)) for key, number, status in rows
        }
        self._statuses = list(codes)

    def __getitem__(self, key: str) -> tuple[int, str]:
        return self._state(self._found[_short(key)])

    def get(self, key: str, default: Any = None) -> Any:
        """Number and status of a row, or another value."""
        state = self._found.get(_short(key))
        return default if state is None else self._state(state)

    def __iter__(self) -> Iterator[str]:
        return (key if isinstance(key, str) else key.hex() for key in self._found)

    def __len__(self) -> int:
        return len(self._found)

    def add_key(self, key: str, of: str) -> None:
        """Give a row one more key: that of its point in this version."""
        self._found[_short(key)] = self._found[_short(of)]

    def numbers(self) -> Iterator[int]:
        """Yield the numbers of all rows."""
        return (state >> _BITS for state in self._found.values())

    def _state(self, state: int) -> tuple[int, str]:
        return state >> _BITS, self._statuses[state & (1 << _BITS) - 1]


def _short(key: str) -> bytes | str:
    """A third of the key's memory, if it is a SHA-256 in small letters."""
    try:
        short = bytes.fromhex(key) if len(key) == DIGITS else b""
    except ValueError:
        return key
    return short if short.hex() == key else key
