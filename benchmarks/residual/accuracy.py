"""Accuracy against states and tiles, every algorithm at its best rates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.residual.rows import Row
from benchmarks.residual.store import Store
from benchmarks.residual.tuning import Tuned, tune

BASELINES = ("mixed-precision", "analog-sgd", "tiki-taka-1", "tiki-taka-2")
GAMMAS = {4: 0.5, 10: 0.4, 16: 0.4}
"""Weight of a tile over that above, by states."""
TILES = (2, 3, 4, 5)
SEEDS = {4: 10, 10: 5, 16: 5}
"""Seeds of the results, by states."""
BOUNDS = {4: 94.0, 10: 97.2, 16: 97.5}
"""Smallest accuracy of residual learning with four tiles, per cent."""
TUNED_TILES = 4


def accuracies(store: Store, states: int) -> Iterator[Row | str]:
    """Tune all algorithms at so many states, train with other seeds, and yield a table and its rows."""
    fixed: dict[str, Any] = {"states": states}
    found: dict[str, np.ndarray[Any, Any]] = {}
    residual = {**fixed, "gamma": GAMMAS[states]}
    best = tune(store, "residual", {**residual, "tiles": TUNED_TILES})
    yield _tuned("residual, 4 tiles", best)
    for tiles in TILES:
        settings = {**residual, "algorithm": "residual", "tiles": tiles, **best.settings}
        found[f"residual {tiles}"] = _trained(store, settings, SEEDS[states])
        yield _mean(f"residual, {tiles} tiles", found[f"residual {tiles}"])
    yield from _own_rows(states, found)
    for name in BASELINES:
        best = tune(store, name, fixed)
        yield _tuned(name, best)
        found[name] = _trained(store, {**fixed, "algorithm": name, **best.settings}, SEEDS[states])
        yield _mean(name, found[name])
        yield _margin(states, name, found)


def defaults(store: Store) -> Iterator[Row | str]:
    """Accuracies at default rates: digital gradient descent, 5 seeds, and analog SGD at 4 states, 10 seeds."""
    yield _mean("digital gradient descent, default rate", _trained(store, {"algorithm": "digital"}, 5))
    analog = {"algorithm": "analog-sgd", "states": 4}
    yield _mean("analog-sgd, 4 states, default rate", _trained(store, analog, SEEDS[4]))


def _trained(store: Store, settings: Mapping[str, Any], seeds: int) -> np.ndarray[Any, Any]:
    return np.array([store.accuracy({**settings, "seed": seed}) for seed in range(seeds)])


def _tuned(name: str, best: Tuned) -> str:
    rates = ", ".join(f"{key} {value:g}" for key, value in best.settings.items())
    edge = f"; AT THE END OF THE RANGE: {', '.join(best.edge)}" if best.edge else ""
    return f"  {name}: best of {best.tried} settings: {rates} ({best.accuracy:.1f} %){edge}"


def _mean(name: str, values: np.ndarray[Any, Any]) -> str:
    return f"  {name}: {values.mean():.2f} +- {values.std(ddof=1):.2f} % ({len(values)} seeds)"


def _difference(name: str, one: Sequence[float], other: Sequence[float], **bounds: Any) -> Row:
    """Row of a difference that is paired by seeds, with its standard error."""
    values = np.subtract(one, other)
    return Row(name, float(values.mean()), error=float(values.std(ddof=1) / len(values) ** 0.5), **bounds)


def _own_rows(states: int, found: Mapping[str, Any]) -> Iterator[Row]:
    """Rows that are required: accuracy of four tiles, and that tiles help."""
    four = found["residual 4"]
    error = float(four.std(ddof=1) / len(four) ** 0.5)
    yield Row(f"{states} states, 4 tiles, accuracy, %", float(four.mean()), BOUNDS[states], error=error)
    if states == 4:
        yield _difference("4 states, 3 tiles less 2", found["residual 3"], found["residual 2"], low=3.0)
        yield _difference("4 states, 4 tiles less 3", four, found["residual 3"], low=-0.5)


LIMITS = {
    (4, "analog-sgd"): 35.0,
    (4, "tiki-taka-1"): 15.0,
    (10, "tiki-taka-2"): -0.5,
    (10, "mixed-precision"): -1.7,
    (16, "mixed-precision"): -1.2,
}
"""Wanted margins of four tiles over a baseline, points, by states and baseline; they are reported."""


def _margin(states: int, name: str, found: Mapping[str, Any]) -> Row:
    low = LIMITS.get((states, name), float("-inf"))
    return _difference(
        f"{states} states, 4 tiles less {name}", found["residual 4"], found[name], low=low, required=False
    )
