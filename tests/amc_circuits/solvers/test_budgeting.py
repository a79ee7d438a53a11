"""Error budgets: each cause against a circuit that has only that cause, all of them against the circuit itself."""

import numpy as np
import pytest

from amc_circuits import Device, InvCircuit, MvmCircuit, Status
from amc_circuits.linear.static import ALL_EFFECTS, Effects, StaticCircuit
from amc_circuits.results.budget import CAUSES
from amc_circuits.results.converters import Converters, lsb
from amc_circuits.results.measurement import relative_error
from amc_circuits.results.solution import UnusableSolutionError
from netlists import SinglePoleOpAmp, preset
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close

SIZE = 8
POSITIVE, RIGHT = np.abs(spd_matrix(SIZE, 4, 1)) + np.eye(SIZE), vector(SIZE, 1)
SIGNED = spd_matrix(SIZE, 4, 1)
NEARLY_IDEAL = preset("cmos-100meg").replace(open_loop_gain=1e9, output_resistance=1e-3)
DEVICE = {"g_min": 2e-6, "g_max": 80e-6}
CELLS = {
    "levels": {"levels": 20},
    "limit_spread": {"limit_spread": 0.02},
    "programming_error": {"programming_error": "0.5%", "programming_error_scale": 2.0},
    "stuck_cells": {"stuck_on": 0.01, "stuck_off": 0.03},
    "drift": {"drift_exponent": 0.02, "drift_spread": 0.01, "drift_time": 1e4},
    "read_noise": {"read_noise": 0.02},
    "temperature": {"activation_energy": 0.05},
}
"""Every cause that is in the cells, larger than anything else."""
CIRCUIT = {
    "offset": {"offset_spread": 2e-3},
    "wires": {"wire_resistance": 3.0, "contacts": "both"},
    "dac": {"converters": Converters(dac_bits=4)},
    "adc": {"converters": Converters(adc_bits=5)},
}
"""Every other cause that is an argument of `program`."""
EVERYTHING = {
    "device": Device(**DEVICE, **{name: value for fields in CELLS.values() for name, value in fields.items()}),
    "offset_spread": 2e-3,
    "wire_resistance": 3.0,
    "contacts": "both",
    "converters": Converters(dac_bits=4, adc_bits=5),
    "temperature": 330.0,
}


def _solved(kind, matrix, right, **fields):
    fields = {"opamp": NEARLY_IDEAL, "engine": "exact", "seed": 3, "device": Device(**DEVICE)} | fields
    circuit = (InvCircuit if kind == "inv" else MvmCircuit).program(matrix, **fields)
    return circuit.answer(circuit.question(right))


@pytest.mark.parametrize("cause", [*CELLS, *CIRCUIT, "opamp_gain"])
@pytest.mark.parametrize("kind", ["inv", "mvm"])
def test_a_cause_alone_is_the_error_of_a_circuit_with_only_that_cause(kind, cause):
    """Each entry of a full budget is the error of its cause alone, if nothing is scaled down."""
    causes = {name: {"device": Device(**DEVICE, **fields)} for name, fields in CELLS.items()} | CIRCUIT
    alone = {"opamp_gain": {"opamp": preset("cmos-100meg").replace(open_loop_gain=200.0)}} | causes
    common = {"input_voltage": 0.02, "temperature": 330.0, "tolerance": 1e-4}
    everything = EVERYTHING | alone["opamp_gain"] | common
    if kind == "mvm" and cause not in CELLS:  # whose feedback follows what the cells hold
        everything |= {"device": Device(**DEVICE)}
    whole = _solved(kind, SIGNED, RIGHT, **everything)
    one = _solved(kind, SIGNED, RIGHT, **alone[cause], **common)
    assert whole.attempts[0][-1].scale == pytest.approx(one.attempts[0][-1].scale)
    budget = whole.budget()
    assert budget.causes[cause] > 5e-4
    assert_close(budget.causes[cause], one.relative_error, relative=1e-3)
    assert_close(one.budget().causes[cause], one.relative_error, relative=1e-3)
    if everything["device"] == EVERYTHING["device"]:
        assert {*budget.causes} == {*CELLS, *CIRCUIT, "opamp_gain", "settling"}


@pytest.mark.parametrize("kind", ["inv", "mvm"])
def test_all_causes_together_are_the_circuit_s_own_error(kind):
    """To rounding, in complex systems and scaled ones, too; several right-hand sides have an entry each."""
    rng = np.random.default_rng(2)
    turned = SIGNED + 1j * 0.2 * rng.standard_normal(SIGNED.shape)
    several = rng.standard_normal((SIZE, 3))
    milder = {"device": Device(**DEVICE, levels=60, programming_error="0.2%", drift_exponent=0.01, drift_time=1e4)}
    for matrix, right in ((SIGNED, RIGHT), (SIGNED, several), (turned, several), (SIGNED, several + 1j)):
        for scaling in ("none", "powers-of-two"):
            found = _solved(kind, matrix, right, **EVERYTHING | milder, scaling=scaling, input_voltage=0.05)
            budget = found.budget()
            assert_close(budget.together, found.relative_error, relative=1e-6)
            assert all(np.shape(value) == np.shape(found.relative_error) for value in budget.figures.values())


@pytest.mark.parametrize("kind", ["inv", "mvm"])
@pytest.mark.parametrize("seed", range(6))
def test_small_errors_add_at_most(kind, seed):
    """Together they are not more than their sum and, where one is far larger than all others, near that one."""
    fields = {
        "device": Device(**DEVICE, programming_error="0.05%", read_noise=1e-3, levels=2000),
        "wire_resistance": 0.05,
        "opamp": preset("cmos-100meg"),
        "seed": seed,
    }
    found = _solved(kind, SIGNED, RIGHT, **fields)
    budget = found.budget()
    at_rest = [error for name, error in budget.causes.items() if name != "settling"]
    assert budget.together <= 1.05 * sum(at_rest)
    loud = _solved(kind, SIGNED, RIGHT, **fields | {"wire_resistance": 5.0}).budget()
    assert loud.largest()[0][0] == CAUSES["wires"]
    others = sum(error for name, error in loud.causes.items() if name not in ("wires", "settling"))
    assert abs(loud.together - loud.causes["wires"]) <= 1.05 * others


def test_causes_are_ordered_by_size():
    """The largest first, in words."""
    budget = _solved("inv", SIGNED, RIGHT, **EVERYTHING).budget()
    found = budget.largest(0)
    assert [error for _, error in found] == sorted(
        (error for name, error in budget.causes.items() if name != "settling"), reverse=True
    )
    assert {name for name, _ in found} == {CAUSES[cause] for cause in budget.causes if cause != "settling"}


@pytest.mark.parametrize("kind", ["inv", "mvm"])
def test_lifted_cells_are_a_cause(kind):
    """A single array whose cells cannot go low enough: the wanted matrix is that before lifting."""
    matrix = np.eye(SIZE) + 0.05 * np.eye(SIZE, k=1) + 0.05 * np.eye(SIZE, k=-1)
    found = _solved(kind, matrix, RIGHT, pair="never", device=Device())
    held = np.maximum(matrix, 0.01)
    answer = np.linalg.solve(held, RIGHT) if kind == "inv" else held @ RIGHT
    wanted = np.linalg.solve(matrix, RIGHT) if kind == "inv" else matrix @ RIGHT
    assert_close(found.budget().causes["lifting"], float(relative_error(answer, wanted)), relative=1e-9)
    assert "lifting" not in _solved(kind, matrix, RIGHT, pair="always", device=Device()).budget().causes


def test_reading_at_the_settling_time_is_off_by_the_tolerance():
    """The largest output is then the tolerance away from its end, so in the 2-norm the error is at most that."""
    for tolerance in (0.1, 0.01, 1e-3):
        found = _solved("inv", np.eye(3), [1.0, 1.0, 1.0], tolerance=tolerance)
        assert_close(found.budget().causes["settling"], tolerance, relative=0.02)


def test_the_dac_s_entry_is_that_of_rounded_inputs():
    """Against rounding by hand."""
    budget = _solved("inv", SIGNED, RIGHT, converters=Converters(dac_bits=4)).budget()
    step = lsb(4, np.abs(RIGHT).max())
    rounded = np.linalg.solve(SIGNED, step * np.rint(RIGHT / step))
    assert_close(budget.causes["dac"], float(relative_error(rounded, np.linalg.solve(SIGNED, RIGHT))), relative=1e-6)


@pytest.mark.parametrize("voltage", [1.0, 0.2, 0.05])
def test_cells_that_are_not_linear_have_a_closed_form(voltage):
    """With ideal op-amps and wires: linear cells with `V0 sinh(c/V0)` on their bit lines; in MVM on the inputs."""
    design = InvCircuit.program(SIGNED, device=Device(nonlinearity_voltage=voltage)).design
    levels = 0.1 * np.column_stack([RIGHT, RIGHT[::-1]])
    arrays = list(design.arrays)
    linear = StaticCircuit(design.circuit, arrays, Effects()).outputs(levels)
    bent = StaticCircuit(design.circuit, arrays, Effects(nonlinearity=True)).outputs(levels)
    assert_close(bent, voltage * np.arcsinh(linear / voltage), relative=1e-5)
    design = MvmCircuit.program(SIGNED, device=Device(nonlinearity_voltage=voltage)).design
    arrays = list(design.arrays)
    linear = StaticCircuit(design.circuit, arrays, Effects()).outputs(voltage * np.sinh(levels / voltage))
    bent = StaticCircuit(design.circuit, arrays, Effects(nonlinearity=True)).outputs(levels)
    assert_close(bent, linear, relative=1e-5)


@pytest.mark.parametrize("kind", ["inv", "mvm"])
@pytest.mark.parametrize("resistance", [0.0, 5.0])
def test_cells_that_are_not_linear_rest_where_ngspice_says(kind, resistance):
    """With wires and real op-amps; voltages within what a simulation resolves."""
    fields = {
        "engine": "ngspice",
        "opamp": preset("cmos-100meg"),
        "device": Device(nonlinearity_voltage=0.2),
        "wire_resistance": resistance,
    } | ({"interconnect": "flat"} if resistance else {})
    found = _solved(kind, SIGNED[:4, :4], RIGHT[:4], **fields)
    assert found.usable
    budget = found.budget()
    assert budget.causes["nonlinearity"] > 0.01
    assert_close(budget.together, found.relative_error, relative=2e-3)


@pytest.mark.parametrize("kind", [InvCircuit, MvmCircuit])
@pytest.mark.parametrize("opamp", ["single-pole", "cmos-100meg"])
@pytest.mark.parametrize("matrix", [SIGNED, POSITIVE], ids=["signed", "positive"])
def test_the_circuit_at_rest_is_the_one_that_transients_end_in(kind, opamp, matrix):
    """Kirchhoff's laws written for rest alone, and the linear circuit of the engines."""
    offset = {} if opamp == "single-pole" else {"input_offset": 1e-3}
    circuit = kind.program(
        matrix,
        opamp=preset(opamp).replace(open_loop_gain=500.0, **offset),
        engine="exact",
        wire_resistance=5,
        contacts="both",
        offset_spread=2e-3,
    )
    levels = 0.1 * np.column_stack([RIGHT, RIGHT[::-1]])
    found = StaticCircuit(circuit.circuit, list(circuit.design.arrays), ALL_EFFECTS).outputs(levels)
    assert_close(found, circuit.linear.steady(circuit.linear.outputs, levels), relative=1e-9)


def test_cells_of_a_file_are_one_cause():
    """Programmed cells against the cells of the matrix are one entry of the budget."""
    wrong = InvCircuit.program(SIGNED, device=Device(**DEVICE, programming_error="2%"), seed=5)
    found = _solved("inv", SIGNED, RIGHT, device=Device(), conductances=wrong.mapping)
    budget = found.budget()
    assert {*budget.causes} == {"cells", "opamp_gain", "settling"}
    assert_close(budget.causes["cells"], found.relative_error, relative=1e-3)


def test_zero_has_no_budget_and_neither_has_what_is_unstable():
    """A zero is right without an error; the other has no rest to be wrong at."""
    found = _solved("inv", SIGNED, np.column_stack([RIGHT, 0 * RIGHT]))
    assert all(value[1] == 0 < value[0] for value in found.budget().figures.values())
    unstable = _solved("inv", np.array([[0.2, -1.0], [1.0, 0.2]]), [1.0, 0.0])
    assert unstable.status is Status.UNSTABLE
    with pytest.raises(UnusableSolutionError, match="no error budget"):
        unstable.budget()


def test_a_wrong_answer_that_settled_names_its_causes():
    """Above 5 %, and in the right-hand side that is worst."""
    small = _solved("inv", SIGNED, RIGHT)
    assert small.relative_error < 0.05 and small.error_note == ""
    found = _solved("inv", SIGNED, np.column_stack([RIGHT, RIGHT[::-1]]), **EVERYTHING)
    assert found.usable and np.max(found.relative_error) > 0.05
    worst = int(np.argmax(found.relative_error))
    name, error = found.budget().largest(worst)[0]
    assert f"in right-hand side {worst + 1} of 2" in found.error_note
    assert f"each alone: {name} {100 * error:.3g} %," in found.error_note


def test_causes_below_a_thousandth_of_the_error_are_not_named():
    """Op-amps of gain 1e12 take 1e-12 of an answer that lifted cells spoil."""
    opamp = SinglePoleOpAmp(open_loop_gain=1e12, gbwp=1e8)
    fields = {"opamp": opamp, "device": Device(g_min=40e-6, g_max=80e-6), "pair": "never"}
    found = _solved("inv", np.array([[1.0, 0.0], [0.0, 1.0]]), [1.0, 0.5], **fields)
    assert found.budget().causes["opamp_gain"] < 1e-10 < 0.05 < found.budget().causes["lifting"]
    assert "each alone: cells lifted to g_min" in found.error_note and "gain" not in found.error_note
