"""Pulses by table against pulses in ngspice, and both against what must hold."""

import numpy as np
import pytest
from scipy.optimize import brentq

from amc_circuits.programming.pulse_model import CircuitPulses, calibrate, reset_onset
from amc_circuits.programming.write_verify import WriteVerify
from netlists.rram.filament import WORKING
from netlists.rram.one_transistor_cell import OneTransistorCell

CELL = OneTransistorCell()


@pytest.fixture(scope="module")
def table():
    """The table that the command's defaults ask for."""
    return calibrate(CELL, WriteVerify().gate_largest)


def drawn(count, low, high):
    """Random gaps and voltages."""
    generator = np.random.default_rng(3)
    return generator.uniform(WORKING.gap_min, WORKING.gap_max, count), generator.uniform(low, high, count)


def test_table_is_made_once(table):
    """The same cell and range give the same object."""
    assert calibrate(OneTransistorCell(), WriteVerify().gate_largest) is table


def test_hot_table_is_the_circuit():
    """At 450 K, where the threshold is 0.15 V lower, gates about it are in the table: within 2 % or 0.1 uS."""
    hot = CELL.replace(filament=WORKING.replace(temperature=450.0))
    gaps, gates = np.full(8, WORKING.gap_max), np.linspace(0.2, 0.55, 8)
    after, _ = CircuitPulses(hot).pulse("set", gaps, gates)
    found, _ = calibrate(hot, 0.6).pulse("set", gaps, gates)
    np.testing.assert_allclose(WORKING.conductance(found), WORKING.conductance(after), rtol=0.02, atol=0.1e-6)
    assert after[1] > 1.68e-9 and after[-1] < 1.3e-9


def test_set_table_is_the_circuit(table):
    """Conductances after SET pulses that are not in the table are within 2 %, nine in ten within 0.5 %."""
    gaps, gates = drawn(60, 0.5, 1.5)
    after, energy = CircuitPulses(CELL).pulse("set", gaps, gates)
    found, told = table.pulse("set", gaps, gates)
    error = np.abs(WORKING.conductance(found) / WORKING.conductance(after) - 1)
    assert error.max() < 0.02 and np.quantile(error, 0.9) < 0.005
    assert np.median(np.abs(told / energy - 1)) < 0.02
    assert told.sum() == pytest.approx(energy.sum(), rel=0.02)


def test_set_table_of_short_pulses_is_the_circuit():
    """Pulses of 5 ns end before the gate voltage has set the gap, so cells move on below it: within 3 %."""
    short = CELL.replace(pulse_width=5e-9)
    gaps, gates = drawn(24, 0.6, 0.8)
    after, _ = CircuitPulses(short).pulse("set", gaps, gates)
    found, _ = calibrate(short, 0.8).pulse("set", gaps, gates)
    np.testing.assert_allclose(WORKING.conductance(found), WORKING.conductance(after), rtol=0.03)


def test_reset_table_is_the_circuit(table):
    """After RESET pulses, which are steep, conductances are within 5 uS, nine in ten within 0.2 uS."""
    gaps, levels = drawn(60, 0.9, 1.4)
    after, energy = CircuitPulses(CELL).pulse("reset", gaps, levels)
    found, told = table.pulse("reset", gaps, levels)
    error = np.abs(WORKING.conductance(found) - WORKING.conductance(after))
    assert error.max() < 5e-6 and np.quantile(error, 0.9) < 0.2e-6
    assert told.sum() == pytest.approx(energy.sum(), rel=0.02)


def test_reset_begins_where_the_field_says():
    """At the onset the cell has `V = F_min t_ox/gamma`, and the transistor drops what the cell's current asks for."""
    gaps = (0.27e-9, 0.8e-9, 1.5e-9)
    for gap, found in zip(gaps, reset_onset(CELL, np.array(gaps)), strict=True):
        cell_voltage = WORKING.minimum_field * WORKING.oxide_thickness / (16 - 0.8 * (gap / 1e-9) ** 3)
        current = float(WORKING.current(gap, cell_voltage))
        factor, over = 1e-3, CELL.reset_gate - cell_voltage - 0.5
        drop = over - np.sqrt(over**2 - 2 * current / factor)  # level 1, triode
        assert found == pytest.approx(cell_voltage + drop, abs=2e-3)


def test_energy_of_a_pulse_that_moves_nothing(table):
    """Below the onset it is the pulse's voltage times the current of cell and transistor in series, for its time."""
    gap, level = 0.4e-9, 0.8

    def excess(middle):
        over, across = CELL.reset_gate - middle - 0.5, level - middle
        return float(WORKING.current(gap, middle)) - 1e-3 * (over - across / 2) * across

    power = level * float(WORKING.current(gap, brentq(excess, 0, level)))
    arguments = "reset", np.array([gap]), np.array([level])
    after, energy = CircuitPulses(CELL).pulse(*arguments)
    assert after[0] == pytest.approx(gap, rel=1e-12)
    # The edges add between none and all of their time.
    assert power * CELL.pulse_width < energy[0] < power * (CELL.pulse_width + 2 * CELL.edge)
    assert table.pulse(*arguments)[1][0] == pytest.approx(energy[0], rel=0.02)


def test_pulses_only_go_their_way(table):
    """SET never opens a gap, RESET never closes one by more than 2 pm (0.8 % of conductance); limits hold.

    Some movement the wrong way is the circuit's: with the gate closed the node between cell and transistor is charged
    through the cell, which sees the opposite voltage when the bit line falls.
    """
    gaps, levels = drawn(2000, 0.0, 1.6)
    for kind, sign in (("set", -1), ("reset", 1)):
        after, energy = table.pulse(kind, gaps, levels)
        assert (sign * (after - gaps)).min() > -2e-12
        assert after.min() >= WORKING.gap_min and after.max() <= WORKING.gap_max
        assert energy.min() > -1e-16


def test_no_voltage_does_nothing(table):
    """A RESET pulse of 0 V leaves every gap as it is and takes next to nothing."""
    gaps = np.linspace(WORKING.gap_min, WORKING.gap_max, 9)
    after, energy = table.pulse("reset", gaps, np.zeros(9))
    np.testing.assert_allclose(after, gaps, rtol=1e-12)
    assert np.abs(energy).max() < 1e-14
