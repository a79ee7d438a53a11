"""Picture of a solve in blocks: the outputs of every step until it has settled, and the energy so far."""

from xml.etree import ElementTree

import numpy as np
import pytest

from amc_circuits import BlockCircuit
from amc_circuits.pictures.circuit.steps import plot_steps
from netlists import ParameterError
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def solution():
    """One stage for two right-hand sides; the first half of the second one is zero, so that two steps do nothing."""
    vectors = np.stack([vector(4, 1), np.array([0.0, 0.0, 1.0, -0.5])], axis=1)
    return BlockCircuit.program(spd_matrix(4, 5, 1), engine="exact").solve(vectors)


def ends(path, ids):
    """The last point of each curve in user units of the picture, by its id."""
    found = {}
    for group in ElementTree.parse(path).iter(f"{SVG}g"):
        if group.get("id") in ids:
            numbers = group.find(f"{SVG}path").get("d").replace("M", "").replace("L", "").split()
            found[group.get("id")] = float(numbers[-2]), float(numbers[-1])
    return found


def test_every_step_ends_where_its_outputs_are(solution, tmp_path):
    """The curve of an output ends at its voltage, at the sum of the settling times so far."""
    path = tmp_path / "steps.svg"
    plot_steps(solution, path, "a solve")
    names = [f"{place} {step.text.partition(' (')[0]}" for place, step in enumerate(solution.steps, 1)]
    found = ends(path, {f"{name}, output {line}" for name in names for line in (1, 2)})
    assert len(found) == 10
    times = np.cumsum([step.settling_time[0] for step in solution.steps])
    mine = [run for run in solution.runs if 0 in run.columns]
    volts = [run.solution.responses[run.columns.tolist().index(0)].outputs[-1] for run in mine]
    places = np.array([[found[f"{name}, output {line}"] for line in (1, 2)] for name in names])
    across, up = places[:, :, 0].mean(axis=1), places[:, :, 1].ravel()
    assert np.corrcoef(across, times)[0, 1] > 0.999
    assert np.corrcoef(up, np.array(volts).ravel())[0, 1] < -0.999
    text = path.read_text()
    assert "1 INV of A1" in text and "4 MVM of A2" in text and "energy so far" in text and "a solve" in text


def test_steps_without_inputs_take_no_time(solution, tmp_path):
    """Their curves are left out."""
    path = tmp_path / "steps.svg"
    plot_steps(solution, path, column=1)
    assert "1 INV of A1, output 1" not in path.read_text()
    assert "3 INV of A4s, output 1" in path.read_text()
    assert_close(solution.steps[0].settling_time[1], 0.0, absolute=1e-30)


def test_what_cannot_be_drawn_is_refused(solution, tmp_path):
    """A column that there is not, and a circuit that was not simulated."""
    with pytest.raises(ParameterError, match="column: got 2; must be 0 to 1"):
        plot_steps(solution, tmp_path / "a.png", column=2)
    unstable = BlockCircuit.program(np.diag([1.0, -1.0]), engine="exact", pivoting="none").solve([1.0, 1.0])
    with pytest.raises(ParameterError, match="nothing was simulated"):
        plot_steps(unstable, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
