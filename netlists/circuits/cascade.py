"""Cascade of circuits without conversion between them: outputs of one drive the arrays of the next.

INV of a Gram matrix that drives MVM gives the shortest solution `A^T (A A^T + ridge)^-1 b` of `A x = b` in one step:
the precoder of a downlink (arXiv 2211.03624).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from pydantic import model_validator

from netlists.circuit import Circuit
from netlists.circuits.inv import InvDesign
from netlists.circuits.mvm import MvmDesign
from netlists.driving import Source
from netlists.errors import ParameterError, check_type
from netlists.parts import OpAmps, Part
from netlists.record import Record

ENDS = ("word_lines", "bit_lines", "a", "b", "inverting", "noninverting", "output", "input", "source", "target")
"""Fields of parts that name groups."""

BALANCE = ("bm", "bp", "mbm", "mbp")
"""Compensating cells of both circuits."""


class CascadeDesign(Record):
    """INV circuit whose outputs drive the bit lines of an MVM circuit.

    Attributes:
        inverse: Record of the INV circuit.
        product: Record of the MVM circuit, with as many columns as INV has outputs. Its negative array is driven by the
            inverters of INV, or has compensating cells.
    """

    inverse: InvDesign
    product: MvmDesign

    @model_validator(mode="after")
    def _fit(self) -> Self:
        columns = self.product.shape[1]
        if columns != self.inverse.size:
            mend = f"must have as many columns as the INV circuit has outputs, {self.inverse.size}"
            raise ParameterError("product", f"{columns} columns", mend)
        if self.product.signed and not self.product.compensated and not self.inverse.inverts:
            raise ParameterError("inverse", "no inverters", "a negative array of MVM is driven by inverters of INV")
        if self.product.temperature != self.inverse.temperature:
            raise ParameterError("temperature", self.product.temperature, "must be that of the INV circuit")
        return self

    @cached_property
    def circuit(self) -> Circuit:
        """Circuit of the record; kept together with its computed results."""
        return cascade(self)


def cascade(p: CascadeDesign) -> Circuit:
    """Return the cascade of a record.

    Groups and parts are those of INV and, with an `m` before their names, of MVM. INV's outputs `c` drive the positive
    array of MVM, its inverters' outputs `d` the negative one.
    """
    check_type("p", p, CascadeDesign)
    rows, columns = p.product.shape
    title = f"CASCADE {columns} x {rows} {p.sha256[:12]}"
    found = joined(title, p.inverse.circuit, p.product.circuit, {"c": "c", "d": "d"}, "m")
    # Compensating cells come last, as everywhere.
    return replace(found, parts=tuple(sorted(found.parts, key=lambda part: part.name in BALANCE)))


def joined(title: str, first: Circuit, second: Circuit, ties: Mapping[str, str], prefix: str) -> Circuit:
    """Return a circuit whose first part drives the second one.

    Args:
        title: Title of the circuit.
        first: Circuit with all inputs.
        second: Circuit that is driven. Its other sources have to hold ground.
        ties: Groups of the first circuit that stand in for groups with sources of the second one.
        prefix: Prefix of the names of the other groups, and of all parts, of the second circuit.
    """
    names = {group: ties.get(group, prefix + group) for group in second.groups}
    parts = (*first.parts, *(_renamed(part, names, prefix) for part in second.parts))
    grounds = [one for one in second.sources if one.group not in ties]
    sizes = {names[group]: size for group, size in second.groups.items() if group not in ties}
    sources = (
        *first.sources,
        *(Source(names[one.group], np.zeros((second.groups[one.group], first.inputs))) for one in grounds),
    )
    outputs = names[second.outputs]
    return Circuit(title, {**first.groups, **sizes}, parts, sources, outputs, temperature=first.temperature)


def _renamed(part: Part, names: Mapping[str, str], prefix: str) -> Part:
    ends: dict[str, Any] = {
        field.name: names.get(getattr(part, field.name), getattr(part, field.name))
        for field in fields(part)
        if field.name in ENDS
    }
    if isinstance(part, OpAmps):
        ends["label"] = f"second {part.label or part.name}"
    return replace(part, name=prefix + part.name, **ends)
