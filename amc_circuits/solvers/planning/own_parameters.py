"""Parameters that only some circuits of a plan have: one that is given leaves the circuits that have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amc_circuits.solvers.inv import InvParameters
from amc_circuits.solvers.least_squares.parameters import GinvParameters
from amc_circuits.solvers.planning.parameters import Choices, CircuitName
from netlists import ParameterError

OWN: dict[CircuitName, frozenset[str]] = {
    "inv": frozenset(InvParameters.model_fields),
    "ginv": frozenset(GinvParameters.model_fields) - {"ridge"},
    "blocks": frozenset({"inverter_resistance", "topology", "inputs", "hold"}),
}
"""Keywords of `program` of each circuit, without those that circuits share and those that a plan chooses."""
EVERY = frozenset().union(*OWN.values())


def takes(circuit: CircuitName, fields: Mapping[str, Any]) -> bool:
    """Return True if a circuit has all parameters that are given and that a circuit of a plan has of its own."""
    return fields.keys() & EVERY <= OWN[circuit]


def no_circuit(fields: Mapping[str, Any]) -> ParameterError:
    """Error for parameters that no circuit has which is left to a plan; there is one."""
    name = min(fields.keys() & EVERY, key=lambda one: sum(one in own for own in OWN.values()))
    having = " or ".join(circuit for circuit, own in OWN.items() if name in own)
    return ParameterError(name, fields[name], f"is one of {having} alone, which this plan excludes; leave it out")


def check_diagonal(choices: Choices, fields: Mapping[str, Any]) -> None:
    """Refuse a shift beside a diagonal in resistors, which would hold it, too.

    Raises:
        ParameterError: Both are given.
    """
    if in_resistors(fields) and choices.shift not in ("auto", 0):
        raise ParameterError("shift", choices.shift, "is part of a diagonal in resistors; take diagonal = cells")


def in_resistors(fields: Mapping[str, Any]) -> bool:
    """Return True if the diagonal is in resistors, so that the cells cannot have a shift besides."""
    return bool(fields.get("diagonal", "cells") != "cells")
