"""Steps of whole circuits: their equations hold, errors fall with the fifth power, and tighter steps come nearer."""

import pickle

import numpy as np
import pytest

from amc_circuits import EgvCircuit, InvCircuit
from amc_circuits.engines.contract import NotIntegrableError
from amc_circuits.engines.exact.nonlinear.method import NODES
from amc_circuits.engines.exact.nonlinear.rest import resting
from amc_circuits.engines.exact.nonlinear.step.stage_equations import StageEquations
from amc_circuits.engines.exact.nonlinear.system import System, times
from amc_circuits.engines.exact.nonlinear.trajectory import TOLERANCE, Integrator
from netlists import ParameterError, preset
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close, assert_within

EDGE = 1e-9
OPAMPS = {
    "slew": preset("cmos-100meg").replace(slew_rate=30e6),
    "second-pole": preset("cmos-1g").replace(second_pole=2e9, slew_rate=200e6),
    "current": preset("cmos-100meg").replace(output_current_limit=60e-6),
    "clamp": preset("cmos-100meg").replace(output_swing=0.12),
}


def wired(opamp) -> System:
    """A 3 x 3 INV with wires, line capacitance and offsets; an op-amp, or its name here."""
    fields = {"wire_resistance": 2.0, "line_capacitance": 1e-15, "offset_spread": 1e-3, "inverter_resistance": 5e3}
    return System(
        InvCircuit.program(spd_matrix(3, 6, 3), opamp=OPAMPS.get(opamp, opamp), engine="exact", **fields).circuit
    )


def stepped(system, levels, edge_steps, tolerance=1e-9):
    """Outputs at the end of the edge and 20 edges later, in equal steps."""
    equations = StageEquations(system, np.abs(levels).max(axis=0), tolerance)
    place = resting(system, np.zeros_like(levels))
    state, added, last, now = place.state, place.added, None, np.zeros_like(levels)
    rows = system.rows(system.circuit.outputs)
    for slope, count in ((levels / EDGE, edge_steps), (0 * levels, 20 * edge_steps)):
        for _ in range(count):
            length = EDGE / edge_steps
            last = equations.step(state, added, last, equations.driven(now, slope, length), length)
            state, added, now = last.state, last.added.at(slice(-1, None)), now + slope * length
    return rows.modal @ state + rows.feed @ now + rows.pins @ added.pins[:, 0] + rows.rest[:, None]


@pytest.mark.parametrize("name", ["slew", "second-pole", "current"])
def test_the_error_falls_with_the_fourth_power_at_least(name):
    """Equal steps, halved twice: with modes faster than the steps the order is 4, else 5."""
    system, levels = wired(name), 0.1 * vector(3, 3)[:, None]
    outputs = [stepped(system, levels, count) for count in (1, 2, 4, 16)]
    errors = [np.abs(got - outputs[-1]).max() / 0.1 for got in outputs[:-1]]
    assert errors[-1] < 1e-5
    assert np.log2(errors[0] / errors[2]) / 2 > 3.8, errors


@pytest.mark.parametrize("name", OPAMPS)
def test_a_tighter_tolerance_comes_nearer(name):
    """Steps that follow from the error: at the usual tolerance outputs are within a tenth of it of those at 1e-8."""
    system, levels = wired(name), 0.2 * np.column_stack([vector(3, 3), vector(3, 4)])
    rows, ends = system.rows(system.circuit.outputs), []
    for tolerance in (1e-2, TOLERANCE, 1e-8):
        integrator = Integrator(system, np.abs(levels).max(axis=0), EDGE, tolerance)
        place = resting(system, np.zeros((3, 1))).repeated(2)
        steps, place = integrator.run(place, EDGE, 0 * levels, levels / EDGE)
        assert_within(sum(step.length for step in steps), EDGE, 1e-9)
        _, place = integrator.run(place, 20 * EDGE, levels, 0 * levels)
        ends.append(rows.modal @ place.state + rows.pins @ place.added.pins[:, 0])
    assert_close(ends[1], ends[2], absolute=0.1 * TOLERANCE * 0.2)
    assert np.abs(ends[1] - ends[2]).max() < np.abs(ends[0] - ends[2]).max()


def test_a_small_change_of_limited_currents_is_no_small_error():
    """Outputs deep in their current limit: within 1e-6 of those at a hundredth of the tolerance, for 40 edges."""
    opamp = OPAMPS["current"].replace(output_current_limit=30e-6)
    system, levels = wired(opamp), 0.2 * np.column_stack([vector(3, 3), vector(3, 4)])
    rows, found = system.rows(system.circuit.outputs), []
    for tolerance in (1e-5, 1e-7):
        integrator = Integrator(system, np.abs(levels).max(axis=0), EDGE, tolerance)
        start = resting(system, np.zeros((3, 1))).repeated(2)
        _, place = integrator.run(start, EDGE, 0 * levels, levels / EDGE)
        ends = []
        for stop in (11, 21, 31, 41):
            _, place = integrator.run(place, stop * EDGE, levels, 0 * levels)
            ends.append(rows.modal @ place.state + rows.pins @ place.added.pins[:, 0])
        found.append(np.array(ends))
    assert_close(found[0], found[1], absolute=1e-6 * 0.2)


def test_clamps_behind_outputs_deep_in_their_current_limit():
    """Within 1e-6 of full scale of steps of a thousandth of the tolerance, for 10 of the slowest time constants."""
    opamp = preset("cmos-100meg").replace(output_swing=0.3, output_current_limit=20e-6)
    circuit = InvCircuit.program(spd_matrix(1, 5, 1), opamp=opamp, engine="exact").circuit
    system, level, edge, found = System(circuit), np.ones((1, 1)), EDGE / 10, []
    rows, slowest = system.rows(circuit.outputs), 1 / np.abs(system.values.real).min()
    for tolerance in (1e-5, 1e-8):
        integrator, ends = Integrator(system, np.ones(1), edge, tolerance), []
        _, place = integrator.run(resting(system, 0 * level), edge, 0 * level, level / edge)
        for stop in slowest * np.arange(0.25, 10.25, 0.25):
            _, place = integrator.run(place, stop, level, 0 * level)
            ends.append(rows.modal @ place.state + rows.pins @ place.added.pins[:, 0])
        found.append(np.array(ends))
    assert_close(found[0], found[1], absolute=1e-6)


@pytest.mark.parametrize("name", OPAMPS)
def test_the_equations_of_every_step_hold(name):
    """What the limits add at all nodes is theirs at the voltages that follow from it, within half of the tolerance."""
    system, levels = wired(name), 0.2 * vector(3, 3)[:, None]
    allowed = 0.5 * TOLERANCE * 0.2
    integrator, laws, m = Integrator(system, np.abs(levels).max(axis=0), EDGE), system.laws, system.laws.count
    steps, place = integrator.run(resting(system, 0 * levels), EDGE, 0 * levels, levels / EDGE)
    more, _ = integrator.run(place, 30 * EDGE, levels, 0 * levels)
    bent = 0.0
    for step in steps + more:
        weights = system.weights(step.length)
        state = system.applied(weights.whole, step.source)
        driven = step.inputs[:, None] + step.slope[:, None] * (NODES[1:] * step.length)[:, None]
        pins = step.added.pins[:, 1:]
        seen = times(system.seen.modal, state) + times(system.seen.feed, driven)
        seen += times(system.seen.pins, pins) + system.seen.rest[:, None, None]
        assert_close(pins * laws.resistance, laws.output(seen[2 * m :])[0] * laws.resistance, absolute=allowed)
        slewing, clamp = step.added.slewing[:, 1:], np.zeros_like(pins)
        assert_close(slewing / laws.rate, laws.stage(seen[:m])[0] / laws.rate, absolute=allowed)
        if step.added.clamp is not None:
            # A clamp's rate to the voltage that it belongs to, by its slope.
            clamp, (wanted, slope) = step.added.clamp[:, 1:], laws.clamp(seen[m : 2 * m])
            far = (clamp - wanted) / np.maximum(np.abs(slope), laws.rate)
            assert_close(far, 0 * far, absolute=allowed)
        added = np.concatenate([slewing + clamp, pins])
        rates = times(system.drive, driven) + times(system.push, added)
        for node in range(4):  # as the voltages to which they would lead
            far = system.seen.modal[m:] @ system.still(step.source[:, node + 2] - rates[:, node])
            assert_close(far, 0 * far, absolute=allowed)
        bent = max(bent, np.abs(slewing / laws.rate).max(), np.abs(pins * laws.resistance).max(), np.abs(clamp).max())
    assert bent > 1e-3


@pytest.mark.parametrize("constants", [300, 330, 370])
def test_a_step_that_leaves_growing_modes_no_digits_is_repeated(constants):
    """A first step of hundreds of time constants: its equations are singular, or no numbers; the end is the same."""
    circuit = EgvCircuit.program(spd_matrix(2, 5, 0), opamp=OPAMPS["clamp"], engine="exact").circuit
    system, ends = System(circuit), []
    fastest, nothing = int(system.values.real.argmax()), np.zeros((circuit.inputs, 1))
    stop = constants / system.values.real[fastest]
    for first in (stop / constants, stop):
        place = resting(system, nothing)
        place.state[fastest] += 0.02
        _, place = Integrator(system, np.full(1, 0.1), first).run(place, stop, nothing, nothing)
        ends.append(system.rows(circuit.outputs).modal @ place.state)
    assert_close(ends[1], ends[0], absolute=1e-5)
    assert np.abs(ends[0]).max() > 0.05


def test_steps_without_end_are_refused():
    """One clear line where no step is short enough."""
    system, levels = wired("slew"), 0.1 * vector(3, 3)[:, None]
    integrator = Integrator(system, np.full(1, 1e-30), EDGE)
    with pytest.raises(ParameterError, match=r"no step is short enough|more than"):
        integrator.run(resting(system, 0 * levels), EDGE, 0 * levels, levels / EDGE)


def test_its_error_leaves_another_process():
    """An error that cannot be unpickled breaks the whole pool of workers."""
    error = NotIntegrableError("no step is short enough")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
