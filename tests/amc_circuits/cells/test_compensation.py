"""Cells that make up for their wires, checked by a nodal solve of the mesh of its own."""

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit, ParameterError
from amc_circuits.values.matrices import draw_matrix
from tests.cases import mesh_terminal_currents, spd_matrix, vector

RESISTANCE = 30.0
SIGNED = spd_matrix(6, 10.0, 1)
POSITIVE = draw_matrix("toeplitz", 6, 6, None, np.random.default_rng(0))


def transfer(cells, resistance=RESISTANCE):
    """Currents out of word lines at ground per volt at each bit line, S."""
    rows, columns = cells.shape
    each = [mesh_terminal_currents(cells, resistance, np.zeros(rows), unit)[0] for unit in np.eye(columns)]
    return -np.array(each).T


def held(mapping):
    """Matrix that the arrays hold between their terminals, in the units of A."""
    between = transfer(mapping.positive)
    if mapping.negative is not None:
        between = between - transfer(mapping.negative)
    return between / mapping.unit * mapping.alpha


@pytest.mark.parametrize("matrix", [SIGNED, POSITIVE], ids=["pair", "one array"])
@pytest.mark.parametrize("solver", [InvCircuit, MvmCircuit])
def test_arrays_with_wires_hold_the_matrix(matrix, solver):
    """Between the terminals, as the mesh says; without compensation they are percents away."""
    wires = {"wire_resistance": RESISTANCE, "engine": "exact", "g_min": 1e-8}
    plain, made_up = (solver.program(matrix, **wires, compensate_wires=way).mapping for way in (False, True))
    scale = np.linalg.norm(matrix)
    before = np.linalg.norm(held(plain) - matrix) / scale
    assert before > 0.01
    assert np.linalg.norm(held(made_up) - matrix) / scale < 1e-7
    record = made_up.compensation
    assert record.before == pytest.approx(before, rel=1e-6)
    assert record.after < 1e-8 and plain.compensation is None


@pytest.mark.parametrize("matrix", [SIGNED, POSITIVE], ids=["pair", "one array"])
def test_no_cell_passes_the_limits(matrix):
    """The largest one is at g_max, for the wanted conductances are as large as this leaves room for."""
    limits = {"g_min": 2e-6, "g_max": 50e-6}
    circuit = MvmCircuit.program(matrix, wire_resistance=RESISTANCE, compensate_wires=True, engine="exact", **limits)
    arrays = [one for one in (circuit.mapping.positive, circuit.mapping.negative) if one is not None]
    assert min(array.min() for array in arrays) >= 2e-6
    assert max(array.max() for array in arrays) == pytest.approx(50e-6, rel=1e-9)
    assert 0.5 < circuit.mapping.compensation.scale < 1


def test_answers_lose_the_error_of_the_wires():
    """What remains is that of ideal wires: both op-amps have one gain."""
    b, exact = vector(6, 2), {"opamp": "single-pole", "engine": "exact"}
    wired = {**exact, "wire_resistance": RESISTANCE}
    ideal, plain, made_up = (
        InvCircuit.program(SIGNED, **fields).solve(b).relative_error
        for fields in (exact, wired, {**wired, "compensate_wires": True})
    )
    assert plain > 50 * ideal
    assert made_up == pytest.approx(ideal, rel=0.1)


def test_targets_are_moved_before_cells_take_their_levels():
    """Each cell is at the level that is nearest to its moved target."""
    fields = {"wire_resistance": RESISTANCE, "compensate_wires": True, "engine": "exact"}
    targets = InvCircuit.program(SIGNED, **fields).mapping
    written = InvCircuit.program(SIGNED, **fields, device="gramc-16level").mapping
    step = (100e-6 - 1e-6) / 15
    np.testing.assert_allclose(written.positive, 1e-6 + np.rint((targets.positive - 1e-6) / step) * step, rtol=1e-12)


def test_the_budget_has_what_remains():
    """The wires alone, with the cells that make up for them, change the answer by nearly nothing."""
    fields = {"wire_resistance": RESISTANCE, "engine": "exact"}
    plain, made_up = (
        InvCircuit.program(SIGNED, **fields, compensate_wires=way).solve(vector(6, 2)).budget().figures["wires"]
        for way in (False, True)
    )
    assert plain > 0.02 and made_up < 1e-6


@pytest.mark.parametrize(
    "fields",
    [
        {"compensate_wires": True},
        {"compensate_wires": True, "wire_resistance": 1.0, "conductances": InvCircuit.program(SIGNED).mapping},
    ],
)
def test_what_would_do_nothing_is_refused(fields):
    """Without wires, and with conductances that are given."""
    with pytest.raises(ParameterError, match="compensate_wires"):
        InvCircuit.program(SIGNED, **fields)


@pytest.mark.parametrize("resistance", [1e-9, 1e-12, 1e-18, 1e-25])
@pytest.mark.parametrize("matrix", [np.eye(1), np.eye(2) + 0.1, SIGNED], ids=["one cell", "one array", "pair"])
def test_wires_that_change_less_than_rounding_are_no_cause(matrix, resistance):
    """Cells of 100 uS at the end of N segments change by 4 N 100 uS R at most; nobody needs to know, nor to mend it."""
    circuit = MvmCircuit.program(matrix, wire_resistance=resistance, compensate_wires=True, engine="exact")
    assert circuit.mapping.compensation.note == ""
    np.testing.assert_allclose(circuit.mapping.positive, MvmCircuit.program(matrix).mapping.positive, rtol=1e-8)


def test_the_note_has_no_amounts_of_rounding():
    """What remains is below 1e-8 where nothing ends the iteration earlier, and g_max leaves all but 1e-6."""
    circuit = MvmCircuit.program(SIGNED, wire_resistance=1e-3, compensate_wires=True, engine="exact")
    record = circuit.mapping.compensation
    assert 0 < 1 - record.scale < 1e-4 and record.after < 1e-8 < record.before
    assert record.note.endswith("they change the matrix by less than 1e-06 %")


def test_wires_that_no_cells_make_up_for_are_refused():
    """A single array cannot go below g_min, where all entries that differ already are."""
    matrix = np.array([[1.0, 1e-9], [1e-9, 1e-9]])
    with pytest.raises(ParameterError, match=r"compensate_wires.*no cells within g_min and g_max"):
        MvmCircuit.program(matrix, wire_resistance=1e-3, compensate_wires=True, g_min=99e-6, pair="never")
