"""The study of leakage: circuits of ideal parts, the order of a solve, failed circuits; its command and its run."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from mimo.parts import Parts
from mimo.radio.channels import rayleigh
from mimo.radio.real_form import real_form
from mimo.slnr.circuits import program, realised
from mimo.slnr.precoders import alignment, gram, noise_of
from mimo.slnr.run import leakage as run
from mimo.slnr.settings import LeakageSettings
from mimo.slnr.study import decibels, leakage

SMALL = {"antennas": 8, "users": 2, "realizations": 1, "iterations": 30}
TYPED = [word for name, value in SMALL.items() for word in (f"--{name}", value)]
IDEAL = {"device": "ideal", "topology": "compensated"}
CHANNEL = rayleigh(1, 8, 4, np.random.default_rng(0))[0].T


@pytest.fixture(scope="module")
def ideal():
    """A study with ideal cells."""
    return leakage(LeakageSettings(**SMALL), Parts(IDEAL))


def test_ideal_cells_have_the_largest_ratio(ideal):
    """Both methods, near the exact precoder of the definition; matched filters leak more."""
    assert [one.name for one in ideal.methods] == ["egv", "inv"]
    for one in ideal.methods:
        assert one.ratios == pytest.approx(ideal.exact, rel=1e-3) and (one.ratios <= ideal.exact * (1 + 1e-9)).all()
        assert one.alignments == pytest.approx(1, abs=1e-3)
        assert (one.checked, one.unstable, one.failed) == (1, 0, ()) and 1e-9 < one.time < 1e-5
        assert np.isnan(one.standard_error) and list(one.budget) == ["opamp_gain"]
    assert decibels(ideal.matched).mean() < decibels(ideal.exact).mean() - 2
    assert 0 < ideal.second < 1 and np.isnan(ideal.zero_forcing) and ideal.usable


def test_each_solve_shrinks_the_other_direction_by_the_ratio_of_eigenvalues():
    """With two antennas a user: the tangent to the eigenvector falls by mu_1/mu_2 a solve."""
    noise, parts = noise_of(2, 10.0), Parts({"device": "ideal", "opamp": "single-pole", "open_loop_gain": "1e9"})
    inverse = program(CHANNEL, noise, parts, 0)
    values, vectors = np.linalg.eigh(inverse.block(slice(0, 2)))
    start = abs(vectors[0, 1] / vectors[0, 0])
    directions = CHANNEL.conj().T @ np.linalg.inv(CHANNEL @ CHANNEL.conj().T + noise * np.eye(4))[:, :2] @ vectors
    for solves in (1, 4):
        found = realised("inv", inverse, 2, parts, range(1, 3), solves).precoders[0]
        shares = np.abs(np.linalg.lstsq(directions, found)[0])
        assert shares[1] / shares[0] == pytest.approx(start * (values[0] / values[1]) ** solves, rel=1e-4)


def test_one_antenna_a_user_needs_one_solve():
    """INV of G is regularised zero forcing; no second circuit and no iterations."""
    found = leakage(LeakageSettings(antennas=6, users=2, user_antennas=1, realizations=2), Parts(IDEAL))
    assert [one.name for one in found.methods] == ["inv"] and found.zero_forcing < 1e-12
    assert found.methods[0].ratios == pytest.approx(found.exact, rel=1e-4)
    assert found.eigenvalues == pytest.approx(found.exact.mean()) and np.isnan(found.second)


def test_levels_of_cells_cost_ratio_and_the_budget_names_them():
    """Four levels; the ratio of the cells alone is about that of all."""
    one = leakage(LeakageSettings(**SMALL, methods="inv"), Parts(IDEAL | {"device": None, "levels": 4})).methods[0]
    assert next(iter(one.budget)) == "levels" and one.budget["levels"] < one.ideal - 0.5
    assert one.budget["levels"] == pytest.approx(decibels(one.ratios).mean(), abs=0.5)
    assert one.budget["opamp_gain"] == pytest.approx(one.ideal, abs=0.05)


def rounded(matrix, levels):
    """What a pair of cells holds: whole steps of the largest entry."""
    largest = np.abs(matrix).max()
    return np.sign(matrix) * np.rint((levels - 1) * np.abs(matrix) / largest) / (levels - 1) * largest


@pytest.mark.parametrize("diagonal", ["cells", "resistors"])
def test_levels_of_cells_are_rounded_entries(diagonal):
    """Both circuits of the method inv, in NumPy: G without its diagonal where that is in resistors, then the blocks."""
    noise, levels = noise_of(2, 10.0), 12
    parts = Parts({"levels": levels, "opamp": "single-pole", "open_loop_gain": "1e9"})
    inverse = program(CHANNEL, noise, parts, 0, diagonal)
    g = real_form(gram(CHANNEL, noise))
    kept = np.diag(g.diagonal()) if diagonal == "resistors" else 0.0
    wanted = np.linalg.inv(kept + rounded(g - kept, levels))
    assert inverse.map == pytest.approx(wanted, abs=1e-6)
    found = realised("inv", inverse, 2, parts, range(1, 3), 3).precoders
    for user in range(2):
        rows = np.arange(2 * user, 2 * user + 2)
        complex_map = (wanted[:4, :4] + wanted[4:, 4:] + 1j * (wanted[4:, :4] - wanted[:4, 4:])) / 2
        block = complex_map[np.ix_(rows, rows)]
        solved = np.linalg.inv(rounded(real_form((block + block.conj().T) / 2), levels))
        vector = np.linalg.matrix_power(solved, 3)[:, 0]
        given = np.zeros(8)
        given[rows], given[rows + 4] = vector[:2], vector[2:]
        answer = wanted @ given
        exact = CHANNEL.conj().T @ (answer[:4] + 1j * answer[4:])
        assert alignment(found[user], exact) == pytest.approx(1, abs=1e-8)


def test_a_diagonal_in_resistors_leaves_the_levels_to_the_other_entries():
    """With many antennas the diagonal of G is large: the loss in dB falls to a fourth or less."""
    settings = LeakageSettings(antennas=48, users=2, realizations=2, methods="inv", iterations=30)
    parts = Parts({"levels": 8, "topology": "compensated"})
    losses = []
    for diagonal in ("cells", "resistors"):
        found = leakage(settings.replace(diagonal=diagonal), parts)
        losses.append(decibels(found.exact).mean() - decibels(found.methods[0].ratios).mean())
    assert losses[0] > 1 and 0 < losses[1] < losses[0] / 4


ACTING = {
    "antennas": 9,
    "users": 3,
    "user_antennas": 1,
    "snr": 3.0,
    "correlation": 0.7,
    "user_correlation": 0.7,
    "realizations": 2,
    "methods": "inv",
    "iterations": 1,
    "diagonal": "resistors",
    "seed": 1,
}
"""Another value of every setting but for channels of a file."""


def test_every_setting_has_an_effect(ideal):
    """The ratios, or their number, change with each; by default both methods run."""
    assert set(ACTING) == set(LeakageSettings.model_fields) - {"channels"}
    base, parts = {"antennas": 8, "users": 2, "realizations": 1, "methods": "inv"}, Parts({"levels": 8})

    def outcome(**changes):
        return leakage(LeakageSettings(**base | changes), parts).methods

    plain = outcome()
    for name, value in ACTING.items():
        if name == "methods":
            assert [one.name for one in plain] == ["inv"] and len(ideal.methods) == 2
            continue
        found = outcome(**{name: value})[0].ratios
        assert found.shape != plain[0].ratios.shape or np.abs(found / plain[0].ratios - 1).max() > 1e-6, name


def test_correlated_antennas_have_no_closed_form_and_a_clearer_direction():
    """The second eigenvalue over the first falls with the correlation of a user's antennas: R has 1 + r and 1 - r."""
    settings = LeakageSettings(antennas=32, users=2, realizations=12, methods="inv", iterations=1)
    plain, one = leakage(settings, Parts({})), leakage(settings.replace(user_correlation=0.9), Parts({}))
    assert np.isfinite(plain.closed_form) and np.isnan(one.closed_form)
    assert one.second == pytest.approx(0.1 / 1.9, rel=0.5) and one.second < plain.second / 3


def test_an_opamp_without_a_swing_cannot_read_an_eigenvector(amc):
    """In one line, with the mend; the method inv alone needs none."""
    amc("mimo", "leakage", *TYPED, "--opamp", "single-pole").refused("--opamp", "no swing")
    assert amc("mimo", "leakage", *TYPED, "--opamp", "single-pole", "--methods", "inv").code == 0


def test_circuits_that_fail_leave_a_guess(monkeypatch):
    """An unstable first circuit is antenna 0 alone; without a direction a user keeps its first one."""
    parts = Parts({"device": "ideal"})
    inverse = program(CHANNEL, 0.2, parts, 0)
    monkeypatch.setattr("mimo.slnr.circuits._grown", lambda *_: (np.ones(2), "SEVERAL_GROWING", np.nan))
    found = realised("egv", inverse, 2, parts, range(2), 1)
    assert found.failed == ("SEVERAL_GROWING",) * 2 and not found.times
    assert alignment(found.precoders[1], inverse.precoder(slice(2, 4), np.array([1.0, 0.0]))) == pytest.approx(1)
    monkeypatch.setattr("mimo.slnr.circuits.known_stable", lambda *_: False)
    study = leakage(LeakageSettings(**SMALL, methods="inv"), Parts(IDEAL))
    powers = (np.abs(rayleigh(1, 8, 4, np.random.default_rng(0))[0][0]) ** 2).reshape(2, 2).sum(axis=1)
    wanted = powers / (powers[::-1] + noise_of(2, 10.0))
    assert study.methods[0].ratios[0] == pytest.approx(wanted) and study.methods[0].unstable == 1
    assert not study.usable


def test_an_inverse_with_a_negative_eigenvalue_has_no_eigenvector():
    """Errors of the first circuit may make a block indefinite: a status, no exception."""
    inverse = program(CHANNEL, 0.2, Parts({"device": "ideal"}), 0)
    object.__setattr__(inverse, "map", -inverse.map)
    found = realised("egv", inverse, 2, Parts({"device": "ideal"}), range(2), 1)
    assert found.failed == ("NO_EIGENVECTOR",) * 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"users": 1}, "users: got 1; must be two or more"),
        ({"users": 40}, "users: got 40; have 80 antennas in all; must be at most those of the base station, 64"),
        ({"methods": "evd"}, "methods: got evd; must be among egv, inv"),
        ({"methods": "egv", "user_antennas": 1}, "methods: got egv; users with one antenna need no eigenvector"),
        ({"iterations": 3, "methods": "egv"}, "iterations: got 3; has no effect without the method inv"),
        ({"iterations": 3, "user_antennas": 1}, "iterations: got 3; has no effect"),
        ({"user_correlation": 0.5, "user_antennas": 1}, "user_correlation: got 0.5; has no effect on users with one"),
        ({"channels": "H.npy", "correlation": 0.5}, "correlation: got 0.5; has no effect beside channels"),
        ({"channels": "H.npy", "users": 3}, "users: got 3; has no effect beside channels"),
        ({"snr": float("nan")}, "snr"),
        ({"user_antennas": 0}, "user_antennas"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings, words):
    """By name, with the mend."""
    with pytest.raises(ParameterError, match=words):
        LeakageSettings(**settings)


def test_the_command_prints_what_the_study_found(amc, ideal, tmp_path):
    """JSON has the numbers of the study; the picture is written."""
    words = ("--device", "ideal", "--topology", "compensated", "--format", "json", "--plot", tmp_path / "leakage.png")
    outcome = amc("mimo", "leakage", *TYPED, *words)
    assert outcome.code == 0 and (tmp_path / "leakage.png").stat().st_size > 10_000
    assert outcome.json["exact_slnr_db"] == pytest.approx(decibels(ideal.exact).mean())
    for one, record in zip(ideal.methods, outcome.json["methods"], strict=True):
        assert record["slnr_db"] == pytest.approx(decibels(one.ratios).mean()) and record["method"] == one.name
        assert record["time_s"] == pytest.approx(one.time)


def test_channels_of_a_file_have_whole_users(amc, tmp_path):
    """Five columns are no users with two antennas; four are two users, without a closed form."""
    rng = np.random.default_rng(0)
    for columns in (5, 4):
        np.save(tmp_path / f"{columns}.npy", rng.standard_normal((1, 6, columns)))
    words = ("mimo", "leakage", "--methods", "inv", "--channels")
    amc(*words, tmp_path / "5.npy").refused("--user-antennas", "must divide the 5 antennas of all users")
    outcome = amc(*words, tmp_path / "4.npy")
    assert outcome.code == 0 and "6 antennas, 2 users with 2" in outcome.out


def test_equal_users_leak_what_they_get(tmp_path):
    """Two users with one channel h have a ratio of `|h|^2/(|h|^2 + s)`, by any direction w along it."""
    channel = np.array([1.0, 2.0, 0.5j])
    np.save(tmp_path / "H.npy", np.stack([channel, channel], axis=1))
    settings = LeakageSettings(channels=str(tmp_path / "H.npy"), user_antennas=1, snr=10.0)
    power = 5.25
    found = leakage(settings, Parts(IDEAL))
    assert found.exact == pytest.approx(np.full((1, 2), power / (power + 0.1)))
    assert found.methods[0].ratios == pytest.approx(found.exact, rel=1e-3)


def test_the_run_of_sweeps_has_the_metrics_of_the_study():
    """Complete options return themselves."""
    given = SMALL | IDEAL | {"methods": "inv"}
    complete = run.complete({option.name: given.get(option.name) for option in run.options()})
    assert run.complete(complete) == complete
    metrics = run.measure(complete).metrics
    assert metrics["slnr_db_inv"] == pytest.approx(metrics["exact_slnr_db"], abs=0.01)
    assert metrics["failed_inv"] == 0 and metrics["matched_slnr_db"] < metrics["exact_slnr_db"]
