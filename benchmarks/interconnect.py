"""How much faster are reduced arrays and the exact engine than flat decks, streams and Cholesky?

Method: wires of 1 ohm a segment; every comparison side by side in this process, in turns, one BLAS thread, one
simulation at a time unless a row has another number. Nothing is kept from one round to the next.

- `large`: a whole solve at N = 128 through a reduced deck, one right-hand side. The flat deck does not end there.
- `decks`: signed INV (spd, condition 10), one right-hand side, in ngspice, reduced and flat, from cells to readings:
  reduction, deck, ngspice with KLU, reading. Both get the same transient: the circuit's own largest step, and an eighth
  of it. At N = 64 the flat deck takes minutes and gets one round.
- `streamed`: 64 right-hand sides, N = 64, programming included: the exact engine against reduced decks, streamed
  as always, on one and on two processes (one round).
- `training`: the preset ocr-letters, its inversions by Cholesky and in INV circuits by the exact engine, with
  ideal wires as in the preset, and with 1 ohm, by single-pole op-amps, and with the columns at rest and some of each
  factor simulated; all of one length; the data as for `amc train`.

Printed, for each: medians of seconds and processor seconds (a busy machine disturbs these less), their ratios to the
first row, the targets, and a check that both sides computed the same: largest differences of waveforms (of full scale),
settling times, solutions or networks.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer

from amc_circuits import InvCircuit, Solution
from amc_circuits.engines import Job, NgspiceEngine
from amc_circuits.results.measurement import relative_error
from amc_circuits.results.observation import saved_vectors
from amc_circuits.results.readings import Reading
from benchmarks.comparison import WIRE_RESISTANCE, Comparison, Way, compare, problem
from netlists import Array
from netlists.record import FloatArray
from optimizer.datasets import load_dataset
from optimizer.result import TrainingResult
from optimizer.specification import TrainingSpec, override, preset
from optimizer.training import Training

OPAMPS = ("single-pole", "cmos-100meg")
FINER = (1, 8)
"""Parts that the circuit's own largest step is divided into."""
LARGE, STREAMED = 128, 64
"""N of a whole solve, and of streams."""
EPOCHS = 1.25
"""Length of the trainings that are compared, whatever accuracy they reach: about that to the preset's 84 %."""
LARGE_ASKED, DECKS_ASKED, STREAMED_ASKED, TRAINING_ASKED = 20, {32: 8, 64: 20}, 50, 1.3
Form = Literal["reduced", "flat"]


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
        exact = Way("exact")
        for _ in range(rounds):
            wanted = exact.time(partial(solve, matrix, columns, "exact", opamp))
        ways = [exact]
        for jobs, asked in ((1, f">= {STREAMED_ASKED} times"), (2, "")):
            way = Way(f"reduced decks, jobs={jobs}", asked)
            found = way.time(partial(solve, matrix, columns, "ngspice", opamp, jobs))
            x = relative_error(found.value, wanted.value).max()
            settling = np.abs(found.settling_time / wanted.settling_time - 1).max()
            way.note = f"x differs by {x:.0e}, settling times by {settling:.1%}"
            ways.append(way)
        yield Comparison(f"INV {STREAMED}, {opamp}, {STREAMED} right-hand sides", tuple(ways))


def training(rounds: int) -> Iterator[Comparison]:
    """K-FAC by Cholesky and by circuits."""
    base = override(preset("ocr-letters"), engine="exact", epochs=EPOCHS, target_accuracy=0.999)
    data = load_dataset(base.dataset)
    limit = f"<= {TRAINING_ASKED} times"
    circuits = override(base, solver="inv-circuit")
    single = override(base, solver="inv-circuit", opamp="single-pole")
    ways = (
        (Way("Cholesky"), override(base, solver="cholesky")),
        (Way("circuits, ideal wires", limit), circuits),
        (Way("circuits, 1 ohm", limit), override(base, solver="inv-circuit", wire_resistance=WIRE_RESISTANCE)),
        (Way("circuits, at rest, 16 columns simulated", limit), _at_rest(circuits, 16)),
        (Way("circuits, at rest, 4 columns simulated", limit), _at_rest(circuits, 4)),
        (Way("circuits, single-pole op-amps", limit), single),
        (Way("circuits, single-pole, at rest, 4 columns simulated", limit), _at_rest(single, 4)),
    )
    for _ in range(rounds):
        for way, spec in ways:
            way.note = _outcome(way.time(Training(spec, data).run))
    yield Comparison(f"training, {base.dataset}", tuple(way for way, _ in ways))


def _at_rest(spec: TrainingSpec, columns: int) -> TrainingSpec:
    """Return a training whose columns are computed at rest, and some of each factor simulated."""
    circuit = spec.circuit.model_copy(update={"at_rest": True, "simulated_columns": columns})
    return spec.model_copy(update={"circuit": circuit})


def _outcome(result: TrainingResult) -> str:
    last, ledger = result.history[-1], result.ledger
    found = f"accuracy {last.accuracy:.1%} after {last.epoch:.2f} epochs; {len(ledger.inversions)} inversions"
    return found + (f", median error {ledger.median_error:.1e}" if ledger.median_error else "")


PARTS: dict[str, Callable[[int], Iterator[Comparison]]] = {
    "large": large,
    "decks": decks,
    "streamed": streamed,
    "training": training,
}


def warm_up() -> None:
    """Solve small systems, so that all modules are loaded."""
    for opamp in OPAMPS:
        solve(*problem(4, 2), "exact", opamp)


def main(
    part: Annotated[list[str] | None, typer.Option(help=f"{', '.join(PARTS)}; all unless given")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of comparisons that do not take minutes")] = 3,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Compare reduced arrays and the exact engine with the methods that they replace."""
    compare(PARTS, part, rounds, out, warm_up)


if __name__ == "__main__":
    typer.run(main)
