"""1T1R decks in ngspice: published shapes, gate-limited conductance, and an independent integration."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from amc_circuits.engines.ngspice.runner import run_deck
from netlists import ParameterError
from netlists.rram.filament import FILAMENTS, PUBLISHED, WORKING
from netlists.rram.one_transistor_cell import AccessTransistor, OneTransistorCell, Pulse, loop_deck, pulse_deck

CELL = OneTransistorCell()
ERASED, WRITTEN = WORKING.gap_max, 0.27e-9
BOLTZMANN = 8.617333262e-5
"""k/q, eV/K."""


def gap_rate(f, gap, voltage):
    """Gap rate, m/s, with the linear edge above F_min."""
    gamma = f.field_enhancement - f.enhancement_loss * (gap / 1e-9) ** f.enhancement_power
    current = f.current_scale * np.exp(-gap / f.gap_scale) * np.sinh(voltage / f.voltage_scale)
    thermal = BOLTZMANN * (f.temperature + abs(voltage * current) * f.thermal_resistance)
    part = np.clip((gamma * abs(voltage) / f.oxide_thickness / f.minimum_field - 1) / f.field_edge, 0, 1)
    drive = gamma * f.hopping_distance * voltage / (f.oxide_thickness * thermal)
    return -part * f.attempt_velocity * np.exp(-f.activation_energy / thermal) * np.sinh(drive)


def channel(transistor, gate, drain, source):
    """Level-1 drain current, A."""
    if drain < source:
        return -channel(transistor, gate, source, drain)
    over, across = gate - source - transistor.threshold_voltage, drain - source
    factor = transistor.transconductance * transistor.width / transistor.length
    if over <= 0:
        return 0.0
    return factor * (over - across / 2) * across if across < over else factor * over**2 / 2


def integrated(cell, gap, pulse):
    """Gap, nm, after one pulse, by scipy: states gap and voltage of the middle node, time in ns."""
    width, edge = pulse.width * 1e9, cell.edge * 1e9
    corners = np.cumsum([0, edge, edge, width, edge, edge])

    def slope(time, state):
        gate = np.interp(time, corners, [0, pulse.gate, pulse.gate, pulse.gate, pulse.gate, 0])
        bit, source = (
            np.interp(time, corners, [0, 0, level, level, 0, 0]) for level in (pulse.bit_line, pulse.source_line)
        )
        voltage = bit - state[1]
        f = cell.filament
        current = f.current_scale * np.exp(-state[0] * 1e-9 / f.gap_scale) * np.sinh(voltage / f.voltage_scale)
        charging = current - channel(cell.transistor, gate, state[1], source)
        return [gap_rate(f, state[0] * 1e-9, voltage), charging / cell.transistor.node_capacitance * 1e-9]

    end = corners[-1] + cell.rest * 1e9
    found = solve_ivp(slope, (0, end), [gap * 1e9, 0], method="BDF", rtol=1e-7, atol=1e-9, max_step=1.0)
    return found.y[0, -1]


def after(cell, gaps, pulses):
    """Conductances, S, of cells side by side after one pulse each, and gaps, nm."""
    deck, _ = pulse_deck(cell, gaps, [[pulse] for pulse in pulses], reads=False)
    plot = run_deck(deck)[0]
    gaps = np.array([plot[f"v(xcell{k}.gap)"][-1] for k in range(1, len(pulses) + 1)])
    return cell.filament.conductance(gaps * 1e-9), gaps


def test_an_independent_integration_agrees():
    """Conductances after SET and RESET pulses are those of scipy's stiff integrator within 1 %."""
    cases = [(ERASED, CELL.set_pulse(gate)) for gate in (0.65, 1.0, 1.3)]
    cases += [(0.8e-9, CELL.set_pulse(0.85)), (WRITTEN, CELL.reset_pulse(1.25)), (0.6e-9, CELL.reset_pulse(1.15))]
    _, gaps = after(CELL, [gap for gap, _ in cases], [pulse for _, pulse in cases])
    expected = np.array([integrated(CELL, gap, pulse) for gap, pulse in cases])
    np.testing.assert_allclose(np.exp(-gaps / 0.25), np.exp(-expected / 0.25), rtol=0.01)
    assert (np.abs(expected - [gap * 1e9 for gap, _ in cases]) > 0.01).all()


def test_gate_voltage_sets_the_conductance():
    """100 ns of SET give the 84 and 195 uS that were asked for at gates of 1.0 and 1.3 V."""
    conductances, _ = after(CELL, [ERASED] * 2, [CELL.set_pulse(1.0), CELL.set_pulse(1.3)])
    np.testing.assert_allclose(conductances, [84e-6, 195e-6], rtol=0.03)


def held_gap(gate, transistor):
    """Where the transistor's current leaves the cell F_min, m: `I(gap, V) = I_D, V = F_min t_ox/gamma`."""

    def excess(gap):
        gamma = WORKING.field_enhancement - WORKING.enhancement_loss * (gap / 1e-9) ** 3
        voltage = WORKING.minimum_field * WORKING.oxide_thickness / gamma
        return WORKING.current(gap, voltage) - channel(transistor, gate, CELL.set_voltage - voltage, 0.0)

    return brentq(excess, WORKING.gap_min, WORKING.gap_max)


def test_set_stops_at_the_smallest_field():
    """A long SET ends where the transistor's current leaves the cell F_min."""
    _, gaps = after(CELL, [ERASED] * 2, [CELL.set_pulse(gate).replace(width=5e-6) for gate in (1.0, 1.3)])
    for gap, gate in zip(gaps, (1.0, 1.3), strict=True):
        assert gap * 1e-9 == pytest.approx(held_gap(gate, CELL.transistor), rel=0.02)


def at_temperature(transistor, kelvin):
    """Level 1 of SPICE2 at a temperature: KP falls as T^-1.5, VTO with the surface potential, 0.6 V, and silicon's gap.

    `PHI' = PHI T/T0 - 3 kT/q ln(T/T0) - Eg(T0) T/T0 + Eg(T)`, `VTO' = VTO + (PHI' - PHI + Eg(T0) - Eg(T))/2`.
    """

    def energy_gap(temperature):
        return 1.16 - 7.02e-4 * temperature**2 / (temperature + 1108)

    nominal, potential = 300.15, 0.6
    ratio, difference = kelvin / nominal, energy_gap(nominal) - energy_gap(kelvin)
    warm = potential * ratio - 3 * BOLTZMANN * kelvin * np.log(ratio) - energy_gap(nominal) * ratio + energy_gap(kelvin)
    return transistor.replace(
        threshold_voltage=transistor.threshold_voltage + (warm - potential + difference) / 2,
        transconductance=transistor.transconductance * ratio**-1.5,
    )


def test_transistor_has_the_ambient_temperature():
    """At 400 K a long SET ends where the hot transistor's current says: higher at a low gate, lower at a high one.

    F_min knows no temperature, so what moves the end is the transistor alone.
    """
    hot, gates = CELL.replace(filament=WORKING.replace(temperature=400.0)), (0.7, 1.0, 1.3)
    conductances, _ = after(hot, [ERASED] * 3, [hot.set_pulse(gate).replace(width=1e-6) for gate in gates])
    transistors = CELL.transistor, at_temperature(CELL.transistor, 400.0)
    cold, expected = (np.array([WORKING.conductance(held_gap(gate, one)) for gate in gates]) for one in transistors)
    np.testing.assert_allclose(conductances, expected, rtol=0.01)
    assert expected[0] > 1.3 * cold[0] and expected[1] < 0.97 * cold[1] and expected[2] < 0.9 * cold[2]


def test_one_pulse_at_400_kelvin_leaves_less():
    """100 ns at a gate of 1.0 V: the hot transistor's lower KP, less current, outweighs the filament's higher speed."""
    found = []
    for kelvin in (300.15, 400.0):
        cell = CELL.replace(filament=WORKING.replace(temperature=kelvin))
        found.append(after(cell, [ERASED], [cell.set_pulse(1.0)])[0][0])
    assert found[1] < 0.99 * found[0]


def test_reset_is_steep():
    """300 ns at 1.10 V leave 300 uS alone, at 1.19 V hardly anything is left; more voltage never leaves more."""
    voltages = (1.10, 1.13, 1.16, 1.19)
    pulses = [Pulse(gate=3.3, source_line=v, width=300e-9) for v in voltages]
    before = WORKING.conductance(WRITTEN)
    conductances, _ = after(CELL, [WRITTEN] * 4, pulses)
    assert conductances[0] == pytest.approx(before, rel=1e-9)
    assert conductances[-1] < 10e-6
    assert (np.diff(conductances) < 0).all()


def test_a_closed_gate_protects_the_cell():
    """With the gate below threshold neither polarity moves a cell: it is not selected."""
    pulses = [Pulse(gate=0.2, bit_line=1.5, width=1e-6), Pulse(gate=0.2, source_line=1.5, width=1e-6)]
    conductances, _ = after(CELL, [0.5e-9, 0.5e-9], pulses)
    np.testing.assert_allclose(conductances, WORKING.conductance(0.5e-9), rtol=1e-9)


def looped(name, gate, ramp_time):
    """A loop's parts: voltage across the cell and gap while SET rises, and while RESET rises."""
    cell = OneTransistorCell(filament=FILAMENTS[name], transistor=AccessTransistor(width=20e-6))
    plot = run_deck(loop_deck(cell, cell.filament.gap_max, 2.0, 1.8, gate, ramp_time))[0]
    time, across, gap = plot["time"], plot["v(b1)"] - plot["v(m1)"], plot["v(xcell1.gap)"]
    setting, resetting = time < 1.001 * ramp_time, (time > 2.004 * ramp_time) & (time < 3.004 * ramp_time)
    return plot, [(across[part], gap[part]) for part in (setting, resetting)]


@pytest.mark.parametrize("ramp_time", [1e-6, 1e-4])
def test_published_set_switches_where_published(ramp_time):
    """SET is abrupt at 1.25 to 1.75 V; RESET is gradual: the gap opens over more than 0.1 V of source line voltage."""
    plot, [(voltage, gap), _] = looped("published", 1.0, ramp_time)
    middle = np.argmax(gap < (gap[0] + gap[-1]) / 2)
    assert 1.25 < voltage[:middle].max() < 1.75
    resetting = plot["time"] > 2.004 * ramp_time
    source, gap = plot["v(s1)"][resetting], plot["v(xcell1.gap)"][resetting]
    begins, ends = (source[np.argmax(gap > gap[0] + part * (gap[-1] - gap[0]))] for part in (0.02, 0.98))
    assert ends - begins > 0.1


def test_loop_has_hysteresis():
    """At the same 0.5 V on the bit line the current is far larger on the way back than on the way up."""
    plot, _ = looped("working", 1.0, 1e-5)
    time, bit_line, current = plot["time"], plot["v(b1)"], -plot["i(vb1)"]
    up, down = time < 1.001e-5, (time > 1.001e-5) & (time < 2.001e-5)
    forth = np.interp(0.5, bit_line[up], current[up])
    back = np.interp(0.5, bit_line[down][::-1], current[down][::-1])
    assert back > 20 * forth


def test_slow_reset_follows_the_smallest_field():
    """In a slow sweep a cell without transistor resistance holds `gamma(gap) |V| = F_min t_ox`: gradual RESET."""
    wide = CELL.replace(transistor=AccessTransistor(width=1e-3), filament=PUBLISHED)
    plot = run_deck(loop_deck(wide, 0.9e-9, 0.1, 1.5, 1.0, 1e-3))[0]
    across, gap = plot["v(s1)"], plot["v(xcell1.gap)"]
    rising = (plot["time"] > 2.004e-3) & (across > 1.15) & (across < 1.35) & (np.gradient(across) > 0)
    gamma = 16 - 0.8 * gap[rising] ** 3
    np.testing.assert_allclose(gamma * across[rising], 1.4 * 12, rtol=0.01)
    assert rising.sum() > 10


def test_random_pulse_trains_all_converge():
    """Twenty trains of random pulses on random cells of both sets run to their end and stay within the limits."""
    generator = np.random.default_rng(5)
    for number in range(20):
        cell = OneTransistorCell(filament=list(FILAMENTS.values())[number % 2])
        train = []
        for _ in range(6):
            line = {["bit_line", "source_line"][generator.integers(2)]: generator.uniform(0, 2)}
            train.append(Pulse(gate=generator.uniform(0.5, 3.3), width=10 ** generator.uniform(-8.5, -6.5), **line))
        deck, slots = pulse_deck(cell, [generator.uniform(0.2e-9, 1.7e-9)], [train])
        plot = run_deck(deck)[0]
        assert plot["time"][-1] == pytest.approx(slots[-1].end + cell.read_width + cell.rest)
        assert 0.185 < plot["v(xcell1.gap)"].min() <= plot["v(xcell1.gap)"].max() < 1.715


def test_read_tells_the_conductance_and_moves_nothing():
    """Current over cell voltage in the middle of a read is the closed form of the gap, which stays."""
    deck, slots = pulse_deck(CELL, [ERASED], [[CELL.set_pulse(0.9), CELL.set_pulse(1.2)]])
    plot = run_deck(deck)[0]
    time, gap = plot["time"], plot["v(xcell1.gap)"]
    for slot in slots:
        current = np.interp(slot.read, time, -plot["i(vb1)"])
        voltage = np.interp(slot.read, time, plot["v(b1)"] - plot["v(m1)"])
        held = np.interp(slot.read, time, gap) * 1e-9
        assert voltage == pytest.approx(0.1, rel=0.1)
        assert current / voltage == pytest.approx(WORKING.conductance(held), rel=2e-3)
        reading = (time > slot.end) & (time < slot.end + CELL.read_width)
        assert np.ptp(gap[reading]) < 1e-9


def test_what_the_sources_deliver_is_dissipated():
    """Over a pulse the lines' energy is that of cell and transistor: what the node stored it gave back."""
    deck, _ = pulse_deck(CELL, [ERASED, WRITTEN], [[CELL.set_pulse(1.1)], [CELL.reset_pulse(1.25)]], reads=False)
    plot = run_deck(deck)[0]
    for k in (1, 2):
        bit, middle, source = plot[f"v(b{k})"], plot[f"v(m{k})"], plot[f"v(s{k})"]
        delivered = np.trapezoid(-bit * plot[f"i(vb{k})"] - source * plot[f"i(vs{k})"], plot["time"])
        current = -plot[f"i(vb{k})"], plot[f"i(vs{k})"]
        spent = np.trapezoid((bit - middle) * current[0] + (middle - source) * current[1], plot["time"])
        assert delivered == pytest.approx(spent, rel=1e-3)
        assert delivered > 1e-13


def test_bad_decks_are_refused():
    """A gap beyond its limits, trains of different lengths, a pulse without width."""
    with pytest.raises(ParameterError, match="gap"):
        pulse_deck(CELL, [2e-9], [[CELL.set_pulse(1.0)]])
    with pytest.raises(ParameterError, match="trains"):
        pulse_deck(CELL, [1e-9, 1e-9], [[CELL.set_pulse(1.0)], [CELL.set_pulse(1.0)] * 2])
    with pytest.raises(ParameterError, match="width"):
        Pulse(gate=1.0, width=0.0)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("pulse_width", (1.0, 1.1e-3, 0.9e-9, 1e-12)),
        ("set_voltage", (0.0, 3.1, 100.0)),
        ("reset_gate", (0.0, 5.1)),
    ],
)
def test_pulses_out_of_range_are_refused(field, values):
    """A pulse that no simulation would end, or that the subcircuit would cut off, is refused."""
    for value in values:
        with pytest.raises(ParameterError, match=field):
            OneTransistorCell(**{field: value})


@pytest.mark.parametrize("kelvin", [1.0, 199.0, 451.0, 5000.0])
def test_temperatures_out_of_range_are_refused(kelvin):
    """200 to 450 K."""
    with pytest.raises(ParameterError, match="temperature"):
        WORKING.replace(temperature=kelvin)
