"""Monte Carlo: a trial is the same in any company, and metrics follow from what is drawn."""

import numpy as np
import pytest
from scipy.optimize import brentq

from amc_circuits import InvCircuit
from amc_circuits.results.trials import FAILED
from amc_circuits.studies.monte_carlo import MOST_TRIALS
from netlists import ParameterError
from tests.amc_circuits.random_circuits import TYPED, study
from tests.cases import spd_matrix, vector
from tests.comparators import assert_within


def of_files(matrix, rhs):
    """The options that name files of a matrix and its right-hand sides."""
    return {"size": None, "matrix": str(matrix), "rhs": str(rhs)}


@pytest.mark.parametrize("engine", ["exact", "ngspice"])
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


def test_exact_trials_are_solves_of_their_own(amc):
    """`amc inv --trial 17` is trial 17, bit for bit; ngspice's trial is that within the solver's tolerance."""
    (trial,) = study(trial=17, monte_carlo=1).run(1)
    alone = amc("inv", *TYPED, "--trial", 17, "--engine", "exact", "--format", "json").json
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
    each = amc("inv", *paths, *chance, "--engine", "exact", "--format", "json").json
    assert len(set(each["relative_error"])) == 3
    worst = {
        "relative_error": max(each["relative_error"]),
        "settling_time": max(each["settling_time_s"]),
        "energy": max(each["energy_j"]["total"]),
        "bits": min(each["bits"]),
    }
    # Columns of a circuit that is read alone share the steps of their integration.
    assert {name: trial.figures[name] for name in worst} == pytest.approx(worst, rel=1e-6)


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


@pytest.mark.parametrize("engine", ["exact", "ngspice"])
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
