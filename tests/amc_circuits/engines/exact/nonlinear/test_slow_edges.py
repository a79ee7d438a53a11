"""Inputs that rise slowly into the clamps of the op-amps, held against an integration of the one equation there is."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from amc_circuits import InvCircuit
from amc_circuits.engines import ExactEngine
from netlists import preset
from netlists.opamps.subcircuit import CLAMP_VOLTAGE
from tests.comparators import assert_close

OPAMP = preset("cmos-100meg").replace(input_capacitance=0.0)


def course(opamp, siemens, volts, rise, times):
    """Output of a 1 x 1 INV of equal conductances at times from the beginning of the edge, V; by Kirchhoff's laws.

    The inverting input is at half of input and output; the stage x follows from it by slewing, gain and clamp.
    """
    pole, idle = opamp.unity_gain_frequency, np.exp(-opamp.output_swing / CLAMP_VOLTAGE)

    def output(x, given):
        limit, drop = opamp.output_current_limit, opamp.output_resistance * opamp.output_current_limit
        return brentq(lambda c: limit * np.tanh((x - c) / drop) - siemens * (c - given) / 2, x - drop, x + drop)

    def rate(time, x):
        given = volts * min(time / rise, 1.0)
        driven = opamp.slew_rate * np.tanh(-pole * (given + output(x[0], given)) / 2 / opamp.slew_rate)
        held = opamp.slew_rate * (np.exp((abs(x[0]) - opamp.output_swing) / CLAMP_VOLTAGE) - idle)
        return [driven - pole / opamp.open_loop_gain * x[0] - np.sign(x[0]) * held]

    x, outputs = [0.0], []
    for first, last in ((0.0, rise), (rise, times[-1])):
        some = times[(times > first) & (times <= last)]
        part = solve_ivp(rate, (first, last), x, "LSODA", dense_output=True, rtol=1e-9, atol=1e-11, max_step=rise / 20)
        x = part.y[:, -1]
        outputs += [output(part.sol(time)[0], volts * min(time / rise, 1.0)) for time in some]
    return np.array(outputs)


@pytest.mark.parametrize("swing, volts, rise", [(0.3, 0.4, 300e-9), (0.3, 0.6, 100e-9), (0.9, 1.2, 300e-9)])
def test_an_edge_that_is_slower_than_the_clamp(swing, volts, rise):
    """Settling within half a thousandth and peaks within 1e-5: a clamp that takes nearly all adds nothing between."""
    opamp = OPAMP.replace(output_swing=swing)
    circuit = InvCircuit.program(
        [[1.0]], opamp=opamp, engine="exact", rise_time=rise, input_voltage=volts, fixed_scale=True
    )
    (found,) = circuit.solve([1.0]).responses
    times = np.linspace(0.0, found.time[-1] + rise / 2, 2001)[1:]
    wanted = course(opamp, circuit.mapping.positive[0, 0], volts, rise, times)
    assert_close(found.outputs[-1, 0], wanted[-1], relative=1e-6)
    assert_close(np.abs(found.outputs).max(), np.abs(wanted).max(), relative=1e-5)
    outside = np.flatnonzero(np.abs(wanted - wanted[-1]) > 0.01 * abs(wanted[-1]))[-1]
    away = np.abs(wanted[outside : outside + 2] - wanted[-1])
    settled = np.interp(-0.01 * abs(wanted[-1]), -away, times[outside : outside + 2]) - rise / 2
    assert_close(found.settling_time, settled, relative=5e-4)


@pytest.mark.parametrize(
    "volts_per_second, rise", [(22e6, 5e-9), (44e6, 5e-9), (22e6, 8e-9), (22e6, 12e-9), (77e6, 20e-9)]
)
def test_an_edge_that_outputs_cannot_follow(volts_per_second, rise):
    """Within 5e-5 of the output at all times: a step over the whole edge would not see when slewing begins."""
    opamp = preset("cmos-1g").replace(slew_rate=volts_per_second, input_capacitance=0.0)
    circuit = InvCircuit.program(
        [[1.0]], opamp=opamp, engine="exact", rise_time=rise, input_voltage=0.5, fixed_scale=True
    )
    job = circuit.job(circuit.question([1.0]).columns)
    engine, times = (
        ExactEngine(),
        np.concatenate([np.linspace(0, 2 * rise, 401)[1:], np.linspace(2.01, 20, 100) * rise]),
    )
    times = times[times < job.drive.slot_time]
    found = engine.outputs(engine.init(job.circuit), job, times)[:, 0]
    wanted = course(opamp, circuit.mapping.positive[0, 0], 0.5, rise, times)
    assert_close(found, wanted, absolute=5e-5 * 0.5)
