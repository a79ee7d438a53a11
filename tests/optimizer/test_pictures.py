"""Pictures of training runs: names in words, curves that differ in grey, legends beside the data."""

import matplotlib.pyplot as plt
import pytest

from amc_circuits import curve_style
from optimizer.ledger import Inversion, Ledger
from optimizer.pictures import draw_accuracy, draw_errors, method_name
from optimizer.result import Evaluation, TrainingResult
from optimizer.settings import AdamSettings, KfacSettings, MomentumSettings
from optimizer.specification import preset

METHODS = ("momentum, rate 0.05", "Adam, rate 0.001", "K-FAC, Cholesky", "K-FAC, INV circuit")


@pytest.fixture
def axes():
    """Empty axes, closed at the end."""
    figure, empty = plt.subplots()
    yield empty
    plt.close(figure)


def curve(slope):
    """The curve of a run whose accuracy rises by a slope."""
    history = tuple(Evaluation(epoch, 10 * epoch, 1.0, slope * epoch, 1.0) for epoch in (1, 2, 3))
    return TrainingResult(preset("digits-demo"), history, Ledger(), False, False, 1.0, {}, {}).accuracy_curve


def pairs(axes):
    """Line style and marker of the curves, those of the target excluded."""
    return [(str(line._dash_pattern), line.get_linestyle(), line.get_marker()) for line in axes.lines[:4]]


def no_data_below_the_legend(axes):
    """Whether the legend is beside the axes."""
    axes.figure.draw_without_rendering()
    return not axes.get_legend().get_window_extent().overlaps(axes.get_window_extent())


def test_methods_are_named_in_words():
    """K-FAC is named with what inverts, the others with their learning rate."""
    found = (
        method_name(MomentumSettings(learning_rate=0.05), "cholesky"),
        method_name(AdamSettings(learning_rate=1e-3), "cholesky"),
        method_name(KfacSettings(), "cholesky"),
        method_name(KfacSettings(), "inv-circuit"),
    )
    assert found == METHODS
    assert method_name(KfacSettings(step_size="quadratic"), "cholesky") == "K-FAC, quadratic model, Cholesky"


def test_accuracy_curves_differ_in_grey(axes):
    """Each method has a line style and marker of its own, and the legend lies beside the axes."""
    draw_accuracy(axes, {name: [curve(0.1 * (k + 1))] for k, name in enumerate(METHODS)}, 0.97)
    assert len(set(pairs(axes))) == len(METHODS)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [*METHODS, "target 97 %"]
    assert no_data_below_the_legend(axes)


def test_seeds_of_a_method_share_their_style(axes):
    """Runs of one method have one style and one entry."""
    draw_accuracy(axes, {"one": [curve(0.1), curve(0.2)], "other": [curve(0.3)]}, 0.97)
    one, same, other = pairs(axes)[:3]
    assert one == same != other
    assert len(axes.get_legend().get_texts()) == 3


def test_error_curves_name_the_factors_of_each_layer(axes):
    """Each factor has its own style, and its name in words with its width."""
    names = ("conv1.a_factor", "conv1.g_factor", "dense.a_factor", "dense.g_factor")
    entries = [
        Inversion(step, name, 8, 10.0, 1e-6, None, 0.01 * (k + 1), 0, None, 0.0)
        for step in (0, 10) for k, name in enumerate(names)
    ]  # fmt: skip
    draw_errors(axes, Ledger(entries))
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[:2] == ["conv1, factor A, 8 wide", "conv1, factor G, 8 wide"]
    assert len(set(pairs(axes))) == 4 and no_data_below_the_legend(axes)
    assert axes.lines[1].get_color() == curve_style(1)["color"]
