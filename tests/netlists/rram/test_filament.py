"""The filament-gap cell in ngspice against its equations, written down here once more."""

import numpy as np
import pytest

from amc_circuits.engines.ngspice.runner import run_deck
from netlists import ParameterError
from netlists.rram.filament import FILAMENTS, PUBLISHED, WORKING, filament, instance, library, subcircuit

BOLTZMANN = 8.617333262e-5
"""k/q, eV/K."""


def velocity(cell, gap, voltage):
    """Gap rate in m/s by the published equations, from `F_min (1 + field_edge)` on."""
    gamma = cell.field_enhancement - cell.enhancement_loss * (gap / 1e-9) ** cell.enhancement_power
    power = abs(voltage * cell.current_scale * np.exp(-gap / cell.gap_scale) * np.sinh(voltage / cell.voltage_scale))
    thermal = BOLTZMANN * (cell.temperature + power * cell.thermal_resistance)
    if gamma * abs(voltage) / cell.oxide_thickness < cell.minimum_field:
        return 0.0
    drive = gamma * cell.hopping_distance * voltage / (cell.oxide_thickness * thermal)
    return -cell.attempt_velocity * np.exp(-cell.activation_energy / thermal) * np.sinh(drive)


def at_voltages(cell, gap, voltages, time=1e-12):
    """Currents and gap rates, m/s, of cells with a fixed voltage each, over a time in which no gap moves much."""
    lines = ["* cells", subcircuit(cell)]
    for k, voltage in enumerate(voltages):
        lines += [f"Vin{k} n{k} 0 {voltage!r}", instance(f"c{k}", f"n{k}", "0", gap)]
        lines.append(f".save i(vin{k}) v(xc{k}.gap)")
    lines += [
        ".options reltol=1e-6 abstol=1e-20 chgtol=1e-22",
        f".tran {time / 10!r} {time!r} 0 {time / 10!r} uic",
        ".end\n",
    ]
    plot = run_deck("\n".join(lines))[0]
    current = np.array([-plot[f"i(vin{k})"][0] for k in range(len(voltages))])
    moved = [(plot[f"v(xc{k}.gap)"][-1] - plot[f"v(xc{k}.gap)"][0]) for k in range(len(voltages))]
    return current, np.array(moved) * 1e-9 / (plot["time"][-1] - plot["time"][0])


@pytest.mark.parametrize("name", FILAMENTS)
def test_current_is_the_closed_form(name):
    """At a fixed gap I(V) is I0 exp(-g/g0) sinh(V/V0), both signs."""
    cell, gap, voltages = FILAMENTS[name], 0.7e-9, [-1.0, -0.3, 0.01, 0.1, 0.9]
    current, _ = at_voltages(cell, gap, voltages)
    expected = cell.current_scale * np.exp(-gap / cell.gap_scale) * np.sinh(np.array(voltages) / cell.voltage_scale)
    np.testing.assert_allclose(current, expected, rtol=1e-5)
    np.testing.assert_allclose(cell.current(gap, np.array(voltages)), expected, rtol=1e-12)


@pytest.mark.parametrize("name", FILAMENTS)
@pytest.mark.parametrize("gap", [0.4e-9, 1.2e-9])
def test_gap_rate_is_the_closed_form(name, gap):
    """Above F_min the gap moves at the published rate: down for positive voltage, up for negative."""
    cell = FILAMENTS[name]
    voltages = [-1.5, -1.35, 1.35, 1.5]
    _, rate = at_voltages(cell, gap, voltages)
    np.testing.assert_allclose(rate, [velocity(cell, gap, voltage) for voltage in voltages], rtol=2e-3)


@pytest.mark.parametrize("name", FILAMENTS)
def test_nothing_moves_below_the_smallest_field(name):
    """At 0 V and up to F_min the speed is exactly 0 and the gap stays within rounding; a little above it moves."""
    cell, gap = FILAMENTS[name], 0.6e-9
    gamma = cell.field_enhancement - cell.enhancement_loss * 0.6**cell.enhancement_power
    edge = cell.minimum_field * cell.oxide_thickness / gamma
    voltages = [0.0, 0.1, -0.1, 0.999 * edge, -0.999 * edge, 1.01 * edge]
    lines = ["* cells", subcircuit(cell)]
    for k, voltage in enumerate(voltages):
        lines += [f"Vin{k} n{k} 0 {voltage!r}", instance(f"c{k}", f"n{k}", "0", gap)]
        lines.append(f".save v(xc{k}.speed) v(xc{k}.gap)")
    plot = run_deck("\n".join([*lines, ".tran 1u 1m 0 1u uic", ".end\n"]))[0]
    for k in range(5):
        assert (plot[f"v(xc{k}.speed)"] == 0).all()
        assert np.abs(plot[f"v(xc{k}.gap)"] - 0.6).max() < 1e-12
    assert plot["v(xc5.gap)"][-1] < 0.5


def test_field_edge_is_all_that_departs():
    """From F_min (1 + field_edge) on the rate is the published one, halfway into the edge half of it."""
    cell, gap = WORKING, 0.6e-9
    gamma = cell.field_enhancement - cell.enhancement_loss * 0.6**cell.enhancement_power
    edge = cell.minimum_field * cell.oxide_thickness / gamma
    voltages = [edge * (1 + cell.field_edge / 2), edge * (1 + cell.field_edge * 1.01)]
    _, rate = at_voltages(cell, gap, voltages, time=1e-9)
    expected = [velocity(cell, gap, voltages[0]) / 2, velocity(cell, gap, voltages[1])]
    np.testing.assert_allclose(rate, expected, rtol=2e-3)


@pytest.mark.parametrize(("voltage", "limit"), [(1.6, 0.2), (-1.6, 1.7)])
def test_gap_stays_within_its_limits(voltage, limit):
    """Driven hard for a long time the gap ends at its limit, within what the soft limits give: 0.1 ns of its speed."""
    lines = ["* one", subcircuit(WORKING), f"Vin in 0 {voltage}", instance("c", "in", "0", 0.8e-9), ".save v(xc.gap)"]
    lines += [".options chgtol=1e-18", ".tran 1n 3u 0 5n uic", ".end\n"]
    gap = run_deck("\n".join(lines))[0]["v(xc.gap)"]
    assert gap[-1] == pytest.approx(limit, abs=0.1 * abs(velocity(WORKING, limit * 1e-9, voltage)) + 1e-3)


def test_a_hotter_ambient_sets_faster():
    """Just above F_min (exponent far from 0) the rate grows with ambient temperature, by the closed form."""
    gap, rates = 1.5e-9, []
    for temperature in (300.15, 330.0, 360.0):
        cell = WORKING.replace(temperature=temperature)
        rates.append(at_voltages(cell, gap, [1.2])[1][0])
        assert rates[-1] == pytest.approx(velocity(cell, gap, 1.2), rel=2e-3)
    assert rates[2] < 1.5 * rates[1] < 1.5**2 * rates[0] < 0


def test_self_heating_speeds_it_up():
    """A larger thermal resistance moves the gap faster at the same voltage."""
    slow, fast = (velocity(WORKING.replace(thermal_resistance=r), 0.3e-9, -1.0) for r in (0.0, 1e5))
    measured = [
        at_voltages(WORKING.replace(thermal_resistance=r), 0.3e-9, [-1.0])[1][0] for r in (0.0, 1e5)
    ]  # fmt: skip
    np.testing.assert_allclose(measured, [slow, fast], rtol=5e-3)
    assert fast > 2 * slow


def test_conductance_and_gap_are_inverse():
    """`gap_of` inverts `conductance`; for a small read voltage it is I0/V0 exp(-g/g0)."""
    gaps = np.linspace(WORKING.gap_min, WORKING.gap_max, 7)
    np.testing.assert_allclose(WORKING.gap_of(WORKING.conductance(gaps)), gaps, rtol=1e-12)
    small = WORKING.current_scale / WORKING.voltage_scale * np.exp(-gaps / WORKING.gap_scale)
    np.testing.assert_allclose(WORKING.conductance(gaps), small, rtol=0.01)


def test_library_file_holds_the_published_set():
    """The `.lib` file can be used as it stands: putting the published record in changes nothing."""
    assert subcircuit(PUBLISHED) == library().rstrip()
    assert subcircuit(WORKING) != library().rstrip()


def test_bad_parameters_are_refused():
    """Each names the parameter."""
    with pytest.raises(ParameterError, match="gap_min"):
        WORKING.replace(gap_min=2e-9)
    with pytest.raises(ParameterError, match="temperature"):
        WORKING.replace(temperature=0.0)
    with pytest.raises(ParameterError, match="filament: got 'mine'"):
        filament("mine")
