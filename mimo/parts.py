"""Parts of the circuits of a study: op-amps, cells and wires, all of them or one cause of errors alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from amc_circuits import OF_CELLS, CircuitOptions, Option, ParameterError, Solver, short_repr

CIRCUIT_PANELS = ("Op-amp", "Cells", "Wires", "Circuit")
AT_REST = (
    *("slew_rate", "input_offset", "offset_spread", "supply_voltage", "output_swing", "output_current_limit"),
    *("quiescent_current", "class_ab_current", "common_mode_range", "technology", "input_noise", "conductances"),
    *("line_capacitance", "line_model", "nonlinearity_voltage", "interconnect", "pair"),
)
"""Options without an effect on the linear map that a circuit at rest realises, or on its stability.

Wires are reduced exactly at rest, and complex channels always have entries of both signs, so a pair of arrays.
"""
IDEAL_GAIN = 1e12
NONE = "none"
"""No cause of errors."""
DEVICE = "gramc-16level"
"""Device unless another one is given: 16 levels, no other errors."""
WIRES = ("wire_resistance", "interconnect", "contacts", "compensate_wires", "wire_temperature_coefficient")

CHECKED_AMPLIFIERS = 320
"""Largest number of op-amps of a circuit whose poles are computed for every channel; of larger ones for the first."""


def circuit_options(*circuits: str, beside: Collection[str] = ()) -> tuple[Option, ...]:
    """Build the options of parts that all of these circuits have, and that count for a circuit at rest.

    Args:
        circuits: Names of the circuits.
        beside: Options that count in this study, too.
    """
    tables = [{option.name: option for option in CircuitOptions.table(name)} for name in circuits]
    shared = [
        option
        for name, option in tables[0].items()
        if option.panel in CIRCUIT_PANELS
        and name not in set(AT_REST) - set(beside)
        and all(name in table for table in tables)
    ]
    return tuple(
        replace(option, default=DEVICE) if option.name == "device" else _without(option, "technology", "conductances")
        for option in shared
    )


def _without(option: Option, *names: str) -> Option:
    """Return the option without conditions on options that a study has not."""
    return replace(option, excludes="") if option.excludes in names else option


@dataclass(frozen=True)
class Parts:
    """Parts of circuits.

    Attributes:
        given: Options of the parts by name, as a user writes them; None for one that is not given.
        seed: Seed of the random spread of cells.
        cause: Cause of errors that alone is present, one of `causes`; empty for all of them, `none` for none.
        real_opamp: True for op-amps as they are beside any cause, in circuits that do not work with ideal ones.
    """

    given: Mapping[str, object]
    seed: int = 0
    cause: str = ""
    real_opamp: bool = False

    __repr__ = short_repr

    def options(self, circuit: str) -> CircuitOptions:
        """Return all options of a circuit of this name.

        Raises:
            ParameterError: A value cannot be used, or an option has no effect.
        """
        device = {} if self.given.get("device") is not None else {"device": DEVICE}
        noise = {} if self.given.get("input_noise") is None else {"noise": True}
        return CircuitOptions.parse(circuit, {**self.given, **device, **noise, "engine": "ngspice"})

    @cached_property
    def _templates(self) -> dict[str, Solver]:
        return {}

    def template(self, circuit: str) -> Solver:
        """Return the programmed circuit of a small matrix with these parts."""
        if circuit not in self._templates:
            self._templates[circuit] = self.options(circuit).program(np.array([[1.0, -0.5], [-0.5, 1.0]]))
        return self._templates[circuit]

    def causes(self, circuit: str) -> tuple[str, ...]:
        """Names of the causes of errors that these parts have."""
        hardware = self.template(circuit).hardware
        plain = type(hardware.device)(g_min=hardware.cells.g_min, g_max=hardware.cells.g_max)
        of_cells = [
            name
            for name, fields in OF_CELLS.items()
            if any(getattr(plain, field) != getattr(hardware.device, field) for field in fields)
        ]
        return (*of_cells, *(("wires",) if hardware.wire_resistance > 0 else ()), "opamp_gain")

    def alone(self, cause: str) -> Parts:
        """Return the parts with one cause of errors, and otherwise ideal but for `real_opamp`.

        Raises:
            ParameterError: There is no such cause.
        """
        if cause not in (*OF_CELLS, "wires", "opamp_gain"):
            raise ParameterError("cause", cause, f"must be one of {', '.join((*OF_CELLS, 'wires', 'opamp_gain'))}")
        return replace(self, cause=cause)

    def without_causes(self) -> Parts:
        """Return ideal parts with the same range of conductances."""
        return replace(self, cause=NONE, real_opamp=False)

    def _hardware(self, template: Solver) -> dict[str, Any]:
        """Fields of `Hardware`, with one cause of errors alone if one is named; op-amps of transistors by their fit."""
        hardware = template.hardware
        fields = {name: getattr(hardware, name) for name in type(hardware).model_fields}
        fields["opamp"] = hardware.opamp.equivalent
        if not self.cause:
            return fields
        plain = {"g_min": hardware.cells.g_min, "g_max": hardware.cells.g_max}
        cells = {name: getattr(hardware.device, name) for name in OF_CELLS.get(self.cause, ())}
        fields |= {"device": type(hardware.device)(**plain, **cells), "g_min": None, "g_max": None}
        if self.cause != "wires":
            fields = {name: value for name, value in fields.items() if name not in WIRES}
        if self.cause != "opamp_gain" and not self.real_opamp:
            single = type(hardware)(opamp="single-pole").opamp
            fields["opamp"] = single.replace(open_loop_gain=IDEAL_GAIN)
        return fields

    def program(self, circuit: str, matrix: ArrayLike, trial: int, *, engine: str = "exact", **own: object) -> Solver:
        """Program a circuit with these parts.

        Args:
            circuit: Name of the circuit.
            matrix: A, shape (N, M).
            trial: Number of the circuit; each has its own random spread.
            engine: Engine of its transients; ngspice simulates op-amps of transistors themselves, exact their fit.
            **own: Parameters of this circuit alone, beside those in the options.

        Raises:
            ParameterError: An option or the matrix cannot be used.
        """
        template = self.template(circuit)
        parameters = {name: getattr(template.parameters, name) for name in type(template.parameters).model_fields}
        fields = self._hardware(template) | {"seed": self.seed, "trial": trial}
        if engine != "exact" and not self.cause:
            fields["opamp"] = template.hardware.opamp
        return type(template).program(matrix, engine=engine, **fields, **(parameters | own))


def map_of(circuit: Solver, at: float | None = None) -> NDArray[np.float64]:
    """Return the real map that a circuit realises at rest, or at a time after a step of its inputs.

    Offsets of op-amps add the same to every answer, and are no part of the map.
    """
    unit = np.eye(circuit.length_of(circuit.matrix))
    forward, backward = (circuit.steady(sign * unit, at=at) for sign in (1, -1))
    return np.asarray((forward - backward) / 2, float)


def known_stable(circuit: Solver, trial: int) -> bool | None:
    """Return whether no pole of a circuit grows; None where the poles are not computed: of later large circuits."""
    checked = trial == 0 or len(circuit.circuit.amplifiers) <= CHECKED_AMPLIFIERS
    return circuit.stability.stable if checked else None


def program_ginv(matrix: ArrayLike, parts: Parts, trial: int, **own: Any) -> tuple[Solver, bool | None]:
    """Program GINV with the feedback of the closed form; if that is known to be unstable, with that of a search.

    Args:
        matrix: A, shape (N, M).
        parts: Parts of the circuit.
        trial: Number of the circuit.
        **own: Parameters of this circuit alone.

    Returns:
        The circuit, and whether no pole grows; None where the poles were not computed.
    """
    circuit = parts.program("ginv", matrix, trial, feedback_conductance="formula", **own)
    stable = known_stable(circuit, trial)
    if stable is False:  # the closed form is where a search among stable circuits begins
        circuit = parts.program("ginv", matrix, trial, feedback_conductance="auto", **own)
        stable = circuit.stability.stable
    return circuit, stable
