"""Display of a solution in a notebook."""

import base64
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from amc_circuits import InvCircuit, Status
from amc_circuits.values.matrices import draw_matrix
from amc_circuits.values.quantities import parse_quantity

SVG = "{http://www.w3.org/2000/svg}"
MATRIX, VECTOR = np.array([[1.0, -0.3, 0.1], [-0.3, 0.8, 0.2], [0.1, 0.2, 0.9]]), np.array([1.0, -0.5, 0.2])


@pytest.fixture(scope="module")
def solution():
    """Solution of three equations by ngspice."""
    return InvCircuit.program(MATRIX).solve(VECTOR)


def parsed(solution):
    """Element tree of a notebook's display, which must be well-formed."""
    return ElementTree.fromstring(solution._repr_html_())


def cells(page):
    """First cell of every row to the others."""
    rows = [["".join(cell.itertext()) for cell in row] for row in page.iter("tr")]
    return {row[0].strip(): row[1:] for row in rows}


def drawing(page):
    """The picture in the page."""
    (image,) = page.iter("img")
    return ElementTree.fromstring(base64.b64decode(image.get("src").removeprefix("data:image/svg+xml;base64,")))


def path(svg, name):
    """Points of what has a name, shape (points, 2)."""
    (group,) = [group for group in svg.iter(f"{SVG}g") if group.get("id") == name]
    numbers = re.findall(r"[-\d.]+", group.find(f"{SVG}path").get("d"))
    return np.array(numbers, dtype=float).reshape(-1, 2)


def test_table_has_the_figures_with_their_units(solution):
    """The cells are the solution's own numbers to four digits, in SI units or per cent."""
    found = cells(parsed(solution))
    assert parse_quantity("t", found["settling time"][0], "s") == pytest.approx(solution.settling_time, rel=1e-3)
    assert parse_quantity("E", found["energy"][0], "J") == pytest.approx(solution.energy.total, rel=1e-3)
    error = float(found["relative error"][0].removesuffix(" %")) / 100
    assert error == pytest.approx(solution.relative_error, rel=1e-2)


def test_value_is_shown(solution):
    """The numbers of x are there."""
    shown = np.array(parsed(solution).find("pre").text.strip("[] ").split(), dtype=float)
    assert shown == pytest.approx(np.linalg.solve(MATRIX, VECTOR), abs=1e-3)


def test_curves_are_the_outputs(solution):
    """There is a curve an output, and heights in the picture are voltages up to one scale."""
    response, svg = solution.responses[0], drawing(parsed(solution))
    drawn = [path(svg, f"output {k}") for k in (1, 2, 3)]
    ends = np.array([curve[-1, 1] for curve in drawn])
    slope, offset = np.polyfit(response.outputs[-1], ends, 1)
    assert slope < 0
    assert ends == pytest.approx(slope * response.outputs[-1] + offset, abs=0.1)
    for k, curve in enumerate(drawn):
        time = np.interp(curve[:, 0], drawn[0][[0, -1], 0], response.time[[0, -1]])
        volts = np.interp(time, response.time, response.outputs[:, k])
        assert curve[:, 1] == pytest.approx(slope * volts + offset, abs=1.5)


def test_dashed_line_stands_at_the_settling_time(solution):
    """Its place between the ends of the curves is that of the settling time between those of the slot."""
    svg, response = drawing(parsed(solution)), solution.responses[0]
    first, last = path(svg, "output 1")[[0, -1], 0]
    share = (solution.settling_time - response.time[0]) / (response.time[-1] - response.time[0])
    assert path(svg, "settling time")[:, 0] == pytest.approx(first + share * (last - first), abs=0.1)


def test_several_right_hand_sides_have_mean_and_largest():
    """With K columns the table has both, and the picture is of the slowest."""
    found = InvCircuit.program(MATRIX, engine="exact").solve(np.eye(3))
    row = cells(parsed(found))["settling time"]
    mean, largest = (parse_quantity("t", text, "s") for text in row)
    assert (mean, largest) == pytest.approx((found.settling_time.mean(), found.settling_time.max()), rel=1e-3)
    assert "slowest of 3" in found._repr_html_()


def test_what_is_not_usable_says_what_to_try():
    """Without a simulation there is the status with its advice, and no picture."""
    found = InvCircuit.program([[0.2, -1.0], [1.0, 0.2]]).solve([1.0, 1.0])
    text = found._repr_html_()
    assert found.status is Status.UNSTABLE
    assert "UNSTABLE" in text and "inverter_resistance" in text and "<img" not in text


def test_text_is_escaped(solution):
    """A message cannot bring markup into the page."""
    odd = replace(solution, status=Status.NOT_SETTLED, message="<script>alert(1)</script> & more")
    text = odd._repr_html_()
    assert "<script" not in text
    assert "<script>alert(1)</script> & more" in "".join(ElementTree.fromstring(text).itertext())


def test_a_large_solution_is_short():
    """64 outputs and 5 right-hand sides stay below 100 kB, and the text has the page's own colours."""
    matrix = draw_matrix("spd", 64, 64, 10.0, np.random.default_rng(0))
    found = InvCircuit.program(matrix, engine="exact", opamp="single-pole").solve(np.eye(64)[:, :5])
    text = found._repr_html_()
    assert len(text.encode()) < 100_000
    assert "16 of 64 outputs, the last to settle" in text and "background" not in text and "#000" not in text
