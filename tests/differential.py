"""Random designs over all options, and a judge of their results that shares no code with the package.

A right-hand side that is `SETTLED` must end, before converters, at the steady state of the same circuit, its settling
time must lie between the judge's at 1.03 and 0.97 of the tolerance, and its energies must be the judge's over the same
time.
"""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amc_circuits import Device, InvCircuit, MvmCircuit, ParameterError, SimulationError, Solution, Status
from amc_circuits.engines import ExactEngine
from amc_circuits.engines.job import Job
from netlists import OpAmp, StepTrain, preset
from tests.kirchhoff_in_time import Settled, judged
from tests.runs import readings

NARROWER, WIDER = 0.97, 1.03
"""Parts of the tolerance: a settling time that lies between those at these two is right."""
ENERGY = {"exact": 0.01, "ngspice": 0.03}
"""Relative; over the same time."""
LINEAR_LOSS = 1e-4
"""Largest change of a waveform, in units of full scale, up to which a circuit settles as the linear one."""


@dataclass(frozen=True)
class Drawn:
    """A circuit and its right-hand sides."""

    circuit: InvCircuit | MvmCircuit
    columns: np.ndarray

    def solve(self) -> Solution:
        """By the circuit's engine."""
        circuit = self.circuit
        return circuit.solve(self.columns) if isinstance(circuit, InvCircuit) else circuit.matvec(self.columns)


@dataclass
class Verdict:
    """Results of some designs.

    Attributes:
        statuses: Number of right-hand sides by status.
        checked: Number of SETTLED ones that were judged.
        timed: Number of those whose settling time was compared.
        wrong: Wrong results, a line each.
        worst: Largest distance from the steady state, in tolerances.
        worst_energy: Largest relative error of an energy.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    checked: int = 0
    timed: int = 0
    wrong: list[str] = field(default_factory=list)
    worst: float = 0.0
    worst_energy: float = 0.0


def _log(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _some(rng: np.random.Generator, share: float, value: Any, otherwise: Any = 0.0) -> Any:
    return value if rng.random() < share else otherwise


def draw_opamp(rng: np.random.Generator) -> OpAmp:
    """Any record with limits far and near, slow and fast."""
    name = str(rng.choice(["single-pole", "single-pole", "cmos-100meg", "cmos-1g", "ad823", "opa690"]))
    record: Any = preset(name)
    changes: dict[str, Any] = {}
    if rng.random() < 0.4:
        changes["gbwp"] = _log(rng, 1e4, 3e9)
    if rng.random() < 0.3:
        changes["open_loop_gain"] = _log(rng, 300, 1e7)
    if name != "single-pole":
        changes["slew_rate"] = record.slew_rate * _log(rng, 0.1, 1e3)
        changes["output_current_limit"] = record.output_current_limit * _log(rng, 0.1, 100)
        if rng.random() < 0.3:
            changes["input_offset"] = rng.uniform(-2e-3, 2e-3)
        if rng.random() < 0.3:
            changes["second_pole"] = changes.get("gbwp", record.gbwp) * rng.uniform(1.5, 30)
        if rng.random() < 0.3:
            changes["output_resistance"] = _log(rng, 1, 1e3)
        if rng.random() < 0.5:
            changes["input_capacitance"] = float(rng.choice([0, 1e-18, 1e-14, 2e-13]))
        if rng.random() < 0.2:
            changes["output_swing"] = record.output_swing * _log(rng, 0.2, 1)
    return record.replace(**changes)


def draw_matrix(rng: np.random.Generator, rows: int, columns: int, square: bool) -> np.ndarray:
    """Symmetric, nearly symmetric, positive, ill-conditioned, or (for MVM) anything."""
    if not square:
        return rng.standard_normal((rows, columns)) if rng.random() < 0.7 else rng.random((rows, columns))
    kind = rng.random()
    if kind < 0.3:
        factor = rng.random((rows, 2 * rows))
        return factor @ factor.T / (2 * rows) + _log(rng, 0.01, 0.5) * np.eye(rows)
    basis = np.linalg.qr(rng.standard_normal((rows, rows)))[0]
    matrix = (basis * np.geomspace(1 / _log(rng, 1.5, 300), 1, rows)) @ basis.T
    return matrix + (kind > 0.75) * 0.2 * rng.standard_normal((rows, rows)) / np.sqrt(rows)


def draw_device(rng: np.random.Generator) -> Device:
    """Ideal cells, or some with levels, errors, stuck ones, drift."""
    if rng.random() < 0.5:
        return Device()
    return Device(
        levels=_some(rng, 0.3, int(rng.integers(8, 64)), None),
        programming_error=_some(rng, 0.5, _log(rng, 1e-8, 2e-6)),
        stuck_on=_some(rng, 0.1, 0.02),
        stuck_off=_some(rng, 0.1, 0.02),
        drift_exponent=_some(rng, 0.2, 0.01),
        drift_time=_some(rng, 0.2, 1e3),
        read_noise=_some(rng, 0.2, 0.01),
        limit_spread=_some(rng, 0.1, 0.02),
        activation_energy=_some(rng, 0.2, 0.03),
    )


def draw_options(rng: np.random.Generator, seed: int, engine: str) -> dict[str, Any]:
    """Options that INV and MVM share."""
    return {
        "opamp": draw_opamp(rng),
        "device": draw_device(rng),
        "seed": seed,
        "engine": engine,
        "wire_resistance": _some(rng, 0.5, _log(rng, 0.1, 30)),
        "line_capacitance": _some(rng, 0.5, _log(rng, 1e-24, 1e-14)),
        "contacts": str(rng.choice(["one", "both"])),
        "line_model": str(rng.choice(["reduced", "lumped"])),
        "offset_spread": _some(rng, 0.2, _log(rng, 1e-5, 2e-3)),
        "input_voltage": _log(rng, 1e-3, 1.0) if rng.random() < 0.7 else 0.1,
        "tolerance": _some(rng, 0.3, _log(rng, 1e-3, 0.1), 0.01),
        "rise_time": _some(rng, 0.3, _log(rng, 1e-12, 1e-8), 1e-10),
        "start": str(rng.choice(["rest", "rest", "previous"])),
        "fixed_scale": bool(rng.random() < 0.2),
        "g_max": _some(rng, 0.3, _log(rng, 20e-6, 1e-3), None),
        "pair": str(rng.choice(["auto", "auto", "always"])),
        "scaling": str(rng.choice(["none", "none", "diagonal", "powers-of-two"])),
        "temperature": _some(rng, 0.2, rng.uniform(250, 400), 300.15),
    }


def draw(seed: int, engine: str, largest: int = 5) -> Drawn | None:
    """INV (three quarters) or MVM with any options; None where a draw makes no sense."""
    rng = np.random.default_rng([seed, 71])
    size = int(rng.integers(1, largest + 1))
    options = draw_options(rng, seed, engine)
    compensated = np.random.default_rng([seed, 72]).random() < 0.3
    options["topology"] = "compensated" if compensated else "paired"
    count = int(rng.integers(1, 4))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if rng.random() < 0.75:
                resistance = _log(rng, 300, 3e4)
                options |= {} if compensated else {"inverter_resistance": resistance}
                options["input_conductance"] = _some(rng, 0.3, _log(rng, 1e-5, 1e-3), None)
                circuit: Any = InvCircuit.program(draw_matrix(rng, size, size, True), **options)
                inputs = size
            else:
                inputs = int(rng.integers(1, largest + 1))
                circuit = MvmCircuit.program(draw_matrix(rng, size, inputs, False), **options)
    except ParameterError:  # such as a diagonal that cannot be scaled
        return None
    columns = rng.uniform(-1, 1, (inputs, count)) * _log(rng, 1e-3, 1e3)
    if rng.random() < 0.2:
        columns[:, 0] *= 30
    return Drawn(circuit, columns)


def check(seed: int, engine: str, verdict: Verdict, largest: int = 5) -> None:
    """Solves a drawn design and enters what the judge says of it."""
    drawn = draw(seed, engine, largest)
    if drawn is None:
        verdict.statuses["refused"] += 1
        return
    try:
        solution = drawn.solve()
    except ParameterError:
        verdict.statuses["refused"] += 1
        return
    except SimulationError as error:
        verdict.statuses["FAILED"] += 1
        verdict.wrong.append(f"seed {seed}: {error}")
        return
    verdict.statuses.update(status.name for status in solution.statuses)
    for column, status in enumerate(solution.statuses):
        if status is Status.SETTLED:
            _check_column(seed, drawn, solution, column, verdict)


def _levels(drawn: Drawn, solution: Solution) -> np.ndarray:
    """Input voltages of every right-hand side as it was measured, shape (inputs, K)."""
    scales = np.array([attempts[-1].scale for attempts in solution.attempts])
    return drawn.circuit.system.input_factors[:, None] * drawn.columns * scales


def _check_column(seed: int, drawn: Drawn, solution: Solution, column: int, verdict: Verdict) -> None:
    circuit, response = drawn.circuit, solution.responses[column]
    assert response is not None
    levels = _levels(drawn, solution)
    slot = solution.attempts[column][-1].slot_time
    before = levels[:, column - 1] if circuit.settings.start == "previous" and column > 0 else None
    exact = judged(circuit.design, levels[:, column], circuit.settings.rise_time, slot, before)
    name = f"seed {seed} column {column} ({type(circuit).__name__}, {circuit.design.opamp.model})"
    verdict.checked += 1
    tolerance = response.tolerance
    wanted = exact.judge.output(exact.judge.at_rest(levels[:, column]))
    away = float(np.abs(response.outputs[-1] - wanted).max() / np.abs(wanted).max() / tolerance)
    verdict.worst = max(verdict.worst, away)
    if not away <= 1:
        verdict.wrong.append(f"{name}: ends {away:.3g} tolerances away from the steady state")
        return
    if _is_linear(circuit, levels, slot, column):
        verdict.timed += 1
        _check_time(name, exact, solution, column, tolerance, verdict)
        _check_energy(name, exact, solution, column, verdict)


def _is_linear(circuit: InvCircuit | MvmCircuit, levels: np.ndarray, slot: float, column: int) -> bool:
    """Whether the amplifiers bend so little that a linear circuit tells the settling time, in slots before it, too."""
    some = levels[:, 0 if circuit.settings.start == "previous" else column : column + 1]
    drive = StepTrain(levels=some, slot_time=slot, rise_time=circuit.settings.rise_time)
    job = Job(circuit.circuit, drive, circuit.job(some).analysis)
    found = readings(job, circuit.settings.tolerance, ExactEngine(LINEAR_LOSS, limits=False))
    return all(reading.excess is None for reading in found)


def _figure(value: Any, column: int) -> float:
    return float(np.atleast_1d(value)[column])


def _check_time(name: str, exact: Settled, solution: Solution, column: int, tolerance: float, verdict: Verdict) -> None:
    settled = _figure(solution.settling_time, column)
    early, late = exact.settling_time(WIDER * tolerance), exact.settling_time(NARROWER * tolerance)
    rounding = 1e-13 + 1e-6 * late
    if not early - rounding <= settled <= late + rounding:
        verdict.wrong.append(f"{name}: settled in {settled:.6g} s, the judge says {early:.6g} to {late:.6g} s")


def _check_energy(name: str, exact: Settled, solution: Solution, column: int, verdict: Verdict) -> None:
    wanted = exact.energies(_figure(solution.settling_time, column))
    allowed = ENERGY[solution.engines[column]]
    for account in ("array", "inputs", "amplifiers"):
        value = getattr(solution.energy, account)
        if value is None:
            continue
        got, scale = _figure(value, column), sum(abs(wanted[part]) for part in ("array", "inputs", "amplifiers"))
        # A part that is nothing beside the others is known to what those are.
        error = abs(got - wanted[account]) / max(abs(wanted[account]), 1e-3 * scale, 1e-300)
        verdict.worst_energy = max(verdict.worst_energy, error)
        if account != "amplifiers" and got < 0:
            verdict.wrong.append(f"{name}: energy of {account} is {got:.4g} J")
        elif error > allowed:
            verdict.wrong.append(f"{name}: energy of {account} is {got:.4g} J, the judge says {wanted[account]:.4g} J")
