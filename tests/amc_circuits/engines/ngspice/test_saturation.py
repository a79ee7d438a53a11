"""Macro op-amps in ngspice beyond their limits: every run comes to its end, and ends where the limits are."""

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit
from amc_circuits.engines.ngspice.runner import run_deck
from netlists import PRESETS, MacroOpAmp, preset
from netlists.opamps import subcircuit as opamp
from tests.cases import spd_matrix, vector

MACROS = [name for name, record in PRESETS.items() if isinstance(record, MacroOpAmp)]
CIRCUITS = {
    "nearly singular": ([[1, 0.99], [0.99, 1]], [1, -1]),
    "nearly singular, signed": ([[1, -0.99], [-0.99, 1]], [1, 1]),
    "asymmetric": ([[1, 0.95, 0.1], [0.2, 1, -0.9], [0.5, 0.3, 0.9]], [1, -1, 0.5]),
    "condition number 1000": (spd_matrix(6, 1000, 0), vector(6, 0)),
}
CHANGES = {
    "as it is": lambda record: record,
    "10 kHz": lambda record: record.replace(gbwp=10e3),
    "1 MHz": lambda record: record.replace(gbwp=1e6),
    "1 GHz": lambda record: record.replace(gbwp=1e9),
    "a hundredth of the current": lambda record: record.replace(output_current_limit=record.output_current_limit / 100),
    "a hundred times the slew rate": lambda record: record.replace(slew_rate=100 * record.slew_rate),
    "a second pole": lambda record: record.replace(second_pole=3 * record.gbwp),
}

# Every preset as it is; every change at every second preset, and every preset with every second change.
RUNS = [
    (name, change)
    for place, name in enumerate(MACROS)
    for number, change in enumerate(CHANGES)
    if number == 0 or (place + number) % 2
]


@pytest.mark.filterwarnings("ignore::amc_circuits.solvers.inv.SlowInverterWarning")
@pytest.mark.parametrize(("name", "change"), RUNS)
def test_no_saturating_circuit_ends_the_simulator(name, change):
    """Whatever the input, ngspice reaches the end of the transient and no output passes the swing by 0.1 V."""
    record = CHANGES[change](preset(name))
    for matrix, b in CIRCUITS.values():
        for volts in (0.1, 3.0):
            circuit = InvCircuit.program(matrix, opamp=record, input_voltage=volts, fixed_scale=True, force=True)
            solution = circuit.solve(b)
            for response in solution.responses:
                assert np.abs(response.outputs).max() < record.output_swing + 0.1


@pytest.mark.parametrize("name", MACROS)
def test_a_saturating_product_ends_at_the_swing(name):
    """MVM with five times the swing at its output: SATURATED, the output at the swing less what the load takes."""
    record = preset(name)
    circuit = MvmCircuit.program(np.ones((2, 5)), opamp=record, input_voltage=record.output_swing, fixed_scale=True)
    solution = circuit.matvec(np.ones(5))
    assert solution.status.name == "SATURATED"
    end = np.abs(solution.responses[0].outputs[-1])
    assert (end < record.output_swing + 0.03).all() and (end > 0.9 * record.output_swing).all()


def operating_point(record, lines, saved):
    """One value of an operating point of an op-amp between its rails."""
    rails = f"Vdd vdd 0 {record.supply_voltage}\nVss vss 0 {-record.supply_voltage}"
    deck = ["* point", opamp.subcircuit(record), rails, *lines, ".options reltol=1e-9 abstol=1e-15 vntol=1e-12"]
    (plot,) = run_deck("\n".join([*deck, f".save {saved}", ".op", ".end\n"]))
    return plot[saved][0]


@pytest.mark.parametrize("name", MACROS)
@pytest.mark.parametrize("part", [0.01, 0.5, 0.99, 0.999999])
def test_the_output_stage_follows_its_tanh(name, part):
    """With x held by the clamp, a load takes I_lim tanh((x - out)/(R_out I_lim)), from a hundredth of I_lim to all."""
    record = preset(name)
    limit, resistance = record.output_current_limit, record.output_resistance
    stage = operating_point(record, ["Vin inn 0 -1", "Xop 0 inn out vdd vss opamp"], "v(out)")
    drop = resistance * limit * np.arctanh(part)
    current = operating_point(
        record, ["Vin inn 0 -1", "Xop 0 inn out vdd vss opamp", f"Vout out 0 {float(stage - drop)!r}"], "i(vout)"
    )
    assert current == pytest.approx(part * limit, rel=1e-6)


@pytest.mark.parametrize("name", MACROS)
@pytest.mark.parametrize("folds", [-20, -3, 0, 3, 4.5])
def test_the_clamp_follows_its_exponential(name, folds):
    """At x = swing + folds x 10 mV the clamp takes e^folds I_max, up to ninety times I_max; gain and R1 the rest."""
    record = preset(name)
    gm, largest = record.unity_gain_frequency * opamp.COMPENSATION, record.slew_rate * opamp.COMPENSATION
    x = record.output_swing + folds * 10e-3
    expected = largest * np.exp(folds) + x * gm / record.open_loop_gain
    assert clamp_current(record, x) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def clamp_current(record, x):
    """Current from x to ground through clamp and R1 without an input, A."""
    text = opamp.subcircuit(record).replace(" inp inn out vdd vss", " inp inn out vdd vss x", 1)
    lines = ["* clamp", text, "Vdd vdd 0 9", "Vss vss 0 -9", f"Vx x 0 {x!r}", "Xop 0 0 out vdd vss x opamp"]
    (plot,) = run_deck("\n".join([*lines, ".save i(vx)", ".op", ".end\n"]))
    return -plot["i(vx)"][0]


@pytest.mark.parametrize("swing", [0.03, 0.15, 0.5])
def test_an_idle_clamp_takes_nothing(swing):
    """However small the swing: a jump at 0 V kept Newton's method from the rest of an amplifier without input."""
    record = preset("cmos-100meg").replace(output_swing=swing)
    largest = record.slew_rate * opamp.COMPENSATION
    for x in (0.0, 1e-9, -1e-9):
        assert abs(clamp_current(record, x)) <= 1e-6 * largest
