"""Several circuits in one deck: each is there whole, under names of its own, and none touches another."""

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit
from amc_circuits.engines import run_deck
from netlists import InvDesign, ParameterError, StepTrain, side_by_side, spice_circuit, vector_beside
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close

SIZE = 3
UNSTABLE = np.array([[0.2, -1.0], [1.0, 0.2]])
"""With inverters it grows (physics: its poles are in the right half plane)."""


def inv(seed, opamp="cmos-100meg", **fields):
    """An INV design with offsets, so that it has something to say without an input."""
    return InvCircuit.program(spd_matrix(SIZE, 5, seed), opamp=opamp, offset_spread=1e-3, seed=seed, **fields).design


def mvm(seed, opamp="cmos-100meg", **fields):
    """The same of MVM, oblong."""
    matrix = np.random.default_rng(seed).uniform(-1, 1, (SIZE, 2))
    return MvmCircuit.program(matrix, opamp=opamp, offset_spread=1e-3, seed=seed, **fields).design


def driven(design):
    """The circuit of a design with a step of its inputs."""
    count = design.size if isinstance(design, InvDesign) else design.shape[1]
    return design.circuit, StepTrain(levels=0.1 * vector(count, 7)[:, None], slot_time=1e-6)


def outputs(design):
    """Names of its outputs, and of a supply's current where it has one."""
    group = "c" if isinstance(design, InvDesign) else "out"
    found = [f"v({group}{k})" for k in range(1, len(design.conductance_positive) + 1)]
    return [*found, "i(vdd)"] if design.opamp.model == "macro" else found


def run(text, names):
    """Values of some vectors in ngspice before the step, and 20 ns later."""
    options = ".options reltol=1e-9 vntol=1e-13 abstol=1e-16"
    (plot,) = run_deck(f"{text}\n{options}\n.save {' '.join(names)}\n.tran 1n 20n 0 50p\n.end\n")
    values = np.array([plot[name] for name in names])
    return values[:, 0], values[:, -1]


def beside(place, design):
    """The same names in a deck with others."""
    return [vector_beside(place, name) for name in outputs(design)]


@pytest.mark.parametrize("opamp", ["single-pole", "cmos-100meg"])
def test_each_is_what_it_is_alone(opamp):
    """INV and MVM, with and without wires and capacitance: at rest to 1e-9 V, in the midst of settling to 1e-6 V."""
    wires = {"wire_resistance": 5.0, "line_capacitance": 1e-15}
    designs = [inv(0, opamp), mvm(1, opamp), inv(2, opamp, **wires), mvm(3, opamp, **wires, interconnect="flat")]
    names = [name for place, design in enumerate(designs) for name in beside(place, design)]
    together = run(side_by_side([driven(design) for design in designs]), names)
    alone = [run(str(spice_circuit(*driven(design))), outputs(design)) for design in designs]
    for k, absolute in ((0, 1e-9), (1, 1e-6)):
        wanted = np.concatenate([found[k] for found in alone])
        assert np.abs(wanted).max() > 1e-3
        assert_close(together[k], wanted, absolute=absolute)


def test_neighbours_do_not_matter():
    """A circuit at rest is the same to 1e-9 V beside one like it, one that grows, and one that saturates."""
    first = inv(0)
    grows = InvCircuit.program(UNSTABLE, offset_spread=1e-6).design
    saturates = inv(1).replace(amplifier_offset=[0.5, -0.5, 0.5])
    found = [run(side_by_side([driven(first), driven(other)]), beside(0, first))[0] for other in (inv(1), grows)]
    found.append(run(side_by_side([driven(saturates), driven(first)]), beside(1, first))[0])
    assert np.abs(found[0]).max() > 1e-3
    for other in found[1:]:
        assert_close(other, found[0], absolute=1e-9)


def test_vectors_are_named_by_place():
    """Voltages and currents of the circuit at a place, counted from 0."""
    assert vector_beside(0, "v(c1)") == "v(xk0.c1)"
    assert vector_beside(12, "i(vdd)") == "i(v.xk12.vdd)"


def test_temperature_is_that_of_all():
    """One option for the deck, where it is not SPICE's own."""
    hot = [driven(inv(seed, temperature=350.0)) for seed in (0, 1)]
    assert side_by_side(hot).count(f".options temp={350.0 - 273.15!r}") == 1
    assert ".options temp" not in side_by_side([driven(inv(0)), driven(inv(1))])


@pytest.mark.parametrize("fields", [{"opamp": "single-pole"}, {"temperature": 350.0}])
def test_circuits_that_differ_in_what_a_deck_has_once_are_refused(fields):
    """Op-amps and temperature."""
    with pytest.raises(ParameterError, match=r"circuits: got .* number 1; .*same op-amps and temperature"):
        side_by_side([driven(inv(0)), driven(inv(1, **fields))])
