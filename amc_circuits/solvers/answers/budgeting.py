"""Error budget of an answer: the error of every cause alone, and of all causes together, from the circuit at rest.

No simulation is needed. The error of a cause alone is that of a circuit with this cause and otherwise ideal parts.
Ideal parts are op-amps of infinite gain without offsets, ideal wires, and cells with the conductances that the matrix
needs. Small errors nearly add as vectors, so the error of all causes is at most the sum of the single errors. Large
errors do not add.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from amc_circuits.cells.balance import fitted
from amc_circuits.cells.devices import Device, programmed
from amc_circuits.cells.mapping import Mapping as Conductances
from amc_circuits.linear.static import ALL_EFFECTS, Effects, StaticCircuit
from amc_circuits.results.budget import Budget
from amc_circuits.results.measurement import Metric
from amc_circuits.results.response import Response
from amc_circuits.results.solution import scalar_or_array
from amc_circuits.solvers.programmed import ProgrammedArray
from amc_circuits.solvers.question import Question
from netlists import Array, OpAmps
from netlists.record import FloatArray
from netlists.short_text import short_repr

OF_CELLS = {
    "levels": ("levels",),
    "limit_spread": ("limit_spread",),
    "programming_error": ("programming_error", "programming_error_scale"),
    "stuck_cells": ("stuck_on", "stuck_off"),
    "drift": ("drift_exponent", "drift_spread", "drift_time"),
    "read_noise": ("read_noise",),
    "temperature": ("activation_energy",),
}
"""Causes that change the conductances of cells, each with the fields of `Device` that produce it."""
OF_CIRCUITS = {
    "nonlinearity": Effects(nonlinearity=True),
    "opamp_gain": Effects(gain=True),
    "offset": Effects(offset=True),
    "wires": Effects(wires=True),
}
"""Causes that change the behavior of the circuit while the conductances stay the same."""
NEAREST = 4
"""Samples from which the outputs at the settling time are computed."""


@dataclass(frozen=True)
class Account:
    """Right-hand sides whose error budget is computed.

    Attributes:
        circuit: Programmed circuit that solved them.
        question: Right-hand sides, with their exact answers.
        scales: Scale k of every column, as it was solved, shape (C,), V per unit; 0 for a zero column.
    """

    circuit: ProgrammedArray
    question: Question
    scales: FloatArray

    __repr__ = short_repr

    @property
    def _levels(self) -> FloatArray:
        return self.question.columns * self.scales

    def causes(self) -> dict[str, Metric]:
        """Compute the error at rest from each cause alone, by its name."""
        levels, ideal = self._levels, self._wanted_cells()
        found = {name: self._error(self._rest(cells, Effects(), levels)) for name, cells in self._cells(ideal)}
        for name, effects in OF_CIRCUITS.items():
            if self._has(name):
                # Cells that make up for the wires belong to them.
                made_up = name == "wires" and self.circuit.mapping.compensation is not None
                found[name] = self._error(self._rest(self._asked() if made_up else ideal, effects, levels))
        converters = self.circuit.converters
        if converters.dac_bits is not None:
            found["dac"] = self._error(self._rest(ideal, Effects(), self._from_dacs()))
        if converters.adc_bits is not None:
            found["adc"] = self._error(self._read(self._rest(ideal, Effects(), levels)))
        return found

    def budget(self, causes: Mapping[str, Metric], responses: tuple[Response | None, ...]) -> Budget:
        """Compute all entries of the budget besides those at rest from each cause alone.

        Args:
            causes: Result of `causes`.
            responses: Response of every column; None where nothing was simulated.
        """
        exact = self._rest(self._wanted_cells(), Effects(), self._levels)
        rest = self._rest(self._programmed(), ALL_EFFECTS, self._from_dacs())
        early = self._early(responses)
        every = {**causes, "settling": self._error(exact + early)}
        return Budget(every, self._error(self._read(rest)), self._error(self._read(rest + early)))

    def _has(self, name: str) -> bool:
        circuit = self.circuit.circuit
        if name == "nonlinearity":
            return any(array.nonlinearity_voltage is not None for array in circuit.of(Array))
        if name == "wires":
            return any(array.interconnect.wire_resistance > 0 for array in circuit.of(Array))
        if name == "offset":
            common = any(getattr(record.equivalent, "input_offset", 0.0) != 0 for record in circuit.opamps)
            return common or any(part.offset is not None for part in circuit.of(OpAmps))
        return True

    def _from_dacs(self) -> FloatArray:
        """Input voltages behind the DACs: converted at full scale, then reduced with the scale of the column."""
        full, unit = self.circuit.input_levels(self.question.columns)
        reduced = np.divide(self.scales, unit, out=np.zeros_like(unit), where=unit > 0)
        return self.circuit.converters.inputs(full, self.circuit.full_scale) * reduced

    def _rest(self, cells: list[FloatArray], effects: Effects, levels: FloatArray) -> FloatArray:
        return StaticCircuit(self.circuit.circuit, cells, effects).outputs(levels)

    def _read(self, outputs: FloatArray) -> FloatArray:
        """Output voltages as converted by the ADCs."""
        circuit = self.circuit
        return circuit.converters.outputs(outputs, circuit.output_range)[0]

    def _error(self, outputs: FloatArray) -> Metric:
        """Relative errors that output voltages give in the answers; a right-hand side of zeros is not driven."""
        question, system, driven = self.question, self.circuit.system, self.scales > 0
        found = self.circuit.gain * np.where(driven, outputs, 0.0) / np.where(driven, self.scales, 1.0)
        values = system.values(found, question.vectors.shape[1])
        return scalar_or_array(self.circuit.error(values, question.reference).tolist(), question.single)

    def _early(self, responses: tuple[Response | None, ...]) -> FloatArray:
        """Difference of outputs at the settling time from their final values, shape (N, C), V; nan if not settled."""
        found = np.full(self.question.target.shape, np.nan)
        for k, response in enumerate(responses):
            if response is not None and np.isfinite(response.settling_time):
                weights, first = _between(response.time, response.settling_time)
                found[:, k] = weights @ response.outputs[first : first + len(weights)] - response.outputs[-1]
        return found

    def _programmed(self) -> list[FloatArray]:
        """Conductances of the cells of all arrays, as programmed."""
        return [cells for mapping in self.circuit.mappings for cells in _arrays(mapping)]

    def _matrices(self) -> list[tuple[Conductances, FloatArray]]:
        """Every programmed matrix, with the mapping of its cells."""
        wanted = self.circuit.matrices_of(self.circuit.system, self.circuit.parameters)
        return list(zip(self.circuit.mappings[: len(wanted)], wanted, strict=True))

    def _asked(self) -> list[FloatArray]:
        """Conductances that are to be programmed."""
        asked = [self.circuit.hardware.wanted(matrix) for _, matrix in self._matrices()]
        return self._fitted(
            cells for mapping in self._all(asked, self.circuit.hardware.cells) for cells in _arrays(mapping)
        )

    def _all(self, asked: list[Conductances], device: Device) -> list[Conductances]:
        """Targets of all mappings, from those of the matrices."""
        return [*asked, *self.circuit.further_targets(asked, device)]

    def _fitted(self, arrays: Iterable[FloatArray]) -> list[FloatArray]:
        """Cells in as many columns as the arrays of the circuit have."""
        shapes = [array.conductance.shape for array in self.circuit.circuit.of(Array)]
        return [fitted(cells, shape[1]) for cells, shape in zip(arrays, shapes, strict=True)]

    def _wanted_cells(self) -> list[FloatArray]:
        """Conductances that the matrices need: a pair above its floor, a single array without lifted cells."""
        found: list[FloatArray] = []
        for mapping, matrix in self._matrices():
            wanted = matrix / mapping.alpha * mapping.unit
            if mapping.negative is None:
                found.append(wanted)
                continue
            floor = min(mapping.positive.min(), mapping.negative.min())
            if self.circuit.hardware.conductances is None:
                floor = self.circuit.hardware.cells.g_min
            found += [floor + np.maximum(wanted, 0), floor + np.maximum(-wanted, 0)]
        return [*found, *self.circuit.further_cells(found)]

    def _cells(self, ideal: list[FloatArray]) -> Iterator[tuple[str, list[FloatArray]]]:
        """Yield every cause that changes conductances, with the conductances under this cause alone."""
        hardware = self.circuit.hardware
        if hardware.conductances is not None:
            yield "cells", self._programmed()
            return
        asked, device = [hardware.wanted(matrix) for _, matrix in self._matrices()], hardware.cells
        plain = Device(g_min=device.g_min, g_max=device.g_max)
        plain_cells = self._fitted(cells for mapping in self._all(asked, plain) for cells in _arrays(mapping))
        lifted = [held - wanted for held, wanted in zip(plain_cells, ideal, strict=True)]
        if any(mapping.lifted_cells for mapping in asked):
            yield "lifting", plain_cells
        for name, fields in OF_CELLS.items():
            own = {field: getattr(device, field) for field in fields}
            if all(value == getattr(plain, field) for field, value in own.items()):
                continue
            one = plain.replace(**own)
            held = self._fitted(
                cells
                for place, mapping in enumerate(self._all(asked, one))
                for cells in _arrays(programmed(one, mapping, hardware.draws, hardware.temperature, place))
            )
            if any((a != b).any() for a, b in zip(held, plain_cells, strict=True)):
                yield name, [array - lift for array, lift in zip(held, lifted, strict=True)]


def _arrays(mapping: Conductances) -> list[FloatArray]:
    return [array for array in (mapping.positive, mapping.negative) if array is not None]


def _between(time: FloatArray, at: float) -> tuple[FloatArray, int]:
    """Return weights of the samples nearest to a time, and the place of the first of them.

    A cubic polynomial through four of them; a straight line between two is some percent off where a step of the exact
    engine spans half of a time constant. Equal times, as ngspice may write them, count once.
    """
    place = int(np.searchsorted(time, at))
    first = max(min(place - NEAREST // 2, len(time) - NEAREST), 0)
    near = time[first : first + NEAREST]
    known = np.append(np.diff(near) > 0, True)
    away = np.subtract.outer(near[known], near[known])
    np.fill_diagonal(away, 1.0)
    factors = np.broadcast_to(at - near[known], away.shape).copy()
    np.fill_diagonal(factors, 1.0)
    weights = np.zeros(len(near))
    weights[known] = np.prod(factors / away, axis=1)
    return weights, first
