"""Curves that differ without colour, and legends beside the data."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from amc_circuits.pictures.readout import plot_readout
from amc_circuits.pictures.responses import plot_responses
from amc_circuits.pictures.style import COLOURS, curve_style, dense_curve_style
from amc_circuits.results.response import Response
from amc_circuits.sweep.rows.picture import Drawing, plot_sweep
from amc_circuits.sweep.store import Store
from tests.amc_circuits.sweep.made_rows import made, stored

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in a grey print (ITU-R BT.601)."""
TIME = np.linspace(-1e-9, 100e-9, 400)


def response(outputs):
    """Exponential responses with wanted outputs from -0.4 to 0.4 V, 1 % too large."""
    wanted = np.linspace(-0.4, 0.4, outputs)
    decay = np.where(TIME > 0, np.exp(-np.clip(TIME, 0, None) / 10e-9), 1.0)
    return Response(TIME, (1.01 - 1.01 * decay)[:, None] * wanted, 0.01, 46e-9, wanted)


def swept(folder):
    """Eight op-amp speeds over three sizes, three seeds each."""
    rows = [
        made(number, {"settling_time_s": 10 * size / gbwp * (1 + 0.1 * seed)}, size=size, gbwp=gbwp, seed=seed)
        for number, (size, gbwp, seed) in enumerate(
            itertools.product((2, 8, 32), np.geomspace(1e7, 1e9, 8).tolist(), range(3))
        )
    ]
    return stored(folder, rows)


def drawn_sweep(path):
    """Draw a sweep."""
    with Store(swept(path.parent / "sweep")) as store:
        plot_sweep(store, path, Drawing())


PICTURES = {
    "sweep": (drawn_sweep, 8),
    "responses": (lambda path: plot_responses([response(8)], path, "title"), 8),
    "many responses": (lambda path: plot_responses([response(16)], path, "title"), 16),
    "readout": (lambda path: plot_readout(response(3), path, "title"), 2),
}
"""Pictures with several curves, and how many these are."""


@pytest.fixture
def figures(monkeypatch):
    """Figures that are drawn, kept instead of written."""
    kept = []

    def keep(figure, path):
        figure.draw_without_rendering()
        kept.append(figure)

    for module in ("pictures.responses", "pictures.readout", "sweep.rows.picture"):
        monkeypatch.setattr(f"amc_circuits.{module}.save_figure", keep)
    yield kept
    plt.close("all")


def curves(axes):
    """Lines through several places that are data, without those across the whole picture."""
    return [line for line in axes.lines if len(line.get_xdata()) > 2]


def look(line):
    """Line style and marker, which a grey print keeps."""
    return (line.get_linestyle(), line._dash_pattern, line.get_marker())


def grey_entry(figure, handle):
    """Pixels of an entry of a legend in a grey print, all lines in one grey."""
    box = handle.get_window_extent().padded(6)
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3] @ LUMA
    left, right, low, high = (round(side) for side in (box.x0, box.x1, box.y0, box.y1))
    return pixels[len(pixels) - high : len(pixels) - low, left:right]


@pytest.mark.parametrize("name", PICTURES)
def test_curves_differ_in_grey(name, figures, tmp_path):
    """Every curve has a line style and marker of its own, and a grey print of the legend shows the difference."""
    draw, count = PICTURES[name]
    draw(tmp_path / "p.png")
    (figure,) = figures
    axes = figure.axes[0]
    found = curves(axes)
    assert len(found) == len({str(look(line)) for line in found}) == count
    handles = [handle for handle in axes.get_legend().legend_handles if handle.get_label() in _labels(found)]
    assert len(handles) == len(_labels(found))
    for handle in handles:
        handle.set_color("0.3")
    figure.set_size_inches(12, 9)
    figure.subplots_adjust(top=0.6, right=0.6)  # texts around the axes are then on the canvas
    figure.canvas.draw()
    entries = [grey_entry(figure, handle) for handle in handles]
    for one, other in itertools.combinations(entries, 2):
        rows, columns = np.minimum(one.shape, other.shape)
        assert (np.abs(one[:rows, :columns] - other[:rows, :columns]) > 100).sum() >= 10


def _labels(lines):
    return {line.get_label() for line in lines if not line.get_label().startswith("_")}


@pytest.mark.parametrize("name", PICTURES)
def test_no_data_lies_under_a_legend(name, figures, tmp_path):
    """The box of the legend holds no point of any curve, and no part of the axes."""
    PICTURES[name][0](tmp_path / "p.png")
    (figure,) = figures
    axes = figure.axes[0]
    box = axes.get_legend().get_window_extent()
    for line in axes.lines:
        x, y = np.broadcast_arrays(*line.get_data())
        places = line.get_transform().transform(np.column_stack([x, y]).astype(float)) if len(x) else []
        assert not any(box.contains(*place) for place in places)
    assert not box.overlaps(axes.get_window_extent())


def test_title_and_texts_stay_clear_of_the_legend(figures, tmp_path):
    """Title and the line below it lie over each other nowhere, nor over the legend."""
    folder = swept(tmp_path / "sweep")
    with Store(folder) as store:
        plot_sweep(store, tmp_path / "p.png", Drawing())
    plot_responses([response(8)], tmp_path / "p.png", "title")
    for figure in figures:
        axes = figure.axes[0]
        texts = [axes._left_title, *(text for text in axes.texts if text.get_text())]
        boxes = [text.get_window_extent() for text in texts] + [axes.get_legend().get_window_extent()]
        assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_styles_repeat_only_after_63_curves():
    """Line and marker alone make 63 pairs, and eight colours repeat after eight curves."""
    styles = [curve_style(place) for place in range(63)]
    assert len({(style["linestyle"], style["marker"]) for style in styles}) == 63
    assert len({to_rgb(style["color"]) for style in styles[:8]}) == len(COLOURS)


@pytest.mark.parametrize("place", range(20))
def test_markers_of_dense_curves_are_few_and_not_at_the_end(place):
    """Five to seven markers, at distances of 16 % of the length; the last sample has its own mark."""
    marked = dense_curve_style(place, TIME)["markevery"]
    assert 5 <= len(marked) <= 7 and marked[-1] < len(TIME) - 1
    assert np.ptp(np.diff(TIME[marked])) <= 2 * (TIME[1] - TIME[0])
