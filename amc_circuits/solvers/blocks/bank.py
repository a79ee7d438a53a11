"""The amplifiers and lines that all steps share: how many there are, what waiting costs, and their area."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from amc_circuits.results.converters import Converters
from amc_circuits.results.cost import TABLE, ComponentAreas, component_counts
from amc_circuits.solvers.blocks.programmed import ProgrammedBlocks
from amc_circuits.solvers.blocks.steps import InVolts
from amc_circuits.solvers.blocks.tree import leaves, products
from netlists import MacroOpAmp, OpAmp, Record
from netlists.record import about

HOLDS, SWITCHES = 2, 12


class BankParts(Record):
    """Parts of each line of a bank besides those of the circuits. Both numbers are choices of this package.

    Two sample-and-holds take turns: one is read while the other samples. Twelve switches join a line to arrays, inputs
    and feedback of the steps.
    """

    holds: Annotated[int, about("Sample-and-holds of a line", ge=0)] = HOLDS
    switches: Annotated[int, about("Switches of a line", ge=0)] = SWITCHES


def at_once(blocks: ProgrammedBlocks) -> Iterator[list[InVolts]]:
    """Yield the circuits of each step: one leaf, or all tiles of a block."""
    for leaf in leaves(blocks.root):
        yield [leaf.circuit]
    for tiles in products(blocks.root):
        yield list(tiles.circuits.values())


def amplifiers_of(blocks: ProgrammedBlocks) -> int:
    """Number of op-amps of the bank: those of the largest step."""
    return max(sum(len(one.circuit.amplifiers) for one in circuits) for circuits in at_once(blocks))


def quiescent_power(opamp: OpAmp) -> float | None:
    """Power of an op-amp at rest, from rail to rail, W; None if its current is not known."""
    record = opamp.equivalent
    if not isinstance(record, MacroOpAmp) or record.quiescent_current is None:
        return None
    return 2 * record.supply_voltage * record.quiescent_current


def bank_areas(
    blocks: ProgrammedBlocks,
    converters: Converters | None = None,
    table: ComponentAreas = TABLE,
    parts: BankParts | None = None,
) -> dict[str, float]:
    """Compute the area of all components by type, m2.

    Cells are those of all arrays. Op-amps and resistors are those of the largest step, for all steps use the same ones;
    a resistor that is switched counts once. Lines, each with its DAC, sample-and-holds and switches, are those of the
    largest leaf.

    Args:
        blocks: Programmed blocks.
        converters: Converters around them, counted where they have bits; None for none.
        table: Area of each component.
        parts: Further parts of each line; None for the usual ones.
    """
    own = parts or BankParts()
    counts = [[component_counts(one.circuit) for one in circuits] for circuits in at_once(blocks)]
    sizes = [leaf.size for leaf in leaves(blocks.root)]
    lines, inv, mvm = max(sizes), counts[: len(sizes)], counts[len(sizes) :]
    resistors = sum(max((sum(one["resistors"] for one in step) for step in kind), default=0) for kind in (inv, mvm))
    hold = table.sample_and_hold + blocks.hold.hold_capacitance / table.capacitor_density
    found = {
        "cells": table.cell * sum(one["cells"] for step in counts for one in step),
        "op_amps": table.op_amp * amplifiers_of(blocks),
        "resistors": table.resistor * resistors,
        "sample_and_holds": own.holds * lines * hold,
        "switches": own.switches * lines * table.switch,
    }
    if converters is not None and converters.dac_bits is not None:
        found["dacs"] = lines * table.dac
    if converters is not None and converters.adc_bits is not None:
        found["adcs"] = -(-lines // converters.adc_share) * table.adc
    return found
