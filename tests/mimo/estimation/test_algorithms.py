"""Estimators in exact arithmetic: against the oracle's closed form, optimality conditions, and easy cases."""

import numpy as np
import pytest

from mimo.estimation.algorithms import complex_penalty, exact_least_squares, fista, matching_pursuit, refit
from mimo.estimation.problem import Problem, largest, oracle, problem_of
from mimo.estimation.settings import EstimateSettings
from mimo.radio.plane_waves import beams
from mimo.radio.real_form import real_form


def problem(**changes):
    """A problem of the settings, with the real form of its pilots."""
    found = problem_of(EstimateSettings(estimators="omp", **changes))
    return found, real_form(found.pilots)


@pytest.mark.parametrize(("model", "outside"), [("grid", False), ("waves", True)])
def test_an_oracle_has_its_closed_form(model, outside):
    """Mean over matrices of pilots, channels and noise: what lies outside of the largest entries acts like noise."""
    errors, lost = [], []
    for seed in range(60):
        found, _ = problem(size=24, pilots=12, taps=3, realizations=40, seed=seed, channel_model=model)
        places = largest(found.entries, 3)
        power = (np.abs(found.entries) ** 2).sum(axis=1)
        inside = (np.abs(np.take_along_axis(found.entries, places, axis=1)) ** 2).sum(axis=1)
        lost.append((power - inside).mean() / power.mean())
        errors.append(found.errors(refit(found, 10.0, places, exact_least_squares(found.pilots))).mean())
    assert (np.mean(lost) > 0.01) == outside
    assert np.mean(errors) == pytest.approx(oracle(10.0, 3, 12, np.mean(lost), "gaussian"), rel=0.05)


def test_rows_of_the_fourier_matrix_stay_above_their_bound():
    """Equal at a number of pilots that makes the matrix unitary: `k/(P snr)` with all N rows."""
    found, _ = problem(size=16, pilots=16, taps=2, realizations=4000, pilot_matrix="fourier")
    solver = exact_least_squares(found.pilots)
    error = found.errors(refit(found, 100.0, largest(found.entries, 2), solver)).mean()
    assert error == pytest.approx(oracle(100.0, 2, 16, 0.0, "fourier"), rel=0.06)
    fewer, _ = problem(size=16, pilots=6, taps=2, realizations=400, pilot_matrix="fourier")
    solver = exact_least_squares(fewer.pilots)
    error = fewer.errors(refit(fewer, 100.0, largest(fewer.entries, 2), solver)).mean()
    assert error > oracle(100.0, 2, 6, 0.0, "fourier")


def test_pursuit_of_orthogonal_columns_takes_the_largest_correlations():
    """With a unitary matrix of pilots the answer is that of keeping the k largest entries of `Phi^H y`."""
    found, matrix = problem(size=8, pilots=8, taps=3, realizations=5, pilot_matrix="fourier")
    solver = exact_least_squares(found.pilots)
    answer = matching_pursuit(found, 1.0, matrix, matrix.T, solver)
    correlation = found.received(1.0) @ found.pilots.conj()
    kept = np.zeros_like(correlation)
    places = largest(correlation, 3)
    np.put_along_axis(kept, places, np.take_along_axis(correlation, places, axis=1), axis=1)
    assert answer == pytest.approx(kept)


def test_without_noise_pursuit_finds_a_sparse_channel():
    """All entries, to rounding."""
    found, matrix = problem(size=32, pilots=24, taps=2, realizations=10)
    answer = matching_pursuit(found, 1e20, matrix, matrix.T, exact_least_squares(found.pilots))
    assert answer == pytest.approx(found.entries, abs=1e-8)


def test_fista_fulfils_the_optimality_conditions():
    """`Phi^H (y - Phi h) = lambda h/|h|` where h is not zero, and at most lambda elsewhere."""
    found, matrix = problem(size=16, pilots=10, taps=2, realizations=3)
    answer = fista(found, 100.0, matrix, matrix.T, 5000)
    penalty = complex_penalty(found, 100.0)
    pull = (found.received(100.0) - answer @ found.pilots.T) @ found.pilots.conj()
    present = np.abs(answer) > 1e-9
    assert 0 < present.sum() < answer.size
    assert pull[present] == pytest.approx(penalty * (answer / np.abs(answer).clip(1e-30))[present], abs=1e-6)
    assert np.abs(pull[~present]).max() <= penalty * (1 + 1e-6)


def test_a_wave_between_the_beams_is_seen_by_all_of_them():
    """Beams are a unitary change: the length stays; a wave on a beam has one entry."""
    waves, _ = problem(size=16, pilots=8, taps=1, realizations=2000, channel_model="waves")
    assert (np.abs(waves.entries) ** 2).sum(axis=1).mean() == pytest.approx(1, rel=0.1)
    lines, _ = problem(size=64, pilots=8, taps=1, realizations=2000, channel_model="tdl-d", delay_spread=1.0)
    assert (np.abs(lines.entries) ** 2).sum(axis=1).mean() == pytest.approx(1, rel=0.05)
    # Of TDL-D, the line of sight and the tap beside it are at delay 0: 10^-0.02 + 10^-1.35 of 1.0756 in all.
    assert (np.abs(lines.entries[:, 0]) ** 2).mean() == pytest.approx(0.9295, rel=0.02)


def test_more_users_than_antennas_are_as_many_channels(tmp_path):
    """Twelve users of six antennas, each on a beam and each beam twice, have their one entry."""
    places = np.arange(12) % 6
    np.save(tmp_path / "H.npy", 2 * beams(6)[:, places])
    settings = EstimateSettings(channels=str(tmp_path / "H.npy"), pilots=4, taps=1, estimators="omp")
    assert np.abs(problem_of(settings).entries) == pytest.approx(np.eye(6)[places], abs=1e-12)


def test_channels_of_a_file_are_seen_through_beams(tmp_path):
    """Each user's antennas are one channel; a wave on a beam is one entry."""
    columns = beams(6)[:, [2, 5]]
    np.save(tmp_path / "H.npy", 3 * columns[None])
    settings = EstimateSettings(channels=str(tmp_path / "H.npy"), pilots=4, taps=1, estimators="omp")
    found = problem_of(settings)
    assert isinstance(found, Problem)
    assert np.abs(found.entries) == pytest.approx(np.eye(6)[[2, 5]], abs=1e-12)
