"""Circuits that are read in stacks, each with right-hand sides of its own: which, and what is read of each."""

import numpy as np
import pytest

from amc_circuits import EgvCircuit, InvCircuit
from amc_circuits.studies.stacking import asked_of, read_asked
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close

ROTATION = np.array([[0.2, -1.0, 0], [1.0, 0.2, 0], [0, 0, 1]])
"""Unstable with inverters."""


def asked(size=3, seed=0, right=None, made=InvCircuit, matrix=None, **fields):
    """A circuit with its first transient."""
    wanted = spd_matrix(size, 3, seed) if matrix is None else matrix
    circuit = made.program(wanted, seed=seed, **({"engine": "exact", "opamp": "single-pole"} | fields))
    question = circuit.question(vector(size, seed) if right is None and made.takes else right)
    return asked_of(circuit, question)


def exact(readings):
    """All digits of what a circuit's right-hand sides have, but the response, which is an object."""
    return [
        (one.final.tolist(), one.settling_time, one.settling_range, one.overshoot, one.energy, one.attempts)
        for one in readings
    ]


@pytest.mark.parametrize(
    ("given", "runs_alone"),
    [
        ({}, False),
        ({"engine": "auto"}, False),
        ({"opamp": "cmos-100meg"}, False),
        ({"right": np.ones((3, 8))}, False),
        ({"right": np.ones((3, 9))}, True),
        ({"right": np.ones((3, 9)), "start": "previous"}, False),
        ({"right": np.zeros(3)}, True),
        ({"size": 64}, False),
        ({"size": 65}, True),
        ({"engine": "ngspice"}, True),
        ({"matrix": ROTATION}, True),
        ({"matrix": ROTATION, "force": True}, True),
        ({"rise_time": 1.0}, True),
        ({"made": EgvCircuit, "opamp": "cmos-100meg"}, True),
    ],
)
def test_what_needs_more_than_one_transient_at_rest_runs_alone(given, runs_alone):
    """Circuits of ngspice, unstable and growing ones, slots without end, nothing to solve, more than a transient."""
    assert (asked(**given) is None) == runs_alone


def test_readings_are_those_of_each_circuit_in_any_company():
    """In the order of the circuits, whatever their sizes, settings and engines; the same bits as by itself."""
    varied = [{"seed": 1}, {"size": 4}, {"seed": 2}, {"seed": 3, "tolerance": 1e-3}, {"size": 4, "seed": 5}]
    varied += [{"seed": 6, "engine": "auto"}, {"seed": 7, "right": np.eye(3)}, {"seed": 8, "opamp": "cmos-100meg"}]
    several = [asked(**one) for one in varied]
    found = read_asked(several)
    assert all(first.seconds > 0 for first in found)
    for one, first in zip(several, found, strict=True):
        (alone,) = read_asked([one])
        assert first.readings is not None or one.circuit.state.limited
        assert (alone.readings is None) == (first.readings is None)
        if first.readings is not None:
            assert exact(first.readings) == exact(alone.readings)
            (read,) = one.circuit.simulator.read(one.circuit.state, [one.job], one.circuit.settings.tolerance)
            assert_close([a.final for a in first.readings], [b.final for b in read], relative=1e-9)
