"""Derivatives of a metric with respect to the parts of a circuit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from netlists.errors import check_name
from netlists.record import FloatArray
from netlists.short_text import short_repr

METRICS = {"settling_time": "s", "energy": "J", "relative_error": "", "growth_rate": "1/s"}
"""Metrics with derivatives, and their units."""
FIELDS = {
    "conductance": "S",
    "wire_resistance": "ohm",
    "line_capacitance": "F",
    "siemens": "S",
    "farads": "F",
    "on_resistance": "ohm",
    "off_resistance": "ohm",
    "gbwp": "Hz",
    "open_loop_gain": "V/V",
    "second_pole": "Hz",
    "output_resistance": "ohm",
    "input_capacitance": "F",
    "input_coupling": "F",
    "input_offset": "V",
    "cmrr": "V/V",
    "output_swing": "V",
    "slew_rate": "V/s",
    "supply_voltage": "V",
    "quiescent_current": "A",
    "class_ab_current": "A",
}
"""Fields of parts, and their units."""
PartFields = Mapping[str, Mapping[str, FloatArray]]


@dataclass(frozen=True)
class Contribution:
    """Derivative with respect to one element.

    Attributes:
        part: Name of the part.
        field: Field of the part.
        place: Row and column of a cell, or place of another element, from 0; empty for the wires of an array.
        value: Value of the element.
        derivative: Derivative of the metric, in units of the metric over those of the value.
        share: Relative change of the metric for a relative change of the element, `derivative value / metric`.
    """

    part: str
    field: str
    place: tuple[int, ...]
    value: float
    derivative: float
    share: float


@dataclass(frozen=True)
class Sensitivity:
    """Derivatives of a metric with respect to every element of a circuit, at a fixed input voltage and read-out gain.

    Inputs that are made smaller, because an output would pass 0.8 of its swing, follow the elements and the swing.
    The wires of an array have one derivative by the resistance of all segments and one by the line capacitance; a value
    of 0 has none.

    Attributes:
        metric: Name of the metric.
        value: Its value.
        derivatives: Derivatives by part and field: cells of an array (N, M), its wires (), others (nodes,).
        values: Present values of the same elements.
        of_gain: Derivative with respect to the logarithm of the read-out gain.
        of_level: Derivative with respect to the logarithm of the input voltage.
        notes: Sentences on restrictions of the derivatives.
    """

    metric: str
    value: float
    derivatives: PartFields
    values: PartFields
    of_gain: float = 0.0
    of_level: float = 0.0
    notes: tuple[str, ...] = field(default=())

    __repr__ = short_repr

    @property
    def unit(self) -> str:
        """Unit of the metric; empty without one."""
        return METRICS[self.metric]

    def of(self, part: str, field: str) -> FloatArray:
        """Return the derivatives with respect to a field of a part.

        Raises:
            ParameterError: If there is no such part or field.
        """
        check_name("part", part, self.derivatives)
        check_name("field", field, self.derivatives[part])
        return self.derivatives[part][field]

    def shares(self, part: str, field: str) -> FloatArray:
        """Return relative changes of the metric for relative changes of each element of a field.

        Raises:
            ParameterError: If there is no such part or field.
        """
        return np.asarray(self.of(part, field) * self.values[part][field] / self.value)

    def largest(self, count: int = 10) -> list[Contribution]:
        """Return the elements with the largest shares, the largest first."""
        found = []
        for part, fields in self.derivatives.items():
            for name, derivative in fields.items():
                share, value = self.shares(part, name), self.values[part][name]
                for flat in np.argsort(-np.abs(share), axis=None)[:count].tolist():
                    place = tuple(int(index) for index in np.unravel_index(flat, share.shape))
                    numbers = (float(one.flat[flat]) for one in (value, derivative, share))
                    found.append(Contribution(part, name, place, *numbers))
        return sorted(found, key=lambda one: -abs(one.share))[:count]
