"""Derivatives of reduced arrays with respect to their wires."""

import numpy as np
import pytest

from netlists import Array, Interconnect
from netlists.arrays.array import network_of, state_of
from netlists.arrays.cell_gradient import cell_gradient
from netlists.arrays.wire_gradient import wire_gradient

SHAPES = [(1, 1), (1, 4), (3, 2), (4, 4), (7, 5)]
KINDS = [{}, {"contacts": "both"}, {"line_model": "lumped"}, {"grid": True}, {"grid": True, "contacts": "both"}]


def arrays(shape, **fields):
    """Random cells with wires, and random derivatives of unlike sizes with respect to their network."""
    rng = np.random.default_rng(3)
    array = Array("x", "w", "b", rng.uniform(1e-5, 1e-4, shape), Interconnect(**fields))
    return array, *rng.standard_normal((2, sum(shape), sum(shape))) * np.array([1e-5, 1e8])[:, None, None]


def gradient(array, of_l, of_c):
    """Derivatives by the wires."""
    return wire_gradient(array, cell_gradient(array.conductance, array.interconnect, of_l, of_c), of_l, of_c)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("field", ["wire_resistance", "line_capacitance"])
def test_it_is_the_limit_of_differences(shape, kind, field):
    """Of matrices that are not symmetric, too; the difference of order 4 errs by the fourth power of the step."""
    array, of_l, of_c = arrays(shape, wire_resistance=500.0, line_capacitance=1e-15, **kind)
    wires = array.interconnect

    def total(share):
        changed = wires.replace(**{field: getattr(wires, field) * (1 + share)})
        found = network_of(array.conductance, changed)
        return (of_l * found.laplacian).sum() + (of_c * found.capacitance).sum()

    step = 1e-3
    slope = (8 * (total(step) - total(-step)) - (total(2 * step) - total(-2 * step))) / (12 * step)
    found = gradient(array, of_l, of_c)
    assert found[field].shape == ()
    assert found[field] * getattr(wires, field) == pytest.approx(slope, rel=1e-8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("resistance", [5.0, 1e-4, 1e-9])
def test_it_is_the_product_of_two_currents_in_each_segment(resistance, kind):
    """Of `p^T L y` the derivative is less the sum of the current for p times that for y (Tellegen); of any R."""
    array, *_ = arrays((4, 3), wire_resistance=resistance, **kind)
    p, y = np.random.default_rng(4).standard_normal((2, 7))
    state = state_of(array.conductance, array.interconnect, np.stack([p, y]))
    wanted = -sum((one[0] * one[1]).sum() for one in (state.word_current, state.bit_current))
    assert gradient(array, np.outer(p, y), np.zeros((7, 7))) == {"wire_resistance": pytest.approx(wanted, rel=1e-8)}


@pytest.mark.parametrize("r", [300.0, 1e-4, 1e-9])
def test_one_cell_has_its_closed_forms(r):
    """Cell and segments are in series; a line is at `1 - a` of its own end and a of the other one, a = R g/(1 + 2 R g).

    So the conductance is `g/(1 + 2 R g)`, and the charge `c ((1 - a)^2 + a^2)`.
    """
    g, c = 1e-4, 1e-15
    array = Array("x", "w", "b", np.array([[g]]), Interconnect(wire_resistance=r, line_capacitance=c))
    one, none = np.array([[1.0, 0.0], [0.0, 0.0]]), np.zeros((2, 2))
    a, of_a = r * g / (1 + 2 * r * g), g / (1 + 2 * r * g) ** 2
    assert gradient(array, one, none)["wire_resistance"] == pytest.approx(-2 * g * of_a, rel=1e-8)
    found = gradient(array, none, one)
    assert found["wire_resistance"] == pytest.approx(c * (4 * a - 2) * of_a, rel=1e-8)
    assert found["line_capacitance"] == pytest.approx((1 - a) ** 2 + a**2, rel=1e-12)


def test_wires_that_there_are_not_have_no_derivative():
    """A resistance or capacitance of 0."""
    assert gradient(*arrays((2, 3))) == {}
