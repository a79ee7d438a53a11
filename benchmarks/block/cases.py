"""Matrices, and errors, times, energies and areas of blocks in units of one array."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from amc_circuits import BlockCircuit, Converters, Device, InvCircuit, SampleHold
from amc_circuits.results.cost import ComponentAreas, areas
from amc_circuits.results.measurement import relative_error
from amc_circuits.solvers.blocks.bank import BankParts, bank_areas
from amc_circuits.values.matrices import draw_matrix, draw_vector
from benchmarks.block.computed import Task, known
from netlists import SinglePoleOpAmp
from netlists.record import FloatArray

FAMILIES = ("spd", "wishart", "toeplitz")
SIZES = (8, 16, 32, 64, 128, 256, 512)
SEEDS = {8: 8, 16: 8, 32: 8, 64: 6, 128: 4, 256: 2, 512: 1}
SOLVED_SEEDS = {8: 5, 16: 5, 32: 5, 64: 3, 128: 3, 256: 1, 512: 1}
"""Seeds of transients."""
IDEAL = SinglePoleOpAmp(open_loop_gain=1e12)
CHIP = {"g_min": 0.5e-6, "g_max": 35e-6}
CAUSES: dict[str, dict[str, Any]] = {
    "wires 1.73 ohm, 100 uS": {"wire_resistance": 1.73},
    "wires 1.73 ohm, 35 uS": {"wire_resistance": 1.73, **CHIP},
    "cells 1 uS": {"device": Device(programming_error=1e-6)},
    "cells 5 % of each": {"device": Device(read_noise=0.05)},
    "gain 60 dB": {"opamp": SinglePoleOpAmp(open_loop_gain=1e3)},
}
WIRES, CHIP_WIRES, CELLS = list(CAUSES)[:3]
NOTHING = "no wires, exact cells"
COST_CAUSES = {NOTHING: {}, **{name: CAUSES[name] for name in (CHIP_WIRES, CELLS)}}
VARIANTS: tuple[tuple[int, Literal["one", "two"]], ...] = ((1, "one"), (1, "two"), (2, "two"))
"""Stages and inputs of the blocks whose time and energy are measured."""


def case(family: str, size: int, seed: int, condition: float | None = None) -> tuple[FloatArray, FloatArray]:
    """Matrix and right-hand side of a seed."""
    random = np.random.default_rng(seed)
    return draw_matrix(family, size, size, condition, random), draw_vector(size, random)


def pair_of(family: str) -> str:
    """Pair of the blocks of a family."""
    return "auto" if family == "toeplitz" else "always"


def error_of(family: str, size: int, stages: int | None, cause: str, seed: int) -> float:
    """Error of a seed; without stages that of one INV circuit."""
    fields: dict[str, Any] = {"opamp": IDEAL, **CAUSES[cause], "seed": seed}
    matrix, vector = case(family, size, seed)
    if stages is None:
        circuit: Any = InvCircuit.program(matrix, **fields)
    else:
        circuit = BlockCircuit.program(matrix, stages=stages, pair=pair_of(family), **fields)
    wanted = np.linalg.solve(matrix, vector)
    return float(relative_error(circuit.steady(vector)[:, None], wanted[:, None])[0])


def errors(family: str, size: int, stages: int | None, cause: str) -> FloatArray:
    """Errors of all seeds."""
    return np.array([known(error_of, family, size, stages, cause, seed) for seed in range(SEEDS[size])])


def ratio(family: str, size: int, stages: int, cause: str) -> float:
    """Median error of one array in units of that of blocks."""
    return float(np.median(errors(family, size, None, cause)) / np.median(errors(family, size, stages, cause)))


def cost_of(family: str, size: int, cause: str, seed: int) -> FloatArray:
    """Time; energy without and with amplifiers that wait; in units of one array, shape (variants, 3).

    nan where a circuit did not settle.
    """
    fields: dict[str, Any] = {"opamp": "cmos-100meg", "engine": "exact", "seed": seed, **COST_CAUSES[cause]}
    matrix, vector = case(family, size, seed)
    one = InvCircuit.program(matrix, **fields).solve(vector)
    found = np.full((len(VARIANTS), 3), np.nan)
    for place, (stages, inputs) in enumerate(VARIANTS):
        own = {"stages": stages, "inputs": inputs, "pair": pair_of(family)}
        blocks = BlockCircuit.program(matrix, **own, **fields).solve(vector)
        if one.usable and blocks.usable:
            energy, waiting = blocks.energy.total, blocks.waiting_energy
            assert energy is not None and waiting is not None
            joules = np.array([energy, energy + waiting]) / one.energy.total
            found[place] = [blocks.settling_time / one.settling_time, *joules]
    return found


def costs(family: str, size: int, stages: int, inputs: Literal["one", "two"], cause: str = NOTHING) -> FloatArray:
    """Time and energies of all seeds in units of one array, shape (seeds, 3)."""
    place = VARIANTS.index((stages, inputs))
    return np.array([known(cost_of, family, size, cause, seed)[place] for seed in range(SOLVED_SEEDS[size])])


def stages_of(size: int) -> tuple[int | None, ...]:
    """Stages that are compared for a size; None for one array."""
    return (None, 1, 2, 3) if size > 8 else (None, 1, 2)


def error_cases(largest: int, every: bool) -> Iterator[tuple[str, str, int]]:
    """Yield cause, family and size of the table of errors; at N = 512 two causes unless every one is wanted."""
    for cause in CAUSES:
        for family in FAMILIES:
            for size in (one for one in SIZES if one <= largest):
                if size < 512 or every or cause in (CHIP_WIRES, CELLS):
                    yield cause, family, size


def cost_cases(largest: int, every: bool) -> Iterator[tuple[str, str, int]]:
    """Yield cause, family and size of the table of times; from N = 256 with wires unless every one is wanted."""
    for cause in COST_CAUSES:
        for family in FAMILIES:
            for size in (one for one in SIZES if one <= largest):
                if size < 256 or every or cause == CHIP_WIRES:
                    yield cause, family, size


def tasks_of(parts: list[str], largest: int, every: bool) -> list[Task]:
    """Calls that the parts need, the longest first."""
    found: list[tuple[int, Task]] = []
    if "errors" in parts:
        for cause, family, size in error_cases(largest, every):
            calls = [(family, size, one, cause, seed) for one in stages_of(size) for seed in range(SEEDS[size])]
            found += [(size, (error_of, arguments)) for arguments in calls]
    if "costs" in parts:
        for cause, family, size in cost_cases(largest, every):
            found += [(4 * size, (cost_of, (family, size, cause, seed))) for seed in range(SOLVED_SEEDS[size])]
    return [task for _, task in sorted(found, key=lambda one: -one[0])]


def area_terms(
    size: int,
    table: ComponentAreas,
    hold: float,
    inputs: Literal["one", "two"],
    all_resistors: bool = True,
    parts: BankParts | None = None,
) -> tuple[float, float, float]:
    """Area of one stage in units of one array: ratio; share of the cells c; x, holds, switches and more resistors.

    Args:
        size: N.
        table: Area of each component.
        hold: Capacitance of a sample-and-hold, F.
        inputs: Input resistors of a sum node.
        all_resistors: False counts those of the inverters alone, on both sides.
        parts: Further parts of each line.
    """
    matrix, _ = case("spd", size, 0)
    converters = Converters(dac_bits=8, adc_bits=8, adc_share=8)
    blocks = BlockCircuit.program(matrix, hold=SampleHold(hold_capacitance=hold), inputs=inputs)
    one = areas(InvCircuit.program(matrix).circuit, converters, table)
    two = bank_areas(blocks, converters, table, parts)
    if not all_resistors:
        one["resistors"], two["resistors"] = 2 * size * table.resistor, size * table.resistor
    total = sum(one.values())
    cells, seen = one["cells"] / total, sum(two.values()) / total
    return seen, cells, seen - 1 / 2 - cells / 2
