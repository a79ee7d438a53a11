"""Area of a circuit, by algebra from the table."""

import math

import numpy as np
import pytest

from amc_circuits import InvCircuit
from amc_circuits.results.converters import Converters
from amc_circuits.results.cost import TABLE, ComponentAreas, areas, total_area
from netlists import Array, Buffers, Capacitors, Circuit, Hold, Limiter, OpAmps, Source, Switches, preset
from tests.cases import spd_matrix


def test_area_of_inv():
    """A pair has 2 N^2 cells, 2 N op-amps and 3 N resistors; conductance compensation N op-amps and N resistors."""
    paired, compensated = (InvCircuit.program(spd_matrix(5, 5, 1), topology=one) for one in ("paired", "compensated"))
    wanted = 50 * TABLE.cell + 10 * TABLE.op_amp + 15 * TABLE.resistor
    assert total_area(paired.circuit) == pytest.approx(wanted, rel=1e-12)
    balance = sum(np.count_nonzero(cells) for cells in compensated.balance.values())
    wanted = (50 + balance) * TABLE.cell + 5 * TABLE.op_amp + 5 * TABLE.resistor
    assert total_area(compensated.circuit) == pytest.approx(wanted, rel=1e-12)


def test_converters_are_counted_with_bits():
    """A DAC an input, an ADC for each group of outputs that share one; without bits none."""
    circuit = InvCircuit.program(np.eye(5) + 0.1).circuit
    found = areas(circuit, Converters(dac_bits=8, adc_bits=8, adc_share=2))
    assert (found["dacs"], found["adcs"]) == pytest.approx((5 * 438e-12, 3 * 1200e-12))
    assert areas(circuit, Converters()) == areas(circuit)


def test_capacitors_take_their_charge_and_missing_cells_nothing():
    """Capacitance by its density, also in a sample-and-hold; cells of zero conductance are not there."""
    parts = (
        Array("p", "v", "c", np.array([[1e-4, 0.0, 1e-4], [0.0, 0.0, 1e-5]])),
        OpAmps("amp", "v", "o", preset("single-pole")),
        Capacitors("cap", "c", "0", 2e-12),
        Capacitors("each", "o", "0", np.array([1e-12, 3e-12])),
        Switches("s", "o", "w", ("solve",), 1e3),
        Hold("h", "c", "k", capacitance=1e-12),
        Buffers("follow", "o", "m"),
    )
    groups = {"v": 2, "c": 3, "o": 2, "w": 2, "k": 3, "m": 2}
    table = ComponentAreas(cell=1e-12, op_amp=2e-10, capacitor_density=1e-3)
    found = areas(Circuit("test", groups, parts, (Source("c"),), "o"), table=table)
    assert found == pytest.approx({
        "cells": 3e-12, "op_amps": 4e-10, "buffers": 4e-10, "capacitors": 10e-12 / 1e-3, "switches": 2 * table.switch,
        "sample_and_holds": 3 * (table.sample_and_hold + 1e-12 / 1e-3),
    })  # fmt: skip


def test_an_ideal_limiter_has_no_area():
    """So that of its circuit is not known."""
    parts = (OpAmps("amp", "v", "o", preset("single-pole")), Array("p", "v", "m", np.full((1, 1), 1e-4)),
             Limiter("l", "o", "m", "clip", 0.5))  # fmt: skip
    circuit = Circuit("test", {"v": 1, "o": 1, "m": 1, "s": 1}, parts, (Source("s"),), "o")
    assert math.isnan(total_area(circuit))
    assert areas(circuit)["op_amps"] == TABLE.op_amp
