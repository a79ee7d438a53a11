"""How long do other packages take for the same work, and how exact are they?

Method: all in one process, in turns, one BLAS thread; PySpice runs in a process of its own. Peers are those of the
Python that runs this script; it names the missing ones. Nothing is kept from one round to the next.

- `wires`: currents of an array with wires of 1 ohm a segment, cells of 1 to 100 uS, into grounded word lines, for 1 and
  100 vectors of bit-line voltages. Ours: `reduce_array` and a product, or `array_currents` (iteration to 1e-6 of the
  largest current). Peers: badcrossbar, sparse LU of SciPy.
- `transient`: INV without wires, single-pole op-amps, one step. Ours: `program` and `solve` by both engines. Peers:
  `scipy.signal.lsim` on the state-space matrices of the same circuit with 1000 steps, which counts without the time to
  derive them, and the two PySpice scripts of `throughput.py`.

Printed: medians of seconds and processor seconds, their ratios to ours, and in the last column the largest difference:
from sparse LU, relative to the largest current, or of x from the exact engine, relative to its norm.

CrossSim is on no package index. A column for it needs a copy of its repository, and is not written.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install . scipy threadpoolctl
    /tmp/peers/bin/pip install --no-deps badcrossbar==1.1.0 && /tmp/peers/bin/pip install pathvalidate sigfig
    OPENBLAS_NUM_THREADS=1 /tmp/peers/bin/python -m benchmarks.peers
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from scipy import signal
from scipy.sparse.linalg import splu

from amc_circuits import InvCircuit
from amc_circuits.results.measurement import relative_error
from benchmarks import pyspice_library, throughput
from benchmarks.comparison import WIRE_RESISTANCE, Comparison, Way, compare
from benchmarks.comparison import problem as system
from benchmarks.sparse_lu import mesh
from netlists.arrays.currents import array_currents
from netlists.arrays.reduction import reduce_array
from netlists.record import FloatArray

SIZES = (64, 128, 256)
VECTORS = (1, 100)
TRANSIENT_SIZES = (16, 64)
STEPS = 1000
PEERS = ("badcrossbar", "PySpice", "scipy", "numpy")


def installed() -> dict[str, str]:
    """Versions of the peers, by name; those that are missing have none."""
    found = {}
    for name in PEERS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def by_reduction(cells: FloatArray, volts: FloatArray) -> FloatArray:
    """Ours: the network between the terminals, then a product."""
    rows = len(cells)
    network = reduce_array(cells, WIRE_RESISTANCE).laplacian
    return np.asarray(-network[:rows, rows:] @ volts)


def by_iteration(cells: FloatArray, volts: FloatArray) -> FloatArray:
    """Ours without the network."""
    rows = len(cells)
    grounded = np.concatenate([np.zeros((volts.shape[1], rows)), volts.T], axis=1)
    return np.asarray(-array_currents(cells, WIRE_RESISTANCE, grounded)[:, :rows].T)


def by_sparse_lu(cells: FloatArray, volts: FloatArray) -> FloatArray:
    """Sparse LU of the mesh, assembled with NumPy."""
    inner, coupling = mesh(cells)
    rows = len(cells)
    return np.asarray(
        -coupling[:, :rows].T @ splu(inner, permc_spec="MMD_AT_PLUS_A").solve(-(coupling[:, rows:] @ volts))
    )


def by_badcrossbar(cells: FloatArray, volts: FloatArray) -> FloatArray:
    """badcrossbar, whose word lines are driven: the array is turned."""
    import badcrossbar  # type: ignore[import-not-found]

    found = badcrossbar.compute(volts[::-1], (1 / cells).T[::-1], WIRE_RESISTANCE, node_voltages=False)
    return np.asarray(found.currents.output.T)


def wires(rounds: int) -> Iterator[Comparison]:
    """Currents of one array with wires, for one vector and for many."""
    generator, there = np.random.default_rng(0), installed()
    works: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {"reduction (ours)": by_reduction}
    works["iteration (ours)"] = by_iteration
    works["SciPy, sparse LU"] = by_sparse_lu
    if "badcrossbar" in there:
        works["badcrossbar"] = by_badcrossbar
    for size in SIZES:
        cells = generator.uniform(1e-6, 100e-6, (size, size))
        for count in VECTORS:
            volts = generator.uniform(-0.2, 0.2, (size, count))
            wanted = by_sparse_lu(cells, volts)
            ways = {name: Way(name) for name in works}
            for _ in range(rounds):
                for name, way in ways.items():
                    found = way.time(partial(works[name], cells, volts))
                    way.note = f"{np.abs(found - wanted).max() / np.abs(wanted).max():.0e}"
            yield Comparison(f"{size} x {size}, vectors: {count}", tuple(ways.values()))


def by_lsim(circuit: InvCircuit, b: FloatArray) -> FloatArray:
    """Outputs at the end of a slot by SciPy's simulation of linear systems, as x."""
    linear, settings = circuit.linear, circuit.settings
    scale = settings.input_voltage / np.abs(b).max()
    rows = linear.nodes[linear.outputs]
    time = np.linspace(0, circuit.timing.slot_time, STEPS + 1)
    steps = np.minimum(time / settings.rise_time, 1.0)[:, None] * (scale * b)
    _, outputs, _ = signal.lsim((linear.state, linear.drive, linear.read[rows], linear.feed[rows]), steps, time)
    gain = -circuit.mapping.unit / (circuit.design.input_conductance * circuit.mapping.alpha)
    return np.asarray(gain * outputs[-1] / scale)


def by_engine(engine: str, matrix: FloatArray, b: FloatArray) -> FloatArray:
    """Ours, from A and b to x."""
    circuit = InvCircuit.program(matrix, opamp="single-pole", engine=engine)
    return np.asarray(circuit.solve(b).raise_if_unusable().value)


def transient(rounds: int) -> Iterator[Comparison]:
    """One step of an INV circuit."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        for size in TRANSIENT_SIZES:
            matrix, columns = system(size, 1)
            b = columns[:, 0]
            circuit = InvCircuit.program(matrix, opamp="single-pole")
            wanted = by_engine("exact", matrix, b)
            works = {f"{name} (ours)": partial(by_engine, name, matrix, b) for name in ("ngspice", "exact")}
            works["SciPy, lsim"] = partial(by_lsim, circuit, b)
            ways = {name: Way(name) for name in works}
            for script in throughput.SCRIPTS.values() if pyspice_library.VARIABLE in os.environ else ():
                pool.submit(script, circuit, b).result()  # a warm-up
            scripts = {name: Way(name) for name in throughput.SCRIPTS if pyspice_library.VARIABLE in os.environ}
            for _ in range(rounds):
                for name, way in ways.items():
                    way.note = f"{relative_error(way.time(works[name]), wanted):.0e}"
                for name, way in scripts.items():
                    timed = pool.submit(throughput.SCRIPTS[name], circuit, b).result()
                    way.wall.append(timed.wall)
                    way.cpu.append(timed.cpu)
                    way.note = f"{relative_error(timed.x, wanted):.0e}"
            yield Comparison(f"INV {size}, one step", (*ways.values(), *scripts.values()))


PARTS: dict[str, Callable[[int], Iterator[Comparison]]] = {"wires": wires, "transient": transient}


def warm_up() -> None:
    """Load every module once."""
    cells, volts = np.full((2, 2), 1e-5), np.ones((2, 1))
    by_sparse_lu(cells, by_reduction(cells, volts))
    if "badcrossbar" in installed():
        by_badcrossbar(cells, volts)
    matrix, columns = system(2, 1)
    for engine in ("ngspice", "exact"):
        by_engine(engine, matrix, columns[:, 0])


def main(
    part: Annotated[list[str] | None, typer.Option(help=f"{', '.join(PARTS)}; all unless given")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds in which all take turns")] = 5,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Compare with other packages on the same work."""
    logging.disable(logging.INFO)  # of its steps
    there = installed()
    if library := pyspice_library.find():
        os.environ[pyspice_library.VARIABLE] = library
    absent = [name for name in PEERS if name not in there] + ["libngspice for PySpice"] * (not library) + ["CrossSim"]
    print(", ".join(f"{name} {number}" for name, number in there.items()), f"\nabsent: {', '.join(absent)}")
    compare(PARTS, part, rounds, out, warm_up)


if __name__ == "__main__":
    typer.run(main)
