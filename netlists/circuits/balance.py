"""Compensating cells: conductances to ground that make the sums at both inputs of an op-amp equal.

With equal sums S at both inputs, an op-amp amplifies the difference of two sums of currents, `v+ - v- = (I+ - I-)/S`,
at any common mode. A second array then acts at the non-inverting input with the opposite sign, and no inverter is
needed.
Their word lines, separate ones from the inputs, have wires as those of all arrays. Their ground ends are on the grid of
ground, with a contact at every cell: signal lines cannot have that, ground can. A ground line with contacts at its ends
alone would couple all rows, which no choice of cells makes up for.
The idea is that of TechRxiv preprint 23058392; the equations are derived in docs/compensated.md.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from netlists.arrays.array import Array
from netlists.arrays.interconnect import Interconnect
from netlists.driving import Source
from netlists.errors import ParameterError
from netlists.record import FloatArray, Matrix

BalanceCells = Annotated[Matrix | None, Field(exclude_if=lambda value: value is None)]
"""Compensating cells of one input, shape (N, K), S, 0 for no cell. Records without them keep their hashes."""
BALANCE_LINES = "b"
"""Group of the bit lines of compensating cells, which are held at ground."""


def check_balance(name: str, cells: FloatArray | None, other: FloatArray | None, rows: int) -> None:
    """Refuse compensating cells that do not fit to those of the other input or to the number of op-amps.

    Raises:
        ParameterError: The cells are missing or superfluous, of another shape, or a conductance is below 0.
    """
    if cells is None and other is None:
        return
    if cells is None or other is None or cells.shape != other.shape or len(cells) != rows:
        shape = "None" if cells is None else f"shape {cells.shape}"
        raise ParameterError(name, shape, f"give {rows} rows for both inputs, in the same shape, or None for both")
    if cells.min() < 0:
        raise ParameterError(name, float(cells.min()), "a conductance must be 0 siemens, for no cell, or above")


def balance_arrays(
    name: str,
    inputs: tuple[str, str],
    cells: tuple[FloatArray, FloatArray],
    wires: Interconnect,
    bend: float | None,
    lines: str = BALANCE_LINES,
) -> tuple[Array, Array]:
    """Return the compensating cells of a row of op-amps as two arrays, with bit lines on a grid of ground.

    Args:
        name: Prefix of the names of the arrays; `m` and `p` follow for inverting and non-inverting inputs.
        inputs: Groups of the inverting and of the non-inverting inputs.
        cells: Cells of each, shape (N, K), S.
        wires: Wires of the arrays, of which these have the word lines.
        bend: V0 of cells that are not linear, V.
        lines: Group of their bit lines.
    """
    minus, plus = (
        Array(name + end, group, lines, held, grounded(wires), bend)
        for end, group, held in zip("mp", inputs, cells, strict=True)
    )
    return minus, plus


def grounded(wires: Interconnect) -> Interconnect:
    """Return wires of compensating cells: those of the arrays, with a grid of ground instead of bit lines."""
    return wires.replace(grid=wires.wire_resistance > 0)


def ground_lines(columns: int, inputs: int, lines: str = BALANCE_LINES) -> Source:
    """Return the ground at the bit lines of K columns of compensating cells, in a circuit with `inputs` inputs."""
    return Source(lines, np.zeros((columns, inputs)))
