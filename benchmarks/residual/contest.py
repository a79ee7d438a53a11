"""A contest: residual learning with several tiles against baselines, all tuned, and paired by seeds."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.residual.rows import Row
from benchmarks.residual.store import Store
from benchmarks.residual.tuning import SEEDS, Tuned, tune

Floats = np.ndarray[Any, Any]
BASELINES = ("mixed-precision", "analog-sgd", "tiki-taka-1", "tiki-taka-2")
TUNED_TILES = 4


@dataclass(frozen=True)
class Contest:
    """Trainings of the same task and devices.

    Attributes:
        title: Task and devices, for the rows.
        store: Store of the trainings.
        fixed: Settings of all trainings.
        own: Settings of residual learning alone, such as gamma.
        seeds: Number of seeds of the results.
        tiles: Numbers of tiles; four of them are compared with the baselines.
        baselines: Algorithms.
        tuning: Seeds of the tuning.
        limits: Wanted margins of four tiles over a baseline, points; they are reported.
    """

    title: str
    store: Store
    fixed: Mapping[str, Any]
    own: Mapping[str, Any]
    seeds: int
    tiles: Sequence[int] = (2, 3, 4, 5)
    baselines: Sequence[str] = BASELINES
    tuning: Sequence[int] = SEEDS
    limits: Mapping[str, float] | None = None

    def residual(self) -> Generator[Row | str, None, dict[int, Floats]]:
        """Tune four tiles, train all numbers of tiles at these rates; return the accuracies by tiles."""
        settings = {**self.fixed, **self.own}
        best = tune(self.store, "residual", {**settings, "tiles": TUNED_TILES}, self.tuning)
        yield tuned_line(f"residual, {TUNED_TILES} tiles", best)
        found: dict[int, Floats] = {}
        for tiles in self.tiles:
            each = {**settings, "algorithm": "residual", "tiles": tiles, **best.settings}
            found[tiles] = trained(self.store, each, self.seeds)
            yield mean_line(f"residual, {tiles} tiles", found[tiles])
        return found

    def margins(self, four: Floats) -> Iterator[Row | str]:
        """Tune and train the baselines, and yield the margins of four tiles."""
        for name in self.baselines:
            best = tune(self.store, name, self.fixed, self.tuning)
            yield tuned_line(name, best)
            values = trained(self.store, {**self.fixed, "algorithm": name, **best.settings}, self.seeds)
            yield mean_line(name, values)
            low = (self.limits or {}).get(name, float("-inf"))
            yield difference(f"{self.title}, 4 tiles less {name}", four, values, low=low, required=False)


def trained(store: Store, settings: Mapping[str, Any], seeds: int) -> Floats:
    """Accuracies of the seeds from 0 on, per cent."""
    return np.array([store.accuracy({**settings, "seed": seed}) for seed in range(seeds)])


def tuned_line(name: str, best: Tuned) -> str:
    """Line of a tuning."""
    rates = ", ".join(f"{key} {value:g}" for key, value in best.settings.items())
    edge = f"; AT THE END OF THE RANGE: {', '.join(best.edge)}" if best.edge else ""
    return f"  {name}: best of {best.tried} settings: {rates} ({best.accuracy:.1f} %){edge}"


def mean_line(name: str, values: Floats) -> str:
    """Line of a mean, with the deviation over the seeds."""
    return f"  {name}: {values.mean():.2f} +- {values.std(ddof=1):.2f} % ({len(values)} seeds)"


def difference(name: str, one: Floats, other: Floats, **bounds: Any) -> Row:
    """Row of a difference that is paired by seeds, with its standard error."""
    values = np.subtract(one, other)
    return Row(name, float(values.mean()), error=float(values.std(ddof=1) / len(values) ** 0.5), **bounds)
