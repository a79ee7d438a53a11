"""Stability maps: share of random matrices with which a circuit is stable, by condition number."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.table import Table
from threadpoolctl import threadpool_limits

from amc_circuits import ParameterError
from amc_circuits.cases.circuits import OURS
from amc_circuits.linear.equations import linear_circuit
from amc_circuits.values.matrices import draw_matrix
from benchmarks.family.rows import Row
from netlists.record import FloatArray

SIZE, MATRICES, PROCESSES = 16, 50, 2
CONDITIONS = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
TURN = 0.5
"""Norm of the skew part of matrices between positive definite and general ones, in units of the largest eigenvalue."""
CASES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *(
        ("inv", family, {"topology": topology})
        for family in ("spd", "skewed", "random")
        for topology in ("paired", "compensated")
    ),
    *(
        ("ginv", family, {"topology": topology, "feedback_conductance": feedback})
        for family in ("tall", "random")
        for topology in ("paired", "compensated")
        for feedback in (1e-4, "auto")
    ),
    ("recover", "wide", {}),
    *(("egv", "spd", {"topology": topology}) for topology in ("paired", "compensated")),
)
"""Circuit, family of matrices, and parameters."""
LAWS = {
    ("inv", "spd", "compensated"): (1.0, 1.0),
    ("inv", "skewed", "compensated"): (1.0, 1.0),
    ("inv", "random", "paired"): (0.0, 0.05),
    ("ginv", "tall", "paired auto"): (1.0, 1.0),
    ("ginv", "tall", "compensated auto"): (1.0, 1.0),
    ("ginv", "random", "compensated auto"): (1.0, 1.0),
    ("egv", "spd", "compensated"): (0.9, 1.0),
}
"""Bounds on the share at every condition number."""


def drawn(family: str, condition: float, seed: int) -> FloatArray:
    """Draw a matrix; `tall` has twice as many rows as columns, `wide` half as many."""
    generator = np.random.default_rng([seed, int(condition)])
    if family == "skewed":
        generated, noise = draw_matrix("spd", SIZE, SIZE, condition, generator), generator.normal(size=(SIZE, SIZE))
        skew = noise - noise.T
        return generated + TURN / np.linalg.norm(skew, 2) * skew
    shapes = {"tall": (SIZE, SIZE // 2), "wide": (SIZE // 2, SIZE)}
    rows, columns = shapes.get(family, (SIZE, SIZE))
    return draw_matrix("spd" if family == "spd" else "random", rows, columns, condition, generator)


def stable(name: str, matrix: FloatArray, parameters: dict[str, Any]) -> bool:
    """Whether the circuit is stable, or just one pole grows where growth is wanted; with its dead zones passed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            solver: Any = OURS[name].load().program(matrix, **parameters)
    except ParameterError:  # no feedback conductance is stable
        return False
    if name == "egv":
        return bool(solver.growing_poles == 1)
    poles = linear_circuit(solver.passing).poles if name == "recover" else solver.linear.poles
    return bool(poles.real.max() < 0)


def share(place: int, condition: float) -> float:
    """Share of the matrices with which a case is stable."""
    name, family, parameters = CASES[place]
    with threadpool_limits(1):
        return float(np.mean([stable(name, drawn(family, condition, seed), parameters) for seed in range(MATRICES)]))


@cache
def shares() -> FloatArray:
    """Shares of all cases, shape (cases, condition numbers)."""
    places, conditions = np.indices((len(CASES), len(CONDITIONS)))
    each = [CONDITIONS[k] for k in conditions.ravel()]
    with ProcessPoolExecutor(PROCESSES) as pool:
        found = list(pool.map(share, places.ravel().tolist(), each))
    return np.reshape(found, places.shape)


def words(parameters: dict[str, Any]) -> str:
    """Topology and feedback conductance, in units of G0 = 100 uS."""
    feedback = parameters.get("feedback_conductance")
    given = {None: [], "auto": ["auto"]}.get(feedback, ["G0"])
    return " ".join([parameters.get("topology", "compensated"), *given])


def maps() -> Iterator[Row]:
    """Shares that have a law."""
    for (name, family, parameters), row in zip(CASES, shares(), strict=True):
        bounds = LAWS.get((name, family, words(parameters)))
        if bounds is not None:
            low, high = bounds
            law = f"share of stable {family} matrices, {words(parameters)}, condition {CONDITIONS[0]:g} to 1000"
            seen = f"{row.min():.2f} to {row.max():.2f}"
            holds = bool(low <= row.min() and row.max() <= high)
            yield Row(name.upper(), law, "exact", seen, f"{low:g} to {high:g}", holds)


def table() -> Table:
    """Return the map as a table, in per cent."""
    title = f"stable, % of {MATRICES} matrices, N = {SIZE}, cmos-100meg"
    grid = Table("circuit", "topology, G_f", "matrices", title=title, title_justify="left", box=box.SIMPLE)
    for condition in CONDITIONS:
        grid.add_column(f"{condition:g}", justify="right")
    for (name, family, parameters), row in zip(CASES, shares(), strict=True):
        grid.add_row(name, words(parameters), family, *(f"{100 * one:.0f}" for one in row))
    return grid


def plot(path: Path) -> None:
    """Draw the map: dark where all matrices are stable."""
    import matplotlib.pyplot as plt  # here, since only this needs it

    labels = [f"{name}, {words(parameters)}, {family}" for name, family, parameters in CASES]
    figure, axes = plt.subplots(figsize=(7.2, 0.32 * len(CASES) + 1.4), layout="constrained")
    axes.imshow(shares(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(shares().shape):
        value = shares()[row, column]
        axes.text(
            column, row, f"{100 * value:.0f}", ha="center", va="center", color="white" if value > 0.6 else "black"
        )
    axes.set_xticks(range(len(CONDITIONS)), [f"{one:g}" for one in CONDITIONS])
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("condition number")
    axes.set_title(
        f"stable circuits, % of {MATRICES} random matrices, N = {SIZE}, cmos-100meg", loc="left", fontsize=10
    )
    figure.savefig(path, dpi=150)
    plt.close(figure)


ROWS = (maps,)
"""Functions that yield the rows."""
