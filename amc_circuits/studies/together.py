"""Similar circuits with the same right-hand sides: ngspice simulates them side by side in one deck."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from amc_circuits.engines import NgspiceEngine, SimulationError
from amc_circuits.results.readings import Reading
from amc_circuits.solvers.solver import Solver
from amc_circuits.solvers.streaming import stream_job
from netlists import Array, Circuit, OpAmps, ParameterError
from netlists.record import FloatArray

ROOM = 2600
"""Room of a deck in cells; an op-amp counts as the cells that take the same time (`OPAMP_CELLS`).

A larger deck leaves the processor's cache, and a circuit then takes longer side by side than alone. Measured at N = 16
with single-pole op-amps from 8 circuits on, with macro models from 4 on; at N = 8 with transistors from 2 on.
"""
OPAMP_CELLS = {"single-pole": 4, "macro": 32, "subcircuit": 128}
LONGEST = 2.0
"""Ratio to the median slot above which a circuit runs alone: all circuits of a deck share their slots."""


def first_readings(circuits: Sequence[Solver], vector: FloatArray) -> dict[int, list[Reading]]:
    """First readings of circuits with the same right-hand sides, by their indices.

    A deck holds as many neighbours as there is room for. Its slots are long enough for the slowest circuit, its step
    suits the fastest. Circuits that are much slower or faster than the others, unstable or large run alone. All run
    alone if they are streams of several right-hand sides, which share a deck anyway, if the engine has no decks, or if
    the deck fails.

    Args:
        circuits: Circuits with equal op-amps, temperature and settings.
        vector: Their right-hand sides, shape (n,) or (n, K).
    """
    levels = [circuit.driven_levels(circuit.question(vector).columns) for circuit in circuits]
    engine, size = circuits[0].simulator, _deck_size(circuits[0].circuit)
    if not isinstance(engine, NgspiceEngine) or size < 2:
        return {}
    found: dict[int, list[Reading]] = {}
    for first in range(0, len(circuits), size):
        places = _alike(circuits, levels, range(first, min(first + size, len(circuits))))
        if len(places) > 1:
            found |= _deck([circuits[k] for k in places], [levels[k] for k in places], places, engine)
    return found


def _deck_size(circuit: Circuit) -> int:
    """Number of such circuits in one deck."""
    cells = sum(array.conductance.size for array in circuit.of(Array))
    for part in circuit.of(OpAmps):
        cells += circuit.groups[part.output] * OPAMP_CELLS[part.record.model]
    return ROOM // cells


def _deck(
    circuits: Sequence[Solver], levels: Sequence[FloatArray], places: Sequence[int], engine: NgspiceEngine
) -> dict[int, list[Reading]]:
    """Readings of circuits in one deck, by the given indices."""
    timings = [circuit.timing for circuit in circuits]
    slot, step = max(timing.slot_time for timing in timings), min(timing.max_step for timing in timings)
    common = replace(timings[0], slot_time=slot, max_step=step)
    jobs = [
        stream_job(circuit.circuit, circuit.linear, circuit.settings, common, level)
        for circuit, level in zip(circuits, levels, strict=True)
    ]
    try:
        readings = engine.read_together([circuit.state for circuit in circuits], jobs, circuits[0].settings.tolerance)
    except SimulationError as error:
        # One circuit spoils the deck for all; alone, each shows its own result and keeps its own deck.
        shutil.rmtree(error.folder, ignore_errors=True)
        return {}
    return dict(zip(places, readings, strict=True))


def _alike(circuits: Sequence[Solver], levels: Sequence[FloatArray], places: range) -> list[int]:
    """Indices of the circuits that are stable, with time scales near to each other's."""
    slots = {
        k: slot
        for k in places
        if circuits[k].stability.stable and levels[k].shape[1] == 1 and (slot := _slot_time(circuits[k]))
    }
    typical = np.median(list(slots.values())) if slots else 0.0
    return [k for k, slot in slots.items() if typical / LONGEST <= slot <= typical * LONGEST]


def _slot_time(circuit: Solver) -> float:
    """Slot of a right-hand side, s.

    0 if it is too long for a simulation, which the circuit reports when it runs alone.
    """
    try:
        return circuit.timing.slot_time
    except ParameterError:
        return 0.0
