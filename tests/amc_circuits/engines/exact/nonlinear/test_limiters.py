"""Limiters in the exact engine: closed forms, SciPy's solution at rest, and ngspice in tight steps."""

import numpy as np
import pytest

from amc_circuits.engines import ExactEngine, Job
from netlists import (
    GROUND,
    Buffers,
    Circuit,
    Conductors,
    Limiter,
    OpAmps,
    ParameterError,
    SinglePoleOpAmp,
    Source,
    StepTrain,
    Transient,
    preset,
)
from tests.comparators import assert_close, assert_within
from tests.exactness import WAVEFORM, Differences, compare
from tests.runs import readings

UNIT, LEVEL, TOLERANCE = 1e-4, 0.05, 0.01
OPAMP = SinglePoleOpAmp(open_loop_gain=1e4, gbwp=50e6)
EDGE = 1e-12


def amplifier(*parts, outputs, opamp=OPAMP, feedback="c") -> Circuit:
    """An inverting op-amp of gain 2 with feedback from a group, and further parts."""
    own = (
        Conductors("in", "in", "v", 2 * UNIT, account="inputs"),
        Conductors("f", feedback, "v", UNIT),
        OpAmps("amp", "v", "c", opamp),
    )
    groups = dict.fromkeys(("in", "v", "c", *(part.output for part in parts if hasattr(part, "output"))), 2)
    return Circuit("limited", groups, (*own, *parts), (Source("in"),), outputs)


def job(circuit, levels, slot_time) -> Job:
    """One right-hand side after an edge of a picosecond."""
    drive = StepTrain(levels=np.array(levels)[:, None], slot_time=slot_time, rise_time=EDGE)
    return Job(circuit, drive, Transient(stop_time=drive.stop_time, max_step=1e-9, saved=()))


@pytest.mark.parametrize("type", ["clip", "dead-zone"])
@pytest.mark.parametrize("opamp", [OPAMP, preset("cmos-100meg")], ids=["single-pole", "macro"])
def test_outside_a_loop_it_follows_its_law(type, opamp):
    """Its output is its law of what the same circuit without it has, at every time and in the metrics."""
    limiter = Limiter("lim", "c", "y", type, LEVEL)
    load = Conductors("load", "y", GROUND, UNIT, account="loads")
    limited = job(amplifier(limiter, load, outputs="y", opamp=opamp), [0.03, -0.06], 400e-9)
    free = job(amplifier(outputs="c", opamp=opamp), [0.03, -0.06], 400e-9)
    time, engine = np.linspace(0, 400e-9, 301)[1:], ExactEngine()
    seen, wanted = (engine.outputs(engine.init(one.circuit), one, time) for one in (limited, free))
    assert_close(seen, limiter.law(wanted), absolute=2e-6)
    (reading,) = readings(limited, TOLERANCE)
    assert_close(reading.final, limiter.law(wanted[-1]), absolute=2e-6)
    fine = np.linspace(0, reading.settling_time, 20001)
    volts = limiter.law(engine.outputs(engine.init(free.circuit), free, fine[1:] + EDGE / 2))
    joules = UNIT * (volts**2).sum(axis=1).mean() * reading.settling_time
    assert_within(reading.energy["loads"], joules, 1e-3)
    assert_within(reading.energy["limiters"], -joules, 1e-3)


def test_in_a_loop_it_has_a_closed_form():
    """Within the dead zone an integrator, `c' = -w_T (g u + c/A0)`; beyond it a pole `w_T (h + 1/A0)`.

    With g = 2/3 and h = 1/3, the shares of input and feedback at the node v.
    """
    circuit = amplifier(Limiter("dead", "c", "y", "dead-zone", LEVEL), outputs="y", feedback="y")
    inputs, gain, w_t = np.array([0.1, -0.04]), OPAMP.open_loop_gain, OPAMP.unity_gain_frequency
    (reading,) = readings(job(circuit, inputs, 400e-9), TOLERANCE)
    signs, pole = -np.sign(inputs), 1 / 3 + 1 / gain
    final = -(2 / 3 * inputs + signs * LEVEL / gain) / pole
    assert_close(reading.final, final, absolute=5e-9)
    waits = -gain / w_t * np.log(1 - LEVEL / (gain * 2 / 3 * np.abs(inputs)))
    bands = TOLERANCE * np.abs(final).max() / np.abs(final)
    assert_within(reading.settling_time, (waits - np.log(bands) / (w_t * pole)).max(), 1e-5)
    assert reading.overshoot < 1e-6


def test_it_holds_zero_exactly():
    """Inputs that leave the op-amp within the dead zone: the output is 0, not nearly 0, at every time."""
    circuit = amplifier(Limiter("dead", "c", "y", "dead-zone", 0.5), outputs="y")
    (reading,) = readings(job(circuit, [0.03, -0.06], 400e-9), TOLERANCE)
    assert reading.steady and not reading.response.outputs.any()


def test_the_rest_is_that_of_the_end():
    """In a loop with a clip that feeds back and a dead zone that is read, both engines' ends are this rest."""
    clip, dead = Limiter("clip", "c", "z", "clip", 0.15), Limiter("dead", "c", "y", "dead-zone", LEVEL)
    circuit, engine = amplifier(clip, dead, outputs="y", feedback="z"), ExactEngine()
    one = job(circuit, [0.03, 0.06], 2e-6)
    (reading,) = readings(one, TOLERANCE)
    assert_close(reading.final, engine.rest(engine.init(circuit), one.drive.levels)[:, 0], absolute=1e-9)
    gain = OPAMP.open_loop_gain
    assert_close(reading.final, -0.06 / (1 + 3 / gain) * np.array([1.0, 2.0]) + LEVEL, absolute=1e-9)


@pytest.mark.parametrize("seed", [6, 7])
def test_random_recoveries_are_ngspices(seed):
    """Waveforms, settling times and energies within the bounds of the exact engine."""
    found = Differences()
    compare(seed, found, 4, sparse=True)
    assert max(found.waveform) < WAVEFORM
    assert max(found.settling) < 1e-3
    assert max(found.energy) < 1e-3


def test_buffers_behind_limiters_are_refused():
    """In one line that names them."""
    parts = (Limiter("lim", "c", "y", "clip", LEVEL), Buffers("buffer", "y", "z"))
    with pytest.raises(ParameterError, match="buffers behind limiters"):
        ExactEngine().init(amplifier(*parts, outputs="z"))
