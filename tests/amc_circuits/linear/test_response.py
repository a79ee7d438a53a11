"""Exact responses at many times at once, against the matrix exponential."""

import numpy as np
import pytest
from scipy.linalg import expm

from amc_circuits.linear.equations import linear_circuit
from amc_circuits.linear.probes import probe_of
from amc_circuits.linear.response import WORK, response_of
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.values.matrices import draw_matrix
from netlists import SinglePoleOpAmp, preset
from tests.comparators import assert_close

SIZE, TIMES = 24, 400
assert SIZE**2 * TIMES > WORK, "else the times are not many"
CIRCUITS = {
    "one pole": (draw_matrix("spd", SIZE, SIZE, 100, np.random.default_rng(1)), SinglePoleOpAmp()),
    "ringing": (
        draw_matrix("spd", SIZE, SIZE, 3, np.random.default_rng(3)),
        preset("cmos-100meg").replace(second_pole=400e6),
    ),
    "growing": (-draw_matrix("spd", SIZE, SIZE, 5, np.random.default_rng(2)), SinglePoleOpAmp()),
}


@pytest.mark.parametrize("name", CIRCUITS)
def test_many_times_have_the_values_of_the_matrix_exponential(name):
    """A step of every input, at 400 times from its beginning until all modes but the slowest have decayed."""
    matrix, opamp = CIRCUITS[name]
    linear = linear_circuit(InvCircuit.program(matrix, opamp=opamp, engine="exact", force=True).circuit)
    response, probe = response_of(linear), probe_of(linear, linear.outputs)
    assert (linear.poles.real.max() > 0) == (name == "growing")
    assert name != "ringing" or np.abs(linear.poles.imag).max() > 1e8
    stop = 8 / np.abs(linear.poles.real).min() if name != "growing" else 5 / linear.poles.real.max()
    still, levels = np.zeros((len(linear.poles), SIZE)), np.eye(SIZE)
    piece = response.piece(0.0, stop, still, levels, levels)
    time = np.linspace(0, stop, TIMES) ** 2 / stop
    found = response.at(piece, probe, time)
    assert found.shape == (SIZE, TIMES, SIZE)
    rows = linear.nodes[linear.outputs]
    rest = np.linalg.solve(linear.state, linear.drive)
    for place in (0, 1, 17, 130, 250, 399):
        states = expm(linear.state * time[place]) @ rest - rest
        wanted = linear.read[rows] @ states + linear.feed[rows] + linear.rest[rows, None]
        assert_close(found[:, place], wanted.T, absolute=1e-12 * np.abs(found).max())


@pytest.mark.parametrize("name", CIRCUITS)
def test_single_rows_have_the_values_of_the_matrix_exponential(name):
    """A ramp of every input from a state that is not at rest: rows of some responses, some at the same times."""
    matrix, opamp = CIRCUITS[name]
    linear = linear_circuit(InvCircuit.program(matrix[:6, :6], opamp=opamp, engine="exact", force=True).circuit)
    response, probe, count = response_of(linear), probe_of(linear, linear.outputs), len(linear.poles)
    random, stop = np.random.default_rng(4), 2 / np.abs(linear.poles).max()
    start, before, after = random.normal(size=(count, 3)), random.normal(size=(6, 3)), random.normal(size=(6, 3))
    piece = response.piece(0.0, stop, linear.modes.inverse @ start, before, after)
    own = np.linspace(0, 1, 4) * stop * np.array([[1.0], [0.5], [1.0], [0.3]])
    row, column = np.array([0, 3, 5, 0]), np.array([2, 0, 1, 1])
    found = response.each_at(piece, probe, own, row, column)
    assert_close(response.each_at(piece, probe, own[:1], row, column)[[0, 2]], found[[0, 2]], relative=1e-12)
    rows, inputs = linear.nodes[linear.outputs], len(before)
    whole = np.zeros((count + 2 * inputs, count + 2 * inputs))  # of states, inputs and their slopes
    whole[:count, : count + inputs] = np.hstack([linear.state, linear.drive])
    whole[count:-inputs, count + inputs :] = np.eye(inputs) / stop
    for k in range(len(row)):
        begin = np.concatenate([one[:, column[k]] for one in (start, before, after - before)])
        for time, got in zip(own[k], found[k], strict=True):
            state, levels, _ = np.split(expm(whole * time) @ begin, [count, count + inputs])
            wanted = linear.read[rows] @ state + linear.feed[rows] @ levels + linear.rest[rows]
            assert got == pytest.approx(wanted[row[k]], rel=1e-9, abs=1e-9 * np.abs(wanted).max())
