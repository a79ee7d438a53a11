"""Converters: what quantisation does, what it costs, and what is refused."""

import numpy as np
import pytest

from amc_circuits.results.converters import CONVERTER_KINDS, Converters, lsb, quantise
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.mvm import MvmCircuit
from netlists import ParameterError
from tests.cases import spd_matrix

RANGE = 0.7
BITS = [2, 3, 8, 12]


def drawn(seed=0, shape=(50, 40)):
    """Voltages within the range, both ends among them."""
    values = np.random.default_rng(seed).uniform(-RANGE, RANGE, shape)
    values[0, :2] = RANGE, -RANGE
    return values


@pytest.mark.parametrize("bits", BITS)
def test_error_is_at_most_half_a_step(bits):
    """Within the range no level is further away than half an LSB, and an error of nearly that much occurs."""
    error = np.abs(quantise(drawn(), bits, RANGE) - drawn()) / lsb(bits, RANGE)
    assert 0.49 < error.max() <= 0.5 + 1e-9


@pytest.mark.parametrize("bits", BITS)
def test_levels_are_evenly_spaced_with_zero_and_both_ends_exact(bits):
    """There are 2^bits - 1 levels, symmetric, LSB apart; 0, +range and -range are among them exactly."""
    levels = np.unique(quantise(np.linspace(-RANGE, RANGE, 100_001), bits, RANGE))
    assert len(levels) == 2**bits - 1
    assert (levels[0], levels[len(levels) // 2], levels[-1]) == (-RANGE, 0.0, RANGE)
    np.testing.assert_allclose(np.diff(levels), lsb(bits, RANGE), rtol=1e-9)


@pytest.mark.parametrize("bits", BITS)
def test_quantising_twice_changes_nothing(bits):
    """A level is its own nearest level, bit for bit."""
    once = quantise(drawn(), bits, RANGE)
    np.testing.assert_array_equal(quantise(once, bits, RANGE), once)


@pytest.mark.parametrize("bits", BITS)
def test_odd_symmetry(bits):
    """The opposite voltage gives the opposite level, half-way values included."""
    halves = (np.arange(-3, 4) + 0.5) * lsb(bits, RANGE)
    values = np.concatenate([drawn().ravel(), halves, 10 * halves])
    np.testing.assert_array_equal(quantise(-values, bits, RANGE), -quantise(values, bits, RANGE))


def test_many_bits_leave_the_voltage():
    """The error falls to rounding as the number of bits grows."""
    np.testing.assert_allclose(quantise(drawn(), 50, RANGE), drawn(), rtol=0, atol=1e-14)


def test_no_converter_is_the_identity():
    """Without bits voltages come back bit for bit, nothing is clipped and nothing costs anything."""
    none = Converters(adc_share=4)
    wild = 1e3 * drawn()
    np.testing.assert_array_equal(none.inputs(wild, RANGE), wild)
    read, clipped = none.outputs(wild, RANGE)
    np.testing.assert_array_equal(read, wild)
    assert clipped.shape == (40,) and not clipped.any()
    assert none.dac_cost(8) == none.adc_cost(8) == (0.0, 0.0)


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_signal_to_noise_ratio_of_a_sine(bits):
    """A sine of full scale keeps 6.02 bits + 1.76 dB."""
    sine = RANGE * np.sin(2 * np.pi * (np.sqrt(2) - 1) * np.arange(200_000))
    noise = quantise(sine, bits, RANGE) - sine
    assert 20 * np.log10(sine.std() / noise.std()) == pytest.approx(6.02 * bits + 1.76, abs=0.1)


def test_clipping_is_reported_by_column():
    """Beyond the range the outermost level is read; a column counts as clipped past half an LSB."""
    step = lsb(4, RANGE)
    final = np.array([[0.1, RANGE + 0.49 * step, 0.0, 0.2], [RANGE, 0.0, -RANGE - 0.51 * step, 5.0]])
    read, clipped = Converters(adc_bits=4).outputs(final, RANGE)
    assert clipped.tolist() == [False, False, True, True]
    assert (read[0, 1], read[1, 2], read[1, 3]) == (RANGE, -RANGE, RANGE)


def test_range_is_what_no_output_passes():
    """0.8 of the swing for INV, the input full scale for MVM; what was asked for goes before."""
    inv, mvm = (kind.program(np.eye(2)).natural_range for kind in (InvCircuit, MvmCircuit))
    converters = Converters(adc_bits=8)
    assert converters.output_range(inv) == pytest.approx(0.8 * 0.9)
    assert converters.output_range(mvm) == pytest.approx(0.1)
    asked = Converters(adc_bits=8, adc_range=0.25)
    assert asked.output_range(inv) == asked.output_range(mvm) == 0.25


def test_an_op_amp_without_swing_needs_a_range():
    """INV with single-pole op-amps has no natural range: an ADC there is refused without one, no ADC is not."""
    natural = InvCircuit.program(np.eye(2), opamp="single-pole").natural_range
    with pytest.raises(ParameterError, match="adc_range: got nothing"):
        Converters(adc_bits=8).output_range(natural)
    assert Converters().output_range(natural) == np.inf
    assert Converters(adc_bits=8, adc_range=1.0).output_range(natural) == 1.0


@pytest.mark.parametrize(
    ("kind", "bits", "picojoule", "nanosecond"),
    [("sar", 4, 0.13, 5), ("sar", 8, 0.31, 9), ("isaac", 8, 1.56, 100 / 128), ("dac", 8, 0.291, 1)],
)
def test_conversions_cost_what_the_sources_say(kind, bits, picojoule, nanosecond):
    """NeuroSim's SAR at 4 and 8 bits, ISAAC's ADC (128 lines in 100 ns); the DAC near one measured in a SAR.

    The last: 8 bits, 0.32 mW at 1.1 GHz, 40 nm (Chen et al., VLSI 2018), which the 50 fF a bit do not come from.
    """
    found = CONVERTER_KINDS[kind]
    assert found.energy(bits) * 1e12 == pytest.approx(picojoule, rel=0.15 if kind == "dac" else 0.025)
    assert found.time(bits) * 1e9 == pytest.approx(nanosecond)


def test_no_kind_is_below_the_thermal_limit():
    """A sampling capacitor whose noise equals that of quantisation takes 3 kT 4^bits: no table goes below."""
    for kind in CONVERTER_KINDS.values():
        for bits in range(kind.bits[0], kind.bits[1] + 1):
            assert kind.energy(bits) > 3 * 1.380649e-23 * 300 * 4**bits


def test_shared_adcs_take_turns():
    """Every output is converted once however ADCs are shared; time is that of the lines of one ADC."""
    single, shared, one = (Converters(adc_bits=8, adc_share=share) for share in (1, 5, 100))
    energy, time = single.adc_cost(16)
    assert energy == 16 * CONVERTER_KINDS["sar"].energy(8)
    assert shared.adc_cost(16) == (energy, pytest.approx(5 * time))
    assert one.adc_cost(16) == (energy, pytest.approx(16 * time))


def test_every_input_has_a_dac():
    """All inputs are set at once."""
    energy, time = Converters(dac_bits=6).dac_cost(16)
    assert energy == pytest.approx(16 * Converters(dac_bits=6).dac_cost(1)[0])
    assert time == Converters(dac_bits=6).dac_cost(1)[1]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"dac_bits": 1}, "dac_bits: got 1; must be from 2 to 12"),
        ({"dac_bits": 13}, "dac_bits: got 13"),
        ({"adc_bits": 0}, "adc_bits: got 0"),
        ({"adc_bits": 7, "adc": "isaac"}, "adc_bits: got 7; must be 8"),
        ({"adc_bits": 7.5}, "adc_bits: got 7.5"),
        ({"adc": "flash"}, "adc: got 'flash'"),
        ({"adc_range": 0.0}, "adc_range: got 0.0"),
        ({"adc_range": np.inf}, "adc_range: got inf"),
        ({"adc_share": 0}, "adc_share: got 0"),
    ],
)
def test_bad_converters_are_refused(fields, words):
    """A parameter that no converter can have is an error that names it."""
    with pytest.raises(ParameterError) as caught:
        Converters(**fields)
    assert words in str(caught.value)


def test_one_more_bit_halves_the_error_of_a_solve():
    """Where quantisation dominates, the median error of x falls by two with each bit, exact arithmetic otherwise."""
    matrix, count = spd_matrix(16, 10, 3), 400
    wanted = np.random.default_rng(5).uniform(-1, 1, (16, count))
    levels = wanted / np.abs(wanted).max(axis=0)
    exact = np.linalg.solve(matrix, levels)
    errors = []
    for bits in range(5, 12):
        converters = Converters(dac_bits=bits, adc_bits=bits)
        outputs = np.linalg.solve(matrix, converters.inputs(levels, 1.0))
        read, clipped = converters.outputs(outputs, 1.1 * np.abs(exact).max())
        assert not clipped.any()
        errors.append(np.median(np.linalg.norm(read - exact, axis=0) / np.linalg.norm(exact, axis=0)))
    np.testing.assert_allclose(np.divide(errors[1:], errors[:-1]), 0.5, rtol=0.05)
