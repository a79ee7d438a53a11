"""Parts of a study: all of them, or one cause of errors alone."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from mimo.parts import Parts, circuit_options, map_of

MATRIX = np.array([[2.0, -0.5], [-0.5, 1.0]])
GIVEN = {"opamp": "single-pole", "open_loop_gain": "1000", "levels": "8", "wire_resistance": "50", "stuck_on": "5%"}


def steady(parts):
    """Inverse of the matrix by a circuit of these parts."""
    return parts.program("inv", MATRIX, 0).steady(np.eye(2))


def test_causes_are_those_that_the_parts_have():
    """Levels come with the default device; the gain of an op-amp is always finite."""
    assert Parts({}).causes("inv") == ("levels", "opamp_gain")
    assert Parts(GIVEN).causes("inv") == ("levels", "stuck_cells", "wires", "opamp_gain")


def test_each_cause_alone_leaves_all_else_ideal():
    """Each changes the inverse; without it the inverse is exact, and with one cause given it is that cause alone."""
    parts, exact = Parts(GIVEN), np.linalg.inv(MATRIX)
    alone = {cause: steady(parts.alone(cause)) for cause in ("levels", "wires", "opamp_gain")}
    assert all(np.abs(found - exact).max() > 1e-4 for found in alone.values())
    ideal = {"device": "ideal", "opamp": "single-pole", "open_loop_gain": "1e12"}
    assert steady(Parts({**ideal, "levels": "8"})) == pytest.approx(alone["levels"], rel=1e-9)
    assert steady(Parts({**ideal, "wire_resistance": "50"})) == pytest.approx(alone["wires"], rel=1e-9)
    assert steady(Parts({**ideal, "open_loop_gain": "1000"})) == pytest.approx(alone["opamp_gain"], rel=1e-9)
    assert steady(parts.alone("read_noise")) == pytest.approx(exact, rel=1e-9)


def test_a_cause_that_there_is_not_is_refused():
    """With the names of all."""
    with pytest.raises(ParameterError, match="cause: got moon; must be one of levels"):
        Parts({}).alone("moon")


def test_options_are_those_that_count_at_rest():
    """Neither slew rates nor offsets; every one is known to the circuits and can be given."""
    names = {option.name for option in circuit_options("inv", "mvm", "ginv")}
    assert {"opamp", "levels", "wire_resistance", "topology"} <= names
    assert not {"slew_rate", "input_offset", "engine", "ridge", "input_conductance", "dac_bits"} & names
    assert not {"pair", "interconnect"} & names


def test_offsets_are_no_part_of_the_map():
    """At rest and at a time before, with offsets of their own in every op-amp; the map is that without them."""
    matrix = np.array([[1.0, -0.4], [0.2, 0.8]])
    plain, shifted = (Parts({"device": "ideal", "offset_spread": one}).program("inv", matrix, 0) for one in ("0", "5m"))
    for at in (None, 20e-9):
        assert map_of(shifted, at) == pytest.approx(map_of(plain, at), abs=1e-9)
    assert np.abs(shifted.steady(np.eye(2)) - plain.steady(np.eye(2))).max() > 1e-3
    assert map_of(plain) == pytest.approx(plain.steady(np.eye(2)), abs=1e-12)
