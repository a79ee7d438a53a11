"""The scripts of the gallery: what algebra and limits say about their printed answers, and their page in the docs."""

import ast
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from quantiphy import Quantity
from scipy.integrate import quad
from scipy.stats import gamma, norm

from tests import forked

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [path for path in sorted((ROOT / "examples").glob("*.py")) if f"gallery-{path.stem}.png" in path.read_text()]
PAGE = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
TOLERANCE = 0.02
"""Relative, of the numbers of a stated answer, which another version of a simulator may print a little differently."""


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Output of an example, by its name, with its picture checked; each runs once."""

    @cache
    def output(name):
        folder = tmp_path_factory.mktemp(name)
        done = _run(name, folder)
        assert done.code == 0, done.err
        assert [path.name for path in folder.iterdir()] == [f"gallery-{name}.png"]
        assert 2 <= len(done.out.splitlines()) <= 10
        return done.out

    return output


def _run(name, *words):
    return forked.ended(forked.script, str(ROOT / "examples" / f"{name}.py"), *map(str, words), folder=ROOT)


def _numbers(text):
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]


def _rows(text):
    """Numbers of every line."""
    return np.array([_numbers(line) for line in text.splitlines()])


def test_bandwidths_settle_in_the_wanted_time(printed):
    """Each bandwidth settles in 100 ns, and it grows nearly as the condition number: the slowest pole sets it."""
    condition, bandwidth, time = _rows(printed("opamp_bandwidth")).T
    assert time == pytest.approx(100, rel=0.03)
    relative = bandwidth / condition
    assert relative.max() < 1.5 * relative.min()


def test_array_sizes_follow_the_first_order_law(printed):
    """The error of wires is `2 sqrt(2/15) N^2 r G`, with entries of 1/2 beside a largest entry of 4/3 and 35 uS."""
    resistance, size, _ = _rows(printed("array_size")).T
    mean = 35e-6 * (1 / 2) / (4 / 3)
    assert size == pytest.approx(np.sqrt(0.05 / (2 * np.sqrt(2 / 15) * resistance * mean)), rel=0.1)


def test_passes_grow_as_levels_shrink(printed):
    """All reach 24 bits; more levels never take more passes, and plain refinement takes more than twice as many."""
    lines = [line.split(":")[1] for line in printed("many_bits").splitlines()]
    passes, bits = np.array([_numbers(line) for line in lines]).T
    assert all("CONVERGED" in line for line in lines)
    assert (bits >= 24).all()
    assert passes[0] >= passes[1] >= passes[2]
    assert passes[3] > 2 * passes[0]


def test_errors_of_levels_are_those_of_rounding(printed):
    """The error falls as the step between levels, and with 256 levels the classifier is that of NumPy."""
    first, *rows, last = printed("cell_levels").splitlines()
    levels, error, accuracy = np.array([_numbers(row) for row in rows]).T
    steps = error * (levels - 1)
    assert steps.max() < 2 * steps.min()
    assert steps.min() < _numbers(first)[1] - 1 < steps.max()
    assert accuracy[-1] == pytest.approx(_numbers(last)[0], abs=0.2)


def test_training_inverts_every_factor_on_schedule(printed):
    """Six factors at the steps 0, 10, 30 and 50 of 66; with exact cells as good as Cholesky, with 4 levels worse."""
    cholesky, exact, coarse, coarsest = (_numbers(line) for line in printed("train_digits").splitlines())
    assert cholesky[1:] == [24, 0]
    assert exact[1:] == [24, 0, 0.0]
    assert exact[0] == pytest.approx(cholesky[0], abs=1.5)
    assert cholesky[0] > 90 and coarse[1] > 90
    assert coarsest[1] < coarse[1]
    assert coarsest[4] > coarse[4] > 0


def test_tiles_make_up_for_few_states(printed):
    """Every tile has 64 x 32 + 32 x 10 cells; each of the first three adds accuracy, and digital weights are ahead."""
    digital, *tiles = (_numbers(line.split(":")[1]) for line in printed("few_states").splitlines())
    assert digital[1:] == [0, 0]
    assert [cells for _, cells, _ in tiles] == [2368, 2 * 2368, 3 * 2368, 4 * 2368]
    accuracy = [percent for percent, *_ in tiles]
    assert accuracy[0] + 35 < accuracy[1] < accuracy[2] < digital[0] and accuracy[2] - 0.5 <= accuracy[3] < digital[0]


def test_exact_cells_detect_as_numpy_does(printed):
    """At infinite gain MMSE is NumPy's; it makes as many errors as zero forcing in closed form at high ratios."""
    *lines, _ = printed("mimo_detection").splitlines()
    ratios, numpy, exact, *others = _rows("\n".join(lines)).T
    good, fair, poor = others[::2]
    assert exact == pytest.approx(numpy, abs=0.02)
    assert all((np.diff(shares) < 0).all() for shares in (numpy, good, fair, poor))
    assert good[-1] < fair[-1] < poor[-1]
    closed = [100 * _zero_forcing(ratio) for ratio in ratios[-3:-1]]
    assert numpy[-3:-1] == pytest.approx(closed, rel=0.5)


def _zero_forcing(ratio):
    """Bit error ratio of 16-QAM with 8 users and 16 antennas: the post-detection ratio is gamma distributed."""

    def errors(gain):
        step = np.sqrt(gain * 10 ** (ratio / 10) / 8 / 5)
        return (3 * norm.sf(step) + 2 * norm.sf(3 * step) - norm.sf(5 * step)) / 4

    return quad(lambda gain: errors(gain) * gamma.pdf(gain, 16 - 8 + 1), 0, 60)[0]


def test_a_fit_in_a_circuit_is_numpys(printed):
    """With exact cells; larger errors of cells cost more, and no model explains more than least squares."""
    digital, *circuits = printed("least_squares").splitlines()
    best, (exact, small, large) = _numbers(digital)[0], [_numbers(line)[1] for line in circuits]
    assert exact == pytest.approx(best, abs=2e-3)
    assert large < small < exact


def test_ranks_are_those_of_the_walk(printed):
    """The five members of highest PageRank are known for this network; fewer levels cost more."""
    first, *circuits = printed("page_rank").splitlines()
    assert first == "78 friendships, highest rank: members 34, 1, 33, 3, 2"
    errors = [_numbers(line)[-2] for line in circuits]
    assert sorted(errors) == errors and errors[0] < 0.1


def test_a_sparse_signal_is_that_of_lasso(printed):
    """Of the entries scikit-learn finds; a larger lambda draws the answer away, and the shortest solution is no use."""
    shortest, *circuits = (_numbers(line) for line in printed("sparse_signal").splitlines())
    penalty, entries, _, differs, away = np.array(circuits).T
    assert (np.diff(penalty) > 0).all() and (np.diff(away) > 0).all()
    assert differs.max() < 0.5 and (entries < 16).all()
    assert away[0] < 0.1 * shortest[0]


def test_times_of_detection_follow_eigenvalue_and_bandwidth(printed):
    """The lowest eigenvalue is near the edge of Marchenko and Pastur, and time is inverse to bandwidth."""
    users, lowest, slow, _, fast, _ = _rows(printed("mimo_deadline")).T
    assert lowest == pytest.approx((1 - np.sqrt(users / 64)) ** 2, abs=0.12)
    assert slow / fast == pytest.approx(10, rel=0.2)
    assert (np.diff(slow) > 0).all()


def test_the_budget_of_a_system_bounds_its_error(printed):
    """To first order causes add as vectors: no error is above the sum of all, nor below the largest less the others."""
    _, total, *causes = (_numbers(line)[-1] for line in printed("own_matrix").splitlines())
    assert sorted(causes, reverse=True) == causes
    assert 2 * causes[0] - sum(causes) < 1.1 * total and total < 1.1 * sum(causes)


def test_a_system_of_a_file_is_solved(tmp_path):
    """The matrix comes from the file that is given; one whose circuit has a growing pole ends with the reason."""
    file = tmp_path / "mine.csv"
    file.write_text("2,-1\n-1,2\n")
    done = _run("own_matrix", tmp_path, file)
    assert done.code == 0 and done.out.startswith("mine.csv: SETTLED")
    file.write_text("first,second\n2,-1\n-1,2\n")
    assert _run("own_matrix", tmp_path, file).out == done.out
    file.write_text("0.2,-1\n1,0.2\n")
    done = _run("own_matrix", tmp_path, file)
    assert done.code == 1 and done.err.startswith("UNSTABLE: ")


@pytest.mark.parametrize(
    ("text", "word"),
    [("2,-1\n-1,two\n", "line 2"), ("2,-1\n", "square"), ("1,1\n1,1\n", "singular"), (None, "cannot be read")],
)
def test_a_file_without_a_matrix_ends_in_one_line(tmp_path, text, word):
    """A word, a matrix that has no inverse and a missing file are named, without a traceback."""
    file = tmp_path / "mine.csv"
    if text is not None:
        file.write_text(text)
    done = _run("own_matrix", tmp_path, file)
    assert done.code == 1 and word in done.err and done.err.count("\n") == 1


def test_digital_costs_are_counted_operations(printed):
    """N^2 and N^3/3 + N^2 multiply-adds of 3.7 + 0.9 pJ; a new A adds 138 pJ for each of 2 N^2 cells."""
    rows = [re.findall(r"= (\d+)|([\d.]+ [pnum]?[Js])", line) for line in printed("against_digital").splitlines()]
    values = np.array([[float(size or Quantity(text)) for size, text in row] for row in rows])
    size, energy, solve, written, factors, time, steps = values.T
    assert solve == pytest.approx(4.6e-12 * size**2, rel=1e-3)
    assert factors == pytest.approx(4.6e-12 * (size**3 / 3 + size**2), rel=1e-3)
    assert written - energy == pytest.approx(276e-12 * size**2, rel=1e-2)
    assert steps == pytest.approx(1e-9 * size**2, rel=1e-3)
    assert (time[1:] < steps[1:]).all()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_page_has_question_answer_and_picture(script, printed):
    """The page has each script's question and answer, and every number of the answer is one that the script prints."""
    lines = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))).splitlines()
    (answer,) = (line.removeprefix("Answer: ") for line in lines if line.startswith("Answer: "))
    assert f"### {lines[0]}\n" in PAGE
    assert answer in PAGE
    assert f"(images/gallery-{script.stem}.png)" in PAGE
    assert f"(../examples/{script.name})" in PAGE
    known = _numbers(printed(script.stem))
    assert [one for one in _numbers(answer) if not np.isclose(known, one, rtol=TOLERANCE).any()] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_help_is_no_folder(script):
    """`--help` prints question and arguments, and computes nothing."""
    done = _run(script.stem, "--help")
    assert done.code == 0
    assert ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))).splitlines()[0] in done.out
    assert "[folder]" in done.out and "Answer: " in done.out


def test_the_gallery_has_thirteen_scripts():
    """Thirteen scripts draw a picture of the gallery, and no picture is without one."""
    assert len(SCRIPTS) == 13
    pictures = {path.name for path in (ROOT / "docs" / "images").glob("gallery-*.png")}
    assert pictures == {f"gallery-{script.stem}.png" for script in SCRIPTS}
