"""Freed memory that stays with the process for its next arrays."""

from __future__ import annotations

from functools import cache

import numpy as np

LARGEST = 32 * 2**20
"""Largest block to which the C library adapts, bytes: `DEFAULT_MMAP_THRESHOLD_MAX` of glibc, mallopt(3)."""
HEADER = 2**16
"""Room that is left in it for the library's own data, bytes."""


@cache
def keep_freed_memory() -> None:
    """Let the C library keep up to 64 MiB of freed memory, once a process.

    The GNU C library takes blocks above a bound from the system one by one, and returns the end of its heap above twice
    this bound. Each page of 4 KiB that the next array takes again is a page fault, of 2 us on a virtual machine. The
    bound follows the largest block that was freed. So one large block is taken here, never written, and freed. Other
    libraries ignore it, and so does this one where the environment sets the bounds.
    """
    np.empty(LARGEST - HEADER, dtype=np.uint8)
