"""Limits of op-amps, against the formulas of their subcircuit in plain Python."""

import math

import numpy as np
import pytest

from amc_circuits import InvCircuit, Status
from amc_circuits.engines.exact.nonlinear.far_limits import quick_tanh
from amc_circuits.engines.exact.nonlinear.laws import Laws
from amc_circuits.engines.exact.stack.laws import StackedLaws
from netlists import Circuit, Conductors, OpAmps, SinglePoleOpAmp, Source, preset
from tests.cases import spd_matrix
from tests.comparators import assert_close

NAMES = ("cmos-100meg", "cmos-1g", "ad823", "opa690")


def laws_of(*records) -> Laws:
    """Limits of a chain of inverting stages, one a record."""
    letters = "abcdefgh"[: len(records)]
    ends = ["in", *("out" + letter for letter in letters)]
    parts = []
    for letter, before, after, record in zip(letters, ends[:-1], ends[1:], records, strict=True):
        parts += [
            Conductors("i" + letter, before, "v" + letter, 1e-4),
            Conductors("f" + letter, "v" + letter, after, 1e-4),
            OpAmps("amp" + letter, "v" + letter, after, record),
        ]
    groups = dict.fromkeys([*ends, *("v" + letter for letter in letters)], 1)
    return Laws.of(Circuit("chain", groups, tuple(parts), (Source("in"),), ends[-1]))


def clamp(volts: float, swing: float) -> float:
    """Clamp current in slew rates, as the subcircuit has it: 10 mV an e-fold, a straight line beyond e^5."""
    beyond = (abs(volts) - swing) / 10e-3
    held = math.exp(beyond) if beyond <= 5 else math.exp(5) * (beyond - 4)
    return math.copysign(held - math.exp(-swing / 10e-3), volts)


def test_records_stand_in_the_order_of_the_circuit():
    """One row an op-amp; an op-amp without limits has none."""
    laws = laws_of(preset("ad823"), SinglePoleOpAmp(), preset("cmos-1g"))
    assert laws.count == 2
    assert_close(laws.slew_rate[:, 0, 0], [22e6, 1100e6])
    inv = Laws.of(InvCircuit.program(np.eye(3), engine="exact").circuit)
    assert inv.count == 6  # three amplifiers, three inverters


@pytest.mark.parametrize("name", NAMES)
def test_values(name):
    """Slew rate, output current and clamp, each less its linear part."""
    record, laws = preset(name), laws_of(preset(name))
    rate, swing = 2 * math.pi * record.gbwp, record.output_swing
    for volts in np.concatenate([-np.geomspace(3.0, 1e-9, 25), [0.0], np.geomspace(1e-9, 3.0, 25)]):
        drive, drop = np.array([[[rate * volts]]]), np.array([[[volts]]])
        wanted = record.slew_rate * math.tanh(rate * volts / record.slew_rate) - rate * volts
        assert_close(laws.stage(drive)[0], [[[wanted]]], absolute=1e-15 * (rate * abs(volts)))
        most = record.output_resistance * record.output_current_limit
        whole = record.output_current_limit * math.tanh(volts / most)
        assert_close(laws.output(drop)[0], [[[whole - volts / record.output_resistance]]], absolute=1e-15 * abs(volts))
        assert_close(laws.delivered(drop), [[[whole]]], absolute=4e-16 * record.output_current_limit)
    for volts in np.concatenate([np.linspace(0.5, 1.1, 61) * swing, swing + np.linspace(0, 0.2, 41)]):
        for sign in (1.0, -1.0):
            wanted = -record.slew_rate * clamp(sign * volts, swing)
            assert_close(laws.clamp(np.array([[[sign * volts]]]))[0], [[[wanted]]], relative=1e-12)
    assert laws.clamp(np.zeros((1, 1, 1)))[0] == 0


@pytest.mark.parametrize("name", NAMES)
def test_slopes_are_those_of_the_values(name):
    """Central differences, on all limits and on both sides."""
    record, laws = preset(name), laws_of(preset(name))
    swing, most = record.output_swing, record.output_resistance * record.output_current_limit
    knee = swing + 0.05
    stages = np.linspace(swing - 0.06, swing + 0.08, 36)
    # Not across the bend at which the straight line begins: its second derivative jumps.
    stages = stages[np.abs(stages - knee) > 1e-4]
    cases = (
        (laws.stage, np.linspace(-3, 3, 31) * record.slew_rate, 1e-5 * record.slew_rate, 1.0),
        (laws.output, np.linspace(-3, 3, 31) * most, 1e-5 * most, 1 / record.output_resistance),
        (laws.clamp, np.concatenate([-stages, stages]), 1e-7, None),
    )
    for law, points, apart, size in cases:
        values = np.asarray(points)[None, :, None]
        difference = (law(values + apart)[0] - law(values - apart)[0]) / (2 * apart)
        slope = law(values)[1]
        assert_close(difference, slope, relative=1e-6, absolute=1e-8 * (size or np.abs(slope).max()))


def test_a_clamp_far_below_the_swing_is_left_out():
    """It is e^-25 of the slew rate at most up to `no_clamp`, and `least_clamp` there."""
    laws = laws_of(preset("cmos-100meg"))
    at = np.array([[[0.9 - 25.01 * 10e-3]]])
    assert at < laws.no_clamp < at + 2e-4
    assert_close(laws.clamp(laws.no_clamp)[0], -laws.least_clamp, relative=1e-9)
    assert abs(laws.clamp(at)[0][0, 0, 0]) < 1.5e-11 * 110e6


def test_tanh_is_numpys_however_far_the_limits_are():
    """To the rounding error of 1, without overflow: a slow op-amp is driven at thousands of times its slew rate."""
    x = np.concatenate([-np.geomspace(1e-9, 1e6, 200), [0.0], np.geomspace(1e-9, 1e6, 200)])
    with np.errstate(all="raise", under="ignore"):
        found = quick_tanh(x, out=np.empty_like(x))
    np.testing.assert_allclose(found, np.tanh(x), rtol=0, atol=4e-16)


@pytest.mark.parametrize("slew_rate", [1e12, 1e15, 1e18])
def test_a_slew_rate_without_effect(slew_rate):
    """However far it is: rounding errors of the limit, some V of a drive, are none of the response."""
    opamp = preset("cmos-100meg").replace(gbwp=1e4, output_current_limit=4e-6)
    found = [
        InvCircuit.program(
            spd_matrix(3, 3, 1),
            opamp=opamp.replace(slew_rate=one),
            engine="exact",
            fixed_scale=True,
            input_voltage=0.01,
        ).solve([1.0, 0.5, -0.7])
        for one in (1e10, slew_rate)
    ]
    assert_close(found[1].settling_time, found[0].settling_time, relative=1e-6)
    assert_close(found[1].energy.total, found[0].energy.total, relative=1e-6)


def test_far_limits_of_some_of_many_circuits():
    """What a circuit adds has the same bits in company, whichever of its neighbours have far limits."""
    near, far = (laws_of(preset("cmos-100meg").replace(slew_rate=one)) for one in (110e6, 1e18))
    count = near.count
    voltages = np.random.default_rng(0).uniform(-0.1, 0.1, (3, 4, 3 * count)) * np.repeat([1e8, 1, 1], count)
    own = np.full((3, 4, 2 * count), -0.5)
    whole = StackedLaws.of([near, far, near]).added(voltages, own)[0]
    for k, laws in enumerate((near, far, near)):
        alone = StackedLaws.of([laws]).added(voltages[k : k + 1], own[k : k + 1])[0]
        np.testing.assert_array_equal(whole[k : k + 1], alone)
        wanted = laws.stage(voltages[k, :, :count].T[..., None])[0][..., 0].T
        assert_close(whole[k, :, :count], wanted, absolute=1e-15 * min(float(laws.slew_rate.max()), 1e9))


@pytest.mark.parametrize("slew_rate", [1e15, 1e18])
def test_clamps_of_a_slew_rate_without_effect(slew_rate):
    """They hold a stage below its swing by `ln(SR/drive)` times 10 mV: at rest `SR exp((x - swing)/10 mV) = w_T d`.

    d is the input by which `x = A0 (d - clamp)`, which a negative feedback of equal conductances leaves to be half of
    input and output.
    """
    opamp = preset("cmos-1g").replace(slew_rate=slew_rate)
    circuit = InvCircuit.program([[1.0]], opamp=opamp, engine="exact", input_voltage=0.8, fixed_scale=True)
    solution = circuit.solve([1.0])
    out, w_t = float(solution.responses[0].outputs[-1, 0]), opamp.unity_gain_frequency
    stage = out + opamp.output_resistance * (out - 0.8) / 2 * circuit.mapping.positive[0, 0]
    driven = -w_t * (0.8 + out) / 2 - w_t / opamp.open_loop_gain * stage
    held = slew_rate * np.exp((abs(stage) - opamp.output_swing) / 10e-3)
    assert solution.status is Status.SATURATED
    assert_close(10e-3 * np.log(held / abs(driven)), 0.0, absolute=1e-4)
