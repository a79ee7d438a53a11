"""Benchmark of second-order training: its rivals against closed forms, and its search against known answers."""

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.second_order.eigen import Basis, EigenSettings, EkFac
from benchmarks.second_order.methods import ADAM, METHODS
from benchmarks.second_order.outcomes import Epochs, Judged, saved, saving
from benchmarks.second_order.report import Result, demands, own_batches
from benchmarks.second_order.search import SMALL, Budget, Found, Search
from benchmarks.second_order.soap import Soap, SoapSettings
from benchmarks.second_order.studies import AUTOENCODER, CNN, STUDIES
from optimizer.curvature import KroneckerFactors, kronecker_factors
from optimizer.first_order import Adam, loss_gradients
from optimizer.model import build_model
from optimizer.settings import ConvolutionShape
from tests import forked
from tests.comparators import assert_close

CONVOLUTION = (ConvolutionShape(channels=2, kernel=3, pool=2),)


def problem(hidden=(), samples=9):
    """A small model, its weights, and a batch."""
    model, random = build_model((4, 4), hidden, 3), np.random.default_rng(1)
    images, labels = random.standard_normal((1, 4, 4, samples)), random.integers(0, 3, samples)
    return model, model.initial_weights(random), images, labels


def curvatures(model, weights, images):
    """Inputs and output gradients of a batch, at sampled labels."""
    passed = model.forward(weights, images)
    return model.backward(weights, passed, model.loss.sampled_gradients(passed.logits, np.random.default_rng(2)))


def sample_gradients(model, weights, images):
    """Gradient of each sample alone, by a backward pass of its own, at the labels of `curvatures`."""
    passed = model.forward(weights, images)
    each = model.loss.sampled_gradients(passed.logits, np.random.default_rng(2))
    for place in range(images.shape[-1]):
        one = slice(place, place + 1)
        yield [c.gradient for c in model.backward(weights, model.forward(weights, images[..., one]), each[:, one])]


@pytest.mark.parametrize("hidden", [(), CONVOLUTION], ids=["dense", "convolution"])
def test_moments_of_ek_fac_are_the_diagonal_of_the_fisher_matrix_in_the_basis(hidden):
    """With Q = U_g (x) U_a and F the mean of g g^T over the samples: diag(Q^T F Q), and its damped inverse."""
    model, weights, images, _ = problem(hidden)
    every = list(sample_gradients(model, weights, images))
    for place, curvature in enumerate(curvatures(model, weights, images)):
        basis = Basis.of(kronecker_factors(curvature), np.float64)
        flat = np.array([one[place].ravel() for one in every])
        fisher, q = flat.T @ flat / len(flat), np.kron(basis.g_vectors, basis.a_vectors)
        moments = basis.second_moments(curvature)
        assert_close(moments.ravel(), np.diag(q.T @ fisher @ q), relative=1e-9, absolute=1e-13)
        gradient = np.random.default_rng(3).standard_normal(moments.shape)
        damped = q @ np.diag(moments.ravel() + 0.1) @ q.T
        wanted = np.linalg.solve(damped, gradient.ravel())
        assert_close(basis.precondition(gradient, moments, 0.1).ravel(), wanted, relative=1e-8, absolute=1e-10)


def test_ek_fac_is_k_fac_where_moments_are_products_of_eigenvalues():
    """Then it is the exact inverse of `G (x) A + damping I`, which factored damping only approximates."""
    random = np.random.default_rng(4)
    a, g = (one @ one.T for one in (random.standard_normal((5, 7)), random.standard_normal((3, 4))))
    basis = Basis.of(KroneckerFactors(a, g), np.float64)
    moments = np.outer(np.linalg.eigvalsh(g), np.linalg.eigvalsh(a))
    gradient = random.standard_normal((3, 5))
    wanted = np.linalg.solve(np.kron(g, a) + 0.2 * np.eye(15), gradient.ravel()).reshape(3, 5)
    assert_close(basis.precondition(gradient, moments, 0.2), wanted, relative=1e-9, absolute=1e-12)


def test_a_step_of_ek_fac_is_clipped_and_goes_along_the_direction():
    """Without momentum: minus the rate times `sqrt(clip / change)` of the direction, `change` as in K-FAC."""
    model, weights, images, labels = problem()
    settings = EigenSettings(learning_rate=0.3, momentum=0.0, damping=0.01, kl_clip=1e-4)
    optimizer = EkFac(model, settings, None, np.random.default_rng(2), lambda step: 1.0)
    passed = model.forward(weights, images)
    (after,) = optimizer.step(weights, passed, labels)
    gradients = loss_gradients(model, weights, passed, labels)
    (direction,) = optimizer.directions(gradients)
    change = 0.3**2 * np.vdot(direction, gradients[0])
    assert change > 1e-4
    assert_close(after - weights[0], -0.3 * math.sqrt(1e-4 / change) * direction, relative=1e-9, absolute=1e-14)


def test_soap_in_the_unit_basis_is_adam():
    """With no side narrow enough for a basis, step by step."""
    model, weights, images, labels = problem(CONVOLUTION)
    settings = SoapSettings(learning_rate=0.02, beta1=0.9, beta2=0.99, widest=1)
    soap = Soap(model, settings, None, np.random.default_rng(0), lambda step: 1 / (step + 1))
    adam, ours, theirs = Adam(model, 0.02, (0.9, 0.99), schedule=lambda step: 1 / (step + 1)), weights, weights
    for _ in range(5):
        ours = soap.step(ours, model.forward(ours, images), labels)
        theirs = adam.step(theirs, model.forward(theirs, images), labels)
        for one, other in zip(ours, theirs, strict=True):
            assert_close(one, other, relative=1e-12, absolute=1e-15)


def test_the_first_step_of_soap_is_the_orthogonal_factor_of_the_gradient():
    """In the basis of `G = U S V^T` the gradient is diagonal, and Adam's first step takes its signs: `rate U V^T`."""
    model, weights, images, labels = problem()
    soap = Soap(model, SoapSettings(learning_rate=0.02), None, np.random.default_rng(0), lambda step: 1.0)
    passed = model.forward(weights, images)
    (after,) = soap.step(weights, passed, labels)
    (gradient,) = loss_gradients(model, weights, passed, labels)
    left, values, right = np.linalg.svd(gradient, full_matrices=False)
    kept = values > 1e-10  # gradients of a softmax sum to zero over the classes
    assert kept.sum() == 2
    assert_close(weights[0] - after, 0.02 * left[:, kept] @ right[kept], relative=1e-5, absolute=1e-7)


@pytest.mark.parametrize("name", ["ek-fac", "soap"])
def test_a_rival_is_an_optimizer_of_a_training(tmp_path, name):
    """Announced in a folder, `amc train` finds it; from the state of a step it goes on as if nothing had been."""
    text = "from pathlib import Path; from benchmarks.second_order import sweeps; sweeps.announce_rivals(Path())"
    assert forked.ended(forked.code, text, folder=tmp_path).code == 0
    settings = "learning_rate = 0.03\nbasis_interval = 2\n" + "first_interval = 1\n" * (name == "ek-fac")
    spec = f'batch_size = 200\nepochs = 1\ntarget_accuracy = 0.999\n[optimizer]\nname = "{name}"\n{settings}'
    (tmp_path / "spec.toml").write_text(spec)
    text = """
import numpy as np
from optimizer.specification import read_spec
from optimizer.training import Training
spec = read_spec("spec.toml")
whole, broken = Training(spec), Training(spec)
whole.run()
states = []
def keep():
    if broken.step == 3:
        states.append(broken.state)
        raise KeyError
import optimizer.training; optimizer.training.KEPT_EVERY = 0
try: broken.run(keep=keep)
except KeyError: pass
other = Training(spec); other.restore(states[0])
result = other.run()
print(result.history[-1].accuracy > 0.2, all(map(np.array_equal, result.weights, whole.result.weights)))
"""
    outcome = forked.ended(forked.code, text, folder=tmp_path, packages=tmp_path)
    assert (outcome.out, outcome.err) == ("True True\n", "")


def study_and_method(label=ADAM):
    """The CNN and one of its methods."""
    return STUDIES["cnn-256"], next(one for one in METHODS[CNN] if one.label == label)


def answering(study, best, calls=None):
    """Trainings whose epochs to each target are known: 1 to 4, times `1 + |ln(rate/best)|/5`, if they last as long."""

    def train(points):
        if calls is not None:
            calls.append(points)
        for point in points:
            factor = 1 + abs(math.log(point["optimizer.learning_rate"] / best)) / 5
            curve = [(k * factor, target) for k, target in enumerate(study.targets, 1)]
            yield {
                "accuracy_curve": [(at, score) for at, score in curve if at <= point["epochs"]],
                "best_accuracy": 0.8,
            }

    return lambda points: list(train(points))


def test_a_search_widens_a_range_until_its_best_is_inside():
    """The best rate is three times the end of the range; what is found is inside the wider one, not at its edge."""
    study, method = study_and_method()
    best = 3 * method.ranges["learning_rate"][1]
    found = Search(study, method, Budget(settings=8, nearby=4), answering(study, best)).run()
    assert found.edges == () and found.tried > 12
    assert abs(math.log(found.setting["learning_rate"] / best)) < math.log(3)  # better than the old end


def test_a_best_setting_at_the_edge_after_all_widenings_is_refused():
    """The best rate is a hundred times beyond: the search ends at an edge, and says so."""
    study, method = study_and_method()
    search = Search(study, method, Budget(settings=4, nearby=4), answering(study, 100 * 0.04))
    found = search.run()
    assert found.edges == ("learning_rate",) and found.tried == 4 + 4 + 3 * 2


def test_every_method_gets_the_same_budget_and_no_judge_seed():
    """Short trainings of all settings, full ones of three finalists and of a cosine, with two tuning seeds."""
    study, method = study_and_method()
    calls = []
    found = Search(study, method, Budget(), answering(study, 0.01, calls)).run()
    points = [point for call in calls for point in call]
    steps = len({(point["optimizer.beta1"], point["optimizer.beta2"]) for point in points[26:-2]})  # of lists
    assert found.edges == () and found.tried == 20 and len(points) == 20 + (4 + steps) * 2
    assert {point["epochs"] for point in points[:20]} == {6.0} and {point["seed"] for point in points[:20]} == {100}
    assert [point["seed"] for point in points[20:]] == (4 + steps) * [100, 101]
    assert points[20]["epochs"] == 12.0 > points[22]["epochs"]
    assert [point.get("optimizer.schedule") for point in points[20:]] == (6 + 2 * steps) * [None] + 2 * ["cosine"]
    again = Search(study, method, Budget(), answering(study, 0.01)).run()
    assert again.setting == found.setting
    assert all(0 < point["optimizer.average_decay"] < 1 for point in points)


def test_a_list_is_widened_as_long_as_the_best_lies_at_its_end():
    """The less of the gradient's average, the better, down to 0.5; 0.3 is tried, and found worse."""
    study, method = study_and_method()

    def train(points):
        for point in points:
            factor = 1 + abs(point["optimizer.beta1"] - 0.5) + abs(math.log(point["optimizer.learning_rate"] / 0.01))
            yield {"accuracy_curve": [(factor, 0.9)] if factor <= point["epochs"] else [], "best_accuracy": 0.8}

    found = Search(study, method, Budget(), lambda points: list(train(points))).run()
    assert found.setting["beta1"] == 0.5
    assert method.ends({"beta1": 0.95, "beta2": 0.99}) == {"beta1": 0.98}
    assert method.listing("beta1", 0.98).ends({"beta1": 0.95, "beta2": 0.99}) == {}


def test_a_method_that_misses_gets_a_cosine_over_the_largest_number_of_epochs():
    """No training reaches a target in time: the rate of the best setting falls over all 12 epochs."""
    study, method = study_and_method()
    calls = []
    missing = answering(study, 0.01 * math.exp(100), calls)
    Search(study, method, Budget(settings=2, nearby=2), missing).run()
    assert [point["epochs"] for point in calls[-1]] == [study.epochs]
    assert calls[-1][0]["optimizer.schedule"] == "cosine"


def test_the_first_search_had_neither_wider_lists_nor_a_cosine_for_misses():
    """Its rules are kept: two finalists and, unless the better one misses, a cosine."""
    study, method = study_and_method()
    for best, trainings in ((0.01, (12 + 3 * 2)), (0.01 * math.exp(100), (12 + 2 * 2))):
        calls = []
        found = Search(study, method, replace(SMALL, settings=8, nearby=4), answering(study, best, calls)).run()
        points = [point for call in calls for point in call]
        widened = found.tried - 12
        assert len(points) == trainings + widened
        assert {point["optimizer.beta1"] for point in points} <= {0.8, 0.9, 0.95}
        cosines = [point for point in points if point.get("optimizer.schedule") == "cosine"]
        assert len(cosines) == (2 if best == 0.01 else 0)


def test_epochs_are_the_first_at_each_target_and_misses_are_bounds():
    """Accuracies that reach two of four targets; losses below their target."""
    study = STUDIES["cnn-256"]
    figures = {"accuracy_curve": [(0.5, 0.83), (1.0, 0.845), (1.5, 0.835), (2.0, 0.861)]}
    assert study.reached(figures) == (1.0, 2.0, None, None)
    assert study.reached({}) == (None,) * 4
    judged = Judged.of(study, [figures, {}], 12.0)
    assert judged.targets[0] == Epochs((1.0, 12.0), 1) and judged.targets[0].words.startswith("> 6.50")
    assert Judged.of(study, [figures, {}], 3.0).targets[0].mean == 2.0  # a cosine that ended after 3 epochs
    auto = STUDIES["autoencoder-128"]
    assert auto.reached({"loss_curve": [(0.5, 21.0), (1.0, 20.0), (1.5, 20.5)]}) == (1.0,)


def test_savings_are_of_means_and_at_the_worst_case_of_both_intervals():
    """Three seeds: half the interval is `4.303 s / sqrt(3)`."""
    kfac, rival = Epochs((1.0, 1.1, 1.2), 0), Epochs((2.0, 2.2, 2.4), 0)
    half = 4.302652729911275 * 0.1 / math.sqrt(3)
    assert (kfac.half, rival.half) == pytest.approx((half, 2 * half), rel=1e-9)
    assert saved(kfac, rival) == pytest.approx(0.5)
    worst = 1 - (1.1 + half) / (2.2 - 2 * half)
    assert saving(kfac, rival) == f"50% ({worst:.0%})"
    assert saving(kfac, Epochs((2.0, 2.2, 12.0), 1)).startswith("> 80%")
    assert saving(Epochs((1.0, 1.0, 12.0), 1), rival) == "not reached"


def test_demands_are_rows_and_own_batches_are_chosen_by_the_search():
    """A batch with a better rank in the search wins, whatever the judge seeds gave; what was not run is said."""

    def result(name, label, rank, epochs, missed=0):
        study = STUDIES[name]
        each = tuple(Epochs((epochs, epochs * 1.1), missed) for _ in study.targets)
        return Result(study, label, Found({"name": "x"}, (0.0, rank, 0.0), (), 12), Judged(each, ({}, {})))

    quadratic = "K-FAC, quadratic"
    found = {
        name: {label: result(name, label, rank, epochs) for label, rank, epochs in rows}
        for name, rows in {
            "autoencoder-512": [(ADAM, 3.0, 10.0), (quadratic, 1.0, 2.0)],
            "autoencoder-128": [(ADAM, 2.0, 4.0), (quadratic, 1.5, 1.0)],
        }.items()
    }
    own = dict(own_batches(found))
    chosen = own[f"{AUTOENCODER}, own batch"]
    assert (chosen[ADAM].study.batch, chosen[quadratic].study.batch) == (128, 512)
    rows = list(demands(found | own))
    values = [row.value for row in rows if not isinstance(row, str)]
    assert values == pytest.approx([0.8, 0.75, 0.5])
    assert [row.passes for row in rows if not isinstance(row, str)] == [True, True, False]
    assert sum(isinstance(row, str) and row.endswith("not run") for row in rows) == len(rows) - 3
    name = "autoencoder-512"
    for label, words in ((ADAM, "a lower bound"), (quadratic, "not reached by 1 of 2 seeds, no result")):
        missing = found[name] | {label: result(name, label, 1.0, 5.0, missed=1)}
        (row,) = (str(one) for one in demands({name: missing}) if "not run" not in str(one))
        assert words in row
