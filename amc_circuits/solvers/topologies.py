"""Circuits of a pair of arrays in two topologies: paired, or compensated with both inputs of the op-amps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

from amc_circuits.cells.balance import compensating, fitted, row_sums
from amc_circuits.cells.devices import Device, programmed
from amc_circuits.cells.mapping import Mapping
from amc_circuits.cells.system import System
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.solver import Solver
from netlists import Interconnect, ParameterError, Record
from netlists.arrays.array import IDEAL
from netlists.circuits.inv import INVERTER_RESISTANCE
from netlists.record import FloatArray, about

Topology = Annotated[
    Literal["paired", "compensated"],
    about("Circuit of a pair of arrays (compensated: at both inputs of the op-amps, instead of sources of both signs)"),
]


def check_inverters(topology: str, inverter_resistance: float) -> None:
    """Refuse a resistance of inverters that there are not.

    Raises:
        ParameterError: The topology is compensated, and the resistance not the default.
    """
    if topology == "compensated" and inverter_resistance != INVERTER_RESISTANCE:
        mend = "has no effect with topology = compensated, which has no inverters; leave it out"
        raise ParameterError("inverter_resistance", inverter_resistance, mend)


PARTS = {
    "conductance_positive": "p",
    "conductance_negative": "n",
    "balance_inverting": "bm",
    "balance_noninverting": "bp",
}
"""Names of the arrays by the fields of the parameter records, in the order of the circuit."""


class TwoTopologies(Solver):
    """A circuit with a field `topology` in its `Parameters`; a single array has nothing to compensate."""

    @classmethod
    @abstractmethod
    def beside(cls, system: System, wanted: Mapping, parameters: Record) -> float | FloatArray:
        """Return the conductance at all inverting inputs, or at each, besides that of the cells, S."""

    @classmethod
    def _mapped(cls, system: System, hardware: Hardware, parameters: Record) -> tuple[Mapping, ...]:
        """Map the matrix to conductances, and program compensating cells for a pair in the compensated topology."""
        (mapping,) = super()._mapped(system, hardware, parameters)
        if getattr(parameters, "topology", "paired") == "paired" or mapping.negative is None:
            return (mapping,)
        (matrix,) = cls.matrices_of(system, parameters)
        wanted = wanted_cells(matrix, hardware)
        targets = balance_targets(wanted, cls.beside(system, wanted, parameters), hardware, hardware.cells)
        if hardware.conductances is None:
            targets = programmed(hardware.cells, targets, hardware.draws, hardware.temperature, 1)
        return mapping, targets

    def further_targets(self, wanted: Sequence[Mapping], device: Device) -> tuple[Mapping, ...]:
        """Return the targets of the compensating cells."""
        if len(self.mappings) == 1:
            return ()
        beside = self.beside(self.system, wanted[0], self.parameters)
        return (balance_targets(wanted[0], beside, self.hardware, device),)

    def further_cells(self, arrays: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        """Return the compensating cells of ideal arrays: they make the sums equal exactly."""
        if len(self.mappings) == 1:
            return ()
        beside = self.beside(self.system, self.designed_for, self.parameters)
        return ideal_balance(arrays, beside, self.hardware, self.mappings[1].positive.shape[1])

    @cached_property
    def designed_for(self) -> Mapping:
        """Conductances to which the resistors are designed: in the compensated topology the targets of the cells."""
        if len(self.mappings) == 1:
            return self.mapping
        (matrix,) = self.matrices_of(self.system, self.parameters)
        return wanted_cells(matrix, self.hardware)

    def varied_cells(self, arrays: Sequence[FloatArray]) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
        """Return cells of many circuits by the name of the part, and by the field of the record; `varied`."""
        fields = dict(zip(PARTS, arrays, strict=False))
        return {PARTS[name]: stack for name, stack in fields.items()}, fields

    @property
    def balance(self) -> dict[str, Any]:
        """Fields of the parameter record that hold the compensating cells; empty without them."""
        if len(self.mappings) == 1:
            return {}
        return {"balance_inverting": self.mappings[1].positive, "balance_noninverting": self.mappings[1].negative}

    def idle_parameters(self) -> Iterator[tuple[str, str]]:
        """Yield the topology if there is no pair of arrays."""
        if self.mapping.negative is None:
            yield "topology", "a single array has nothing to subtract: both topologies are one circuit"


def wanted_cells(matrix: FloatArray, hardware: Hardware) -> Mapping:
    """Return the conductances to which the compensating cells are designed: the targets, or the given ones."""
    return hardware.wanted(matrix) if hardware.conductances is None else hardware.conductances


def balance_targets(wanted: Mapping, beside: float | FloatArray, hardware: Hardware, device: Device) -> Mapping:
    """Return the targets of compensating cells, with conductances beside the positive array."""
    plus, minus = designed_sums(wanted, hardware, device)
    return balancing((plus + beside, minus), hardware, device)


def ideal_balance(
    arrays: Sequence[FloatArray], beside: float | FloatArray, hardware: Hardware, columns: int
) -> tuple[FloatArray, FloatArray]:
    """Return the compensating cells of an ideal pair of arrays, in this number of columns: equal sums, exactly."""
    plus, minus = (cells.sum(axis=1) for cells in arrays)
    limits = (hardware.cells.g_min, hardware.cells.g_max) if hardware.conductances is None else None
    found = compensating(plus + beside, minus, limits)
    assert found.negative is not None
    return fitted(found.positive, columns), fitted(found.negative, columns)


def designed_sums(wanted: Mapping, hardware: Hardware, device: Device) -> tuple[FloatArray, FloatArray]:
    """Return the row sums that compensating cells are designed for, S: levels of cells, and wires they make up for."""
    if hardware.conductances is not None:
        return row_sums(wanted, None, IDEAL)
    return row_sums(wanted, device, made_up(hardware))


def balancing(loads: tuple[FloatArray, FloatArray], hardware: Hardware, device: Device) -> Mapping:
    """Return the targets of compensating cells for sums at inverting and non-inverting inputs, S."""
    if hardware.conductances is not None:
        return compensating(*loads, None)
    return compensating(*loads, (device.g_min, device.g_max), made_up(hardware))


def made_up(hardware: Hardware) -> Interconnect:
    """Return the wires that the cells make up for: those of the arrays, or ideal ones."""
    return hardware.wires if hardware.compensate_wires else IDEAL
