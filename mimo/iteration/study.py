"""Study of iterative detection: error and bit errors after every iteration, time and energy against one step of INV."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits import Converters, Solver, short_repr
from mimo.iteration.methods import METHODS, rate
from mimo.iteration.settings import TARGET, IterateSettings
from mimo.parts import Parts, known_stable, map_of
from mimo.radio.channels import load_channels, rayleigh
from mimo.radio.closed_forms import ratio, ratio_of_rate, zero_forcing
from mimo.radio.real_form import ComplexArray, RealArray, complex_vector, real_form, real_vector

CONVERTERS = Converters(dac_bits=8, adc_bits=8)
"""Converters around every use of a circuit, for time and energy only."""
CIRCUITS = ("mvm", "inv")
"""Circuits of the iterations and of one step."""
FAR = 3.0
"""Distances count for the measured factor while they are so many times the smallest one."""
SLACK = 1.1
"""Iterations count up to a bit error rate of so many times that of one step of the same cells."""


@dataclass(frozen=True)
class Cost:
    """Time and energy of one use of a circuit with 8-bit converters.

    Attributes:
        time: Time, s.
        energy: Energy, J; nan if the op-amp's current is unknown.
    """

    time: float
    energy: float


@dataclass(frozen=True)
class Course:
    """Course of one method.

    Attributes:
        method: Name of the method.
        errors: Median over the channels of `||W_n - W|| / ||W||`, Frobenius, for n = 1, 2, ...: W_n from unit signals
            of every antenna, W the pseudo-inverse of H.
        distances: The same from the map to which the method converges, `A_0^-1 H^T`, A_0 the matrix in the array.
        rates: Bit error rates, counted.
        factor: Factor of the error in one iteration for many antennas.
        needed: Iterations to a bit error rate near that of one step of INV; None if it is not reached.
    """

    method: str
    errors: RealArray
    distances: RealArray
    rates: RealArray
    factor: float
    needed: int | None

    __repr__ = short_repr

    @property
    def measured(self) -> float:
        """Mean factor of the distance to the limit until it is near its end; nan if it leaves the numbers."""
        found = self.distances
        if not np.isfinite(found).all():
            return float("nan")
        far = np.flatnonzero(found > FAR * found.min())
        last = int(far[-1]) if far.size else 0
        return float((found[last] / found[0]) ** (1 / last)) if last else float("nan")


@dataclass(frozen=True)
class Iterated:
    """Result of a study of iterative detection.

    Attributes:
        settings: Settings.
        snr: Es/N0 of a user at an antenna, dB.
        exact: Bit error rate of exact zero forcing, counted with the same noise.
        closed_form: The same by the closed form for these channels.
        one_step: Bit error rate of one step of INV of the same matrix.
        product: Cost of one product by MVM.
        solve: Cost of one step by INV.
        courses: Courses of all methods.
        budget: Bit error rate of one step with each cause of errors alone, the largest first.
        checked: Channels whose circuits had their poles computed, by the circuit.
        unstable: Channels among them with an unstable circuit, by the circuit; all that it gives counts as a guess.
    """

    settings: IterateSettings
    snr: float
    exact: float
    closed_form: float
    one_step: float
    product: Cost
    solve: Cost
    courses: tuple[Course, ...]
    budget: dict[str, float]
    checked: dict[str, int]
    unstable: dict[str, int]

    __repr__ = short_repr

    @property
    def usable(self) -> bool:
        """False if every circuit that was checked is unstable."""
        return any(self.unstable[name] < self.checked[name] for name in self.checked)


@dataclass(frozen=True)
class _Channel:
    """A channel with received vectors, its mean power, its Gram matrix as the arrays have it, and their stability."""

    matrix: RealArray
    received: RealArray
    drawn: Any
    power: float
    product: RealArray
    inverse: RealArray
    stable: dict[str, bool | None]

    @property
    def filtered(self) -> RealArray:
        return np.asarray(self.matrix.T @ self.received)


def iterate(settings: IterateSettings, parts: Parts) -> Iterated:
    """Iterate for all channels and methods.

    The array holds `A_0`, the Gram matrix with the errors of its cells. All methods converge to `A_0^-1 b`.

    Raises:
        ParameterError: The file of channels or an option cannot be used.
    """
    generator = np.random.default_rng(settings.seed)
    channels = _channels(settings, generator)
    antennas, users = channels.shape[1:]
    qam = settings.constellation
    decibels = ratio_of_rate(qam, antennas, users, TARGET) if settings.snr is None else settings.snr
    snr = float(ratio(decibels))
    seen = list(_seen(settings, channels, snr, parts, generator))
    exact = _counted(settings, seen, [np.asarray(np.linalg.pinv(one.matrix) @ one.received, float) for one in seen], [])
    one_step = _counted(settings, seen, [one.inverse @ one.filtered for one in seen], _unstable(seen, "inv"))
    courses = []
    for name in settings.method_names:
        errors, distances, rates = _course(settings, seen, name, antennas, users)
        good = np.flatnonzero(rates <= SLACK * one_step)
        needed = int(good[0]) + 1 if good.size else None
        courses.append(Course(name, errors, distances, rates, rate(name, antennas, users), needed))
    budget = {cause: _alone(settings, seen, parts.alone(cause)) for cause in parts.causes("inv")}
    causes = dict(sorted(budget.items(), key=lambda one: -one[1]))
    closed = float(zero_forcing(qam, channels, [snr]).mean())
    costs = _costs(channels[0], parts)
    checked = {name: sum(one.stable[name] is not None for one in seen) for name in CIRCUITS}
    unstable = {name: len(_unstable(seen, name)) for name in CIRCUITS}
    return Iterated(
        settings, float(decibels), exact, closed, one_step, *costs, tuple(courses), causes, checked, unstable
    )


def _unstable(seen: list[_Channel], circuit: str) -> list[int]:
    """Places of the channels whose circuit of this name is known to be unstable."""
    return [place for place, one in enumerate(seen) if one.stable[circuit] is False]


def _channels(settings: IterateSettings, generator: np.random.Generator) -> ComplexArray:
    if settings.channels is not None:
        return load_channels(Path(settings.channels))
    return rayleigh(settings.realizations, settings.antennas, settings.users, generator)


def _seen(
    settings: IterateSettings, channels: ComplexArray, snr: float, parts: Parts, generator: np.random.Generator
) -> Iterator[_Channel]:
    for trial, matrix in enumerate(real_form(channels)):
        drawn = settings.constellation.draw((channels.shape[2], settings.vectors), generator)
        noise = generator.standard_normal((len(matrix), settings.vectors)) / np.sqrt(2 * snr)
        received = matrix @ real_vector(settings.constellation.symbols(drawn)) + noise
        gram = matrix.T @ matrix
        circuits = {name: parts.program(name, gram, trial) for name in CIRCUITS}
        product, inverse = (map_of(circuit) for circuit in circuits.values())
        stable = {name: known_stable(circuit, trial) for name, circuit in circuits.items()}
        power = 1.0 if settings.channels is None else float(np.mean(np.abs(channels[trial]) ** 2))
        yield _Channel(matrix, received, drawn, power, product, inverse, stable)


def _course(
    settings: IterateSettings, seen: list[_Channel], name: str, antennas: int, users: int
) -> tuple[RealArray, RealArray, RealArray]:
    """Median error, median distance to the limit, and bit error rate after every iteration."""
    errors, distances = np.zeros((2, settings.iterations, len(seen)))
    found: list[list[RealArray]] = [[] for _ in range(settings.iterations)]
    for place, one in enumerate(seen):
        wanted = np.linalg.pinv(one.matrix)
        limit = np.linalg.pinv(one.product) @ one.matrix.T
        size = antennas * one.power, users * one.power  # the eigenvalues go as the power of the channel
        whole = METHODS[name](one.product, one.matrix.T, *size)
        steps = METHODS[name](one.product, one.filtered, *size)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # of a method that diverges
            for n, (x, every) in enumerate(islice(zip(steps, whole, strict=False), settings.iterations)):
                errors[n, place] = np.linalg.norm(every - wanted) / np.linalg.norm(wanted)
                distances[n, place] = np.linalg.norm(every - limit) / np.linalg.norm(wanted)
                found[n].append(x)
    rates = [_counted(settings, seen, estimates, _unstable(seen, "mvm")) for estimates in found]
    return np.median(errors, axis=1), np.median(distances, axis=1), np.array(rates)


def _alone(settings: IterateSettings, seen: list[_Channel], parts: Parts) -> float:
    """Bit error rate of one step of INV with these parts."""
    found, unstable = [], []
    for trial, one in enumerate(seen):
        circuit = parts.program("inv", one.matrix.T @ one.matrix, trial)
        found.append(np.asarray(circuit.steady(one.filtered)))
        if known_stable(circuit, trial) is False:
            unstable.append(trial)
    return _counted(settings, seen, found, unstable)


def _counted(
    settings: IterateSettings, seen: list[_Channel], estimates: list[RealArray], guesses: Collection[int]
) -> float:
    """Bit error rate, counted; the mean gain of each user is undone, as by a receiver with pilots.

    Half of the bits are wrong at the places of guesses, and where an estimate is not finite.
    """
    qam, wrong, bits = settings.constellation, 0.0, 0
    for place, (one, x) in enumerate(zip(seen, estimates, strict=True)):
        symbols, count = qam.symbols(one.drawn), one.drawn.size * qam.bits
        with np.errstate(all="ignore"):
            found = complex_vector(x)
            gains = (found * symbols.conj()).sum(axis=1) / (np.abs(symbols) ** 2).sum(axis=1)
            found = found / gains[:, None]
        guess = place in guesses or not np.isfinite(found).all()
        wrong += count / 2 if guess else qam.bit_errors(one.drawn, qam.decided(found))
        bits += count
    return wrong / bits


def _costs(channel: ComplexArray, parts: Parts) -> tuple[Cost, Cost]:
    """Costs of one product and of one step, for the first channel."""
    matrix = real_form(channel)
    gram, b = matrix.T @ matrix, np.ones(matrix.shape[1])
    product, solve = (_cost(parts.program(name, gram, 0), b) for name in ("mvm", "inv"))
    return product, solve


def _cost(circuit: Solver, b: RealArray) -> Cost:
    found = circuit.cost(circuit.solve(b), CONVERTERS)
    energy = found.energy.total
    return Cost(float(np.asarray(found.time.total)), float("nan") if energy is None else float(np.asarray(energy)))
