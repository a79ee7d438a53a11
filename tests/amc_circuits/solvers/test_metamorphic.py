"""Changes of the problem that change the answer in a known way, or not at all, whatever the mapping."""

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit, Status
from netlists import preset
from tests.cases import spd_matrix
from tests.comparators import assert_close

SIZE = 5
RANDOM = np.random.default_rng(11)
COMPLEX = spd_matrix(SIZE, 4, 1) + 0.1j * np.triu(RANDOM.uniform(-1, 1, (SIZE, SIZE)), 1)
MATRICES = {
    "signed": spd_matrix(SIZE, 4, 1),
    "positive": np.abs(spd_matrix(SIZE, 4, 1)) + np.eye(SIZE),
    "complex": (COMPLEX + COMPLEX.conj().T) / 2,
    "turning": np.eye(SIZE) * (1 + 0.4j) + 0.2 * spd_matrix(SIZE, 4, 2),
}
B = RANDOM.uniform(-1, 1, SIZE)
RIGHT = {"real": B, "complex": B + 1j * RANDOM.uniform(-1, 1, SIZE)}
MAPPINGS = [
    {"pair": pair, "scaling": scaling}
    for pair in ("auto", "always")
    for scaling in ("none", "diagonal", "powers-of-two")
]
ENGINES = {"exact": 1e-6, "ngspice": 2e-3}
"""Permitted difference, in units of the largest entry: rounding, and time steps that suit another order of nodes."""


def scalable(matrix, mapping):
    """False where a matrix has no diagonal to scale by."""
    return mapping["scaling"] != "diagonal" or not np.diag(matrix).imag.any()


CASES = [
    pytest.param(name, right, mapping, engine, id="-".join([name, right, *mapping.values(), engine]))
    for name, matrix in MATRICES.items()
    for right in RIGHT
    for place, mapping in enumerate(MAPPINGS)
    for engine in (ENGINES if place in (0, 4) else ["exact"])
    if scalable(matrix, mapping)
]


def solved(circuit, vector):
    """The solution, which must be usable."""
    solution = circuit.solve(vector) if isinstance(circuit, InvCircuit) else circuit.matvec(vector)
    assert solution.status is Status.SETTLED, solution.message
    return solution


@pytest.mark.parametrize(("name", "right", "mapping", "engine"), CASES)
def test_inv(name, right, mapping, engine):
    """Permuting rows and columns of A and b permutes x; A and b scaled together change nothing."""
    matrix, b, order = MATRICES[name], RIGHT[right], np.array([3, 0, 4, 1, 2])
    options = {"engine": engine, **mapping}
    first = solved(InvCircuit.program(matrix, **options), b)
    wanted = np.linalg.solve(matrix, b)
    bound = ENGINES[engine] * np.abs(wanted).max()
    assert_close(first.value, wanted, absolute=2e-3 * np.abs(wanted).max())
    permuted = solved(InvCircuit.program(matrix[np.ix_(order, order)], **options), b[order])
    assert_close(permuted.value, first.value[order], absolute=bound)
    assert permuted.relative_error == pytest.approx(first.relative_error, abs=ENGINES[engine])
    for factor in (1024.0, 3e-7):
        other = solved(InvCircuit.program(factor * matrix, **options), factor * b)
        assert_close(other.value, first.value, absolute=bound)
        assert other.settling_time == pytest.approx(first.settling_time, rel=0.01)
        assert other.energy.total == pytest.approx(first.energy.total, rel=0.01)


@pytest.mark.parametrize("right", RIGHT)
@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda mapping: "-".join(mapping.values()))
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_mvm(kind, mapping, right):
    """Rows and columns permuted, each its own way, permute y; A scaled and x scaled inversely change nothing."""
    random = np.random.default_rng(5)
    matrix = random.uniform(-1, 1, (4, 3)) + (0 if kind == "real" else 1j * random.uniform(-1, 1, (4, 3)))
    if mapping["scaling"] == "diagonal":
        matrix = matrix[:3]
        np.fill_diagonal(matrix, [1, 2, 3])
    x, rows, columns = RIGHT[right][:3], random.permutation(len(matrix)), random.permutation(3)
    if mapping["scaling"] == "diagonal":
        rows = columns
    options = {"engine": "exact", **mapping}
    first = solved(MvmCircuit.program(matrix, **options), x)
    bound = 1e-6 * np.abs(matrix @ x).max()
    assert_close(first.value, matrix @ x, absolute=1e3 * bound)
    permuted = solved(MvmCircuit.program(matrix[np.ix_(rows, columns)], **options), x[columns])
    assert_close(permuted.value, first.value[rows], absolute=bound)
    other = solved(MvmCircuit.program(1e4 * matrix, **options), 1e-4 * x)
    assert_close(other.value, first.value, absolute=bound)


@pytest.mark.parametrize("contacts", ["one", "both"])
@pytest.mark.parametrize("resistance", [0.0, 5.0])
@pytest.mark.parametrize("kind", [InvCircuit, MvmCircuit])
def test_the_transpose_has_the_transposed_answer(kind, resistance, contacts):
    """`<A^T y, x> = <y, A x>` and `<A^-T b, d> = <b, A^-1 d>` with wires, too.

    An array is a network of two-poles, so reciprocal; at virtual grounds that is all a circuit has of it. The array of
    A^T is that of A with word and bit lines exchanged, contacts included. Op-amps here have nearly no input voltage.
    """
    rng = np.random.default_rng(5)
    matrix = rng.standard_normal((5, 5)) + 4 * np.eye(5)
    first, second = rng.uniform(-1, 1, (2, 5))
    fields = {
        "opamp": preset("single-pole").replace(open_loop_gain=1e9),
        "engine": "exact",
        "wire_resistance": resistance,
        "contacts": contacts,
    }
    turned = kind.program(matrix.T, **fields).steady(first) @ second
    straight = kind.program(matrix, **fields).steady(second) @ first
    assert turned == pytest.approx(straight, rel=1e-6)
    exact = first @ (np.linalg.solve(matrix, second) if kind is InvCircuit else matrix @ second)
    assert turned == pytest.approx(exact, rel=1e-6) if resistance == 0 else abs(turned / exact - 1) > 1e-4
