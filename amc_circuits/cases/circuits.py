"""Table of circuits by name, one row each: those of this package and of installed packages.

A package announces a circuit by an entry point in the group `amc.circuits` that resolves to a subclass of `Solver`. The
name of the entry point is the name of the circuit. A solver is imported only when it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from amc_circuits.solvers.solver import Solver

GROUP = "amc.circuits"


@dataclass(frozen=True)
class CircuitRow:
    """A circuit of the table.

    Attributes:
        name: Name as typed.
        title: Description in one line.
        takes: Name of the right-hand side; None for a circuit without one.
        gives: Name of the answer.
        square: True if the matrix must be square.
        solver: Place of the solver class, `module:class`.
        grows: True if its answer is read while it grows.
        limited: True if it has limiters, so that derivatives of its metrics are not known.
    """

    name: str
    title: str
    takes: str | None
    gives: str
    square: bool
    solver: str
    grows: bool = False
    limited: bool = False

    def load(self) -> type[Solver]:
        """Import the solver class."""
        module, _, name = self.solver.partition(":")
        found: type[Solver] = getattr(import_module(module), name)
        return found


SOLVERS = "amc_circuits.solvers"
INV = CircuitRow("inv", "Solve A x = b by the closed-loop INV circuit.", "b", "x", True, f"{SOLVERS}.inv:InvCircuit")
MVM = CircuitRow("mvm", "Multiply y = A x by the open-loop MVM circuit.", "x", "y", False, f"{SOLVERS}.mvm:MvmCircuit")
GINV = CircuitRow(
    "ginv", "Solve min ||A x - b||, with a ridge if wanted, by the GINV circuit.", "b", "x", False,
    f"{SOLVERS}.least_squares.ginv:GinvCircuit",
)  # fmt: skip
CASCADE = CircuitRow(
    "cascade", "Find the shortest x with A x = b: INV of A A^T drives MVM of A^T.", "b", "x", False,
    f"{SOLVERS}.least_squares.cascade:CascadeCircuit",
)  # fmt: skip
EGV = CircuitRow(
    "egv", "Find an eigenvector of A by the growing EGV circuit.", None, "v", True,
    f"{SOLVERS}.eigenvectors.egv:EgvCircuit", grows=True,
)  # fmt: skip
RECOVER = CircuitRow(
    "recover", "Find a sparse x with F x near y by the recovery circuit.", "y", "x", False,
    f"{SOLVERS}.recovery.recover:RecoverCircuit", limited=True,
)  # fmt: skip
OURS = {row.name: row for row in (INV, MVM, GINV, CASCADE, EGV, RECOVER)}
"""Rows of the circuits of this package, by name."""


def circuit_names() -> list[str]:
    """Names of all circuits: those of this package, then those of installed packages."""
    return [*OURS, *_installed()]


def circuit_row(name: str) -> CircuitRow:
    """Return the row of a circuit.

    Raises:
        ParameterError: There is no such circuit, or its package cannot be loaded.
    """
    if name in OURS:
        return OURS[name]
    if name not in _installed():
        from netlists import ParameterError

        raise ParameterError("circuit", repr(name), f"must be one of {', '.join(circuit_names())}")
    return _row(name)


@cache
def _installed() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # here, for it takes as long as the help of the command

    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in OURS}


@cache
def _row(name: str) -> CircuitRow:
    entry = _installed()[name]
    from netlists.packages import load_entry  # here, since the help of the command waits for no NumPy

    solver = load_entry("circuit", entry)
    title = (solver.__doc__ or name).strip().splitlines()[0]
    place = f"{entry.module}:{entry.attr}"
    return CircuitRow(name, title, solver.takes, solver.gives, solver.square, place, solver.growing)
