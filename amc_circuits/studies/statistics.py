"""Statistics of many trials: means with their confidence, quantiles, yields."""

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
from netlists.short_text import short_repr

CONFIDENCE = 0.95
QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}


ROW_KEYS = {name: name for name in UNITS} | {
    "settling_time": "settling_time_s",
    "energy": "energy_total_j",
    "peak_output_current": "peak_output_current_a",
    "growth_rate": "growth_rate_per_s",
}
"""Names of the metrics in rows of a sweep."""
IN_ROWS = ("mean", "std", *(name for name in QUANTILES if name != "median"))


@dataclass(frozen=True)
class Spread:
    """Statistics of one metric over the trials that have it.

    Attributes:
        count: Number of these trials.
        mean: Mean value.
        mean_low: Lower end of the mean's 95 % confidence interval (Student's t); nan with fewer than two trials.
        mean_high: Upper end of that interval.
        std: Standard deviation, with count - 1; nan with fewer than two trials.
        smallest: Smallest value.
        q05: 5 % quantile, linear between neighbours (NumPy's default), as all quantiles here.
        q25: Lower quartile.
        median: Half are below.
        q75: Upper quartile.
        q95: 95 % quantile.
        largest: Largest value.
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

    __repr__ = short_repr


@dataclass(frozen=True)
class Yield:
    """Yield of one limit, or of all limits together.

    Attributes:
        limit: The limit as text; `all` for all limits together.
        passed: Number of trials that keep the limit. A trial that is not usable does not.
        share: Share of all trials.
        low: Lower end of the share's 95 % confidence interval (Wilson).
        high: Upper end of that interval.
    """

    limit: str
    passed: int
    share: float
    low: float
    high: float

    __repr__ = short_repr


def spread(values: FloatArray) -> Spread:
    """Statistics of a metric over its finite values, shape (trials,); nan everywhere if there are none."""
    known = values[np.isfinite(values)]
    count = len(known)
    if count == 0:
        return Spread(0, **{field.name: math.nan for field in fields(Spread) if field.name != "count"})
    mean, std = float(known.mean()), float(known.std(ddof=1)) if count > 1 else math.nan
    from scipy.special import stdtrit  # imported here, otherwise every command on a sweep would load it

    half = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2)) * std / math.sqrt(count)
    quantiles = dict(zip(QUANTILES, np.quantile(known, list(QUANTILES.values())).tolist(), strict=True))
    ends = {"smallest": float(known.min()), "largest": float(known.max())}
    return Spread(count=count, mean=mean, mean_low=mean - half, mean_high=mean + half, std=std, **ends, **quantiles)


def spreads(trials: Sequence[Trial]) -> dict[str, Spread]:
    """Statistics of every metric that some trial has, over the usable trials."""
    usable = [trial for trial in trials if trial.usable]
    found = {name: spread(np.array([trial.figures.get(name, np.nan) for trial in usable])) for name in UNITS}
    return {name: one for name, one in found.items() if one.count}


def yields(trials: Sequence[Trial], limits: Sequence[Limit]) -> list[Yield]:
    """Yield of each limit and, for several, of all together; without limits, the share of usable trials."""
    if not limits:
        return [_yield("usable", sum(trial.usable for trial in trials), len(trials))]
    found = [_yield(str(limit), sum(map(limit.passed, trials)), len(trials)) for limit in limits]
    if len(limits) > 1:
        together = sum(all(limit.passed(trial) for limit in limits) for trial in trials)
        found.append(_yield("all", together, len(trials)))
    return found


def _yield(name: str, passed: int, count: int) -> Yield:
    """Compute a yield with Wilson's interval (Wilson, 1927).

    The interval holds the shares p with `|passed/count - p| <= z sqrt(p (1 - p)/count)`.
    """
    share, z = passed / count, NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    stretch = 1 + z**2 / count
    middle = (share + z**2 / (2 * count)) / stretch
    half = z / stretch * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return Yield(name, passed, share, max(middle - half, 0.0), min(middle + half, 1.0))


def statuses(trials: Sequence[Trial]) -> dict[str, int]:
    """Number of trials by status, the most frequent first."""
    return dict(Counter(trial.status for trial in trials).most_common())


def by_engine(trials: Sequence[Trial]) -> dict[str, int]:
    """Number of right-hand sides of all trials that each engine solved."""
    return dict(sum((Counter(trial.by_engine) for trial in trials), Counter()))


def row_figures(trials: Sequence[Trial], limits: Sequence[Limit]) -> dict[str, Any]:
    """Metrics of a sweep's row from many trials: medians under the metrics' own names, the rest with a suffix."""
    found: dict[str, Any] = {"trials": len(trials), "usable_trials": sum(trial.usable for trial in trials)}
    if checked := sum(trial.cross_checked for trial in trials):
        largest = max(trial.largest_difference for trial in trials)
        found |= {"cross_checked": checked, "largest_difference": largest}
    for name, one in spreads(trials).items():
        found[ROW_KEYS[name]] = one.median
        found |= {f"{ROW_KEYS[name]}_{part}": getattr(one, part) for part in IN_ROWS}
    together = yields(trials, limits)[-1]
    found |= {"yield": together.share, "yield_low": together.low, "yield_high": together.high}
    return {name: plain(value) for name, value in found.items()} | {
        "statuses": statuses(trials),
        "by_engine": by_engine(trials),
    }
