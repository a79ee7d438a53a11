"""Pareto fronts of sweeps: `amc plot DIR --pareto X Y`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amc_circuits.sweep.rows.pareto import GREY, best_of, front_of
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.amc_circuits.sweep.svg import texts

PLANE = [(1.0, 9.0), (2.0, 4.0), (3.0, 5.0), (4.0, 1.0), (9.0, 1.0), (2.0, 8.0)]
"""Energies and times in nJ and ns; the first, second and fourth are the front."""
ROWS = [
    made(k, {"energy_j": {"total": 1e-9 * joules}, "settling_time_s": 1e-9 * seconds}, gbwp=1e8 * (k + 1))
    for k, (joules, seconds) in enumerate(PLANE)
]


@given(points=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_no_point_of_a_front_is_dominated(points):
    """A point is on the front where no other is as small in both and smaller in one; equal points count once."""
    array = np.array(points, dtype=np.float64)
    front = {points[place] for place in best_of(array)}
    wanted = {
        one for one in points if not any(a <= one[0] and b <= one[1] and (a, b) != one for a, b in points)
    }  # fmt: skip
    assert front == wanted and len(best_of(array)) == len(front)


def test_the_front_is_connected_and_named(tmp_path, amc, figures):
    """The front's points are joined in order, each with its varied options; the others are grey."""
    folder = stored(tmp_path / "out", ROWS)
    assert amc("plot", folder, "--pareto", "energy", "settling_time", "-o", tmp_path / "p.png").code == 0
    others, line, *points = figures[-1].axes[0].lines
    assert others.get_color() == GREY and len(others.get_xdata()) == 3
    np.testing.assert_allclose(line.get_xydata(), 1e-9 * np.array([PLANE[0], PLANE[1], PLANE[3]]))
    assert [point.get_label() for point in points] == ["1: gbwp 100 MHz", "2: gbwp 200 MHz", "3: gbwp 400 MHz"]


def test_options_that_are_not_set_are_not_named():
    """A drawn matrix among matrices of files: its label has the size alone."""
    rows = [
        made(k, {"energy_j": {"total": value}, "settling_time_s": 5 - value}, matrix=matrix, size=size)
        for k, (value, matrix, size) in enumerate(((1.0, "A.npy", None), (2.0, None, 4)))
    ]
    assert front_of(rows, ("energy", "settling_time")).labels == ("matrix A.npy", "size 4")


def test_the_picture_counts_its_designs(tmp_path, amc):
    """Those of the front, of all."""
    folder = stored(tmp_path / "out", ROWS)
    assert amc("plot", folder, "--pareto", "energy", "settling_time", "-o", tmp_path / "p.svg").code == 0
    assert "3 of 6 designs" in texts(tmp_path / "p.svg")


def test_repeats_are_one_design():
    """Rows that differ by seed alone count by the median of both metrics."""
    rows = [
        made(k, {"energy_j": {"total": value}, "settling_time_s": 2 * value}, seed=k)
        for k, value in enumerate((1.0, 5.0, 9.0))
    ]
    front = front_of(rows, ("energy", "settling_time"))
    np.testing.assert_array_equal(front.points, [[5.0, 10.0]])
    assert (front.best, front.labels, front.over) == ((0,), ("",), ("seed",))
    assert (front.repeats, front.missing) == (3, ())


def _seeds(design, value, failed):
    """Four seeds of a design, with the metrics 1 and `value`; the first ones have no usable result."""
    figures = {"energy_j": {"total": value}, "settling_time_s": 1.0}
    return [
        made(4 * design + seed, *(({}, "UNSTABLE") if seed < failed else (figures,)), seed=seed, size=design + 2)
        for seed in range(4)
    ]


def test_designs_with_failed_seeds_are_off_the_front(tmp_path, amc):
    """A design that fails in some seeds is never on the front, and the picture counts such designs."""
    rows = [*_seeds(0, 1.0, 2), *_seeds(1, 9.0, 0), *_seeds(2, 2.0, 1), *_seeds(3, 1.0, 4)]
    front = front_of(rows, ("energy", "settling_time"))
    assert list(front.labels) == ["size 3"]
    np.testing.assert_array_equal(front.points[:, 0], [1.0, 9.0, 2.0])
    assert (front.repeats, front.missing) == (4, (2, 3, 0))
    arguments = ("--pareto", "energy", "settling_time", "-o", tmp_path / "p.svg")
    assert amc("plot", stored(tmp_path / "out", rows[:8]), *arguments).code == 0
    assert "off the front: 1 with 2 of 4 seeds" in texts(tmp_path / "p.svg")


def test_a_sweep_whose_designs_all_fail_somewhere_has_no_front(tmp_path, amc):
    """In one line with the number of seeds."""
    folder = stored(tmp_path / "out", [*_seeds(0, 1.0, 2), *_seeds(1, 9.0, 1)])
    arguments = ("--pareto", "energy", "settling_time", "-o", tmp_path / "p.png")
    amc("plot", folder, *arguments).refused("--pareto", "all 4 seeds")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--pareto", "energy", "speed"), ("--pareto", "no row has such a column")),
        (("--pareto", "energy", "energy"), ("--pareto", "two different")),
        (("--pareto", "energy", "gbwp", "--x", "size"), ("--x", "--pareto")),
        (("--pareto", "energy", "gbwp", "--row", "1"), ("--pareto", "one row")),
        (("--pareto", "energy", "gbwp", "--log", "z"), ("--log", "xy")),
        (("--pareto", "energy", "gbwp", "--where", "size>99"), ("--pareto", "0 rows")),
        (("--pareto", "energy", "opamp"), ("--pareto", "numbers")),
    ],
)
def test_fronts_that_there_are_not_are_refused(tmp_path, amc, arguments, words):
    """In one line, and no picture is left."""
    folder = stored(tmp_path / "out", ROWS)
    amc("plot", folder, *arguments, "-o", tmp_path / "p.png").refused(*words)
    assert not (tmp_path / "p.png").exists()


LARGE = ("bits", "bits_mean", "bits_q05", "bits_q95", "yield", "yield_low", "yield_high", "best_accuracy",
         "final_accuracy")  # fmt: skip
SMALL = ("bits_std", "settling_time_s", "relative_error_q95")


def _with_both(*names):
    return [made(k, dict.fromkeys(names, 0.5 + k) | {"energy_j": {"total": 1.0 - k}}, size=k + 1) for k in range(2)]


@pytest.mark.parametrize("name", LARGE)
def test_metrics_that_should_be_large_are_refused(tmp_path, amc, name):
    """Bits, yields and accuracies are the better the larger they are, and so is every quantile over trials."""
    arguments = ("--pareto", name, "energy", "-o", tmp_path / "p.png")
    amc("plot", stored(tmp_path / "out", _with_both(*LARGE)), *arguments).refused("--pareto", name, "the larger")


@pytest.mark.parametrize("name", SMALL)
def test_metrics_that_should_be_small_have_a_front(name):
    """Of errors, times and spreads, also over trials, smaller values are better."""
    assert front_of(_with_both(*SMALL), (name, "energy")).best == (0, 1)


@pytest.mark.parametrize("name", ["number", "row_wall_time_s", "counter", "finished", "host", "key", "status"])
def test_columns_that_describe_the_row_are_refused(tmp_path, amc, name):
    """Numbers, times and origin of rows are no metrics."""
    arguments = ("--pareto", "energy", name, "-o", tmp_path / "p.png")
    amc("plot", stored(tmp_path / "out", ROWS), *arguments).refused("--pareto", name, "no metric")


def test_a_file_has_no_front(tmp_path, amc):
    """Only the folder of a sweep has rows."""
    (tmp_path / "saved.npz").touch()
    outcome = amc("plot", tmp_path / "saved.npz", "--pareto", "energy", "settling_time", "-o", tmp_path / "p.png")
    outcome.refused("--pareto", "folder of a sweep")
