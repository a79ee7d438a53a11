"""How much faster are reduced arrays and the state-space engine than flat decks, sparse LU, and Cholesky?

Method: wires of 1 ohm a segment; every comparison side by side in this process, in turns, one BLAS thread, one
simulation at a time unless a row has another number. Nothing is kept from one round to the next.

- `large`: a whole solve at N = 128 through a reduced deck, one right-hand side. The flat deck does not end there.
- `decks`: signed INV (spd, condition 10), one right-hand side, in ngspice, reduced and flat, from cells to readings:
  reduction, deck, ngspice with KLU, reading. Both get the same transient: the circuit's own largest step, and an eighth
  of it. At N = 64 the flat deck takes minutes and gets one round.
- `streamed`: 64 right-hand sides, N = 64, programming included: the state-space engine against reduced decks, streamed
  as always, on one and on two processes (one round).
- `reduction`: the network of an array, N = 256, against SciPy's LU of its mesh (assembled beforehand) with 2 N
  right-hand sides, four at a time and all at once, and with two orderings.
- `mvm`: outputs at rest of a signed MVM, N = 256, against the same LU of both meshes, assembly included, sum nodes at 0
  V: the first input, and each further one. The op-amps have a gain of 1e9, so that both describe the same circuit.
- `training`: the preset ocr-letters, its inversions by Cholesky and in INV circuits by the state-space engine, with
  ideal wires as in the preset, and with 1 ohm; the data as for `amc train`.

Printed, for each: medians of seconds and processor seconds (a busy machine disturbs these less), their ratios to the
first row, the targets, and a check that both sides computed the same: largest differences of waveforms (of full scale),
settling times, solutions or networks.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import numpy as np
import scipy.sparse as sparse
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from scipy.sparse.linalg import SuperLU, splu
from threadpoolctl import threadpool_limits

from amc_circuits import InvCircuit, MvmCircuit, Solution
from amc_circuits.engines import Job, NgspiceEngine
from amc_circuits.results.measurement import relative_error
from amc_circuits.results.observation import saved_vectors
from amc_circuits.results.readings import Reading
from amc_circuits.values.matrices import draw_matrix, draw_vector
from amc_circuits.values.quantities import format_quantity
from benchmarks.machine import machine_line
from netlists import Array, SinglePoleOpAmp
from netlists.arrays.reduction import reduce_array
from netlists.record import FloatArray
from optimizer.datasets import load_dataset
from optimizer.result import TrainingResult
from optimizer.specification import override, preset
from optimizer.training import Training

WIRE_RESISTANCE = 1.0
OPAMPS = ("single-pole", "cmos-100meg")
FINER = (1, 8)
"""Parts that the circuit's own largest step is divided into."""
LARGE, STREAMED, STATIC = 128, 64, 256
"""N of a whole solve, of streams, of reduction and MVM."""
LARGE_ASKED, DECKS_ASKED, STREAMED_ASKED, REDUCTION_ASKED = 20, {32: 8, 64: 20}, 50, 5
FIRST_ASKED, FURTHER_ASKED, TRAINING_ASKED = 2, 50, 3
ORDERINGS = ("MMD_AT_PLUS_A", "COLAMD")
AT_A_TIME = 4
FURTHER = 20
"""Further inputs of one round."""
Form = Literal["reduced", "flat"]
T = TypeVar("T")


@dataclass
class Way:
    """One way to an answer: one entry a round.

    Attributes:
        name: In the table.
        asked: Target of its seconds, or of their ratio to the first way's.
        note: What else was measured, and the check.
        wall: Seconds.
        cpu: Processor seconds, processes that were started included.
    """

    name: str
    asked: str = ""
    note: str = ""
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def time(self, work: Callable[[], T], times: int = 1) -> T:
        """Does the work, so many times in a row, and notes what one took."""
        began, busy = time.perf_counter(), _cpu_of_all()
        for _ in range(times):
            result = work()
        self.wall.append((time.perf_counter() - began) / times)
        self.cpu.append((_cpu_of_all() - busy) / times)
        return result


@dataclass(frozen=True)
class Comparison:
    """Several ways to the same answer, the one that others are compared with first."""

    case: str
    ways: tuple[Way, ...]


def _cpu_of_all() -> float:
    """Processor seconds of this process and of its children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def problem(size: int, count: int) -> tuple[FloatArray, FloatArray]:
    """A and right-hand sides, shape (size, count)."""
    generator = np.random.default_rng(0)
    matrix = draw_matrix("spd", size, size, None, generator)
    return matrix, np.stack([draw_vector(size, generator) for _ in range(count)], axis=1)


def solve(matrix: FloatArray, columns: FloatArray, engine: str, opamp: str, jobs: int = 1) -> Solution:
    """A whole solve from nothing."""
    circuit = InvCircuit.program(
        matrix, opamp=opamp, wire_resistance=WIRE_RESISTANCE, engine=engine, jobs=jobs, timeout=3600
    )
    return circuit.solve(columns).raise_if_unusable()


def peak_bytes() -> int:
    """The most memory that this process or one that it started has had so far."""
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return kilobyte * max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def large(rounds: int) -> Iterator[Comparison]:
    """N = 128 through a reduced deck. Comes first, for the sake of the peak."""
    matrix, columns = problem(LARGE, 1)
    for opamp in OPAMPS:
        way = Way("reduced deck", f"< {LARGE_ASKED} s")
        for _ in range(rounds):
            solution = way.time(partial(solve, matrix, columns, "ngspice", opamp))
        points = len(solution.responses[0].time) if solution.responses[0] else 0
        way.note = f"{points} points; no process took more than {peak_bytes() / 1e6:.0f} MB"
        yield Comparison(f"INV {LARGE}, {opamp}", (way,))


def decks(rounds: int) -> Iterator[Comparison]:
    """Reduced and flat decks of the same circuit and transient."""
    for size, asked in DECKS_ASKED.items():
        matrix, columns = problem(size, 1)
        for opamp in OPAMPS:
            circuit = InvCircuit.program(matrix, opamp=opamp, wire_resistance=WIRE_RESISTANCE)
            own = circuit.job(columns)
            for finer in FINER:
                analysis = own.analysis.replace(max_step=own.analysis.max_step / finer)
                job = Job(own.circuit, own.drive, analysis)
                both = _both_forms(job, circuit.settings.tolerance, rounds if size < 64 else 1)
                both[1].asked = f">= {asked} times"
                yield Comparison(f"INV {size}, {opamp}, step / {finer}", both)


def _both_forms(job: Job, tolerance: float, rounds: int) -> tuple[Way, Way]:
    reduced, flat = Way("reduced deck"), Way("flat deck")
    for _ in range(rounds):
        one = reduced.time(partial(simulate, job, "reduced", tolerance))
        other = flat.time(partial(simulate, job, "flat", tolerance))
    reduced.note = f"{len(one.response.time)} points"
    at, wanted = other.response.time, other.response.outputs
    found = np.stack([np.interp(at, one.response.time, output) for output in one.response.outputs.T], axis=1)
    waveform = np.abs(found - wanted).max() / np.abs(wanted).max()
    settling = abs(one.settling_time / other.settling_time - 1)
    flat.note = f"{len(at)} points; waveforms differ by {waveform:.0e}, settling times by {settling:.0e}"
    return reduced, flat


def simulate(job: Job, form: Form, tolerance: float) -> Reading:
    """From cells to a reading."""
    arrays = [replace(one, interconnect=one.interconnect.replace(form=form)) for one in job.circuit.of(Array)]
    circuit = job.circuit.with_parts(*arrays)
    own = Job(circuit, job.drive, job.analysis.replace(saved=saved_vectors(circuit)))
    engine = NgspiceEngine(timeout=3600)
    return engine.read(engine.init(circuit), [own], tolerance)[0][0]


def streamed(rounds: int) -> Iterator[Comparison]:
    """64 right-hand sides, exact and in ngspice."""
    matrix, columns = problem(STREAMED, STREAMED)
    for opamp in OPAMPS:
        exact = Way("state-space")
        for _ in range(rounds):
            wanted = exact.time(partial(solve, matrix, columns, "state-space", opamp))
        ways = [exact]
        for jobs, asked in ((1, f">= {STREAMED_ASKED} times"), (2, "")):
            way = Way(f"reduced decks, jobs={jobs}", asked)
            found = way.time(partial(solve, matrix, columns, "ngspice", opamp, jobs))
            x = relative_error(found.value, wanted.value).max()
            settling = np.abs(found.settling_time / wanted.settling_time - 1).max()
            way.note = f"x differs by {x:.0e}, settling times by {settling:.1%}"
            ways.append(way)
        yield Comparison(f"INV {STREAMED}, {opamp}, {STREAMED} right-hand sides", tuple(ways))


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


def training(rounds: int) -> Iterator[Comparison]:
    """K-FAC by Cholesky and by circuits."""
    base = override(preset("ocr-letters"), engine="state-space")
    data = load_dataset(base.dataset)
    limit = f"<= {TRAINING_ASKED} times"
    ways = (Way("Cholesky"), Way("circuits, ideal wires", limit), Way("circuits, 1 ohm", limit))
    specs = (
        override(base, solver="cholesky"),
        override(base, solver="inv-circuit"),
        override(base, solver="inv-circuit", wire_resistance=WIRE_RESISTANCE),
    )
    for _ in range(rounds):
        for way, spec in zip(ways, specs, strict=True):
            way.note = _outcome(way.time(Training(spec, data).run))
    yield Comparison(f"training, {base.dataset}", ways)


def _outcome(result: TrainingResult) -> str:
    last, ledger = result.history[-1], result.ledger
    found = f"accuracy {last.accuracy:.1%} after {last.epoch:.2f} epochs; {len(ledger.inversions)} inversions"
    return found + (f", median error {ledger.median_error:.1e}" if ledger.median_error else "")


PARTS: dict[str, Callable[[int], Iterator[Comparison]]] = {
    "large": large,
    "decks": decks,
    "streamed": streamed,
    "reduction": reduction,
    "mvm": mvm,
    "training": training,
}


def table(name: str, comparisons: list[Comparison]) -> Table:
    """One part: a row a way, ratios of medians to the first way of its comparison."""
    grid = Table(title=name, title_justify="left", box=box.MARKDOWN)
    figures = ("rounds", "seconds", "CPU s", "times", "CPU, times", "asked")
    for heading in ("what", "how", *figures, "check"):
        grid.add_column(heading, justify="right" if heading in figures else "left", no_wrap=True)
    for comparison in comparisons:
        first = comparison.ways[0]
        for way in comparison.ways:
            wall, cpu = np.median(way.wall), np.median(way.cpu)
            ratios = (wall / np.median(first.wall), cpu / np.median(first.cpu))
            grid.add_row(
                comparison.case,
                way.name,
                str(len(way.wall)),
                format_quantity(wall, "s", 3),
                format_quantity(cpu, "s", 3),
                *("" if way is first else f"{ratio:.1f}" for ratio in ratios),
                way.asked,
                way.note,
            )
    return grid


def main(
    part: Annotated[list[str] | None, typer.Option(help=f"{', '.join(PARTS)}; all unless given")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of what does not take minutes")] = 3,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Reduced arrays and the state-space engine, against what they replace."""
    if unknown := set(part or ()) - set(PARTS):
        raise typer.BadParameter(f"there is no part {sorted(unknown)[0]}; there are {', '.join(PARTS)}")
    console = Console(record=True, width=200)
    console.print(
        f"Wires of {WIRE_RESISTANCE:g} ohm a segment; times: medians in units of the first row of each comparison\n"
    )
    with threadpool_limits(1):
        for opamp in OPAMPS:
            solve(*problem(4, 2), "state-space", opamp)
        for name, compare in PARTS.items():
            if not part or name in part:
                found = list(compare(rounds))
                console.print(machine_line(), highlight=False)
                console.print(table(name, found))
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
