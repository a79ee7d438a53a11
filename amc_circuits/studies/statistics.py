"""What many trials say together: means with their confidence, quantiles, yields."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import NormalDist
from typing import Any

import numpy as np

from amc_circuits.results.trials import UNITS, Limit, Trial
from amc_circuits.values.plain import plain
from netlists.record import FloatArray

CONFIDENCE = 0.95
QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}


ROW_KEYS = {name: name for name in UNITS} | {
    "settling_time": "settling_time_s",
    "energy": "energy_total_j",
    "peak_output_current": "peak_output_current_a",
}
"""What the figures are called in rows of a sweep."""
IN_ROWS = ("mean", "std", *(name for name in QUANTILES if name != "median"))


@dataclass(frozen=True)
class Spread:
    """One figure over the trials where it is known.

    Attributes:
        count: How many these are.
        mean: Their mean.
        mean_low: Lower end of its 95 % confidence interval (Student's t); nan with fewer than two.
        mean_high: Upper end.
        std: Standard deviation, with count - 1; nan with fewer than two.
        smallest: Of all.
        q05: 5 % are below; the others alike, linear between neighbours (NumPy's default).
        q25: Lower quartile.
        median: Half are below.
        q75: Upper quartile.
        q95: 95 % are below.
        largest: Of all.
    """

    count: int
    mean: float
    mean_low: float
    mean_high: float
    std: float
    smallest: float
    q05: float
    q25: float
    median: float
    q75: float
    q95: float
    largest: float


@dataclass(frozen=True)
class Yield:
    """How many trials keep a limit, or all of them.

    Attributes:
        limit: As text; `all` for all limits together.
        passed: Trials that keep it. One that is not usable does not.
        share: Of all trials.
        low: Lower end of the share's 95 % confidence interval (Wilson).
        high: Upper end.
    """

    limit: str
    passed: int
    share: float
    low: float
    high: float


def spread(values: FloatArray) -> Spread:
    """A figure's spread over its finite values, shape (trials,); nan everywhere where there are none."""
    known = values[np.isfinite(values)]
    count = len(known)
    if count == 0:
        return Spread(0, **{field.name: math.nan for field in fields(Spread) if field.name != "count"})
    mean, std = float(known.mean()), float(known.std(ddof=1)) if count > 1 else math.nan
    from scipy.special import stdtrit  # here, for every command on a sweep would wait for it

    half = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2)) * std / math.sqrt(count)
    quantiles = dict(zip(QUANTILES, np.quantile(known, list(QUANTILES.values())).tolist(), strict=True))
    ends = {"smallest": float(known.min()), "largest": float(known.max())}
    return Spread(count=count, mean=mean, mean_low=mean - half, mean_high=mean + half, std=std, **ends, **quantiles)


def spreads(trials: Sequence[Trial]) -> dict[str, Spread]:
    """Every figure that is known of some trial, over the usable ones."""
    usable = [trial for trial in trials if trial.usable]
    found = {name: spread(np.array([trial.figures.get(name, np.nan) for trial in usable])) for name in UNITS}
    return {name: one for name, one in found.items() if one.count}


def yields(trials: Sequence[Trial], limits: Sequence[Limit]) -> list[Yield]:
    """The yield of each limit and, of several, that of all together; without limits, that of being usable."""
    if not limits:
        return [_yield("usable", sum(trial.usable for trial in trials), len(trials))]
    found = [_yield(str(limit), sum(map(limit.passed, trials)), len(trials)) for limit in limits]
    if len(limits) > 1:
        together = sum(all(limit.passed(trial) for limit in limits) for trial in trials)
        found.append(_yield("all", together, len(trials)))
    return found


def _yield(name: str, passed: int, count: int) -> Yield:
    """With Wilson's interval: the shares p with `|passed/count - p| <= z sqrt(p (1 - p)/count)` (Wilson, 1927)."""
    share, z = passed / count, NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    stretch = 1 + z**2 / count
    middle = (share + z**2 / (2 * count)) / stretch
    half = z / stretch * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return Yield(name, passed, share, max(middle - half, 0.0), min(middle + half, 1.0))


def statuses(trials: Sequence[Trial]) -> dict[str, int]:
    """How many trials ended how, the most frequent first."""
    return dict(Counter(trial.status for trial in trials).most_common())


def row_figures(trials: Sequence[Trial], limits: Sequence[Limit]) -> dict[str, Any]:
    """What a row of a sweep holds of many trials: medians by the figures' own names, the rest with a suffix."""
    found: dict[str, Any] = {"trials": len(trials), "usable_trials": sum(trial.usable for trial in trials)}
    for name, one in spreads(trials).items():
        found[ROW_KEYS[name]] = one.median
        found |= {f"{ROW_KEYS[name]}_{part}": getattr(one, part) for part in IN_ROWS}
    together = yields(trials, limits)[-1]
    found |= {"yield": together.share, "yield_low": together.low, "yield_high": together.high}
    return {name: plain(value) for name, value in found.items()} | {"statuses": statuses(trials)}
