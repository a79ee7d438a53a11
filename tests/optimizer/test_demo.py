"""`amc demo`: K-FAC by two engines beside momentum and Adam at their best."""

import dataclasses
import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from benchmarks.convergence import ADAM_RATES, MOMENTUM_RATES
from optimizer import demo
from optimizer.specification import override, preset
from optimizer.train_command import FILES
from optimizer.training import Training
from tests import forked
from tests.command_line import ROOT
from tests.doc_blocks import blocks

SHORT = override(preset("digits-demo"), epochs=0.1, solver="cholesky")


@pytest.fixture(scope="module")
def short():
    """The shortest training: two steps."""
    return Training(SHORT).run()


def test_the_demo_compares_engines_and_optimizers(tmp_path):
    """The page's example ends well, names its files, and its engines agree to a thousandth of the largest weight."""
    (example,) = (block for block in blocks(ROOT / "docs" / "commands.md") if block.by == "test_demo")
    outcome = forked.ended(forked.amc, *shlex.split(example.text)[1:], folder=tmp_path)
    out = tmp_path / "runs" / "demo"
    assert (outcome.code, outcome.err) == (0, "")
    for words in (
        "K-FAC, ngspice",
        "K-FAC, exact",
        "momentum, rate 0.05",
        "adam, rate 0.02",
        "seed 0 by two eng",
    ):
        assert words in outcome.out
    for name in FILES + demo.COMPARISON:
        assert f"wrote {Path('runs', 'demo', name)}" in outcome.out
        assert (out / name).stat().st_size > 0
    content = json.loads((out / "comparison.json").read_text())
    assert [len(runs) for runs in content["methods"].values()] == [1, 2, 2, 2]
    assert 0 < content["engines"]["weights"] < 1e-3, "one engine twice has no difference"
    assert json.loads((out / "summary.json").read_text())["spec"]["circuit"]["engine"] == "ngspice"


def test_agreement_is_that_of_its_definition(short):
    """A weight moved by 1 % of the largest one, and an accuracy by 5 points, are what is found."""
    largest = max(np.abs(weight).max() for weight in short.weights)
    weights = (*short.weights[:-1], short.weights[-1] + np.float32(0.01) * largest)
    history = tuple(dataclasses.replace(entry, accuracy=entry.accuracy + 0.05) for entry in short.history)
    moved = dataclasses.replace(short, weights=weights, history=history)
    found = demo.Agreement.of(short, moved)
    assert found.weights == pytest.approx(0.01, rel=1e-4)
    assert found.accuracy == pytest.approx(0.05)
    assert demo.Agreement.of(short, short) == demo.Agreement(0.0, 0.0)


def test_trainings_of_different_lengths_have_no_difference_of_weights(short):
    """After different numbers of steps weights are not compared, and the sentence states it."""
    longer = dataclasses.replace(short, history=(*short.history, short.history[-1]))
    found = demo.Agreement.of(short, longer)
    assert found.weights is None
    assert "the numbers of steps differ" in demo.engines_line(short, longer, found)


def test_tuned_rates_are_inside_their_grids():
    """The rates of both baselines are points of the grids of the benchmark, and not at an edge."""
    momentum, adam = demo.TUNED
    assert momentum.learning_rate in MOMENTUM_RATES[1:-1]
    assert adam.learning_rate in ADAM_RATES[1:-1]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--epochs", "-1"), ("--epochs", "greater than 0")),
        (("--jobs", "0"), ("--jobs", "0")),
        (("--seeds", "0"), ("--seeds: got '0'; must be a whole number, 1 or more",)),
        (("--seeds", "few"), ("--seeds: got 'few'; must be a whole number",)),
    ],
)
def test_bad_options_are_refused(tmp_path, option, words):
    """A bad number ends in one line with exit code 2, and no folder is made."""
    forked.ended(forked.amc, "demo", "--out", "demo", *option, folder=tmp_path).refused(*words)
    assert not (tmp_path / "demo").exists()
