"""Specifications of small sweeps, and what they stored."""

from pathlib import Path

from amc_circuits.sweep.store import Row, Store

FAST = 'circuit = "inv"\n[fixed]\nopamp = "single-pole"\n'
GRID = FAST + 'kind = "spd"\n[grid]\nsize = [2, 3]\ngbwp = ["16M", "100MEG"]\nseed = {range = [0, 2]}\n'
"""Eight points."""


def rows(folder: Path) -> list[Row]:
    """The rows of the sweep in `out`."""
    with Store(folder / "out") as store:
        return store.rows()
