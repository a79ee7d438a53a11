"""Currents by iteration against the state inside the mesh, which is found without one."""

from __future__ import annotations

import numpy as np
import pytest

from netlists import ParameterError, array_currents, array_state

SHAPES = [(1, 1), (1, 6), (6, 1), (7, 12), (23, 9)]


def array_of(shape, contacts, states=()):
    """Log-uniform cells, and random voltages of all terminals."""
    generator = np.random.default_rng(5)
    cells = np.exp(generator.uniform(np.log(1e-7), np.log(1e-4), shape))
    return cells, generator.uniform(-1, 1, (*states, sum(shape) * (1 + (contacts == "separate"))))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("contacts", ["one", "both", "separate"])
@pytest.mark.parametrize("segment", [1e-4, 1.73, 1e3])
def test_every_current_is_within_the_tolerance(shape, contacts, segment):
    """Of the currents of the mesh, for several states of the terminals, and whatever the tolerance is."""
    cells, voltage = array_of(shape, contacts, (2, 3))
    exact = array_state(cells, segment, voltage, contacts).terminal_current
    largest = np.abs(exact).max(axis=-1, keepdims=True)
    for tolerance in (1e-3, 1e-6, 1e-10):
        found = array_currents(cells, segment, voltage, contacts, tolerance)
        assert (np.abs(found - exact) <= (tolerance + 1e-12) * largest).all()


@pytest.mark.parametrize("contacts", ["one", "both"])
def test_ideal_wires_leave_the_cells(contacts):
    """Then a current is a sum over the cells of a line."""
    cells, voltage = array_of((4, 3), contacts)
    word, bit = voltage[:4], voltage[4:]
    found = array_currents(cells, 0.0, voltage, contacts)
    through = cells * (bit - word[:, None])
    np.testing.assert_allclose(found, [*-through.sum(axis=1), *through.sum(axis=0)], rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"cells": [[-1e-6]]}, "cells"),
        ({"cells": [[np.nan]]}, "cells"),
        ({"wire_resistance": -1.0}, "wire_resistance"),
        ({"wire_resistance": 0.0, "contacts": "separate", "terminal_voltage": [0.0] * 4}, "wire_resistance"),
        ({"terminal_voltage": [1.0]}, "terminal_voltage"),
        ({"tolerance": 0.0}, "tolerance"),
    ],
)
def test_bad_arguments_are_named(change, named):
    """In one line."""
    arguments = {"cells": np.array([[1e-5]]), "wire_resistance": 1.0, "terminal_voltage": np.zeros(2)} | change
    with pytest.raises(ParameterError) as raised:
        array_currents(**arguments)
    assert raised.value.parameter == named
