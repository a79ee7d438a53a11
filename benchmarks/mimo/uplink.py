"""Rows of formulas, detection and iterations."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

import numpy as np
from scipy.integrate import quad
from scipy.stats import gamma

from benchmarks.mimo.rows import IDEAL, Row
from mimo import Constellation, DetectSettings, Parts, detect, detector_rates
from mimo.iteration.methods import METHODS, rate
from mimo.radio.channels import rayleigh, standard_error
from mimo.radio.closed_forms import ratio, zero_forcing_rayleigh
from mimo.radio.real_form import real_form


def formulas() -> Iterator[Row]:
    """Bit error rates in white noise, and of zero forcing over Rayleigh channels against the integral."""
    known = ((4, 10, 7.82701e-4), (16, 16, 1.791218e-3), (64, 22, 1.753103e-3), (256, 22, 4.034443e-2))
    for order, decibels, wanted in known:
        value = float(Constellation(order).error_rate(ratio(decibels)))
        yield Row(f"white noise, {order}-QAM, {decibels} dB", value, wanted, 1e-6)
    cases = ((16, 4, 16, 0), (16, 16, 128, -5), (64, 8, 128, 0), (256, 8, 128, 8), (16, 4, 8, 10), (4, 4, 4, 10))
    for order, users, antennas, decibels in cases:
        qam, shape = Constellation(order), antennas - users + 1
        snr = float(ratio(decibels))
        wanted = quad(partial(_weighted, qam, snr, shape), 0, shape + 60 * shape**0.5, limit=400)[0]
        value = float(zero_forcing_rayleigh(qam, antennas, users, snr))
        yield Row(f"zero forcing, {antennas} x {users}, {order}-QAM, {decibels} dB", value, wanted, 1e-4)


def _weighted(qam: Constellation, snr: float, shape: int, x: float) -> float:
    """Rate of white noise at `g x`, times the density of x."""
    return float(qam.error_rate(snr * x) * gamma.pdf(x, shape))


def detection() -> Iterator[Row]:
    """Rates of circuits at exact zero forcing's 1e-3, against a model of the cells in NumPy."""
    yield from simulated()
    common = {"antennas": 128, "users": 16, "snr": "-3.89", "realizations": 150, "correlation": 0.0}
    other = {"antennas": 128, "users": 8, "order": 64, "snr": "1.81", "realizations": 100, "correlation": 0.0}
    for levels, settings, names, wanted in (
        (16, common, "gram-inv", (1.5e-2,)),
        (8, common, "ginv", (2.1e-3,)),
        (8, common, "fixed-diagonal", (1.8e-3,)),
        (8, other, "ginv", (2.6e-3,)),
        (16, other | {"uses": "2"}, "refined", (1.08e-3,)),
        (16, other | {"uses": "3"}, "refined", (1.005e-3,)),
        (16, common | {"uses": "3"}, "refined", (1.06e-3,)),
    ):
        found = detect(DetectSettings(**settings, detectors=names), Parts(IDEAL | {"levels": levels}))
        for curve, value in zip(found.curves, wanted, strict=True):
            size = f"{settings['antennas']} x {settings['users']}, {levels} levels"
            bound = 0.03 if names == "refined" else 0.1
            exact = float(found.exact["i.i.d."].mean())
            # Relative to exact zero forcing of the same channels, whose closed form is 1e-3.
            yield Row(f"{curve.detector}, {size}", float(curve.mean[0]) / exact * 1e-3, value, bound)
        exact = found.exact["i.i.d."][:, 0]
        error = 3 * exact.std(ddof=1) / np.sqrt(len(exact))
        yield Row(f"exact zero forcing, {size}", exact.mean(), float(found.closed_form[0]), error, absolute=True)


def simulated() -> Iterator[Row]:
    """Drawn symbols behind exact zero forcing against the integral: three standard errors by channel, and a share."""
    for antennas, users, decibels, count, share in ((16, 4, 6.27, 300, 0.1), (128, 16, -3.89, 150, 0.03)):
        generator, qam = np.random.default_rng(0), Constellation(16)
        channels = rayleigh(count, antennas, users, generator)
        drawn, snr = qam.draw((count, users, 24), generator), ratio([decibels])
        maps = np.linalg.pinv(real_form(channels))
        rates = detector_rates(maps, real_form(channels), snr, qam, drawn)[:, 0]
        wanted = float(zero_forcing_rayleigh(qam, antennas, users, snr)[0])
        name = f"simulated zero forcing, {antennas} x {users}, 16-QAM"
        yield Row(name, float(rates.mean()), wanted, 3 * float(standard_error(rates)), absolute=True)
        yield Row(name, float(rates.mean()), wanted, share)


def iterations() -> Iterator[Row]:
    """Iterations to an error of 1 %, and where Jacobi diverges."""
    wanted = {16: (7, 7, 4, 5, 5), 32: (None, 13, 6, 7, 7)}
    for users, numbers in wanted.items():
        channels = real_form(rayleigh(30, 128, users, np.random.default_rng(users)))
        for name, number in zip(METHODS, numbers, strict=True):
            median = np.median([_errors(name, one, users) for one in channels], axis=0)
            reached = np.flatnonzero(median < 0.01)
            value = float(reached[0] + 1) if reached.size else np.inf
            if number is None:
                yield Row(f"{name}, 128 x {users}: diverges", float(np.isinf(value)), 1, 0)
            else:
                yield Row(f"{name}, 128 x {users}: iterations to 1 %", value, number, 1, True)
    yield Row("Jacobi's factor at K/M = 0.1716", rate("jacobi", 1, (2**0.5 - 1) ** 2), 1, 1e-9)


def _errors(name: str, channel: np.ndarray, users: int) -> list[float]:
    exact = np.linalg.pinv(channel)
    steps = islice(METHODS[name](channel.T @ channel, channel.T, 128, users), 40)
    return [float(np.linalg.norm(x - exact) / np.linalg.norm(exact)) for x in steps]
