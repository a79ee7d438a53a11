"""Hardware of a circuit: names, overrides, temperature, seeds, converters in a solve, and the cost of all of it."""

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit, Status
from amc_circuits.cells.devices import Device, device_preset
from amc_circuits.linear.noise import noise
from amc_circuits.results.converters import Converters, lsb, quantise
from amc_circuits.solvers.hardware import Hardware
from netlists import ParameterError, preset, spice_circuit
from netlists.opamps.transistor import cmos_100meg
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close, assert_within

SIZE = 4
MATRIX, RIGHT = spd_matrix(SIZE, 5, 2), vector(SIZE, 2)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"gmin": 1e-6}, r"gmin: got 1e-06; there is no such parameter"),
        ({"op_amp": "ad823"}, "op_amp: .*there is no such parameter"),
        ({"opamp": "ad824"}, "opamp: got 'ad824'; must be one of .*ad823"),
        ({"opamp": 3}, "opamp"),
        ({"device": "memristor"}, "device: got 'memristor'; must be one of .*hfo2-wide"),
        ({"device": 3}, "device"),
        ({"g_min": 0.0}, "g_min"),
        ({"g_min": 1e-3}, "g_m"),
        ({"g_max": -1.0}, "g_max"),
        ({"g_max": float("nan")}, "g_max"),
        ({"offset_spread": -1e-3}, "offset_spread: .*at least 0"),
        ({"offset_spread": float("inf")}, "offset_spread"),
        ({"temperature": 0.0}, "temperature: .*at least 1"),
        ({"wire_resistance": -1.0}, "wire_resistance"),
        ({"interconnect": "mesh"}, "interconnect"),
        ({"contacts": "none"}, "contacts"),
        ({"line_model": "pi"}, "line_model"),
        ({"seed": -1}, "seed: got -1; must be a whole number"),
        ({"seed": 2**128}, "seed"),
        ({"seed": 0.5}, "seed"),
        ({"trial": 2**32}, "trial"),
        ({"tolerance": 2.0}, "tolerance"),
        ({"converters": Converters(adc_bits=8), "opamp": "single-pole"}, "adc_range"),
    ],
)
def test_bad_parts_are_refused(fields, words):
    """Unknown names and values that no part has: one error that names the parameter."""
    with pytest.raises(ParameterError, match=words):
        InvCircuit.program(MATRIX, **fields)


def test_names_are_records():
    """A preset's name and its record are the same part."""
    assert Hardware(opamp="ad823", device="hfo2-wide") == Hardware(
        opamp=preset("ad823"), device=device_preset("hfo2-wide")
    )


def test_limits_of_conductance_are_the_device_s_unless_told():
    """`g_min` and `g_max` override the device's, each alone; entry and floor of the array are at them."""
    for fields, low, high in (
        ({}, 5e-6, 200e-6),
        ({"g_max": 50e-6}, 5e-6, 50e-6),
        ({"g_min": 1e-6}, 1e-6, 200e-6),
        ({"g_min": 1e-6, "g_max": 50e-6}, 1e-6, 50e-6),
    ):
        device = device_preset("hfo2-wide").replace(programming_error=0.0)
        cells = InvCircuit.program(MATRIX, device=device, **fields).design.arrays
        assert (np.min(cells), np.max(cells)) == pytest.approx((low, high), rel=1e-12)


NOTHING = {
    "offsets": {"offset_spread": 0.0},
    "programming error": {"device": Device(programming_error=0.0)},
    "scaled away": {"device": Device(programming_error=1e-6, programming_error_scale=0.0)},
    "stuck": {"device": Device(stuck_on=0.0, stuck_off=0.0)},
    "drift": {"device": Device(drift_exponent=0.0, drift_spread=0.0, drift_time=1e6)},
    "no time to drift": {"device": Device(drift_exponent=0.1, drift_spread=0.1, drift_time=1.0)},
    "read noise": {"device": Device(read_noise=0.0)},
    "spread of the limits": {"device": Device(limit_spread=0.0)},
    "another seed": {"seed": 5, "trial": 7},
}


@pytest.mark.parametrize("kind", [InvCircuit, MvmCircuit])
@pytest.mark.parametrize("fields", [pytest.param(fields, id=name) for name, fields in NOTHING.items()])
def test_an_effect_at_zero_changes_no_bit(kind, fields):
    """The design has the hash of one without it."""
    assert kind.program(MATRIX, **fields).design.sha256 == kind.program(MATRIX).design.sha256


@pytest.mark.parametrize(
    "fields",
    [
        {"offset_spread": 1e-3},
        {"device": Device(programming_error=1e-6)},
        {"device": Device(stuck_on=0.5)},
        {"device": Device(drift_exponent=0.1, drift_spread=0.05, drift_time=1e6)},
        {"device": Device(read_noise=0.01)},
        {"device": Device(limit_spread=0.01)},
    ],
)
def test_an_effect_is_the_seed_s_and_the_trial_s(fields):
    """The same seed and trial give the same design; another seed and another trial give others."""
    designs = [
        InvCircuit.program(MATRIX, **fields, seed=seed, trial=trial).design.sha256
        for seed, trial in ((1, 0), (1, 0), (1, 1), (2, 0), (2, 1))
    ]
    assert designs[0] == designs[1]
    assert len(set(designs)) == 4


def test_effects_do_not_disturb_each_other():
    """Offsets are the same with and without programming errors, and the cells with and without offsets."""
    error = Device(programming_error=1e-6)
    both, offsets, cells = (
        InvCircuit.program(MATRIX, seed=1, **fields).design
        for fields in ({"offset_spread": 1e-3, "device": error}, {"offset_spread": 1e-3}, {"device": error})
    )
    assert np.array_equal(both.amplifier_offset, offsets.amplifier_offset)
    assert np.array_equal(both.inverter_offset, offsets.inverter_offset)
    assert np.array_equal(both.conductance_positive, cells.conductance_positive)


def test_temperature_is_that_of_deck_and_noise():
    """The deck has it in degrees Celsius where it is not SPICE's own; thermal noise is proportional to it."""
    fields = {"opamp_temperature_law": "none"}
    cold, hot = (InvCircuit.program(MATRIX, temperature=kelvin, **fields).design for kelvin in (300.15, 375.0))
    assert ".options temp=101.85" in str(spice_circuit(hot.circuit))
    assert "temp=" not in str(spice_circuit(cold.circuit))
    assert_close(noise(hot.circuit).thermal, 375.0 / 300.15 * noise(cold.circuit).thermal, relative=1e-9)


def test_transistors_feel_the_temperature():
    """The quiescent current of the rails rises with it, as the thresholds fall; a macro model's stays."""
    power = {}
    for opamp in (cmos_100meg(), preset("cmos-100meg")):
        for kelvin in (300.15, 375.0):
            fields = {"opamp": opamp, "temperature": kelvin, "opamp_temperature_law": "none"}
            solution = InvCircuit.program(MATRIX, **fields).solve(RIGHT)
            power[opamp.model, kelvin] = solution.energy.total / solution.settling_time
    assert power["subcircuit", 375.0] > 1.05 * power["subcircuit", 300.15]
    assert_within(power["macro", 375.0], power["macro", 300.15], 1e-3)


def bits_error(bits, seed):
    """Relative error of an exact INV with converters of so many bits on both sides."""
    converters = Converters(dac_bits=bits, adc_bits=bits)
    circuit = InvCircuit.program(spd_matrix(SIZE, 5, seed), engine="exact", converters=converters)
    return circuit.solve(vector(SIZE, seed)).relative_error


def test_two_bits_more_are_a_quarter_of_the_error():
    """Over 30 systems, the median error falls by the ratio of the LSBs, (2^(b+1) - 1)/(2^(b-1) - 1), within 25 %."""
    medians = [np.median([bits_error(bits, seed) for seed in range(30)]) for bits in (4, 6, 8)]
    assert_within(medians[0] / medians[1], 31 / 7, 0.25)
    assert_within(medians[1] / medians[2], 127 / 31, 0.25)


def test_a_dac_rounds_the_right_hand_side():
    """A solve behind DACs is that of the rounded vector, as the largest entry is exact."""
    largest = np.abs(RIGHT).max()
    rounded = largest * quantise(RIGHT / largest, 4, 1.0)
    behind = InvCircuit.program(MATRIX, engine="exact", converters=Converters(dac_bits=4)).solve(RIGHT)
    exact = InvCircuit.program(MATRIX, engine="exact").solve(rounded)
    assert np.abs(rounded - RIGHT).max() > 0.01 * largest
    assert_close(behind.value, exact.value, relative=1e-12)


@pytest.mark.parametrize("kind", ["inv", "mvm"])
def test_an_adc_rounds_what_is_read(kind):
    """Values are whole multiples of an LSB, and the nearest to what comes without an ADC."""
    make = InvCircuit if kind == "inv" else MvmCircuit
    plain, read = (
        make.program(MATRIX, engine="exact", converters=converters)
        for converters in (None, Converters(adc_bits=5, adc_range=0.7))
    )
    solutions = [circuit.answer(circuit.question(RIGHT)) for circuit in (plain, read)]
    step = lsb(5, 0.7) * plain.gain / solutions[0].attempts[0][-1].scale
    codes = solutions[1].value / step
    assert_close(codes, np.rint(codes), absolute=1e-9)
    assert np.abs(codes - solutions[0].value / step).max() <= 0.5


def test_an_output_beyond_the_adcs_is_clipped(amc):
    """Its status is CLIPPED and the value the end of the range; the command's exit code is 3 with what to do."""
    converters = Converters(adc_bits=8, adc_range=0.02)
    circuit = InvCircuit.program(MATRIX, engine="exact", converters=converters)
    both = circuit.solve(np.column_stack([RIGHT, RIGHT]))
    assert both.statuses == (Status.CLIPPED, Status.CLIPPED)
    assert not both.usable
    volts = both.value[:, 0] * both.attempts[0][-1].scale / circuit.gain
    assert np.abs(volts).max() == pytest.approx(0.02)
    outcome = amc("inv", "--size", 4, "--adc-bits", 8, "--adc-range", "20m", "--format", "json")
    assert (outcome.code, outcome.json["status"]) == (3, "CLIPPED")
    assert outcome.err.startswith("amc: CLIPPED: ") and "--adc-range" in outcome.err


ABOUT = {"schema_version", "type", "typed", "options", "opamp", "device", "problem"}
"""Keys of every record that describe its problem; tests/amc_circuits/cases/test_schema.py holds them."""


def test_costs_sum_up(amc):
    """`amc cost`: documented keys; energy is DAC, amplifiers, array, inputs, ADC and programming, time likewise."""
    arguments = ("--size", 4, "--dac-bits", 8, "--adc-bits", 8, "--adc-share", 2, "--solves", 10)
    programming = ("--programming-energy", "1n", "--programming-time", "1u", "--format", "json")
    outcome = amc("cost", *arguments, *programming)
    assert (outcome.code, outcome.err) == (0, "")
    printed = outcome.json
    assert [name for name in printed if name not in ABOUT] == [
        *("circuit", "engine", "status", "size", "seed", "relative_error", "dac_bits", "adc_bits", "adc", "adc_share"),
        *("adc_range_v", "solves", "energy_j", "time_s", "digital_energy_j"),
    ]
    energy, time = printed["energy_j"], printed["time_s"]
    assert list(energy) == ["dac", "amplifiers", "array", "inputs", "adc", "programming", "total"]
    assert list(time) == ["dac", "settling", "adc", "programming", "total"]
    for parts in (energy, time):
        assert parts["total"] == pytest.approx(sum(parts.values()) - parts["total"], rel=1e-12)
    assert (energy["programming"], time["programming"]) == pytest.approx((1e-10, 1e-7))
    # SAR: (16.693 + 2.1691 b) uW for (b + 1) ns, four outputs; DAC: 50 fF b (0.9 V)^2, four inputs.
    assert energy["adc"] == pytest.approx(4 * (16.693e-6 + 8 * 2.1691e-6) * 9e-9)
    assert energy["dac"] == pytest.approx(4 * 50e-15 * 8 * 0.81)
    assert (time["dac"], time["adc"]) == pytest.approx((1e-9, 2 * 9e-9))
    solved = amc("inv", "--size", 4, "--dac-bits", 8, "--adc-bits", 8, "--format", "json").json
    assert time["settling"] == pytest.approx(solved["settling_time_s"])
    assert energy["array"] == pytest.approx(solved["energy_j"]["array"])
