"""An INV of one cell beyond its linear range, against SciPy's Radau method on Kirchhoff's laws written out by hand."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from amc_circuits import InvCircuit
from amc_circuits.engines import ExactEngine
from amc_circuits.engines.exact.nonlinear.rest import resting
from amc_circuits.engines.exact.nonlinear.sampling import at_times
from amc_circuits.engines.exact.nonlinear.system import System
from amc_circuits.engines.exact.nonlinear.trajectory import Integrator
from netlists import preset
from tests.comparators import assert_close, assert_within

GAUSS, WEIGHTS = np.polynomial.legendre.leggauss(4)
BASE = preset("cmos-100meg")
OPAMPS = {
    "slew": (BASE.replace(slew_rate=20e6, input_offset=2e-3), -0.3),
    "current": (BASE.replace(output_current_limit=50e-6, output_resistance=500.0), 0.3),
    "clamp": (preset("cmos-1g").replace(output_swing=0.3), 0.5),
    "small swing": (BASE.replace(output_swing=0.1), 0.05),
    "all": (BASE.replace(slew_rate=40e6, output_current_limit=80e-6, output_swing=0.35), 0.5),
}


@dataclass
class OneCell:
    """Voltages v and w of the two inverting inputs, x and y of the two stages; c and d are the outputs.

    `I_lim tanh((x - c)/(R_out I_lim)) = G+ (c - v) + (c - w)/R`, and the same of d without a time constant.
    """

    design: object
    level: float
    rise: float

    def input_at(self, time):
        """A straight edge, then the level."""
        return self.level * min(time / self.rise, 1.0)

    def output(self, stage, conductance, current):
        """Output voltage of a stage: `conductance * c - current` leaves it."""
        opamp = self.design.opamp
        most = opamp.output_resistance * opamp.output_current_limit

        def missing(c):
            return opamp.output_current_limit * np.tanh((stage - c) / most) - conductance * c + current

        # Within the limits the output lies between the stage and its value without the op-amp.
        ends = sorted((stage, current / conductance))
        return stage if ends[0] == ends[1] else brentq(missing, ends[0] - 1e-9, ends[1] + 1e-9, xtol=1e-17, rtol=1e-15)

    def outputs(self, state):
        """C and d."""
        design, (v, w, x, y) = self.design, state
        plus, minus = design.conductance_positive[0, 0], design.conductance_negative[0, 0]
        link = 1 / design.inverter_resistance
        return self.output(x, plus + link, plus * v + link * w), self.output(y, minus + link, minus * v + link * w)

    def rate(self, time, state):
        """Time derivatives of v, w, x and y."""
        design, opamp, (v, w, x, y) = self.design, self.design.opamp, state
        c, d = self.outputs(state)
        plus, minus = design.conductance_positive[0, 0], design.conductance_negative[0, 0]
        into_v = design.input_conductance * (self.input_at(time) - v) + plus * (c - v) + minus * (d - v)
        into_w = (c + d - 2 * w) / design.inverter_resistance
        farad = opamp.input_capacitance
        return [into_v / farad, into_w / farad, self.stage(v, x), self.stage(w, y)]

    def stage(self, inverting, x):
        """Time derivative of a stage."""
        opamp = self.design.opamp
        rate, most = 2 * np.pi * opamp.gbwp, opamp.slew_rate
        beyond = (abs(x) - opamp.output_swing) / 10e-3
        held = np.exp(min(beyond, 5.0)) * max(beyond - 4, 1.0) - np.exp(-opamp.output_swing / 10e-3)
        slewing = most * np.tanh(rate * (opamp.input_offset - inverting) / most)
        return slewing - rate * x / opamp.open_loop_gain - most * np.sign(x) * held

    def solved(self, start, until, state):
        """By Radau's method, with a dense output."""
        found = solve_ivp(
            self.rate, (start, until), state, "Radau", rtol=1e-10, atol=1e-13, dense_output=True, max_step=until / 40
        )  # fmt: skip
        assert found.success
        return found

    def powers(self, time, state):
        """Dissipated in the array and the input resistor, and delivered by source and rails, W."""
        design, opamp, (v, _, x, y) = self.design, self.design.opamp, state
        c, d = self.outputs(state)
        plus, minus = design.conductance_positive[0, 0], design.conductance_negative[0, 0]
        u, limit = self.input_at(time), opamp.output_current_limit
        delivered = design.input_conductance * u * (u - v)
        for current in (limit * np.tanh((x - c) / opamp.output_resistance / limit),
                        limit * np.tanh((y - d) / opamp.output_resistance / limit)):  # fmt: skip
            drawn = np.sqrt(current**2 / 4 + opamp.class_ab_current**2)
            delivered += 2 * opamp.supply_voltage * (drawn + opamp.quiescent_current - opamp.class_ab_current)
        return plus * (c - v) ** 2 + minus * (d - v) ** 2, design.input_conductance * (u - v) ** 2, delivered


@pytest.fixture(scope="module", params=OPAMPS)
def solved(request):
    """The reading of the exact engine, and the solution by Radau's method on edge and hold."""
    opamp, volts = OPAMPS[request.param]
    circuit = InvCircuit.program(
        [[1.0]], opamp=opamp, engine="exact", input_voltage=abs(volts), fixed_scale=True, inverter_resistance=2e3,
        rise_time=1e-9, pair="always",
    )  # fmt: skip
    job, engine = circuit.job(np.array([[volts]])), ExactEngine()
    state = engine.init(job.circuit)
    (reading,) = engine.read(state, [job], 0.01)[0]
    cell = OneCell(circuit.design, float(job.drive.levels[0, 0]), job.drive.rise_time)
    still = OneCell(circuit.design, 0.0, job.drive.rise_time).solved(0.0, 20 * job.drive.slot_time, np.zeros(4))
    edge = cell.solved(0.0, cell.rise, still.y[:, -1])
    hold = cell.solved(cell.rise, job.drive.slot_time, edge.y[:, -1])
    return cell, reading, edge, hold, job


def _at(edge, hold, rise, time):
    return (edge if time <= rise else hold).sol(time)


def _settled(cell, edge, hold, slot):
    """The last root of `|c - final| = band`, s."""
    final = cell.outputs(hold.y[:, -1])[0]

    def excess(time):
        return abs(cell.outputs(_at(edge, hold, cell.rise, time))[0] - final) - 0.01 * abs(final)

    grid = np.linspace(0, slot, 401)
    last = np.flatnonzero([excess(time) > 0 for time in grid])[-1]
    return brentq(excess, grid[last], grid[last + 1], xtol=1e-18, rtol=1e-13) - cell.rise / 2


def test_waveform_and_settling_time(solved):
    """Every sample within 1e-5 of the input, the time within 1e-4: five times the accuracy that is promised."""
    cell, reading, edge, hold, job = solved
    times = reading.response.time + cell.rise / 2
    wanted = [cell.outputs(_at(edge, hold, cell.rise, time))[0] for time in times]
    assert_close(reading.response.outputs[:, 0], wanted, absolute=1e-5 * abs(cell.level))
    assert_within(reading.settling_time, _settled(cell, edge, hold, job.drive.slot_time), 1e-4)


def test_a_tight_tolerance(solved):
    """At a thousandth of the usual tolerance the same waveform within 1e-7 of the input: the equations are the same."""
    cell, _, edge, hold, job = solved
    system, level = System(job.circuit), job.drive.levels
    integrator = Integrator(system, np.abs(level[0]), cell.rise, 1e-8)
    first, place = integrator.run(resting(system, 0 * level), cell.rise, 0 * level, level / cell.rise)
    rest, _ = integrator.run(place, job.drive.slot_time, level, 0 * level)
    rows = system.rows(job.circuit.outputs)
    for step in (first + rest)[::7]:
        times = step.start + step.length * np.array([0.1, 0.6, 0.95])
        wanted = [cell.outputs(_at(edge, hold, cell.rise, time))[0] for time in times]
        assert_close(at_times(system, step, times, rows)[0, :, 0], wanted, absolute=1e-7 * abs(cell.level))


def test_energies(solved):
    """Array, input resistor, and what source and rails deliver beside them, from the step to the settling time."""
    cell, reading, edge, hold, _ = solved
    stop = reading.settling_time + cell.rise / 2
    marks = np.array([cell.rise / 2, *(time for time in (*edge.t, *hold.t) if cell.rise / 2 < time < stop), stop])
    half = np.diff(marks) / 2
    times = marks[:-1, None] + half[:, None] * (1 + GAUSS)
    powers = [[cell.powers(time, _at(edge, hold, cell.rise, time)) for time in row] for row in times]
    array, inputs, delivered = np.einsum("p,pgk,g->k", half, powers, WEIGHTS)
    assert_within(reading.energy["array"], array, 1e-5)
    assert_within(reading.energy["inputs"], inputs, 1e-5)
    assert_within(reading.energy["amplifiers"], delivered - array - inputs, 1e-5)
