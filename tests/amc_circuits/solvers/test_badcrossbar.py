"""Arrays and MVM circuits with wires against the record of badcrossbar, which shares no code with them.

Each bound is some ten times the disagreement that was seen: 3e-13 for the linear circuit, 1e-10 for ngspice.
"""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from amc_circuits.results.status import Status
from amc_circuits.solvers.mvm import MvmCircuit
from netlists.arrays.mesh import array_state
from netlists.arrays.reduction import reduce_array
from tests.amc_circuits.solvers.wires import FINE, STIFF
from tests.comparators import assert_close
from tests.kirchhoff import array_at_rest

RECORD = Path(__file__).parents[2] / "recorded" / "badcrossbar.npz"
SIZES = ("3x3", "4x7", "16x16", "32x32", "64x64")
SEGMENTS = (0.5, 1.73, 20.0)


@pytest.fixture(scope="module")
def record():
    """Voltages and currents by badcrossbar, from tests/record_badcrossbar.py."""
    with np.load(RECORD, allow_pickle=False) as stored:
        return dict(stored)


def recorded(record, size, segment):
    """Cells, inputs (M, K) and currents out of the word lines (N, K) of an array."""
    (place,) = np.flatnonzero(record["segments"] == segment)
    return record[f"cells_{size}"], record[f"inputs_{size}"], record[f"currents_{size}"][place]


def word_line_currents(cells, segment, inputs):
    """Out of the word lines, held at ground, of the reduced array: shape (N, K)."""
    rows = len(cells)
    grounded = np.vstack([np.zeros((rows, inputs.shape[1])), inputs])
    return -(reduce_array(cells, segment).laplacian @ grounded)[:rows]


def test_the_record_is_what_the_tests_take_it_for(record):
    """It holds the arrays named here, and in each the wires matter."""
    assert tuple(record["sizes"]) == SIZES
    assert tuple(record["segments"]) == SEGMENTS
    for size, segment in product(SIZES, SEGMENTS):
        cells, inputs, currents = recorded(record, size, segment)
        assert np.abs(cells @ inputs - currents).max() > 2e-4 * np.abs(currents).max()


@pytest.mark.parametrize("place", range(len(SEGMENTS)))
def test_kirchhoff_and_badcrossbar_agree_in_every_cell(record, place):
    """A segment between each terminal and its first cell, none beyond the last: both lines at every cell to 1e-10."""
    size = str(record["nodes_size"])
    n, m = record[f"cells_{size}"].shape
    rest = array_at_rest(record[f"cells_{size}"], np.zeros(n), record[f"inputs_{size}"][:, 0], SEGMENTS[place])
    for line in ("word", "bit"):
        wanted = record[f"{line}_{size}"][place]
        assert_close(rest.lines(line, 0, n, m), wanted, relative=1e-10, absolute=1e-13 * np.abs(wanted).max())


@pytest.mark.parametrize("place", range(len(SEGMENTS)))
def test_voltages_in_the_mesh_are_those_of_badcrossbar(record, place):
    """All inputs at once: both lines at every cell to 1e-10 for the recorded input, currents to 1e-8 for all."""
    size = str(record["nodes_size"])
    cells, inputs, currents = recorded(record, size, SEGMENTS[place])
    n = len(cells)
    state = array_state(cells, SEGMENTS[place], np.hstack([np.zeros((inputs.shape[1], n)), inputs.T]))
    for line, got in (("word", state.word_voltage[0]), ("bit", state.bit_voltage[0])):
        wanted = record[f"{line}_{size}"][place]
        assert_close(got, wanted, relative=1e-10, absolute=1e-13 * np.abs(wanted).max())
    assert_close(-state.terminal_current[:, :n].T, currents, relative=1e-8)


@pytest.mark.parametrize("size", SIZES)
def test_reduced_arrays_carry_the_currents_of_badcrossbar(record, size):
    """Each current to 1e-8 of itself (some nearly cancel), all of them to 1e-11 of the largest."""
    for segment in SEGMENTS:
        cells, inputs, currents = recorded(record, size, segment)
        got = word_line_currents(cells, segment, inputs)
        assert_close(got, currents, relative=1e-8)
        assert_close(got, currents, absolute=1e-11 * np.abs(currents).max())


def test_the_record_tells_orientations_apart(record):
    """An array mirrored in its rows or columns, or turned, is far from the record: the agreement is no symmetry."""
    cells, inputs, currents = recorded(record, "16x16", 20.0)
    mirrored = [
        word_line_currents(cells[::-1], 20.0, inputs)[::-1],
        word_line_currents(cells[:, ::-1], 20.0, inputs[::-1]),
        word_line_currents(cells[::-1, ::-1], 20.0, inputs[::-1])[::-1],
    ]
    for wrong in mirrored:
        assert np.abs(wrong - currents).max() > 1e-2 * np.abs(currents).max()


def mvm_of(cells, segment, **options):
    """The MVM circuit that is programmed with just these cells."""
    circuit = MvmCircuit.program(
        cells, opamp=STIFF, g_min=cells.min() / 2, g_max=cells.max(), wire_resistance=segment, **options
    )
    assert_close(circuit.design.conductance_positive, cells, relative=1e-15)
    return circuit


@pytest.mark.parametrize("size", SIZES)
def test_mvm_rests_where_badcrossbar_says(record, size):
    """Without a simulator: every output is `-I/G_f` to 1e-8 of itself."""
    for segment in SEGMENTS:
        cells, inputs, currents = recorded(record, size, segment)
        circuit = mvm_of(cells, segment)
        wanted = -currents / circuit.design.feedback_conductance
        assert_close(circuit.linear.steady("out", inputs), wanted, relative=1e-8)


@pytest.mark.parametrize(
    ("size", "segment", "form"),
    [
        *product(("3x3", "4x7"), SEGMENTS, ("flat", "reduced")),
        ("16x16", 1.73, "flat"),
        *product(("16x16",), SEGMENTS, ("reduced",)),
        ("32x32", 1.73, "reduced"),
    ],
)
def test_mvm_in_ngspice_ends_where_badcrossbar_says(record, size, segment, form):
    """Every output is `-I/G_f` to 1e-6 of itself."""
    cells, inputs, currents = recorded(record, size, segment)
    circuit = mvm_of(cells, segment, interconnect=form, **FINE)
    solution = circuit.matvec(inputs)
    assert solution.status is Status.SETTLED
    got = np.array([response.outputs[-1] for response in solution.responses]).T
    wanted = -currents / circuit.design.feedback_conductance * 0.1 / np.abs(inputs).max(axis=0)
    assert_close(got, wanted, relative=1e-6)
