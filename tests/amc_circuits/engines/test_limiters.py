"""Limiters and kicks, mostly in ngspice: against their law, SciPy's solution at rest, and the growing pole."""

import numpy as np
import pytest
from scipy.optimize import fsolve

from amc_circuits.engines import ExactEngine, Job, NgspiceEngine
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.results.observation import observe, saved_vectors
from netlists import (
    GROUND,
    Array,
    Circuit,
    Conductors,
    Kick,
    Limiter,
    OpAmps,
    ParameterError,
    SinglePoleOpAmp,
    Source,
    StepTrain,
    Transient,
    preset,
)
from netlists.sources import source_corners, source_voltage
from tests.comparators import assert_close, assert_within
from tests.runs import readings, waveforms

UNIT, GAIN = 1e-4, 1e4
OPAMP = SinglePoleOpAmp(open_loop_gain=GAIN)
LEVEL = 0.05
LEAK = 1.0 * UNIT
FEATURES = np.random.default_rng(5).uniform(0.1, 1, (5, 3))


def _job(circuit, levels, slot_time, max_step) -> Job:
    drive = StepTrain(levels=levels, slot_time=slot_time, rise_time=1e-9)
    saved = saved_vectors(circuit)
    return Job(circuit, drive, Transient(stop_time=drive.stop_time, max_step=max_step, saved=saved))


def _limited(type, opamp=OPAMP) -> Circuit:
    """An inverting amplifier of gain 1, then a limiter, then a resistor to ground."""
    parts = (
        Conductors("in", "in", "v", UNIT, account="inputs"),
        Conductors("f", "v", "c", UNIT),
        OpAmps("amp", "v", "c", opamp),
        Limiter("lim", "c", "y", type, LEVEL),
        Conductors("load", "y", GROUND, UNIT, account="loads"),
    )
    return Circuit("limited", dict.fromkeys(("in", "v", "c", "y"), 3), parts, (Source("in"),), "y")


@pytest.mark.parametrize("type", ["clip", "dead-zone"])
def test_a_limiter_follows_its_law(type):
    """At every time its output is its law of its input, within ngspice's tolerance."""
    job = _job(_limited(type), np.array([[0.03, -0.2], [0.1, 0.04], [-0.15, 0.05]]), 200e-9, 1e-9)
    waves = waveforms(job)
    before, after = (waves.voltages(job.circuit.nodes(group)) for group in ("c", "y"))
    assert_close(after, job.circuit.part("lim").law(before), absolute=1e-6)


def test_it_loads_no_op_amp_and_pays_what_it_delivers():
    """The op-amp delivers its feedback current alone; joules in the load come from the limiters' account."""
    job = _job(_limited("clip", preset("cmos-100meg")), np.array([[0.03], [0.1], [-0.15]]), 400e-9, 1e-9)
    waves = waveforms(job)
    seen = observe(job.circuit, waves, job.drive)
    volts = {group: waves.voltages(job.circuit.nodes(group)) for group in ("v", "c", "y")}
    assert_close(seen.output_current, UNIT * (volts["c"] - volts["v"]), absolute=1e-12)
    loads = UNIT * (volts["y"] ** 2).sum(axis=1)
    assert_close(seen.dissipated["loads"], loads, absolute=1e-9 * loads.max())
    assert_close(seen.dissipated["limiters"], -loads, absolute=1e-9 * loads.max())
    supplied = preset("cmos-100meg").supply_voltage * (waves.current("vss") - waves.current("vdd"))
    driven = UNIT * (job.drive.levels[:, 0] * (job.drive.levels[:, 0] - volts["v"][-1])).sum()
    assert_within(seen.delivered_power[-1], supplied[-1] + driven, 1e-9)


def _sparse() -> Circuit:
    """Least squares with a penalty (LCA): column op-amps drive the array through dead zones, clips leak."""
    rows, columns = FEATURES.shape
    sums = FEATURES.sum(axis=0) * UNIT
    parts = (
        Conductors("in", "in", "v", UNIT, account="inputs"),
        Conductors("f", "u", "v", 4 * UNIT),
        Array("first", "v", "x", FEATURES * UNIT),
        OpAmps("row", "v", "u", OPAMP),
        Array("second", "s", "u", FEATURES.T * UNIT),
        Conductors("leak", "z", "m", LEAK),
        Conductors("balance", "m", GROUND, sums - LEAK),
        OpAmps("column", "m", "q", OPAMP, noninverting="s"),
        Limiter("dead", "q", "x", "dead-zone", LEVEL),
        Limiter("clip", "q", "z", "clip", LEVEL),
    )
    groups = {"in": rows, "v": rows, "u": rows} | dict.fromkeys("xzsmq", columns)
    return Circuit("sparse", groups, parts, (Source("in", -1.0),), "x")


def _at_rest(right):
    """Kirchhoff's laws and the op-amps' and limiters' laws, solved by SciPy for q."""
    sums, leak = FEATURES.sum(axis=0), LEAK / UNIT

    def missing(q):
        z = np.clip(q, -LEVEL, LEVEL)
        v = (FEATURES @ (q - z) - right) / (FEATURES.sum(axis=1) + 1 + 4 * (1 + GAIN))
        s, m = -GAIN * (FEATURES.T @ v) / sums, leak * z / sums
        return q / GAIN - (s - m)

    found, _, flag, message = fsolve(missing, np.full(FEATURES.shape[1], 0.1), full_output=True, xtol=1e-12)
    assert flag == 1, message
    return found - np.clip(found, -LEVEL, LEVEL)


@pytest.mark.parametrize("engine", [NgspiceEngine(), ExactEngine()], ids=lambda engine: engine.name)
def test_sparse_least_squares_rests_where_scipy_says(engine):
    """With dead zones some answers are exactly zero and the others are those of the laws, within 1e-4."""
    right = FEATURES @ np.array([0.3, 0.0, 0.2])
    wanted = _at_rest(right)
    (reading,) = readings(_job(_sparse(), right[:, None], 10e-6, 10e-9), 0.01, engine)
    assert 0 < np.count_nonzero(wanted) < len(wanted)
    assert_close(reading.final, wanted, absolute=1e-4 * np.abs(wanted).max())
    assert set(reading.energy) == {"inputs", "array", "limiters", "amplifiers"}


SYMMETRIC = np.array([[1.0, 0.5], [0.5, 0.6]])
SUM = 3.0


def _growing(kick) -> Circuit:
    """`dc/dt = w_T ((A - lambda)/S - 1/A0) c`, kicked through a tenth of a unit."""
    values = np.linalg.eigvalsh(SYMMETRIC)
    shift = 0.8 * values[-1] + 0.2 * values[0]
    parts = (
        Array("p", "p", "c", SYMMETRIC * UNIT),
        Conductors("kick", "k", "p", 0.1 * UNIT),
        Conductors("equal", "p", GROUND, (SUM - 0.1 - SYMMETRIC.sum(axis=1)) * UNIT),
        Conductors("shift", "c", "m", shift * UNIT),
        Conductors("other", "m", GROUND, (SUM - shift) * UNIT),
        OpAmps("amp", "m", "c", OPAMP, noninverting="p"),
    )
    groups = dict.fromkeys(("k", "p", "m", "c"), 2)
    return Circuit("eigenvector", groups, parts, (Source("k", kick=kick),), "c")


def test_a_kick_starts_what_has_no_input():
    """With inputs at 0 V outputs stay; after a pulse they grow with the growing pole along the top eigenvector."""
    values, vectors = np.linalg.eigh(SYMMETRIC)
    shift = 0.8 * values[-1] + 0.2 * values[0]
    rate = OPAMP.unity_gain_frequency * ((values[-1] - shift) / SUM - 1 / GAIN)
    kick = Kick(volts=np.array([10e-3, 5e-3]), duration=5e-9)
    job = _job(_growing(kick), np.zeros((2, 1)), 100e-9, 0.1e-9)
    assert_within(linear_circuit(job.circuit).growth_rate, rate, 1e-9)
    waves = waveforms(job)
    at = np.searchsorted(waves.time, [60e-9, 100e-9 * (1 - 1e-9)])
    early, late = waves.voltages(job.circuit.nodes("c"))[at]
    spent = float(np.diff(waves.time[at])[0])
    assert_within(np.linalg.norm(late) / np.linalg.norm(early), np.exp(rate * spent), 0.01)
    assert abs(late @ vectors[:, -1]) / np.linalg.norm(late) > 1 - 1e-3
    still = waveforms(_job(_growing(None), np.zeros((2, 1)), 100e-9, 0.1e-9))
    assert not still.voltages(job.circuit.nodes("c")).any()


def test_every_right_hand_side_has_its_kick():
    """The pulse adds to what the source is held at, from each beginning on."""
    source = Source("in", kick=Kick(volts=0.2, duration=10e-9))
    drive = StepTrain(levels=np.array([[0.1, -0.3]]), slot_time=50e-9, rise_time=1e-9)
    times = np.array([5e-9, 20e-9, 55e-9, 70e-9])
    assert_close(source_voltage(drive, source, times)[:, 0], [0.3, 0.1, -0.1, -0.3], absolute=1e-12)
    with pytest.raises(ParameterError, match="kick"):
        source_corners(drive, Source("in", kick=Kick(volts=0.2, duration=60e-9)))


def test_the_exact_engine_refuses_kicks_without_limits():
    """Op-amps of a single pole have none, so that nothing ends what a pulse starts."""
    with pytest.raises(ParameterError, match="kicks"):
        ExactEngine().init(_growing(Kick(0.1, 1e-9)))
