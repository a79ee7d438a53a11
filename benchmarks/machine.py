"""Line about the machine above every benchmark's table: results mean little without it."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import numpy as np
import threadpoolctl  # type: ignore[import-untyped]

from amc_circuits.engines import find_ngspice


def machine_line() -> str:
    """Processor, cores and how busy they are, Python, NumPy, ngspice and its solver, BLAS threads."""
    ngspice = find_ngspice()
    solver = "KLU" if ngspice.klu else "no KLU"
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{_processor()}, {os.cpu_count()} cores{load}; Python {platform.python_version()}, NumPy {np.__version__}, "
        f"ngspice {ngspice.version} ({solver}), BLAS threads {_blas_threads()}"
    )


def _processor() -> str:
    """Name of the processor if the system reports it, else its architecture."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text().splitlines() if table.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _blas_threads() -> str:
    counts = {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}
    return ", ".join(str(count) for count in sorted(counts)) or "unknown"
