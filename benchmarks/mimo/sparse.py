"""Rows of channels, of their estimation and of leakage precoding."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.mimo.rows import IDEAL, Row
from mimo import DELAY_LINES, EstimateSettings, LeakageSettings, Parts, estimate, leakage, plane_waves
from mimo.estimation.algorithms import exact_least_squares, fista, refit
from mimo.estimation.problem import problem_of
from mimo.radio.channels import rayleigh
from mimo.radio.plane_waves import plane_wave_correlation
from mimo.radio.real_form import real_form
from mimo.slnr.precoders import leakage_precoder, noise_of
from mimo.slnr.study import decibels as in_decibels

LARGE = {"size": 128, "pilots": 48, "taps": 6, "realizations": 200, "snr": "0,10,20,30"}
ALIGNED = 1e-4
"""Difference of the cosine from 1 up to which iterations are counted."""


def channels() -> Iterator[Row]:
    """Tables of TR 38.901 by their delay spread; correlations of delay lines and of plane waves in closed form."""
    distances = np.array([0.02, 0.1, 0.5])
    for name, line in DELAY_LINES.items():
        yield Row(f"{name}, rms delay spread of its table", line.delay_spread, 1, 0.01)
        found = line.response(line.draw(100_000, np.random.default_rng(0)), np.array([0.0, *distances]))
        error = np.abs((found[:, 1:] * found[:, :1].conj()).mean(axis=0) - line.correlation(distances)).max()
        yield Row(f"{name}, correlation over frequency against its sum, largest difference", error, 0, 0.013, True)
    drawn = plane_waves(100_000, 6, 1, 3, np.random.default_rng(1))[:, :, 0]
    error = np.abs(drawn.T @ drawn.conj() / len(drawn) - plane_wave_correlation(6)).max()
    yield Row("plane waves, correlation of antennas against J_0, largest difference", error, 0, 0.02, True)


def estimation() -> Iterator[Row]:
    """Mean squared errors with 128 entries, 48 pilots, 6 taps, dB: oracle, pursuit, FISTA with 16 levels."""
    found = estimate(EstimateSettings(**LARGE, estimators="omp,fista,fista-ls"), Parts({"levels": 16}))
    formula, known = in_decibels(found.formula), in_decibels(found.oracle.mean(axis=0))
    for snr, one, wanted in zip(found.snr, known, formula, strict=True):
        yield Row(f"oracle, {snr:g} dB", one, wanted, 0.3, True)
    by = {one.name: one for one in found.estimators}
    exact = {name: in_decibels(one.exact.mean(axis=0)) for name, one in by.items()}
    real = {name: in_decibels(one.mean) for name, one in by.items()}
    yield Row("omp, 20 dB, exact, against the oracle", exact["omp"][2], known[2], 1, True)
    yield Row("omp, 20 dB, 16 levels, against the oracle", real["omp"][2], known[2], 1, True)
    for place, wanted in enumerate((-3.1, -10.3, -19.5, -29.2)):
        text = f"fista, {found.snr[place]:g} dB, exact, against an independent model"
        yield Row(text, exact["fista"][place], wanted, 0.5, True)
    yield Row("fista and least squares, 20 dB, 16 levels", real["fista-ls"][2], -27.2, 1, True)
    yield Row("fista and least squares, 20 dB, 16 levels, against the oracle", real["fista-ls"][2], known[2], 2, True)
    yield _rounded(8)
    small = estimate(EstimateSettings(snr="20", estimators="recover", realizations=2, solves=2), Parts(IDEAL))
    one = small.estimators[0]
    wanted = float(in_decibels(one.exact.mean(axis=0))[0])
    yield Row("recovery circuit of ideal cells, 32 x 16, 20 dB", float(in_decibels(one.mean)[0]), wanted, 0.3, True)


def _rounded(levels: int) -> Row:
    """FISTA and least squares by arrays of few levels, against the same with rounded entries, at 30 dB."""
    settings = EstimateSettings(**LARGE | {"snr": "30"}, estimators="fista-ls")
    found = estimate(settings, Parts({"levels": levels})).estimators[0]
    problem, steps = problem_of(settings), levels - 1
    matrix = real_form(problem.pilots)
    largest = np.abs(matrix).max()
    rounded = np.sign(matrix) * np.rint(steps * np.abs(matrix) / largest) / steps * largest
    first = fista(problem, 1e3, rounded, rounded.T, settings.iterations)
    chosen = np.argsort(-np.abs(first), axis=1)[:, : settings.taps]
    errors = problem.errors(refit(problem, 1e3, chosen, exact_least_squares(problem.pilots)))
    wanted = float(in_decibels(errors.mean()))
    text = f"fista and least squares, 30 dB, {levels} levels, against rounded entries"
    return Row(text, float(in_decibels(found.mean)[0]), wanted, 0.2, True)


def leaks() -> Iterator[Row]:
    """Leakage precoders: one antenna a user is regularised zero forcing; ratios, eigenvalues, iterations; circuits."""
    found = leakage(LeakageSettings(antennas=16, users=4, user_antennas=1), Parts(IDEAL))
    yield Row("16 x 4, one antenna a user, 1 - cos to regularised zero forcing", found.zero_forcing, 0, 1e-12, True)
    yield Row("16 x 4, one antenna a user, 1 - cos by INV", 1 - found.methods[0].alignments.min(), 0, 1e-6, True)
    for antennas, users, count, wanted, second, solves in (
        (16, 4, 40, 18.3, 0.47, 6), (64, 8, 20, 24.6, 0.72, 13), (128, 16, 2, 27.3, 0.79, 17),
    ):  # fmt: skip
        size = f"{antennas} x {users}, two antennas a user"
        best, ratios, steps = _exact(antennas, users, count)
        yield Row(f"{size}, mean ratio, dB", best, wanted, 0.5, True)
        yield Row(f"{size}, second eigenvalue over the first, median", ratios, second, 0.05, True)
        yield Row(f"{size}, power iterations to 1 - cos < 1e-4, median", steps, solves, 0.25)
    settings = LeakageSettings(antennas=64, users=8, realizations=2, iterations=40)
    found = leakage(settings, Parts(IDEAL | {"topology": "compensated"}))
    exact = float(in_decibels(found.exact).mean())
    for one in found.methods:
        yield Row(
            f"64 x 8, mean ratio by {one.name.upper()}, dB", float(in_decibels(one.ratios).mean()), exact, 0.05, True
        )
    text = "64 x 8, mean eigenvalue, dB, against that of many antennas"
    closed = float(in_decibels(np.array(found.closed_form)))
    yield Row(text, float(in_decibels(np.array(found.eigenvalues))), closed, 0.2, True)


def _exact(antennas: int, users: int, count: int) -> tuple[float, float, float]:
    """Mean ratio in dB, median of the second eigenvalue over the first, and median number of power iterations."""
    noise, found = noise_of(2, 10.0), []
    for channel in rayleigh(count, antennas, 2 * users, np.random.default_rng(31)).swapaxes(1, 2):
        for user in range(users):
            precoder, values = leakage_precoder(channel, user, 2, noise)
            rows = slice(2 * user, 2 * user + 2)
            signal = channel[rows].conj().T @ channel[rows]
            step = np.linalg.solve(channel.conj().T @ channel - signal + noise * np.eye(antennas), signal)
            found.append((10 * np.log10(values[0]), values[1] / values[0], _iterations(step, precoder)))
    ratios, seconds, steps = np.array(found).T
    return float(ratios.mean()), float(np.median(seconds)), float(np.median(steps))


def _iterations(step: np.ndarray, wanted: np.ndarray) -> int:
    vector = np.ones(len(step), complex)
    for number in range(1, 200):
        vector = step @ vector
        vector = vector / np.linalg.norm(vector)
        if 1 - abs(np.vdot(vector, wanted)) < ALIGNED:
            return number
    return 200
