"""One point of a sweep: what is to be run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Point:
    """What is to be run.

    Attributes:
        key: See `keys.key_of`.
        number: Its place in the sweep.
        circuit: `inv` or `mvm`.
        options: Complete, as `parse_options` returns them.
        with_waveforms: True when they are to be stored.
    """

    key: str
    number: int
    circuit: str
    options: dict[str, Any]
    with_waveforms: bool = False
