"""Trainings of a chosen setting with the judge seeds, and the epochs that one method saves against another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.second_order.studies import Study


@dataclass(frozen=True)
class Epochs:
    """Epochs to one target.

    Attributes:
        each: Epochs of each seed; of a miss all that the run had.
        missed: Number of misses; with one the mean is a lower bound.
    """

    each: tuple[float, ...]
    missed: int

    @property
    def mean(self) -> float:
        """Mean of the epochs."""
        return float(np.mean(self.each))

    @property
    def median(self) -> float:
        """Median of the epochs."""
        return float(np.median(self.each))

    @property
    def half(self) -> float:
        """Half the width of the 95 % interval of the mean, by Student's t; infinite for one run."""
        count = len(self.each)
        return float(stats.t.ppf(0.975, count - 1) * stats.sem(self.each)) if count > 1 else math.inf

    @property
    def words(self) -> str:
        """Mean with its interval."""
        return f"{'> ' * bool(self.missed)}{self.mean:.2f} +- {self.half:.2f}"


@dataclass(frozen=True)
class Judged:
    """Trainings of one setting, one a judge seed.

    Attributes:
        targets: Epochs to each target.
        figures: Metrics of each training.
    """

    targets: tuple[Epochs, ...]
    figures: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, study: Study, figures: Sequence[Mapping[str, Any]], length: float) -> Judged:
        """Collect the epochs to every target from the curves of runs of at most `length` epochs."""
        each = [study.reached(one) for one in figures]
        targets = []
        for place in range(len(study.targets)):
            epochs = [one[place] for one in each]
            counted = tuple(length if one is None else one for one in epochs)
            targets.append(Epochs(counted, sum(one is None for one in epochs)))
        return cls(tuple(targets), tuple(figures))

    def mean(self, name: str) -> float:
        """Mean of a metric over the seeds that have it; nan if none has."""
        known = [one[name] for one in self.figures if one.get(name) is not None]
        return float(np.mean(known)) if known else math.nan

    def median(self, name: str) -> float:
        """Median of a metric over the seeds that have it; nan if none has."""
        known = [one[name] for one in self.figures if one.get(name) is not None]
        return float(np.median(known)) if known else math.nan

    def largest(self, name: str) -> float:
        """Largest value of a metric; nan if none has it."""
        return max((one[name] for one in self.figures if one.get(name) is not None), default=math.nan)

    @property
    def raw(self) -> str:
        """Epochs to the last target of the weights themselves, the runs in which they arrived, and their last score."""
        known = [one["raw_epochs_to_target"] for one in self.figures if one.get("raw_epochs_to_target") is not None]
        arrived = f"{np.mean(known):.2f} ({len(known)})" if known else "- (0)"
        accuracy, loss = self.mean("final_raw_accuracy"), self.mean("final_raw_test_loss")
        return f"{arrived}, {f'{loss:.2f} nats' if math.isnan(accuracy) else f'{accuracy:.2%}'}"


def saved(method: Epochs, rival: Epochs) -> float:
    """Part of the rival's epochs that a method saves in the mean."""
    return 1 - method.mean / rival.mean


def saving(method: Epochs, rival: Epochs) -> str:
    """Saving in words, and in parentheses that at the worst case of both intervals."""
    if method.missed:
        return "not reached"
    low = rival.mean - rival.half
    worst = f"{1 - (method.mean + method.half) / low:.0%}" if low > 0 and math.isfinite(method.half) else "open"
    return f"{'> ' * bool(rival.missed)}{saved(method, rival):.0%} ({worst})"
