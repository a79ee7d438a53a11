"""For which share of random matrices does low-precision INV converge under iterative refinement?

An array of few levels holds A_0 instead of A. Refinement solves with it repeatedly, `x += A_0^-1 (b - A x)`, with an
exact product by A. Each step multiplies the residual by `I - A A_0^-1`, so it converges if and only if the spectral
radius of that is below 1. For symmetric A and A_0 this means that `2 A_0 - A` is positive definite. Then A_0 is, too,
and its circuit with one-pole op-amps is stable.

Method: A is mapped as by `InvCircuit.program`, every cell is set to the nearest of 2^bits uniform levels from G_min to
G_max (0.5 and 35 uS), and A_0 is read back. Families `spd` (log-spaced eigenvalues, given condition number) and
`wishart` (`X X^T/(2N)`, random condition number), both signed, so a pair of arrays.

Guide, nothing fitted: rounding leaves a random symmetric E of standard deviation `max|A|/((2^bits - 1) sqrt(12))`; its
norm is near `2 sqrt(N)` times that. `2 norm(E) < lambda_min(A)` is sufficient, so `log2(1 + 4 sqrt(N/12)
max|A|/lambda_min)` bits are enough.

Printed:

- for every family, N and condition number the share that converges with its 95 % interval (Wilson), for each number of
  bits, and the guide;
- for three numbers of the first design notes, which do not state how their matrices were drawn and rounded, the results
  of several plausible interpretations;
- for every matrix of those three points whether refinement in NumPy agrees with the spectral radius;
- for a few of them the same in the circuit, where x is its exact steady state (`steady`) or the reading of the
  exact engine at the end of a transient: the mean factor on the residual, over the later half of the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import binomtest

from amc_circuits.cells.mapping import map_matrix
from amc_circuits.values.matrices import draw_matrix, draw_vector
from benchmarks.iterative_refinement import (
    CIRCUIT_SMALLEST,
    CIRCUIT_STEPS,
    G_MAX,
    G_MIN,
    Case,
    Point,
    circuit_of,
    factor,
    held,
    refine,
    refined,
    spectral_radius,
)
from benchmarks.machine import machine_line
from netlists.record import FloatArray

SIZES = (8, 16, 32)
CONDITIONS = (2.0, 5.0, 10.0, 30.0)
BITS = (2, 3, 4, 5, 6)

Draw = Callable[[np.random.Generator], FloatArray]
Hold = Callable[[FloatArray, int], FloatArray]
"""A and bits to A_0."""


NOTED = (Point(8, 5.0, 3, "98 %"), Point(16, 10.0, 3, "0 %"), Point(16, 10.0, 5, "converges"))


def spd(size: int, condition: float, generator: np.random.Generator) -> FloatArray:
    """The family `spd`."""
    return draw_matrix("spd", size, size, condition, generator)


def evenly_spaced(size: int, condition: float, generator: np.random.Generator) -> FloatArray:
    """Symmetric positive definite with evenly spaced eigenvalues in place of log-spaced ones."""
    vectors = np.linalg.eigh(spd(size, 2.0, generator))[1]
    return np.asarray((vectors * np.linspace(1, 1 / condition, size)) @ vectors.T)


def shifted(root: FloatArray, condition: float) -> FloatArray:
    """`X X^T` with a multiple of I added or taken away so that the condition number is the wanted one."""
    gram = root @ root.T
    values = np.linalg.eigvalsh(gram)
    return np.asarray(gram + (values[-1] - condition * values[0]) / (condition - 1) * np.eye(len(gram)))


def signed_gram(size: int, condition: float, generator: np.random.Generator) -> FloatArray:
    """Shifted Gram matrix of N x 2N standard normals."""
    return shifted(generator.standard_normal((size, 2 * size)), condition)


def positive_gram(size: int, condition: float, generator: np.random.Generator) -> FloatArray:
    """Shifted Gram matrix of N x 2N numbers uniform in 0 .. 1: one array."""
    return shifted(generator.uniform(0, 1, (size, 2 * size)), condition)


def _rounded(matrix: FloatArray, lowest: float, steps: int) -> FloatArray:
    """A_0 of cells with levels at `lowest` and `steps` uniform steps from it to G_max."""
    mapping = map_matrix(matrix, G_MIN, G_MAX, pair="auto" if matrix.min() < 0 else "never")
    step = (G_MAX - lowest) / steps
    arrays = [a for a in (mapping.positive, mapping.negative) if a is not None]
    cells = [lowest + np.rint((array - lowest) / step) * step for array in arrays]
    return np.asarray(mapping.alpha * (cells[0] - sum(cells[1:])) / mapping.unit)


READINGS: dict[str, tuple[Callable[[int, float, np.random.Generator], FloatArray], Hold]] = {
    "spd, 2^bits levels G_min .. G_max (ours)": (spd, held),
    "spd, 2^bits levels 0 .. G_max": (spd, lambda matrix, bits: _rounded(matrix, 0.0, 2**bits - 1)),
    "spd, 2^bits steps, one level more": (spd, lambda matrix, bits: _rounded(matrix, G_MIN, 2**bits)),
    "spd, 2^bits - 1 levels": (spd, lambda matrix, bits: _rounded(matrix, G_MIN, 2**bits - 2)),
    "spd, 2^(bits - 1) levels a sign": (spd, lambda matrix, bits: _rounded(matrix, G_MIN, 2 ** (bits - 1) - 1)),
    "evenly spaced eigenvalues, ours": (evenly_spaced, held),
    "shifted signed Gram matrix, ours": (signed_gram, held),
    "shifted positive Gram matrix, one array": (positive_gram, held),
}


def matrices(draw: Draw, draws: int) -> list[FloatArray]:
    """One matrix a seed."""
    return [draw(np.random.default_rng(seed)) for seed in range(draws)]


def share(found: Sequence[bool]) -> str:
    """A share with its 95 % interval by Wilson, in percent."""
    result = binomtest(sum(found), len(found))
    low, high = result.proportion_ci(0.95, method="wilson")
    return f"{100 * result.statistic:.0f} ({100 * low:.0f} .. {100 * high:.0f})"


def converges(drawn: Sequence[FloatArray], hold: Hold, bits: int) -> list[bool]:
    """Convergence of each matrix by its spectral radius."""
    return [spectral_radius(matrix, hold(matrix, bits)) < 1 for matrix in drawn]


def sufficient_bits(matrix: FloatArray) -> float:
    """The guide."""
    smallest = np.linalg.eigvalsh(matrix)[0]
    return float(np.log2(1 + 4 * np.sqrt(len(matrix) / 12) * np.abs(matrix).max() / smallest))


def _grid(title: str, headings: Sequence[str]) -> Table:
    grid = Table(title=title, title_justify="left", box=box.MARKDOWN)
    for heading in headings:
        grid.add_column(
            heading, justify="left" if heading in ("family", "reading", "x from") else "right", no_wrap=True
        )
    return grid


def kinds() -> Iterator[tuple[str, int, Draw]]:
    """Family, N and how to draw, for every row of the first table."""
    for size in SIZES:
        for condition in CONDITIONS:
            yield "spd", size, partial(spd, size, condition)
        yield "wishart", size, partial(draw_matrix, "wishart", size, size, None)


def shares(draws: int) -> Table:
    """Shares by family, N, condition and bits."""
    grid = _grid("share that converges, %", ("family", "N", "condition", *(f"{b} bits" for b in BITS), "guide, bits"))
    console = Console(stderr=True)
    for family, size, draw in track(list(kinds()), "shares", console=console, disable=not console.is_terminal):
        drawn = matrices(draw, draws)
        condition = np.median([np.linalg.cond(matrix) for matrix in drawn])
        cells = [share(converges(drawn, held, bits)) for bits in BITS]
        guide = np.median([sufficient_bits(matrix) for matrix in drawn])
        grid.add_row(family, str(size), f"{condition:.0f}", *cells, f"{guide:.1f}")
    return grid


def readings(draws: int) -> Table:
    """The design notes' points, by what they may have meant."""
    named = (f"N {p.size}, condition {p.condition:g}, {p.bits} bits" for p in NOTED)
    grid = _grid("share that converges, %, by reading of the design notes", ("reading", *named))
    grid.add_row("the design notes' figure", *(point.noted for point in NOTED))
    for name, (draw, hold) in READINGS.items():
        drawn = [matrices(partial(draw, point.size, point.condition), draws) for point in NOTED]
        grid.add_row(name, *(share(converges(d, hold, p.bits)) for d, p in zip(drawn, NOTED, strict=True)))
    return grid


def cases(point: Point, draws: int) -> list[Case]:
    """Every draw of a point, the smallest spectral radius first."""
    found = []
    for seed in range(draws):
        generator = np.random.default_rng(seed)
        matrix = spd(point.size, point.condition, generator)
        radius = spectral_radius(matrix, held(matrix, point.bits))
        found.append(Case(matrix, point.bits, draw_vector(point.size, generator), radius))
    return sorted(found, key=lambda case: case.radius)


def judged(found: dict[Point, list[Case]]) -> Table:
    """Refinement in NumPy against the criterion, on every case whose A_0 has an inverse."""
    headings = ("N", "condition", "bits", "radius < 1", "converged", "different", "radius nearest 1", "factor / radius")
    grid = _grid("refinement in NumPy, every matrix", headings)
    for point, own in found.items():
        own = [case for case in own if np.isfinite(case.radius)]
        factors = np.array([factor(refined(case)) for case in own])
        radii = np.array([case.radius for case in own])
        ratios = factors / radii
        grid.add_row(
            *(f"{point.size}", f"{point.condition:g}", f"{point.bits}"),
            f"{(radii < 1).sum()}/{len(own)}",
            f"{(factors < 1).sum()}/{len(own)}",
            f"{((radii < 1) != (factors < 1)).sum()}",
            f"{radii[np.argmin(np.abs(radii - 1))]:.4f}",
            f"{ratios.min():.2f} .. {ratios.max():.2f}",
        )
    return grid


def in_circuit(found: dict[Point, list[Case]]) -> Table:
    """Refinement with the circuit in place of A_0^-1, for the smallest, median and largest radius of each point."""
    headings = ("N", "condition", "bits", "radius", "NumPy", "steady", "exact", "residual after")
    grid = _grid("factor a step, in the circuit; exact: residual after so many steps", headings)
    for point, own in found.items():
        for case in (own[0], own[len(own) // 2], own[-1]):
            grid.add_row(f"{point.size}", f"{point.condition:g}", f"{point.bits}", *_factors(case))
    return grid


def _factors(case: Case) -> tuple[str, ...]:
    circuit = circuit_of(case)
    by_steady = refine(case.matrix, circuit.steady, case.b, CIRCUIT_SMALLEST, CIRCUIT_STEPS)
    columns = f"{case.radius:.3f}", f"{factor(refined(case)):.3f}", f"{factor(by_steady):.3f}"
    if not circuit.stability.stable:
        return *columns, "unstable", ""
    simulated = refine(case.matrix, lambda r: circuit.solve(r).value, case.b, CIRCUIT_SMALLEST, CIRCUIT_STEPS)
    return *columns, f"{factor(simulated):.3f}", f"{simulated[-1]:.0e} ({len(simulated) - 1})"


def main(
    draws: Annotated[int, typer.Option(min=1, help="Matrices at every point")] = 400,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Shares of random matrices that low-precision INV refines."""
    found = {point: cases(point, draws) for point in NOTED}
    console = Console(record=True, width=150)
    console.print(machine_line(), highlight=False)
    console.print(f"{draws} matrices a point; in brackets 95 % intervals (Wilson)\n", highlight=False)
    for part in (shares(draws), readings(draws), judged(found), in_circuit(found)):
        console.print(part)
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
