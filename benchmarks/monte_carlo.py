"""How long do many random circuits take, by either engine?

Method: INV, N = 16 (and 4), condition 10, programming error 1 uS of 100 uS, every trial programmed, solved, measured.
Exact engine: `--trials` trials in 1 and in 2 processes, the processes' start included; and some of them one by one, as
in a loop over `InvCircuit.program(...).solve(b)`, in CPU seconds of one process; both with wires and line capacitance,
too. ngspice: `--chunks` chunks of 8 trials in one process, as many of them side by side in a deck as there is room for.
The comparison is the same trials with one deck each, as in a loop over `InvCircuit.program(...).solve(b)`. Both take
turns, so that a busy machine slows both.

The engines against each other: the first `--chunks` chunks of the same trials by both in one process, in CPU seconds,
those of the simulator included.

Printed, medians of the rounds: seconds of all trials, and milliseconds of one trial. For ngspice: the ratio of
the two ways, round by round, the difference of their results, and the time of the bare simulator for one trial's deck,
without programming and measuring, as a measure of the machine.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from amc_circuits.cases.case import Problem, program
from amc_circuits.cells.devices import Device
from amc_circuits.engines import NgspiceEngine, run_deck
from amc_circuits.studies.monte_carlo import CHUNK, MonteCarlo, run_chunk
from amc_circuits.studies.trial import Analyses, trial_of
from amc_circuits.values.matrices import draw_matrix, draw_vector
from benchmarks.machine import machine_line

SIZE, PROGRAMMING_ERROR = 16, 1e-6
OPAMPS = ("single-pole", "cmos-100meg")
SECONDS_ASKED, MILLISECONDS_ASKED, TIMES_ASKED = 20, 15, 8
WIRES = {
    "ideal": {},
    "1 fF": {"line_capacitance": 1e-15},
    "1 ohm": {"wire_resistance": 1.0},
    "1 ohm, 1 fF": {"wire_resistance": 1.0, "line_capacitance": 1e-15},
}
LINEAR = {"input_voltage": 2e-3}
"""Inputs of which the default op-amp stays in its linear range."""
COLUMNS = (1, 2, 3, 4)
ALONE = 64
"""Trials of the exact engine that are run one by one."""


def study(opamp: str, engine: str, trials: int, size: int = SIZE, columns: int = 1, **wires: float) -> MonteCarlo:
    """System of all trials."""
    generator = np.random.default_rng(0)
    matrix = draw_matrix("spd", size, size, None, generator)
    arguments: dict[str, Any] = {
        "opamp": opamp,
        "engine": engine,
        "device": Device(programming_error=PROGRAMMING_ERROR),
        "seed": 0,
        **wires,
    }
    right = np.column_stack([draw_vector(size, generator) for _ in range(columns)])
    return MonteCarlo("inv", Problem(matrix, right if columns > 1 else right[:, 0]), arguments, 0, trials)


def together_and_alone(opamp: str, size: int, trials: int, columns: int = 1, **wires: float) -> tuple[float, float]:
    """CPU milliseconds of a trial by the exact engine in one process: of a whole study, and of trials one by one."""
    asked, few = study(opamp, "exact", trials, size, columns, **wires), range(ALONE)
    trial_of(asked.circuit(0), asked.problem.vector, 0, Analyses())  # imports what is needed
    began = time.process_time()
    asked.run(1)
    together = time.process_time() - began
    began = time.process_time()
    for number in few:
        trial_of(asked.circuit(number), asked.problem.vector, number, Analyses())
    return 1e3 * together / trials, 1e3 * (time.process_time() - began) / len(few)


def in_processes(opamp: str, size: int, trials: int, jobs: int, **options: float) -> float:
    """Seconds of a study by the exact engine."""
    asked = study(opamp, "exact", trials, size, **options)
    began = time.perf_counter()
    asked.run(jobs)
    return time.perf_counter() - began


def cpu() -> float:
    """CPU seconds of this process and of all simulators that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def both_engines(opamp: str, trials: int) -> tuple[float, float, float, float]:
    """CPU seconds of the same trials by ngspice and exactly; largest differences of errors and settling times."""
    found, seconds = [], []
    for engine in ("ngspice", "exact"):
        began = cpu()
        found.append(study(opamp, engine, trials).run(1))
        seconds.append(cpu() - began)
    differences = [
        max(abs(one.figures[name] / other.figures[name] - 1) for one, other in zip(*found, strict=True))
        for name in ("relative_error", "settling_time")
    ]
    return seconds[0], seconds[1], differences[0], differences[1]


def side_by_side(opamp: str, chunks: int) -> tuple[float, float, float, float]:
    """Seconds of all trials side by side, one by one and by the bare simulator, in turns; largest difference."""
    asked = study(opamp, "ngspice", chunks * CHUNK)
    together = alone = bare = difference = 0.0
    for chunk in asked.chunks():
        began = time.perf_counter()
        trials = run_chunk(asked, chunk)
        together += time.perf_counter() - began
        for trial in trials:
            began = time.perf_counter()
            circuit = program("inv", asked.problem.matrix, asked.arguments | {"trial": trial.number}, 1, None)
            solution = circuit.answer(circuit.question(asked.problem.vector))
            alone += time.perf_counter() - began
            engine = NgspiceEngine()
            deck = engine.deck(engine.init(circuit.circuit), circuit.job(asked.problem.vector[:, None]))
            began = time.perf_counter()
            run_deck(deck)
            bare += time.perf_counter() - began
            pairs = ((solution.relative_error, "relative_error"), (solution.settling_time, "settling_time"))
            difference = max(difference, *(abs(trial.figures[name] / value - 1) for value, name in pairs))
    return together, alone, bare, difference


def exact_table(trials: int, rounds: int) -> Table:
    """All op-amps: one and two processes, all trials together and one by one."""
    grid = Table(title=f"exact, {trials} trials", title_justify="left", box=box.MARKDOWN)
    headings = ("op-amp", "N", "1 process, s", "2 processes, s", "asked", "CPU ms a trial", "one by one, ms", "ratio")
    for heading in headings:
        grid.add_column(heading, justify="right", no_wrap=True)
    rows: list[tuple[str, int, dict[str, float]]] = [("single-pole", 4, {}), *((opamp, SIZE, {}) for opamp in OPAMPS)]
    for opamp, size, options in (*rows, (OPAMPS[-1], SIZE, LINEAR)):
        one, two = (
            float(np.median([in_processes(opamp, size, trials, jobs, **options) for _ in range(rounds)]))
            for jobs in (1, 2)
        )
        cost = np.array([together_and_alone(opamp, size, trials, **options) for _ in range(rounds)])
        together, alone = np.median(cost, axis=0)
        ratio = float(np.median(cost[:, 1] / cost[:, 0]))
        asked = f"< {SECONDS_ASKED} s for 1000"
        name = f"{opamp}, {1e3 * options['input_voltage']:g} mV" if options else opamp
        grid.add_row(
            name, str(size), f"{one:.2f}", f"{two:.2f}", asked, f"{together:.2f}", f"{alone:.1f}", f"{ratio:.1f}"
        )
    return grid


def wires_table(trials: int, rounds: int) -> Table:
    """Trials with wires and line capacitance, all together and one by one."""
    title = f"exact, {trials} trials, N = {SIZE}, CPU ms a trial in one process"
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in ("op-amp", "wires", "together", "one by one", "ratio"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for opamp in OPAMPS:
        for name, wires in WIRES.items():
            cost = np.array([together_and_alone(opamp, SIZE, trials, **wires) for _ in range(rounds)])
            together, alone = np.median(cost, axis=0)
            grid.add_row(
                opamp, name, f"{together:.2f}", f"{alone:.1f}", f"{float(np.median(cost[:, 1] / cost[:, 0])):.1f}"
            )
    return grid


def columns_table(trials: int, rounds: int) -> Table:
    """Trials of several right-hand sides by the default op-amp, all together and one by one."""
    title = f"exact, {trials} trials, N = {SIZE}, {OPAMPS[-1]}, CPU ms a trial in one process"
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in ("right-hand sides", "together", "one by one", "ratio"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for columns in COLUMNS:
        cost = np.array([together_and_alone(OPAMPS[-1], SIZE, trials, columns) for _ in range(rounds)])
        together, alone = np.median(cost, axis=0)
        ratio = float(np.median(cost[:, 1] / cost[:, 0]))
        grid.add_row(str(columns), f"{together:.2f}", f"{alone:.1f}", f"{ratio:.1f}")
    return grid


def against_table(trials: int, rounds: int) -> Table:
    """The engines against each other, all op-amps."""
    grid = Table(title=f"exact against ngspice, the same {trials} trials", title_justify="left", box=box.MARKDOWN)
    for heading in ("op-amp", "ngspice, CPU ms a trial", "exact, CPU ms", "times", "asked", "error", "settling"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for opamp in OPAMPS:
        rows = np.array([both_engines(opamp, trials) for _ in range(rounds)])
        theirs, ours, error, settling = np.median(rows, axis=0)
        times = float(np.median(rows[:, 0] / rows[:, 1]))
        cost = (f"{1e3 * theirs / trials:.1f}", f"{1e3 * ours / trials:.2f}", f"{times:.1f}", f">= {TIMES_ASKED}")
        grid.add_row(opamp, *cost, f"{error:.0e}", f"{settling:.0e}")
    return grid


def ngspice_table(chunks: int, rounds: int) -> Table:
    """All op-amps, side by side and one by one."""
    title = f"ngspice, {chunks * CHUNK} trials, one process"
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in ("op-amp", "ms a trial", "asked", "one by one, ms", "ratio", "bare, ms", "largest difference"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for opamp in OPAMPS:
        found = [side_by_side(opamp, chunks) for _ in range(rounds)]
        together, alone, bare = (1e3 * float(np.median([row[k] for row in found])) / (chunks * CHUNK) for k in range(3))
        ratio = float(np.median([row[1] / row[0] for row in found]))
        grid.add_row(
            opamp,
            f"{together:.1f}",
            f"<= {MILLISECONDS_ASKED}",
            f"{alone:.1f}",
            f"{ratio:.2f}",
            f"{bare:.1f}",
            f"{max(row[3] for row in found):.1e}",
        )
    return grid


def main(
    trials: Annotated[int, typer.Option(min=8, help="Trials of the exact engine")] = 1000,
    chunks: Annotated[int, typer.Option(min=1, help="Chunks of ngspice, 8 trials each")] = 8,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Seconds of Monte Carlo studies."""
    console = Console(record=True, width=140)
    with threadpool_limits(1):
        console.print(machine_line(), highlight=False)
        console.print(f"INV, N = {SIZE}, medians of {rounds} rounds\n", highlight=False)
        console.print(against_table(chunks * CHUNK, rounds))
        console.print(ngspice_table(chunks, rounds))
        console.print(exact_table(trials, rounds))
        console.print(wires_table(max(8, trials // 4), rounds))
        console.print(columns_table(max(8, trials // 4), rounds))
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
