"""Rows of random designs: every circuit in both engines, as `tests/family.py` judges them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.family.rows import Row
from benchmarks.kept import Kept
from tests.family import CIRCUITS, FINAL, Verdict, check

DESIGNS = 200
"""Random designs of each circuit and topology."""
PART = 10
"""Designs that a process takes at once."""
PROCESSES = 2
JUDGED = 0.8
"""Least share of the designs that settle in both engines: a judge that sees none holds nothing."""
SOURCES = ("netlists", "amc_circuits", "tests/family.py")
"""Files of which a kept verdict is one."""


def judged(name: str, topology: str, seeds: Sequence[int]) -> Verdict:
    """Judge some designs of a circuit."""
    verdict = Verdict()
    with threadpool_limits(1):
        for seed in seeds:
            check(name, topology, seed, verdict)
    return verdict


def verdict_of(held: Mapping[str, Any]) -> Verdict:
    """Verdict of its plain data."""
    return Verdict(**held | {"statuses": Counter(held["statuses"])})


def designs(circuit: str | None = None, kept: Path | None = None) -> Iterator[Row]:
    """Final values and settling times of random designs.

    Args:
        circuit: Circuit with its topology, such as `inv compensated`; None for all.
        kept: File of verdicts that are computed already, to which others are added; None keeps none.
    """
    names = [one for one in CIRCUITS if circuit in (None, _label(*one))]
    firsts, store = range(0, DESIGNS, PART), Kept(kept, SOURCES)
    with ProcessPoolExecutor(PROCESSES) as pool:
        waiting = {
            pool.submit(judged, *name, range(first, first + PART)): part
            for name in names
            for first in firsts
            if (part := f"{_label(*name)} {first}") not in store.found
        }
        for future in as_completed(waiting):
            store.add(waiting[future], vars(future.result()))
    for name in names:
        yield from _rows(_label(*name), [verdict_of(store.found[f"{_label(*name)} {first}"]) for first in firsts])


def _label(name: str, topology: str) -> str:
    return f"{name} {topology}".strip()


def _rows(circuit: str, verdicts: Sequence[Verdict]) -> Iterator[Row]:
    whole = Verdict()
    for one in verdicts:
        whole.statuses.update(one.statuses)
        whole.final, whole.time, whole.wrong = whole.final + one.final, whole.time + one.time, whole.wrong + one.wrong
    count = len(whole.final)
    statuses = ", ".join(f"{number} {status}" for status, number in whole.statuses.most_common())
    yield Row(circuit, f"{DESIGNS} random designs: {statuses}", "both", f"{count} judged",
              f">= {JUDGED * DESIGNS:.0f}", count >= JUDGED * DESIGNS)  # fmt: skip
    worst = max(whole.final, default=np.inf)
    yield Row(circuit, "final values, of the largest one", "both", f"{worst:.1e}", f"<= {FINAL:g}", worst <= FINAL)
    times = f"median {np.median(whole.time):.1e}, worst {max(whole.time):.1e}" if whole.time else "-"
    law = "settling times within those at 0.97 and 1.03 of the tolerance"
    yield Row(circuit, law, "both", f"{len(whole.wrong)} wrong; {times}", "0 wrong", not whole.wrong)
    for line in whole.wrong:
        yield Row(circuit, line, "both", "differs", "agrees", False)


ROWS = (designs,)
"""Functions that yield the rows."""
