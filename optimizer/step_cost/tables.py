"""The result as printed tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from amc_circuits import format_quantity
from optimizer.step_cost.networks import factor_widths
from optimizer.step_cost.result import StepCost
from optimizer.step_cost.tornado import PUBLISHED

DIGITS = 3


def tables(result: StepCost) -> Iterator[Table]:
    """Yield all tables in their order."""
    yield _inversion(result)
    yield _simulated(result)
    yield _whole_steps(result)
    yield _tornado(result)
    yield _needed(result)


def notes(result: StepCost) -> Iterator[str]:
    """Yield sentences below the tables."""
    if result.extrapolated:
        low, high = result.extrapolated
        yield f"blocks are {low} to {high} wide: beyond the simulated sizes the power law goes on"
    cell = format_quantity(result.break_even_cell_time, "s", DIGITS)
    yield f"programming takes as long as solving at {cell} a cell"
    if result.spec.source:
        yield f"layers: {result.spec.source}"


def ratio_text(ratio: float | None) -> str:
    """Format a ratio, as `0.42x`; None gives `-`."""
    return "-" if ratio is None else f"{format_quantity(ratio, '', DIGITS)}x"


def _grid(title: str, *headings: str) -> Table:
    grid = Table(title=title, title_justify="left")
    for place, heading in enumerate(headings):
        grid.add_column(heading, justify="right" if place else "left", no_wrap=True)
    return grid


def _inversion(result: StepCost) -> Table:
    widths, blocks = factor_widths(result.spec.layers), result.arrays.blocks
    layers = sum(layer.repeat for layer in result.spec.layers)
    title = (
        f"{result.spec.title}: {layers} layers, {sum(widths.values())} factors {min(widths)} to {max(widths)} wide,\n"
        f"inverted once, by both sides in {sum(blocks.values())} blocks of at most {max(blocks)}"
    )
    grid = _grid(title, "", "digital", "arrays", "already programmed")
    digital, arrays, found = result.digital, result.arrays, result.ratios
    for name, unit, values in (
        ("time", "s", (digital.total_time, arrays.total_time, arrays.time)),
        ("energy", "J", (digital.total_energy, arrays.total_energy, arrays.energy)),
    ):
        grid.add_row(name, *(format_quantity(value, unit, DIGITS) for value in values))
    for name, unit, part, whole in (
        ("programming, of the time", "%", arrays.programming_time, arrays.total_time),
        ("programming, of the energy", "%", arrays.programming_energy, arrays.total_energy),
    ):
        grid.add_row(name, "", format_quantity(part / whole, unit, DIGITS), "")
    grid.add_row("throughput", "1x", ratio_text(found.throughput), ratio_text(found.throughput_programmed))
    grid.add_row("energy efficiency", "1x", ratio_text(found.energy), ratio_text(found.energy_programmed))
    return grid


def _simulated(result: StepCost) -> Table:
    simulated, arrays, circuit = result.simulated, result.spec.arrays, result.spec.circuit
    title = (
        f"Simulated arrays: {circuit.options.values['opamp']}, engine {circuit.engine}, condition "
        f"{arrays.condition:g}, {arrays.seeds} random matrices a size"
    )
    grid = _grid(title, "width", "settling time", "+-", "energy a column", "+-")
    for row in zip(
        simulated.sizes, simulated.settling_times, simulated.settling_spreads, simulated.energies,
        simulated.energy_spreads, strict=True,
    ):  # fmt: skip
        units = ("s", "s", "J", "J")
        cells = (format_quantity(float(value), unit, DIGITS) for value, unit in zip(row[1:], units, strict=True))
        grid.add_row(f"{row[0]:.0f}", *cells)
    return grid


def _whole_steps(result: StepCost) -> Table:
    title = f"Whole step, batch of {result.spec.batch_size}: all but the inversions is digital"
    grid = _grid(
        title, "inverted", "every", "step", "share", "at most", "with arrays", "already programmed"
    )  # fmt: skip
    for step in result.steps:
        grid.add_row(
            "whole factors" if step.block_size is None else f"blocks of {step.block_size}",
            f"{step.interval} steps" if step.interval > 1 else "step",
            format_quantity(step.time, "s", DIGITS),
            format_quantity(step.share, "%", DIGITS),
            *map(ratio_text, (step.limit, step.throughput, step.throughput_programmed)),
        )
    return grid


def _tornado(result: StepCost) -> Table:
    grid = _grid("Each assumption alone at both ends of its range, programming counted",
                 "assumption", "value", "from", "to", "throughput", "", "energy", "")  # fmt: skip
    for swing in result.tornado:
        values = (format_quantity(value, swing.unit, DIGITS) for value in (swing.value, swing.low, swing.high))
        found = (
            ratio_text(getattr(end, name)) for name in ("throughput", "energy") for end in (swing.at_low, swing.at_high)
        )
        grid.add_row(f"{swing.section}.{swing.name}", *values, *found)
    return grid


def _needed(result: StepCost) -> Table:
    title = f"Value that alone gives {PUBLISHED['throughput']}x throughput or {PUBLISHED['energy']}x energy"
    grid = _grid(title, "assumption", "throughput", "already programmed", "energy", "already programmed")
    for one in result.needed:
        values = (one.values[name] for name in ("throughput", "throughput_programmed", "energy", "energy_programmed"))
        grid.add_row(f"{one.section}.{one.name}", *(_value(value, one.unit) for value in values))
    return grid


def _value(value: float | None, unit: str) -> Any:
    return format_quantity(value, unit, DIGITS)
