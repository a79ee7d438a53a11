"""Pictures of one row of a sweep: `amc plot DIR --row N`."""

import matplotlib.pyplot as plt
import numpy as np

from amc_circuits.pictures.traces import pack_traces
from amc_circuits.results.response import Response
from amc_circuits.sweep.rows import picture
from tests.amc_circuits.sweep.made_rows import made, stored
from tests.amc_circuits.sweep.svg import texts


def test_outputs_of_a_row_are_drawn(tmp_path, amc, figures):
    """--row draws what was stored, outputs by their numbers in the circuit; other rows are named where it has none."""
    time = np.linspace(0, 1e-7, 50)
    outputs = 0.1 * (1 - np.exp(-time / 1e-8))[:, None] * np.arange(1, 4)
    content = pack_traces([Response(time, outputs, 0.01, 46e-9)])
    figure = {"settling_time_s": 46e-9, "circuit": "inv", "size": 3, "status": "SETTLED"}
    rows = [made(k, figure, size=3, gbwp=gbwp) for k, gbwp in enumerate(("16M", "1G"))]
    folder = stored(tmp_path / "out", rows, {1: content})
    assert amc("plot", folder, "--row", 1, "-o", tmp_path / "p.png").code == 0
    axes = figures[0].axes[0]
    assert axes.get_title(loc="left") == "row 1: INV 3 x 3, settled; gbwp 1 GHz"
    curves = {line.get_label(): line for line in axes.lines}
    for k in range(3):
        x, y = curves[f"output {k + 1}"].get_data()
        np.testing.assert_allclose(np.interp(time, x, y), outputs[:, k], atol=1e-3 * outputs.max() * 1.01)
    assert any(label.startswith("settled to 0.01: 46.0 ns") for label in curves)
    amc("plot", folder, "--row", 0, "-o", tmp_path / "q.png").refused("row: got 0", "these have: 1")


def test_outputs_that_were_left_out_keep_the_numbers_of_others(tmp_path, figures):
    """Outputs that are kept of many have the names that they have in the circuit."""
    places = np.array([4, 17])
    axes = plt.figure().subplots()
    picture.draw_response(axes, Response(np.arange(3.0), np.ones((3, 2)), 0.01, np.nan), places.tolist())
    assert [line.get_label() for line in axes.lines if line.get_label().startswith("output")] == [
        "output 5",
        "output 18",
    ]
    plt.close()


def test_outputs_that_were_left_out_are_told(tmp_path, amc, figures):
    """The axis names the number of outputs that are kept, 16 of 20."""
    time = np.linspace(0, 1e-7, 20)
    content = pack_traces([Response(time, np.outer(time, np.arange(1, 21)), 0.01, 9e-8)])
    row = made(0, {"settling_time_s": 9e-8, "circuit": "mvm", "size": [20, 4], "status": "SETTLED"}, size=20)
    assert amc("plot", stored(tmp_path / "out", [row], {0: content}), "--row", 0, "-o", tmp_path / "p.png").code == 0
    assert figures[0].axes[0].get_ylabel() == "16 of 20 outputs, the last to settle"


def test_waveforms_of_a_simulated_row_are_drawn(sweep, amc, tmp_path):
    """A sweep run with --waveforms: every row has a picture of its four outputs."""
    assert sweep('circuit = "inv"\n[fixed]\nsize = 4\nengine = "exact"\n', "--waveforms").code == 0
    assert amc("plot", tmp_path / "out", "--row", 0, "-o", tmp_path / "p.svg").code == 0
    found = texts(tmp_path / "p.svg")
    assert [text for text in found if text.startswith("output ")] == [f"output {k}" for k in (1, 2, 3, 4)]
    assert "row 0: INV 4 x 4, settled" in found and "time after the step" in found
