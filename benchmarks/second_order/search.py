"""Random search of a method's settings in rounds, with the same rule for all methods."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.second_order.methods import Method
from benchmarks.second_order.studies import Study

Train = Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]]
FIRST_TUNING_SEED = 100
SLACK = 1.3
"""A finalist is given up after so many times the epochs of the best one before it."""
HORIZON = 1.5
"""End of the cosine of the best setting, in mean epochs of the same setting with a constant rate.

Of a setting that missed a target the cosine lasts the largest number of epochs: slow methods need it most.
"""
WIDENINGS = 3
STEPS = 5
"""Steps by which the lists of the best finalist are widened, with trainings in full."""


@dataclass(frozen=True)
class Budget:
    """Size of a search, the same for every method.

    Attributes:
        settings: Settings drawn from the ranges.
        nearby: Settings drawn within a factor of 2 of the best one.
        short: Each of them is trained for one in so many of the largest number of epochs. A quarter was seen to favour
            the fast methods, which are at their targets by then: others are ranked by how they begin.
        at_once: Settings of a round.
        finalists: Best settings that are trained in full, with all tuning seeds.
        tuning: Tuning seeds.
        seeds: Judge seeds, which no search has seen.
        first_rules: True for the rules of the first search: no list is widened, and a setting that misses a target gets
            no falling rate.
    """

    settings: int = 12
    nearby: int = 8
    short: int = 2
    at_once: int = 2
    finalists: int = 3
    tuning: int = 2
    seeds: int = 10
    first_rules: bool = False

    @property
    def words(self) -> str:
        """Size in words."""
        return (
            f"each method: {self.settings} settings at random and {self.nearby} around the best one, in rounds of "
            f"{self.at_once}, each for 1/{self.short} of the largest number of epochs, one tuning seed; the best "
            f"{self.finalists} in full with {self.tuning} tuning seeds, and the better one with a cosine too; "
            f"{self.seeds} judge seeds"
            f"{'; no list is widened, and a setting that misses gets no cosine' * self.first_rules}"
        )


SMALL = Budget(settings=8, nearby=4, short=4, at_once=2, finalists=2, first_rules=True)
"""The first search that was run."""


@dataclass
class Tried:
    """A setting with its trainings.

    Attributes:
        setting: Setting.
        reached: Epochs to each target, of each training; None for a miss.
        best: Best score of each training, larger being better.
    """

    setting: dict[str, Any]
    reached: list[tuple[float | None, ...]] = field(default_factory=list)
    best: list[float] = field(default_factory=list)

    def rank(self, study: Study) -> tuple[float, ...]:
        """Fewest misses first, then the geometric mean of the epochs to all targets, then the best score."""
        epochs = [study.epochs if one is None else one for each in self.reached for one in each]
        missed = sum(one is None for each in self.reached for one in each) / len(self.reached)
        return missed, float(np.mean(np.log(epochs))), -float(np.mean(self.best))

    @property
    def last(self) -> float | None:
        """Mean epochs to the last target; None if a training missed it."""
        epochs = [each[-1] for each in self.reached if each[-1] is not None]
        return float(np.mean(epochs)) if len(epochs) == len(self.reached) else None


@dataclass(frozen=True)
class Found:
    """Result of a search.

    Attributes:
        setting: Chosen setting.
        rank: Its rank among settings, over the tuning seeds.
        edges: Deciding ranges at whose edge it lies; then there is no result.
        tried: Number of settings.
    """

    setting: dict[str, Any]
    rank: tuple[float, ...]
    edges: tuple[str, ...]
    tried: int


class Search:
    """Search of one method in one study."""

    def __init__(self, study: Study, method: Method, budget: Budget, train: Train) -> None:
        """Begin; the draws depend on the names alone."""
        self.study, self.method, self.budget, self.train = study, method, budget, train
        self.random = np.random.default_rng([7, zlib.crc32(f"{study.name} {method.label}".encode())])
        self.tried: list[Tried] = []

    def run(self) -> Found:
        """Draw, look around the best, widen ranges, and compare the finalists."""
        budget, random = self.budget, self.random
        for start in range(0, budget.settings, budget.at_once):
            self._try([self.method.drawn(random) for _ in range(min(budget.at_once, budget.settings - start))])
        for start in range(0, budget.nearby, budget.at_once):
            several = range(min(budget.at_once, budget.nearby - start))
            self._try([self.method.near(self.best.setting, random) for _ in several])
        for _ in range(WIDENINGS):
            if not self.method.edges(self.best.setting):
                break
            before, self.method = self.method, self.method.widened(self.best.setting)
            places = range(budget.at_once)
            self._try([before.beyond(self.best.setting, self.method, place == 0, random) for place in places])
        chosen = self._final()
        edges = tuple(self.method.edges(chosen.setting))
        return Found(chosen.setting, chosen.rank(self.study), edges, len(self.tried))

    @property
    def best(self) -> Tried:
        """Best setting so far, by short trainings with the first tuning seed."""
        return min(self.tried, key=self._rank)

    def _rank(self, one: Tried) -> tuple[float, ...]:
        return one.rank(self.study)

    def _try(self, settings: Sequence[dict[str, Any]]) -> None:
        new = [Tried(setting) for setting in settings]
        self._train(new, self.study.epochs / self.budget.short, FIRST_TUNING_SEED)
        self.tried += new

    def _final(self) -> Tried:
        found: list[Tried] = []
        for one in sorted(self.tried, key=self._rank)[: self.budget.finalists]:
            found.append(self._in_full(one.setting, found))
        best = min(found, key=self._rank)
        for _ in range(0 if self.budget.first_rules else STEPS):
            ends = self.method.ends(best.setting)
            if not ends:
                break
            name = next(iter(ends))
            self.method = self.method.listing(name, ends[name])
            found.append(self._in_full({**best.setting, name: ends[name]}, found))
            best = min(found, key=self._rank)
        if best.last is not None or not self.budget.first_rules:
            horizon = self.study.epochs if best.last is None else HORIZON * best.last
            found.append(self._in_full({**best.setting, "horizon": round(horizon, 3)}, found))
        return min(found, key=self._rank)

    def _in_full(self, setting: dict[str, Any], before: Sequence[Tried]) -> Tried:
        last = [one.last for one in before if one.last is not None]
        epochs = min(self.study.epochs, SLACK * min(last, default=math.inf))
        one = Tried(setting)
        for seed in range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + self.budget.tuning):
            self._train([one], epochs, seed)
        return one

    def _train(self, settings: Sequence[Tried], epochs: float, seed: int) -> None:
        found = self.train([self.study.options(one.setting, epochs, seed) for one in settings])
        for one, figures in zip(settings, found, strict=True):
            one.reached.append(self.study.reached(figures))
            one.best.append(_score(figures))


def _score(figures: Mapping[str, Any]) -> float:
    accuracy, loss = figures.get("best_accuracy"), figures.get("best_test_loss")
    score = -math.inf if accuracy is loss is None else float(accuracy) if accuracy is not None else -float(loss)
    return score if math.isfinite(score) else -math.inf
