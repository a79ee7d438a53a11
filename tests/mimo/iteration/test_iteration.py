"""Iterations: fixed points, Krylov's optimum, rates of random matrices; the study, its command and its run."""

from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest

from amc_circuits import ParameterError
from mimo.iteration.methods import METHODS, rate
from mimo.iteration.run import iterate as run
from mimo.iteration.settings import IterateSettings
from mimo.iteration.study import _counted, iterate
from mimo.parts import Parts
from mimo.radio.channels import rayleigh
from mimo.radio.real_form import real_form, real_vector

SMALL = {"antennas": 16, "users": 2, "realizations": 3, "vectors": 50}
IDEAL = {"device": "ideal", "opamp": "single-pole", "open_loop_gain": "1e8"}


def errors(name, antennas, users, count=40, channels=8):
    """Median error of the map after each iteration, for exact matrices."""
    found = []
    for matrix in real_form(rayleigh(channels, antennas, users, np.random.default_rng(users))):
        a, b = matrix.T @ matrix, matrix.T
        wanted = np.linalg.solve(a, b)
        steps = islice(METHODS[name](a, b, antennas, users), count)
        found.append([np.linalg.norm(x - wanted) / np.linalg.norm(wanted) for x in steps])
    return np.median(found, axis=0)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_converges_to_the_solution(name):
    """Few users: 1e-6 after 40 iterations; the first step of all but Gauss-Seidel is along the residual."""
    assert errors(name, 64, 2)[-1] < 1e-6


def test_conjugate_gradients_end_with_the_dimension():
    """N steps are exact."""
    random = np.random.default_rng(0)
    a = random.standard_normal((5, 9))
    a, b = a @ a.T, random.standard_normal((5, 3))
    *_, last = islice(METHODS["conjugate-gradient"](a, b, 1, 1), 5)
    assert last == pytest.approx(np.linalg.solve(a, b), rel=1e-6)


def test_chebyshev_is_its_polynomial():
    """After n steps the error of an eigenvector is `T_n((m - lambda)/h) / T_n(m/h)`."""
    antennas, users, eigenvalue = 100.0, 25.0, 60.0
    middle, half = 125.0, 100.0
    found = list(islice(METHODS["chebyshev"](np.array([[eigenvalue]]), np.ones((1, 1)), antennas, users), 6))
    for n, x in enumerate(found, 1):
        inside = np.cos(n * np.arccos((middle - eigenvalue) / half))
        outside = np.cosh(n * np.arccosh(middle / half))
        assert 1 - eigenvalue * x[0, 0] == pytest.approx(inside / outside, abs=1e-12)


@pytest.mark.parametrize(("name", "within"), [("jacobi", 0.15), ("richardson", 0.1), ("chebyshev", 0.2)])
def test_rates_are_those_of_many_antennas(name, within):
    """256 x 16: late errors shrink by the factor of Marchenko and Pastur."""
    found = errors(name, 256, 16, count=15, channels=2)
    assert (found[-1] / found[7]) ** (1 / 7) == pytest.approx(rate(name, 256, 16), rel=within)


def test_jacobi_diverges_beyond_its_limit():
    """`beta = (sqrt(2) - 1)^2`: factor 1 there; 128 x 16 converges, 128 x 32 does not."""
    assert rate("jacobi", 1.0, (np.sqrt(2) - 1) ** 2) == pytest.approx(1)
    low, high = (errors("jacobi", 128, users, count=60, channels=2) for users in (16, 32))
    assert low[-1] < 1e-3 and high[-1] > high[10] > 0.05


def test_the_study_ends_at_exact_detection_with_ideal_parts():
    """Errors fall to the gain's, rates are those of zero forcing, and one step has them at once."""
    found = iterate(IterateSettings(**SMALL, iterations=30), Parts(IDEAL))
    assert found.one_step == pytest.approx(found.exact, rel=0.02)
    for course in found.courses:
        assert course.errors[-1] < 1e-4 and course.rates[-1] == pytest.approx(found.exact, rel=0.05)
        assert course.needed is not None and course.rates[course.needed - 1] <= 1.1 * found.one_step
    assert found.product.time > 0 and found.solve.time > 0
    assert abs(np.log(found.closed_form / 1e-3)) < 2


def test_levels_of_cells_bound_what_iterations_reach():
    """All end where one step of the same cells is: to the last per cent of its error."""
    found = iterate(IterateSettings(**SMALL, iterations=40, methods="richardson,chebyshev"), Parts({"levels": 4}))
    ends = [course.errors[-1] for course in found.courses]
    assert ends[0] == pytest.approx(ends[1], rel=0.01) and ends[0] > 0.01
    for course in found.courses:
        assert course.distances[-1] < 1e-6 and course.needed is not None
        assert 2 * found.exact < course.rates[course.needed - 1] <= 1.1 * found.one_step
        late = (course.distances[8] / course.distances[2]) ** (1 / 6)
        assert course.measured == pytest.approx(late, rel=0.3) and course.measured < 1
    assert "levels" in found.budget


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"users": 65}, "users: got 65"),
        ({"methods": "newton"}, "methods: got newton; must be among jacobi"),
        ({"iterations": 0}, "iterations"),
        ({"order": 2}, "order"),
        ({"channels": "H.npy", "antennas": 3}, "antennas: got 3; has no effect beside channels"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings, words):
    """By name."""
    with pytest.raises(ParameterError, match=words):
        IterateSettings(**settings)


def test_command_and_run_have_the_numbers_of_the_study(amc, tmp_path):
    """JSON, picture, and a row of a sweep."""
    small = {**SMALL, "iterations": 3}
    typed = [word for name, value in small.items() for word in (f"--{name}", value)]
    outcome = amc("mimo", "iterate", *typed, "--format", "json", "--plot", tmp_path / "iterate.png")
    assert outcome.code == 0 and (tmp_path / "iterate.png").stat().st_size > 10_000
    found = iterate(IterateSettings(**small), Parts({}))
    assert [one["rates"] for one in outcome.json["courses"]] == [one.rates.tolist() for one in found.courses]
    complete = run.complete({option.name: small.get(option.name) for option in run.options()})
    assert run.complete(complete) == complete
    assert run.measure(complete).metrics["ber_one_step"] == found.one_step


def test_unstable_circuits_count_as_guesses(amc):
    """Four levels turn eigenvalues of square channels: half of the bits of one step are wrong; products work."""
    settings = {"antennas": 4, "users": 4, "realizations": 6, "vectors": 5, "iterations": 2, "methods": "richardson"}
    found = iterate(IterateSettings(**settings), Parts({"levels": "4"}))
    assert found.checked == {"mvm": 6, "inv": 6} and 0 < found.unstable["inv"] < 6 and found.unstable["mvm"] == 0
    assert found.one_step >= found.unstable["inv"] / 12
    typed = [word for name, value in settings.items() for word in (f"--{name}", value)]
    outcome = amc("mimo", "iterate", *typed, "--levels", 4, "--format", "json")
    assert outcome.json["unstable"] == found.unstable
    assert f"INV: {found.unstable['inv']} of 6 circuits are unstable; they count as guesses" in outcome.err


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_channels_of_any_power_converge_alike(tmp_path, factor):
    """Without noise worth the name, the error of the map does not depend on the power."""
    channels = rayleigh(2, 16, 2, np.random.default_rng(5))
    found = []
    for name, scale in (("one", 1.0), ("other", factor)):
        np.save(tmp_path / f"{name}.npy", scale * channels)
        settings = IterateSettings(channels=str(tmp_path / f"{name}.npy"), vectors=5, iterations=80, snr=100)
        found.append(iterate(settings, Parts(IDEAL)))
    for one, other in zip(found[0].courses, found[1].courses, strict=True):
        assert other.errors == pytest.approx(one.errors, rel=0.01, abs=1e-6) and other.rates[-1] == 0


def test_estimates_that_are_not_finite_are_guesses():
    """Half of the bits are wrong where a method has left the numbers."""
    settings = IterateSettings(order=4, vectors=3)
    drawn = np.zeros((2, 2, 3), int)
    channel = SimpleNamespace(drawn=drawn)
    right = real_vector(settings.constellation.symbols(drawn))
    assert [_counted(settings, [channel], [x], []) for x in (right, np.inf * right, 0 * right)] == [0, 0.5, 0.5]
    assert _counted(settings, [channel], [right], [0]) == 0.5


def test_a_diagonal_of_zero_leaves_the_numbers():
    """Gauss-Seidel divides by it: no step is a number, as of Jacobi."""
    a, b = np.array([[0.0, 1.0], [1.0, 2.0]]), np.ones((2, 1))
    with np.errstate(all="ignore"):
        steps = [next(METHODS[name](a, b, 4, 2)) for name in ("jacobi", "gauss-seidel")]
    assert not any(np.isfinite(step).all() for step in steps)


def test_a_method_that_leaves_the_numbers_is_drawn_and_written(amc, tmp_path):
    """Conjugate gradients of matrices that are not positive definite: null in JSON, and a picture of the rest."""
    size = ("--antennas", 4, "--users", 4, "--realizations", 6, "--vectors", 5, "--levels", 4)
    typed = ("mimo", "iterate", *size, "--methods", "conjugate-gradient,jacobi", "--format", "json")
    outcome = amc(*typed, "--plot", tmp_path / "iterate.png")
    assert outcome.code == 0 and (tmp_path / "iterate.png").stat().st_size > 10_000
    assert outcome.json["courses"][0]["errors"][-1] is None
