"""The reduction of an array against elimination node by node, a sparse nodal solver, closed forms and identities."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

from netlists.arrays.reduction import peak_bytes, reduce_array
from netlists.record import ParameterError
from tests.cases import mesh_terminal_currents

CONTACTS = ["one", "both", "separate"]


def cells_of(shape, seed=0, low=1e-7, high=1e-4):
    """Log-uniform conductances."""
    return np.exp(np.random.default_rng(seed).uniform(np.log(low), np.log(high), shape))


def mesh(cells, segment, contacts):
    """All resistors of an array: nodes a, nodes b, siemens; then how many terminals and how many nodes there are.

    Terminals are numbered first, then word lines at the cells, then bit lines, row by row.
    """
    n, m = cells.shape
    lines = np.arange(n + m)
    far = lines + (n + m if contacts == "separate" else 0)
    count = (n + m) * (2 if contacts == "separate" else 1)
    word = count + np.arange(n * m).reshape(n, m)
    bit = word + n * m
    joined = [(word, bit, cells)]
    for nodes, near, end in ((word, lines[:n], far[:n]), (bit.T, lines[n:], far[n:])):
        chain = np.column_stack([near, nodes, end] if contacts != "one" else [near, nodes])
        joined.append((chain[:, :-1], chain[:, 1:], np.full(chain[:, 1:].shape, 1 / segment)))
    a, b, siemens = (np.concatenate([np.ravel(part) for part in parts]) for parts in zip(*joined, strict=True))
    return a, b, siemens, count, count + 2 * n * m


def eliminated(cells, segment, contacts, capacitance=0.0):
    """Conductance and capacitance between terminals: one node after the other, in extended precision.

    Diagonals are never stored (Grassmann, Taksar, Heyman 1985), so every entry is good to some ulp on any machine.
    """
    a, b, siemens, count, total = mesh(cells, segment, contacts)
    w = np.zeros((total, total), np.longdouble)
    np.add.at(w, (a, b), siemens)
    np.add.at(w, (b, a), siemens)
    c = np.diag(np.repeat([0.0, capacitance], [count, total - count])).astype(np.longdouble)
    for e in range(total - 1, count - 1, -1):
        x = w[e, :e] / w[e, :e].sum()
        w, c = (
            w[:e, :e] + np.outer(w[e, :e], x),
            c[:e, :e] + np.outer(c[:e, e], x) + np.outer(x, c[e, :e] + c[e, e] * x),
        )
        np.fill_diagonal(w, 0)
    return w, c


def nodal_currents(cells, segment, contacts, voltages):
    """Currents into the terminals by sparse LU of the whole mesh, voltages (T, S)."""
    a, b, siemens, count, total = mesh(cells, segment, contacts)
    ends = np.concatenate([a, b, a, b]), np.concatenate([b, a, a, b])
    laplacian = coo_array((np.concatenate([-siemens, -siemens, siemens, siemens]), ends), (total, total)).tocsc()
    inner = splu(laplacian[count:, count:]).solve(-(laplacian[count:, :count] @ voltages))
    return laplacian[:count, :count] @ voltages + laplacian[:count, count:] @ inner


def assert_entries(got, wanted, tolerance):
    """Every entry to a relative tolerance; prints the worst."""
    error = np.abs(got - wanted) / np.where(wanted == 0, 1, np.abs(wanted))
    worst = np.unravel_index(np.argmax(error), error.shape)
    assert error[worst] <= tolerance, f"{worst}: got {got[worst]}, wanted {wanted[worst]}, off by {error[worst]}"


@pytest.mark.parametrize("contacts", CONTACTS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (1, 9), (9, 1), (3, 7), (8, 8), (11, 5)])
@pytest.mark.parametrize("segment", [1e-4, 1.73, 1e3])
def test_every_entry_is_that_of_elimination_node_by_node(shape, segment, contacts):
    """Not only the largest: 1e-7 S beside 1e4 S, to twelve digits; capacitance too, `X^T C X`."""
    cells = cells_of(shape)
    conductance, capacitance = eliminated(cells, segment, contacts, 1e-16)
    got = reduce_array(cells, segment, 1e-16, contacts)
    assert_entries(got.conductance, conductance, 1e-12)
    assert_entries(got.capacitance, capacitance, 1e-12)
    assert_entries(reduce_array(cells, segment, 0.0, contacts).conductance, conductance, 1e-12)


@pytest.mark.parametrize("segment", [1e-12, 1e9])
def test_far_outside_of_practice_entries_keep_their_digits(segment):
    """Cells of 0.1 mS that float at the end of segments of a gigaohm, and lines as good as ideal."""
    cells = cells_of((5, 6), low=1e-5)
    assert_entries(reduce_array(cells, segment).conductance, eliminated(cells, segment, "one")[0], 1e-9)


@settings(deadline=None, max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    seed=st.integers(0, 2**32 - 1),
    exponent=st.floats(-4, 3),
    low=st.sampled_from([0.0, 1e-7, 1e-5, 9.9e-5]),
    contacts=st.sampled_from(CONTACTS),
)
def test_any_array_is_a_network_of_positive_conductances(shape, seed, exponent, low, contacts):
    """Symmetric, not negative, nothing on the diagonal, no current at constant voltage, every entry right.

    With `low` 0 a third of the cells are open.
    """
    generator = np.random.default_rng(seed)
    cells = np.exp(generator.uniform(np.log(low or 1e-7), np.log(1e-4), shape)) * (
        generator.random(shape) > (low == 0) / 3
    )
    got = reduce_array(cells, 10**exponent, 1e-16, contacts)
    conductance, capacitance = eliminated(cells, 10**exponent, contacts, 1e-16)
    assert_entries(got.conductance, conductance, 1e-12)
    assert_entries(got.capacitance, capacitance, 1e-12)
    for between in (got.conductance, got.capacitance):
        assert np.array_equal(between, between.T)
        assert (between >= 0).all()
    assert not got.conductance.diagonal().any()
    leak = got.laplacian @ np.ones(len(got.laplacian))
    assert (np.abs(leak) <= 1e-15 * len(leak) * got.conductance.sum(axis=1)).all()


@pytest.mark.parametrize("size", range(1, 41))
def test_terminal_currents_at_every_size(size):
    """Squares of 1 to 40 lines: currents of a sparse nodal solve to 1e-9, all kinds of contacts in turn."""
    cells, contacts = cells_of((size, size), size), CONTACTS[size % 3]
    laplacian = reduce_array(cells, 1.73, contacts=contacts).laplacian
    voltages = np.random.default_rng(size).uniform(-1, 1, (len(laplacian), 2))
    wanted = nodal_currents(cells, 1.73, contacts, voltages)
    assert np.abs(laplacian @ voltages - wanted).max() <= 1e-9 * np.abs(wanted).max()


@pytest.mark.parametrize("shape", [(256, 8), (8, 256), (3, 130), (100, 37), (63, 65)])
@pytest.mark.parametrize("contacts", CONTACTS)
def test_terminal_currents_of_rectangles(shape, contacts):
    """Every single current is that of a sparse nodal solve, as far as this has the digits."""
    cells = cells_of(shape)
    laplacian = reduce_array(cells, 0.9, contacts=contacts).laplacian
    voltages = np.random.default_rng(1).uniform(-1, 1, (len(laplacian), 1))
    wanted = nodal_currents(cells, 0.9, contacts, voltages)
    np.testing.assert_allclose(laplacian @ voltages, wanted, rtol=1e-9, atol=1e-10 * np.abs(wanted).max())


def test_terminal_currents_of_the_mesh_written_out():
    """Kirchhoff's laws written cell by cell give the same currents."""
    cells, rows, columns = cells_of((6, 9)), np.linspace(-1, 1, 6), np.linspace(0.3, -0.7, 9)
    got = reduce_array(cells, 2.5).laplacian @ np.concatenate([rows, columns])
    np.testing.assert_allclose(got, np.concatenate(mesh_terminal_currents(cells, 2.5, rows, columns)), rtol=1e-10)


@pytest.mark.parametrize("segment", [1e-3, 1.0, 1e3])
def test_a_single_cell_is_resistors_in_series(segment):
    """Segment, cell, segment; contacted at both ends two segments in parallel on either side."""
    cell, ohms = np.array([[4e-5]]), 1 / 4e-5
    assert reduce_array(cell, segment).conductance[0, 1] == pytest.approx(1 / (ohms + 2 * segment), rel=1e-14)
    assert reduce_array(cell, segment, contacts="both").conductance[0, 1] == pytest.approx(
        1 / (ohms + segment), rel=1e-14
    )


def test_a_single_word_line_is_a_ladder():
    """With all bit lines grounded its conductance is a continued fraction."""
    cells, segment = cells_of((1, 23)), 37.0
    ladder = 0.0
    for cell in cells[0, ::-1]:
        ladder = 1 / (segment + 1 / (ladder + 1 / (1 / cell + segment)))
    assert reduce_array(cells, segment).conductance[0].sum() == pytest.approx(ladder, rel=1e-13)


@pytest.mark.parametrize("shape", [(4, 4), (5, 11), (9, 2)])
@pytest.mark.parametrize("contacts", CONTACTS)
def test_word_and_bit_lines_change_roles_with_the_array_transposed(shape, contacts):
    """The network of the transposed array is the same one with terminals renamed."""
    cells, (n, m) = cells_of(shape), shape
    names = np.concatenate([n + np.arange(m), np.arange(n)])
    if contacts == "separate":
        names = np.concatenate([names, names + n + m])
    got, other = reduce_array(cells, 5.0, 1e-16, contacts), reduce_array(cells.T, 5.0, 1e-16, contacts)
    assert_entries(other.conductance, got.conductance[np.ix_(names, names)], 1e-12)
    assert_entries(other.capacitance, got.capacitance[np.ix_(names, names)], 1e-12)


def test_far_ends_that_float_or_are_shorted():
    """Open far terminals leave the network of one contact; tied to the near ones they leave that of both."""
    cells, t = cells_of((6, 4)), 10
    separate = reduce_array(cells, 3.0, contacts="separate").laplacian
    near, cross, far = separate[:t, :t], separate[:t, t:], separate[t:, t:]
    open_ended = near - cross @ np.linalg.solve(far, cross.T)
    np.testing.assert_allclose(open_ended, reduce_array(cells, 3.0).laplacian, atol=1e-13)
    tied = reduce_array(cells, 3.0, contacts="both").laplacian
    np.testing.assert_allclose(near + cross + cross.T + far, tied, atol=1e-14)


@pytest.mark.parametrize("contacts", ["one", "both"])
def test_thin_wires_approach_ideal_ones_linearly(contacts):
    """Ideal wires leave the cells alone; the distance from them is proportional to r."""
    cells = cells_of((7, 5))
    ideal = reduce_array(cells, 0.0, contacts=contacts).conductance
    np.testing.assert_array_equal(ideal[:7, 7:], cells)
    assert ideal.sum() == pytest.approx(2 * cells.sum())
    distances = [
        np.abs(reduce_array(cells, r, contacts=contacts).conductance - ideal).max() for r in (1e-2, 1e-3, 1e-4)
    ]
    np.testing.assert_allclose(np.divide(distances[:-1], distances[1:]), 10, rtol=1e-3)


@pytest.mark.parametrize("contacts", CONTACTS)
@pytest.mark.parametrize("line_model", ["reduced", "lumped"])
@pytest.mark.parametrize("shape", [(1, 1), (6, 9), (33, 17)])
def test_the_charge_of_a_volt_on_all_terminals_is_that_of_all_capacitors(shape, line_model, contacts):
    """2 N M nodes at one volt hold 2 N M c, wherever the model puts it."""
    got = reduce_array(cells_of(shape), 20.0, 3e-16, contacts, line_model)
    assert got.capacitance.sum() == pytest.approx(2 * shape[0] * shape[1] * 3e-16, rel=1e-13)


def test_lumped_capacitance_is_that_of_the_line():
    """M c on a word line, N c on a bit line; on either end half of it; ideal wires know nothing else."""
    cells = cells_of((2, 3))
    for got in (reduce_array(cells, 1.0, 1e-15, line_model="lumped"), reduce_array(cells, 0.0, 1e-15)):
        np.testing.assert_allclose(got.capacitance, np.diag([3e-15, 3e-15, 2e-15, 2e-15, 2e-15]))
    ends = reduce_array(cells, 1.0, 1e-15, "separate", "lumped").capacitance
    np.testing.assert_allclose(ends, np.diag([1.5e-15, 1.5e-15, 1e-15, 1e-15, 1e-15] * 2))


def test_capacitance_of_thin_wires_is_lumped():
    """As r goes to 0 every node of a line follows its terminal."""
    cells = cells_of((5, 4))
    lumped = reduce_array(cells, 0.0, 1e-16).capacitance
    assert np.abs(reduce_array(cells, 1e-4, 1e-16).capacitance - lumped).max() <= 1e-6 * lumped.max()


@pytest.mark.parametrize("segment", [1e-309, np.inf, np.nan, -1.0])
def test_a_mesh_without_finite_network_is_refused(segment):
    """The parameter is named, no warning is left behind."""
    with pytest.raises(ParameterError, match="wire_resistance"):
        reduce_array(cells_of((3, 3)), segment)


def test_a_network_with_negative_conductances_is_refused():
    """Elimination goes through where cells are slightly negative; what comes of it is no network of resistors."""
    with pytest.raises(ParameterError, match="wire_resistance"):
        reduce_array(-cells_of((3, 3)), 1.0)


def test_two_ends_of_an_ideal_line_are_no_two_terminals():
    """No finite conductance joins them."""
    with pytest.raises(ParameterError, match="wire_resistance"):
        reduce_array(cells_of((3, 3)), 0.0, contacts="separate")


@pytest.mark.parametrize("contacts", CONTACTS)
def test_an_array_beyond_the_memory_is_refused_before_the_work(contacts):
    """In one line that says what to do."""
    cells = np.broadcast_to(1e-5, (10**6, 10**6))
    with pytest.raises(ParameterError, match=r"size: got 1000000 x 1000000; .* smaller array"):
        reduce_array(cells, 1.0, contacts=contacts)


@pytest.mark.parametrize("shape", [(128, 128), (100, 90), (300, 2)])
@pytest.mark.parametrize("contacts", ["one", "separate"])
@pytest.mark.parametrize("line_capacitance", [0.0, 1e-16])
def test_the_estimate_of_memory_is_near_what_is_taken(shape, contacts, line_capacitance):
    """Not below the measured peak, and less than three times it."""
    cells = cells_of(shape)
    tracemalloc.start()
    reduce_array(cells, 1.0, line_capacitance, contacts)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 1.05 * peak_bytes(*shape, capacitance=line_capacitance > 0) <= 3 * peak
