"""Many circuits that differ in their random draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.cells.draws import Draws
from amc_circuits.solvers.hardware import Hardware
from netlists import Circuit, Record
from netlists.record import FloatArray
from netlists.short_text import short_repr

OFFSETS = (("amp", "offset", "amplifier_offset"), ("inv", "inverter_offset", "inverter_offset"))
"""Rows of op-amps, the effects that draw their offsets, and the fields of the records."""


@dataclass(frozen=True)
class Varied:
    """Many circuits that differ in the conductances of their cells, and in what follows from these.

    Attributes:
        conductances: Conductances that differ, by the name of the part, as `stacked_circuit` takes them, siemens.
        offsets: Offsets of op-amps that differ, by the name of the part, shape (P, row), V.
        gain: Attribute `gain` of each, shape (P,).
        design: Record of one of them.
        fields: Fields of the record that differ, by their names, shape (P, ...).
        circuit_of: The circuit of a record, for circuits whose hash is not that of their record.
    """

    conductances: dict[str, FloatArray]
    offsets: dict[str, FloatArray]
    gain: FloatArray
    design: Record
    fields: dict[str, FloatArray]
    circuit_of: Callable[[Any], Circuit] | None = None

    __repr__ = short_repr

    def part(self, some: slice | NDArray[np.int64]) -> Varied:
        """Some of the circuits."""
        stacks = (self.conductances, self.offsets, self.fields)
        conductances, offsets, fields = ({name: stack[some] for name, stack in of.items()} for of in stacks)
        return Varied(conductances, offsets, self.gain[some], self.design, fields, self.circuit_of)

    @property
    def sha256(self) -> list[str]:
        """Hash of each."""
        if self.circuit_of is None:
            return self.design.sha256_of_many(len(self.gain), self.fields)
        each = zip(*self.fields.values(), strict=True)
        changes = [
            dict(zip(self.fields, [one if one.ndim else float(one) for one in row], strict=True)) for row in each
        ]
        return [self.circuit_of(self.design.replace(**changed)).sha256 for changed in changes]


def varied_offsets(
    design: Record, hardware: Hardware, draws: Sequence[Draws]
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Return drawn offsets of many circuits by the name of the part, and by the field of the record; `varied`."""
    parts, fields = {}, {}
    for part, effect, name in OFFSETS:
        own = getattr(design, name, None)
        if own is not None:
            parts[part] = fields[name] = hardware.offsets_of_many(effect, len(own), draws)
    return parts, fields
