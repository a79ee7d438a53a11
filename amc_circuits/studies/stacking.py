"""Circuits with right-hand sides of their own, such as points of a sweep: the exact engine reads them in stacks.

Readings of a circuit do not depend, bit for bit, on the other circuits.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from amc_circuits.engines import AutoEngine, ExactEngine, Job
from amc_circuits.engines.ngspice.processes import EndedError
from amc_circuits.results.readings import Reading
from amc_circuits.solvers.question import Question
from amc_circuits.solvers.solver import Solver
from amc_circuits.solvers.streaming import CHUNK, stream_job
from amc_circuits.studies.batch import STACKED
from netlists import Array, ParameterError
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Asked:
    """A programmed circuit with the transient of its right-hand sides.

    Attributes:
        circuit: Programmed circuit.
        job: Its first transient.
    """

    circuit: Solver
    job: Job

    __repr__ = short_repr

    @property
    def kind(self) -> tuple[Any, ...]:
        """Engine, its settings and sizes of the circuit: circuits of other kinds are never in one stack."""
        circuit = self.circuit
        settings = tuple(value for name, value in circuit.settings if name != "keep")
        return circuit.engine, settings, tuple(circuit.circuit.groups.items())


@dataclass(frozen=True)
class First:
    """First readings of a circuit.

    Attributes:
        readings: Readings of its right-hand sides; None if it must be read alone.
        seconds: Its share of the time of the stack, s.
        error: What ended the reading, where that is nothing that a reading alone would report.
    """

    readings: list[Reading] | None = None
    seconds: float = 0.0
    error: Exception | None = None

    __repr__ = short_repr


def asked_of(circuit: Solver, question: Question) -> Asked | None:
    """Return a circuit with its first transient; None for a circuit that runs alone.

    Alone run circuits of other engines, those that grow or are unstable, those of which a stack holds one only, and
    right-hand sides of more than one transient.
    """
    if not isinstance(circuit.simulator, ExactEngine | AutoEngine) or circuit.growing or circuit.first_pass is not None:
        return None
    levels = circuit.driven_levels(question.columns)
    one = levels.shape[1] <= CHUNK or circuit.settings.start == "previous"
    if not (levels.size and one and 2 * _cells_of(circuit) <= STACKED and circuit.stability.stable):
        return None
    try:
        job = stream_job(circuit.circuit, circuit.linear, circuit.settings, circuit.timing, levels)
    except ParameterError:  # too long for a simulation, which the circuit reports when it runs alone
        return None
    return Asked(circuit, job)


def read_asked(several: Sequence[Asked]) -> list[First]:
    """Read circuits, those of a kind together; in the order of the circuits."""
    places: dict[tuple[Any, ...], list[int]] = {}
    for place, one in enumerate(several):
        places.setdefault(one.kind, []).append(place)
    found: dict[int, First] = {}
    for of_kind in places.values():
        size = max(1, STACKED // max(_cells_of(several[of_kind[0]].circuit), 1))
        for start in range(0, len(of_kind), size):
            part = of_kind[start : start + size]
            found |= zip(part, _timed([several[place] for place in part]), strict=True)
    return [found[place] for place in range(len(several))]


def _cells_of(circuit: Solver) -> int:
    """Number of cells of the arrays of a circuit."""
    return sum(array.conductance.size for array in circuit.circuit.of(Array))


def _timed(several: Sequence[Asked]) -> Iterator[First]:
    began = time.perf_counter()
    readings = _read(several)
    share = (time.perf_counter() - began) / len(several)
    return (First(None, share, one) if isinstance(one, Exception) else First(one, share) for one in readings)


def _read(several: Sequence[Asked]) -> list[list[Reading] | Exception | None]:
    """Readings of circuits of a kind; None for those that must be read alone, or what ended the reading."""
    first, engine = several[0].circuit, several[0].circuit.simulator
    assert isinstance(engine, ExactEngine | AutoEngine)
    states, jobs = [one.circuit.state for one in several], [one.job for one in several]
    try:
        return [*engine.read_together(states, jobs, first.settings.tolerance)]
    except EndedError:  # the process is to end
        raise
    except Exception as problem:
        # One circuit spoils the stack for all. As stacks of one, the others' readings are what they are with any.
        if len(several) > 1:
            return [_read([one])[0] for one in several]
        return [None if isinstance(problem, np.linalg.LinAlgError | MemoryError | ParameterError) else problem]
