"""Capacitance between the inputs of op-amps: the same circuit with capacitors as parts, both engines, gradients."""

from dataclasses import replace

import numpy as np
import pytest

from amc_circuits import GinvCircuit, InvCircuit
from amc_circuits.linear.equations import linear_circuit
from netlists import GROUND, Capacitors, Circuit, Conductors, OpAmps, ParameterError, Source, preset
from tests.comparators import assert_close, assert_within

COUPLED = preset("cmos-1g").replace(input_capacitance=60e-15, input_coupling=40e-15)
TURNING = np.array([[1.0, -0.4], [0.3, 0.8]])
TALL = np.random.default_rng(5).uniform(-1, 1, (5, 3))


def as_parts(circuit):
    """The circuit with 20 fF from every input to ground, and capacitors between the inputs as parts of their own."""
    plain = circuit.with_opamps(lambda one: one.replace(input_capacitance=20e-15, input_coupling=0.0))
    pairs = [Capacitors(f"x{one.name}", one.inverting, one.noninverting, 40e-15) for one in circuit.of(OpAmps)]
    return replace(plain, parts=(*plain.parts, *pairs))


@pytest.mark.parametrize("topology", ["paired", "compensated"])
@pytest.mark.parametrize("solver", [InvCircuit, GinvCircuit])
def test_poles_are_those_with_capacitors_as_parts(solver, topology):
    """Between two nodes, and to ground where the other input is there."""
    matrix = TALL if solver is GinvCircuit else TALL[:3]
    ohms = {"inverter_resistance": 1e3} if topology == "paired" else {}
    circuit = solver.program(matrix, opamp=COUPLED, topology=topology, engine="exact", **ohms).circuit
    found, wanted = (np.sort_complex(linear_circuit(one).poles) for one in (circuit, as_parts(circuit)))
    assert_close(np.abs(found - wanted), np.zeros(len(found)), absolute=1e-6 * np.abs(wanted).max())


def test_both_engines_agree():
    """Settling of INV within 1 %; with all of the capacitance to ground it takes less than half of the time."""
    opamp, options = COUPLED.replace(input_capacitance=200e-15, input_coupling=100e-15), {"topology": "compensated"}
    exact, simulated, uncoupled = (
        float(InvCircuit.program(TURNING, opamp=one, engine=engine, **options).solve([0.5, -1.0]).settling_time)
        for one, engine in ((opamp, "exact"), (opamp, "ngspice"), (opamp.replace(input_coupling=0.0), "exact"))
    )
    assert_within(simulated, exact, 0.01)
    assert uncoupled < exact / 2


def test_a_source_at_the_other_input_drives_through_it():
    """A step at the non-inverting input moves the inverting one at once: by C/(C + C_0), of the two capacitors."""
    parts = (OpAmps("amp", "v", "c", COUPLED, "in"), Capacitors("more", "v", GROUND, 20e-15))
    circuit = Circuit("step", {"in": 1, "v": 1, "c": 1}, (*parts, *_resistors()), (Source("in"),), "c")
    linear = linear_circuit(circuit)
    assert_close(linear.feed[linear.nodes["v"]], np.array([[0.5]]), absolute=1e-9)


def _resistors():
    return Conductors("f", "c", "v", 1e-4), Conductors("g", "v", GROUND, 1e-4)


def test_it_is_a_part_of_the_input_capacitance():
    """More than all of it is refused."""
    with pytest.raises(ParameterError, match=r"input_coupling: got .*must not pass input_capacitance"):
        COUPLED.replace(input_coupling=70e-15)
