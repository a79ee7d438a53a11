"""Freed memory that stays with the process."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
from amc_circuits.engines.freed_memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    held = [np.ones(250_000) for _ in range(10)]  # 2 MB each
    del held
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
returned = faults()
keep_freed_memory()
faults()
print(returned, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries have other bounds")
def test_arrays_take_freed_memory_again_without_page_faults() -> None:
    """Ten arrays of 2 MB: 4900 pages before, hardly any after."""
    clean = {"PATH": "", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ":".join(sys.path)}
    found = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True, env=clean)
    returned, kept = map(int, found.stdout.split())
    assert returned > 1000 and kept < 100, (returned, kept)
