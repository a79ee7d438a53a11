"""Run of a schedule: one transient of ngspice, or the exact response piece by piece, and a result of every phase."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from amc_circuits.engines import simulate_phases
from amc_circuits.engines.exact.engine import ExactEngine
from amc_circuits.engines.exact.phased import read_phases
from amc_circuits.engines.ngspice.engine import NgspiceEngine
from amc_circuits.linear.durations import connected
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.linear.stability import Stability, complex_text
from amc_circuits.results.converters import HEADROOM
from amc_circuits.results.holding_limit import FULL_CURRENT
from amc_circuits.results.observation import opamp_places
from amc_circuits.results.readings import AtRest, Reading
from amc_circuits.results.status import Status
from amc_circuits.solvers.at_rest import at_rest
from amc_circuits.solvers.macro.phases import PlannedPhase
from amc_circuits.solvers.macro.plan import Plan, plan
from amc_circuits.solvers.macro.results import NOT_RUN, MacroSolution, PhaseResult
from amc_circuits.solvers.macro.schedule import Schedule
from amc_circuits.values.quantities import format_quantity
from netlists import MacroOpAmp, ParameterError
from netlists.circuits.macro.records import LETTERS
from netlists.errors import check_name, check_type
from netlists.record import FloatArray

ENGINES = (NgspiceEngine.name, ExactEngine.name)
STEPS = 50
"""Least steps of ngspice in the shortest phase."""
LESS = "lower input_voltage, or take an op-amp with more swing, output current, gain or common-mode range"
"""What helps against a limit of an amplifier; a schedule has no fixed scale."""


def run_schedule(schedule: Schedule, engine: str = NgspiceEngine.name, folder: str | Path = ".") -> MacroSolution:
    """Run a schedule on one macro.

    Args:
        schedule: Schedule, as `make_schedule` or `read_schedule` returns it.
        engine: `ngspice`, one transient of all phases, or `exact`.
        folder: Folder that names of files are relative to.

    Raises:
        ParameterError: A value of the schedule cannot be used.
        SimulationError: The simulation failed; deck and log are kept.
    """
    check_type("schedule", schedule, Schedule, mend="make_schedule or read_schedule returns one")
    check_name("engine", engine, ENGINES)
    began, planned = time.perf_counter(), plan(schedule, Path(folder))
    if not planned.acts:
        unknown = tuple(_not_run(*pair) for pair in zip(planned.phases, planned.stability, strict=True))
        return MacroSolution(planned, unknown, engine, "", time.perf_counter() - began)
    readings = _read(planned, engine)
    ends = np.cumsum([phase.duration or 0.0 for phase in planned.circuit.phases])
    starts = dict(zip(readings, [0.0, *ends.tolist()], strict=False))
    results = tuple(
        _result(planned, phase, stability, readings, starts[phase.schedule.name])
        for phase, stability in zip(planned.phases, planned.stability, strict=True)
    )
    decks = next(iter(readings.values())).deck_sha256
    return MacroSolution(planned, results, engine, decks, time.perf_counter() - began)


def _read(planned: Plan, engine: str) -> dict[str, Reading]:
    """Return the reading of every phase of the circuit, by name."""
    schedule, circuit = planned.schedule, planned.circuit
    common = (circuit, planned.levels, schedule.tolerance)
    if engine == ExactEngine.name:
        try:
            found = read_phases(*common, rise_time=schedule.rise_time)
        except ParameterError as error:
            if error.parameter != "A":
                raise
            mend = "take engine ngspice, a smaller off_resistance or a larger on_resistance"
            poles = str(error.value).removeprefix("a circuit with ")
            raise ParameterError("engine", engine, f"{poles} are too far apart; {mend}") from None
    else:
        named = [planned.phase(phase.schedule.name).duration or 0.0 for phase in planned.phases]
        found = simulate_phases(*common, max_step=min(named) / STEPS, rise_time=schedule.rise_time)
    return {phase.name: reading for phase, reading in zip(circuit.phases, found, strict=True)}


def _rest(planned: Plan, phase: PlannedPhase, readings: dict[str, Reading]) -> AtRest | None:
    """Compare the end of a phase with the rest of the macro in it.

    None for EGV, which rests at limits. Where it is not known what a hold took from outputs that still moved, only
    the limits of the amplifiers are checked.
    """
    if phase.schedule.mode == "egv":
        return None
    alone = connected(planned.circuit, planned.phase(phase.schedule.name), leaks=True)
    linear, reading = linear_circuit(alone), readings[phase.schedule.name]
    wanted = np.full(len(reading.final), np.nan)
    if alone.linear and not _moved(phase, readings):
        levels = [_level(planned, source.group, phase, readings) for source in alone.sources]
        wanted = linear.steady(linear.outputs, np.concatenate(levels)[:, None])[:, 0]
    return at_rest(alone, reading, wanted, planned.schedule.tolerance)


def _moved(phase: PlannedPhase, readings: dict[str, Reading]) -> bool:
    """True if a phase holds outputs that still moved."""
    return phase.own.held is not None and not readings[phase.own.held].steady


def _level(planned: Plan, group: str, phase: PlannedPhase, readings: dict[str, Reading]) -> FloatArray:
    """Return the voltages in a phase of the DACs `x` or the held outputs `h` of a phase, V."""
    other = planned.phases[LETTERS.index(group[1])]
    if group[0] == "x":
        assert other.words is not None
        return other.words * (other is phase)
    kept = readings[other.schedule.name].final + planned.schedule.switches.hold_step
    return kept * (planned.phases.index(other) < planned.phases.index(phase))


def _result(
    planned: Plan, phase: PlannedPhase, stability: Stability, readings: dict[str, Reading], start: float
) -> PhaseResult:
    """Return the result of a phase that was simulated."""
    reading = readings[phase.schedule.name]
    if phase.space is not None:
        length = float(np.linalg.norm(reading.final)) or np.nan
        value = reading.final / length
        value = value * (np.sign(value @ phase.answer) or 1.0)
        error = float(np.linalg.norm(value - phase.space @ (phase.space.T @ value)))
    else:
        value = reading.final / phase.scale
        error = float(np.linalg.norm(value - phase.answer) / (np.linalg.norm(phase.answer) or np.nan))
    status, message = _status(planned, phase, stability, readings)
    return PhaseResult(
        **_described(phase, stability),
        status=status,
        message=message,
        start=start,
        duration=planned.phase(phase.schedule.name).duration or np.nan,
        value=value,
        error=error,
        outputs=reading.final,
        settling_time=reading.settling_time,
        energy=reading.energy,
        response=reading.response,
    )


def _described(phase: PlannedPhase, stability: Stability) -> dict[str, Any]:
    """Return the fields of a result that need no simulation."""
    own = phase.schedule
    return {
        "name": own.name,
        "mode": own.mode,
        "array": own.array,
        "exact": phase.answer,
        "scale": phase.scale,
        "feedback_conductance": phase.own.feedback_conductance,
        "slowest_pole": stability.slowest,
    }


def _status(
    planned: Plan, phase: PlannedPhase, stability: Stability, readings: dict[str, Reading]
) -> tuple[Status, str]:
    """Return the status of a phase with its sentence."""
    reading, tolerance = readings[phase.schedule.name], planned.schedule.tolerance
    if phase.schedule.mode == "egv" and stability.stable:
        return Status.NOT_GROWING, f"{Status.NOT_GROWING.advice}; take a larger margin"
    if reading.excess is not None:
        return Status.NONLINEAR, f"{reading.excess}; take engine ngspice, or lower input_voltage"
    if not reading.steady:
        return Status.NOT_SETTLED, "the outputs still move at the end of the phase; give it a longer duration"
    rest = _rest(planned, phase, readings)
    if rest is None:
        return _grown(planned, reading)
    if rest.held:
        return Status.SATURATED, f"{rest.held}; {LESS}"
    if _moved(phase, readings):
        mend = "give that phase a longer duration"
        return Status.NOT_SETTLED, f"its input still moved at the end of phase {phase.own.held}; {mend}"
    if rest.distance > tolerance:
        away = format_quantity(rest.distance, "%")
        return Status.NOT_SETTLED, f"the outputs rest {away} of full scale away from the steady state of the phase"
    return Status.SETTLED, Status.SETTLED.advice


def _grown(planned: Plan, reading: Reading) -> tuple[Status, str]:
    """Return the status of an EGV phase with steady outputs: an amplifier at a limit is what ends its growth."""
    if not 0 < np.linalg.norm(reading.final) < np.inf:
        return Status.NOT_SETTLED, "the outputs are 0: the phase before has left nothing to grow from"
    state = reading.amplifiers
    assert state is not None  # a schedule with egv has op-amps with a swing
    for record, places in opamp_places(planned.circuit):
        opamp = record.equivalent
        assert isinstance(opamp, MacroOpAmp)
        stage = np.abs(state.output[places] + opamp.output_resistance * state.current[places]).max()
        current = np.abs(state.current[places]).max()
        if stage > HEADROOM * opamp.output_swing or current > FULL_CURRENT * opamp.output_current_limit:
            return Status.SETTLED, Status.SETTLED.advice
    return Status.NOT_SETTLED, "no amplifier has grown to its swing; give the phase a longer duration"


def _not_run(phase: PlannedPhase, stability: Stability) -> PhaseResult:
    """Return the result of a phase of a schedule with an unstable phase."""
    status, message = NOT_RUN, NOT_RUN.advice
    if phase.schedule.mode != "egv" and not stability.stable:
        status = Status.UNSTABLE
        message = f"what the phase connects has a growing pole at {complex_text(stability.slowest)} 1/s"
    unknown = np.full(phase.answer.shape, np.nan)
    return PhaseResult(
        **_described(phase, stability), status=status, message=message, start=np.nan, duration=np.nan,
        value=unknown, error=np.nan, outputs=unknown, settling_time=np.nan, energy={},
    )  # fmt: skip
