"""Check of the required memory before work begins."""

from __future__ import annotations

import os

from netlists.record import ParameterError


def check_memory(
    size: str, what: str, needed: float, mend: str = "take a smaller array", parameter: str = "size"
) -> None:
    """Compare the required bytes with the machine's whole memory.

    Args:
        size: Size of the problem, such as `64 x 64`.
        what: Name of the work that needs the memory.
        needed: Peak memory, bytes.
        mend: Advice.
        parameter: Name of the parameter that decides the size.

    Raises:
        ParameterError: If the machine has less memory.
    """
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > there:
        found = f"{what} takes {needed / 1e9:.3g} GB of memory, there are {there / 1e9:.3g}"
        raise ParameterError(parameter, size, f"{found}: {mend}")
