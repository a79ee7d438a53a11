"""How much faster are reduced arrays than SciPy's sparse LU of their meshes?

Method: wires of 1 ohm a segment; all ways side by side in this process, in turns, one BLAS thread. Nothing is kept from
one round to the next.

- `reduction`: the network of an array, N = 256, against SciPy's LU of its mesh (assembled beforehand) with 2 N
  right-hand sides, four at a time and all at once, and with two orderings.
- `mvm`: outputs at rest of a signed MVM, N = 256, against the same LU of both meshes, assembly included, sum nodes at 0
  V: the first input, and each further one. The op-amps have a gain of 1e9, so that both describe the same circuit.

Printed, for each: medians of seconds and processor seconds (a busy machine disturbs these less), their ratios to the
first row, the targets, and the largest difference of both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import scipy.sparse as sparse
import typer
from scipy.sparse.linalg import SuperLU, splu

from amc_circuits import MvmCircuit
from amc_circuits.results.measurement import relative_error
from benchmarks.comparison import WIRE_RESISTANCE, Comparison, Way, compare, problem
from netlists import SinglePoleOpAmp
from netlists.arrays.reduction import reduce_array
from netlists.record import FloatArray

STATIC = 256
"""Number of rows and columns, N."""
REDUCTION_ASKED, FIRST_ASKED, FURTHER_ASKED = 5, 2, 50
ORDERINGS = ("MMD_AT_PLUS_A", "COLAMD")
AT_A_TIME = 4
FURTHER = 20
"""Further inputs of one round."""


def mesh(cells: FloatArray) -> tuple[sparse.csc_array, sparse.csc_array]:
    """The mesh as a sparse matrix, the way one would write it with SciPy, NumPy arrays throughout.

    Returns:
        Currents out of the inner nodes for a volt at inner nodes, and at terminals: word lines, then bit lines.
    """
    n, m = cells.shape
    row, terminal = np.arange(n * m).reshape(n, m), 2 * n * m + np.arange(n + m)
    column = row + n * m
    wires = ((terminal[:n], row[:, 0]), (row[:, :-1], row[:, 1:]), (terminal[n:], column[0]), (column[:-1], column[1:]))
    a = np.concatenate([row.ravel(), *(ends[0].ravel() for ends in wires)])
    b = np.concatenate([column.ravel(), *(ends[1].ravel() for ends in wires)])
    siemens = np.concatenate([cells.ravel(), np.full(len(a) - n * m, 1 / WIRE_RESISTANCE)])
    ends = np.concatenate([a, b]), np.concatenate([b, a])
    between = sparse.coo_array((np.tile(siemens, 2), ends), shape=(2 * n * m + n + m,) * 2).tocsc()
    laplacian = (sparse.diags_array(between.sum(axis=0)) - between).tocsc()
    inner = 2 * n * m
    return laplacian[:inner, :inner].tocsc(), laplacian[:inner, inner:].tocsc()


def reduction(rounds: int) -> Iterator[Comparison]:
    """The network of an array, and the Schur complement of its mesh."""
    cells = np.random.default_rng(0).uniform(1e-6, 100e-6, (STATIC, STATIC))
    inner, coupling = mesh(cells)
    ours = Way("reduce_array")
    ways = {
        (ordering, width): Way(f"LU, {ordering}, {width} at a time", f">= {REDUCTION_ASKED} times")
        for ordering, width in ((ORDERINGS[0], AT_A_TIME), (ORDERINGS[1], AT_A_TIME), (ORDERINGS[0], 2 * STATIC))
    }
    for _ in range(rounds):
        network = ours.time(partial(reduce_array, cells, WIRE_RESISTANCE)).conductance
        for (ordering, width), way in ways.items():
            found = way.time(partial(_schur, inner, coupling, ordering, width))
            np.fill_diagonal(found, 0)
            difference = np.abs(found - network)
            smallest = (difference / np.where(network > 0, network, np.inf)).max()
            way.note = f"differ by {difference.max() / network.max():.0e} of the largest, {smallest:.0e} of each"
    yield Comparison(f"network of {STATIC} x {STATIC} cells", (ours, *ways.values()))


def _schur(inner: sparse.csc_array, coupling: sparse.csc_array, ordering: str, width: int) -> FloatArray:
    """Contribution of inner nodes to the conductances between terminals."""
    lu, count = splu(inner, permc_spec=ordering), coupling.shape[1]
    solved = [lu.solve(coupling[:, k : k + width].toarray()) for k in range(0, count, width)]
    return np.hstack([coupling.T @ part for part in solved])


def mvm(rounds: int) -> Iterator[Comparison]:
    """Outputs at rest: the first input and further ones."""
    matrix, columns = problem(STATIC, 1)
    ours = Way("reduced arrays"), Way("reduced arrays")
    theirs = {
        ordering: tuple(Way(f"LU, {ordering}", f">= {asked} times") for asked in (FIRST_ASKED, FURTHER_ASKED))
        for ordering in ORDERINGS
    }
    for _ in range(rounds):
        circuit, wanted = ours[0].time(partial(_programmed_mvm, matrix, columns))
        ours[1].time(partial(circuit.steady, columns), FURTHER)
        for ordering, (first, further) in theirs.items():
            meshes, found = first.time(partial(_meshes, circuit, columns, ordering))
            further.time(partial(_through_meshes, circuit, meshes, columns), FURTHER)
            first.note = further.note = f"y differs by {relative_error(found, wanted).max():.0e}"
    for place, what in enumerate(("first input", "each further input")):
        ways = ours[place], *(both[place] for both in theirs.values())
        yield Comparison(f"MVM {STATIC}, {what}", ways)


def _programmed_mvm(matrix: FloatArray, columns: FloatArray) -> tuple[MvmCircuit, FloatArray]:
    opamp = SinglePoleOpAmp(open_loop_gain=1e9)
    circuit = MvmCircuit.program(matrix, opamp=opamp, wire_resistance=WIRE_RESISTANCE)
    return circuit, circuit.steady(columns)


Meshes = list[tuple[SuperLU, sparse.csc_array]]


def _meshes(circuit: MvmCircuit, columns: FloatArray, ordering: str) -> tuple[Meshes, FloatArray]:
    meshes = []
    for cells in circuit.design.arrays:
        inner, coupling = mesh(cells)
        meshes.append((splu(inner, permc_spec=ordering), coupling))
    return meshes, _through_meshes(circuit, meshes, columns)


def _through_meshes(circuit: MvmCircuit, meshes: Meshes, columns: FloatArray) -> FloatArray:
    """The currents into the sum nodes, through the feedback; word lines are at 0 V."""
    rows = circuit.design.shape[0]
    current = np.zeros((rows, columns.shape[1]))
    for sign, (lu, coupling) in zip((1, -1), meshes, strict=False):
        voltage = lu.solve(-(coupling[:, rows:] @ columns))
        current -= sign * (coupling[:, :rows].T @ voltage)
    return -circuit.gain * current / circuit.design.feedback_conductance


PARTS: dict[str, Callable[[int], Iterator[Comparison]]] = {"reduction": reduction, "mvm": mvm}


def main(
    part: Annotated[list[str] | None, typer.Option(help=f"{', '.join(PARTS)}; all unless given")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds")] = 3,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Compare reduced arrays with sparse LU of their meshes."""
    compare(PARTS, part, rounds, out, lambda: _programmed_mvm(*problem(4, 2)))


if __name__ == "__main__":
    typer.run(main)
