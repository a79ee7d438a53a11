"""Arrays whose bit lines are a grid: reduction, state inside and derivatives, against a nodal solve by hand."""

from itertools import pairwise

import numpy as np
import pytest

from netlists import Interconnect, ParameterError
from netlists.arrays.array import network_of, state_of
from netlists.arrays.cell_gradient import cell_gradient
from tests.comparators import assert_close
from tests.kirchhoff_network import Network, nodes

SEGMENT, LINE = 500.0, 1e-15
SHAPES = [(1, 1), (3, 2), (2, 4)]
both_contacts = pytest.mark.parametrize("contacts", ["one", "both"])
every_shape = pytest.mark.parametrize("shape", SHAPES)


def wires(**fields):
    """Long segments, so that wires count."""
    return Interconnect(**({"wire_resistance": SEGMENT, "line_capacitance": LINE, "grid": True} | fields))


def cells_of(shape):
    """Cells of four decades, the last one of the first row missing if there are several."""
    cells = 10 ** np.random.default_rng(3).uniform(-8, -4, shape)
    cells[0, -1] *= shape[1] == 1
    return cells


def by_hand(cells, voltage, contacts):
    """Node voltages (N, K), and power in cells and segments, with terminals held."""
    (n, k), network = cells.shape, Network()
    rows, columns = nodes("v", n), nodes("b", k)
    for node, volts in zip([*rows, *columns], voltage.tolist(), strict=True):
        network.hold(node, volts)
    for i, row in enumerate(rows):
        line = [("word", i, j) for j in range(k)]
        for j in np.flatnonzero(cells[i]).tolist():
            network.cells.append((line[j], columns[j], 1 / cells[i, j]))
        stations = [row, *line, row] if contacts == "both" else [row, *line]
        network.cells += [(a, b, SEGMENT) for a, b in pairwise(stations)]
    rest = network.solve()
    return np.array([[rest.voltage["word", i, j] for j in range(k)] for i in range(n)]), rest.array_power


@every_shape
@both_contacts
def test_it_is_the_ladders_of_the_word_lines(shape, contacts):
    """Voltages at every cell, power, terminal currents and charge are those of the nodal solve."""
    cells, own = cells_of(shape), wires(contacts=contacts)
    voltage = np.random.default_rng(1).uniform(-1, 1, sum(shape))
    state, network = state_of(cells, own, voltage), network_of(cells, own)
    inner, power = by_hand(cells, voltage, contacts)
    assert_close(state.word_voltage, inner, absolute=1e-13)
    assert state.cell_power.sum() + state.wire_power == pytest.approx(power, rel=1e-9)
    assert voltage @ network.laplacian @ voltage == pytest.approx(power, rel=1e-9)
    assert_close(network.laplacian @ voltage, state.terminal_current, absolute=1e-18)
    charged = LINE * ((inner**2).sum() + shape[0] * (voltage[shape[0] :] ** 2).sum())
    assert voltage @ network.capacitance @ voltage == pytest.approx(charged, rel=1e-12)


def test_lumped_capacitance_and_ideal_wires_are_as_in_other_arrays():
    """A line's whole capacitance at its terminal; without resistance a grid is an array like all others."""
    cells = cells_of((3, 2))
    lumped = network_of(cells, wires(line_model="lumped")).capacitance
    assert_close(lumped, LINE * np.diag([2.0, 2, 2, 3, 3]), absolute=1e-30)
    ideal = [network_of(cells, wires(wire_resistance=0.0, grid=grid)) for grid in (False, True)]
    assert_close(ideal[0].conductance, ideal[1].conductance)
    assert_close(ideal[0].capacitance, lumped, absolute=1e-30)


@every_shape
@both_contacts
def test_derivatives_are_limits_of_differences(shape, contacts):
    """Of matrices that are not symmetric, with the line capacitance that is reduced with the ladders."""
    rng = np.random.default_rng(2)
    cells, (of_l, of_c) = rng.uniform(1e-5, 1e-4, shape), rng.standard_normal((2, sum(shape), sum(shape)))
    change, own = cells * rng.standard_normal(shape), wires(contacts=contacts)

    def total(share):
        found = network_of(cells + share * change, own)
        return 1e-5 * (of_l * found.laplacian).sum() + 1e8 * (of_c * found.capacitance).sum()

    step = 1e-3
    slope = (8 * (total(step) - total(-step)) - (total(2 * step) - total(-2 * step))) / (12 * step)
    found = cell_gradient(cells, own, 1e-5 * of_l, 1e8 * of_c)
    assert (found * change).sum() == pytest.approx(slope, rel=1e-8)
    assert np.abs(found - cell_gradient(cells, own, 1e-5 * of_l)).max() > 0.01 * np.abs(found).max()


def test_a_network_without_finite_numbers_is_refused():
    """A segment of 1e-320 ohm has no finite conductance."""
    with pytest.raises(ParameterError, match="wire_resistance"):
        network_of(cells_of((3, 2)), wires(wire_resistance=1e-320))
