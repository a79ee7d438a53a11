"""Outputs, files, warnings and errors of Monte Carlo on the command line."""

import numpy as np
import pytest

from amc_circuits.engines import find_ngspice
from amc_circuits.results.trials import FAILED, FIGURES
from tests.amc_circuits import broken_ngspice as broken
from tests.amc_circuits.random_circuits import TYPED
from tests.comparators import assert_close

DOCUMENTED = [
    *("circuit", "engine", "size", "seed", "first_trial", "trials", "statuses", "figures", "yields"),
    *("by_engine", "cross_checked", "largest_difference", "ngspice_version", "klu", "wall_time_s"),
    *("package_version", "schema_version", "type", "typed", "options", "opamp", "device", "problem", "each"),
]
SPREAD = [
    *("count", "mean", "mean_low", "mean_high", "std", "smallest", "q05", "q25", "median", "q75", "q95", "largest"),
]


def test_json_is_what_the_trials_say(amc):
    """The documented keys; spreads and yields follow from `each`, null where nothing is known."""
    arguments = (*TYPED, "--monte-carlo", 12, "--trial", 4, "--spec", "bits>3", "--engine", "exact")
    outcome = amc("inv", *arguments, "--noise", "--input-noise", "10n", "--format", "json")
    assert (outcome.code, outcome.err) == (0, "")
    printed = outcome.json
    assert list(printed) == DOCUMENTED
    assert (printed["circuit"], printed["engine"], printed["size"]) == ("inv", "exact", 4)
    assert (printed["seed"], printed["first_trial"], printed["trials"]) == (3, 4, 12)
    assert printed["statuses"] == {"SETTLED": 12} and printed["by_engine"] == {"exact": 12}
    assert [trial["trial"] for trial in printed["each"]] == list(range(4, 16))
    assert list(printed["figures"]) == list(FIGURES)
    for name, figures in printed["figures"].items():
        assert list(figures) == SPREAD
        values = [trial[name] for trial in printed["each"]]
        assert (figures["median"], figures["largest"]) == pytest.approx((np.median(values), max(values)))
    (kept,) = printed["yields"]
    assert kept["passed"] == sum(trial["bits"] > 3 for trial in printed["each"])
    single = amc("inv", *arguments[:8], "--monte-carlo", 1, "--engine", "exact", "--format", "json").json
    assert single["figures"]["bits"]["std"] is None and single["figures"]["bits"]["mean_low"] is None


def test_table_has_figures_yields_and_statuses(amc):
    """MVM, too."""
    outcome = amc(
        "mvm", *TYPED, "--family", "random", "--columns", 3, "--monte-carlo", 3, "--spec", "bits>1,overshoot<2"
    )
    assert (outcome.code, outcome.err) == (0, "")
    for words in ("MVM 4 x 3: 3 trials of seed 3", "relative error", "Yield", "bits>1", "all", "3 SETTLED"):
        assert words in outcome.out


def test_the_engine_auto_reports_its_check_by_ngspice(amc):
    """The default engine: even of few trials ngspice checks one, and table and record say so, with its version."""
    arguments = ("inv", *TYPED, "--monte-carlo", 3)
    printed = amc(*arguments, "--format", "json").json
    assert printed["engine"] == "auto" and printed["cross_checked"] >= 1
    assert 0 < printed["largest_difference"] < 0.01
    assert printed["ngspice_version"] == find_ngspice().version
    assert f"{printed['cross_checked']} checked by ngspice {printed['ngspice_version']}" in amc(*arguments).out
    assert printed["by_engine"] == {"exact": 3} and "3 SETTLED; exact, " in amc(*arguments).out
    without = amc(*arguments, "--cross-check", 0, "--format", "json").json
    assert (without["cross_checked"], without["largest_difference"], without["ngspice_version"]) == (0, None, "")
    assert without["each"] == printed["each"]


@pytest.mark.parametrize(
    ("engine", "words"), [("exact", "exact; "), ("ngspice", "ngspice {}; "), ("auto", "ngspice {}; ")]
)
def test_the_table_names_the_engine_that_solved(amc, engine, words):
    """Transistors in `auto` are ngspice's, so that there is nothing to check."""
    parts = ("--opamp", "cmos-100meg-transistor") if engine == "auto" else ("--gbwp", "50MEG")
    found = amc("inv", "--size", 2, "--offset-spread", "1m", *parts, "--engine", engine, "--monte-carlo", 2)
    made = find_ngspice()
    version = f"{made.version}{' with KLU' if made.klu else ''}"
    assert found.code == 0 and f"; {words.format(version)}" in found.out and "none checked" not in found.out


def test_files_and_pictures_are_written(amc, tmp_path):
    """--save holds every trial in plain arrays of equal length, readable without pickle; --plot is a picture."""
    saved, picture = tmp_path / "trials.npz", tmp_path / "trials.png"
    arguments = (*TYPED, "--monte-carlo", 5, "--engine", "exact", "--format", "json", "--spec", "bits>3")
    printed = amc("inv", *arguments, "--save", saved, "--plot", picture).json
    with np.load(saved, allow_pickle=False) as stored:
        assert set(stored) == {"trial", "status", *FIGURES, "record", "matrix", "vector"}
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
    outcome = amc("inv", *files, "--monte-carlo", 3, "--engine", "exact", "--save", saved, "--plot", picture)
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
    outcome = amc("inv", *TYPED, "--monte-carlo", 2, "--engine", "ngspice", "--format", "json")
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
        (("--monte-carlo", 2, "--opamp", "cmos-100meg-transistor", "--engine", "exact"), ("--engine", "subcircuits")),
        (("--spec", "bits>3"), ("--spec",)),
    ],
)
def test_bad_input_is_refused(amc, monkeypatch, tmp_path, arguments, words):
    """Exit code 2, one line that names the option, nothing printed."""
    monkeypatch.chdir(tmp_path)
    amc("inv", "--size", 2, *arguments).refused(*words)


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
    outcome = amc("inv", "--size", 3, "--monte-carlo", 2, "--engine", "exact", "--format", "json", *options)
    assert ("nothing is drawn" in outcome.err) == said
    assert (outcome.json["figures"]["relative_error"]["std"] == 0) == said
