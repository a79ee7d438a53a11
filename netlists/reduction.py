"""The mesh of cells and wires of an array, reduced exactly to its terminals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from netlists.record import FloatArray


@dataclass(frozen=True)
class ReducedArray:
    """The network between the terminals of an array that is equal to its mesh.

    Terminals are the N word lines, then the M bit lines: T = N + M.

    Attributes:
        conductance: Between every two terminals, shape (T, T), symmetric, never negative, 0 on the diagonal, siemens.
        capacitance: Charge at a terminal for a volt at another (all capacitors go to ground), shape (T, T), F.
    """

    conductance: FloatArray
    capacitance: FloatArray

    @cached_property
    def laplacian(self) -> FloatArray:
        """Currents into the terminals for a volt at each, shape (T, T), siemens."""
        return np.diag(self.conductance.sum(axis=1)) - self.conductance


def reduce_array(
    cells: FloatArray,
    wire_resistance: float,
    line_capacitance: float = 0.0,
    contacts: Literal["one", "both"] = "one",
    line_model: Literal["reduced", "lumped"] = "reduced",
) -> ReducedArray:
    """Placeholder: dense elimination."""
    n, m = cells.shape
    if wire_resistance == 0:
        conductance = np.block([[np.zeros((n, n)), cells], [cells.T, np.zeros((m, m))]])
        capacitance = np.diag(np.concatenate([np.full(n, m * line_capacitance), np.full(m, n * line_capacitance)]))
        return ReducedArray(conductance, capacitance)
    g, count = 1 / wire_resistance, n + m + 2 * n * m
    word = n + m + np.arange(n * m).reshape(n, m)
    bit = word + n * m
    w = np.zeros((count, count))

    def join(a: int, b: int, siemens: float) -> None:
        w[a, b] += siemens
        w[b, a] += siemens

    for i in range(n):
        for j in range(m):
            join(word[i, j], bit[i, j], cells[i, j])
            join(word[i, j], word[i, j - 1] if j else i, g)
            join(bit[i, j], bit[i - 1, j] if i else n + j, g)
    if contacts == "both":
        for i in range(n):
            join(word[i, -1], i, g)
        for j in range(m):
            join(bit[-1, j], n + j, g)
    t = n + m
    lap = np.diag(w.sum(axis=1)) - w
    x = np.linalg.solve(lap[t:, t:], w[t:, :t])
    reduced = w[:t, :t] + w[:t, t:] @ x
    np.fill_diagonal(reduced, 0)
    if line_model == "lumped":
        capacitance = np.diag(np.concatenate([np.full(n, m * line_capacitance), np.full(m, n * line_capacitance)]))
    else:
        capacitance = line_capacitance * x.T @ x
    return ReducedArray((reduced + reduced.T) / 2, capacitance)
