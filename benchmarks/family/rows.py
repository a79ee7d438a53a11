"""A row of the acceptance table: a law, what was seen in one engine, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits.engines import NgspiceEngine
from amc_circuits.linear.equations import linear_circuit
from netlists import Circuit
from netlists.record import FloatArray

ENGINES = ("exact", "ngspice")
BOUNDS = {"exact": 1e-12, "ngspice": 1e-6}
"""Largest difference of a rest from a closed form, in units of the largest output."""


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        circuit: Circuit, as it is called in the table.
        law: Law that must hold.
        engine: Engine that was held against it.
        seen: Difference or other finding, as text.
        wanted: Bound or wanted finding, as text.
        holds: True if it holds.
    """

    circuit: str
    law: str
    engine: str
    seen: str
    wanted: str
    holds: bool


def within(circuit: str, law: str, engine: str, difference: float, bound: float) -> Row:
    """Return the row of a difference that must not pass a bound."""
    return Row(circuit, law, engine, f"{difference:.2g}", f"<= {bound:.2g}", bool(difference <= bound))


def stated(circuit: str, law: str, engine: str, seen: str, wanted: str) -> Row:
    """Return the row of a finding that must be the wanted one."""
    return Row(circuit, law, engine, seen, wanted, seen == wanted)


def rest(circuit: Circuit, levels: FloatArray, engine: str) -> FloatArray:
    """Compute the outputs at rest by an engine for one vector of input voltages (inputs,), V."""
    if engine == "exact":
        return linear_circuit(circuit).steady(circuit.outputs, levels[:, None])[:, 0]
    simulator = NgspiceEngine()
    return np.asarray(simulator.rest(simulator.init(circuit), levels[:, None]))[:, 0]


def difference(found: FloatArray, wanted: FloatArray) -> float:
    """Largest difference in units of the largest wanted value."""
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def distance(poles: FloatArray, wanted: FloatArray) -> float:
    """Largest distance of a pole from the nearest one of the other set; infinite if their numbers differ."""
    if len(poles) != len(wanted):
        return float("inf")
    gaps = np.abs(np.asarray(poles)[:, None] - np.asarray(wanted)[None])
    return float(max(gaps.min(axis=0).max(), gaps.min(axis=1).max()))
