"""For which matrices does the plan of `amc solve` find a circuit, and does the answer have its bits?

Method: four matrices of each family are drawn, N = 16, with cells of 4 bits and an error of 15 % of a level; the plan
may not take more levels. Then the answer is held against NumPy.

Rows: D1 the share that reaches 24 bits; D2 the family `scaled`, `D A D` with D over four decades, with and without
scaling; D3 poles of GINV for square and tall matrices; D7 the share at N = 64 in arrays of 16 rows, by blocks with GINV
leaves; S sizes from 256 to 1024 in arrays of 128 rows, 8 levels, with processor time and the most memory of the process
so far. `python -m benchmarks.plans D2` runs some rows.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from amc_circuits import Device, GinvCircuit, UnusableSolutionError, plan
from amc_circuits.values.matrices import draw_matrix
from benchmarks.acceptance import Held, print_rows
from netlists.record import FloatArray

CELLS = Device(g_min=0.5e-6, g_max=35e-6, levels=16, programming_error=0.15 * 34.5e-6 / 15)
FIELDS: dict[str, Any] = {"device": CELLS, "most_levels": 16, "engine": "exact", "opamp": "cmos-100meg"}
FAMILIES = (
    *("spd10", "spd100", "spd1000", "wishart", "toeplitz", "scaled", "random3", "random10", "random30"),
    *("indefinite", "dominant", "poisson", "tall"),
)
SIZE, SEEDS = 16, range(4)
SHAPES = ((8, 8), (16, 16), (32, 32), (64, 64), (16, 4), (64, 16), (128, 32))


def drawn(family: str, seed: int, n: int = SIZE) -> tuple[FloatArray, FloatArray]:
    """Draw a matrix of a family with n columns and a right-hand side."""
    generator = np.random.default_rng(seed)
    name, condition = family.rstrip("0123456789"), float(family.lstrip("abcdefghijklmnopqrstuvwxyz") or 10)
    if name in ("spd", "random"):
        matrix = draw_matrix(name, n, n, condition, generator)
    elif name in ("wishart", "toeplitz"):
        matrix = draw_matrix(name, n, n, None, generator)
    elif name == "scaled":
        factors = 10.0 ** generator.uniform(-2, 2, n)
        matrix = factors[:, None] * draw_matrix("spd", n, n, 10.0, generator) * factors
    elif name == "indefinite":
        vectors = np.linalg.qr(generator.standard_normal((n, n)))[0]
        matrix = (vectors * (np.geomspace(1, 0.1, n) * np.where(np.arange(n) % 2, 1, -1))) @ vectors.T
        matrix = (matrix + matrix.T) / 2
    elif name == "dominant":
        matrix = generator.uniform(-1, 1, (n, n))
        matrix += np.diag(1.2 * np.abs(matrix).sum(axis=1))
    elif name == "poisson":
        line = 2 * np.eye(4) - np.eye(4, k=1) - np.eye(4, k=-1)
        matrix = np.kron(line, np.eye(4)) + np.kron(np.eye(4), line)
    else:
        matrix = draw_matrix("random", 2 * n, n, 10.0, generator)
    return matrix, generator.uniform(-1, 1, len(matrix))


def solved(family: str, seed: int, n: int = SIZE, **changes: Any) -> tuple[str, int] | None:
    """Return layout and cycles of an answer that NumPy confirms; None without one."""
    matrix, b = drawn(family, seed, n)
    try:
        made = plan(matrix, b=b, **{**FIELDS, "seed": seed, **changes})
    except UnusableSolutionError:
        return None
    found = made.solve(b)
    left, whole = b - matrix @ found.value, b
    if matrix.shape[0] > matrix.shape[1]:
        left, whole = matrix.T @ left, matrix.T @ b
    good = found.usable and np.linalg.norm(left) <= 1.01 * 2.0**-24 * np.linalg.norm(whole)
    layout = made.probe.layout
    name = f"{layout.circuit}{'+shift' * bool(layout.shift)}{' of ginv' * (layout.leaf == 'ginv')}"
    return (name, int(found.cycles[0])) if good else None


def d1() -> Iterator[Held]:
    """Share of each family."""
    for family in FAMILIES:
        found = [one for seed in SEEDS if (one := solved(family, seed)) is not None]
        wanted = 3 if family == "spd1000" else 4
        layouts = "/".join(sorted({name for name, _ in found}))
        cycles = f", {np.median([count for _, count in found]):.0f} cycles" if found else ""
        seen = f"{len(found)}/4 by {layouts}{cycles}"
        yield Held("D1", f"{family}, N = 16, 4 bits", seen, f">= {wanted}/4", len(found) >= wanted)


def d2() -> Iterator[Held]:
    """Scaling."""
    for scaling, wanted in (("auto", 4), ("none", 0)):
        count = sum(solved("scaled", seed, scaling=scaling) is not None for seed in SEEDS)
        yield Held("D2", f"scaled, scaling = {scaling}", f"{count}/4", f"{wanted}/4", count == wanted)


def d3() -> Iterator[Held]:
    """Poles of GINV."""
    stable = 0
    for shape in SHAPES:
        for condition in (3.0, 10.0, 30.0):
            for seed in SEEDS:
                matrix = draw_matrix("random", *shape, condition, np.random.default_rng(seed))
                stable += GinvCircuit.program(matrix, engine="exact", device=CELLS, seed=seed).stability.stable
    count = len(SHAPES) * 3 * len(SEEDS)
    yield Held(
        "D3", "GINV stable: 7 shapes, conditions 3, 10, 30", f"{stable}/{count}", f"{count}/{count}", stable == count
    )


def d7() -> Iterator[Held]:
    """Matrices that are not definite, larger than an array."""
    for family, bits, wanted in (
        ("random3", 4, 4), ("random10", 4, 4), ("random10", 6, 4), ("random30", 4, 0), ("random30", 6, 4),
        ("indefinite", 4, 3), ("indefinite", 6, 4),
    ):  # fmt: skip
        steps = 2**bits - 1
        device = CELLS.replace(levels=steps + 1, programming_error=0.15 * 34.5e-6 / steps)
        fields = {"device": device, "most_levels": steps + 1, "array_limit": 16, "stages": 2}
        found = [one for seed in SEEDS if (one := solved(family, seed, 64, **fields)) is not None]
        layouts = "/".join(sorted({name for name, _ in found}))
        cycles = f" by {layouts}, {np.median([count for _, count in found]):.0f} cycles" if found else ""
        text = f">= {wanted}/4" if wanted else "reported"
        yield Held(
            "D7", f"{family}, N = 64, arrays of 16, {bits} bits", f"{len(found)}/4{cycles}", text, len(found) >= wanted
        )


def s() -> Iterator[Held]:
    """Large matrices with wires of 1.73 ohm."""
    for family in ("spd10", "random3"):
        for n in (256, 512, 1024) if family == "spd10" else (256, 512):
            began = time.process_time()
            own = {"device": CELLS.replace(levels=8, programming_error=0.0), "wire_resistance": 1.73}
            found = solved(family, 0, n, **own)
            seconds, memory = time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            name, cycles = found or ("nothing", 0)
            seen = f"{cycles} cycles by {name}, {seconds:.0f} s of processor time, {memory:.1f} GiB"
            reported = n == 512 and family == "random3"
            wanted, holds = ("reported", True) if reported else ("24 bits", found is not None)
            yield Held("S", f"{family}, N = {n}, arrays of 128, 8 levels", seen, wanted, holds)


def main(
    rows: Annotated[list[str] | None, typer.Argument(help="Rows, such as D1.")] = None,
    out: Annotated[Path | None, typer.Option(help="File for the table.")] = None,
) -> None:
    """Print every row."""
    print_rows((d1, d2, d3, d7, s), rows, out)


if __name__ == "__main__":
    typer.run(main)
