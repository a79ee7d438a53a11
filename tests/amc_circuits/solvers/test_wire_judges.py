"""Circuits with wires against judges that share no code with them: badcrossbar's record and Kirchhoff's laws.

Each bound is some ten times the disagreement that was seen, which for the linear circuit is 3e-13, for ngspice 1e-10.
Op-amps with limits in reach saturate smoothly, which is no part of the linear laws: 8e-7, and 1e-10 without limits.
"""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from amc_circuits.results.observation import observe
from amc_circuits.results.solution import Status
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.mvm import MvmCircuit
from netlists import SinglePoleOpAmp, preset
from netlists.arrays.mesh import array_state
from netlists.arrays.reduction import reduce_array
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close, assert_within
from tests.kirchhoff import array_at_rest, inv_at_rest, mvm_at_rest
from tests.runs import waveforms

RECORD = Path(__file__).parents[2] / "recorded" / "badcrossbar.npz"
SIZES = ("3x3", "4x7", "16x16", "32x32", "64x64")
SEGMENTS = (0.5, 1.73, 20.0)
STIFF = SinglePoleOpAmp(open_loop_gain=1e12, gbwp=100e6)
"""Its finite gain changes an MVM by some 1e-12."""
MACRO = preset("cmos-100meg").replace(open_loop_gain=3e3, output_resistance=300.0, input_offset=1e-3)
UNLIMITED = MACRO.replace(output_current_limit=1.0, slew_rate=1e12, output_swing=5.0, supply_voltage=5.0)
OPAMPS = {
    "single-pole": (SinglePoleOpAmp(open_loop_gain=3e3, gbwp=100e6), 1e-9),
    "macro": (MACRO, 5e-6),
    "unlimited": (UNLIMITED, 1e-9),
}
"""Of low gain, so that it matters, and what ngspice is held to."""
FINE = {"tolerance": 1e-7}
"""Slots until 1e-9 of the step is left, and a simulator tolerance of 1e-9."""


@pytest.fixture(scope="module")
def record():
    """What badcrossbar said: tests/record_badcrossbar.py."""
    with np.load(RECORD, allow_pickle=False) as stored:
        return dict(stored)


def recorded(record, size, segment):
    """Cells, inputs (M, K) and currents out of the word lines (N, K) of an array."""
    (place,) = np.flatnonzero(record["segments"] == segment)
    return record[f"cells_{size}"], record[f"inputs_{size}"], record[f"currents_{size}"][place]


def word_line_currents(cells, segment, inputs):
    """Out of the word lines, held at ground, of the reduced array: shape (N, K)."""
    rows = len(cells)
    grounded = np.vstack([np.zeros((rows, inputs.shape[1])), inputs])
    return -(reduce_array(cells, segment).laplacian @ grounded)[:rows]


def test_the_record_is_what_the_tests_take_it_for(record):
    """It holds the arrays named here, and in each the wires matter."""
    assert tuple(record["sizes"]) == SIZES
    assert tuple(record["segments"]) == SEGMENTS
    for size, segment in product(SIZES, SEGMENTS):
        cells, inputs, currents = recorded(record, size, segment)
        assert np.abs(cells @ inputs - currents).max() > 2e-4 * np.abs(currents).max()


@pytest.mark.parametrize("place", range(len(SEGMENTS)))
def test_kirchhoff_and_badcrossbar_agree_in_every_cell(record, place):
    """A segment between each terminal and its first cell, none beyond the last: both lines at every cell to 1e-10."""
    size = str(record["nodes_size"])
    n, m = record[f"cells_{size}"].shape
    rest = array_at_rest(record[f"cells_{size}"], np.zeros(n), record[f"inputs_{size}"][:, 0], SEGMENTS[place])
    for line in ("word", "bit"):
        wanted = record[f"{line}_{size}"][place]
        assert_close(rest.lines(line, 0, n, m), wanted, relative=1e-10, absolute=1e-13 * np.abs(wanted).max())


@pytest.mark.parametrize("place", range(len(SEGMENTS)))
def test_voltages_in_the_mesh_are_those_of_badcrossbar(record, place):
    """All inputs at once: both lines at every cell to 1e-10 for the recorded input, currents to 1e-8 for all."""
    size = str(record["nodes_size"])
    cells, inputs, currents = recorded(record, size, SEGMENTS[place])
    n = len(cells)
    state = array_state(cells, SEGMENTS[place], np.hstack([np.zeros((inputs.shape[1], n)), inputs.T]))
    for line, got in (("word", state.word_voltage[0]), ("bit", state.bit_voltage[0])):
        wanted = record[f"{line}_{size}"][place]
        assert_close(got, wanted, relative=1e-10, absolute=1e-13 * np.abs(wanted).max())
    assert_close(-state.terminal_current[:, :n].T, currents, relative=1e-8)


@pytest.mark.parametrize("size", SIZES)
def test_reduced_arrays_carry_the_currents_of_badcrossbar(record, size):
    """Each current to 1e-8 of itself (some nearly cancel), all of them to 1e-11 of the largest."""
    for segment in SEGMENTS:
        cells, inputs, currents = recorded(record, size, segment)
        got = word_line_currents(cells, segment, inputs)
        assert_close(got, currents, relative=1e-8)
        assert_close(got, currents, absolute=1e-11 * np.abs(currents).max())


def test_the_record_tells_orientations_apart(record):
    """An array mirrored in its rows or columns, or turned, is far from the record: the agreement is no symmetry."""
    cells, inputs, currents = recorded(record, "16x16", 20.0)
    mirrored = [
        word_line_currents(cells[::-1], 20.0, inputs)[::-1],
        word_line_currents(cells[:, ::-1], 20.0, inputs[::-1]),
        word_line_currents(cells[::-1, ::-1], 20.0, inputs[::-1])[::-1],
    ]
    for wrong in mirrored:
        assert np.abs(wrong - currents).max() > 1e-2 * np.abs(currents).max()


def mvm_of(cells, segment, **options):
    """The MVM circuit that is programmed with just these cells."""
    circuit = MvmCircuit.program(
        cells, opamp=STIFF, g_min=cells.min() / 2, g_max=cells.max(), wire_resistance=segment, **options
    )
    assert_close(circuit.design.conductance_positive, cells, relative=1e-15)
    return circuit


@pytest.mark.parametrize("size", SIZES)
def test_mvm_rests_where_badcrossbar_says(record, size):
    """Without a simulator: every output is `-I/G_f` to 1e-8 of itself."""
    for segment in SEGMENTS:
        cells, inputs, currents = recorded(record, size, segment)
        circuit = mvm_of(cells, segment)
        wanted = -currents / circuit.design.feedback_conductance
        assert_close(circuit.linear.steady("out", inputs), wanted, relative=1e-8)


@pytest.mark.parametrize(
    ("size", "segment", "form"),
    [
        *product(("3x3", "4x7"), SEGMENTS, ("flat", "reduced")),
        ("16x16", 1.73, "flat"),
        *product(("16x16",), SEGMENTS, ("reduced",)),
        ("32x32", 1.73, "reduced"),
    ],
)
def test_mvm_in_ngspice_ends_where_badcrossbar_says(record, size, segment, form):
    """Every output is `-I/G_f` to 1e-6 of itself."""
    cells, inputs, currents = recorded(record, size, segment)
    circuit = mvm_of(cells, segment, interconnect=form, **FINE)
    solution = circuit.matvec(inputs)
    assert solution.status is Status.SETTLED
    got = np.array([response.outputs[-1] for response in solution.responses]).T
    wanted = -currents / circuit.design.feedback_conductance * 0.1 / np.abs(inputs).max(axis=0)
    assert_close(got, wanted, relative=1e-6)


def inv_of(size, signed, **options):
    """An INV circuit of a positive definite matrix, with negative entries or without, and its input voltages (N,)."""
    matrix, b = spd_matrix(size, 5, size), vector(size, size)
    if signed:
        signs = np.where(np.arange(size) == 0, -np.sign(matrix[0, 1]), 1)
        matrix *= np.outer(signs, signs)
    else:
        matrix = np.abs(matrix) + 0.5 * np.eye(size)
    circuit = InvCircuit.program(matrix, inverter_resistance=1e3, **options)
    assert circuit.design.signed is signed
    return circuit, 0.1 * b / np.abs(b).max()


@pytest.mark.parametrize("name", ["single-pole", "macro"])
@pytest.mark.parametrize("contacts", ["one", "both"])
@pytest.mark.parametrize("signed", [True, False])
def test_inv_rests_where_kirchhoff_says(signed, contacts, name):
    """Without a simulator, N = 2 .. 8: outputs, sum nodes and inverters to 1e-9, gain, load and offset included."""
    for size, segment in product(range(2, 9), (0.0, 1.73, 20.0)):
        circuit, inputs = inv_of(size, signed, opamp=OPAMPS[name][0], contacts=contacts, wire_resistance=segment)
        rest = inv_at_rest(circuit.design, inputs)
        largest = np.abs(rest.group("c", size)).max()
        for group in ("c", "v", *(("d", "w") if signed else ())):
            got = circuit.linear.steady(group, inputs[:, None])[:, 0]
            assert_close(got, rest.group(group, size), absolute=1e-9 * largest)


@pytest.mark.parametrize(
    ("name", "form"), [*product(("single-pole", "macro"), ("flat", "reduced")), ("unlimited", "reduced")]
)
@pytest.mark.parametrize("contacts", ["one", "both"])
@pytest.mark.parametrize("signed", [True, False])
def test_inv_in_ngspice_ends_where_kirchhoff_says(signed, contacts, name, form):
    """Outputs at the end of the slot and the power of cells and wires, for N = 3 and 8."""
    opamp, bound = OPAMPS[name]
    for size in (3, 8):
        circuit, inputs = inv_of(
            size, signed, opamp=opamp, contacts=contacts, interconnect=form, wire_resistance=20.0, **FINE
        )
        rest = inv_at_rest(circuit.design, inputs)
        wanted = rest.group("c", size)
        job = circuit.job(inputs[:, None])
        seen = observe(circuit.circuit, waveforms(job), job.drive)
        assert_close(seen.outputs[-1], wanted, absolute=bound * np.abs(wanted).max())
        assert_within(float(seen.dissipated["array"][-1]), rest.array_power, 10 * bound)


@pytest.mark.parametrize("contacts", ["one", "both"])
@pytest.mark.parametrize("signed", [True, False])
def test_voltages_in_the_meshes_of_inv_are_those_of_kirchhoff(signed, contacts):
    """From the terminals alone, N = 2 .. 8: lines at every cell to 1e-10 of the largest voltage, and the power."""
    for size in range(2, 9):
        circuit, inputs = inv_of(size, signed, opamp=MACRO, contacts=contacts, wire_resistance=20.0)
        rest = inv_at_rest(circuit.design, inputs)
        power = 0.0
        for k, (cells, columns) in enumerate(zip(circuit.design.arrays, "cd", strict=False)):
            ends = np.concatenate([rest.group("v", size), rest.group(columns, size)])
            state = array_state(cells, 20.0, ends, contacts)
            for line, got in (("word", state.word_voltage), ("bit", state.bit_voltage)):
                assert_close(got, rest.lines(line, k, size, size), absolute=1e-10 * np.abs(ends).max())
            power += state.cell_power.sum() + float(state.wire_power)
        assert power == pytest.approx(rest.array_power, rel=1e-10)


@pytest.mark.parametrize("engine", ["ngspice", "state-space"])
@pytest.mark.parametrize("contacts", ["one", "both"])
def test_x_is_read_from_the_outputs(contacts, engine):
    """`x = -c G0/(G_in k alpha)` of Kirchhoff's outputs, signed, N = 6."""
    options = {"opamp": OPAMPS["single-pole"][0], "wire_resistance": 20.0, "engine": engine, **FINE}
    circuit, inputs = inv_of(6, True, contacts=contacts, **options)
    b = vector(6, 6)
    c = inv_at_rest(circuit.design, inputs).group("c", 6)
    unit = 99e-6 / circuit.design.input_conductance
    wanted = -c * unit * np.abs(b).max() / (0.1 * np.abs(spd_matrix(6, 5, 6)).max())
    assert_close(circuit.solve(b).value, wanted, absolute=1e-8 * np.abs(wanted).max())


@pytest.mark.parametrize("contacts", ["one", "both"])
@pytest.mark.parametrize("signed", [True, False])
def test_mvm_rests_where_kirchhoff_says(signed, contacts):
    """A 5 x 3 array or pair with op-amps of low gain, by algebra and in both kinds of deck."""
    matrix, x = np.random.default_rng(3).uniform(-1 if signed else 0, 1, (5, 3)), vector(3, 3)
    inputs = 0.1 * x / np.abs(x).max()
    for name, form in product(("single-pole", "macro"), ("flat", "reduced")):
        opamp, bound = OPAMPS[name]
        circuit = MvmCircuit.program(
            matrix, opamp=opamp, wire_resistance=20.0, contacts=contacts, interconnect=form, **FINE
        )
        assert circuit.design.signed is signed
        wanted = mvm_at_rest(circuit.design, inputs).group("out", 5)
        largest = np.abs(wanted).max()
        assert_close(circuit.linear.steady("out", inputs[:, None])[:, 0], wanted, absolute=1e-9 * largest)
        assert_close(circuit.matvec(x).responses[0].outputs[-1], wanted, absolute=bound * largest)


def outputs_by_algebra(segment):
    """Steady outputs of a signed 6 x 6 INV."""
    circuit, inputs = inv_of(6, True, opamp=OPAMPS["single-pole"][0], wire_resistance=segment)
    return circuit.linear.steady("c", inputs[:, None])[:, 0]


def outputs_in_ngspice(form):
    """The same at the end of a simulation."""

    def outputs(segment):
        options = {"wire_resistance": segment, "interconnect": form, **FINE}
        circuit, inputs = inv_of(6, True, opamp=OPAMPS["single-pole"][0], **options)
        job = circuit.job(inputs[:, None])
        return observe(circuit.circuit, waveforms(job), job.drive).outputs[-1]

    return outputs


@pytest.mark.parametrize(
    "outputs",
    [outputs_by_algebra, outputs_in_ngspice("flat"), outputs_in_ngspice("reduced")],
    ids=["algebra", "flat deck", "reduced deck"],
)
def test_the_error_of_wires_begins_at_nothing_and_is_of_first_order(outputs):
    """At r = 0 the array is ideal; `e(r)/e(r/2) = 2` to first order, and what is missing halves with r, too."""
    circuit, inputs = inv_of(6, True, opamp=OPAMPS["single-pole"][0])
    ideal = outputs(0.0)
    wanted = inv_at_rest(circuit.design, inputs).group("c", 6)
    assert_close(ideal, wanted, absolute=1e-9 * np.abs(wanted).max())
    errors = [np.linalg.norm(outputs(segment) - ideal) for segment in (4.0, 2.0, 1.0)]
    missing = [2 - errors[0] / errors[1], 2 - errors[1] / errors[2]]
    assert np.abs(missing).max() < 2e-3
    assert missing[0] / missing[1] == pytest.approx(2, rel=5e-3)


def test_an_array_without_wire_resistance_is_ideal():
    """At 0 ohm the reduced array is its cells, however contacted; at a micro-ohm it is so to 1e-7."""
    cells = np.random.default_rng(1).uniform(1e-6, 100e-6, (4, 6))
    ideal = np.zeros((10, 10))
    ideal[:4, 4:], ideal[4:, :4] = cells, cells.T
    for contacts in ("one", "both"):
        assert_close(reduce_array(cells, 0.0, contacts=contacts).conductance, ideal)
        assert_close(reduce_array(cells, 1e-6, contacts=contacts).conductance, ideal, absolute=1e-7 * cells.max())


def gram_error(size, g_max, segment, seeds=4):
    """Relative error of INV from wires alone, root mean square over positive Gram matrices with damping."""
    errors = []
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        factor = random.uniform(0, 1, (size, 2 * size))
        gram = factor @ factor.T / (2 * size)
        matrix, b = gram + np.trace(gram) / size * np.eye(size), random.uniform(-1, 1, (size, 1))
        ideal, real = (
            InvCircuit.program(
                matrix, opamp=STIFF, g_min=g_max / 1e6, g_max=g_max, wire_resistance=resistance
            ).linear.steady("c", b)
            for resistance in (0.0, segment)
        )
        errors.append(np.linalg.norm(real - ideal) / np.linalg.norm(ideal))
    return float(np.sqrt(np.mean(np.square(errors))))


def test_small_errors_of_wires_grow_with_the_square_of_the_size():
    """Lines twice as long carry twice the cells: about four times the error (Gram matrices, 35 uS, 0.1 ohm)."""
    errors = [gram_error(size, 35e-6, 0.1) for size in (16, 32, 64)]
    exponents = np.log2(np.divide(errors[1:], errors[:-1]))
    assert np.abs(exponents - 2).max() < 0.2, exponents


def test_small_errors_of_wires_grow_with_the_conductance():
    """Twice the conductance is twice the voltage along the wires; what counts is the product with their resistance."""
    small = gram_error(16, 35e-6, 0.1, seeds=2)
    assert_within(gram_error(16, 70e-6, 0.1, seeds=2), 2 * small, 0.01)
    assert_within(gram_error(16, 70e-6, 0.05, seeds=2), small, 1e-6)
