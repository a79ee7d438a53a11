"""A `BlockSolution` assembled from the simulations of all steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits.results.measurement import Energy, Metric, bits, relative_error
from amc_circuits.results.solution import scalar_or_array
from amc_circuits.results.status import Status
from amc_circuits.solvers.blocks.bank import amplifiers_of, quiescent_power
from amc_circuits.solvers.blocks.programmed import ProgrammedBlocks
from amc_circuits.solvers.blocks.solution import BlockSolution, BlockStep
from amc_circuits.solvers.blocks.walk import Ranges
from amc_circuits.solvers.blocks.ways import Run
from amc_circuits.values.checks import Numbers
from netlists.record import FloatArray
from netlists.short_text import short_repr


@dataclass(frozen=True)
class Pass:
    """One pass through all steps. Shapes of C columns of the circuits.

    Attributes:
        values: Answers in units of the scaled system, shape (N, C).
        clipped: True for a column with an output beyond the range of its ADC, shape (C,).
        peaks: Largest voltage of any gain stage in units of 0.8 of its swing, shape (C,).
        ranges: Ranges of the MVM.
        runs: Simulations; none in a steady pass.
    """

    values: FloatArray
    clipped: NDArray[np.bool_]
    peaks: FloatArray
    ranges: Ranges
    runs: tuple[Run, ...] = ()

    __repr__ = short_repr

    @property
    def attempts(self) -> NDArray[np.int64]:
        """Number of passes of every column, shape (C,)."""
        found = np.ones(len(self.peaks), dtype=np.int64)
        for run in self.runs:
            found[run.columns] = np.maximum(found[run.columns], run.attempt)
        return found


def assembled(
    circuit: ProgrammedBlocks, asked: tuple[Numbers, bool], found: Pass, scales: FloatArray, wall_time: float
) -> BlockSolution:
    """Assemble the solution.

    Args:
        circuit: Programmed blocks.
        asked: Right-hand sides (N, K), and True if the user gave one vector.
        found: Passes through all steps.
        scales: k in the first pass and in the last one, shape (2, C).
        wall_time: Wall-clock time so far, s.
    """
    vectors, single = asked
    count = vectors.shape[1]
    values, steps = circuit.system.values(found.values, count), _steps(found)
    statuses = _statuses(circuit, found, steps, count)
    reference = np.linalg.solve(circuit.matrix, vectors)
    errors = relative_error(values, reference)
    done, each = steps or (_nothing(circuit, found),), found.values.shape[1] // count
    settling_time, energy = _sums(done, each, single)
    status, message = _worst(circuit, found, max(statuses))
    return BlockSolution(
        value=values[:, 0] if single else values,
        status=status,
        statuses=statuses,
        message=message,
        settling_time=settling_time,
        predicted_settling_time=circuit.predicted_time,
        energy=energy,
        waiting_energy=_waiting(circuit, done, each, single),
        relative_error=scalar_or_array(errors.tolist(), single),
        residual=scalar_or_array(relative_error(circuit.matrix @ values, vectors).tolist(), single),
        bits=scalar_or_array(bits(errors).tolist(), single),
        steps=steps,
        runs=found.runs,
        scales=scales,
        ranges=found.ranges,
        stability=circuit.stability,
        wall_time=wall_time,
    )


def _steps(found: Pass) -> tuple[BlockStep, ...]:
    """Put the simulations of each step together: of each column those of its last pass."""
    attempts, steps = found.attempts, dict.fromkeys(run.step for run in found.runs)
    return tuple(_step([run for run in found.runs if run.step == number], attempts) for number in steps)


def _nothing(circuit: ProgrammedBlocks, found: Pass) -> BlockStep:
    """Return a step of which nothing is known, for circuits that are not simulated."""
    unknown, accounts = np.full(len(found.peaks), np.nan), next(circuit.circuits)[1].circuit.accounts
    return BlockStep("", (), unknown, unknown, dict.fromkeys(accounts, unknown))


def _step(runs: list[Run], attempts: NDArray[np.int64]) -> BlockStep:
    statuses, time, busy = [Status.SETTLED] * len(attempts), np.zeros(len(attempts)), np.zeros(len(attempts))
    energy: dict[str, FloatArray | None] = {}
    for run in runs:
        last = attempts[run.columns] == run.attempt
        columns = run.columns[last]
        for column, status in zip(columns.tolist(), np.array(run.solution.statuses)[last], strict=True):
            statuses[column] = max(statuses[column], status)
        seconds = run.known(run.solution.settling_time)[last]
        time[columns] = np.maximum(time[columns], seconds)
        busy[columns] += run.amplifiers * seconds
        for account, joules in run.solution.energy.accounts.items():
            before = energy.setdefault(account, np.zeros(len(attempts)))
            if joules is None and run.driven.any():
                energy[account] = None
            elif joules is not None and before is not None:
                before[columns] += run.known(joules)[last]
    return BlockStep(runs[0].text, tuple(statuses), time, busy, energy)


def _statuses(circuit: ProgrammedBlocks, found: Pass, steps: tuple[BlockStep, ...], count: int) -> tuple[Status, ...]:
    """Worst status of all steps of every right-hand side."""
    if not found.runs and not circuit.acts:
        return (Status.UNSTABLE,) * count
    each = len(found.clipped) // count
    columns = [
        max([step.statuses[k] for step in steps] + [Status.CLIPPED] * bool(clipped), default=Status.SETTLED)
        for k, clipped in enumerate(found.clipped)
    ]
    return tuple(max(columns[k : k + each]) for k in range(0, len(columns), each))


def _worst(circuit: ProgrammedBlocks, found: Pass, status: Status) -> tuple[Status, str]:
    """Return the worst status and its message, which names the step or the block."""
    if status is Status.UNSTABLE:
        return status, circuit.stability.cause
    attempts = found.attempts
    for run in found.runs:
        if run.solution.status is status and (attempts[run.columns] == run.attempt).any():
            return status, run.solution.message if status.usable else f"step {run.step}, {run.text}: " + (
                run.solution.message
            )
    return status, status.advice


def _summed(parts: Iterable[FloatArray], each: int, single: bool) -> Metric:
    """Add a metric of the columns (C,) over all steps, and over the columns of each right-hand side."""
    return scalar_or_array(np.sum(list(parts), axis=0).reshape(-1, each).sum(axis=1).tolist(), single)


def _sums(steps: Sequence[BlockStep], each: int, single: bool) -> tuple[Metric, Energy]:
    """Add settling times and energies of all steps."""
    accounts: dict[str, Metric | None] = {}
    for name in dict.fromkeys(name for step in steps for name in step.energy):
        parts = [step.energy[name] for step in steps if name in step.energy]
        known = [part for part in parts if part is not None]
        accounts[name] = _summed(known, each, single) if len(known) == len(parts) else None
    return _summed((step.settling_time for step in steps), each, single), Energy(accounts)


def _waiting(circuit: ProgrammedBlocks, steps: Sequence[BlockStep], each: int, single: bool) -> Metric | None:
    """Energy of the op-amps of the bank while they wait."""
    power, amplifiers = quiescent_power(circuit.hardware.opamp_in_use), amplifiers_of(circuit)
    if power is None:
        return None
    return _summed((power * (amplifiers * step.settling_time - step.busy) for step in steps), each, single)
