"""Trials whose circuits are read together by the exact engine: stacks of matrices instead of one circuit each.

A trial does not depend, bit for bit, on the others. A circuit that needs more than one reading is left out: unstable,
not at rest, or its outputs beyond the range of the ADCs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from amc_circuits.cells.devices import programmed_often
from amc_circuits.cells.draws import Draws
from amc_circuits.engines import AutoEngine
from amc_circuits.engines.exact.engine import ExactEngine
from amc_circuits.engines.exact.linear_stack.reading import StackedReadings, read_stack
from amc_circuits.engines.exact.stack.reading import read_macros
from amc_circuits.linear.stacks import InjectedStack, StackedCircuit, StackedModes, injected_stack, stacked_circuit
from amc_circuits.results.converters import HEADROOM
from amc_circuits.results.measurement import bits
from amc_circuits.results.status import Status
from amc_circuits.results.trials import Trial
from amc_circuits.solvers.question import Question
from amc_circuits.solvers.solver import Solver
from amc_circuits.solvers.streaming import DOUBLINGS, MOST_POINTS, STEPS_PER_TIME_CONSTANT, slot_times, swing_of
from amc_circuits.solvers.varied import Varied
from amc_circuits.values.checks import Numbers
from netlists import MacroOpAmp, OpAmps, SinglePoleOpAmp
from netlists.record import FloatArray

Indices = NDArray[np.int64]
STACKED = 16_384
"""Cells of the circuits read at once: larger stacks leave the processor's cache."""
FEW_COLUMNS = 3
"""Most right-hand sides of macro op-amps that are stacked, one after the other. A circuit alone integrates all
together, five or more in less time."""


def stacked_trials(circuit: Solver, vector: Numbers, numbers: Sequence[int]) -> dict[int, Trial]:
    """Return trials by their numbers; a trial that is missing must be solved alone.

    Args:
        circuit: Circuit of one of the trials.
        vector: Right-hand sides, shape (n,) or (n, K).
        numbers: Numbers of the trials.
    """
    question = circuit.question(vector)
    if not _stackable(circuit, question):
        return {}
    hardware = circuit.hardware
    draws = [Draws(hardware.seed, number) for number in numbers]
    wanted = [hardware.wanted(matrix) for matrix in circuit.matrices_of(circuit.system, circuit.parameters)]
    cells = hardware.cells
    arrays = [
        array
        for place, targets in enumerate((*wanted, *circuit.further_targets(wanted, cells)))
        for array in programmed_often(cells, targets, draws, hardware.temperature, place)
    ]
    varied = circuit.varied(arrays, draws)
    if varied is None:
        return {}
    found: dict[int, Trial] = {}
    together, waiting = max(1, STACKED // arrays[0][0].size), np.arange(len(numbers))
    # Of several columns only those that are not at rest wait longer; limits of op-amps may be why one is not.
    waits = question.columns.shape[1] == 1 and _single_poles(circuit)
    for doubled in range(DOUBLINGS + 1 if waits else 1):
        each = np.array_split(waiting, range(together, len(waiting), together))
        parts = [_trials(circuit, question, varied.part(some), some, numbers, 2**doubled) for some in each]
        for trials, _ in parts:
            found |= trials
        waiting = np.concatenate([restless for _, restless in parts])
        if not waiting.size:
            break
    return found


def _stackable(circuit: Solver, question: Question) -> bool:
    """Return True if circuits like this one can be stacked: cells alone differ, and all op-amps are known here."""
    hardware, record = circuit.hardware, circuit.circuit
    linear = (
        circuit.engine in (ExactEngine.name, AutoEngine.name)
        and record.linear
        and len(record.phases) == 1
        and type(circuit).varied is not Solver.varied
    )
    drawn = hardware.conductances is None
    linear &= _single_poles(circuit) or _macros(circuit, question)
    driven = bool(question.columns.any(axis=0).all()) and len(question.groups) == question.columns.shape[1]
    from_rest = circuit.settings.start == "rest" or question.columns.shape[1] == 1
    return linear and drawn and driven and from_rest and not circuit.growing


def _single_poles(circuit: Solver) -> bool:
    """Return True if no op-amp has limits and supplies."""
    return all(isinstance(one, SinglePoleOpAmp) and one.common_mode_range is None for one in circuit.circuit.opamps)


def _macros(circuit: Solver, question: Question) -> bool:
    """Return True if all op-amps are macro models that drive the outputs, and there are few columns."""
    record = circuit.circuit
    still = all(isinstance(one, MacroOpAmp) for one in record.opamps)
    driven = any(part.output == record.outputs for part in record.of(OpAmps))
    return still and driven and question.columns.shape[1] <= FEW_COLUMNS


def _trials(
    circuit: Solver, question: Question, varied: Varied, own: Indices, numbers: Sequence[int], longer: int
) -> tuple[dict[int, Trial], Indices]:
    """Return trials of a stack by their numbers, in slots so much longer; and places of those that are not at rest.

    Args:
        circuit: Circuit of one of the trials.
        question: Right-hand sides.
        varied: Circuits of the stack.
        own: Their places in `numbers`.
        numbers: Numbers of all trials.
        longer: Length of the slots in units of the first ones.
    """
    try:
        places, readings = _read(circuit, question, varied, longer)
    except np.linalg.LinAlgError:
        # One circuit without modes spoils the stack for all.
        each = [slice(k, k + 1) for k in range(len(own) if len(own) > 1 else 0)]
        parts = [_trials(circuit, question, varied.part(one), own[one], numbers, longer) for one in each]
        trials = {number: trial for part, _ in parts for number, trial in part.items()}
        return trials, np.concatenate([own[:0], *(restless for _, restless in parts)])
    if readings is None:
        return {}, own[:0]
    figures, inside = _figures(circuit, question, varied.gain[places], readings)
    usable = inside & readings.known
    if readings.peak_output is not None and not circuit.settings.fixed_scale:
        usable &= (readings.peak_output <= HEADROOM * swing_of(circuit.circuit)).all(axis=1)
    used = np.flatnonzero(usable)
    known, hashes = [numbers[k] for k in own[places[used]].tolist()], varied.part(places[used]).sha256
    found = {
        number: Trial(
            number,
            Status.SETTLED.name,
            {name: one[at] for name, one in figures.items()},
            design_sha256=sha256,
            by_engine={ExactEngine.name: question.columns.shape[1]},
        )
        for at, number, sha256 in zip(used.tolist(), known, hashes, strict=True)
    }
    return found, own[places[~readings.known]]


def _read(
    circuit: Solver, question: Question, varied: Varied, longer: int
) -> tuple[NDArray[np.int64], StackedReadings | None]:
    """Return the places of circuits of a stack that can be read, and their readings in slots so much longer."""
    macros, record = not _single_poles(circuit), circuit.circuit
    differing = varied.conductances, varied.offsets
    stack: StackedCircuit | InjectedStack = (injected_stack if macros else stacked_circuit)(record, *differing)
    modes = StackedModes.of(stack.linear.state)
    settings, slewing = circuit.settings, max(one.slewing_time for one in record.opamps)
    slot = slot_times(1 / np.abs(modes.slowest.real), slewing, settings.tolerance, settings.rise_time)
    short = slot * STEPS_PER_TIME_CONSTANT * np.abs(modes.slowest) <= MOST_POINTS
    places = np.flatnonzero(modes.readable & stack.usual & short)
    if len(places) == 0:
        return places, None
    if len(places) < len(slot):
        stack, modes, slot = stack.part(places), modes.part(places), slot[places]
    levels, slot = circuit.driven_levels(question.columns), slot * longer
    edge = settings.rise_time, settings.tolerance
    if isinstance(stack, InjectedStack):
        each = [read_macros(record, stack, modes, column, slot, *edge) for column in levels.T]
        return places, StackedReadings.beside(each)
    return places, read_stack(stack, modes, levels, slot, *edge)


def _figures(
    circuit: Solver, question: Question, gain: FloatArray, readings: StackedReadings
) -> tuple[dict[str, list[float]], NDArray[np.bool_]]:
    """Metrics of each circuit, of several right-hand sides the worst; and whether the ADCs held all outputs."""
    count, columns, outputs = readings.final.shape
    scale = circuit.input_levels(question.columns)[1]
    volts = readings.final.transpose(2, 0, 1).reshape(outputs, -1)
    read, clipped = circuit.converters.outputs(volts, circuit.output_range)
    values = circuit.system.values(np.repeat(gain, columns) * read / np.tile(scale, count), volts.shape[1])
    error = circuit.error(values, np.tile(question.reference, (1, count)))
    residual = np.array(circuit.residual(values, np.tile(question.vectors, (1, count))))
    found = {
        "relative_error": error,
        "residual": residual,
        "settling_time": readings.settling_time,
        "energy": np.full(len(error), np.nan) if readings.energy is None else readings.energy.ravel(),
        "overshoot": readings.overshoot,
        "peak_output_current": readings.peak_output_current,
    }
    worst = {name: one.reshape(count, columns).max(axis=1) for name, one in found.items()}
    worst["bits"] = bits(worst["relative_error"])
    inside = ~clipped.reshape(count, columns).any(axis=1)
    return {name: one.tolist() for name, one in worst.items()}, np.asarray(inside)
