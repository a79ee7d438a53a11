"""Resting points with limits: of ngspice's operating point, and without change."""

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit
from amc_circuits.engines import NgspiceEngine
from amc_circuits.engines.exact.nonlinear.laws import Laws
from amc_circuits.engines.exact.nonlinear.rest import placed, resting
from amc_circuits.engines.exact.nonlinear.system import System, times
from netlists import preset
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close

OPAMPS = {
    "plain": preset("cmos-100meg"),
    "offset": preset("cmos-100meg").replace(input_offset=3e-3, open_loop_gain=500.0),
    "clamped": preset("cmos-1g").replace(output_swing=0.12, input_offset=-1e-3),
    "current": preset("ad823").replace(output_current_limit=200e-6, output_resistance=500.0),
    "second-pole": preset("opa690").replace(second_pole=600e6, output_swing=0.1),
}
LEVELS = 0.15 * np.column_stack([vector(4, 3), vector(4, 4), np.zeros(4)])


def system_of(name, kind) -> System:
    """A circuit of four rows with wires and random offsets."""
    fields = {"wire_resistance": 3.0, "line_capacitance": 1e-15, "offset_spread": 1e-3, "seed": 2, "engine": "exact"}
    if kind is InvCircuit:
        fields["inverter_resistance"] = 500.0 if name == "second-pole" else 4e3
    return System(kind.program(spd_matrix(4, 6, 2), opamp=OPAMPS[name], **fields).circuit)


@pytest.mark.parametrize("kind", [InvCircuit, MvmCircuit])
@pytest.mark.parametrize("name", OPAMPS)
def test_it_is_ngspices_operating_point(name, kind):
    """Outputs within a millionth of full scale and a microvolt, offsets and limits included."""
    system = system_of(name, kind)
    levels = LEVELS[: system.inputs]
    place = resting(system, levels)
    rows = system.rows(system.circuit.outputs)
    got = times(rows.modal, place.state[:, None]) + times(rows.feed, levels[:, None])
    got += times(rows.pins, place.added.pins) + rows.rest[:, None, None]
    engine = NgspiceEngine()
    wanted = engine.rest(engine.init(system.circuit), levels)
    assert_close(got[:, 0], wanted, relative=1e-6, absolute=1e-6)


@pytest.mark.parametrize("kind", [InvCircuit, MvmCircuit])
@pytest.mark.parametrize("name", OPAMPS)
def test_nothing_changes_there(name, kind):
    """The derivative of every mode is 0 and what limits add is that of the limits at the voltages of this state."""
    system = system_of(name, kind)
    levels, laws = LEVELS[: system.inputs], Laws.of(system.circuit)
    place, seen = resting(system, levels), system.seen
    rates = system.drive @ levels + times(system.push, place.added.whole)[:, 0]
    modes = np.vstack([place.state[: system.real], _pairs(place.state, system.real)])
    driven = np.vstack([rates[: system.real], _pairs(rates, system.real)])
    assert_close(system.values[:, None] * modes + driven, 0 * modes, absolute=1e-9 * np.abs(driven).max())
    voltages = times(seen.modal, place.state[:, None]) + times(seen.feed, levels[:, None])
    voltages += times(seen.pins, place.added.pins) + seen.rest[:, None, None]
    m = laws.count
    clamp = laws.clamp(voltages[m : 2 * m])[0]
    added = laws.stage(voltages[:m])[0] + clamp
    # The last move of Newton's method is a picovolt, which the clamp's slope multiplies.
    assert_close(place.added.whole[:m], added, absolute=1e-6 * laws.slew_rate.max())
    assert_close(place.added.whole[m:], laws.output(voltages[2 * m :])[0], absolute=1e-12)
    if kind is InvCircuit and name in ("clamped", "second-pole"):
        assert (np.abs(clamp) > 1e-3 * laws.slew_rate).any()


@pytest.mark.parametrize("seed", range(8))
def test_offsets_can_use_up_all_limits(seed):
    """Without inputs, op-amps with large offsets, little current and little swing rest where ngspice finds them."""
    rng = np.random.default_rng(seed)
    opamp = preset("cmos-100meg").replace(
        input_offset=50e-3,
        output_current_limit=float(10 ** rng.uniform(-5, -4)),
        output_swing=float(rng.uniform(0.1, 0.9)),
    )
    circuit = InvCircuit.program(spd_matrix(4, 20, seed), opamp=opamp, engine="exact", inverter_resistance=5e3).circuit
    system, engine, levels = System(circuit), NgspiceEngine(), np.zeros((4, 1))
    place, rows = resting(system, levels), system.rows(circuit.outputs)
    got = rows.modal @ place.state + rows.pins @ place.added.pins[:, 0] + rows.rest[:, None]
    assert_close(got, engine.rest(engine.init(circuit), levels), absolute=1e-5)


@pytest.mark.parametrize("name", OPAMPS)
def test_what_acts_at_once_is_found_anywhere(name):
    """In a state with stages near their swing, whose outputs hang behind: the laws hold there."""
    system, rng = system_of(name, InvCircuit), np.random.default_rng(3)
    laws, linear, levels = system.laws, system.linear, LEVELS[:4, :2]
    voltage = 0.9 * laws.swing.min() * rng.uniform(-1, 1, (len(linear.kept), 2))
    coordinates = system.coordinates(voltage, levels)
    place = placed(system, coordinates, levels)
    drive, stage, drop, _ = system.parted(system.seen.at(coordinates, levels, place.added.pins[:, 0])[:, None])
    assert_close(place.added.pins, laws.output(drop)[0], absolute=1e-12)
    assert_close(place.added.slewing, laws.stage(drive)[0], absolute=1e-6 * laws.slew_rate.max())
    if place.added.clamp is not None:
        assert_close(place.added.clamp, laws.clamp(stage)[0], absolute=1e-6 * laws.slew_rate.max())


def _pairs(rows, real):
    return rows[real::2] + 1j * rows[real + 1 :: 2]
