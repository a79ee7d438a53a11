"""The transistor-level op-amp: its figures against device equations by hand, its macro fit against it in circuits."""

from pathlib import Path

import numpy as np
import pytest
from scipy.constants import Boltzmann
from scipy.optimize import brentq

import netlists
from amc_circuits import InvCircuit
from amc_circuits.engines.ngspice.runner import run_deck
from amc_circuits.opamps.bench import characterize
from amc_circuits.opamps.fit import fitted
from netlists import preset
from netlists.model_files.file import read_model
from netlists.opamps.bench import OpAmpBench, overdrive_deck, transfer_deck
from netlists.opamps.records import PINS
from netlists.opamps.transistor import cmos_100meg
from tests.cases import spd_matrix, vector

OPAMP = cmos_100meg()
KP_N, KP_P, THRESHOLD, LAMBDA = 300e-6, 80e-6, 0.45, 0.15
"""Parameters of the transistor models in the file."""
COMPENSATION = 0.43e-12 + 0.48e-12 + 0.3e-9 * (168e-6 + 45e-6)
"""Miller capacitors and the output transistors' overlap, F."""


@pytest.fixture(scope="module")
def figures():
    """Into 10 kohm."""
    return characterize(OPAMP)


@pytest.fixture(scope="module")
def heavy():
    """Into 1 kohm."""
    return characterize(OPAMP, load=1e3)


@pytest.fixture(scope="module")
def reference():
    """Current of the bias resistor by hand: two diodes and 52 kohm between the rails, A."""

    def diode(current, kp, shape):
        return brentq(lambda v: kp / 2 * shape * (v - THRESHOLD) ** 2 * (1 + LAMBDA * v) - current, THRESHOLD, 2)

    def excess(current):
        return diode(current, KP_P, 9 / 0.5) + diode(current, KP_N, 2.4 / 0.5) + 52e3 * current - 2.4

    return brentq(excess, 1e-6, 1e-4)


def transconductance(current, kp, width):
    """Transconductance of a saturated transistor, 0.5 um long, with 0.2 to 0.6 V across it, S."""
    return np.sqrt(2 * kp * width / 0.5 * current * (1 + LAMBDA * 0.4))


def test_gbwp_and_slew_rate_are_those_of_the_input_pair(figures, reference):
    """GBWP = gm1/(2 pi C), slew rate = I_tail/C; the mirror makes the tail 42/9 of the reference."""
    tail = reference * 42 / 9
    gm = transconductance(tail / 2, KP_P, 20)
    assert figures.gbwp == pytest.approx(gm / (2 * np.pi * COMPENSATION), rel=0.1)
    assert figures.slew_rate_rising == pytest.approx(tail / COMPENSATION, rel=0.1)
    assert figures.slew_rate_falling == pytest.approx(tail / COMPENSATION, rel=0.1)


def test_noise_is_that_of_six_channels(figures, reference):
    """Input pair, sinks and mirror make `8/3 k T gm` each; divided by gm1 squared. Cascodes make next to none."""
    half = reference * 42 / 9 / 2
    sink = reference * 13.2 / 2.4
    pair = transconductance(half, KP_P, 20)
    others = transconductance(sink, KP_N, 13.2) + transconductance(sink - half, KP_P, 27)
    density = 2 * 8 / 3 * Boltzmann * 300.15 * (pair + others) / pair**2
    assert figures.input_noise == pytest.approx(np.sqrt(density), rel=0.1)


def test_it_drives_a_kilohm(figures, heavy):
    """90 dB and 90 MHz are left into 1 kohm; DC gain falls by the output stage's own resistance."""
    assert heavy.gain_db > 89 and heavy.crossover_frequency > 90e6
    divider = (1 + figures.output_resistance_dc / 1e3) / (1 + figures.output_resistance_dc / 10e3)
    assert figures.open_loop_gain / heavy.open_loop_gain == pytest.approx(divider, rel=1e-3)
    assert heavy.swing_high > 0.9 and heavy.swing_low < -0.9


@pytest.mark.parametrize("temperature", [273.15, 398.15])
def test_it_works_from_0_to_125_degrees(temperature):
    """Stable as a follower with 5 pF, 80 dB into 1 kohm, less bandwidth the hotter it is (mobility falls)."""
    found = characterize(OPAMP, load=1e3, temperature=temperature, load_capacitance=5e-12)
    assert found.phase_margin > 55 and found.gain_db > 80
    assert (found.gbwp > 94e6) == (temperature < 300)
    assert abs(found.offset) < 100e-6


@pytest.mark.parametrize("temperature", [273.15, 398.15])
def test_transients_at_another_temperature_are_as_fast_as_the_bench_says(figures, temperature):
    """A small step settles within 1 % in `4.6/(w_T lambda)`: its time goes with 1/GBWP, a fifth longer at 125 C."""
    matrix = [[1.0, 0.4], [0.4, 0.8]]
    warm, nominal = (
        InvCircuit.program(matrix, opamp=OPAMP, temperature=kelvin, input_voltage=0.02).solve([0.3, -0.2])
        for kelvin in (temperature, 300.15)
    )
    ratio = figures.gbwp / characterize(OPAMP, temperature=temperature).gbwp
    assert abs(ratio - 1) > 0.05 and (ratio > 1) == (temperature > 300.15)
    assert warm.settling_time / nominal.settling_time == pytest.approx(ratio, rel=0.03)


def test_both_matrix_solvers_find_the_same_operating_points():
    """From rail to rail, KLU and Sparse agree on the output and on the supply current."""
    deck = transfer_deck(OpAmpBench(opamp=OPAMP, load=1e3))
    (sparse,), (klu,) = run_deck(deck), run_deck(deck.replace(".options ", ".options klu "))
    np.testing.assert_allclose(klu["v(out)"], sparse["v(out)"], atol=1e-6)
    np.testing.assert_allclose(klu["i(vdd)"], sparse["i(vdd)"], atol=1e-9)


def test_pins_carry_no_net_current():
    """The net current of the rails flows through the load: nothing leaks to SPICE's ground."""
    (plot,) = run_deck(transfer_deck(OpAmpBench(opamp=OPAMP, load=1e3)))
    linear = np.abs(plot["v(out)"]) < 0.9
    net = -plot["i(vdd)"] - plot["i(vss)"]
    np.testing.assert_allclose(net[linear], plot["v(out)"][linear] / 1e3, atol=1e-9)


def test_it_recovers_from_overdrive():
    """Driven from its limit the output is at 0 V once it and, before, the gates of its transistors have slewed."""
    (plot,) = run_deck(overdrive_deck(OpAmpBench(opamp=OPAMP, load=1e3), 100e-9))
    time, output = plot["time"], plot["v(out)"]
    crossing = time[(time > 100e-9) & (output < 0)][0] - 100e-9
    rail, slew_rate = OPAMP.supply_voltage, OPAMP.macro.slew_rate
    assert 0.95 * rail / slew_rate < crossing < (rail + 2 * rail) / slew_rate


def test_the_fit_in_the_package_is_the_measured_one():
    """Every number equals a new measurement, whatever the fit was before: 0.5 % (last digit of the offset: 2 %)."""
    measured = fitted(OPAMP.replace(macro=preset("ad823").replace(supply_voltage=1.2, output_swing=0.5))).macro
    for name, value in OPAMP.macro.model_dump(exclude={"model"}).items():
        within = 0.02 if name == "input_offset" else 0.005
        assert value == pytest.approx(getattr(measured, name), rel=within), name


@pytest.mark.parametrize(("name", "load"), [("cmos-0.9g-transistor", 1e3), ("cmos-0.9g-low-power-transistor", 1e4)])
def test_fits_of_fast_ones_are_the_measured_ones(name, load):
    """Every number but the offset, within 1 %, into the load that each is for."""
    record = preset(name)
    measured = fitted(record, load=load)
    for field, value in record.macro.model_dump(exclude={"model", "input_offset"}).items():
        assert value == pytest.approx(getattr(measured.macro, field), rel=0.01), field


def test_the_reader_of_foreign_files_takes_it(figures):
    """Read like a user's file it is the same amplifier."""
    path = Path(netlists.__file__).parent / "opamps" / "cmos_100meg.lib"
    read = read_model(path, "cmos_100meg", PINS)
    again = characterize(OPAMP.replace(text=read.text, subcircuit=read.subcircuit, pins=read.pins))
    assert again.open_loop_gain == pytest.approx(figures.open_loop_gain, rel=1e-6)
    assert again.crossover_frequency == pytest.approx(figures.crossover_frequency, rel=1e-6)


@pytest.mark.parametrize("seed", [1, 2])
def test_inv_of_transistors_settles_like_inv_of_the_fit(seed):
    """Sixteen amplifiers of transistors, or of their macro model: settling time, energy and x are alike."""
    matrix, columns = spd_matrix(8, 6, seed), np.stack([vector(8, seed), vector(8, seed + 10)], axis=1)
    real, model = (InvCircuit.program(matrix, opamp=record).solve(columns) for record in (OPAMP, OPAMP.macro))
    assert real.usable and model.usable
    np.testing.assert_allclose(real.settling_time, model.settling_time, rtol=0.05)
    np.testing.assert_allclose(real.energy.total, model.energy.total, rtol=0.05)
    np.testing.assert_allclose(real.value, model.value, atol=1e-3 * np.abs(model.value).max())


def test_inv_of_an_asymmetric_matrix_and_of_a_positive_one_agree_too():
    """The same without inverters, and where poles are complex."""
    rotated = np.array([[1.0, 0.6], [-0.6, 1.0]])
    positive = np.full((4, 4), 0.2) + np.diag([0.8, 0.6, 0.7, 0.5])
    for matrix in (rotated, positive):
        b = vector(len(matrix), 3)
        real, model = (InvCircuit.program(matrix, opamp=record).solve(b) for record in (OPAMP, OPAMP.macro))
        assert real.settling_time == pytest.approx(model.settling_time, rel=0.05)
