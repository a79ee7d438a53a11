"""Matrices, and errors, times, energies and areas of blocks in units of one array."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np

from amc_circuits import BlockCircuit, Converters, Device, InvCircuit, SampleHold
from amc_circuits.results.cost import ComponentAreas, areas
from amc_circuits.results.measurement import relative_error
from amc_circuits.solvers.blocks.bank import bank_areas
from amc_circuits.values.matrices import draw_matrix, draw_vector
from netlists import SinglePoleOpAmp
from netlists.record import FloatArray

SEEDS = {8: 8, 16: 8, 32: 8, 64: 6, 128: 4, 256: 2, 512: 1}
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


def case(family: str, size: int, seed: int, condition: float | None = None) -> tuple[FloatArray, FloatArray]:
    """Matrix and right-hand side of a seed."""
    random = np.random.default_rng(seed)
    return draw_matrix(family, size, size, condition, random), draw_vector(size, random)


def pair_of(family: str) -> str:
    """Pair of the blocks of a family."""
    return "auto" if family == "toeplitz" else "always"


@cache
def errors(family: str, size: int, stages: int | None, cause: str) -> FloatArray:
    """Errors of all seeds; without stages those of one INV circuit."""
    fields, found = {"opamp": IDEAL, **CAUSES[cause]}, []
    for seed in range(SEEDS[size]):
        matrix, vector = case(family, size, seed)
        if stages is None:
            circuit: Any = InvCircuit.program(matrix, seed=seed, **fields)
        else:
            circuit = BlockCircuit.program(matrix, stages=stages, pair=pair_of(family), seed=seed, **fields)
        wanted = np.linalg.solve(matrix, vector)
        found.append(float(relative_error(circuit.steady(vector)[:, None], wanted[:, None])[0]))
    return np.array(found)


def ratio(family: str, size: int, stages: int, cause: str) -> float:
    """Median error of one array in units of that of blocks."""
    return float(np.median(errors(family, size, None, cause)) / np.median(errors(family, size, stages, cause)))


@cache
def costs(family: str, size: int, stages: int, inputs: Literal["one", "two"]) -> FloatArray:
    """Time; energy without and with amplifiers that wait; in units of the single circuit, shape (3 seeds, 3)."""
    found = []
    for seed in range(3 if size < 128 else 1):
        matrix, vector = case(family, size, seed)
        fields: dict[str, Any] = {"opamp": "cmos-100meg", "engine": "exact", "seed": seed}
        one = InvCircuit.program(matrix, **fields).solve(vector).raise_if_unusable()
        own = {"stages": stages, "inputs": inputs, "pair": pair_of(family)}
        blocks = BlockCircuit.program(matrix, **own, **fields).solve(vector)
        blocks.raise_if_unusable()
        energy, waiting = blocks.energy.total, blocks.waiting_energy
        assert energy is not None and waiting is not None
        found.append(
            [blocks.settling_time / one.settling_time, *(np.array([energy, energy + waiting]) / one.energy.total)]
        )
    return np.array(found)


def area_terms(
    size: int, table: ComponentAreas, hold: float, inputs: Literal["one", "two"], all_resistors: bool = True
) -> tuple[float, float, float]:
    """Area of one stage in units of one array: ratio; share of the cells c; x, holds, switches and more resistors.

    Args:
        size: N.
        table: Area of each component.
        hold: Capacitance of a sample-and-hold, F.
        inputs: Input resistors of a sum node.
        all_resistors: False counts those of the inverters alone, on both sides.
    """
    matrix, _ = case("spd", size, 0)
    converters = Converters(dac_bits=8, adc_bits=8, adc_share=8)
    blocks = BlockCircuit.program(matrix, hold=SampleHold(hold_capacitance=hold), inputs=inputs)
    one, two = areas(InvCircuit.program(matrix).circuit, converters, table), bank_areas(blocks, converters, table)
    if not all_resistors:
        one["resistors"], two["resistors"] = 2 * size * table.resistor, size * table.resistor
    total = sum(one.values())
    cells, seen = one["cells"] / total, sum(two.values()) / total
    return seen, cells, seen - 1 / 2 - cells / 2
