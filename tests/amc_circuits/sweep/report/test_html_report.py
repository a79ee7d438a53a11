"""`amc report`: one HTML file, opened in a real browser from disk."""

import dataclasses
import json
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np
import pytest
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By

from amc_circuits.cases.options import parse_options
from amc_circuits.pictures.traces import unpack_traces
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.report import waveforms
from amc_circuits.sweep.report.page import write_report
from amc_circuits.sweep.run.outcome import run_point
from amc_circuits.sweep.store import Row, Store
from amc_circuits.sweep.store.folder import RESOLVED, SPECIFICATION
from amc_circuits.values.quantities import format_quantity
from tests.amc_circuits.sweep.browser import chromium, complaints, emulate, finished, open_page, requests
from tests.amc_circuits.sweep.reports import (
    DRAWN,
    EVIL,
    EVIL_NAME,
    READY,
    choose,
    contrasts,
    drawn,
    filtered,
    ringing,
    settling,
    shown,
)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """One browser for all."""
    with chromium(tmp_path_factory.mktemp("profile")) as session:
        yield session


@pytest.fixture(scope="module")
def opened(session, folder, rows):
    """The browser with the report in it, what it asked for and complained of meanwhile."""
    write_report(folder, folder / "report.html")
    emulate(session)
    open_page(session, folder / "report.html", READY)
    return requests(session), complaints(session)


@pytest.fixture
def page(session, opened):
    """The open report, as it was at first."""
    if session.execute_script("return Boolean(element('filter').value || element('status').value)"):
        filtered(session, "")
    return session


def test_opens_from_disk_without_network_or_complaint(opened, folder):
    """Nothing but the file itself is asked for, and the console stays empty."""
    asked, complained = opened
    assert asked == [(folder / "report.html").as_uri()]
    assert complained == []


FILTERS = [
    ("", "", lambda row: True),
    ("size>=3", "", lambda row: row.parameters["size"] >= 3),
    ("gbwp=16M,size=2", "", lambda row: row.parameters["gbwp"] == 16e6 and row.parameters["size"] == 2),
    ("gbwp!=0.1G family=SPD", "", lambda row: row.parameters["gbwp"] != 1e8 and row.parameters["family"] == "spd"),
    ("kind=random size=2", "", lambda row: (row.parameters["family"], row.parameters["size"]) == ("random", 2)),
    ("settling-time<200n", "", lambda row: settling(row) < 200e-9),
    ("relative_error>0.02%", "", lambda row: (row.figures.get("relative_error") or 0) > 2e-4),
    ("settling_time=none", "", lambda row: settling(row) == np.inf),
    ("random seed<=1", "UNSTABLE", lambda row: row.status == "UNSTABLE" and row.parameters["seed"] <= 1),
    ('"pole at"', "", lambda row: "pole at" in row.error),
]


@pytest.mark.parametrize(("text", "status", "passes"), FILTERS, ids=[text for text, _, _ in FILTERS])
def test_filter_leaves_the_same_points_in_table_and_figure(page, rows, text, status, passes):
    """The rows that meet the conditions are shown, and of these those are drawn that settled."""
    expected = [row for row in rows if passes(row)]
    assert filtered(page, text, status) == [row.number for row in expected]
    assert page.find_element(By.ID, "count").text == f"{len(expected)} of {len(rows)} points"
    assert sorted(drawn(page)) == [row.number for row in expected if settling(row) < np.inf]


@pytest.mark.parametrize("text", ["speed<1", "size<large", "size<none"])
def test_filter_that_cannot_be_read_is_told(page, rows, text):
    """The reason stands below the filter, and the points stay as they are."""
    assert len(filtered(page, text)) == len(rows)
    assert page.find_element(By.ID, "filter-error").text
    filtered(page, "size<9")
    assert not page.find_element(By.ID, "filter-error").text


def test_axes_are_first_those_of_amc_plot(page, rows):
    """The first option in which usable points differ, the settling time, and a hue for the next."""
    chosen = [page.execute_script(f"return element('{axis}').value") for axis in ("x", "y", "hue")]
    assert chosen == ["size", "settling_time_s", "gbwp"]
    found = {row.number: (row.parameters["size"], settling(row)) for row in rows if settling(row) < np.inf}
    assert drawn(page) == found


def test_chosen_axes_draw_the_values_of_the_rows(page, rows):
    """Any two figures, by any hue, bit for bit."""
    choose(page, x="bits", y="energy_total_j", hue="gbwp", log_y=True)
    figures = {row.number: row.figures for row in rows if settling(row) < np.inf}
    assert drawn(page) == {number: (of["bits"], of["energy_j"]["total"]) for number, of in figures.items()}
    names = page.execute_script(f"return {DRAWN}.map((trace) => trace.name)")
    assert names == ["gbwp 16 MHz", "gbwp 100 MHz"]
    looks = page.execute_script(f"return {DRAWN}.map((trace) => [trace.marker.color, trace.marker.symbol[0]])")
    assert looks[0][0] != looks[1][0] and looks[0][1] != looks[1][1]
    choose(page, x="size", y="settling_time_s", hue="gbwp")


def test_pointer_is_told_units(page, rows):
    """Hovering shows settling time and gain-bandwidth product in engineering notation, as `amc` prints them."""
    place = page.execute_script(
        "const gd = element('figure'); Plotly.Fx.hover(gd, [{curveNumber: gd.data.length - 1, pointNumber: 0}]);"
        "return gd.data.at(-1).customdata[0]"
    )
    told = page.execute_script("return document.querySelector('#figure .hoverlayer').textContent")
    assert f"settling time: {format_quantity(settling(rows[place]), 's')}" in told
    assert f"gbwp: {format_quantity(rows[place].parameters['gbwp'], 'Hz')}" in told
    assert f"point {place}" in told


@pytest.mark.parametrize("value", [0.0, 1.0, -2.5e-9, 999.96, 0.00099996, 3.5e-5, 1e8, 1.23456e-13, 4.7e10])
def test_numbers_read_as_everywhere_else(page, value):
    """The page writes a number with a unit as the command line does, and reads what it wrote."""
    text = page.execute_script("return engineering(arguments[0], 's')", value)
    assert text == format_quantity(value, "s")
    assert page.execute_script("return parsed(arguments[0])", text.replace(" ", "")) == pytest.approx(value, rel=1e-3)


def test_row_that_is_clicked_shows_its_waveform(page, folder):
    """Curves as they were kept, bands around the final values, a line at the settling time, volts and seconds."""
    with Store(folder) as store:
        number = store.with_waveforms()[5]
        response, places = unpack_traces(store.waveforms(number))
    page.find_element(By.CSS_SELECTOR, f"#rows tr[data-place='{number}'] td:nth-child(2)").click()
    finished(page, "amcReport.drawWaveform()")
    assert page.find_element(By.ID, "chosen-title").text.startswith(f"Chosen point: {number}, ")
    data, shapes = page.execute_script("const gd = element('waveform'); return [gd.data, gd.layout.shapes]")
    full_scale = np.abs(response.outputs).max()
    for k, trace in enumerate(data):
        assert trace["name"] == f"output {places[k] + 1}"
        np.testing.assert_allclose(trace["x"], response.time, rtol=0, atol=1e-6 * np.ptp(response.time))
        np.testing.assert_allclose(trace["y"], response.outputs[:, k], rtol=0, atol=1e-4 * full_scale)
        assert re.search(r"s: -?[\d.]+ [um]?V$", trace["text"][-1])
    assert [shape["x0"] for shape in shapes if shape["type"] == "line"] == [response.settling_time]
    bands = [(shape["y0"] + shape["y1"], shape["y1"] - shape["y0"]) for shape in shapes if shape["type"] == "rect"]
    final, width = response.outputs[-1], 2 * response.tolerance * np.abs(response.outputs[-1]).max()
    np.testing.assert_allclose(bands, [(2 * one, width) for one in final], rtol=0, atol=2e-4 * full_scale)


def test_point_that_is_clicked_is_chosen(page):
    """A click on a marker of the figure chooses its point in the table, too."""
    filtered(page, "size=2 seed=1 gbwp=16M family=spd")
    (place,) = drawn(page)
    marker = page.find_element(By.CSS_SELECTOR, "#figure .scatterlayer .point")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", marker)
    box = page.execute_script("return arguments[0].getBoundingClientRect()", marker)
    mouse = ActionChains(page, duration=20)
    at = round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2)
    mouse.w3c_actions.pointer_action.move_to_location(*at)
    mouse.click().perform()
    finished(page, "new Promise((done) => setTimeout(done, 50))")
    selected = page.find_elements(By.CSS_SELECTOR, "#rows tr[aria-selected='true'] td:first-child")
    assert [int(cell.text) for cell in selected] == [place]


def test_table_is_sorted_from_the_keyboard(page, rows):
    """Enter on a heading sorts, once more the other way; what is not known comes last both times."""
    known = sorted((settling(row), row.number) for row in rows if settling(row) < np.inf)
    unknown = [row.number for row in rows if settling(row) == np.inf]
    for names, state in (([n for _, n in known], "ascending"), ([n for _, n in known[::-1]], "descending")):
        button = page.find_element(By.XPATH, "//th/button[text()='settling time']")
        button.send_keys(Keys.ENTER)
        assert shown(page) == names + unknown
        assert page.execute_script("return arguments[0].parentElement.ariaSort", button) == state
    page.find_element(By.XPATH, "//th/button[text()='number']").click()


def test_every_control_has_a_name(page):
    """Each input and select has a label, and each button a text."""
    inputs = "[...document.querySelectorAll('input, select')].map((one) => one.labels[0]?.textContent)"
    buttons = "[...document.querySelectorAll('button')].map((one) => one.textContent || one.ariaLabel)"
    for names in (inputs, buttons):
        assert all(name and name.strip() for name in page.execute_script(f"return {names}"))


def test_text_can_be_read_in_both_themes(page):
    """Every text, those in the figures included, has a contrast of at least 4.5 in the system's theme and the other."""
    seen = []
    for scheme in ("light", "dark", None):
        if scheme is None:
            page.find_element(By.ID, "theme").click()
        else:
            emulate(page, scheme=scheme)
        finished(page, "amcReport.redraw()")
        found = contrasts(page)
        assert len(found) > 200 and any(tag == "text" for _, tag, _ in found)
        assert [entry for entry in found if entry[0] < 4.5] == []
        seen.append(page.execute_script("return getComputedStyle(document.body).backgroundColor"))
    assert seen[0] != seen[1] and seen[2] == seen[0]
    page.execute_script("delete document.documentElement.dataset.theme")
    emulate(page, scheme="light")


@pytest.mark.parametrize("width", [360, 1600])
def test_no_page_is_wider_than_the_window(page, width):
    """Tables scroll in themselves, on a telephone and on a wide screen."""
    emulate(page, width=width)
    finished(page, "amcReport.redraw()")
    wide, window = page.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window == width
    emulate(page)


def test_texts_of_others_stay_texts(page, folder):
    """Markup in a specification, a reason, a host or an option is shown and does nothing."""
    filtered(page, "status=FAILED")
    page.find_element(By.CSS_SELECTOR, "#rows tbody button").click()
    choose(page, x="number", y="row_wall_time_s", hue="family")
    places = ["return document.querySelector('pre').textContent", "return element('chosen-error').textContent",
             "return document.querySelector('#failures tr:last-child td:nth-child(3)').textContent"]  # fmt: skip
    assert all(EVIL in page.execute_script(script) for script in places)
    assert EVIL_NAME in page.execute_script("return element('provenance').querySelector('dl').textContent")
    legend = page.execute_script("return document.querySelector('#figure .legend').textContent")
    assert "window.evil = 1</script>" in legend
    assert not page.execute_script("return window.evil || document.querySelector('img')")
    choose(page, x="size", y="settling_time_s", hue="gbwp")
    assert complaints(page) == []


def test_scripts_of_others_do_not_run(page):
    """Even markup that got into the page could do nothing: its policy knows two scripts, and no address."""
    script = "const s = document.createElement('script'); s.textContent = 'window.evil = 1'; document.head.append(s)"
    page.execute_script(script)
    page.execute_script("element('count').innerHTML = '<img src=http://127.0.0.1:9/x onerror=\"window.evil = 1\">'")
    refused = finished(page, "fetch('http://127.0.0.1:9/').then(() => false, () => true)")
    assert refused and not page.execute_script("return window.evil")
    assert sum("Content Security Policy" in text for text in complaints(page)) >= 3


def test_failures_lead_to_their_files(page, folder):
    """Every file that a failed point left is linked, whatever its name."""
    links = page.execute_script("return [...document.querySelectorAll('#failures a')].map((link) => link.href)")
    assert [Path(unquote(urlparse(link).path)) for link in links] == [folder / "failures/32/a:b #1?/deck.cir"]
    assert Path(unquote(urlparse(links[0]).path)).is_file()


def test_waveforms_without_room_are_told(rows, tmp_path, session, monkeypatch):
    """Where some are left out the page says how many it holds; here no point is usable, and a figure is drawn still."""
    monkeypatch.setattr(waveforms, "BUDGET", 3 * len(waveforms.packed(ringing())))
    with Store(tmp_path, create=True) as store:
        unusable = [row for row in rows if row.status == "UNSTABLE"]
        store.put((dataclasses.replace(row), ringing()) for row in unusable)
    write_report(tmp_path, tmp_path / "report.html")
    open_page(session, tmp_path / "report.html", READY)
    finished(session, "amcReport.select(1, true)")
    assert f"holds 3 of the {len(unusable)} waveforms" in session.find_element(By.ID, "waveform-caption").text
    assert len(drawn(session)) == len(unusable)
    assert complaints(session) == []


def test_sweep_that_has_just_begun_is_reported(tmp_path, session):
    """Without a single row there is a page that says so, and how many points there will be."""
    Store(tmp_path, create=True).__exit__()
    (tmp_path / RESOLVED).write_text(json.dumps({"points": 12}))
    write_report(tmp_path, tmp_path / "report.html")
    open_page(session, tmp_path / "report.html", "!element('notice').hidden")
    assert session.find_element(By.ID, "notice").text == "No point has been run yet."
    assert f"0 of the 12 that {SPECIFICATION} asks for" in session.find_element(By.ID, "summary").text
    assert complaints(session) == []


def test_single_point_of_many_trials_is_drawn(amc, tmp_path, session):
    """Over its number, because nothing varies, at the median, with a bar from 5 to 95 % of the trials."""
    options = parse_options("inv", {"engine": "exact", "size": 3, "monte_carlo": 9, "programming_error": "1u"})
    outcome = run_point(Point("key", 0, "inv", options))
    row = Row("key", 0, {"circuit": "inv", **options}, outcome.status, outcome.figures, outcome.error)
    with Store(tmp_path, create=True) as store:
        store.put([(row, None)])
    assert f"wrote {tmp_path / 'here.html'}: 1 point, " in amc("report", tmp_path, "-o", tmp_path / "here.html").out
    open_page(session, tmp_path / "here.html", READY)
    low, middle, high = (row.figures[f"settling_time_s{part}"] for part in ("_q05", "", "_q95"))
    assert drawn(session) == {0: (0, middle)}
    (bars,) = session.execute_script(f"return {DRAWN}.map((trace) => trace.error_y)")
    assert bars["arrayminus"] + bars["array"] == pytest.approx([middle - low, high - middle], rel=1e-12)
