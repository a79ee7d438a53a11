"""Origin of a result: all that it was computed from, as a record. docs/schema.md describes every key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from amc_circuits.cases.case import Case, Problem
from amc_circuits.cells.devices import Device
from amc_circuits.cells.mapping import Mapping as Conductances
from amc_circuits.values.array_content import array_content
from amc_circuits.values.plain import plain
from netlists import OpAmp, Record

SCHEMA_VERSION = "1.0"
"""Version of the record. Keys are added within a major version, and keep their names, types and units."""
Type = Literal["solve", "monte-carlo", "cost"]


@dataclass(frozen=True)
class Origin:
    """Origin of a result.

    Attributes:
        options: All options, as `parse_options` returns them, in SI units.
        problem: Matrix and right-hand sides.
        opamp: Op-amp at 300.15 K.
        device: Device of the cells at 300.15 K.
        conductances: Conductances of a file; None without one.
        jobs: Number of simulations at the same time.
    """

    options: Mapping[str, Any]
    problem: Problem
    opamp: OpAmp
    device: Device
    conductances: Conductances | None
    jobs: int = 1

    @classmethod
    def of(cls, case: Case) -> Origin:
        """Origin of a case."""
        hardware, problem = case.circuit.hardware, Problem(case.circuit.matrix, case.vector)
        jobs = case.circuit.settings.jobs
        return cls(case.options, problem, hardware.opamp, hardware.device, hardware.conductances, jobs)

    @classmethod
    def of_arguments(
        cls, options: Mapping[str, Any], problem: Problem, arguments: Mapping[str, Any], jobs: int
    ) -> Origin:
        """Origin of a result whose arguments are those of `program_arguments`."""
        return cls(
            options, problem, arguments["opamp"], arguments["device"], arguments["conductances"], jobs
        )  # fmt: skip

    def record(self, result: Type, typed: Mapping[str, Any]) -> dict[str, Any]:
        """Build the keys that explain a result.

        Args:
            result: Type of the result.
            typed: Options and arguments as typed, by name.
        """
        options = self.options
        name = options["opamp"] if options["opamp_file"] is None else options["opamp_subckt"]
        return {
            "schema_version": SCHEMA_VERSION,
            "type": result,
            "typed": dict(typed),
            "options": {**plain(dict(options)), "jobs": self.jobs},
            "opamp": {"name": name, "record": values_of(self.opamp)},
            "device": {"name": options["device"], "record": values_of(self.device)},
            "problem": {
                "matrix": array_content(self.problem.matrix),
                "vector": array_content(self.problem.vector),
                "conductances": None if self.conductances is None else _conductances(self.conductances),
            },
        }

    @property
    def arrays(self) -> dict[str, Any]:
        """Arrays for a file, by name: matrix, right-hand sides, and the conductances of a file."""
        found: dict[str, Any] = {"matrix": self.problem.matrix, "vector": self.problem.vector}
        if self.conductances is not None:
            found["stored_positive"] = self.conductances.positive
            if self.conductances.negative is not None:
                found["stored_negative"] = self.conductances.negative
        return found


def values_of(record: Record) -> dict[str, Any]:
    """Every field of a parameter record by name, as JSON accepts it."""
    found = {name: getattr(record, name) for name in type(record).model_fields}
    return {name: values_of(value) if isinstance(value, Record) else plain(value) for name, value in found.items()}


def typed_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options that were typed, by name, as they were typed."""
    return {name: value for name, value in options.items() if value is not None and value is not False}


def _conductances(held: Conductances) -> dict[str, Any]:
    negative = held.negative
    return {
        "positive": array_content(np.asarray(held.positive)),
        "negative": None if negative is None else array_content(np.asarray(negative)),
        "alpha": held.alpha,
        "unit_s": held.unit,
        "lifted_cells": held.lifted_cells,
        "lifting_cost": held.lifting_cost,
    }
