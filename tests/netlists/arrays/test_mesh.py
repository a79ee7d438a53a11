"""Voltages and currents inside an array against Kirchhoff's and Ohm's laws, energy balance, and closed forms."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from netlists.arrays.mesh import array_state
from netlists.arrays.reduction import peak_bytes, reduce_array
from netlists.record import ParameterError

CONTACTS = ["one", "both", "separate"]
SHAPES = [(1, 1), (1, 6), (6, 1), (5, 5), (7, 12), (23, 9)]


def cells_of(shape):
    """Log-uniform between 1e-7 and 1e-4 S."""
    return np.exp(np.random.default_rng(2).uniform(np.log(1e-7), np.log(1e-4), shape))


def driven(shape, contacts, states=()):
    """Random terminal voltages; far ends near those of the same line."""
    generator = np.random.default_rng(3)
    near = generator.uniform(-1, 1, (*states, sum(shape)))
    if contacts != "separate":
        return near
    return np.concatenate([near, near + generator.uniform(-1e-3, 1e-3, near.shape)], axis=-1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("contacts", CONTACTS)
@pytest.mark.parametrize("segment", [1e-4, 1.73, 1e3])
def test_the_laws_of_kirchhoff_and_ohm_hold_at_every_node(shape, contacts, segment):
    """The difference of the currents of two segments flows through the cell; voltages fall by r times current."""
    cells, (n, m) = cells_of(shape), shape
    voltages = driven(shape, contacts)
    state = array_state(cells, segment, voltages, contacts)
    np.testing.assert_allclose(state.cell_current, cells * (state.bit_voltage - state.word_voltage), rtol=1e-12)
    far = {"one": voltages[:0], "both": voltages, "separate": voltages[n + m :]}[contacts]
    lines = (
        (state.word_current, -state.cell_current, voltages[:n], state.word_voltage, far[:n]),
        (state.bit_current.T, state.cell_current.T, voltages[n : n + m], state.bit_voltage.T, far[n:]),
    )
    for current, taken, near, inner, end in lines:
        beyond = np.column_stack([current[:, 1:], np.zeros((len(current), int(contacts == "one")))])
        assert np.abs(current[:, : taken.shape[1]] - beyond - taken).max() <= 1e-14 * np.abs(current).max()
        chain = np.column_stack([near, inner, end] if len(end) else [near, inner])
        assert np.abs(chain[:, :-1] - chain[:, 1:] - segment * current).max() <= 2e-14


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("contacts", CONTACTS)
@pytest.mark.parametrize("segment", [1e-4, 1.73, 1e3])
def test_terminal_currents_are_those_of_the_reduced_array(shape, contacts, segment):
    """Each of them, and their sum is 0."""
    cells, voltages = cells_of(shape), driven(shape, contacts)
    state = array_state(cells, segment, voltages, contacts)
    between = reduce_array(cells, segment, contacts=contacts).conductance
    wanted = (between * (voltages[:, None] - voltages)).sum(axis=1)
    np.testing.assert_allclose(state.terminal_current, wanted, rtol=1e-9, atol=1e-13 * np.abs(wanted).max())
    assert abs(state.terminal_current.sum()) <= 1e-12 * np.abs(wanted).max()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("contacts", CONTACTS)
@pytest.mark.parametrize("segment", [1e-4, 1.73, 1e3])
def test_what_terminals_deliver_is_dissipated(shape, contacts, segment):
    """Tellegen: the sum of v i over the terminals is the power in cells and wires, no part of it negative."""
    voltages = driven(shape, contacts)
    state = array_state(cells_of(shape), segment, voltages, contacts)
    delivered = (voltages * state.terminal_current).sum()
    assert state.cell_power.sum() + state.wire_power == pytest.approx(delivered, rel=1e-12)
    assert (state.cell_power >= 0).all()
    assert state.wire_power > 0


def test_a_single_cell_by_hand():
    """One loop: the same current everywhere."""
    state = array_state(np.array([[1e-4]]), 1e3, np.array([0.2, 1.4]))
    current = 1.2 / 12e3
    assert state.cell_current[0, 0] == pytest.approx(current)
    assert state.word_voltage[0, 0] == pytest.approx(0.2 + 1e3 * current)
    assert state.bit_voltage[0, 0] == pytest.approx(1.4 - 1e3 * current)
    np.testing.assert_allclose(state.terminal_current, [-current, current])
    assert state.wire_power == pytest.approx(2e3 * current**2)


def test_power_in_wires_that_are_nearly_ideal():
    """Voltages along a line differ by less than their last digit, and still its power is right."""
    segment, size, siemens = 1e-12, 6, 1e-5
    voltages = np.repeat([0.0, 1.0], size)
    wires = array_state(np.full((size, size), siemens), segment, voltages).wire_power
    squares = (siemens * np.arange(1, size + 1)) ** 2
    assert wires == pytest.approx(segment * 2 * size * squares.sum(), rel=1e-9)


def test_ideal_wires_show_terminal_voltages():
    """Nodes are at their terminals' voltages; thin wires come near them and carry the same currents."""
    cells, voltages = cells_of((4, 7)), driven((4, 7), "both")
    for contacts in ("one", "both"):
        ideal, thin = array_state(cells, 0.0, voltages, contacts), array_state(cells, 1e-7, voltages, contacts)
        np.testing.assert_array_equal(ideal.cell_voltage, voltages[4:] - voltages[:4, None])
        assert ideal.cell_power.sum() == pytest.approx(voltages @ ideal.terminal_current, rel=1e-13)
        assert ideal.wire_power == 0
        np.testing.assert_allclose(thin.cell_voltage, ideal.cell_voltage, atol=1e-9)
        np.testing.assert_allclose(thin.word_current, ideal.word_current, atol=1e-12)
        np.testing.assert_allclose(thin.bit_current, ideal.bit_current, atol=1e-12)
    with pytest.raises(ParameterError, match="wire_resistance"):
        array_state(cells, 0.0, np.tile(voltages, 2), "separate")


@pytest.mark.parametrize("contacts", CONTACTS)
def test_many_states_at_once_are_the_states_one_by_one(contacts):
    """Leading axes of the voltages lead all results."""
    cells, voltages = cells_of((9, 5)), driven((9, 5), contacts, (2, 3))
    together = array_state(cells, 2.0, voltages, contacts)
    assert together.wire_power.shape == (2, 3)
    alone = array_state(cells, 2.0, voltages[1, 2], contacts)
    for name in ("word_voltage", "bit_voltage", "cell_current", "word_current", "bit_current", "terminal_current"):
        np.testing.assert_allclose(getattr(together, name)[1, 2], getattr(alone, name), rtol=1e-9, atol=1e-17)


@pytest.mark.parametrize("contacts", CONTACTS)
def test_nothing_flows_where_all_terminals_are_at_one_voltage(contacts):
    """All nodes are at it, too."""
    size = 18 * (1 + (contacts == "separate"))
    state = array_state(cells_of((8, 10)), 1.0, np.full(size, 0.7), contacts)
    np.testing.assert_allclose([state.word_voltage, state.bit_voltage], 0.7, rtol=1e-14)
    assert np.abs(state.terminal_current).max() <= 1e-16


def test_every_terminal_needs_a_voltage():
    """Neither more nor fewer."""
    for wrong in (np.zeros(6), np.zeros((5, 14)), np.float64(1)):
        with pytest.raises(ParameterError, match="terminal_voltage"):
            array_state(cells_of((3, 4)), 1.0, wrong)


def test_states_beyond_the_memory_are_refused():
    """A million lines, but no memory is touched."""
    with pytest.raises(ParameterError, match="size"):
        array_state(np.broadcast_to(1e-5, (10**6, 10**6)), 1.0, np.zeros(2 * 10**6))


@pytest.mark.parametrize("states", [1, 40])
def test_the_estimate_of_memory_holds_for_states(states):
    """Not below the measured peak."""
    cells, voltages = cells_of((128, 128)), driven((128, 128), "both", (states,))
    tracemalloc.start()
    array_state(cells, 1.0, voltages, "both")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= peak_bytes(128, 128, capacitance=False, states=states) <= 4 * peak
