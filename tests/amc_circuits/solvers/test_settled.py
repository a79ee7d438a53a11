"""Values and settling times without all other readings: closed forms, and the numbers of a whole solve."""

import numpy as np
import pytest

from amc_circuits.cells.devices import Device
from amc_circuits.results.converters import Converters
from amc_circuits.solvers.answers.settled import SettledValues
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.mvm import MvmCircuit
from netlists import SinglePoleOpAmp, preset
from tests.cases import spd_matrix

GAIN, GBWP, RISE = 1e4, 50e6, 2e-9
OPAMP = SinglePoleOpAmp(open_loop_gain=GAIN, gbwp=GBWP)
SIGNED = spd_matrix(4, 10, 3) * np.where(np.eye(4), 1, -1)


def test_one_cell_settles_as_its_pole_says():
    """A cell G at an input G: `c' = -w_T (c/2 + v/2 + c/A0)`; a ramp leaves `sinh(x)/x` of a step, `x = p rise/2`.

    The final value is that at the end of the slot, where a part of the response is left.
    """
    circuit = InvCircuit.program([[2.0]], opamp=OPAMP, engine="exact", rise_time=RISE, tolerance=0.01)
    found = circuit.settled([[1.0, -3.0]])
    pole = 2 * np.pi * GBWP * (0.5 + 1 / GAIN)
    x = pole * RISE / 2
    part = np.sinh(x) / x
    left = part * np.exp(-pole * (circuit.timing.slot_time - RISE / 2))
    settled = np.log(part / (0.01 * (1 - left) + left)) / pole
    assert found.settling_time == pytest.approx(np.full(2, settled), rel=1e-8)
    assert found.value == pytest.approx(np.array([[0.5, -1.5]]) / (1 + 2 / GAIN) * (1 - left), rel=1e-8)
    assert repr(found).startswith("SettledValues(")


@pytest.mark.parametrize(
    ("program", "matrix", "fields"),
    [
        (InvCircuit.program, SIGNED, {"device": Device(programming_error=1e-6), "seed": 3}),
        (InvCircuit.program, spd_matrix(4, 100, 3), {"wire_resistance": 1.0}),
        (MvmCircuit.program, SIGNED[:, :3], {"scaling": "none"}),
    ],
    ids=["inv", "wires", "mvm"],
)
def test_values_and_times_are_those_of_a_whole_solve(program, matrix, fields):
    """Bit for bit but for the number of columns in a product."""
    circuit, columns = program(matrix, opamp=OPAMP, engine="exact", **fields), np.eye(4)[:, :3] + 0.1
    columns = columns[: matrix.shape[1]] if program == MvmCircuit.program else columns
    found, wanted = circuit.settled(columns), circuit.solve(columns)
    assert isinstance(found, SettledValues) and wanted.usable
    assert found.value == pytest.approx(wanted.value, rel=1e-13, abs=1e-15)
    assert found.settling_time == pytest.approx(wanted.settling_time, rel=1e-12)


@pytest.mark.parametrize(
    "fields",
    [
        {"opamp": preset("cmos-100meg")},
        {"engine": "auto"},
        {"start": "previous"},
        {"matrix": -np.eye(4)},
        {"columns": np.diag([1.0, 1.0, 1.0, 0.0])},
        {"columns": np.ones(4)},
        {"columns": np.eye(4) * 1j},
        {"opamp": OPAMP.replace(common_mode_range=0.5)},
        {"device": Device(nonlinearity_voltage=0.2)},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_only_a_whole_solve_knows_what_else_there_is(fields):
    """Limits, other engines, columns that are none, growth, cells that bend."""
    fields = {"opamp": OPAMP, "engine": "exact", "matrix": SIGNED, "columns": np.eye(4), **fields}
    columns = fields.pop("columns")
    assert InvCircuit.program(fields.pop("matrix"), **fields).settled(columns) is None


def test_a_value_beyond_the_converters_is_left_to_a_whole_solve():
    """Outputs of the input full scale, 0.1 V, at two ranges of the ADCs."""
    for most, clipped in ((0.2, False), (0.05, True)):
        circuit = InvCircuit.program(
            np.eye(2), opamp=OPAMP, engine="exact", converters=Converters(adc_bits=8, adc_range=most)
        )
        assert (circuit.settled(np.eye(2)) is None) == clipped
        assert circuit.solve(np.eye(2)).status.name == ("CLIPPED" if clipped else "SETTLED")
