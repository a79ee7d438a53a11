"""Accuracy against states and tiles, every algorithm at its best rates: digits, MNIST, letters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.residual.contest import Contest, Floats, difference, mean_line, trained
from benchmarks.residual.rows import Row
from benchmarks.residual.store import Store
from benchmarks.wide_training import data

OWN: dict[int, dict[str, float]] = {4: {"gamma": 0.5}, 10: {"gamma": 0.4}, 16: {"gamma": 0.4}}
"""Settings of residual learning by states: weight of a tile over that above."""
SEEDS = {4: 10, 10: 5, 16: 5}
"""Seeds of the results, by states."""
BOUNDS = {4: 94.0, 10: 97.2, 16: 97.5}
"""Smallest accuracy of residual learning with four tiles, per cent."""
STEPS = {4: 3.0, 10: 0.0, 16: 0.0}
"""Least gain of a third tile, points, by states."""
LEAST_STEP = -0.5
"""Least gain of a fourth tile, points."""
LIMITS = {
    4: {"analog-sgd": 35.0, "tiki-taka-1": 15.0},
    10: {"tiki-taka-2": -0.5, "mixed-precision": -1.7},
    16: {"mixed-precision": -1.2},
}
"""Wanted margins of four tiles over a baseline, points, by states."""
EXCERPT: dict[str, Any] = {"states": 4, "pool": 2, "epochs": 8}
"""Test images of MNIST, 8,000/2,000, averaged to 14 x 14: 196-32-10, and 64,000 samples: digits have 57,200."""
LETTERS: dict[str, Any] = {"states": 4, "epochs": 4}
"""Letters of ocr-letters, 47,535/4,617: 128-32-26."""
TUNING = (100,)
"""Seed of the tunings of MNIST and letters: one, for their test sets are 6 and 13 times as large as that of digits."""


def accuracies(store: Store, states: int) -> Iterator[Row | str]:
    """Tune all algorithms at so many states, train with other seeds, and yield a table and its rows."""
    contest = Contest(f"{states} states", store, {"states": states}, OWN[states], SEEDS[states], limits=LIMITS[states])
    found = yield from contest.residual()
    yield from _own_rows(states, found)
    yield from contest.margins(found[4])


def mnist(path: Path) -> Iterator[Row | str]:
    """Test images of MNIST at 4 states, tuned with seeds of their own."""
    store = Store(path, {"data": data()})
    contest = Contest("MNIST, 4 states", store, EXCERPT, OWN[4], 5, tiles=(2, 3, 4), tuning=TUNING)
    found = yield from contest.residual()
    yield difference("MNIST, 3 tiles less 2", found[3], found[2], low=0.0)
    yield difference("MNIST, 4 tiles less 3", found[4], found[3], low=LEAST_STEP)
    yield from contest.margins(found[4])


def letters(path: Path) -> Iterator[Row | str]:
    """Letters of ocr-letters at 4 states, against the strongest baseline."""
    store = Store(path, {"dataset": "ocr-letters"})
    baselines = ("mixed-precision",)
    contest = Contest("ocr-letters, 4 states", store, LETTERS, OWN[4], 3, (2, 4), baselines, TUNING)
    found = yield from contest.residual()
    yield difference("ocr-letters, 4 tiles less 2", found[4], found[2], low=0.0)
    yield from contest.margins(found[4])


def defaults(store: Store) -> Iterator[Row | str]:
    """Accuracies at default rates: digital gradient descent, 5 seeds, and analog SGD at 4 states, 10 seeds."""
    yield mean_line("digital gradient descent, default rate", trained(store, {"algorithm": "digital"}, 5))
    analog = {"algorithm": "analog-sgd", "states": 4}
    yield mean_line("analog-sgd, 4 states, default rate", trained(store, analog, SEEDS[4]))


def simultaneous(store: Store) -> Iterator[Row | str]:
    """Transfers of all tiles at the same time against stages, both tuned, 4 tiles of 4 states."""
    found = []
    for schedule in ("simultaneous", "stages"):
        own = OWN[4] if schedule == "stages" else {**OWN[4], "schedule": schedule}
        yield f" {schedule}"
        contest = Contest(schedule, store, {"states": 4}, own, 5, (4,), ())
        found.append((yield from contest.residual())[4])
    yield difference("4 states, 4 tiles, simultaneous less stages", *found, required=False)


def _own_rows(states: int, found: dict[int, Floats]) -> Iterator[Row]:
    """Rows that are required: accuracy of four tiles, and that tiles help."""
    four = found[4]
    error = float(four.std(ddof=1) / len(four) ** 0.5)
    yield Row(f"{states} states, 4 tiles, accuracy, %", float(four.mean()), BOUNDS[states], error=error)
    yield difference(f"{states} states, 3 tiles less 2", found[3], found[2], low=STEPS[states])
    yield difference(f"{states} states, 4 tiles less 3", four, found[3], low=LEAST_STEP)
