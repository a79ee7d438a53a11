"""Measured points for pictures."""

import numpy as np
import pytest

from amc_circuits.results.response import Response
from amc_circuits.results.stored.measured_points import load_points
from netlists import ParameterError

TIME = np.linspace(0, 1e-7, 11)
RESPONSE = Response(TIME, np.ones((11, 3)), 0.01, 5e-8)
NAMED = Response(TIME, np.ones((11, 2)), 0.01, 5e-8, names=("Re x1", "Im x1"))


def load(tmp_path, text, response=RESPONSE, number=1):
    """Points of a file with this text."""
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    return load_points(tmp_path / "m.csv", response, number)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("1e-9,0.1\n2e-9,0.2\n", (0,)),
        ("\ufefftime [s];a [V]\n1e-9;0.1\n2e-9;0.2\n", (0,)),
        ("time\toutput 3 [V]\n1e-9\t0.1\n2e-9\t0.2\n", (2,)),
        ("time (s),output 2 (V)\n1e-9,0.1\n2e-9,0.2\n", (1,)),
        ("time_s,output 2_V\n1e-9,0.1\n2e-9,0.2\n", (1,)),
        (",output 2\n1e-9,0.1\n2e-9,0.2\n", (1,)),
        ("right_hand_side,time [s],output 2 [V]\n2,5e-9,9\n1,1e-9,0.1\n1,2e-9,0.2\n", (1,)),
    ],
)
def test_columns_belong_to_outputs_by_name_or_order(tmp_path, text, columns):
    """Every form gives the same points."""
    found = load(tmp_path, text)
    np.testing.assert_array_equal(found.time, [1e-9, 2e-9])
    np.testing.assert_array_equal(found.volts, [[0.1], [0.2]])
    assert found.columns == columns


def test_outputs_of_complex_systems_have_names(tmp_path):
    """Names are those of the picture, in any order."""
    found = load(tmp_path, "time [s],Im x1 [V],Re x1\n0,1,2\n", NAMED)
    assert found.columns == (1, 0)


def test_an_empty_field_is_no_point(tmp_path):
    """An output that was not measured at a time has none."""
    assert np.isnan(load(tmp_path, "0,1,\n1e-9,,2\n").volts).tolist() == [[False, True], [True, False]]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("time [s],a [V]\n", "no points"),
        ("time [ns],output 1\n1,1\n", "column in ns; write it in s"),
        ("time [s],output 1 [mV]\n1,1\n", "column in mV; write it in V"),
        ("time (ns),output 1\n1,1\n", "column in ns; write it in s"),
        ("time (s),output 1 (mV)\n1,1\n", "column in mV; write it in V"),
        ("time_ns,output 1\n1,1\n", "column in ns; write it in s"),
        ("time_us,output_1\n1,1\n", "column in us; write it in s"),
        ("time_s,scope_mV\n1,1\n", "column in mV; write it in V"),
        ("right_hand_side,time_ms,output 1\n1,1,1\n", "column in ms; write it in s"),
        ("1e-9,n/a\n2e-9,0.2\n", "'n/a', which is no finite number"),
        ("1e-9,0.1,-\n2e-9,0.2,0.3\n", "'-', which is no finite number"),
        ("time,output 1,output 1\n1,1,1\n", "each output once"),
        ("time,output 1,b\n1,1,1\n", "each output once"),
        ("1,1,1,1,1\n", "4 columns of outputs; the file has 3"),
        ("1,1\n1\n", "another number of fields than the first, 2"),
        ("1\n2\n", "a column for each measured output"),
        (",1\n", "a time in every line"),
        ("1,1\n1,x\n", "'x', which is no finite number"),
        ("1,inf\n", "'inf', which is no finite number"),
        ("right_hand_side,time,output 1\n2,1,1\n", "no points of right-hand side 1"),
        ("1,0.1\n20,0.2\n", "no point in the time of the outputs, from 0 s to 100 ns after the step; write times in s"),
    ],
)
def test_unusable_files_are_refused(tmp_path, text, why):
    """One line has the file and the reason."""
    with pytest.raises(ParameterError, match=why) as caught:
        load(tmp_path, text)
    assert caught.value.parameter == "overlay" and "m.csv" in str(caught.value)


def test_files_that_are_no_text_are_refused(tmp_path):
    """Neither a missing file, nor a folder, nor bytes raise anything else."""
    (tmp_path / "m.bin").write_bytes(b"\xff\x00\xfe")
    for name, why in (("none.csv", "does not exist"), (".", "is a folder"), ("m.bin", "not text")):
        with pytest.raises(ParameterError, match=why):
            load_points(tmp_path / name, RESPONSE, 1)


def test_points_are_markers_over_the_waveforms(amc, tmp_path):
    """A picture has a marker for each point of the file, and the legend names them."""
    common = ("--size", 2, "--engine", "exact")
    assert amc("inv", *common, "--save", tmp_path / "a.npz").code == 0
    (tmp_path / "m.csv").write_text("time [s],output 1 [V]\n1e-8,0.01\n2e-8,0.02\n3e-8,0.03\n")
    picture = tmp_path / "p.svg"
    assert amc("plot", tmp_path / "a.npz", "--overlay", tmp_path / "m.csv", "-o", picture).code == 0
    text = picture.read_text()
    (group,) = [part for part in text.split("<g id=") if part.startswith('"measured output 1"')]
    assert group.count("<use ") == 3
    assert ">measured<" in text


@pytest.mark.parametrize("option", ["--error", "--array", "--budget"])
def test_points_go_with_outputs_alone(amc, tmp_path, option):
    """Other pictures have no such axes."""
    assert amc("inv", "--size", 2, "--engine", "exact", "--save", tmp_path / "a.npz").code == 0
    (tmp_path / "m.csv").write_text("0,1\n")
    refused = amc("plot", tmp_path / "a.npz", option, "--overlay", tmp_path / "m.csv", "-o", tmp_path / "p.svg")
    refused.refused("--overlay", f"leave out {option}")
    (tmp_path / "folder").mkdir()
    refused = amc("plot", tmp_path / "folder", "--overlay", tmp_path / "m.csv", "-o", tmp_path / "p.svg")
    refused.refused("--overlay", "goes with a file")
