"""Study of channel estimation: mean squared error against the signal-to-noise ratio, beside what an oracle reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits import short_repr
from mimo.estimation.algorithms import exact_least_squares, refit
from mimo.estimation.circuits import Estimates, Means, circuit_means, estimated, exact_means
from mimo.estimation.problem import Problem, largest, oracle, problem_of, squared
from mimo.estimation.settings import EstimateSettings
from mimo.parts import Parts
from mimo.radio.channels import standard_error
from mimo.radio.closed_forms import ratio
from mimo.radio.real_form import RealArray

BUDGET_CHANNELS = 10
"""Number of channels for the error of each cause alone."""
IN_ONE_STEP = ("recover", "recover-ls")


@dataclass(frozen=True)
class Estimator:
    """Errors of one estimator. No estimate, h = 0, has an error of 1 in the mean.

    Attributes:
        name: Name.
        errors: Squared error of every channel at every ratio over the mean squared length, shape (B, S).
        exact: The same in exact arithmetic, over the same channels.
        failed: Statuses of solves without an estimate, over all ratios.
        time: Settling time of an estimate at the largest ratio, s: of all products, or the mean of solves in one step;
            without converters and least squares.
        budget: Mean error at the largest ratio of each cause alone, the largest first, over the first channels.
        ideal: Mean error there in exact arithmetic, over the same channels.
    """

    name: str
    errors: RealArray
    exact: RealArray
    failed: tuple[str, ...]
    time: float
    budget: dict[str, float]
    ideal: float

    __repr__ = short_repr

    @property
    def mean(self) -> RealArray:
        """Mean over the channels, shape (S,)."""
        return np.asarray(self.errors.mean(axis=0))

    @property
    def standard_error(self) -> RealArray:
        """Standard error of the mean by channel, shape (S,); nan for one channel."""
        return standard_error(self.errors)


@dataclass(frozen=True)
class Estimation:
    """Result of a study of channel estimation.

    Attributes:
        settings: Settings.
        size: Entries of a channel.
        snr: Signal-to-noise ratios, dB, shape (S,).
        formula: Mean error of least squares over the largest entries in closed form, shape (S,); a lower bound for rows
            of the Fourier matrix.
        oracle: The same over these channels, shape (B, S).
        estimators: All estimators.
        unstable: Number of unstable arrays, of two.
    """

    settings: EstimateSettings
    size: int
    snr: RealArray
    formula: RealArray
    oracle: RealArray
    estimators: tuple[Estimator, ...]
    unstable: int

    __repr__ = short_repr

    @property
    def usable(self) -> bool:
        """False if no circuit gave an estimate."""
        return any(len(one.failed) < one.errors.size for one in self.estimators)


def decibels(errors: RealArray) -> RealArray:
    """Return ratios of powers in dB."""
    return np.asarray(10 * np.log10(np.maximum(errors, np.finfo(float).tiny)))


def estimate(settings: EstimateSettings, parts: Parts) -> Estimation:
    """Compute the errors of all estimators. Channels, pilots and noise are the same for all, and at all ratios.

    Raises:
        ParameterError: The file of channels or an option cannot be used.
        SimulationError: The simulator failed; deck and log are kept.
    """
    problem, snr = problem_of(settings), ratio(settings.decibels)
    taps, pilots = settings.taps, settings.pilots
    places = largest(problem.entries, taps)
    chosen = np.zeros(problem.entries.shape)
    np.put_along_axis(chosen, places, 1.0, axis=1)
    outside = float(squared(problem.entries * (1 - chosen)).mean() / problem.power)
    formula = [oracle(float(one), taps, pilots, outside, settings.pilot_matrix) for one in snr]
    solver = exact_least_squares(problem.pilots)
    known = [problem.errors(refit(problem, float(one), places, solver)) for one in snr]
    study = _Study(settings, problem, snr, parts)
    estimators = tuple(study.estimator(name) for name in settings.estimator_names)
    return Estimation(
        settings, problem.entries.shape[1], settings.decibels, np.array(formula), np.stack(known, axis=1), estimators,
        study.real.unstable,
    )  # fmt: skip


class _Study:
    """Problem with all means, each programmed once."""

    def __init__(self, settings: EstimateSettings, problem: Problem, snr: RealArray, parts: Parts) -> None:
        self.settings, self.problem, self.snr = settings, problem, snr
        self.exact = exact_means(problem)
        self.real = circuit_means(problem, parts, settings)
        self.alone = {cause: circuit_means(problem, parts.alone(cause), settings) for cause in parts.causes("mvm")}

    def estimator(self, name: str) -> Estimator:
        """Compute all errors of an estimator."""
        problem = self.problem.first(self.settings.solves) if name in IN_ONE_STEP else self.problem
        few = problem.first(BUDGET_CHANNELS)
        real = [self._at(name, problem, snr, self.real) for snr in self.snr]
        exact = [self._at(name, problem, snr, self.exact).entries for snr in self.snr]
        alone = {cause: self._at(name, few, self.snr[-1], means) for cause, means in self.alone.items()}
        causes = {cause: float(few.errors(found.entries).mean()) for cause, found in alone.items()}
        ideal = float(few.errors(exact[-1][:BUDGET_CHANNELS]).mean())
        return Estimator(
            name, np.stack([problem.errors(one.entries) for one in real], axis=1),
            np.stack([problem.errors(one) for one in exact], axis=1),
            tuple(status for one in real for status in one.failed), self._time(name, real[-1]),
            dict(sorted(causes.items(), key=lambda one: -one[1])), ideal,
        )  # fmt: skip

    def _at(self, name: str, problem: Problem, snr: float, means: Means) -> Estimates:
        return estimated(name, problem, float(snr), means, self.settings.iterations)

    def _time(self, name: str, found: Estimates) -> float:
        if name in IN_ONE_STEP:
            return float(np.mean(found.times)) if found.times else float("nan")
        steps = self.settings.taps if name == "omp" else self.settings.iterations
        return steps * self.real.product_time
