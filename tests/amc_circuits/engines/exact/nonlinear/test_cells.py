"""Sinh cells in the exact engine: SciPy's solution of one cell, ngspice in tight steps, and what is refused."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from amc_circuits import InvCircuit, ParameterError
from amc_circuits.cells.devices import Device
from amc_circuits.engines import ExactEngine, Job, NgspiceEngine
from amc_circuits.engines.exact.nonlinear.laws import LARGEST_BEND, Cells
from amc_circuits.results.observation import observe
from amc_circuits.results.readings import read_slot
from netlists import Array, Circuit, Conductors, OpAmps, SinglePoleOpAmp, Source, StepTrain, Transient, preset
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close, assert_within
from tests.runs import readings, waveforms

UNIT, BEND = 1e-4, 0.1
OPAMP = SinglePoleOpAmp(open_loop_gain=1e4, gbwp=50e6)
STEP, EDGE, STOP = 0.15, 1e-9, 300e-9


def one_cell() -> Job:
    """A source, a cell of twice the unit, and an op-amp with a resistor."""
    parts = (
        Array("p", "v", "in", np.array([[2 * UNIT]]), nonlinearity_voltage=BEND),
        Conductors("f", "c", "v", UNIT),
        OpAmps("amp", "v", "c", OPAMP),
    )
    circuit = Circuit("cell", {"in": 1, "v": 1, "c": 1}, parts, (Source("in"),), "c")
    drive = StepTrain(levels=np.array([[STEP]]), slot_time=STOP, rise_time=EDGE)
    return Job(circuit, drive, Transient(stop_time=STOP, max_step=1e-9, saved=()))


def current(volts):
    """Current of the cell, A."""
    return 2 * UNIT * BEND * np.sinh(volts / BEND)


def sum_node(u, c):
    """Voltage of the inverting input: the cell's current is that of the resistor, V."""
    return brentq(lambda v: current(u - v) - UNIT * (v - c), -1.0, 1.0, xtol=1e-15)


def test_one_cell_is_scipys():
    """`dc/dt = -w_T (v + c/A0)` by Radau's method: outputs within 5e-6 of the input, energy of the cell within 1e-5."""
    job, engine = one_cell(), ExactEngine()

    def rates(t, state):
        u = STEP * min(t / EDGE, 1.0)
        v = sum_node(u, state[0])
        power = (u - v) * current(u - v) if t > EDGE / 2 else 0.0
        return [-OPAMP.unity_gain_frequency * (v + state[0] / OPAMP.open_loop_gain), power]

    (reading,) = readings(job, 0.01)
    settled = EDGE / 2 + reading.settling_time
    ends, state, found = (0.0, EDGE / 2, EDGE, settled, STOP), [0.0, 0.0], []
    for first, last in pairwise(ends):
        times = np.linspace(first, last, 30)
        solution = solve_ivp(rates, (first, last), state, "Radau", times, rtol=1e-10, atol=1e-13)
        state = solution.y[:, -1]
        found.append((times[1:], solution.y[:, 1:]))
    time, outputs = np.concatenate([one for one, _ in found]), np.concatenate([one[0] for _, one in found])
    assert_close(engine.outputs(engine.init(job.circuit), job, time)[:, 0], outputs, absolute=5e-6 * STEP)
    assert_within(reading.energy["array"], found[2][1][1, -1], 1e-5)
    band = 0.01 * abs(outputs[-1])
    assert_close(abs(found[2][1][0, -1] - outputs[-1]), band, absolute=1e-3 * band)


def test_random_circuits_are_ngspices():
    """INV with a pair of arrays and macro op-amps: waveforms within 5e-5 of full scale, times and energies 1e-3."""
    circuit = InvCircuit.program(
        spd_matrix(3, 6, 2), opamp=preset("cmos-100meg"), device=Device(nonlinearity_voltage=BEND), engine="exact"
    )
    job, engine = circuit.job(circuit.question(vector(3, 1)[:, None]).columns), ExactEngine()
    waves = waveforms(job.finer(16, 1.0, 1e-6), NgspiceEngine())
    seen, state = observe(job.circuit, waves, job.drive), engine.init(job.circuit)
    inside = waves.time <= job.drive.slot_time
    got = engine.outputs(state, job, waves.time)[inside]
    assert_close(got, seen.outputs[inside], absolute=5e-5 * np.abs(got).max())
    (reading,), wanted = engine.read(state, [job], 0.01)[0], read_slot(seen, job.drive, 0, 0.01)
    assert_within(reading.settling_time, wanted.settling_time, 1e-3)
    for account, joules in wanted.energy.items():
        assert_within(reading.energy[account], joules, 1e-3)


def test_the_law_has_a_tangent_where_nothing_is():
    """Values and slopes are those of sinh; far beyond they go on in a straight line, without overflow."""
    cells = Cells.of(one_cell().circuit)
    volts = BEND * np.array([-3.0, -1e-3, 0.0, 0.5, 20.0, 1e3])[None, :, None]
    added, slopes = cells.currents(volts)
    inside = slice(0, 5)
    assert_close(added[0, inside, 0], current(volts[0, inside, 0]) - 2 * UNIT * volts[0, inside, 0], relative=1e-9)
    assert_close(slopes[0, inside, 0], 2 * UNIT * (np.cosh(volts[0, inside, 0] / BEND) - 1), relative=1e-12)
    assert np.isfinite(added).all()
    assert_close(slopes[0, 5, 0], 2 * UNIT * (np.cosh(LARGEST_BEND) - 1), relative=1e-12)


def test_meshes_and_many_are_refused():
    """A mesh of them is ngspice's alone, and so are thousands, for their equations are dense."""
    device = Device(nonlinearity_voltage=BEND)
    with pytest.raises(ParameterError, match="not linear in arrays with wires; take ngspice or auto"):
        InvCircuit.program(spd_matrix(3, 6, 2), engine="exact", device=device, wire_resistance=1.0, interconnect="flat")
    with pytest.raises(ParameterError, match="more than 1024 cells that are not linear; take ngspice or auto"):
        InvCircuit.program(spd_matrix(33, 6, 2), engine="exact", device=device)
