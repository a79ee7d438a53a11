"""Pictures of the array and of the read-out error."""

import html
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from amc_circuits.pictures.array import plot_array
from amc_circuits.pictures.readout import plot_readout
from amc_circuits.results.cell_loads import CellArrays
from amc_circuits.results.response import Response

TIME = np.linspace(-1e-9, 100e-9, 400)


@pytest.fixture
def file(amc, tmp_path):
    """A file of three right-hand sides, with wires."""
    np.save(tmp_path / "A.npy", np.array([[2.0, -1.0], [-1.0, 2.0]]))
    np.save(tmp_path / "b.npy", np.array([[1.0, 0.0, -1.0], [2.0, 1.0, 0.5]]))
    wires = ("--wire-resistance", 50, "--engine", "exact")
    outcome = amc("inv", tmp_path / "A.npy", tmp_path / "b.npy", *wires, "--save", tmp_path / "a.npz")
    assert outcome.code == 0, outcome
    return tmp_path / "a.npz"


@pytest.fixture
def figures(monkeypatch):
    """The figures that are drawn, kept instead of written."""
    kept = []

    def keep(figure, path):
        kept.append(figure)
        plt.close(figure)

    for module in ("array", "readout"):
        monkeypatch.setattr(f"amc_circuits.pictures.{module}.save_figure", keep)
    return kept


def texts(path):
    """Words of an SVG file, which holds them as text."""
    return [html.unescape(found) for found in re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text())]


@pytest.mark.parametrize(("option", "suffix"), [("--error", ".pdf"), ("--array", ".png")])
def test_pictures_are_written(amc, file, tmp_path, option, suffix):
    """Both pictures are written as their names say."""
    picture = tmp_path / f"p{suffix}"
    assert amc("plot", file, option, "-o", picture).out == f"wrote {picture}\n"
    content = picture.read_bytes()
    assert content.startswith({".png": b"\x89PNG", ".pdf": b"%PDF"}[suffix])
    assert len(content) > 10_000


def test_the_array_picture_says_what_it_shows(amc, file, tmp_path):
    """Quantities with units, lines with numbers, arrays with names, and what the wires cost."""
    amc("plot", file, "--array", "--rhs", 2, "-o", tmp_path / "p.svg")
    found = texts(tmp_path / "p.svg")
    assert "INV 2 x 2, settled (right-hand side 2 of 3)" in found
    assert {"cell voltage", "cell current", "change by wires", "positive array", "negative array"} <= set(found)
    for unit in ("mV", "µA", "%"):
        assert any(re.fullmatch(rf"\S+ {unit}", text) for text in found), unit
    assert any(text.endswith("of the array's power is lost in wires") for text in found)


def test_the_error_picture_marks_the_bits(amc, file, tmp_path):
    """The times that are printed stand at their marks; the slowest right-hand side is taken."""
    amc("plot", file, "--error", "-o", tmp_path / "p.svg")
    found = texts(tmp_path / "p.svg")
    assert "INV 2 x 2, settled (the slowest of 3 right-hand sides)" in found
    assert any(re.fullmatch(r"4 bits: [\d.]+ ns", text) for text in found)
    assert "8 bits: never" in found and "bits" in found


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--array", "--error"), ("--error: got --array, too", "give one")),
        (("--rhs", "4"), ("--rhs: got 4", "right-hand sides 1 to 3")),
        (("--rhs", "0", "--array"), ("--rhs: got '0'", "1 or more")),
        (("--rhs", "x"), ("--rhs: got 'x'",)),
    ],
)
def test_what_does_not_go_together_is_refused(amc, file, tmp_path, arguments, words):
    """One line says what to change, and no picture is made."""
    amc("plot", file, *arguments, "-o", tmp_path / "p.png").refused(*words)
    assert not (tmp_path / "p.png").exists()


@pytest.mark.parametrize("arguments", [("--array",), ("--error",), ("--rhs", "1")])
def test_options_of_saved_waveforms_do_not_go_with_a_sweep(amc, tmp_path, arguments):
    """For the folder of a sweep these options are refused."""
    amc("plot", tmp_path, *arguments, "-o", tmp_path / "p.png").refused(arguments[0], "goes with a file", "--row N")


@pytest.mark.parametrize("option", ["--x", "--y", "--hue", "--log", "--where", "--row"])
def test_options_of_sweeps_do_not_go_with_saved_waveforms(amc, file, tmp_path, option):
    """For a file these options are refused."""
    outcome = amc("plot", file, option, "xy", "-o", tmp_path / "p.png")
    outcome.refused(f"{option[2:]}: got xy; goes with the folder of a sweep")


def test_nothing_can_be_drawn_where_nothing_was_simulated(amc, tmp_path):
    """The file of an unstable circuit is refused in one line."""
    np.save(tmp_path / "A.npy", np.array([[0.2, -1.0], [1.0, 0.2]]))
    np.save(tmp_path / "b.npy", np.ones(2))
    assert amc("inv", tmp_path / "A.npy", tmp_path / "b.npy", "--save", tmp_path / "a.npz").code == 3
    for arguments in ((), ("--array",), ("--error",), ("--rhs", "1")):
        amc("plot", tmp_path / "a.npz", *arguments, "-o", tmp_path / "p.png").refused("nothing was simulated")


@pytest.mark.parametrize(("shape", "wire_resistance"), [((2, 4, 3), 5.0), ((1, 3, 5), 5.0), ((2, 3, 3), 0.0)])
def test_maps_hold_the_cells_in_their_places(figures, tmp_path, shape, wire_resistance):
    """Row i of every map is word line i, counted from 1 at the top; both arrays have one scale; ideal wires no map."""
    generator = np.random.default_rng(0)
    arrays = CellArrays.stacked(generator.uniform(1e-6, 1e-4, shape), wire_resistance, "one")
    load = arrays.load(generator.uniform(-1, 1, arrays.terminals))
    plot_array(load, tmp_path / "p.png", "title")
    images = [axes.images[0] for axes in figures[0].axes if axes.images]
    wanted = [*load.voltage, *load.current] + [*load.change_by_wires] * (wire_resistance > 0)
    assert len(images) == len(wanted)
    for image, values in zip(images, wanted, strict=True):
        np.testing.assert_array_equal(image.get_array(), values)
        assert image.get_extent() == [0.5, shape[2] + 0.5, shape[1] + 0.5, 0.5]
    for line in range(0, len(images), shape[0]):
        scales = {image.get_clim() for image in images[line : line + shape[0]]}
        assert len(scales) == 1
    assert np.min(load.voltage) < 0 < np.max(load.voltage)
    low, high = images[0].get_clim()
    assert -low == high == np.abs(load.voltage).max()


def test_a_scale_begins_at_zero_where_all_signs_are_equal(figures, tmp_path):
    """White is 0 in every map: one-sided values have one-sided colours."""
    for sign, limits in ((1, (0, 0.5)), (-1, (-0.5, 0))):
        load = CellArrays.stacked(np.full((1, 2, 2), 1e-5), 0.0, "one").load(sign * np.array([0, 0, 0.25, 0.5]))
        plot_array(load, tmp_path / "p.png", "title")
        image = figures[-1].axes[0].images[0]
        assert image.get_clim() == limits
        assert min(image.cmap(image.norm(0.0))[:3]) > 0.9


def test_error_curves_part_where_waiting_mends_no_more(figures, tmp_path):
    """The solid curve ends at the error of the outputs, the dashed one falls on; marks stand on the solid one."""
    decay = np.where(TIME > 0, np.exp(-TIME / 10e-9), 1.0)
    target = np.array([0.1, -0.2])
    response = Response(TIME, (1.01 - decay)[:, None] * target, 0.01, 46e-9, target)
    plot_readout(response, tmp_path / "p.png", "title")
    solid, dashed, *others = figures[0].axes[0].lines
    assert solid.get_ydata()[-1] == pytest.approx(0.01, rel=1e-2)
    assert dashed.get_ydata()[-1] < 1e-4
    assert solid.get_xdata()[0] >= 0
    marks = [(line.get_xdata()[0], line.get_ydata()[0]) for line in others if line.get_marker() == "o"]
    assert marks == [(response.time_to_bits(bits), 2.0**-bits) for bits in (4, 6)]
