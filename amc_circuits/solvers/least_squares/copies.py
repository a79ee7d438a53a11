"""Circuits that hold a matrix X and, programmed by itself, its transpose, with compensating cells at both."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from amc_circuits.cells.balance import compensating, fitted
from amc_circuits.cells.devices import Device, programmed
from amc_circuits.cells.mapping import Mapping
from amc_circuits.cells.system import System
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.solver import Solver
from amc_circuits.solvers.topologies import balancing, designed_sums
from netlists import Record
from netlists.record import FloatArray
from netlists.short_text import short_repr

Sums = tuple[FloatArray, FloatArray]
"""Sums of conductances for each row of op-amps, S: of positive and of negative cells, or at both inputs."""


def _pair_sums(arrays: Sequence[FloatArray]) -> Sums:
    """Return the row sums of a positive and, if there is one, a negative array, S."""
    sums = [cells.sum(axis=1) for cells in arrays]
    return sums[0], sums[1] if len(sums) == 2 else np.zeros_like(sums[0])


@dataclass(frozen=True)
class CopiesPlan:
    """Design of a circuit before its cells are programmed.

    Attributes:
        wanted: Conductances that the cells of X and X^T should hold.
        hardware: Parts.
        parameters: Parameters of the circuit.
    """

    wanted: tuple[Mapping, ...]
    hardware: Hardware
    parameters: Any

    __repr__ = short_repr

    @property
    def unit(self) -> float:
        """Conductance of the largest entry, S."""
        return self.wanted[0].unit

    @property
    def signed(self) -> bool:
        """True for pairs of arrays."""
        return self.wanted[0].negative is not None

    @abstractmethod
    def loads(self, rows: Sums, columns: Sums) -> list[Sums]:
        """Return the sums at inverting and non-inverting inputs of the op-amps with compensating cells, S.

        Args:
            rows: Sums of positive and negative cells of the rows of X.
            columns: The same of X^T.
        """

    def sums(self, device: Device) -> tuple[Sums, Sums]:
        """Return the row sums of X and of X^T that compensating cells are designed for."""
        rows, columns = (designed_sums(mapping, self.hardware, device) for mapping in self.wanted)
        return rows, columns

    def targets(self, device: Device) -> tuple[Mapping, ...]:
        """Return the targets of the compensating cells: of the rows, then of the columns, those that there are."""
        return tuple(balancing(loads, self.hardware, device) for loads in self.loads(*self.sums(device)))


def fields_of(mappings: Sequence[Mapping]) -> dict[str, Any]:
    """Return fields of a parameter record: cells of X and X^T, and the compensating cells, those that there are."""
    first, second, *balance = mappings
    found = {
        "conductance": first.positive,
        "conductance_transposed": second.positive,
        "conductance_negative": first.negative,
        "conductance_transposed_negative": second.negative,
    }
    for name, cells in zip(("rows", "columns")[2 - len(balance) :], balance, strict=True):
        found |= {f"balance_{name}_inverting": cells.positive, f"balance_{name}_noninverting": cells.negative}
    return found


class TwoCopies(Solver):
    """A circuit of a matrix and its transpose, with compensating cells by a plan."""

    square = False

    @classmethod
    @abstractmethod
    def planned(cls, system: System, hardware: Hardware, parameters: Record) -> CopiesPlan:
        """Return the design of the circuit."""

    @property
    @abstractmethod
    def plan(self) -> Any:
        """Design of this circuit."""

    @classmethod
    def matrices(cls, programmed: FloatArray) -> tuple[FloatArray, ...]:
        """Return X and its transpose, each programmed separately."""
        return programmed, programmed.T

    @classmethod
    def wanted_cells(cls, system: System, hardware: Hardware) -> tuple[Mapping, ...]:
        """Return the conductances that the cells of both copies should hold."""
        return tuple(map(hardware.wanted, cls.matrices(system.programmed)))

    @classmethod
    def _mapped(cls, system: System, hardware: Hardware, parameters: Record) -> tuple[Mapping, ...]:
        """Map both copies to conductances, and program the compensating cells."""
        mappings = super()._mapped(system, hardware, parameters)
        targets = cls.planned(system, hardware, parameters).targets(hardware.cells)
        return *mappings, *(
            programmed(hardware.cells, target, hardware.draws, hardware.temperature, place)
            for place, target in enumerate(targets, len(mappings))
        )

    def further_targets(self, wanted: Sequence[Mapping], device: Device) -> tuple[Mapping, ...]:
        """Return the targets of the compensating cells."""
        found: tuple[Mapping, ...] = replace(self.plan, wanted=tuple(wanted)).targets(device)
        return found

    def further_cells(self, arrays: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        """Return the compensating cells of ideal arrays: they make the sums equal exactly."""
        half = len(arrays) // 2
        loads = self.plan.loads(_pair_sums(arrays[:half]), _pair_sums(arrays[half:]))
        cells = self.hardware.cells
        limits = (cells.g_min, cells.g_max) if self.hardware.conductances is None else None
        found = [compensating(inverting, plus, limits) for inverting, plus in loads]
        shapes = [mapping.positive.shape[1] for mapping in self.mappings[2:]]
        return tuple(
            fitted(cells, width)
            for mapping, width in zip(found, shapes, strict=True)
            for cells in (mapping.positive, mapping.negative)
            if cells is not None
        )

    @property
    def gain(self) -> float:
        """Factor from output volts to units of x for an input of 1 V per unit: x = gain * outputs / k."""
        return 1 / self.mapping.alpha
