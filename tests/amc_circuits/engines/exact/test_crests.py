"""Peaks between samples: against closed forms, and against dense samples of the exact response."""

import numpy as np
import pytest

from amc_circuits.engines.exact.circuit import ExactCircuit
from amc_circuits.engines.exact.crests import Crests, modal_bounds, sampled_bounds
from amc_circuits.engines.exact.reading import read_slots
from amc_circuits.engines.exact.slots import slots_of
from amc_circuits.linear.response import PANEL, gauss
from netlists import preset
from tests.amc_circuits.engines.exact.circuits import OPAMP, job_of, programmed
from tests.cases import spd_matrix

RINGING = preset("cmos-100meg").replace(second_pole=1.5e8)


@pytest.mark.parametrize("still", [0.0, 2.0, -2.0])
def test_the_crest_of_a_ring_in_the_longest_panels(still):
    """`still + exp(-d t) cos(w t + p)` for all phases p is largest at an end, or where its derivative is 0."""
    phase, rate, speed = np.linspace(0, 2 * np.pi, 200, endpoint=False), 0.05, 1.0
    edges = np.linspace(0, 4, 5) * PANEL / np.hypot(rate, speed)

    def values(response, row, time):
        return still + np.exp(-rate * time) * np.cos(speed * time + phase[response, None])

    every, count = np.arange(len(phase)), len(edges) - 1
    sampled = values(every, None, gauss(edges)[0].ravel()[None])
    crests = Crests(np.abs(values(every, None, edges[None, -1:])))
    panels = np.tile(edges[:-1], len(every)), np.tile(np.diff(edges), len(every))
    crests.look(sampled.reshape(-1, 8, 1), np.repeat(every, count), *panels)
    turning = (np.pi * np.arange(12) - np.arctan2(rate, speed) - phase[:, None]) / speed
    turning = np.where((turning > 0) & (turning < edges[-1]), turning, 0.0)
    wanted = np.maximum(np.abs(values(every, None, turning)).max(axis=1), np.abs(sampled).max(axis=1))
    wanted = np.maximum(wanted, np.abs(values(every, None, edges[None, [0, -1]])).max(axis=1))
    found = crests.found(values)[:, 0]
    assert np.abs(found / wanted - 1).max() < 2e-8
    assert np.abs(np.abs(sampled).max(axis=1) / wanted - 1).max() > 0.02, "the samples alone miss crests"


CIRCUITS = pytest.mark.parametrize(
    "fields",
    [
        {"opamp": OPAMP},
        {"opamp": RINGING, "input_voltage": 1e-3},
        {"opamp": RINGING, "wire_resistance": 1.0, "line_capacitance": 2e-15},
    ],
    ids=["single-pole", "ringing", "line capacitance"],
)


@CIRCUITS
def test_peaks_of_currents_and_stages_are_those_of_dense_samples(fields):
    """20,000 samples a piece, a part of them close to its beginning, find nothing larger."""
    circuit = programmed(spd_matrix(3, 10, 1), **fields)
    job, exact = job_of(circuit, np.array([[1.0, 0.2], [0.3, -1.0], [-0.5, 0.1]])), ExactCircuit(circuit.circuit)
    readings, slots = read_slots(exact, job.drive, True, 1e-3), slots_of(exact, job.drive, True)
    for name in ("stage", "current"):
        dense = np.zeros(2)
        for piece in (slots.edge, slots.hold):
            shares = np.concatenate([np.linspace(0, 1, 15_000), np.geomspace(1e-6, 1, 5_000)])
            time = piece.start + np.sort(shares) * (piece.stop - piece.start)
            seen = np.abs(exact.response.at(piece, exact.observed.of(name), time))
            dense = np.maximum(dense, seen.max(axis=(1, 2)))
        got = [one.peak_output_current if name == "current" else one.attempt.peak_output for one in readings]
        assert np.abs(np.array(got) / dense - 1).max() < 1e-6
        assert (np.array(got) >= dense * (1 - 1e-9)).all()


@CIRCUITS
@pytest.mark.parametrize("rise_time", [1e-10, 1e-7])
def test_no_sample_is_beyond_its_bounds(fields, rise_time):
    """Currents and stages at 20,000 times, of a pair of arrays, whose modes nearly cancel; edges are short or long."""
    matrix = spd_matrix(3, 10, 1) * np.where(np.eye(3), 1, -1)
    circuit = programmed(matrix, rise_time=rise_time, **fields)
    job, exact = job_of(circuit, np.array([[1.0, 0.2], [0.3, -1.0], [-0.5, 0.1]])), ExactCircuit(circuit.circuit)
    slots, probe, response = slots_of(exact, job.drive, True), exact.observed.of("stage", "current"), exact.response
    for piece in (slots.edge, slots.hold):
        time = np.linspace(piece.start, piece.stop, 20_000)
        largest = np.abs(response.at(piece, probe, time)).max(axis=1)
        modal, after = modal_bounds(response, piece, probe), gauss(response.panels(piece))[0].ravel() - piece.start
        sampled = sampled_bounds(response, piece, probe, after, modal)
        assert (modal >= largest * (1 - 1e-12)).all() and (sampled >= largest * (1 - 1e-12)).all()
        assert (sampled.max(axis=1) < 10 * largest.max(axis=1)).all(), "so wide a bound leaves out nothing"


def test_nothing_is_looked_for_where_all_is_zero():
    """A response of zeros among others: its largest magnitude is 0, without a crest to refine."""
    samples = np.stack([np.zeros((8, 3)), np.ones((8, 3))])
    crests = Crests(np.zeros((2, 3)))
    crests.look(samples, np.arange(2), np.zeros(2), np.ones(2))
    asked = []

    def values(response, row, time):
        asked.extend(response)
        return np.ones(time.shape)

    assert crests.found(values)[:, 0] == pytest.approx([0.0, 1.0]) and set(asked) == {1}
