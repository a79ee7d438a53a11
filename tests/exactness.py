"""Random designs of macro op-amps, linear, slewing and clamped: the exact engine against ngspice in tight steps."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from amc_circuits import InvCircuit, MvmCircuit, RecoverCircuit
from amc_circuits.engines import ExactEngine, Job, NgspiceEngine
from amc_circuits.engines.exact.linear_range import CLOSED_FORM
from amc_circuits.engines.exact.reading import read_slots
from amc_circuits.engines.exact.slots import starts_from_rest
from amc_circuits.results.observation import observe
from amc_circuits.results.readings import Reading, read_slot
from netlists import OpAmp, SinglePoleOpAmp, preset

TOLERANCE = 0.01
PRESETS = ("cmos-100meg", "cmos-1g", "ad823", "opa690")
WAVEFORM, CLAMPED = 5e-5, 2e-4
"""Bounds on the difference of waveforms, in units of full scale; the second where an op-amp is at its clamp."""
NEAR_CLAMP = 0.05
"""Volts below the swing from which a clamp counts: its current is e^-5 of the slew rate there."""
JUMPS = 1.05
"""Ratio of the settling times at 0.97 and 1.03 of the tolerance, above which a crest is near the edge of its band."""
MOST_STEPS = 4000
"""Most usual time steps of a design that is compared: near its stability limit a circuit rings for very long."""
STEPS = (16, 64, 256)
"""Parts of ngspice's usual time step: the next where waveforms differ by more, as its own error shrinks with it."""


@dataclass(frozen=True)
class Drawn:
    """A programmed circuit and its right-hand sides."""

    circuit: InvCircuit | MvmCircuit | RecoverCircuit
    columns: np.ndarray

    @property
    def job(self) -> Job:
        """The transient of all right-hand sides."""
        return self.circuit.job(self.circuit.question(self.columns).columns)


@dataclass
class Differences:
    """Differences of right-hand sides, exact engine less ngspice.

    Attributes:
        waveform: Largest difference of an output, in units of full scale; where no clamp draws a current.
        clamped: The same where one does.
        settling: Relative difference of the settling time.
        grazing: The same where a crest is near the edge of its band, so that the time jumps on a small change.
        energy: Largest relative difference of an account, beside the total.
        integrated: Number of right-hand sides beyond the linear range.
        worst: Seed and op-amp of the largest difference of waveforms, of all kinds.
    """

    waveform: list[float] = field(default_factory=list)
    clamped: list[float] = field(default_factory=list)
    settling: list[float] = field(default_factory=list)
    grazing: list[float] = field(default_factory=list)
    energy: list[float] = field(default_factory=list)
    integrated: int = 0
    worst: dict[str, tuple[float, str]] = field(default_factory=dict)

    def enter(self, name: str, value: float, design: str) -> None:
        """Add a difference."""
        getattr(self, name).append(value)
        if value > self.worst.get(name, (-1.0, ""))[0]:
            self.worst[name] = (value, design)


def draw_opamp(rng: np.random.Generator) -> OpAmp:
    """A preset, or one with a second pole, another output stage, offset, input capacitance or gain."""
    record: Any = preset(str(rng.choice(PRESETS)))
    changes: dict[str, float] = {}
    if rng.random() < 0.3:
        changes["second_pole"] = record.gbwp * rng.uniform(1.5, 5)
    if rng.random() < 0.3:
        changes["output_resistance"] = 10 ** rng.uniform(0.5, 3)
    if rng.random() < 0.3:
        changes["output_current_limit"] = record.output_current_limit * 10 ** rng.uniform(-1.3, 0)
    if rng.random() < 0.3:
        changes["input_offset"] = rng.uniform(-2e-3, 2e-3)
    if rng.random() < 0.3:
        changes["input_capacitance"] = float(rng.choice([0, 1e-14, 2e-13]))
    if rng.random() < 0.3:
        changes["open_loop_gain"] = 10 ** rng.uniform(2.5, 5)
    if rng.random() < 0.3:
        changes["slew_rate"] = record.slew_rate * 10 ** rng.uniform(-0.7, 0.5)
    if rng.random() < 0.3:
        changes["output_swing"] = record.output_swing * 10 ** rng.uniform(-1, 0)
    return record.replace(**{name: float(value) for name, value in changes.items()})


def draw(seed: int, largest: int) -> Drawn | None:
    """INV (two thirds) or MVM at 0.01 to 1 V; None if it is unstable."""
    rng = np.random.default_rng([seed, 5])
    size, start = int(rng.integers(1, largest + 1)), str(rng.choice(["rest", "rest", "previous"]))
    # Alone, as a return in a stream leaves a residue that ngspice has and the exact engine has not.
    count = 1 if start == "rest" else 3
    options: dict[str, Any] = {
        "opamp": draw_opamp(rng),
        "wire_resistance": float(rng.choice([0, 0, 1.0, 5.0])),
        "line_capacitance": float(rng.choice([0, 2e-16, 2e-15])),
        "offset_spread": float(rng.choice([0, 0, 1e-3])),
        "input_voltage": float(10 ** rng.uniform(-2, 0)),
        "fixed_scale": True,
        "start": start,
        "rise_time": float(rng.choice([1e-10, 1e-9])),
        "seed": seed,
        "engine": "exact",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if rng.random() < 2 / 3:
            basis = np.linalg.qr(rng.standard_normal((size, size)))[0]
            matrix = (basis * np.geomspace(1 / rng.uniform(1.5, 12), 1, size)) @ basis.T
            resistance = float(10 ** rng.uniform(3, 4.3))
            circuit: Any = InvCircuit.program(matrix, inverter_resistance=resistance, **options)
            inputs = size
        else:
            inputs = int(rng.integers(1, largest + 1))
            circuit = MvmCircuit.program(rng.standard_normal((size, inputs)), **options)
    return Drawn(circuit, rng.uniform(-1, 1, (inputs, count))) if circuit.stability.stable else None


def draw_sparse(seed: int, largest: int) -> Drawn | None:
    """A recovery circuit whose dead zones open and close; None if it is unstable beyond all of them.

    At 0.1 V and more, as ngspice's tolerances hold to a microvolt.
    """
    rng = np.random.default_rng([seed, 7])
    rows, columns = (int(rng.integers(2, largest + 1)) for _ in range(2))
    count, start = (1, "rest") if rng.random() < 0.7 else (2, "previous")
    gain = float(10 ** rng.uniform(3, 5))
    opamp: OpAmp = draw_opamp(rng) if rng.random() < 0.5 else SinglePoleOpAmp(open_loop_gain=gain, gbwp=100e6)
    options: dict[str, Any] = {
        "opamp": opamp,
        "weight": float(10 ** rng.uniform(-1.5, -0.5)),
        "dead_zone": float(rng.uniform(0.05, 0.3)) * min(opamp.swing, 1.0),
        "input_voltage": float(rng.uniform(0.1, 0.3)),
        "wire_resistance": float(rng.choice([0, 0, 3.0])),
        "line_capacitance": float(rng.choice([0, 2e-16, 2e-15])),
        "offset_spread": float(rng.choice([0, 1e-3])),
        "start": start,
        "seed": seed,
        "engine": "exact",
    }
    circuit = RecoverCircuit.program(rng.standard_normal((rows, columns)), **options)
    columns_of_y = rng.standard_normal((rows, count))
    return Drawn(circuit, columns_of_y) if circuit.stability.stable else None


def compare(seed: int, found: Differences, largest: int = 5, sparse: bool = False) -> None:
    """Read a drawn design by both engines and enter the differences; `sparse`: a recovery circuit."""
    drawn = (draw_sparse if sparse else draw)(seed, largest)
    if drawn is None:
        return
    job, engine = drawn.job, ExactEngine()
    if job.analysis.stop_time > MOST_STEPS * job.analysis.max_step:
        return
    state = engine.init(job.circuit)
    got = engine.read(state, [job], TOLERANCE)[0]
    if sparse:
        found.integrated += len(got)
    else:
        linear = read_slots(state, job.drive, starts_from_rest(job.drive), TOLERANCE, np.inf)
        found.integrated += sum(not reading.loss <= CLOSED_FORM for reading in linear)
    clamped = [_clamped(drawn, reading) for reading in got]
    for parts in STEPS:
        waves = _tight(job, parts)
        seen = observe(job.circuit, waves, job.drive)
        away = _waveforms(engine.outputs(state, job, waves.time), seen.outputs, waves.time, job)
        if all(one <= (CLAMPED if held else WAVEFORM) for one, held in zip(away, clamped, strict=True)):
            break
    name = f"seed {seed}, {type(drawn.circuit).__name__}"
    for slot, reading in enumerate(got):
        found.enter("clamped" if clamped[slot] else "waveform", away[slot], name)
        _enter_metrics(found, reading, read_slot(seen, job.drive, slot, TOLERANCE), name)


def _tight(job: Job, parts: int) -> Any:
    engine = NgspiceEngine()
    return engine.run(engine.init(job.circuit), [job.finer(parts, 1.0, 1e-6)])[0]


def _clamped(drawn: Drawn, reading: Reading) -> bool:
    return bool(reading.attempt.peak_output > drawn.circuit.circuit.opamps[0].swing - NEAR_CLAMP)


def _waveforms(got: np.ndarray, wanted: np.ndarray, time: np.ndarray, job: Job) -> list[float]:
    """Largest difference in every slot, in units of its largest output."""
    found = []
    for slot in range(job.drive.levels.shape[1]):
        begin = slot * job.drive.period
        inside = (time >= begin) & (time <= begin + job.drive.slot_time)
        found.append(float(np.abs(got[inside] - wanted[inside]).max() / np.abs(wanted[inside]).max()))
    return found


def _enter_metrics(found: Differences, got: Reading, wanted: Reading, name: str) -> None:
    if not (got.steady and wanted.steady and wanted.settling_time > 0):
        return
    early, late = got.settling_range
    jumps = late > JUMPS * early
    found.enter("grazing" if jumps else "settling", abs(got.settling_time / wanted.settling_time - 1), name)
    if jumps:
        return
    total = sum(abs(value) for value in wanted.energy.values() if value is not None)
    errors = []
    for account, value in wanted.energy.items():
        mine = got.energy[account]
        assert (mine is None) == (value is None)
        if value is not None and mine is not None:
            errors.append(abs(mine - value) / max(abs(value), 1e-2 * total))
    found.enter("energy", max(errors), name)
