"""Waveforms of a row: thinned without missing anything that a picture would show, and refused when damaged."""

import io
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amc_circuits.pictures.traces import ACCURACY, MOST_OUTPUTS, MOST_SAMPLES, pack_traces, thinned, unpack_traces
from amc_circuits.results.response import Response
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.sweep.store import Store
from netlists import ParameterError
from tests.amc_circuits.sweep.sweeps import exact, rows_in, run
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close

SINGLE = 2.0**-23
"""Relative rounding of 32-bit floats."""


def decay(poles, count=2000):
    """Outputs that settle to 0.1 V by these poles, 1/s, as a response over 1 us; pole 0 is a constant."""
    time = np.linspace(0, 1e-6, count)
    outputs = 0.1 * (1 - np.exp(-np.outer(time, poles)).real)
    return Response(time, outputs, 0.01, settling_time=np.log(100) / 1e7, target=np.full(len(poles), 0.1))


def missed(time, outputs, kept):
    """How far straight lines between kept samples are from the others, at most, of full scale."""
    lines = np.array([np.interp(time, time[kept], column[kept]) for column in outputs.T]).T
    return np.abs(lines - outputs).max() / np.abs(outputs).max()


@pytest.mark.parametrize("engine", ["ngspice", "exact"])
def test_a_solve_is_kept_as_it_was(engine):
    """Lines between the samples are as near as promised; time, ends, targets and settling time are the solve's."""
    circuit = InvCircuit.program(spd_matrix(3, 6, 0), engine=engine, input_voltage=0.02)
    (response,) = circuit.solve(vector(3, 0)).responses
    found, places = unpack_traces(pack_traces([response]))
    assert places.tolist() == [0, 1, 2]
    full = np.abs(response.outputs).max()
    lines = np.array([np.interp(response.time, found.time, column) for column in found.outputs.T]).T
    assert_close(lines, response.outputs, absolute=(ACCURACY + 4 * SINGLE) * full)
    assert_close(found.time[[0, -1]], response.time[[0, -1]], relative=SINGLE)
    assert_close(found.outputs[[0, -1]], response.outputs[[0, -1]], absolute=SINGLE * full)
    assert_close(found.target, response.target, relative=SINGLE)
    assert (found.settling_time, found.tolerance) == (response.settling_time, response.tolerance)
    assert len(found.time) < len(response.time)
    assert found.time_to_bits(6) == pytest.approx(response.time_to_bits(6), rel=0.02)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 400), st.integers(1, 4))
def test_lines_between_kept_samples_miss_nothing(seed, count, outputs):
    """Whatever the samples are, noise and steps included; only what could not be thinned reaches the limit."""
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.exponential(1e-9, count))
    values = np.cumsum(rng.standard_normal((count, outputs)) ** 3, axis=0)
    kept = thinned(time, values)
    assert kept[0] == 0 and kept[-1] == count - 1 and (np.diff(kept) > 0).all()
    assert missed(time, values, kept) <= ACCURACY * (1 + 1e-9)


def test_straight_lines_need_their_corners_only():
    """A ramp and a hold: three samples, the corner among them."""
    time = np.linspace(0, 1, 1001)
    assert thinned(time, np.minimum(time, 0.25)[:, None]).tolist() == [0, 250, 1000]
    assert thinned(time, np.zeros((1001, 2))).tolist() == [0, 1000]


def test_what_cannot_be_thinned_is_cut_at_the_limit():
    """Noise over many samples: so many that are kept, and lines through them nearer than through as many even ones."""
    rng = np.random.default_rng(0)
    time, values = np.linspace(0, 1, 5000), rng.standard_normal((5000, 1)) * np.linspace(1, 0, 5000)[:, None] ** 8
    kept = thinned(time, values)
    assert len(kept) == MOST_SAMPLES
    even = np.linspace(0, 4999, MOST_SAMPLES).astype(int)
    assert ACCURACY < missed(time, values, kept) < missed(time, values, even)


def test_of_many_outputs_the_slowest_are_kept():
    """Each output has a pole of its own: those that settle last, in their own order, and the one that ends highest."""
    rng = np.random.default_rng(3)
    poles = rng.permutation(np.geomspace(1e7, 1e9, 40))
    response = decay(np.array([0.0, *poles]))
    found, places = unpack_traces(pack_traces([response]))
    highest = int(np.abs(response.outputs[-1]).argmax())
    assert highest not in 1 + np.argsort(poles)[:MOST_OUTPUTS]
    assert places.tolist() == sorted([highest, *(1 + np.argsort(poles)[: MOST_OUTPUTS - 1])])
    assert np.abs(found.outputs[-1]).max() == pytest.approx(np.abs(response.outputs[-1]).max(), rel=1e-6)
    assert_close(found.outputs[-1], response.outputs[-1, places], absolute=SINGLE * 0.1)


def test_the_slowest_right_hand_side_is_kept():
    """One that did not settle is slower than any; without a waveform there is nothing."""
    fast, slow = decay([2e7]), Response(np.linspace(0, 1, 5), np.ones((5, 1)), 0.01, settling_time=0.5)
    never = Response(np.linspace(0, 2, 5), np.ones((5, 1)), 0.01, settling_time=np.nan)
    assert unpack_traces(pack_traces([fast, None, slow]))[0].time[-1] == 1
    unsettled, _ = unpack_traces(pack_traces([fast, never, slow]))
    assert unsettled.time[-1] == 2 and np.isnan(unsettled.settling_time) and unsettled.target is None
    assert pack_traces([None, None]) is None


def test_they_are_small():
    """500 samples of 16 outputs as 32-bit floats are 34 kB before they are compressed."""
    assert len(pack_traces([decay(np.geomspace(1e7, 1e9, 40), 20_000)])) < 4 * MOST_SAMPLES * (MOST_OUTPUTS + 1) + 4096


def damaged():
    """Contents that are no packed response, by their defect."""

    def npz(**changes):
        file = io.BytesIO()
        good = {"time": np.zeros(2), "outputs": np.zeros((2, 1)), "places": np.zeros(1, int)}
        scalars = {"tolerance": np.array(0.1), "settling_time": np.array(1.0)}
        content = {name: value for name, value in (good | scalars | changes).items() if value is not None}
        np.savez_compressed(file, **content)
        return file.getvalue()

    whole, alone = npz(), io.BytesIO()
    np.save(alone, np.zeros(3))
    return {
        "empty": b"",
        "garbage": np.random.default_rng(0).bytes(2000),
        "cut": whole[:-40],
        "pickle": pickle.dumps({"time": [1, 2]}),
        "array alone": alone.getvalue(),
        "objects": npz(time=np.array([{}, {}], dtype=object)),
        "text": npz(outputs=np.array([["a"], ["b"]])),
        "lacking": npz(outputs=None),
        "vector": npz(tolerance=np.zeros(2)),
        "other shape": npz(time=np.zeros(3)),
        "one time": npz(time=np.array(0.0), outputs=np.zeros(1)),
        "no time": npz(time=np.zeros(0), outputs=np.zeros((0, 1))),
        "no output": npz(outputs=np.zeros((2, 0)), places=np.zeros(0, int)),
        "names": npz(places=np.array(["<b>"])),
        "much from little": npz(time=np.zeros(10**6), outputs=np.zeros((10**6, 1))),
    }


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in damaged().items()])
def test_what_is_none_is_refused(content):
    """Garbage, pickles, other arrays: one line, nothing is executed."""
    with pytest.raises(ParameterError, match="waveforms; cannot be read"):
        unpack_traces(content)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=4))
def test_damage_is_never_taken_for_waveforms(changes):
    """Bytes that were changed are noticed, or were of no consequence."""
    whole = pack_traces([decay([1e7, 3e7], 100)])
    content = bytearray(whole)
    for place, value in changes:
        content[place % len(whole)] = value
    wanted, _ = unpack_traces(whole)
    try:
        found, places = unpack_traces(bytes(content))
    except ParameterError:
        return
    assert (found.outputs == wanted.outputs).all() and (found.time == wanted.time).all()
    assert places.tolist() == [0, 1] and found.settling_time == wanted.settling_time


def test_rows_have_waveforms_when_they_are_asked_for(tmp_path):
    """Those of the row's own solve: they settle when the row says; without the wish there are none."""
    run(tmp_path / "with", exact([0, 1]), with_waveforms=True)
    run(tmp_path / "without", exact([0, 1]))
    with Store(tmp_path / "with") as store:
        assert store.with_waveforms() == [0, 1]
        for row in store.rows():
            response, _ = unpack_traces(store.waveforms(row.number))
            assert response.settling_time == row.figures["settling_time_s"]
            outside = np.abs(response.outputs - response.outputs[-1]).max(axis=1)
            settled = response.time > response.settling_time + 1e-12
            assert (outside[settled] <= (0.01 + ACCURACY) * np.abs(response.outputs[-1]).max()).all()
    with Store(tmp_path / "without") as store:
        assert store.with_waveforms() == []
    assert [row.figures["settling_time_s"] for row in rows_in(tmp_path / "with")] == [
        row.figures["settling_time_s"] for row in rows_in(tmp_path / "without")
    ]
