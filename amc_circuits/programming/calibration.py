"""Response of a cell to identical pulses: measured by trains of them, and fitted.

    up    G <- G + a (1 - G/top)^p            down  G <- G - c ((G - bottom)/(top - bottom))^m

Soft bounds have p = m = 1; general powers are response functions as in arXiv 2502.06309. `bottom` is the smallest
conductance of the filament, `top` is `BEYOND` times the largest one of the trains: a gate voltage limits the current,
so cells creep on towards an end that a train of some pulses does not reach. The factor is a choice.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from amc_circuits.programming.pulse_model import CircuitPulses, Kind, PulseModel, calibrate
from netlists.record import FloatArray, ParameterError, Positive, Record, about
from netlists.rram.one_transistor_cell import LineVoltage, OneTransistorCell

BEYOND = 1.02
GRID = 65
"""Conductances from bottom to top at which single pulses are measured."""
HALVINGS = 60
Values = Annotated[tuple[float, ...], Field(min_length=2, max_length=100_000)]


class PulseSettings(Record):
    """Pulses of a calibration, all of a kind alike."""

    gate: Annotated[LineVoltage, about("Gate voltage of the up pulses (SET)", "V")] = 1.0
    source_line: Annotated[LineVoltage, about("Source line voltage of the down pulses (RESET)", "V")] = 1.18
    pulses: Annotated[int, about("Pulses of each train", ge=4, le=1000)] = 24
    low: Annotated[Positive, about("Conductance from which up pulses start", "S", le=1e-2)] = 5e-6
    high: Annotated[Positive, about("Conductance from which down pulses start", "S", le=1e-2)] = 90e-6

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise ParameterError("low", f"{self.low:g} S", f"must be below high, {self.high:g} S")
        return self


class Train(Record):
    """Conductances before the first pulse and after each, S, and the energies of the pulses, J."""

    kind: Kind
    conductance: Values
    energy: Values

    @property
    def steps(self) -> FloatArray:
        """Change by each pulse, S."""
        return np.diff(np.array(self.conductance))


class FittedResponse(Record):
    """Response with fitted scales and powers.

    Attributes:
        top: Largest conductance, S.
        bottom: Smallest conductance, S.
        up_scale: Step up at G = 0, S.
        up_power: Power p.
        down_scale: Step down at the top, S.
        down_power: Power m.
    """

    top: Positive
    bottom: Positive
    up_scale: Positive
    up_power: Positive
    down_scale: Positive
    down_power: Positive

    def step(self, kind: Kind, conductance: FloatArray | float) -> FloatArray:
        """Change by a pulse, S."""
        g = np.asarray(conductance)
        if kind == "set":
            return np.asarray(self.up_scale * np.maximum(1 - g / self.top, 0) ** self.up_power)
        room = np.maximum(g - self.bottom, 0) / (self.top - self.bottom)
        return np.asarray(-self.down_scale * room**self.down_power)

    def train(self, kind: Kind, start: float, pulses: int) -> FloatArray:
        """Conductances before the first pulse and after each, S."""
        found = [start]
        for _ in range(pulses):
            found.append(float(found[-1] + self.step(kind, found[-1])))
        return np.array(found)

    @property
    def symmetric_point(self) -> float:
        """Conductance at which up and down steps are equal, S, by bisection: one falls and the other grows."""
        low, high = self.bottom, self.top
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            more = float(self.step("set", middle) + self.step("reset", middle))
            low, high = (middle, high) if more > 0 else (low, middle)
        return (low + high) / 2

    @property
    def states(self) -> float:
        """Range over the step at the symmetric point."""
        return (self.top - self.bottom) / float(self.step("set", self.symmetric_point))

    def misfit(self, train: Train) -> float:
        """Root mean square of the error of the steps of a train, relative to its largest step."""
        steps = train.steps
        error = self.step(train.kind, np.array(train.conductance[:-1])) - steps
        return float(np.sqrt(np.mean(error**2)) / np.abs(steps).max())

    def deviation(self, train: Train) -> float:
        """Largest distance of the fitted train from the measured one, relative to the range."""
        found = self.train(train.kind, train.conductance[0], len(train.energy))
        return float(np.abs(found - np.array(train.conductance)).max() / (self.top - self.bottom))


class CalibratedCell(Record):
    """Calibration of a cell: trains, fits, and single pulses over the whole range.

    Attributes:
        cell: Parameters of the cell.
        settings: Pulses.
        source: `ngspice`, or `table` for the pulse table.
        up: Train of up pulses.
        down: Train of down pulses.
        soft_bounds: Response with powers 1, least squares of the steps.
        power_law: Response with free powers, least squares of the trains.
        up_steps: Change by one up pulse, S, at `GRID` conductances from bottom to top.
        down_steps: Change by one down pulse, S, at the same conductances.
    """

    cell: OneTransistorCell
    settings: PulseSettings
    source: Literal["ngspice", "table"]
    up: Train
    down: Train
    soft_bounds: FittedResponse
    power_law: FittedResponse
    up_steps: Values
    down_steps: Values

    @property
    def energies(self) -> tuple[float, float]:
        """Mean energy of an up and of a down pulse of the trains, J."""
        return float(np.mean(self.up.energy)), float(np.mean(self.down.energy))

    @property
    def symmetric_point(self) -> float:
        """Conductance at which the measured up and down steps are equal, S: of the straight lines between them.

        Raises:
            ParameterError: Up pulses move the cell more than down pulses over the whole range, or less.
        """
        grid, both = self.grid, np.array(self.up_steps) + np.array(self.down_steps)
        rising = np.flatnonzero(both > 0)
        if not rising.size or rising[-1] == len(both) - 1:
            mend = f"{'up' if rising.size else 'down'} pulses are larger than the others everywhere; change one voltage"
            raise ParameterError("source_line", f"{self.settings.source_line:g} V", mend)
        last = int(rising[-1])
        return float(np.interp(0, -both[last : last + 2], grid[last : last + 2]))

    @property
    def step(self) -> float:
        """Measured step at the symmetric point, S."""
        return float(np.interp(self.symmetric_point, self.grid, self.up_steps))

    @property
    def grid(self) -> FloatArray:
        """Conductances of the single pulses, S."""
        return np.linspace(self.power_law.bottom, self.power_law.top, len(self.up_steps))

    @property
    def states(self) -> float:
        """Range over the measured step at the symmetric point."""
        return (self.power_law.top - self.power_law.bottom) / self.step


def measured_train(model: PulseModel, kind: Kind, start: float, level: float, pulses: int) -> Train:
    """Apply identical pulses one after the other.

    Args:
        model: Model of the outcome of pulses.
        kind: `set` for up, `reset` for down.
        start: Conductance before the first pulse, S.
        level: Gate voltage of a SET, or source line voltage of a RESET, V.
        pulses: Number of pulses.

    Raises:
        SimulationError: The simulator failed; deck and log are kept.
    """
    filament = model.cell.filament
    gap, levels = np.array([float(filament.gap_of(start))]), np.array([level])
    conductance, energy = [float(filament.conductance(gap)[0])], []
    for _ in range(pulses):
        gap, joules = model.pulse(kind, gap, levels)
        conductance.append(float(filament.conductance(gap)[0]))
        energy.append(float(joules[0]))
    return Train(kind=kind, conductance=tuple(conductance), energy=tuple(energy))


def calibrate_cell(
    cell: OneTransistorCell, settings: PulseSettings, source: Literal["ngspice", "table"] = "ngspice"
) -> CalibratedCell:
    """Measure trains of identical pulses and single pulses over the range, and fit responses.

    Args:
        cell: Parameters of the cell.
        settings: Pulses.
        source: `ngspice` for simulated pulses, `table` for the pulse table of write-verify.

    Raises:
        ParameterError: A conductance is beyond the cell's range, or its pulses do not move it both ways.
        SimulationError: The simulator failed; deck and log are kept.
    """
    limits = cell.filament.conductance_range
    for name in ("low", "high"):
        value = getattr(settings, name)
        if not limits[0] <= value <= limits[1]:
            mend = f"a cell of these parameters has {limits[0]:.3g} to {limits[1]:.3g} S; choose a value between them"
            raise ParameterError(name, f"{value:g} S", mend)
    model: PulseModel = CircuitPulses(cell) if source == "ngspice" else calibrate(cell, settings.gate)
    up = measured_train(model, "set", settings.low, settings.gate, settings.pulses)
    down = measured_train(model, "reset", settings.high, settings.source_line, settings.pulses)
    _check_moving(up, down, settings)
    top = BEYOND * up.conductance[-1]
    soft, power = fit_responses(up, down, top, limits[0])
    grid = np.linspace(limits[0], top, GRID)
    steps = [_single(model, kind, grid, level) for kind, level in _levels(settings)]
    return CalibratedCell(
        cell=cell, settings=settings, source=source, up=up, down=down, soft_bounds=soft, power_law=power,
        up_steps=tuple(steps[0].tolist()), down_steps=tuple(steps[1].tolist()),
    )  # fmt: skip


def _levels(settings: PulseSettings) -> tuple[tuple[Kind, float], tuple[Kind, float]]:
    return ("set", settings.gate), ("reset", settings.source_line)


def _single(model: PulseModel, kind: Kind, grid: FloatArray, level: float) -> FloatArray:
    """Change of the conductance by one pulse, S."""
    filament = model.cell.filament
    after, _ = model.pulse(kind, filament.gap_of(grid), np.full(len(grid), level))
    return filament.conductance(after) - grid


def _check_moving(up: Train, down: Train, settings: PulseSettings) -> None:
    """Refuse pulses that do not move the cell towards each other's start: nothing can be fitted."""
    if up.conductance[-1] <= 2 * settings.low:
        mend = f"{settings.pulses} up pulses end below twice low, {settings.low:g} S; raise it, or lower low"
        raise ParameterError("gate", f"{settings.gate:g} V", mend)
    if down.conductance[-1] >= settings.high / 2:
        mend = (
            f"{settings.pulses} down pulses end above half of high, {settings.high:g} S; raise it, or take more pulses"
        )
        raise ParameterError("source_line", f"{settings.source_line:g} V", mend)
    if up.conductance[-1] <= down.conductance[-1]:
        raise ParameterError(
            "gate", f"{settings.gate:g} V", "up and down pulses have no conductance in common; raise it"
        )


def fit_responses(up: Train, down: Train, top: float, bottom: float) -> tuple[FittedResponse, FittedResponse]:
    """Fit soft bounds to the steps by linear least squares, and a power law to the trains."""
    from scipy.optimize import least_squares  # imported here for speed

    rooms = (
        1 - np.array(up.conductance[:-1]) / top,
        (np.array(down.conductance[:-1]) - bottom) / (top - bottom),
    )
    scales = [float(np.abs(train.steps) @ room / (room @ room)) for train, room in zip((up, down), rooms, strict=True)]
    soft = FittedResponse(top=top, bottom=bottom, up_scale=scales[0], up_power=1, down_scale=scales[1], down_power=1)
    found = {}
    for name, train in (("up", up), ("down", down)):

        def error(logs: FloatArray, name: str = name, train: Train = train) -> FloatArray:
            scale, power = np.exp(np.clip(logs, -50, 5)).tolist()
            response = soft.replace(**{f"{name}_scale": scale, f"{name}_power": power})
            return (response.train(train.kind, train.conductance[0], len(train.energy)) - train.conductance) / top

        logs = least_squares(error, np.log([getattr(soft, f"{name}_scale"), 1.0])).x
        found[f"{name}_scale"], found[f"{name}_power"] = np.exp(np.clip(logs, -50, 5)).tolist()
    return soft, soft.replace(**found)
