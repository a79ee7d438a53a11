"""A sweep to be reported, and what tests do to its report in a browser and read from it."""

import dataclasses
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from amc_circuits.pictures.traces import pack_traces
from amc_circuits.results.response import Response
from amc_circuits.studies.workers import Ended
from amc_circuits.sweep.store import Row, Store
from amc_circuits.sweep.store.folder import SPECIFICATION
from tests.amc_circuits.sweep.browser import finished
from tests.amc_circuits.sweep.sweeps import run

SPEC = {
    "circuit": "inv",
    "fixed": {"engine": "exact", "input_voltage": 0.02},
    "grid": {"size": [2, 3], "family": ["spd", "random"], "gbwp": ["16M", "100MEG"], "seed": {"range": [0, 4]}},
}
EVIL = "</script><script>window.evil = 1</script><img src=x onerror='window.evil = 1'><!-- &amp; \u2028 ${summary} <b>"
EVIL_NAME = "".join(filter(str.isprintable, EVIL))
"""Part of the attack that a key or the name of a host may hold."""

READY = "window.amcReport"
DRAWN = "amcReport.figure.place.data.filter((trace) => trace.mode === 'markers')"
CONTRAST = """
const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => channels(colour).slice(0, 3).map((c) => c / 255)
  .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, k) => sum + [0.2126, 0.7152, 0.0722][k] * c, 0);
const ground = (one) => {
  const colour = one ? getComputedStyle(one).backgroundColor : "rgb(255, 255, 255)";
  return one && channels(colour)[3] === 0 ? ground(one.parentElement) : colour;
};
const written = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
const texts = [...document.querySelectorAll("body *")].filter((one) => one.getClientRects().length && written(one));
return texts.filter((one) => one.tagName !== "OPTION").map((one) => {
  const { fill, color } = getComputedStyle(one);
  const [a, b] = [one instanceof SVGElement ? fill : color, ground(one)].map(light);
  return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), one.tagName, one.textContent.slice(0, 40)];
});
"""
"""Contrast of every text with what is behind it (WCAG 2.2), with its tag and its first words."""


class Here:
    """An executor that makes its calls in this process."""

    capacity = free = 1

    def submit(self, tag, call, timeout=None):
        """Make the call."""
        self.ended = Ended(tag, call())

    def finished(self):
        """The call that was made."""
        return [self.ended]


def reported_sweep(folder: Path) -> list[Row]:
    """A sweep of 32 points, some of them unstable, with waveforms; and a failed row whose texts are an attack."""
    run(folder, SPEC, lambda points: nullcontext(Here()), with_waveforms=True)
    kept = folder / "failures" / "32" / "a:b #1?"
    kept.mkdir(parents=True)
    (kept / "deck.cir").write_text("* deck\n")
    with Store(folder, create=True) as store:
        row = store.row(0)
        changes = {"number": 32, "status": "FAILED", "error": EVIL, "kept": "failures/32", "host": EVIL_NAME}
        options = row.parameters | {"family": EVIL, "size": 3}
        store.put([(dataclasses.replace(row, key=EVIL_NAME, parameters=options, figures={}, **changes), None)])
    (folder / SPECIFICATION).write_text(f"# {EVIL}\n")
    with Store(folder) as store:
        return store.rows()


def ringing() -> bytes:
    """A waveform of 16 outputs that ring: dozens of samples are left when it has been thinned."""
    time = np.linspace(0, 1e-6, 60)
    chance = np.random.default_rng(0)
    levels, tones = chance.uniform(-0.5, 0.5, 16), chance.uniform(1e7, 2e7, 16)
    outputs = levels * (1 - np.exp(-time[:, None] / 1e-7) * np.cos(2 * np.pi * tones * time[:, None]))
    return pack_traces([Response(time, outputs, 0.01, 4.6e-7)])


def contrasts(page):
    """Contrast, tag and first words of every text."""
    return page.execute_script(CONTRAST)


def choose(page, **axes):
    """Chooses axes by name and waits for the figure."""
    for axis, value in axes.items():
        member = "checked" if isinstance(value, bool) else "value"
        page.execute_script(f"element(arguments[0]).{member} = arguments[1]", axis.replace("_", "-"), value)
    finished(page, "amcReport.drawFigure()")


def filtered(page, text, status=""):
    """Types into the filter, and waits."""
    page.execute_script("element('filter').value = arguments[0]; element('status').value = arguments[1]", text, status)
    finished(page, "amcReport.filter()")
    return shown(page)


def shown(page):
    """Numbers of the points in the table."""
    cells = page.execute_script(
        "return [...document.querySelectorAll('#rows td:first-child')].map((one) => one.textContent)"
    )
    return [int(text) for text in cells]


def drawn(page):
    """Numbers, x and y of the points that are drawn."""
    places, x, y = (
        page.execute_script(f"return {DRAWN}.flatMap((trace) => trace.{name})") for name in ("customdata", "x", "y")
    )
    return dict(zip(places, zip(x, y, strict=True), strict=True))


def settling(row):
    """Its settling time, or infinity."""
    return row.figures.get("settling_time_s") or np.inf
