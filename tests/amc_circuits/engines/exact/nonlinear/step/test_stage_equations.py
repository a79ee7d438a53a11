"""Iterations that are left out: what they would have changed, from the laws at the voltages that follow."""

from dataclasses import replace

import numpy as np
import pytest

from amc_circuits import EgvCircuit, InvCircuit
from amc_circuits.engines.exact.nonlinear.method import NODES
from amc_circuits.engines.exact.nonlinear.rest import resting
from amc_circuits.engines.exact.nonlinear.step.channels import Channels
from amc_circuits.engines.exact.nonlinear.step.stage_equations import CLOSE, StageEquations
from amc_circuits.engines.exact.nonlinear.system import System, times
from amc_circuits.engines.exact.nonlinear.trajectory import TOLERANCE, Integrator
from netlists import preset
from tests.cases import spd_matrix
from tests.comparators import assert_close

EDGE, LEVEL = 1e-10, 0.2
SLOW = preset("cmos-100meg").replace(slew_rate=30e6)
LOW = preset("cmos-100meg").replace(output_swing=0.12)


def left(system, step, allowed):
    """Largest move, in tolerances (K,), V, by what limits add at the voltages of a step instead of what they added."""
    laws, added, m = system.laws, step.added, system.laws.count
    source, pins = step.source.copy(), added.pins[:, 1:]
    driven = step.inputs[:, None] + step.slope[:, None] * (NODES[1:] * step.length)[:, None]
    source[:, 2:] = times(system.drive, driven) + times(system.push, added.whole[:, 1:])
    seen = times(system.seen.modal, system.applied(system.weights(step.length).whole, source))
    seen += times(system.seen.feed, driven) + times(system.seen.pins, pins) + system.seen.rest[:, None, None]
    moved = np.abs(laws.stage(seen[:m])[0] - added.slewing[:, 1:]) * step.length
    if added.clamp is not None:  # a clamp answers by its slope, and to the sum of both
        clamp, slope = laws.clamp(seen[m : 2 * m])
        missed = laws.stage(seen[:m])[0] + clamp - added.stage_rates[:, 1:]
        moved = np.where(added.clamp[:, 1:] != 0, np.abs(missed / np.minimum(slope, -laws.rate)), moved)
    dropped = np.abs(laws.output(seen[2 * m :])[0] - pins) * laws.resistance
    return max(float((one / allowed).max()) for one in (moved, dropped))


@pytest.mark.parametrize("seed", [1, 3, 6])
@pytest.mark.parametrize("opamp", [SLOW, SLOW.replace(output_swing=0.12)], ids=["slewing", "at clamps, too"])
def test_an_iteration_that_is_left_out_would_change_little(opamp, seed):
    """A quarter of the tolerance at most, where op-amps slew and clamps draw currents: a tenth is expected."""
    size = 2 + seed % 5
    circuit = InvCircuit.program(
        spd_matrix(size, 6, seed), opamp=opamp, engine="exact", inverter_resistance=5e3
    ).circuit
    system, levels = System(circuit), LEVEL * np.random.default_rng(seed).uniform(-1, 1, (size, 3))
    scale = np.abs(levels).max(axis=0)
    integrator = Integrator(system, scale, EDGE)
    steps, place = integrator.run(resting(system, 0 * levels[:, :1]).repeated(3), EDGE, 0 * levels, levels / EDGE)
    more, _ = integrator.run(place, 500 * EDGE, levels, 0 * levels)
    assert max(left(system, step, TOLERANCE * scale) for step in steps + more) < 0.25


@pytest.mark.parametrize("seed", [2, 4])
def test_none_is_left_out_where_clamps_hold_what_grows(seed):
    """An eigenvector circuit from its start to its rest: equations hold as where iterations end by themselves."""
    circuit = EgvCircuit.program(spd_matrix(2 + seed % 4, 5, seed), opamp=LOW, engine="exact").circuit
    system, nothing = System(circuit), np.zeros((circuit.inputs, 1))
    fastest = int(system.values.real.argmax())
    place = resting(system, nothing)
    place.state[fastest] += 0.02
    steps, _ = Integrator(system, np.full(1, 0.1), EDGE).run(place, 40 / system.values.real[fastest], nothing, nothing)
    assert any(step.added.clamp is not None for step in steps)
    assert max(left(system, step, np.full(1, 0.1 * TOLERANCE)) for step in steps) < CLOSE


def test_steep_slopes_where_nothing_changes(monkeypatch):
    """No change is small enough there, and iterations may change nothing: Newton's method solves the same step."""
    system, levels = (
        System(InvCircuit.program(spd_matrix(2, 6, 0), opamp=SLOW, engine="exact").circuit),
        np.ones((2, 1)),
    )
    place, limits, found = resting(system, 0 * levels), Channels.limits, []
    for steep in (False, True):
        if steep:
            monkeypatch.setattr(Channels, "limits", lambda *given: replace(limits(*given), least=-0.1))
            monkeypatch.setattr(Channels, "size", lambda *_: 0.0)
        equations = StageEquations(system, np.full(1, LEVEL), TOLERANCE)
        driven = equations.driven(0 * levels, LEVEL * levels / EDGE, EDGE)
        found.append(equations.step(place.state, place.added, None, driven, EDGE))
    assert_close(found[1].state, found[0].state, absolute=1e-3 * TOLERANCE * LEVEL)
