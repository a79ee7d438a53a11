"""Search for cases in which residual learning is ahead of mixed precision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.residual.accuracy import OWN
from benchmarks.residual.contest import Contest
from benchmarks.residual.rows import Row
from benchmarks.residual.store import Store

CASES: dict[str, dict[str, Any]] = {
    "4 states, spreads 1": {"states": 4, "step_spread": 1, "bound_spread": 1},
    "16 states, spreads 1": {"states": 16, "step_spread": 1, "bound_spread": 1},
    "2 states": {"states": 2},
    "4 states, references 0.1 off": {"states": 4, "reference_spread": 0.1},
    "16 states, noise 2": {"states": 16, "cycle_noise": 2},
}
"""Few states, large spreads and noise, bad reference cells: digits, otherwise the default device."""
SEEDS = 5


def cases(store: Store) -> Iterator[Row | str]:
    """Both algorithms tuned for each case; positive margins are those that were looked for.

    The first case allows no digital matrix, neither of gradients nor as a buffer: that leaves Tiki-Taka v1.
    """
    plain = {**OWN[4], "transfers": "pulse-trains"}
    yield from _case(Contest("4 states, no digital words", store, {"states": 4}, plain, SEEDS, (4,), ("tiki-taka-1",)))
    for title, fixed in CASES.items():
        own = OWN[4 if fixed["states"] < 10 else 16]
        yield from _case(Contest(title, store, fixed, own, SEEDS, (4,), ("mixed-precision",)))


def _case(contest: Contest) -> Iterator[Row | str]:
    yield f" {contest.title}"
    found = yield from contest.residual()
    yield from contest.margins(found[4])
