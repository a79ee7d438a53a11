"""Bytes of a row on disk."""

from __future__ import annotations

import json

from amc_circuits.sweep.run.outcome import Outcome
from amc_circuits.sweep.store import Row
from amc_circuits.sweep.store.forms import leaves_of

PAGE = 4096
"""Bytes of a page of an SQLite database; a longer row continues in pages of its own."""
ROW_BYTES, KEY_BYTES, LOG_BYTES = 290, 120, 60
"""Bytes of a row, of its index entries (64 bytes, in pages that are two thirds full) and of its line in the log.

A row without metrics has hashes, time and the options that vary; what rows have in common is stored once.
"""


def stored_bytes(found: Outcome | Row, waveforms: bytes | None) -> float:
    """Estimate the bytes of a row on disk, with its waveforms and its line in the log."""
    own = [value for _, value in leaves_of(found.figures) if isinstance(value, (float, list))]
    row = _in_pages(ROW_BYTES + len(json.dumps(own)) + len(found.error)) + KEY_BYTES + LOG_BYTES + len(found.error)
    return row if waveforms is None else row + _in_pages(len(waveforms) + 64) + KEY_BYTES


def _in_pages(count: int) -> float:
    """Bytes of a record of this length in a table: as many as fit share a page, longer ones have pages of their own."""
    return PAGE / (PAGE // count) if count <= PAGE else count * (1 + 1 / 32)
