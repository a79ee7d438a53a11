"""A programmed array: all that does not depend on the right-hand side is done once, here."""

from __future__ import annotations

import hashlib
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from amc_circuits.converters import Converters
from amc_circuits.engines import ENGINES, Engine, Job, check_design, check_engine
from amc_circuits.hardware import Hardware
from amc_circuits.linear_circuit import LinearCircuit, linear_circuit
from amc_circuits.mapping import Mapping
from amc_circuits.measurement import bits, relative_error
from amc_circuits.readings import Reading
from amc_circuits.settings import Settings
from amc_circuits.solution import Attempt, Energy, Provenance, Response, Solution, Status, scalar_or_array
from amc_circuits.stability import Stability, stability
from amc_circuits.streaming import HEADROOM, Stream, Timing, stream_job, timing
from netlists import InvDesign, MvmDesign
from netlists.record import FloatArray


def parts_and_settings(fields: dict[str, Any]) -> tuple[Hardware, Settings]:
    """Two records of what was given by name.

    Raises:
        ParameterError: A value cannot be used, or neither record has a field of that name.
    """
    parts = {name: value for name, value in fields.items() if name in Hardware.model_fields}
    return Hardware(**parts), Settings(**{name: value for name, value in fields.items() if name not in parts})


@cache
def package_version() -> str:
    """Version of the installed package; `unknown` when it runs from a plain folder."""
    try:
        return version("amc")
    except PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True)
class ProgrammedCircuit(ABC):
    """What INV and MVM share once the array is programmed.

    Attributes:
        matrix: A as wanted, shape (N, M).
        mapping: A as conductances.
        design: What the circuit is.
        settings: How it is driven and measured.
        engine: What simulates it.
        converters: What its inputs come from and its outputs go to.
    """

    matrix: FloatArray
    mapping: Mapping
    design: InvDesign | MvmDesign
    settings: Settings
    engine: str
    converters: Converters = field(default_factory=Converters)

    @classmethod
    def _programmed(
        cls,
        matrix: FloatArray,
        mapping: Mapping,
        design: InvDesign | MvmDesign,
        engine: str,
        settings: Settings,
        converters: Converters | None,
    ) -> Self:
        check_design(check_engine(engine), design)
        made = converters or Converters()
        made.output_range(design, settings.input_voltage)
        return cls(matrix, mapping, design, settings, engine, made)

    @cached_property
    def linear(self) -> LinearCircuit:
        """The linear circuit around rest."""
        return linear_circuit(self.design)

    @cached_property
    def stability(self) -> Stability:
        """All poles of the linear circuit."""
        return stability(self.linear, self.design, self.mapping)

    @property
    def full_scale(self) -> float:
        """Input full scale, V."""
        return self.settings.input_voltage

    @cached_property
    def simulator(self) -> Engine:
        """The engine, made at first use."""
        return ENGINES[self.engine](self.settings)

    @cached_property
    def timing(self) -> Timing:
        """What each right-hand side is given, from the poles."""
        return timing(self.stability, self.design.opamp, self.settings.tolerance, self.settings.rise_time)

    def job(self, columns: FloatArray) -> Job:
        """The transient that streams some right-hand sides (inputs, K), as data; runs nothing.

        Without a run there is no measured peak: unless the scale is fixed, a column for which the linear circuit
        predicts more than 0.8 of the swing is scaled down to that.
        """
        levels = self.input_levels(columns)[0]
        if not self.settings.fixed_scale:
            peaks = np.abs(self.linear.steady_stages(levels)).max(axis=0)
            levels = levels * np.minimum(1.0, HEADROOM * self.design.opamp.swing / np.maximum(peaks, 1e-300))
        return stream_job(self.design, self.linear, self.settings, self.timing, levels)

    def input_levels(self, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Input voltages with every column at the input full scale, and k.

        Args:
            columns: Right-hand sides, shape (inputs, K).

        Returns:
            Volts, shape (inputs, K), and k, volts per unit, shape (K,); k = 0 for a zero column.
        """
        largest = np.abs(columns).max(axis=0)
        scale = np.divide(self.settings.input_voltage, largest, out=np.zeros_like(largest), where=largest > 0)
        return columns * scale, scale

    @property
    @abstractmethod
    def gain(self) -> float:
        """Output volts to units of the value for an input of 1 V per unit: value = gain * outputs / k."""

    def _steady(self, columns: FloatArray, single: bool) -> FloatArray:
        """What the linear circuit settles to for columns (inputs, K)."""
        levels, scale = self.input_levels(columns)
        outputs = self.linear.steady(self.linear.outputs, levels)
        value = self.gain * outputs / np.where(scale > 0, scale, np.inf)
        return value[:, 0] if single else value

    def _answer(self, columns: FloatArray, reference: FloatArray, single: bool) -> Solution:
        """Streams columns (inputs, K) and puts the answer together."""
        began = time.perf_counter()
        levels, scale = self.input_levels(columns)
        levels = self.converters.inputs(levels, self.full_scale)
        driven = np.flatnonzero(scale > 0)
        readings: dict[int, Reading] = {}
        decks = ""
        if driven.size and (self.stability.stable or self.settings.force):
            stream = Stream(self.design, self.linear, self.stability.stable, self.timing, self.settings, self.simulator)
            readings = dict(zip(driven.tolist(), stream.solve(levels[:, driven]), strict=True))
            decks = hashlib.sha256(" ".join(stream.decks).encode()).hexdigest() if stream.decks else ""
        collected = _Collected(self, readings, columns, scale, reference)
        return collected.solution(single, decks, time.perf_counter() - began)

    def provenance(self, decks: str) -> Provenance:
        """What made a result with these decks (their hash; empty when nothing was simulated)."""
        simulated = bool(decks)
        return Provenance(
            engine=self.engine,
            ngspice_version=self.simulator.version if simulated else "",
            klu=self.simulator.klu if simulated else False,
            design_sha256=self.design.sha256,
            deck_sha256=decks,
            package_version=package_version(),
        )


@dataclass(frozen=True)
class _Collected:
    """Readings of the driven columns, and what is needed to make a `Solution` of them."""

    circuit: ProgrammedCircuit
    readings: dict[int, Reading]
    columns: FloatArray
    scale: FloatArray
    reference: FloatArray

    def _each(self, of_reading: Any, at_rest: float = np.nan) -> list[float]:
        """A figure of every column: from its reading, or what it is for a zero right-hand side."""
        count = len(self.scale)
        return [of_reading(self.readings[k]) if k in self.readings else at_rest for k in range(count)]

    @cached_property
    def _outputs(self) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Output voltages as they are read, nan where nothing was, and whether a column passed the ADCs' range."""
        finals = np.full(self.reference.shape, np.nan)
        for k, reading in self.readings.items():
            finals[:, k] = reading.final
        circuit = self.circuit
        return circuit.converters.outputs(finals, circuit.converters.output_range(circuit.design, circuit.full_scale))

    def _values(self) -> FloatArray:
        values = np.full(self.reference.shape, np.nan)
        for k in range(len(self.scale)):
            if k in self.readings:
                unit = self.scale[k] * self.readings[k].attempt.scale
                values[:, k] = self.circuit.gain * self._outputs[0][:, k] / unit
            elif self.scale[k] == 0:
                values[:, k] = 0
        return values

    def _status(self, column: int) -> Status:
        if self.scale[column] == 0:
            return Status.SETTLED
        if not self.circuit.stability.stable:
            return Status.UNSTABLE
        reading = self.readings[column]
        if reading.excess:
            return Status.NONLINEAR
        if reading.saturated:
            return Status.SATURATED
        if not reading.steady:
            return Status.NOT_SETTLED
        return Status.CLIPPED if self._outputs[1][column] else Status.SETTLED

    def _energy(self, single: bool) -> Energy:
        array = self._each(lambda reading: reading.energy[1])
        inputs = self._each(lambda reading: reading.energy[2])
        parts = scalar_or_array(array, single), scalar_or_array(inputs, single)
        if any(reading.energy[0] is None for reading in self.readings.values()) or not self.readings:
            return Energy(None, None, *parts)
        amplifiers = scalar_or_array(self._each(lambda reading: reading.energy[0]), single)
        return Energy(amplifiers + parts[0] + parts[1], amplifiers, *parts)

    def _residual(self, values: FloatArray) -> list[float]:
        if isinstance(self.circuit.design, MvmDesign):
            return [np.nan] * len(self.scale)
        found: list[float] = relative_error(self.circuit.matrix @ values, self.columns).tolist()
        return found

    def _attempts(self, column: int) -> tuple[Attempt, ...]:
        if column not in self.readings:
            return ()
        unit = float(self.scale[column])
        return tuple(replace(a, scale=a.scale * unit) for a in self.readings[column].attempts)

    def _response(self, column: int) -> Response | None:
        """The waveform of a column, with what the wanted system asks for on its scale."""
        if column not in self.readings:
            return None
        reading = self.readings[column]
        target = self.reference[:, column] * (self.scale[column] * reading.attempt.scale / self.circuit.gain)
        return replace(reading.response, target=target, terminal_voltage=reading.terminal_voltage)

    def solution(self, single: bool, decks: str, wall_time: float) -> Solution:
        """Everything as one record."""
        count = len(self.scale)
        values = self._values()
        statuses = tuple(self._status(k) for k in range(count))
        errors = relative_error(values, self.reference)
        worst = max(statuses)
        message = self.circuit.stability.cause if worst is Status.UNSTABLE else worst.advice
        if worst is Status.NONLINEAR:
            message = f"{next(reading.excess for reading in self.readings.values() if reading.excess)}; {message}"
        differences = [r.difference for r in self.readings.values() if not np.isnan(r.difference)]
        return Solution(
            value=values[:, 0] if single else values,
            status=worst,
            statuses=statuses,
            message=message,
            settling_time=scalar_or_array(self._each(lambda reading: reading.settling_time), single),
            predicted_settling_time=self.circuit.stability.settling_time(self.circuit.settings.tolerance),
            overshoot=scalar_or_array(self._each(lambda reading: reading.overshoot), single),
            peak_output_current=scalar_or_array(self._each(lambda reading: reading.peak_output_current), single),
            energy=self._energy(single),
            relative_error=scalar_or_array(errors.tolist(), single),
            residual=scalar_or_array(self._residual(values), single),
            bits=scalar_or_array(bits(errors).tolist(), single),
            attempts=tuple(self._attempts(k) for k in range(count)),
            responses=tuple(self._response(k) for k in range(count)),
            engines=tuple(self.readings[k].engine if k in self.readings else "" for k in range(count)),
            cross_checked=len(differences),
            largest_difference=max(differences, default=np.nan),
            stability=self.circuit.stability,
            provenance=self.circuit.provenance(decks),
            wall_time=wall_time,
        )
