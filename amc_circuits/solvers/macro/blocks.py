"""Schedule of a block inversion in one stage (BlockAMC, arXiv 2401.10042): five phases on one set of op-amps.

`A = [[A1, A2], [A3, A4]]` with `ceil(N/2)` rows in A1, `A4s = A4 - A3 A1^-1 A2`, `b = [f, g]`, `x = [y, z]`:
`y_t = A1^-1 f`, `g_t = A3 y_t`, `z = A4s^-1 (g - g_t)`, `f_t = A2 z`, `y = A1^-1 (f - f_t)`. All arrays of a macro have
one shape: with an odd N the other blocks get a row or column of zeros, and A4s an idle entry on its diagonal.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from amc_circuits.files.toml_file import read_toml
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.solvers.blocks.programming import pivoting_of, positive_definite
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.macro.results import MacroSolution
from amc_circuits.solvers.macro.schedule import Schedule, ScheduledArray, make_schedule, read_schedule
from amc_circuits.values.checks import check_invertible, numeric_array, square_matrix
from netlists import ParameterError, Record
from netlists.errors import check_name, check_type, shown
from netlists.record import FloatArray, Matrix, Vector, about

Blocks = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
"""A1, A2, A3 and the Schur complement A4s."""
PIVOTING = ("auto", "none", "partial")


class BlockSchedule(Schedule):
    """Schedule of a block inversion."""

    rows: Annotated[int, about("Rows of A", ge=2)]


class BlockInversion(Record):
    """Block inversion in a file of a schedule, in the place of arrays and phases: A, b and the order of the rows."""

    b: Annotated[Vector, about("Right-hand side")]
    matrix: Annotated[Matrix | None, about("Entries of A, row by row")] = None
    file: Annotated[str | None, about("File of A, as of other commands; relative to the schedule")] = None
    pivoting: Annotated[Literal[PIVOTING], about("Order and signs of the rows as in LU")] = "auto"  # type: ignore[valid-type]


def cut(matrix: FloatArray) -> Blocks:
    """Cut a matrix, shape (N, N), into four blocks of one shape, the last one its Schur complement.

    Raises:
        ParameterError: A1 is singular.
    """
    half, idle = (len(matrix) + 1) // 2, len(matrix) % 2
    first, right, left, last = matrix[:half, :half], matrix[:half, half:], matrix[half:, :half], matrix[half:, half:]
    check_invertible("A1", first)
    schur = np.pad(last - left @ np.linalg.solve(first, right), (0, idle))
    if idle:
        schur[-1, -1] = np.abs(schur).max()
    return first, np.pad(right, ((0, 0), (0, idle))), np.pad(left, ((0, idle), (0, 0))), schur


def block_schedule(
    matrix: ArrayLike, b: ArrayLike, *, pivoting: Literal["auto", "none", "partial"] = "auto", **content: Any
) -> BlockSchedule:
    """Build the schedule of the five steps; `run_schedule` runs it, and `block_answer` reads x.

    Rows of A and b are put in the order of LU with partial pivoting, with signs that make its pivots positive, where
    this is wanted, or with `auto` where INV of A1 or A4s has a growing pole. x stays as it is.

    Args:
        matrix: A, shape (N, N), real, N of 2 or more.
        b: Right-hand side, shape (N,).
        pivoting: Order and signs of the rows: `auto`, `none`, or `partial` as in LU.
        **content: Other keys of a schedule: `switches`, `hardware`, `input_voltage`, `rise_time`, `tolerance`.

    Raises:
        ParameterError: A parameter cannot be used, or A1 is singular in the order of the rows.
    """
    check_name("pivoting", pivoting, PIVOTING)
    for name in ("arrays", "phases"):
        if name in content:
            raise ParameterError(name, shown(content[name]), "comes from A and b; leave it out")
    rows, vector = square_matrix("A", matrix), numeric_array("b", b, (1,))
    if np.iscomplexobj(rows) or np.iscomplexobj(vector):
        raise ParameterError("A", "complex numbers", "a macro is real; give [[Re, -Im], [Im, Re]] and [Re, Im]")
    if len(rows) < 2 or len(vector) != len(rows):
        mend = "must have two rows or more, and b as many entries"
        raise ParameterError("A", f"shape {rows.shape} with b of {len(vector)} entries", mend)
    check_invertible("A", rows)
    hardware = content.get("hardware", {})
    own = hardware if isinstance(hardware, Hardware) else Hardware(**{"pair": "always", **hardware})
    if pivoting == "partial" or (pivoting == "auto" and not _acts(rows, own)):
        order, signs = pivoting_of(rows)
        rows, vector = signs[:, None] * rows[order], signs * vector[order]
    made = make_schedule(_steps(rows, vector) | content | {"hardware": own})
    return BlockSchedule(**{name: getattr(made, name) for name in Schedule.model_fields}, rows=len(rows))


def read_any(path: str | Path) -> Schedule:
    """Read a schedule from a TOML file, or one with a table `block_inversion` in the place of arrays and phases.

    Raises:
        ParameterError: The file or one that it names cannot be read or is invalid.
    """
    path = Path(path)
    content = dict(read_toml("SCHEDULE.toml", path)[1])
    if (given := content.pop("block_inversion", None)) is None:
        return read_schedule(path)
    check_type("block_inversion", given, Mapping, mend="a table with matrix or file, and b")
    asked = BlockInversion.model_validate(dict(given))
    whole = ScheduledArray(name="a", matrix=asked.matrix, file=asked.file).loaded(path.parent)
    return block_schedule(whole, asked.b, pivoting=asked.pivoting, **content)


def _acts(matrix: FloatArray, hardware: Hardware) -> bool:
    """True if INV of A1 and of A4s have no growing poles with the rows as they are."""
    if positive_definite(matrix):
        return True
    try:
        first, _, _, last = cut(matrix)
    except ParameterError:
        return False
    fields = {name: getattr(hardware, name) for name in hardware.model_fields_set}
    circuits = (InvCircuit.program(one, engine="exact", **fields).circuit for one in (first, last))
    return all(linear_circuit(one).poles.real.max() < 0 for one in circuits)


def _steps(matrix: FloatArray, vector: FloatArray) -> dict[str, Any]:
    """Return arrays and phases as plain data."""
    half = (len(vector) + 1) // 2
    upper, lower = vector[:half], np.pad(vector[half:], (0, len(vector) % 2))
    names = ("first", "right", "left", "schur")
    phases: list[tuple[str, str, str, Any]] = [
        ("start", "inv", "first", upper.tolist()),
        ("below", "mvm", "left", "start"),
        ("lower", "inv", "schur", ["-below", lower.tolist()]),
        ("above", "mvm", "right", "lower"),
        ("upper", "inv", "first", ["-above", upper.tolist()]),
    ]
    return {
        "arrays": [{"name": name, "matrix": own} for name, own in zip(names, cut(matrix), strict=True)],
        "phases": [dict(zip(("name", "mode", "array", "inputs"), one, strict=True)) for one in phases],
    }


def block_answer(solution: MacroSolution) -> FloatArray:
    """Return x, shape (N,), of a schedule by `block_schedule`.

    Raises:
        ParameterError: It is another schedule.
    """
    check_type("solution", solution, MacroSolution, mend="run_schedule returns one")
    made = solution.plan.schedule
    if not isinstance(made, BlockSchedule):
        raise ParameterError("solution", "that of another schedule", "take one by block_schedule")
    return np.concatenate([solution.phase(name).value for name in ("upper", "lower")])[: made.rows]
