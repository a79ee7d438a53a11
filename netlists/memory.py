"""Work that is too large for the machine is refused before it begins."""

from __future__ import annotations

import os

from netlists.record import ParameterError


def check_memory(size: str, what: str, needed: float) -> None:
    """Compares bytes that will be needed with the machine's whole memory.

    Args:
        size: Of the problem, such as `64 x 64`.
        what: What takes the memory.
        needed: Bytes at the peak.

    Raises:
        ParameterError: There are fewer.
    """
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > there:
        mend = f"{what} takes {needed / 1e9:.3g} GB of memory, there are {there / 1e9:.3g}: take a smaller array"
        raise ParameterError("size", size, mend)
