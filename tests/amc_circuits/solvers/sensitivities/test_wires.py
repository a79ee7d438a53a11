"""Derivatives by wires: differences through the whole path, of one array at a time."""

from dataclasses import replace

import numpy as np
import pytest

from amc_circuits import GinvCircuit, InvCircuit, MvmCircuit
from netlists import Array, preset
from tests.amc_circuits.solvers.sensitivities.slopes import slope, solved
from tests.cases import spd_matrix, vector

OPAMP = preset("cmos-100meg").replace(second_pole=3e8, input_capacitance=100e-15, open_loop_gain=1e3)
WIRES = {"wire_resistance": 20.0, "line_capacitance": 20e-15}
METRICS = ("settling_time", "energy", "relative_error", "growth_rate")
ROUNDING = np.array([1e-11, 1e-11, 1e-6, 1e-11])
"""Errors of relative changes from differences, by rounding: a relative error is a small difference of answers."""
TALL = np.array([[1.0, 0.2], [-0.5, 0.9], [0.3, 0.4], [0.6, -0.1]])
SQUARE = {size: spd_matrix(size, 4.0, 2) if size > 1 else np.array([[1.0]]) for size in (1, 2, 3, 4)}
CASES = {
    **{f"INV {size}": (InvCircuit, matrix, {}) for size, matrix in SQUARE.items()},
    **{f"MVM {size}": (MvmCircuit, matrix, {}) for size, matrix in SQUARE.items()},
    **{f"GINV {size}": (GinvCircuit, TALL[:size, : (size + 1) // 2], {}) for size in (1, 2, 3, 4)},
    "INV both ends": (InvCircuit, SQUARE[3], {"contacts": "both"}),
    "INV lumped": (InvCircuit, SQUARE[3], {"line_model": "lumped"}),
    "MVM lumped, both ends": (MvmCircuit, SQUARE[3], {"contacts": "both", "line_model": "lumped"}),
    "INV compensated": (InvCircuit, SQUARE[3], {"topology": "compensated"}),
    "MVM compensated": (MvmCircuit, SQUARE[3], {"topology": "compensated"}),
    "GINV compensated": (GinvCircuit, TALL, {"topology": "compensated"}),
    "INV without resistance": (InvCircuit, SQUARE[3], {"wire_resistance": 0.0}),
    "INV without capacitance": (InvCircuit, SQUARE[3], {"line_capacitance": 0.0}),
}


def programmed(case, name="", field="", share=0.0):
    """A circuit in which one array has other wires, the cells and all else being the same."""
    of, matrix, fields = CASES[case]

    class Changed(of):
        @property
        def circuit(self):
            own = super().circuit
            return replace(own, parts=tuple(with_wires(part) if part.name == name else part for part in own.parts))

    def with_wires(array):
        wires = array.interconnect
        return replace(array, interconnect=wires.replace(**{field: getattr(wires, field) * (1 + share)}))

    return Changed.program(matrix, engine="exact", opamp=OPAMP, **(WIRES | fields))


def metrics_of(circuit, b):
    """All metrics of a solved circuit, apart from the code under test."""
    solution, levels, scale = solved(circuit, b), circuit.driven_levels(b[:, None]), circuit.input_levels(b[:, None])[1]
    wanted, unit = circuit.question(b).target[:, 0], float(scale[0])
    assert solution.attempts[0][-1].scale == unit
    wrong = circuit.gain / unit * circuit.linear.steady(circuit.circuit.outputs, levels)[:, 0] - wanted
    error = np.linalg.norm(wrong) / np.linalg.norm(wanted)
    return np.array([solution.settling_time, solution.energy.total, error, circuit.stability.growth_rate])


@pytest.mark.parametrize("case", CASES)
def test_wires_have_the_slopes_of_the_whole_path(case):
    """By the resistance and the capacitance of the wires of each array; what is 0 has no derivative."""
    circuit = programmed(case)
    b = vector(circuit.matrix.shape[of_rows(case)], 1)
    differentiated = circuit.differentiated(b)
    found = [differentiated.of(metric) for metric in METRICS]
    sizes = np.array([one.value for one in found])
    np.testing.assert_allclose(sizes, metrics_of(circuit, b), rtol=1e-8)
    for array in circuit.circuit.of(Array):
        present = [field for field in WIRES if getattr(array.interconnect, field) > 0]
        for one in found:
            assert one.derivatives[array.name].keys() == one.values[array.name].keys() == {"conductance", *present}
        for field in present:
            at = array.name, field
            changed = slope(lambda share, at=at: metrics_of(programmed(case, *at, share), b)) / sizes
            predicted = np.array([float(one.shares(*at)) for one in found])
            bound = 1e-6 * np.abs(changed) + ROUNDING
            assert np.all(np.abs(predicted - changed) <= bound), (at, predicted, changed)
            assert field == "wire_resistance" or predicted[2] == 0  # no current flows into a capacitor at rest


def of_rows(case):
    """Axis of the matrix that is as long as the right-hand side."""
    return 1 if CASES[case][0] is MvmCircuit else 0
