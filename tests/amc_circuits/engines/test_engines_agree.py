"""The two engines, independent from the record on, agree on random designs in the linear region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from amc_circuits.engines import ExactEngine, Job, NgspiceEngine
from amc_circuits.results.observation import observe, saved_vectors
from amc_circuits.results.readings import Reading, read_slot
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.mvm import MvmCircuit
from amc_circuits.solvers.streaming import stream_job
from netlists import Circuit, Conductors, OpAmp, OpAmps, SinglePoleOpAmp, Source, StepTrain, Transient, preset
from tests.comparators import assert_close
from tests.runs import exact_outputs, many_waveforms, readings, waveforms

DESIGNS = 100
BATCH = 50
TOLERANCE = 0.01
WAVEFORM = 2e-4
"""Bound on the difference of waveforms, in units of full scale; ngspice at reltol 1e-5."""
BENT = 1e-4
"""Change of a waveform by amplifiers that are not quite linear, in units of full scale."""
ENERGY = 2e-3


@dataclass(frozen=True)
class Drawn:
    """A programmed circuit and its right-hand sides."""

    circuit: InvCircuit | MvmCircuit
    columns: np.ndarray


def _opamp(rng: np.random.Generator) -> OpAmp:
    name = rng.choice(["single-pole", "cmos-100meg", "cmos-1g", "ad823", "opa690"])
    record = preset(str(name))
    changes: dict[str, float] = {}
    if name != "single-pole":
        # Far limits, not small signals: below the simulator's tolerance of charge its step control is blind.
        changes["slew_rate"] = 100 * record.slew_rate
        changes["output_current_limit"] = 100 * record.output_current_limit
        if rng.random() < 0.5:
            changes["input_offset"] = rng.uniform(-2e-3, 2e-3)
        if rng.random() < 0.4:
            changes["second_pole"] = record.gbwp * rng.uniform(1.5, 5)
        if rng.random() < 0.3:
            changes["output_resistance"] = 10 ** rng.uniform(0, 3)
        if rng.random() < 0.3:
            changes["input_capacitance"] = rng.choice([0, 1e-14, 2e-13])
    if rng.random() < 0.3:
        changes["open_loop_gain"] = 10 ** rng.uniform(2.5, 5)
    return record.replace(**{field: float(value) for field, value in changes.items()})


def _inv_matrix(rng: np.random.Generator, size: int) -> np.ndarray:
    if rng.random() < 0.3:
        factor = rng.random((size, 2 * size))
        return factor @ factor.T / (2 * size) + 0.2 * np.eye(size)
    basis = np.linalg.qr(rng.standard_normal((size, size)))[0]
    matrix = (basis * np.geomspace(1 / rng.uniform(2, 15), 1, size)) @ basis.T
    return matrix + 0.2 * rng.standard_normal((size, size)) / np.sqrt(size) * (rng.random() < 0.3)


def draw(seed: int) -> Drawn:
    """INV (two thirds) or MVM, 2..32 rows, any op-amp, wires, contacts, capacitance, start and edge."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(2, 33)) if rng.random() < 0.15 else int(rng.integers(2, 9))
    options: dict[str, Any] = {
        "opamp": _opamp(rng),
        "wire_resistance": float(rng.choice([0, 0.5, 2.0, 10.0])),
        "line_capacitance": float(rng.choice([0, 2e-16, 2e-15])),
        "contacts": str(rng.choice(["one", "both"])),
        "line_model": str(rng.choice(["reduced", "lumped"])),
        "input_voltage": float(10 ** rng.uniform(-2, -1)),
        "start": str(rng.choice(["rest", "previous"])),
        "rise_time": float(rng.choice([1e-10, 1e-9])),
    }
    if rng.random() < 2 / 3:
        resistance = float(10 ** rng.uniform(3, 4.3))
        circuit: Any = InvCircuit.program(_inv_matrix(rng, size), inverter_resistance=resistance, **options)
        inputs = size
    else:
        inputs = int(rng.integers(2, 9))
        matrix = rng.standard_normal((size, inputs)) if rng.random() < 0.7 else rng.random((size, inputs))
        circuit = MvmCircuit.program(matrix, **options)
    return Drawn(circuit, rng.uniform(-1, 1, (inputs, int(rng.integers(1, 4)))))


def _job(drawn: Drawn) -> Job:
    circuit = drawn.circuit
    job = stream_job(
        circuit.circuit, circuit.linear, circuit.settings, circuit.timing, circuit.input_levels(drawn.columns)[0]
    )
    # As exact as ngspice goes: short steps and its truncation error taken at face value.
    return Job(job.circuit, job.drive, job.analysis.replace(reltol=1e-5, trtol=0.1, max_step=job.analysis.max_step / 8))


def _in_the_linear_region(drawn: Drawn) -> bool:
    if not drawn.circuit.stability.stable:
        return False
    return not any(reading.excess for reading in readings(_job(drawn), TOLERANCE, ExactEngine(BENT)))


@pytest.fixture(scope="module")
def designs() -> list[Drawn]:
    """The first designs, by seed, that are stable and linear."""
    found: list[Drawn] = []
    seed = 0
    while len(found) < DESIGNS:
        drawn = draw(seed)
        seed += 1
        if _in_the_linear_region(drawn):
            found.append(drawn)
    # Most of what is drawn counts: the region is not a corner.
    assert seed < 1.35 * DESIGNS
    return found


@pytest.mark.filterwarnings("ignore::amc_circuits.solvers.inv.SlowInverterWarning")
@pytest.mark.parametrize("batch", range(DESIGNS // BATCH))
def test_engines_agree_on_random_designs(designs, batch):
    """Waveforms within 2e-4 of full scale; settling times between the exact ones for 0.97 and 1.03 of the tolerance."""
    jobs = [_job(drawn) for drawn in designs[batch * BATCH : (batch + 1) * BATCH]]
    for job, waves in zip(jobs, many_waveforms(jobs), strict=True):
        seen = observe(job.circuit, waves, job.drive)
        slots = [read_slot(seen, job.drive, slot, TOLERANCE) for slot in range(job.drive.levels.shape[1])]
        early, middle, late = (readings(job, share * TOLERANCE) for share in (1.03, 1.0, 0.97))
        scale = max(np.abs(reading.final).max() for reading in middle)
        difference = np.abs(exact_outputs(job, waves.time) - seen.outputs).max()
        if difference > WAVEFORM * scale:
            difference = _finer_difference(job)
        assert difference <= WAVEFORM * scale, f"{job.circuit.opamps[0]}, {difference / scale:.1e}"
        for got, first, wanted, last in zip(slots, early, middle, late, strict=True):
            # At the stricter tolerance a slot may just be too short.
            if got.steady and last.steady:
                _check_figures(got, first, wanted, last)


def _finer_difference(job: Job) -> float:
    """The same with a quarter of the step: the simulator's own error shrinks with it, a true difference does not."""
    finer = Job(job.circuit, job.drive, job.analysis.replace(max_step=job.analysis.max_step / 4))
    waves = waveforms(finer)
    seen = observe(job.circuit, waves, job.drive)
    return float(np.abs(exact_outputs(finer, waves.time) - seen.outputs).max())


def _check_figures(got: Reading, first: Reading, wanted: Reading, last: Reading) -> None:
    rounding = 1e-12 + 1e-6 * wanted.settling_time
    assert first.settling_time - rounding <= got.settling_time <= last.settling_time + rounding
    # Energies run to the settling time: with its difference taken out, what is left is the integral's.
    power = (last.energy["array"] - first.energy["array"]) / max(last.settling_time - first.settling_time, 1e-15)
    slack = ENERGY * wanted.energy["array"] + abs(power * (got.settling_time - wanted.settling_time)) * 1.5
    assert abs(got.energy["array"] - wanted.energy["array"]) <= slack


def test_a_circuit_without_an_array_is_read_like_any_other():
    """An inverting stage: both engines rest at minus the input, less 2/A0 of it."""
    opamp = SinglePoleOpAmp(open_loop_gain=1e4, gbwp=100e6)
    parts = (Conductors("a", "in", "v", 1e-4), Conductors("b", "v", "out", 1e-4), OpAmps("amp", "v", "out", opamp))
    circuit = Circuit("stage", {"in": 1, "v": 1, "out": 1}, parts, (Source("in"),), "out")
    drive = StepTrain(levels=np.array([[0.1]]), slot_time=200e-9)
    job = Job(circuit, drive, Transient(stop_time=drive.stop_time, max_step=0.5e-9, saved=saved_vectors(circuit)))
    for engine in (NgspiceEngine(), ExactEngine()):
        (reading,) = engine.read(engine.init(circuit), [job], 0.01)[0]
        assert_close(reading.final, [-0.1 / (1 + 2e-4)], relative=1e-6)
