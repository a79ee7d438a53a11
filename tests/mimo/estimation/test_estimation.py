"""The study of estimation: circuits of ideal parts, levels, circuits without an estimate; its command and its run."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from mimo.estimation.algorithms import exact_least_squares
from mimo.estimation.circuits import circuit_means, estimated, exact_means
from mimo.estimation.problem import problem_of
from mimo.estimation.run import estimate as run
from mimo.estimation.settings import EstimateSettings
from mimo.estimation.study import BUDGET_CHANNELS, decibels, estimate
from mimo.parts import Parts
from mimo.radio.real_form import real_form

SMALL = {"size": 8, "pilots": 6, "taps": 1, "realizations": 12, "snr": "20", "iterations": 30, "seed": 1}
TYPED = [word for name, value in SMALL.items() for word in (f"--{name}", value)]
IDEAL = {"device": "ideal", "opamp": "single-pole", "open_loop_gain": "1e9"}
QUICK = {"estimators": "omp,fista,fista-ls"}


@pytest.fixture(scope="module")
def one_step():
    """The recovery circuit of ideal cells, one channel."""
    return estimate(EstimateSettings(**SMALL | {"estimators": "recover,recover-ls", "solves": 1} | {"iterations": 100}),
                    Parts({"device": "ideal"}))  # fmt: skip


def test_ideal_parts_are_exact_arithmetic():
    """Every estimator, at every ratio; least squares by GINV, too."""
    for solver in ("digital", "ginv"):
        settings = EstimateSettings(**SMALL | {"snr": "0,20"} | QUICK, least_squares=solver)
        found = estimate(settings, Parts(IDEAL))
        assert found.unstable == 0 and found.usable
        for one in found.estimators:
            assert one.errors == pytest.approx(one.exact, rel=1e-5), one.name


def test_the_recovery_circuit_is_near_the_minimum_that_it_approaches(one_step):
    """One channel: the errors are those of the minimum within a tenth, and the solve has a time."""
    plain, fitted = one_step.estimators
    assert not plain.failed and 1e-8 < plain.time < 1e-5
    assert plain.errors == pytest.approx(plain.exact, rel=0.1)
    assert fitted.errors == pytest.approx(one_step.oracle[:1], rel=1e-9)  # the same entry is the largest
    assert plain.errors.shape == (1, 1) and np.isnan(plain.standard_error).all()


def test_arrays_of_few_levels_hold_rounded_entries():
    """A pair of cells has `|a|/max|a|` rounded to whole steps of 1/(levels - 1), and the sign; both products."""
    settings = EstimateSettings(**SMALL | QUICK)
    problem = problem_of(settings)
    matrix = real_form(problem.pilots)
    found = circuit_means(problem, Parts(IDEAL | {"levels": 8}), settings)
    largest = np.abs(matrix).max()
    rounded = np.sign(matrix) * np.rint(7 * np.abs(matrix) / largest) / 7 * largest
    assert found.forward == pytest.approx(rounded, abs=1e-6) and found.back == pytest.approx(rounded.T, abs=1e-6)


def test_levels_of_cells_cost_accuracy_and_the_budget_names_them():
    """Four levels are worse than exact arithmetic at 40 dB; the budget is that of the first channels."""
    settings = EstimateSettings(**SMALL | {"snr": "40", "estimators": "fista"})
    one = estimate(settings, Parts({"levels": 4})).estimators[0]
    assert one.mean[0] > 1.2 * one.exact.mean()
    assert list(one.budget) == ["levels", "opamp_gain"]
    few = problem_of(settings).first(BUDGET_CHANNELS)
    wanted = few.errors(estimated("fista", few, 1e4, exact_means(few), 30).entries).mean()
    assert one.ideal == pytest.approx(wanted) and one.budget["levels"] > 1.2 * wanted
    assert one.budget["opamp_gain"] == pytest.approx(wanted, rel=0.01)


def test_a_circuit_without_an_estimate_counts_as_none(monkeypatch):
    """An error of 1, 0 dB, and the status is kept; refitting nothing leaves nothing."""
    problem = problem_of(EstimateSettings(**SMALL | {"realizations": 3} | QUICK))
    means = exact_means(problem)
    object.__setattr__(means, "sparse", lambda received, penalty: ("UNSTABLE", received, np.nan))
    for name in ("recover", "recover-ls"):
        found = estimated(name, problem, 100.0, means, 1)
        assert (found.entries == 0).all() and found.failed == ("UNSTABLE",) * 3 and not found.times
        assert problem.errors(found.entries).mean() == pytest.approx(1)  # of all channels


def test_an_unstable_ginv_solves_nothing(monkeypatch):
    """Its least squares are zeros; a stable one solves them."""
    problem = problem_of(EstimateSettings(**SMALL | QUICK))
    settings = EstimateSettings(**SMALL | QUICK, least_squares="ginv")
    solve = circuit_means(problem, Parts(IDEAL), settings).least_squares
    received, places = problem.received(10.0)[0], np.array([1, 4])
    wanted = exact_least_squares(problem.pilots)(places, received, 0)
    assert solve(places, received, 0) == pytest.approx(wanted, rel=1e-6)
    monkeypatch.setattr("mimo.estimation.circuits.program_ginv", lambda *_: (None, False))
    assert (solve(places, received, 0) == 0).all()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"size": 1025}, "size: got 1025; must be at most 1024"),
        ({"pilots": 33}, "pilots: got 33; must be at most the number of entries, 32"),
        ({"taps": 16}, "taps: got 16; must be below the number of pilots, 16"),
        ({"snr": "nan"}, "snr: got nan; must be finite"),
        ({"snr": "1,x"}, "snr: got 1,x; must be finite"),
        ({"estimators": "lasso"}, "estimators: got lasso; must be among omp"),
        ({"channel_model": "cdl-a"}, "channel_model"),
        ({"delay_spread": 2.0}, "delay_spread: got 2.0; has no effect without a tapped delay line"),
        ({"delay_spread": 4.0, "channel_model": "tdl-a"}, "delay_spread: got 4.0; reaches beyond 32 samples; .* 3.313"),
        ({"iterations": 5, "estimators": "omp"}, "iterations: got 5; has no effect without fista"),
        ({"solves": 5, "estimators": "omp"}, "solves: got 5; has no effect without the estimator recover"),
        ({"least_squares": "ginv", "estimators": "fista"}, "least_squares: got ginv; has no effect without omp"),
        ({"channels": "H.npy", "size": 8}, "size: got 8; has no effect beside channels"),
        ({"channels": "H.npy", "channel_model": "waves"}, "channel_model: got waves; has no effect beside channels"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings, words):
    """By name, with the mend."""
    with pytest.raises(ParameterError, match=words):
        EstimateSettings(**settings)


ACTING = {
    "size": 12,
    "pilots": 5,
    "taps": 2,
    "channel_model": "waves",
    "pilot_matrix": "fourier",
    "snr": "10",
    "realizations": 11,
    "estimators": "fista",
    "least_squares": "ginv",
    "iterations": 3,
    "seed": 2,
}
"""Another value of every setting but for channels of a file, and for those of the two tests below."""


def test_every_setting_has_an_effect():
    """The errors, or their number, change with each; the delay spread with a delay line."""
    assert set(ACTING) == set(EstimateSettings.model_fields) - {"channels", "solves", "delay_spread"}
    base, parts = SMALL | {"estimators": "fista,fista-ls", "iterations": 5}, Parts({"levels": 8})

    def errors(**changes):
        return np.stack([one.errors for one in estimate(EstimateSettings(**base | changes), parts).estimators])

    plain = errors()
    for name, value in ACTING.items():
        found = errors(**{name: value})
        assert found.shape != plain.shape or np.abs(found / plain - 1).max() > 1e-6, name
    spread = [errors(channel_model="tdl-b", delay_spread=one) for one in (0.5, 1.0)]
    assert np.abs(spread[0] / spread[1] - 1).max() > 1e-3


def test_solves_are_the_channels_of_the_recovery_circuit(one_step):
    """One of twelve; the oracle has them all."""
    assert one_step.settings.solves == 1 and len(one_step.oracle) == 12
    assert all(len(one.errors) == 1 for one in one_step.estimators)


def test_the_command_prints_what_the_study_found(amc, tmp_path):
    """JSON has the numbers of the study; the picture is written; the table names the formula."""
    words = ("--estimators", QUICK["estimators"])
    outcome = amc("mimo", "estimate", *TYPED, *words, "--format", "json", "--plot", tmp_path / "estimate.png")
    assert outcome.code == 0 and (tmp_path / "estimate.png").stat().st_size > 10_000
    wanted = estimate(EstimateSettings(**SMALL | QUICK), Parts({}))
    assert outcome.json["formula_nmse_db"] == pytest.approx(decibels(wanted.formula))
    for one, record in zip(wanted.estimators, outcome.json["estimators"], strict=True):
        assert record["nmse_db"] == pytest.approx(decibels(one.mean)) and record["estimator"] == one.name
        assert set(record["budget_nmse_db"]) == {"levels", "opamp_gain"}
    assert "formula" in amc("mimo", "estimate", *TYPED, "--estimators", "fista").out


def test_channels_of_a_file_are_estimated(amc, tmp_path):
    """Two users are two channels; more pilots than antennas are refused, in one line."""
    rng = np.random.default_rng(0)
    np.save(tmp_path / "H.npy", rng.standard_normal((1, 6, 2)) + 1j * rng.standard_normal((1, 6, 2)))
    words = ("mimo", "estimate", "--channels", tmp_path / "H.npy", "--estimators", "omp")
    outcome = amc(*words, "--pilots", 5)
    assert outcome.code == 0 and "6 entries (file)" in outcome.out
    amc(*words, "--pilots", 7).refused("--pilots", "at most the number of entries, 6")


def test_the_run_of_sweeps_has_the_metrics_of_the_study():
    """Complete options return themselves."""
    given = {option.name: (SMALL | QUICK).get(option.name) for option in run.options()}
    complete = run.complete(given)
    assert run.complete(complete) == complete
    metrics = run.measure(complete).metrics
    wanted = {one.name: one for one in estimate(EstimateSettings(**SMALL | QUICK), Parts({})).estimators}
    assert metrics["nmse_db_fista_ls"] == pytest.approx(decibels(wanted["fista-ls"].mean)[-1])
    assert metrics["nmse_db_oracle"] < metrics["nmse_db_fista"] and len(metrics["curve_nmse_db_omp"]) == 1
