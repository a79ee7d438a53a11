"""Tuning of rates on a grid that is widened until its best place is not at an edge."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

SEEDS = (100, 101)
"""Seeds of tunings, whose mean decides; results are those of other seeds."""
HALF_DECADES = tuple(float(f"{10 ** (place / 2):.1g}") for place in range(-8, 5))
"""0.0001, 0.0003, 0.001 ... 100: places of the grids."""
LEAST, MOST = HALF_DECADES[0], HALF_DECADES[-1]
"""Ends of the range in which a best place is accepted."""
ALONE = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
PAIRED = {"rate": (0.3, 1.0, 3.0), "transfer_rate": (0.1, 0.3, 1.0)}
GRIDS: dict[str, dict[str, tuple[float, ...]]] = {
    "analog-sgd": {"rate": ALONE},
    "mixed-precision": {"rate": ALONE},
    "tiki-taka-1": PAIRED,
    "tiki-taka-2": PAIRED,
    "residual": PAIRED,
}
"""Settings of each algorithm at the start: nine."""


class Scores(Protocol):
    """Accuracies by settings."""

    def accuracy(self, settings: Mapping[str, Any]) -> float:
        """Accuracy, per cent."""


@dataclass(frozen=True)
class Tuned:
    """Best settings of an algorithm.

    Attributes:
        settings: Rates.
        accuracy: Mean accuracy with the seeds of the tuning, per cent.
        tried: Number of settings.
        edge: Names of rates whose best place is at the end of the range; none of a finished tuning.
    """

    settings: dict[str, float]
    accuracy: float
    tried: int
    edge: tuple[str, ...]


def tune(store: Scores, algorithm: str, fixed: Mapping[str, Any], seeds: Sequence[int] = SEEDS) -> Tuned:
    """Find the best rates; a grid with its best place at an edge gets another place there, and is tried again."""
    axes = dict(GRIDS[algorithm])
    tried: dict[tuple[float, ...], float] = {}
    while True:
        for place in itertools.product(*axes.values()):
            if place not in tried:
                rates = dict(zip(axes, place, strict=True))
                each = {"algorithm": algorithm, **fixed, **rates}
                tried[place] = float(np.mean([store.accuracy({**each, "seed": seed}) for seed in seeds]))
        best = max(tried, key=lambda place: tried[place])
        wider, edge = dict(axes), []
        for name, value in zip(axes, best, strict=True):
            grid = axes[name]
            beyond = [one for one in HALF_DECADES if one < grid[0]][-1:] if value == grid[0] else []
            above = [one for one in HALF_DECADES if one > grid[-1]][:1] if value == grid[-1] else []
            if value in (LEAST, MOST):
                edge.append(name)
            elif beyond or above:
                wider[name] = (*beyond, *grid, *above)
        if wider == axes:
            return Tuned(dict(zip(axes, best, strict=True)), tried[best], len(tried), tuple(edge))
        axes = wider
