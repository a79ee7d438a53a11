"""Passes through all steps: by steady states, by simulation, and again at a smaller scale."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from amc_circuits.results.converters import Converters
from amc_circuits.solvers.blocks.assembling import Pass, assembled
from amc_circuits.solvers.blocks.programmed import ProgrammedBlocks
from amc_circuits.solvers.blocks.solution import BlockSolution
from amc_circuits.solvers.blocks.walk import Ranges, Walk
from amc_circuits.solvers.blocks.ways import SimulatedWalk, SteadyWalk
from amc_circuits.values.checks import Numbers
from netlists.record import FloatArray


def steady_pass(
    circuit: ProgrammedBlocks, columns: FloatArray, scale: FloatArray, converters: Converters, ranges: Ranges
) -> Pass:
    """Pass through the steady states; `ranges` are chosen on the way where they are missing."""
    walk = SteadyWalk(circuit.hold, converters, _full_scale(circuit, columns, scale), circuit.switched, dict(ranges))
    values, clipped = _read(circuit, walk, columns, scale)
    return Pass(values, clipped, walk.peaks, walk.ranges)


def _simulated_pass(circuit: ProgrammedBlocks, columns: FloatArray, scale: FloatArray, ranges: Ranges) -> Pass:
    """Pass through simulations of all circuits."""
    full_scale = _full_scale(circuit, columns, scale)
    walk = SimulatedWalk(circuit.hold, circuit.converters, full_scale, circuit.switched, dict(ranges))
    values, clipped = _read(circuit, walk, columns, scale)
    peaks = np.zeros(columns.shape[1])
    for run in walk.runs:
        peaks[run.columns] = np.maximum(peaks[run.columns], run.peaks)
    return Pass(values, clipped, peaks, walk.ranges, tuple(walk.runs))


def _full_scale(circuit: ProgrammedBlocks, columns: FloatArray, scale: FloatArray) -> FloatArray:
    """Input full scale of every column, V: it is reduced together with k."""
    return np.asarray(circuit.settings.input_voltage * scale / circuit.scale(columns))


def _read(
    circuit: ProgrammedBlocks, walk: Walk, columns: FloatArray, scale: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Walk through all steps, and read the outputs of the last INV of every leaf by its ADCs."""
    values, beyond = [], np.zeros(columns.shape[1], dtype=np.bool_)
    for part in walk.inverse(circuit.root, columns, [], scale):
        volts, clipped = walk.converters.outputs(part.volts, circuit.output_range)
        values.append(volts / part.scale)
        beyond |= clipped
    return np.vstack(values), beyond


def answered(circuit: ProgrammedBlocks, vectors: Numbers, single: bool) -> BlockSolution:
    """Simulate all steps, again at a smaller k where an amplifier left 0.8 of its swing; assemble the answer."""
    began = time.perf_counter()
    columns = circuit.columns(vectors)
    scales = np.array([circuit.scale(columns)] * 2)
    first = steady_pass(circuit, columns, scales[0], circuit.converters, {})
    if not (circuit.acts or circuit.settings.force):
        nothing = replace(first, values=np.full_like(first.values, np.nan))
        return assembled(circuit, (vectors, single), nothing, scales, time.perf_counter() - began)
    found = _simulated_pass(circuit, columns, scales[0], first.ranges)
    factor = circuit.reduction(np.maximum(found.peaks, first.peaks))
    large = np.flatnonzero(factor < 1)
    if large.size:
        scales[1] *= factor
        ranges = {name: powers[large] for name, powers in first.ranges.items()}
        again = _simulated_pass(circuit, columns[:, large], scales[1][large], ranges)
        found = _merged(found, again, large)
    return assembled(circuit, (vectors, single), found, scales, time.perf_counter() - began)


def _merged(first: Pass, again: Pass, columns: NDArray[np.int64]) -> Pass:
    """Put the columns of a second pass in the place of those of the first one."""
    values, clipped, peaks = first.values.copy(), first.clipped.copy(), first.peaks.copy()
    values[:, columns], clipped[columns], peaks[columns] = again.values, again.clipped, again.peaks
    repeated = tuple(replace(run, columns=columns[run.columns], attempt=2) for run in again.runs)
    return Pass(values, clipped, peaks, first.ranges, (*first.runs, *repeated))
