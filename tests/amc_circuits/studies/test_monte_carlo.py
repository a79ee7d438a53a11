"""Monte Carlo: a trial is the same in any company, limits are read, and figures follow from what is drawn."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from amc_circuits import InvCircuit
from amc_circuits.cases.options import parse_options
from amc_circuits.results.trials import FAILED, FIGURES, Limit, Trial, read_limits
from amc_circuits.studies.monte_carlo import MOST_TRIALS, study_of
from netlists import ParameterError
from tests.amc_circuits import broken_ngspice as broken
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close, assert_within

CHANCE = {"size": 4, "seed": 3, "programming_error": "1u", "offset_spread": "1m"}
TYPED = ("--size", 4, "--seed", 3, "--programming-error", "1u", "--offset-spread", "1m")
DOCUMENTED = [
    *("circuit", "engine", "size", "seed", "first_trial", "trials", "statuses", "figures", "yields", "wall_time_s"),
    *("options", "package_version", "each"),
]
SPREAD = [
    *("count", "mean", "mean_low", "mean_high", "std", "smallest", "q05", "q25", "median", "q75", "q95", "largest"),
]


def study(kind="inv", **options):
    """A study of circuits that chance makes different; state-space unless told."""
    return study_of(kind, parse_options(kind, CHANCE | {"engine": "state-space"} | options))


def of_files(matrix, rhs):
    """The options that name files of a matrix and its right-hand sides."""
    return {"size": None, "matrix": str(matrix), "rhs": str(rhs)}


@pytest.mark.parametrize("engine", ["state-space", "ngspice"])
def test_a_trial_is_the_same_in_any_company(engine):
    """Trial 17 alone, among 8 in this process, and among 24 in two others: the same figures, bit for bit."""
    (alone,) = study(trial=17, monte_carlo=1, engine=engine).run(1)
    here = study(trial=12, monte_carlo=8, engine=engine).run(1)
    among = study(monte_carlo=24, engine=engine).run(2)
    assert [trial.number for trial in among] == list(range(24))
    assert among[17] == here[5] == alone
    assert among[12:20] == here
    assert len({trial.figures["relative_error"] for trial in among}) == 24


@pytest.mark.parametrize("columns", [[[1.0], [-0.5], [0.3], [0.8]], [[1.0, 0.0], [-0.5, 0.0], [0.3, 0.0], [0.8, 0.0]]])
def test_a_matrix_with_one_column_to_solve_for_is_in_the_same_company(tmp_path, columns):
    """One column, or one that is not zero: such trials share a deck, and trial 5 is the same alone, too."""
    np.save(tmp_path / "A.npy", spd_matrix(4, 5, 0))
    np.save(tmp_path / "b.npy", columns)
    given = {"engine": "ngspice", **of_files(tmp_path / "A.npy", tmp_path / "b.npy")}
    (alone,) = study(trial=5, monte_carlo=1, **given).run(1)
    assert study(monte_carlo=8, **given).run(1)[5] == alone
    assert np.isfinite(list(alone.figures.values())).all()


def test_state_space_trials_are_solves_of_their_own(amc):
    """`amc inv --trial 17` is trial 17, bit for bit; ngspice's trial is that within the solver's tolerance."""
    (trial,) = study(trial=17, monte_carlo=1).run(1)
    alone = amc("inv", *TYPED, "--trial", 17, "--engine", "state-space", "--format", "json").json
    (simulated,) = study(trial=17, monte_carlo=1, engine="ngspice").run(1)
    for name, value in trial.figures.items():
        if name in alone:
            assert value == alone[name]
    assert trial.figures["energy"] == alone["energy_j"]["total"]
    for name in ("relative_error", "settling_time", "energy", "peak_output_current"):
        assert_within(simulated.figures[name], trial.figures[name], 0.02)


def test_other_seeds_are_other_circuits():
    """No figure of one seed is one of another."""
    errors = [
        {trial.figures["relative_error"] for trial in study(monte_carlo=8, seed=seed).run(1)} for seed in (0, 1, 2)
    ]
    assert len(set.union(*errors)) == 24


def test_trials_share_their_matrix(tmp_path):
    """Chance without a spread makes the same circuit each time, and its figures are those of the drawn matrix."""
    trials = study(monte_carlo=3, programming_error="0", offset_spread="0").run(1)
    assert len({tuple(trial.figures.values()) for trial in trials}) == 1


def test_of_several_right_hand_sides_the_worst_counts(amc, tmp_path):
    """Largest error, time, energy and current, fewest bits, each over the columns of b."""
    paths = tmp_path / "A.npy", tmp_path / "b.npy"
    np.save(paths[0], spd_matrix(4, 5, 2))
    np.save(paths[1], np.column_stack([vector(4, seed) for seed in range(3)]))
    (trial,) = study(**of_files(*paths), trial=2, monte_carlo=1).run(1)
    chance = ("--seed", 3, "--programming-error", "1u", "--offset-spread", "1m", "--trial", 2)
    each = amc("inv", *paths, *chance, "--engine", "state-space", "--format", "json").json
    assert len(set(each["relative_error"])) == 3
    assert trial.figures["relative_error"] == max(each["relative_error"])
    assert trial.figures["settling_time"] == max(each["settling_time_s"])
    assert trial.figures["energy"] == max(each["energy_j"]["total"])
    assert trial.figures["bits"] == min(each["bits"])


def test_half_the_sigma_is_half_the_error():
    """With the same draws, the median error of 60 INV circuits halves within 3 %."""
    medians = [
        np.median([trial.figures["relative_error"] for trial in study(**fields, monte_carlo=60).run(1)])
        for fields in ({"size": 8, "programming_error": sigma, "offset_spread": "0"} for sigma in ("0.1u", "0.05u"))
    ]
    # What is left at sigma = 0 (finite gain) is far below.
    assert medians[0] > 3e-3
    assert_within(medians[1], medians[0] / 2, 0.03)


def test_half_the_offsets_are_half_the_error():
    """The same of offsets, which move x linearly: within 1 % with little else in the error."""
    medians = [
        np.median([trial.figures["relative_error"] for trial in study(**fields, monte_carlo=24).run(1)])
        for fields in (
            {"programming_error": "0", "offset_spread": spread, "open_loop_gain": "1G"} for spread in ("2m", "1m")
        )
    ]
    assert_within(medians[1], medians[0] / 2, 0.01)


def at_the_limit(diagonal):
    """Three rows that pass a ring on to each other: rings longer, the smaller the diagonal."""
    matrix = np.full((3, 3), 0.02)
    matrix[[0, 1, 2], [1, 2, 0]] = 1
    matrix[[0, 1, 2], [0, 1, 2]] = diagonal
    return matrix


@pytest.mark.parametrize("engine", ["state-space", "ngspice"])
def test_a_circuit_at_the_limit_of_stability_is_a_failed_trial(tmp_path, engine):
    """One that no simulation could wait for has a reason, and ends no study."""

    def growth(diagonal):
        return InvCircuit.program(at_the_limit(diagonal), opamp="single-pole").linear.poles.real.max()

    edge = brentq(growth, 0.3, 0.9, xtol=1e-15)
    paths = tmp_path / "A.npy", tmp_path / "b.npy"
    np.save(paths[0], at_the_limit(edge + 1e-8))
    np.save(paths[1], np.ones(3))
    still = {"programming_error": "0", "offset_spread": "0"}
    ringing = study(**of_files(*paths), opamp="single-pole", monte_carlo=2, engine=engine, **still)
    for trial in ringing.run(1):
        assert (trial.status, trial.figures, trial.usable) == (FAILED, {}, False)
        assert "rings" in trial.error
    typed = study(monte_carlo=2, rise_time="1")
    with pytest.raises(ParameterError, match="rise_time"):
        typed.run(1)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"monte_carlo": MOST_TRIALS + 1}, "monte_carlo: got 1000001"),
        ({"monte_carlo": 2, "trial": 2**32 - 1}, "trial: got 4294967295; must be at most 2"),
    ],
)
def test_trials_that_there_are_not_are_refused(fields, words):
    """Before any of them is run."""
    with pytest.raises(ParameterError, match=words):
        study(**fields)


def test_the_last_trials_of_a_seed_are_there():
    """Up to 2^32 - 1."""
    assert [one.number for one in study(monte_carlo=3, trial=2**32 - 3).run(1)] == [2**32 - 3, 2**32 - 2, 2**32 - 1]


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("relative_error<0.05", [Limit("relative_error", True, 0.05)]),
        ("settling_time < 200n", [Limit("settling_time", True, 2e-7)]),
        ("settling_time<200ns,bits>4", [Limit("settling_time", True, 2e-7), Limit("bits", False, 4.0)]),
        (" energy<1.5nJ , peak_output_current<1mA", None),
        ("relative_noise<1m,overshoot>0,residual<1", None),
    ],
)
def test_limits_are_read(text, limits):
    """FIGURE<NUMBER or FIGURE>NUMBER, with SI suffixes and units; as text they can be read again."""
    found = read_limits(text)
    assert limits is None or list(found) == limits
    assert read_limits(",".join(map(str, found))) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "relative_error",
        "relative_error<",
        "<0.1",
        "error<0.1",
        "relative_error=0.1",
        "relative_error<=0.1",
        "relative_error<0.1,",
        "relative_error<0.1;bits>3",
        "relative_error<nan",
        "relative_error<inf",
        "relative_error<5%",
        "settling_time<5V",
        "0.1>relative_error",
        "bits>3<5",
        "Relative_Error<0.1",
    ],
)
def test_bad_limits_are_refused(amc, text):
    """Exit code 2 and one line with what a limit looks like, before anything runs."""
    outcome = amc("inv", *TYPED, "--monte-carlo", 2, "--spec", text)
    outcome.refused("--spec", "FIGURE<NUMBER", *FIGURES)


def test_a_limit_holds_for_usable_trials_with_the_figure():
    """Below is below, above is above; equality, an unknown figure and an unusable trial pass neither."""
    below, above = Limit("bits", True, 4.0), Limit("bits", False, 4.0)
    for bits, passes in ((3.0, (True, False)), (4.0, (False, False)), (5.0, (False, True)), (math.nan, (False, False))):
        trial = Trial(0, "SETTLED", {"bits": bits})
        assert (below.passed(trial), above.passed(trial)) == passes
        assert not above.passed(Trial(0, "SATURATED", {"bits": bits}))
    assert not below.passed(Trial(0, "SETTLED", {}))


def test_json_is_what_the_trials_say(amc):
    """The documented keys; spreads and yields follow from `each`, null where nothing is known."""
    arguments = (*TYPED, "--monte-carlo", 12, "--trial", 4, "--spec", "bits>3", "--engine", "state-space")
    outcome = amc("inv", *arguments, "--noise", "--input-noise", "10n", "--format", "json")
    assert (outcome.code, outcome.err) == (0, "")
    printed = outcome.json
    assert list(printed) == DOCUMENTED
    assert (printed["circuit"], printed["engine"], printed["size"]) == ("inv", "state-space", 4)
    assert (printed["seed"], printed["first_trial"], printed["trials"]) == (3, 4, 12)
    assert printed["statuses"] == {"SETTLED": 12}
    assert [trial["trial"] for trial in printed["each"]] == list(range(4, 16))
    assert list(printed["figures"]) == list(FIGURES)
    for name, figures in printed["figures"].items():
        assert list(figures) == SPREAD
        values = [trial[name] for trial in printed["each"]]
        assert (figures["median"], figures["largest"]) == pytest.approx((np.median(values), max(values)))
    (kept,) = printed["yields"]
    assert kept["passed"] == sum(trial["bits"] > 3 for trial in printed["each"])
    single = amc("inv", *arguments[:8], "--monte-carlo", 1, "--engine", "state-space", "--format", "json").json
    assert single["figures"]["bits"]["std"] is None and single["figures"]["bits"]["mean_low"] is None


def test_table_has_figures_yields_and_statuses(amc):
    """MVM, too."""
    outcome = amc(
        "mvm", *TYPED, "--family", "random", "--columns", 3, "--monte-carlo", 3, "--spec", "bits>1,overshoot<2"
    )
    assert (outcome.code, outcome.err) == (0, "")
    for words in ("MVM 4 x 3: 3 trials of seed 3", "relative error", "Yield", "bits>1", "all", "3 SETTLED"):
        assert words in outcome.out


def test_files_and_pictures_are_written(amc, tmp_path):
    """--save holds every trial in plain arrays of equal length, readable without pickle; --plot is a picture."""
    saved, picture = tmp_path / "trials.npz", tmp_path / "trials.png"
    arguments = (*TYPED, "--monte-carlo", 5, "--engine", "state-space", "--format", "json", "--spec", "bits>3")
    printed = amc("inv", *arguments, "--save", saved, "--plot", picture).json
    with np.load(saved, allow_pickle=False) as stored:
        assert set(stored) == {"trial", "status", *FIGURES}
        assert stored["trial"].tolist() == [0, 1, 2, 3, 4]
        assert stored["status"].tolist() == ["SETTLED"] * 5
        assert_close(stored["bits"], [trial["bits"] for trial in printed["each"]])
        assert np.isnan(stored["relative_noise"]).all()
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_where_no_trial_is_usable_there_is_no_result(amc, tmp_path):
    """Exit code 3; the table is printed, one line says why, rows are saved, and there is nothing to draw."""
    np.save(tmp_path / "A.npy", [[0.2, -1.0], [1.0, 0.2]])
    np.save(tmp_path / "b.npy", [1.0, 0.0])
    saved, picture = tmp_path / "trials.npz", tmp_path / "trials.png"
    files = (tmp_path / "A.npy", tmp_path / "b.npy")
    outcome = amc("inv", *files, "--monte-carlo", 3, "--engine", "state-space", "--save", saved, "--plot", picture)
    assert outcome.code == 3
    said = outcome.err.splitlines()
    assert (
        "nothing is drawn" in said[0] and said[1].startswith("amc: UNSTABLE: no trial is usable; ") and len(said) == 2
    )
    assert "3 UNSTABLE" in outcome.out and "0 of 3" in outcome.out
    assert np.load(saved)["status"].tolist() == ["UNSTABLE"] * 3
    assert not picture.exists()


def test_a_simulator_that_fails_fails_its_trials(amc, tmp_path, monkeypatch):
    """Every trial is FAILED with its reason, deck and log are kept; exit code 3."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", broken.FAILS))
    outcome = amc("inv", *TYPED, "--monte-carlo", 2, "--format", "json")
    assert outcome.code == 3
    assert "amc: FAILED: no trial is usable; ngspice: ended with code 3" in outcome.err
    assert outcome.json["statuses"] == {FAILED: 2} and outcome.json["figures"] == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--monte-carlo", 0), ("--monte-carlo", "1 or more")),
        (("--monte-carlo", "many"), ("--monte-carlo", "whole number")),
        (("--monte-carlo", "2M"), ("--monte-carlo", "at most 1000000")),
        (("--monte-carlo", 2, "--trial", 2**32), ("--trial", "2^32")),
        (("--monte-carlo", 2, "--jobs", 0), ("--jobs", "1 or more")),
        (("--monte-carlo", 2, "--format", "csv"), ("--format", "table, json")),
        (("--monte-carlo", 2, "--plot", "p.txt"), ("--plot", ".png")),
        (("--monte-carlo", 2, "--save", "none/s.npz"), ("--save", "does not exist")),
        (("--monte-carlo", 2, "--programming-error", "much"), ("--programming-error", "wan-2022")),
        (("--monte-carlo", 2, "--nonlinearity-voltage", 1, "--engine", "state-space"), ("--engine", "not linear")),
        (("--spec", "bits>3"), ("--spec",)),
    ],
)
def test_bad_input_is_refused(amc, monkeypatch, tmp_path, arguments, words):
    """Exit code 2, one line that names the option, nothing printed."""
    monkeypatch.chdir(tmp_path)
    amc("inv", "--size", 2, *arguments).refused(*words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--spec", "relative_noise<0.05"), "add noise"),
        (("--spec", "energy<1n", "--opamp", "single-pole"), "no supply"),
    ],
)
def test_limits_on_what_no_trial_has_are_refused(amc, options, words):
    """They would be a yield of 0 %."""
    amc("inv", *TYPED, "--monte-carlo", 2, "--engine", "state-space", *options).refused("--spec", words)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), True),
        (("--drift-exponent", "0.1", "--drift-time", "10"), True),
        (("--programming-error", "1u"), False),
        (("--programming-error", "1u", "--programming-error-scale", "0"), True),
        (("--drift-spread", "0.1", "--drift-time", "10"), False),
        (("--device", "hfo2-wide"), False),
        (("--offset-spread", "1m"), False),
    ],
)
def test_trials_that_chance_leaves_alike_are_told(amc, options, said):
    """One line of warning where nothing is drawn; and then the spread is zero."""
    outcome = amc("inv", "--size", 3, "--monte-carlo", 2, "--engine", "state-space", "--format", "json", *options)
    assert ("nothing is drawn" in outcome.err) == said
    assert (outcome.json["figures"]["relative_error"]["std"] == 0) == said
