"""Course of the learning rate over a run: constant, step or cosine, each with a linear warm-up."""

from __future__ import annotations

import math
from dataclasses import dataclass

from optimizer.settings import StepSettings


def full(step: int) -> float:
    """Return 1, the factor of every step without a schedule."""
    return 1.0


@dataclass(frozen=True)
class Schedule:
    """Part of the full learning rate at each step.

    Attributes:
        settings: Course of the learning rate, in epochs.
        steps_per_epoch: Steps of an epoch.
        steps: Steps of the whole run.
    """

    settings: StepSettings
    steps_per_epoch: int
    steps: int

    def __call__(self, step: int) -> float:
        """Return the factor of a step, counted from 0.

        With `w` steps of warm-up the first `w` have `(step + 1) / w`. The cosine begins behind them: `(1 + cos(pi
        (step - w) / (steps - w))) / 2` (Loshchilov, Hutter 2017, arXiv 1608.03983, without restarts).
        """
        rise = self.settings.warmup_epochs * self.steps_per_epoch
        if step + 1 <= rise:
            return (step + 1) / rise
        match self.settings.schedule:
            case "step":
                drops = math.floor(step / (self.settings.step_epochs * self.steps_per_epoch))
                return float(self.settings.step_factor**drops)
            case "cosine":
                done = max(step - rise, 0.0) / (self.steps - rise)
                return (1 + math.cos(math.pi * done)) / 2
        return 1.0
