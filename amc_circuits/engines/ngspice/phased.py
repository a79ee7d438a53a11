"""Phased circuits in ngspice: one transient through all phases, its switches as `S` elements, read phase by phase."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial

import numpy as np

from amc_circuits.engines.ngspice.binary import find_ngspice
from amc_circuits.engines.ngspice.engine import NgspiceEngine, whole_run
from amc_circuits.engines.ngspice.runner import simulate
from amc_circuits.linear.durations import with_durations
from amc_circuits.results.observation import observe, saved_vectors
from amc_circuits.results.readings import Reading, read_slot
from amc_circuits.results.waveforms import Waveforms
from netlists import Circuit, PhaseTrain, Transient, analysis_lines, expanded, in_phase, phase_train, spice_circuit
from netlists.record import FloatArray


def simulate_phases(
    circuit: Circuit,
    levels: FloatArray,
    tolerance: float,
    max_step: float,
    rise_time: float = 100e-12,
    engine: NgspiceEngine | None = None,
) -> list[Reading]:
    """Reading of every phase of every right-hand side, each from where the one before ended.

    A switch changes up to a time step after its control has passed half-way: a charge through its overlap
    capacitance is too small by that part of the edge.

    Args:
        circuit: Circuit with phases; one without a duration gets it from its poles (`with_durations`).
        levels: Inputs of each right-hand side, shape (inputs, K), V.
        tolerance: Relative tolerance of the settling time.
        max_step: Largest time step, s.
        rise_time: Rise time of every edge, s.
        engine: Which ngspice.

    Returns:
        K times P readings, phase by phase.

    Raises:
        ParameterError: A part is not modelled, or a phase without a duration has a growing pole.
        SimulationError: The run failed; deck and log are kept.
    """
    circuit = with_durations(circuit, tolerance, rise_time)
    engine = engine or NgspiceEngine(binary=find_ngspice())
    drive, whole = phase_train(circuit, levels, rise_time), expanded(circuit)
    analysis = Transient(stop_time=drive.stop_time, max_step=max_step, saved=saved_vectors(whole))
    deck = "\n".join([str(spice_circuit(whole, drive)), analysis_lines(analysis, engine.klu), ".end\n"])
    waves = simulate(deck, partial(whole_run, analysis), engine.binary, engine.timeout, engine.keep, object())
    waves = replace(waves, deck_sha256=hashlib.sha256(deck.encode("ascii")).hexdigest())
    return [_read(whole, drive, waves, slot, tolerance) for slot in range(drive.levels.shape[1])]


def _read(whole: Circuit, drive: PhaseTrain, waves: Waveforms, slot: int, tolerance: float) -> Reading:
    """Read a slot of an expanded circuit."""
    alone = in_phase(whole, whole.phases[slot % len(whole.phases)])
    part = _between(waves, drive.slot_begin(slot), drive.slot_end(slot))
    reading = read_slot(observe(alone, part, drive), drive, slot, tolerance)
    return replace(reading, engine=NgspiceEngine.name, deck_sha256=waves.deck_sha256)


def _between(waves: Waveforms, start: float, stop: float) -> Waveforms:
    """The samples of a slot, its ends included by interpolation."""
    inside = (waves.time > start) & (waves.time < stop)
    time = np.concatenate([[start], waves.time[inside], [stop]])
    values = np.stack([np.interp(time, waves.time, column) for column in waves.values.T], axis=1)
    return Waveforms(time, waves.names, values, waves.deck_sha256)
