"""Circuits that differ a little, asked the same: in ngspice they run side by side in one deck."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from amc_circuits.engines import NgspiceEngine, SimulationError
from amc_circuits.programmed import ProgrammedCircuit
from amc_circuits.readings import Reading
from amc_circuits.streaming import stream_job
from netlists import ParameterError
from netlists.record import FloatArray

LONGEST = 2.0
"""A circuit whose slot is so many times the median's runs alone: all circuits of a deck share their slots."""


def first_readings(circuits: Sequence[ProgrammedCircuit], vector: FloatArray) -> dict[int, list[Reading]]:
    """First readings of circuits that are asked the same right-hand side, by their places.

    They are one deck, in slots that are long enough for the slowest and with the step of the fastest. Who is not in it
    runs alone: circuits that are much slower or faster than the others, or unstable. So do all where they are streams
    of several right-hand sides, which share a deck anyway, where the engine has no decks, and where the deck fails.

    Args:
        circuits: With equal op-amps, temperature and settings.
        vector: What they are asked, shape (n,) or (n, K).
    """
    levels = [circuit.driven_levels(circuit.question(vector).columns) for circuit in circuits]
    engine = circuits[0].simulator
    places = _alike(circuits, levels)
    if not isinstance(engine, NgspiceEngine) or len(places) < 2:
        return {}
    timings = [circuits[place].timing for place in places]
    slot, step = max(timing.slot_time for timing in timings), min(timing.max_step for timing in timings)
    common = replace(timings[0], slot_time=slot, max_step=step)
    jobs = [stream_job(circuits[k].design, circuits[k].linear, circuits[k].settings, common, levels[k]) for k in places]
    try:
        readings = engine.read_together(jobs, circuits[0].settings.tolerance)
    except SimulationError as error:
        # One of them spoils it for all: alone, each shows what it is, and keeps its own deck.
        shutil.rmtree(error.folder, ignore_errors=True)
        return {}
    return dict(zip(places, readings, strict=True))


def _alike(circuits: Sequence[ProgrammedCircuit], levels: Sequence[FloatArray]) -> list[int]:
    """Places of the stable circuits whose time scales are near to each other's."""
    slots = {
        k: slot
        for k, circuit in enumerate(circuits)
        if circuit.stability.stable and levels[k].shape[1] == 1 and (slot := _slot_time(circuit))
    }
    typical = np.median(list(slots.values())) if slots else 0.0
    return [k for k, slot in slots.items() if typical / LONGEST <= slot <= typical * LONGEST]


def _slot_time(circuit: ProgrammedCircuit) -> float:
    """Of a right-hand side, s; 0 where it is too long for a simulation, which the circuit says when it runs alone."""
    try:
        return circuit.timing.slot_time
    except ParameterError:
        return 0.0
