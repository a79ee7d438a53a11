"""One point of a sweep, ready to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Point:
    """One point of a sweep.

    Attributes:
        key: Key from `keys.key_of`.
        number: Its place in the sweep.
        circuit: `inv` or `mvm`.
        options: Complete options from `parse_options`.
        with_waveforms: True to store waveforms.
    """

    key: str
    number: int
    circuit: str
    options: dict[str, Any]
    with_waveforms: bool = False
