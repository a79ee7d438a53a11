"""Figures of `amc report` in a real browser: colours, ticks, and that they fit and nothing lies over them."""

import re

import numpy as np
import pytest

from amc_circuits.sweep.report.page import write_report
from amc_circuits.values.quantities import format_quantity
from tests.amc_circuits.sweep.browser import chromium, complaints, emulate, finished, open_page
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.amc_circuits.sweep.reports import DRAWN, READY, choose, filtered, ringing, shown

GBWP = np.geomspace(10e6, 1e9, 30).tolist()
ERRORS = [2.5e-7, 1e-6, "wan-2022"]
BOXES = """
const [id, what] = arguments;
const found = [...element(id).querySelectorAll(what)].filter((one) => one.getClientRects().length);
const sides = ({ left, right, top, bottom }) => [left, right, top, bottom];
return found.map((one) => sides(one.getBoundingClientRect()));
"""
TICKS = "return [...document.querySelectorAll(`#figure .${arguments[0]} text`)].map((one) => one.textContent)"
MARKS = "return [...document.querySelectorAll('#figure .points path')].map((one) => getComputedStyle(one).fill)"
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
CARDS = [(360, "gbwp"), (360, "programming_error"), (420, "gbwp"), (1300, "seed"), (1600, "gbwp")]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The report of a sweep over 30 speeds, with a waveform of 16 outputs, in a browser of its own."""
    folder = stored(tmp_path_factory.mktemp("report") / "out", list(made_rows()), {0: ringing()})
    write_report(folder, folder / "report.html")
    with chromium(tmp_path_factory.mktemp("profile")) as session:
        emulate(session)
        open_page(session, folder / "report.html", READY)
        yield session
        assert complaints(session) == []


def made_rows():
    """Rows whose settling time falls with the speed, from 1.6 us to 8 ns."""
    for number, (size, gbwp) in enumerate((size, gbwp) for size in (2, 16) for gbwp in GBWP):
        figures = {"settling_time_s": size**0.2 * 8 / gbwp, "relative_error": 0.001 * size, "size": size}
        error = ERRORS[number % 3]
        yield made(number, figures, size=size, gbwp=gbwp, seed=number, programming_error=error)


def boxes(page, figure, what):
    """Left, right, top and bottom of what is visible, shape (N, 4)."""
    return np.array(page.execute_script(BOXES, figure, what))


def overlap(some, others):
    """Whether any box of one kind lies over one of another, by more than a pixel of their empty edges."""
    left, right, top, bottom = (some[:, None, k] for k in range(4))
    other_left, other_right, other_top, other_bottom = (others[None, :, k] for k in range(4))
    across = np.minimum(right, other_right) - np.maximum(left, other_left)
    down = np.minimum(bottom, other_bottom) - np.maximum(top, other_top)
    return bool(((across > 1) & (down > 1)).any())


def test_colours_are_logarithmic_where_those_of_amc_plot_are(page):
    """Values that are wide apart by their logarithm, with round labels of the bar; others as they are."""
    choose(page, x="size", y="settling_time_s", hue="gbwp")
    (marker,) = page.execute_script(f"return {DRAWN}.map((trace) => trace.marker)")
    np.testing.assert_allclose(sorted(marker["color"]), np.repeat(np.log10(GBWP), 2), rtol=1e-12)
    assert (marker["cmin"], marker["cmax"]) == pytest.approx((7, 9))
    bar = marker["colorbar"]
    assert bar["ticktext"] == ["10MHz", "100MHz", "1GHz"]
    np.testing.assert_allclose(bar["tickvals"], [7, 8, 9])
    choose(page, hue="seed")
    (marker,) = page.execute_script(f"return {DRAWN}.map((trace) => trace.marker)")
    assert sorted(marker["color"]) == list(range(60))


def test_colours_stay_when_points_are_filtered(page):
    """A point keeps its colour, whatever else is shown."""
    choose(page, x="size", y="settling_time_s", hue="gbwp")
    before = page.execute_script(MARKS)
    filtered(page, "gbwp<=20M size=2")
    numbers = shown(page)
    assert 0 < len(numbers) < 30 and page.execute_script(MARKS) == [before[number] for number in numbers]
    filtered(page, "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_shades_can_be_seen_and_put_in_order(page, scheme):
    """Every shade has a contrast of 3 or more with the ground, and they grow lighter from small to large."""
    emulate(page, scheme=scheme)
    choose(page, x="gbwp", y="settling_time_s", hue="gbwp")
    filtered(page, "size=2")
    ground = page.execute_script("return getComputedStyle(element('points')).backgroundColor")
    shades = np.array([luminance(colour) for colour in page.execute_script(MARKS)])
    contrast = (np.maximum(shades, luminance(ground)) + 0.05) / (np.minimum(shades, luminance(ground)) + 0.05)
    assert len(shades) == 30 and contrast.min() >= 3
    assert (np.diff(shades) > 0).all()
    filtered(page, "")
    emulate(page)


def luminance(colour):
    """Relative luminance of `rgb(r, g, b)` (WCAG 2.2)."""
    channels = np.array([float(text) for text in re.findall(r"[\d.]+", colour)[:3]]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize(("width", "hue"), CARDS)
def test_figures_fit_and_nothing_lies_over_them(page, width, hue):
    """As soon as the window has another width, texts are within the card, and buttons lie over nothing."""
    emulate(page, width=1000)
    choose(page, x="gbwp", y="settling_time_s", hue=hue)
    emulate(page, width=width)
    finished(page, TWO_FRAMES)
    for figure, section in (("figure", "points"), ("waveform", "chosen")):
        left, right = boxes(page, section, "figure")[0][:2]
        for what in ("svg", "text"):
            found = boxes(page, figure, what)
            assert len(found) and (found[:, 0] >= left - 1).all() and (found[:, 1] <= right + 1).all()
        buttons = boxes(page, figure, ".modebar-btn")
        assert len(buttons) == 6
        assert not overlap(buttons, boxes(page, figure, "text, .js-line, .points path, .cbfills rect"))
    title, labels = (boxes(page, "figure", f".colorbar {of}") for of in (".cbtitle text", ".cbaxis text"))
    assert (len(title) == 1) == (hue != "programming_error")
    if len(title):
        assert not overlap(title, labels) and not overlap(title, boxes(page, "figure", ".cbfills rect"))
        assert not overlap(labels, boxes(page, "figure", ".ytick text"))
    emulate(page)


def test_figure_follows_its_place_without_a_new_window(page):
    """A card that gets narrower by itself, as by a scroll bar, takes its figure with it."""
    page.execute_script("element('points').style.width = '320px'")
    finished(page, TWO_FRAMES)
    assert boxes(page, "figure", "svg")[:, 1].max() <= boxes(page, "points", "figure")[0][1]
    page.execute_script("element('points').style.width = ''")


@pytest.mark.parametrize("axis", ["x", "y"])
def test_every_tick_has_its_prefix_and_unit(page, axis):
    """At all labels of a logarithmic axis, those between the powers of ten, too."""
    unit = {"x": "Hz", "y": "s"}[axis]
    choose(page, x="gbwp", y="settling_time_s", hue="", log_x=True, log_y=True)
    texts = page.execute_script(TICKS, f"{axis}tick")
    assert len(texts) >= 6 and all(re.fullmatch(rf"[125]0{{0,2}}[nµkMG]?{unit}", text) for text in texts)


def test_numbers_among_names_have_their_unit(page):
    """In table, legend, list of the point and filter; names beside them stay as they are."""
    choose(page, x="size", y="settling_time_s", hue="programming_error")
    names = page.execute_script(f"return {DRAWN}.map((trace) => trace.name)")
    assert names == ["programming error 250 nS", "programming error 1 uS", "programming error wan-2022"]
    cells = page.execute_script("return [...document.querySelectorAll('#rows td')].map((one) => one.textContent)")
    assert {"250 nS", "1 uS", "wan-2022"} <= set(cells)
    numbers = {error: list(range(k, 60, 3)) for k, error in enumerate(ERRORS)}
    assert filtered(page, "programming_error=250n") == numbers[2.5e-7]
    assert filtered(page, "programming_error>0.3uS") == numbers[1e-6]
    assert filtered(page, "programming_error=wan-2022") == numbers["wan-2022"]
    assert filtered(page, "programming_error!=1u") == sorted(numbers[2.5e-7] + numbers["wan-2022"])
    filtered(page, "")
    summary = page.execute_script("return element('summary').textContent")
    assert "250 nS, 1 uS, wan-2022" in summary


@pytest.mark.parametrize("value", [0.0, 1.0, -0.5, 0.9705, 4.895e-05, 88.45, 0.00012345, 7.605e-06])
def test_shares_read_as_everywhere_else(page, value):
    """In per cent, rounded once."""
    shown, wanted = page.execute_script("return engineering(arguments[0], '%')", value), format_quantity(value, "%")
    assert float(shown.removesuffix(" %")) == float(wanted.removesuffix(" %"))
