"""Looks of `amc report` in a real browser: heading, cards with content, numbers and units, curves without colour."""

import pytest

from amc_circuits.sweep.report.page import write_report
from amc_circuits.values.quantities import format_quantity, parse_quantity
from tests.amc_circuits.sweep.browser import chromium, complaints, emulate, finished, open_page
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.amc_circuits.sweep.reports import READY, choose, filtered, ringing

EMPTY = """
const cards = [...document.querySelectorAll('main > section')].filter((one) => one.getClientRects().length);
const shown = (one) => one.getClientRects().length && getComputedStyle(one).visibility !== 'hidden';
const content = "td, dd, figure .main-svg, pre";
return cards.filter((card) => ![...card.querySelectorAll(content)].some(shown)).map((card) => card.id);
"""
"""Cards without a value, a figure or a text of a file."""
TOLERANCES, KELVINS = (0.01, 0.05), (300.15, 350.0)


def rows():
    """Usable rows without waveforms, over tolerances and temperatures."""
    for number, (tolerance, kelvin) in enumerate((t, k) for t in TOLERANCES for k in KELVINS):
        figures = {"settling_time_s": 1e-7 / tolerance, "bits": 10.0 * tolerance}
        yield made(number, figures, size=16, gbwp="16M", tolerance=tolerance, temperature=kelvin)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """One browser for all."""
    with chromium(tmp_path_factory.mktemp("profile")) as session:
        emulate(session)
        yield session


@pytest.fixture
def page(session, tmp_path):
    """Report of usable rows without waveforms."""
    folder = stored(tmp_path / "spread", list(rows()))
    write_report(folder, folder / "report.html")
    open_page(session, folder / "report.html", READY)
    yield session
    assert complaints(session) == []


def text(page, what):
    """Text of the first element of a selector."""
    return page.execute_script("return document.querySelector(arguments[0]).textContent", what)


def test_heading_names_circuit_and_conditions(page):
    """The heading has circuit, size and folder, the line below it the fixed conditions."""
    assert text(page, "h1") == "INV 16 x 16: spread"
    assert text(page, "#conditions") == "cmos-100meg, ngspice; condition 10, gbwp 16 MHz"
    assert page.title == "INV 16 x 16, spread: amc sweep"


def test_no_card_is_empty(page):
    """Without failures and waveforms there is no card of failures, no link to it, and the point shows its values."""
    assert page.execute_script(EMPTY) == []
    links = page.execute_script("return [...document.querySelectorAll('nav a')].map((one) => one.getAttribute('href'))")
    ids = page.execute_script("return [...document.querySelectorAll('main > section')].map((one) => `#${one.id}`)")
    assert links == ids and "#failures" not in links


def test_report_without_points_has_no_empty_card(session, tmp_path):
    """Before the first point there are a summary, a specification, and nothing else."""
    folder = stored(tmp_path / "none", [])
    write_report(folder, folder / "report.html")
    open_page(session, folder / "report.html", "!element('notice').hidden")
    assert session.execute_script(EMPTY) == []
    assert text(session, "h1") == "Sweep: none"


def test_numbers_without_a_dimension_are_plain(page):
    """Tolerances and bits have no SI prefix, in table, summary, legend and ticks; temperatures stay whole."""
    cells = page.execute_script("return [...document.querySelectorAll('#rows td')].map((one) => one.textContent)")
    assert {"0.01", "0.05", "0.1", "0.5", "300.15 K", "350 K"} <= set(cells)
    summary = text(page, "#summary")
    assert "0.01, 0.05" in summary and "300.15 K, 350 K" in summary
    choose(page, x="tolerance", y="bits", hue="temperature", log_x=False, log_y=False)
    ticks = page.execute_script(
        "return [...document.querySelectorAll('#figure .xtick text, #figure .ytick text')]"
        ".map((one) => one.textContent)"
    )
    assert {"0.01", "0.05"} <= set(ticks) and not any(tick.endswith("m") for tick in ticks)
    assert "temperature 300.15 K" in text(page, "#figure .legend")


NUMBERS = [
    (0.01, ""), (10, ""), (12345.678, ""), (99999.6, ""), (2.5e-7, ""), (31622.7766, "V/V"), (300.15, "K"),
    (350.0, "K"), (1000.5, "K"), (0.00393, "1/K"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "unit"), NUMBERS)
def test_page_prints_numbers_as_the_command_line(page, value, unit):
    """Numbers without a dimension, temperatures and coefficients are the same text in both."""
    shown = page.execute_script("return engineering(arguments[0], arguments[1])", value, unit)
    wanted = format_quantity(value, unit)
    mantissa, exponent, power = wanted.partition("e")
    assert shown == (f"{mantissa}e{int(power)}" if exponent else wanted)


@pytest.mark.parametrize(
    ("typed", "unit"),
    [("27C", "K"), ("300.15K", "K"), ("350", "K"), ("90dB", "V/V"), ("110V/us", "V/s"), ("0.1V/ns", "V/s"),
     ("10kohm", "ohm"), ("100MEG", "Hz")],
)  # fmt: skip
def test_page_reads_units_as_the_command_line(page, typed, unit):
    """A number typed into the filter has the value that an option would have."""
    read = page.execute_script("return parsed(arguments[0], arguments[1])", typed, unit)
    assert read == pytest.approx(parse_quantity("x", typed, unit), rel=1e-12)


def test_filter_takes_celsius_and_percentages(page):
    """27C is the row of 300.15 K, and 5% the tolerance 0.05."""
    assert filtered(page, "temperature=27C") == [0, 2]
    assert filtered(page, "tolerance=5%") == [2, 3]
    filtered(page, "")


def test_curves_of_a_waveform_differ_without_colour(session, tmp_path):
    """Each of 16 outputs has a pair of dash and symbol of its own."""
    folder = stored(tmp_path / "ringing", list(rows()), {0: ringing()})
    write_report(folder, folder / "report.html")
    open_page(session, folder / "report.html", READY)
    finished(session, "amcReport.drawWaveform()")
    pairs = session.execute_script("return element('waveform').data.map((one) => [one.line.dash, one.marker.symbol])")
    assert len({tuple(pair) for pair in pairs}) == len(pairs) == 16
