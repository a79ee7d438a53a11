"""Metrics of a design and their derivatives with respect to free options, by the chain rule.

A metric depends on an option through the elements of the circuit, the read-out gain and the input voltages. How these
depend on the option is found by two further circuits that are built, not solved: their elements are smooth functions of
it, and the central difference of a step of 1e-5 is right to ten digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from amc_circuits.cases.case import Case
from amc_circuits.solvers.sensitivities.differentiation import Differentiation
from amc_circuits.solvers.sensitivities.record import Sensitivity
from amc_circuits.solvers.sensitivities.values import values_of
from netlists import ParameterError
from netlists.record import FloatArray
from netlists.short_text import short_repr

STEP = 1e-5
"""Relative step of an option."""

Cases = Callable[[Sequence[float]], Case]
"""Case for values of the free options."""


@dataclass(frozen=True)
class DesignPoint:
    """A design: values of the free options, with the case that they give.

    Attributes:
        cases: Function that builds the case for other values.
        values: Values of the free options.
        case: Case of these values.
    """

    cases: Cases
    values: tuple[float, ...]
    case: Case

    __repr__ = short_repr

    @classmethod
    def of(cls, cases: Cases, values: Sequence[float]) -> DesignPoint:
        """Build the case of some values.

        Raises:
            ParameterError: The values give no circuit.
        """
        given = tuple(float(value) for value in values)
        return cls(cases, given, cases(given))

    @cached_property
    def differentiation(self) -> Differentiation:
        """The solved case."""
        return self.case.circuit.differentiated(self.case.vector)

    def metric(self, name: str) -> float:
        """Compute a metric.

        Raises:
            ParameterError: It is not defined for this circuit.
            UnusableSolutionError: The circuit is unstable or did not settle.
        """
        return self.differentiation.value(name)

    def gradient(self, name: str) -> FloatArray:
        """Compute the derivatives of a metric with respect to the logarithms of the free options, shape (options,)."""
        found = self.differentiation.of(name)
        return np.array([self._chained(found, change) for change in self._changes])

    @cached_property
    def _own(self) -> _Change:
        """Elements of the case itself."""
        return self._elements(self.case)

    @cached_property
    def _changes(self) -> list[_Change]:
        return [self._change(place) for place in range(len(self.values))]

    def _change(self, place: int) -> _Change:
        """Difference of circuits beside the value of one option, per change of its logarithm; one-sided at a bound."""
        sides = [(sign, found) for sign in (1, -1) if (found := self._beside(place, sign)) is not None]
        if len(sides) < 2:
            sides.append((0, self._own))
        (first, more), (last, less) = sides
        step = (first - last) * STEP
        parts = {
            name: {field: (more.parts[name][field] - less.parts[name][field]) / step for field in fields}
            for name, fields in more.parts.items()
        }
        return _Change(parts, (more.gain - less.gain) / step, (more.level - less.level) / step)

    def _beside(self, place: int, sign: int) -> _Change | None:
        """Elements of the circuit beside the value of an option; None if there is none with as many elements."""
        values = list(self.values)
        values[place] *= 1 + sign * STEP
        try:
            found = self._elements(self.cases(values))
        except ParameterError:
            return None
        return found if found.shapes == self._own.shapes else None

    def _elements(self, case: Case) -> _Change:
        circuit = case.circuit
        levels = circuit.driven_levels(circuit.question(case.vector).columns)
        return _Change(values_of(circuit.circuit), math.log(abs(circuit.gain)), math.log(np.abs(levels).max()))

    @staticmethod
    def _chained(found: Sensitivity, change: _Change) -> float:
        total = found.of_gain * change.gain + found.of_level * change.level
        for name, fields in found.derivatives.items():
            for field, derivative in fields.items():
                total += float((derivative * change.parts[name][field]).sum())
        return total


@dataclass(frozen=True)
class _Change:
    """Numbers that a circuit takes from its options, or their changes with the logarithm of one option.

    Attributes:
        parts: Elements, by part and field.
        gain: Logarithm of the read-out gain.
        level: Logarithm of the largest input voltage.
    """

    parts: Mapping[str, Mapping[str, FloatArray]]
    gain: float
    level: float

    @property
    def shapes(self) -> dict[str, dict[str, tuple[int, ...]]]:
        """Shapes of the elements, by part and field."""
        return {name: {field: np.shape(one) for field, one in fields.items()} for name, fields in self.parts.items()}
