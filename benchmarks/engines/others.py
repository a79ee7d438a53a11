"""Rows that other benchmarks measure in full, here in short, in one table with what was asked."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from rich.table import Table

from amc_circuits import InvCircuit
from amc_circuits.engines import NgspiceEngine, run_deck
from amc_circuits.studies.workers import Workers
from amc_circuits.sweep.plan.spec import read_sweep
from amc_circuits.sweep.run.outcome import PRELOADED
from amc_circuits.sweep.run.run import run_sweep
from benchmarks.commands import timed
from benchmarks.engines.measured import WIRE, problem, seconds_of, table
from benchmarks.monte_carlo import both_engines, together_and_alone
from benchmarks.optimize import wired
from benchmarks.peers import by_iteration, by_reduction
from benchmarks.sweeps import SPEC
from netlists.opamps.subcircuit import subcircuit

TRIALS, MACRO_TRIALS = 256, 16
POINTS = 300
NOT_HERE = (
    ("accuracy beyond the linear range, 200 designs", "5e-5; 2e-4 at clamps", "exactness"),
    ("right answers, random designs", "none wrong", "differential"),
    ("derivatives within 1e-6 of differences", "1e-6", "tests of sensitivities"),
    ("a sweep by two processes, idle cores", ">= 1.8 times", "sweeps"),
    ("a million rows", "< 400 MB, plot 60 s, resume 30 s", "rows"),
    ("badcrossbar, PySpice, lsim on the same work", "-", "peers"),
    ("training with settling and energy of all inversions", "<= 1.3 times Cholesky", "interconnect --part training"),
)
"""Rows that have no short form: what was asked, and where they are."""


def others(rounds: int) -> Iterator[Table]:
    """One row for each."""
    grid = table("short forms of other benchmarks", "work", "asked", "here", "in full")
    for rows in (_start, _trials, _points, _vector, _derivatives, _wires, _decks):
        for row in rows(rounds):
            grid.add_row(*row)
    for name, asked, where in NOT_HERE:
        grid.add_row(name, asked, "not run", where)
    yield grid


Rows = Iterator[tuple[str, str, str, str]]


def _median(work: Callable[[], object], rounds: int) -> float:
    return statistics.median(seconds_of(work) for _ in range(rounds))


def _start(rounds: int) -> Rows:
    """Processor seconds of whole processes."""
    for words, asked in (("inv --size 16", 0.35), ("--help", 0.2)):
        timed(words)  # the first run compiles the modules
        seconds = statistics.median(timed(words)[0] for _ in range(2 * rounds + 1))
        yield f"amc {words}", f"<= {asked} s", f"{seconds:.2f} s", "commands"


def _trials(rounds: int) -> Rows:
    """Trials in stacks, and against ngspice."""
    for size, asked in ((16, 10), (4, 50)):
        cost = [together_and_alone("single-pole", size, TRIALS) for _ in range(rounds)]
        together, alone = np.median(cost, axis=0)
        name = f"Monte Carlo, N = {size}, single-pole, times one by one"
        yield name, f">= {asked} times", f"{alone / together:.1f} times, {together:.2f} ms a trial", "monte_carlo"
    theirs, ours, *_ = both_engines("cmos-100meg", MACRO_TRIALS)
    name = "Monte Carlo, N = 16, cmos-100meg, times ngspice"
    yield name, ">= 8 times", f"{theirs / ours:.1f} times, {1e3 * ours / MACRO_TRIALS:.1f} ms a trial", "monte_carlo"


def _points(_: int) -> Rows:
    """Processor time of the process that plans, stores and reports, a point; points run in another one."""
    with tempfile.TemporaryDirectory(prefix="amc-bench-") as name:
        spec = Path(name) / "spec.toml"
        spec.write_text(SPEC.format(engine="exact", opamp="single-pole", size=2, points=POINTS))
        began = time.process_time()
        run_sweep(read_sweep(spec), Path(name) / "out", lambda points: Workers(1, PRELOADED))
        spent = time.process_time() - began
    yield "point of a sweep beyond its engine", "<= 1.5 ms", f"{1e3 * spent / POINTS:.2f} ms", "sweeps"


def _vector(rounds: int) -> Rows:
    """One vector through an array with wires."""
    generator = np.random.default_rng(0)
    for size, asked in ((64, "0.021"), (128, "0.039")):
        cells, volts = generator.uniform(1e-6, 100e-6, (size, size)), generator.uniform(-0.2, 0.2, (size, 1))
        by_iteration(cells, volts)
        iterated, reduced = (_median(partial(one, cells, volts), 3 * rounds) for one in (by_iteration, by_reduction))
        name = f"vector through {size} x {size} cells with wires"
        yield name, f"<= {asked} of badcrossbar", f"{1e3 * iterated:.2f} ms, reduced {1e3 * reduced:.1f} ms", "peers"


def _derivatives(rounds: int) -> Rows:
    """All derivatives of a settling time, in solves."""
    matrix, columns = problem(64, 1)

    def solved() -> object:
        return InvCircuit.program(matrix, engine="exact", wire_resistance=WIRE).differentiated(columns[:, 0])

    solve, found = _median(solved, rounds), []
    for _ in range(rounds):
        one = solved()
        found.append(seconds_of(partial(one.of, "settling_time")))  # type: ignore[attr-defined]
    ratio = statistics.median(found) / solve
    yield "derivatives of a settling time, N = 64, 1 ohm", "<= 1 solve", f"{ratio:.2f} solves", "optimize"


def _wires(_: int) -> Rows:
    """Wires programmed away."""
    _, uneven, made_up = (error for _, error in wired())
    name = "error by wires of 1.73 ohm, N = 64, and made up for by cells"
    yield name, "4.2e-2, 2.2e-4", f"{uneven:.1e}, {made_up:.1e}", "optimize"


def _decks(rounds: int) -> Rows:
    """Decks without a node for the difference of an op-amp's inputs."""
    matrix, columns = problem(16, 8)
    circuit, engine = InvCircuit.program(matrix), NgspiceEngine()
    short = engine.deck(engine.init(circuit.circuit), circuit.job(columns))
    (record,) = circuit.circuit.opamps
    whole = short.replace(subcircuit(record, grounded=True), subcircuit(record))
    assert whole != short
    longer, shorter = (_median(partial(run_deck, text), 2 * rounds) for text in (whole, short))
    yield "ngspice deck with node `diff`, times without", "1.2 times", f"{longer / shorter:.2f} times", "-"
