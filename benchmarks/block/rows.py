"""Rows A1 to A9 of the acceptance table: medians, with the quartiles of the seeds in brackets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from amc_circuits import BlockCircuit
from amc_circuits.results.cost import ComponentAreas
from amc_circuits.results.measurement import relative_error
from benchmarks.block.cases import CELLS, CHIP_WIRES, WIRES, area_terms, case, costs, errors, ratio
from netlists import SinglePoleOpAmp
from netlists.record import FloatArray


@dataclass(frozen=True)
class Row:
    """A row of the acceptance table."""

    name: str
    what: str
    seen: str
    wanted: str
    holds: bool


def quartiles(values: FloatArray) -> str:
    """Quartiles of the ratios of single seeds."""
    low, high = np.percentile(values, (25, 75))
    return f" ({low:.2f} .. {high:.2f})"


def exactness() -> Iterator[Row]:
    """A1: NumPy's solution at infinite gain; the error is c/A0, so that two gains give the limit."""
    worst = 0.0
    for size in (7, 13, 16, 33, 50):
        matrix, vector = case("spd", size, size)
        wanted = np.linalg.solve(matrix, vector)
        for stages in range(4):
            low, high = (
                BlockCircuit.program(matrix, stages=stages, opamp=SinglePoleOpAmp(open_loop_gain=gain)).steady(vector)
                for gain in (1e9, 1e10)
            )
            found = (10 * high - low) / 9
            worst = max(worst, float(relative_error(found[:, None], wanted[:, None])[0]))
    yield Row("A1", "ideal parts, N = 7 .. 50, 0 to 3 stages", f"{worst:.1e}", "<= 1e-12", worst <= 1e-12)


def accuracy() -> Iterator[Row]:
    """A2 to A5: wires and cells."""
    for name, size, stages, least in (("A2", 64, 1, 2.5), ("A2", 128, 1, 3.0), ("A3", 64, 2, 6.0)):
        seen = ratio("spd", size, stages, WIRES)
        what = f"error by wires, spd, N = {size}: one array / {stages} stage{'s' * (stages > 1)}"
        text = f"{seen:.2f}{quartiles(errors('spd', size, None, WIRES) / errors('spd', size, stages, WIRES))}"
        yield Row(name, what, text, f">= {least:g}", seen >= least)
    for family in ("spd", "wishart"):
        seen = float(np.median(errors(family, 128, 2, CHIP_WIRES)))
        yield Row("A4", f"error by wires, 35 uS, {family}, N = 128, 2 stages", f"{seen:.4f}", "<= 0.006", seen <= 0.006)
    for stages, most in ((1, 0.9), (2, 0.65), (3, 0.5)):
        seen = 1 / ratio("spd", 64, stages, CELLS)
        text = f"{seen:.2f}{quartiles(errors('spd', 64, stages, CELLS) / errors('spd', 64, None, CELLS))}"
        what = f"cells 1 uS, spd, N = 64: {stages} stage{'s' * (stages > 1)} / one array"
        yield Row("A5", what, text, f"<= {most:g}", seen <= most)


def solving() -> Iterator[Row]:
    """A6 and A7: energy and time of one stage; the bounds are those of one input resistor at a sum node."""
    for name, place, bounds in (("A6", 1, {"wishart": 0.6, "spd": 0.95}), ("A7", 0, {"wishart": 1.1, "spd": 2.2})):
        for family, most in bounds.items():
            for size in (16, 32):
                found = [costs(family, size, 1, inputs)[:, place] for inputs in ("one", "two")]
                one = float(np.median(found[0]))
                texts = [f"{np.median(values):.2f}{quartiles(values)}" for values in found]
                what = f"{('time', 'energy')[place]} of one stage / one array, {family}, N = {size}"
                yield Row(name, what, f"{texts[0]}; two input resistors: {texts[1]}", f"<= {most:g}", one <= most)
    seen = ", ".join(f"{np.median(costs('toeplitz', size, 1, 'one')[:, 1]):.2f}" for size in (16, 32))
    yield Row("A6", "the same energy, toeplitz, N = 16, 32", seen, "reported", True)


def clipping() -> Iterator[Row]:
    """A9: no amplifier beyond 0.8 of its swing after the scale was reduced."""
    before = after = count = 0
    for family, condition in (("spd", 10.0), ("wishart", None), ("toeplitz", None), ("spd", 100.0)):
        for seed in range(20):
            matrix, vector = case(family, 8, seed, condition)
            solution = BlockCircuit.program(matrix, engine="exact", opamp="cmos-100meg").solve(vector)
            last = max(run.attempt for run in solution.runs)
            count, before = count + 1, before + (last > 1)
            after += max(run.peaks.max() for run in solution.runs if run.attempt == last) > 1.02 or not solution.usable
    yield Row("A9", f"clipped of {count} solves, N = 8 (before k was reduced: {before})", f"{after}", "0", after == 0)


def area() -> Iterator[Row]:
    """A8: the ratio 1/2 + c/2 + x; the bound is that of a table without the resistors of inputs and feedback."""
    for inputs, every in (("one", False), ("one", True), ("two", True)):
        seen, cells, more = area_terms(64, ComponentAreas(), 100e-15, inputs, every)
        text = f"{100 * (seen - 1):.1f} % = 1/2 + c/2 + x, c {cells:.2%}, x {more:.2%}"
        counted = "all resistors" if every else "resistors of inverters"
        what = f"area, N = 64, 100 fF, {counted}, inputs: {inputs}"
        yield Row("A8", what, text, "reported" if every else "-44 +- 1 %", every or abs(seen - 0.56) <= 0.01)


ROWS: tuple[Callable[[], Iterator[Row]], ...] = (exactness, accuracy, solving, area, clipping)
