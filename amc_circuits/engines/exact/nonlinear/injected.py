"""The linear circuit with inputs for what limits of op-amps and sinh cells add, and for the outputs of limiters."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from amc_circuits.engines.exact.nonlinear.laws import Cells
from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import equations, inject, reduced, stage_of
from netlists import Circuit, Limiter, MacroOpAmp, OpAmps, Source
from netlists.record import FloatArray


def opened(circuit: Circuit) -> Circuit:
    """Return the circuit with a source in the place of every limiter, whose volts are further inputs."""
    limiters = circuit.of(Limiter)
    if not limiters:
        return circuit
    inputs, counts = circuit.inputs, [circuit.groups[part.output] for part in limiters]
    further = sum(counts)
    sources = []
    for source in circuit.sources:
        weights = source.matrix(circuit.groups[source.group], inputs)
        sources.append(replace(source, weights=np.pad(weights, ((0, 0), (0, further)))))
    ends = inputs + np.cumsum(counts)
    sources += [
        Source(part.output, np.eye(inputs + further)[end - count : end])
        for part, count, end in zip(limiters, counts, ends.tolist(), strict=True)
    ]
    parts = tuple(part for part in circuit.parts if not isinstance(part, Limiter))
    return replace(circuit, parts=parts, sources=tuple(sources))


def with_cells(circuit: Circuit, cells: Cells) -> LinearCircuit:
    """Return the linear circuit with further, last inputs: amperes in every cell that is not linear.

    They leave its word line for its bit line; nodes that sources hold take any current.
    """
    ends = dict.fromkeys(group for part in cells.parts for group in (part.word_lines, part.bit_lines))
    groups = [group for group in ends if group not in circuit.held]
    found = equations(circuit)
    linear = reduced(circuit, found, inject(found, circuit.held, groups))
    starts = dict(zip(groups, np.cumsum([0, *(circuit.groups[group] for group in groups)]).tolist(), strict=False))
    share, first = np.zeros((sum(circuit.groups[group] for group in groups), cells.count)), 0
    for part, (rows, columns) in zip(cells.parts, cells.places, strict=True):
        own = np.arange(first, first + len(rows))
        first += len(rows)
        for group, at, sign in ((part.word_lines, rows, -1.0), (part.bit_lines, columns, 1.0)):
            if group in starts:
                share[starts[group] + at, own] += sign
    inputs = circuit.inputs

    def combined(own: FloatArray) -> FloatArray:
        return np.hstack([own[:, :inputs], own[:, inputs:] @ share])

    held = {group: combined(weights) for group, weights in linear.held.items()}
    return replace(linear, drive=combined(linear.drive), feed=combined(linear.feed), held=held)


def injected_circuit(circuit: Circuit, linear: LinearCircuit, further: int = 0) -> LinearCircuit:
    """Return the linear circuit with further inputs for op-amps that are macro models.

    Behind the inputs of the sources are a rate at every gain stage, V/s, then a current into every output, A, both in
    the order of the op-amps, then the last inputs of `linear`. The states are those of `linear`. A stage drives other
    nodes through R_out alone, so that a current into an output acts on them as R_out times as many volts at the last
    stage.

    Args:
        circuit: Circuit without limiters.
        linear: Its linear circuit.
        further: Number of its last inputs that are volts of limiters or amperes of cells.
    """
    rows_of = zip(circuit.of(OpAmps), linear.stages, strict=True)
    macros = [(part, part.record, last) for part, last in rows_of if isinstance(part.record, MacroOpAmp)]
    inputs, count = linear.drive.shape[1] - further, sum(circuit.groups[part.output] for part, _, _ in macros)

    def wider(own: FloatArray) -> FloatArray:
        found = np.zeros((len(own), own.shape[1] + 2 * count))
        found[:, :inputs], found[:, inputs + 2 * count :] = own[:, :inputs], own[:, inputs:]
        return found

    drive, feed, first = wider(linear.drive), wider(linear.feed), inputs
    for part, record, last in macros:
        ohms, rows, own = record.output_resistance, linear.nodes[last], np.arange(circuit.groups[part.output])
        # Stages are states, those of a row one after the other.
        stage, at = (int(np.searchsorted(linear.kept, linear.nodes[name].start)) for name in (stage_of(part), last))
        places, states = slice(first + count, first + count + own.size), slice(at, at + own.size)
        drive[stage + own, first + own] = 1.0
        drive[:, places] = ohms * linear.state[:, states]
        drive[at + own, first + count + own] += ohms * _own_rate(record)
        feed[:, places] = ohms * linear.read[:, states]
        feed[rows, places] = 0.0
        first += own.size
    held = {group: wider(weights) for group, weights in linear.held.items()}
    return replace(linear, drive=drive, feed=feed, held=held)


def _own_rate(opamp: MacroOpAmp) -> float:
    """Return the rate at which the last stage of an op-amp decays by itself, 1/s."""
    if opamp.second_pole is None:
        return opamp.unity_gain_frequency / opamp.open_loop_gain
    return 2 * math.pi * opamp.second_pole
