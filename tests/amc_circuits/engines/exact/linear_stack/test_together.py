"""Circuits that are read together: readings of each as alone, and the same bits in any company."""

from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from scipy.optimize import brentq

from amc_circuits.cells.devices import Device
from amc_circuits.engines.exact.engine import ExactEngine
from amc_circuits.engines.exact.linear_stack import together
from amc_circuits.engines.exact.reading import read_slots
from tests.amc_circuits.engines.exact.circuits import OPAMP, job_of, programmed
from tests.amc_circuits.random_circuits import study
from tests.cases import spd_matrix, vector

LINES = {"wire_resistance": "20", "line_capacitance": "5f"}
TALL = {"size": 5, "columns": 3, "family": "random"}
DESIGNS = {
    "plain": ("inv", {"offset_spread": "0"}),
    "offsets": ("inv", {}),
    "wires": ("inv", {"wire_resistance": "2", "size": 6, "contacts": "both"}),
    "slow edge": ("inv", {"rise_time": "20n"}),
    "slower edge": ("inv", {"rise_time": "300n"}),
    "slow op-amps": ("inv", {"gbwp": "1M"}),
    "line capacitance": ("inv", {"line_capacitance": "1f"}),
    "lines with capacitance": ("inv", LINES),
    "compensated": ("inv", {"topology": "compensated"}),
    "product": ("mvm", {"size": 3, "columns": 5, "family": "random"}),
    "product through capacitances": ("mvm", LINES | {"contacts": "both"}),
    "least squares": ("ginv", TALL | {"ridge": "0.1"}),
    "least squares with lumped lines": ("ginv", TALL | LINES | {"line_model": "lumped"}),
    "least norm": ("ginv", {"family": "random", "columns": 6, "topology": "compensated"}),
}
"""Some slots of the last ones are not steady."""
COUNTS = (1, 3)
ENGINE = ExactEngine()
TOLERANCE = 0.01


def case_of(name, number, columns):
    """An exact circuit with a job of so many random columns from rest."""
    kind, options = DESIGNS[name]
    circuit = study(kind, **{"opamp": "single-pole", "monte_carlo": 3} | options).circuit(number)
    generator = np.random.default_rng(number)
    return circuit.state, circuit.job(generator.uniform(-1, 1, (circuit.circuit.inputs, columns)))


def together_of(cases, tolerance=TOLERANCE):
    """Readings of states with their jobs."""
    return ENGINE.read_together([state for state, _ in cases], [job for _, job in cases], tolerance)


@pytest.fixture(scope="module")
def cases():
    """Two circuits of each design with a column each, and one with three; neighbours are of different designs."""
    return {
        (name, number, columns): case_of(name, number, columns)
        for columns, numbers in ((COUNTS[0], (0, 1)), (COUNTS[1], (2,)))
        for number in numbers
        for name in DESIGNS
    }


@pytest.fixture(scope="module")
def found(cases):
    """Readings of all of them."""
    return dict(zip(cases, together_of(list(cases.values())), strict=True))


def pieces(value):
    """All numbers of a record, in order, as arrays; other values as they are."""
    if is_dataclass(value):
        return [piece for field in fields(value) for piece in pieces(getattr(value, field.name))]
    if isinstance(value, dict):
        return [piece for pair in value.items() for one in pair for piece in pieces(one)]
    if isinstance(value, tuple):
        return [piece for one in value for piece in pieces(one)]
    return [np.asarray(value) if isinstance(value, float | np.ndarray) else value]


def bits(readings):
    """All digits of readings."""
    found = [piece for reading in readings for piece in pieces(reading)]
    return [piece.tobytes() if isinstance(piece, np.ndarray) else piece for piece in found]


def assert_same(reading, other):
    """Two readings are equal to 1e-9 of the largest number in each field, overshoots to 1e-9 of the full scale."""
    np.testing.assert_allclose(reading.overshoot, other.overshoot, 0, 1e-9)
    for one, wanted in zip(*(pieces(replace(each, overshoot=0.0)) for each in (reading, other)), strict=True):
        if not isinstance(wanted, np.ndarray):
            assert one == wanted
        elif wanted.size:
            assert one.shape == wanted.shape and (np.isnan(one) == np.isnan(wanted)).all()
            np.testing.assert_allclose(one, wanted, 0, 1e-9 * np.nan_to_num(np.abs(wanted)).max())


@pytest.mark.parametrize("name", DESIGNS)
def test_readings_are_those_of_the_circuit_alone(cases, found, name):
    """Settling, its range, overshoot, peaks, energies, samples and terminals, to 1e-9."""
    for columns, number in ((COUNTS[0], 0), (COUNTS[0], 1), (COUNTS[1], 2)):
        state, job = cases[name, number, columns]
        wanted = read_slots(state, job.drive, True, TOLERANCE)
        got = found[name, number, columns]
        assert len(got) == columns
        for reading, other in zip(got, wanted, strict=True):
            assert_same(reading, other)


def test_some_are_not_steady(found):
    """The energies of these have no end, and all others have one."""
    steady = [(one.steady, one.energy) for readings in found.values() for one in readings]
    assert {True, False} == {one for one, _ in steady}
    assert all(np.isfinite(energy["array"]) == one and energy["amplifiers"] is None for one, energy in steady)


def test_no_bit_depends_on_the_company(cases, found, monkeypatch):
    """Alone, in another order and in small stacks: the same bits."""
    names, every = list(cases), list(cases.values())
    for name, case in cases.items():
        assert bits(together_of([case])[0]) == bits(found[name])
    backwards = together_of(every[::-1])[::-1]
    monkeypatch.setattr(together, "AT_ONCE", 200)
    small = together_of(every)
    for name, one, other in zip(names, backwards, small, strict=True):
        assert bits(one) == bits(other) == bits(found[name])


def test_modes_of_many_kinds_are_stacked_bit_by_bit():
    """Designs of one shape whose modes are real, or pairs of any number: each alone gives what it gives among all."""
    generator = np.random.default_rng(3)
    matrices = [np.diag([2.0, 2, 2, 2]) + generator.uniform(-1, 1, (4, 4)) for _ in range(8)]
    matrices += [spd_matrix(4, 5, seed) for seed in range(3)]
    circuits = [programmed(one, opamp=OPAMP.replace(gbwp=10e6 * (1 + k))) for k, one in enumerate(matrices)]
    every = [(one.state, job_of(one, vector(4, k)[:, None])) for k, one in enumerate(circuits)]
    assert len({state.linear.modes.real for state, _ in every}) > 2
    for (state, job), readings in zip(every, together_of(every), strict=True):
        assert bits(together_of([(state, job)])[0]) == bits(readings)
        assert_same(readings[0], read_slots(state, job.drive, True, TOLERANCE)[0])


def test_a_column_of_zeros_has_no_settling_time():
    """Outputs that stay at 0 V are steady, and have neither settling time nor energy, as alone."""
    circuit = programmed(spd_matrix(2, 5, 1), opamp=OPAMP)
    job = job_of(circuit, np.array([[0.0, 1.0], [0.0, 0.5]]))
    got = together_of([(circuit.state, job)])[0]
    for reading, other in zip(got, read_slots(circuit.state, job.drive, True, TOLERANCE), strict=True):
        assert_same(reading, other)
    assert got[0].steady and np.isnan([got[0].settling_time, got[0].overshoot, got[0].energy["array"]]).all()


def ringing():
    """A circuit that rings 65 times while it decays to a part of e."""
    circuit = lambda damping: programmed([[damping, -1.0], [1.0, damping]], opamp=OPAMP)  # noqa: E731
    ratio = lambda damping: (lambda pole: -pole.real / abs(pole.imag))(circuit(damping).linear.poles[0]) - 1 / 400  # noqa: E731
    return circuit(brentq(ratio, 0.2, 0.5))


def critical():
    """A circuit with a pole that is nearly a double one."""
    circuit = lambda entry: programmed([[entry, 0.5], [-0.3, 1.0]], opamp=OPAMP)  # noqa: E731
    apart = lambda entry: float(((lambda poles: poles[0] - poles[1])(circuit(entry).linear.poles) ** 2).real)  # noqa: E731
    return circuit(brentq(apart, 3, 5, xtol=1e-13))


BENT = Device(nonlinearity_voltage=0.3)
LEFT = {
    "growing": lambda: (programmed([[0.2, -1.0], [1.0, 0.2]], opamp=OPAMP), 1),
    "nearly dependent modes": lambda: (critical(), 1),
    "many panels": lambda: (ringing(), 1),
    "from the solution before": lambda: (programmed(spd_matrix(2, 5, 1), opamp=OPAMP, start="previous"), 2),
    "common mode": lambda: (programmed(spd_matrix(2, 5, 1), opamp=OPAMP.replace(common_mode_range=1.0)), 1),
    "cells that are not linear": lambda: (
        programmed(spd_matrix(2, 5, 1), opamp=OPAMP, device=Device(nonlinearity_voltage=0.3)),
        1,
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_others_are_left_alone(cases, found, name):
    """What has to be read alone has no readings, and those beside it do not notice."""
    circuit, columns = LEFT[name]()
    one = circuit.state, job_of(circuit, np.column_stack([vector(2, k) for k in range(columns)]))
    beside = ("plain", 0, 1)
    got = together_of([one, cases[beside]])
    assert got[0] is None and bits(got[1]) == bits(found[beside])


def test_a_solution_goes_on_from_first_readings():
    """No bit of a solution differs from that of a circuit that reads them itself, also in a slot that is doubled."""
    given = study("inv", opamp="single-pole", offset_spread="0", tolerance="1u", seed=6, monte_carlo=2)
    circuit, question = given.circuit(1), given.circuit(1).question(given.problem.vector)
    (first,) = ENGINE.read_together([circuit.state], [circuit.job(question.columns)], circuit.settings.tolerance)
    got, wanted = circuit.answer(question, first), circuit.answer(question)
    assert (got.status, got.attempts) == (wanted.status, wanted.attempts) and len(got.attempts[0]) > 1
    assert bits([got.responses[0], got.energy]) == bits([wanted.responses[0], wanted.energy])
