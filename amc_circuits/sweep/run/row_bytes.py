"""Bytes of a row on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from amc_circuits.sweep.run.outcome import Outcome
from amc_circuits.sweep.store import Row

PAGE = 4096
"""Bytes of a page of an SQLite database; a longer row continues in pages of its own."""
ROW_BYTES, KEY_BYTES, LOG_BYTES = 450, 120, 60
"""Bytes of a row, of its index entry (64 bytes, in pages that are two thirds full) and of its line in the log.

A row without options and metrics has hashes, host, versions and time.
"""


def stored_bytes(parameters: Mapping[str, Any], found: Outcome | Row, waveforms: bytes | None) -> float:
    """Estimate the bytes of a row on disk, with its waveforms and its line in the log."""
    texts = json.dumps(parameters), json.dumps(found.figures), found.error
    row = _in_pages(ROW_BYTES + sum(map(len, texts))) + KEY_BYTES + LOG_BYTES + len(found.error)
    return row if waveforms is None else row + _in_pages(len(waveforms) + 64) + KEY_BYTES


def _in_pages(count: int) -> float:
    """Bytes of a record of this length in a table: as many as fit share a page, longer ones have pages of their own."""
    return PAGE / (PAGE // count) if count <= PAGE else count * (1 + 1 / 32)
