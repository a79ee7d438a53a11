"""Common mode of op-amps: a finite CMRR by closed forms and Kirchhoff in both engines, and a range that is named.

The law is that of any textbook: `v_out = A_dm v_dm + A_cm v_cm`, v_dm the difference of the inputs, v_cm their mean,
`CMRR = A_dm/A_cm`. So the gain stage sees `(1 + h) v_inp - (1 - h) v_inn` with `h = 1/(2 CMRR)`.
"""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from amc_circuits import Status
from amc_circuits.engines import NgspiceEngine
from amc_circuits.engines.ngspice.noise import simulated_sigma
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.linear.noise import noise
from amc_circuits.linear.static import ALL_EFFECTS, Effects, StaticCircuit
from amc_circuits.results.observation import of_opamps
from amc_circuits.results.readings import AmplifierState
from amc_circuits.solvers.at_rest import at_rest
from netlists import GROUND, Circuit, Conductors, OpAmps, SinglePoleOpAmp, Source, preset
from tests.circuits import SAMPLES
from tests.comparators import assert_close, assert_within
from tests.runs import waveforms

GINV = next(sample for sample in SAMPLES if sample.name == "ginv")
POLE = SinglePoleOpAmp(open_loop_gain=2e4, gbwp=100e6, input_noise=5e-9)
MACRO = preset("cmos-100meg").replace(input_noise=5e-9)
OPAMPS = {"single-pole": POLE, "macro": MACRO}
every_opamp = pytest.mark.parametrize("opamp", OPAMPS)


def follower(record, offset=0.0):
    """An op-amp whose output is its inverting input."""
    part = OpAmps("amp", "out", "out", record, noninverting="in", offset=np.array([offset]) if offset else None)
    return Circuit("follower", {"in": 1, "out": 1}, (part,), (Source("in"),), "out")


def rests(circuit, levels):
    """Outputs at rest by the equations, by the nodal solve of the budget and by ngspice, shape (N,) each, V."""
    engine, inputs = NgspiceEngine(), np.asarray(levels)[:, None]
    yield linear_circuit(circuit).steady(circuit.outputs, inputs)[:, 0]
    yield StaticCircuit(circuit, [], ALL_EFFECTS).outputs(inputs)[:, 0]
    yield engine.rest(engine.init(circuit), inputs)[:, 0]


@every_opamp
@pytest.mark.parametrize("cmrr", [1e3, 5.0])
@pytest.mark.parametrize("offset", [0.0, 20e-3])
def test_a_follower_follows_by_its_cmrr(opamp, cmrr, offset):
    """From `c = A ((1 + h)(v + o) - (1 - h) c)`: at infinite gain (1 + h)/(1 - h), about 1 + 1/CMRR."""
    record, h = OPAMPS[opamp].replace(cmrr=cmrr), 0.5 / cmrr
    gain = record.open_loop_gain
    wanted = gain * (1 + h) / (1 + gain * (1 - h)) * (0.1 + offset)
    for found in rests(follower(record, offset), [0.1]):
        assert_within(found[0], wanted, 1e-6)
    if cmrr == 1e3:
        assert_within(wanted / (0.1 + offset), 1 + 1 / cmrr, 1e-4)
    ideal = StaticCircuit(follower(record), [], Effects()).outputs(np.array([[0.1]]))
    assert_within(ideal[0, 0], 0.1, 1e-12)


def test_a_follower_is_slower_by_its_cmrr():
    """Its pole is `w_T (1 - h + 1/A0)`."""
    record = POLE.replace(cmrr=5.0)
    pole = linear_circuit(follower(record)).poles[0]
    assert_within(-pole.real, record.unity_gain_frequency * (1 - 0.1 + 1 / record.open_loop_gain), 1e-12)


@pytest.mark.parametrize(("minus", "wanted"), [(0.1, "common"), (-0.1, "both")])
def test_a_difference_stage_passes_the_common_mode(minus, wanted):
    """Four matched resistors, `r = R2/R1`: with `v_inp = k v+`, `v_inn = k v- + (1 - k) c`, `k = r/(1 + r)`.

    A voltage at both inputs is amplified by `r/CMRR` (over 1 - h), the textbook's common-mode gain; a difference by r.
    """
    r, cmrr = 10.0, 1e3
    h = 0.5 / cmrr
    record = SinglePoleOpAmp(open_loop_gain=1e12, cmrr=cmrr)
    parts = (
        Conductors("ra", "a", "p", 1e-4),
        Conductors("rb", "p", GROUND, 1e-4 / r),
        Conductors("rc", "b", "n", 1e-4),
        Conductors("rd", "n", "out", 1e-4 / r),
        OpAmps("amp", "n", "out", record, noninverting="p"),
    )
    sources = (Source("a", slice(0, 1)), Source("b", slice(1, 2)))
    circuit = Circuit("difference", dict.fromkeys(("a", "b", "p", "n", "out"), 1), parts, sources, "out")
    common, difference = (0.1 + minus) / 2, 0.1 - minus
    closed = (r * (difference + common / cmrr)) / (1 - h)
    for found in rests(circuit, [0.1, minus]):
        assert_within(found[0], closed, 1e-6)
    if wanted == "common":
        assert_within(closed / common, r / cmrr, 1e-3)


@every_opamp
@pytest.mark.parametrize("cmrr", [1e3, 2.5])
@pytest.mark.parametrize("segment", [0.0, 20.0])
def test_ginv_rests_where_kirchhoff_says(opamp, cmrr, segment):
    """Outputs are those of a nodal solve by hand whose amplifiers have the CMRR, and not those without it."""
    record = OPAMPS[opamp].replace(cmrr=cmrr, open_loop_gain=100.0)
    circuit = GINV.program(opamp=record, wire_resistance=segment)
    levels = circuit.input_levels(circuit.system.columns(GINV.vector[:, None]))[0]
    wanted = GINV.at_rest(circuit.design, levels[:, 0]).group("x", 3)
    assert_close(circuit.linear.steady("x", levels)[:, 0], wanted, absolute=1e-9 * np.abs(wanted).max())
    plain = GINV.at_rest(circuit.design.replace(opamp=record.replace(cmrr=None)), levels[:, 0]).group("x", 3)
    assert np.abs(plain - wanted).max() > 1e-6 * np.abs(wanted).max()


@every_opamp
@pytest.mark.parametrize("cmrr", [1e3, 5.0])
def test_both_engines_agree(opamp, cmrr):
    """Answer within 1e-4, settling time and energy as without a CMRR."""
    fields = {"opamp": OPAMPS[opamp].replace(cmrr=cmrr), "input_voltage": 0.02, "offset_spread": 1e-3}
    exact, simulated = (
        GINV.program(engine=engine, **fields).solve(GINV.vector) for engine in ("exact", "ngspice")
    )
    assert simulated.status is exact.status is Status.SETTLED
    assert_close(simulated.value, exact.value, absolute=1e-4 * np.abs(exact.value).max())
    assert_within(simulated.settling_time, exact.settling_time, 0.02)
    assert_within(simulated.energy.accounts["array"], exact.energy.accounts["array"], 0.03)


@every_opamp
def test_noise_is_ngspices(opamp):
    """Noise at the non-inverting input has its weight, `1 + h`."""
    circuit = follower(OPAMPS[opamp].replace(cmrr=2.0))
    found = noise(circuit)
    assert_within(simulated_sigma(circuit, 0, found.bandwidth), found.sigma[0], 5e-4)


def test_what_a_cmrr_lets_through_is_no_limit():
    """A follower at rest, by the closed form, somewhere else than was expected: no amplifier is held by a limit."""
    circuit, h = follower(MACRO.replace(cmrr=5.0), offset=20e-3), 0.1
    output = MACRO.open_loop_gain * (1 + h) / (1 + MACRO.open_loop_gain * (1 - h)) * 0.12
    driven, outputs = of_opamps(circuit, {"in": np.array([0.1]), "out": np.array([output])})
    assert_within(driven[0], output / MACRO.open_loop_gain - (1 + h) * 20e-3, 1e-9)
    state = AmplifierState(driven, outputs, np.zeros(1), None)
    judged = at_rest(circuit, SimpleNamespace(final=outputs, amplifiers=state), 1.05 * outputs, 0.01)
    assert judged.distance > 0.01 and judged.held == ""


def test_an_offset_at_rest_does_not_slew():
    """With its weight `1 + h`, too, it is what the gain makes of the output: nothing is asked of the slew rate."""
    record = MACRO.replace(cmrr=2.0, slew_rate=3e5)
    circuit = GINV.program(opamp=record, offset_spread=5e-3, input_voltage=1e-4, engine="exact")
    assert circuit.solve(GINV.vector).status is Status.SETTLED


@pytest.fixture(scope="module", params=OPAMPS)
def passed(request):
    """An op-amp, and the largest common mode in GINV that ngspice finds for it, V, with the amplifier's name."""
    record = OPAMPS[request.param]
    circuit = GINV.program(opamp=record, input_voltage=0.1)
    job = circuit.job(circuit.question(GINV.vector).columns)
    rows, columns = circuit.circuit.nodes("r"), circuit.circuit.nodes("t")
    names = tuple(dict.fromkeys((*job.analysis.saved, *(f"v({node})" for node in (*rows, *columns)))))
    waves = waveforms(replace(job, analysis=job.analysis.replace(saved=names)))
    peaks = np.abs(waves.voltages([*rows, *columns])).max(axis=0) / 2
    worst = int(peaks.argmax())
    name = f"row amplifier {worst + 1}" if worst < len(rows) else f"column amplifier {worst + 1 - len(rows)}"
    return record, float(peaks[worst]), name


@pytest.mark.parametrize("engine", ["ngspice", "exact", "auto"])
def test_a_common_mode_beyond_its_range_is_named(passed, engine):
    """With the amplifier that passes it by most, though the answer is the same; `auto` hands over to ngspice."""
    record, peak, name = passed
    inside, beyond = (
        GINV.program(opamp=record.replace(common_mode_range=part * peak), engine=engine).solve(GINV.vector)
        for part in (1.05, 0.9)
    )
    assert inside.status is Status.SETTLED, inside.message
    assert_close(beyond.value, inside.value, absolute=1e-4)
    if engine == "exact":
        assert beyond.status is Status.NONLINEAR
        assert f"{name} is asked for 1.1" in beyond.message and "times its common-mode range" in beyond.message
    else:
        assert beyond.status is Status.SATURATED and beyond.engines == ("ngspice",)
        assert re.search(rf"{name} has a common mode of [\d.]+ mV beyond its range of [\d.]+ mV", beyond.message)


def test_a_limit_that_holds_an_output_comes_first():
    """The swing is named if an op-amp passes both its swing and its common-mode range."""
    record = MACRO.replace(output_swing=0.02, common_mode_range=1e-3)
    solution = GINV.program(opamp=record, engine="ngspice", fixed_scale=True).solve(GINV.vector)
    assert solution.status is Status.SATURATED and "is held at" in solution.message
