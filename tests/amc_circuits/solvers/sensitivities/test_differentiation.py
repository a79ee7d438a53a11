"""Derivatives of metrics: closed forms of one cell, and differences through the whole path."""

import cmath
import math
from dataclasses import replace

import numpy as np
import pytest

from amc_circuits import InvCircuit, MvmCircuit, ParameterError, UnusableSolutionError
from netlists import preset
from tests.amc_circuits.solvers.sensitivities.slopes import slope, solved
from tests.cases import spd_matrix, vector
from tests.family import draw

SINGLE = preset("single-pole").replace(open_loop_gain=1e3)
LAGGING = preset("cmos-100meg").replace(second_pole=3e8, input_capacitance=100e-15, open_loop_gain=1e3)
DESIGNS = {
    "single-pole": {"opamp": SINGLE},
    "macro": {"opamp": preset("cmos-100meg")},
    "second pole, input capacitance": {"opamp": LAGGING},
    "wires": {"opamp": preset("cmos-100meg"), "wire_resistance": 20.0},
    "both ends": {"opamp": LAGGING, "wire_resistance": 20.0, "contacts": "both"},
    "lumped lines": {"opamp": LAGGING, "wire_resistance": 5.0, "line_capacitance": 5e-15, "line_model": "lumped"},
    "lines reduced with the mesh": {"opamp": LAGGING, "wire_resistance": 20.0, "line_capacitance": 50e-15},
    "offsets": {"opamp": LAGGING, "offset_spread": 1e-3, "seed": 3},
    "large outputs": {"opamp": preset("cmos-100meg"), "input_voltage": 0.5, "offset_spread": 1e-3},
}
METRICS = {"settling_time": 1e-3, "energy": 1e-3, "relative_error": 1e-6, "growth_rate": 1e-3}
"""Steps of differences: an error is as small as the changes of cells that it is sensitive to."""
MATRIX, VECTOR = spd_matrix(4, 6.0, 2), vector(4, 1)


def metric_of(circuit, name):
    """A metric of a solved circuit, apart from the code under test."""
    if name == "growth_rate":
        return circuit.stability.growth_rate
    if name == "relative_error":
        wanted = np.linalg.solve(circuit.matrix, VECTOR)
        scale = solved(circuit, VECTOR).attempts[0][-1].scale
        outputs = circuit.linear.steady("c", scale * VECTOR[:, None])[:, 0]
        return np.linalg.norm(circuit.gain * outputs / scale - wanted) / np.linalg.norm(wanted)
    solution = solved(circuit, VECTOR)
    return solution.settling_time if name == "settling_time" else solution.energy.total


def programmed(**fields):
    """An INV circuit in the exact engine."""
    return InvCircuit.program(MATRIX, engine="exact", **fields)


@pytest.mark.parametrize(
    ("design", "metric"),
    [(design, metric) for design in DESIGNS for metric in METRICS if (design, metric) != ("single-pole", "energy")],
)
def test_cells_have_the_slopes_of_the_whole_path(design, metric):
    """The circuit is programmed again with all cells changed at random, and solved."""
    fields = DESIGNS[design]
    circuit, rng = programmed(**fields), np.random.default_rng(7)
    changes = [rng.standard_normal(MATRIX.shape) for _ in range(2)]
    found = circuit.sensitivity(VECTOR, metric)
    predicted = sum(
        (found.shares(name, "conductance") * change).sum() for name, change in zip("pn", changes, strict=True)
    )
    held = circuit.mapping

    def changed(share):
        positive, negative = (
            cells * (1 + share * change) for cells, change in zip((held.positive, held.negative), changes, strict=True)
        )
        mapping = replace(held, positive=positive, negative=negative)
        return metric_of(programmed(**fields, conductances=mapping), metric)

    assert found.value == pytest.approx(metric_of(circuit, metric), rel=1e-8)
    assert predicted == pytest.approx(slope(changed, METRICS[metric]) / found.value, rel=1e-6)


@pytest.mark.parametrize("wrong", [0.0, 0.2])
def test_a_small_error_has_derivatives_of_a_short_range(wrong):
    """One cell, written right or 20 % too high, and 1 % less of it; the error is `|1/((1 + wrong)(1 - 0.01)) - 1|`.

    Of the right one the slope would make the error negative.
    """
    fields = {"engine": "exact", "opamp": SINGLE.replace(open_loop_gain=1e7)}
    mapping = InvCircuit.program([[2.0]], **fields).mapping
    held = replace(mapping, positive=mapping.positive * (1 + wrong))
    found = InvCircuit.program([[2.0]], **fields, conductances=held).sensitivity([1.0], "relative_error")
    predicted = found.value * (1 - 0.01 * found.shares("p", "conductance")[0, 0])
    after = abs(1 / ((1 + wrong) * 0.99) - 1)
    assert found.value == pytest.approx(abs(1 / (1 + wrong) - 1), abs=1e-6)
    assert predicted == pytest.approx(after if wrong else -after, rel=0.02)
    assert bool(found.notes) == (not wrong)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("field", ["gbwp", "open_loop_gain", "second_pole", "output_resistance", "input_capacitance"])
def test_op_amps_have_the_slopes_of_the_whole_path(field, metric):
    """Of all op-amps together; each has its own entry."""
    found = programmed(opamp=LAGGING).sensitivity(VECTOR, metric)
    assert found.of("amp", field).shape == found.of("inv", field).shape == (4,)
    predicted = sum(found.shares(part, field).sum() for part in ("amp", "inv"))

    def changed(share):
        record = LAGGING.replace(**{field: getattr(LAGGING, field) * (1 + share)})
        return metric_of(programmed(opamp=record), metric)

    assert predicted == pytest.approx(slope(changed) / found.value, rel=1e-6, abs=1e-10)


@pytest.mark.parametrize("field", ["cmrr", "input_offset", "input_coupling", "offsets"])
def test_inputs_of_op_amps_have_the_slopes_of_the_whole_path(field):
    """In the compensated circuit, whose op-amps have both inputs away from ground; `offsets`: by CMRR beside these."""
    opamp = LAGGING.replace(cmrr=1e3, input_coupling=20e-15, input_offset=5e-4)
    fields = {"topology": "compensated", "fixed_scale": True, "input_voltage": 0.02, "wire_resistance": 5.0}
    if field == "offsets":
        fields, field = {**fields, "offset_spread": 1e-3, "seed": 3}, "cmrr"

    def circuit(share):
        return programmed(opamp=opamp.replace(**{field: getattr(opamp, field) * (1 + share)}), **fields)

    metrics = ("settling_time", "relative_error") if field == "input_offset" else METRICS
    for metric in metrics:
        found = circuit(0.0).sensitivity(VECTOR, metric)
        predicted = sum(found.shares(part, field).sum() for part in found.derivatives if field in found.values[part])
        wanted = slope(lambda share, metric=metric: metric_of(circuit(share), metric)) / found.value
        assert predicted == pytest.approx(wanted, rel=1e-6, abs=1e-9), metric


@pytest.mark.parametrize("metric", ["settling_time", "energy", "growth_rate"])
@pytest.mark.parametrize("wires", [{}, {"wire_resistance": 20.0}])
def test_conductors_have_the_slopes_of_the_whole_path(metric, wires):
    """Of the input conductance, and of both resistors of the inverters; neither metric has a read-out gain."""
    circuit = programmed(opamp=LAGGING, **wires)
    found, own = circuit.sensitivity(VECTOR, metric), circuit.design.input_conductance
    of_input = slope(
        lambda share: metric_of(programmed(opamp=LAGGING, **wires, input_conductance=own * (1 + share)), metric)
    )
    assert found.shares("in", "siemens").sum() == pytest.approx(of_input / found.value, rel=1e-6)
    changed = lambda share: programmed(opamp=LAGGING, **wires, inverter_resistance=10e3 / (1 + share))  # noqa: E731
    of_inverters = slope(lambda share: metric_of(changed(share), metric)) / found.value
    both = found.shares("inva", "siemens").sum() + found.shares("invb", "siemens").sum()
    assert both == pytest.approx(of_inverters, rel=1e-6)


def test_equal_slowest_poles_have_the_slope_between_both_sides():
    """The end of the slot follows the slower one, which has a kink: central differences give the mean, to 1st order."""
    matrix, b, change = np.eye(3) + 0.1, [1.0, 0.5, 0.2], np.random.default_rng(0).standard_normal((3, 3))
    fields = {"engine": "exact", "opamp": LAGGING}
    circuit = InvCircuit.program(matrix, **fields)
    found, held = circuit.sensitivity(b, "settling_time"), circuit.mapping

    def changed(share):
        mapping = replace(held, positive=held.positive * (1 + share * change))
        return solved(InvCircuit.program(matrix, **fields, conductances=mapping), b).settling_time

    predicted = (found.shares("p", "conductance") * change).sum()
    assert predicted == pytest.approx(slope(changed) / found.value, rel=1e-4)


def test_mvm_has_the_slopes_of_the_whole_path():
    """Sources that deliver currents to both arrays count in the energy."""
    fields = {"engine": "exact", "opamp": LAGGING, "wire_resistance": 10.0, "line_capacitance": 20e-15}
    circuit = MvmCircuit.program(MATRIX, **fields)
    found, held = circuit.sensitivity(VECTOR, "energy"), circuit.mapping

    def changed(share):
        mapping = replace(held, positive=held.positive * (1 + share))
        return metric_of(MvmCircuit.program(
            MATRIX, **fields, conductances=mapping, feedback_conductance=circuit.design.feedback_conductance
        ), "energy")  # fmt: skip

    assert found.shares("p", "conductance").sum() == pytest.approx(slope(changed) / found.value, rel=1e-6)


def test_modes_of_very_different_speed_leave_the_slopes_of_the_whole_path():
    """GINV by fast op-amps with wires: fast modes that nearly cancel at their start, beside slow ones that ring."""
    programmed_once, b = draw("ginv", "compensated", 25)
    record, step = programmed_once.hardware.opamp, 3e-3

    def circuit(share):
        opamp = record.replace(output_resistance=record.output_resistance * (1 + share))
        return replace(programmed_once, hardware=programmed_once.hardware.replace(opamp=opamp))

    found = programmed_once.sensitivity(b, "settling_time")
    predicted = sum(found.shares(part, "output_resistance").sum() for part in ("row", "column"))
    changed = slope(lambda share: solved(circuit(share), b).settling_time, step) / found.value
    assert predicted == pytest.approx(changed, rel=1e-6)


def settled(pole, rise=100e-12, tolerance=0.01):
    """Settling time of one exponential after a ramp, read in the slot of the circuit, s.

    After the middle of the ramp the output is `1 - c exp(-pole t)`; its final value is that at the end of the slot.
    """
    half = pole * rise / 2
    c = cmath.sinh(half) / half
    end = 1.25 * cmath.log(30 / tolerance) + pole * 2 * rise - half
    return cmath.log(c / (tolerance + (1 - tolerance) * c * cmath.exp(-end))) / pole


def test_one_cell_has_its_closed_forms():
    """One pole, `w_T (1/A0 + G/(G + G_in))`: settling time `ln(1/tolerance)` over it, growth rate, error of gain."""
    gain, g, g_in = 1e3, 40e-6, 60e-6
    circuit = InvCircuit.program([[1.0]], engine="exact", opamp=SINGLE, g_max=g, input_conductance=g_in)
    w_t, feedback = SINGLE.unity_gain_frequency, g / (g + g_in)
    pole = w_t * (1 / gain + feedback)
    slopes = {
        ("p", "conductance"): w_t * g_in / (g + g_in) ** 2,
        ("in", "siemens"): -w_t * g / (g + g_in) ** 2,
        ("amp", "gbwp"): pole / SINGLE.gbwp,
        ("amp", "open_loop_gain"): -w_t / gain**2,
    }
    of_pole = settled(pole * (1 + 1e-20j)).imag / (pole * 1e-20)
    time, growth = (circuit.sensitivity([1.0], name) for name in ("settling_time", "growth_rate"))
    assert time.value == pytest.approx(settled(pole).real, rel=1e-9)
    assert time.value == pytest.approx(math.log(100) / pole, rel=6e-3)
    assert growth.value == pytest.approx(-pole, rel=1e-12)
    for (part, field), slope_of_pole in slopes.items():
        assert time.of(part, field) == pytest.approx(of_pole * slope_of_pole, rel=1e-6)
        assert growth.of(part, field) == pytest.approx(-slope_of_pole, rel=1e-12)
    error = circuit.sensitivity([1.0], "relative_error")
    assert error.value == pytest.approx(1 / (1 + gain * feedback), rel=1e-9)
    assert error.of("amp", "open_loop_gain") == pytest.approx(-feedback / (1 + gain * feedback) ** 2, rel=1e-9)
    assert error.of("amp", "gbwp") == pytest.approx(0, abs=1e-20)


def test_supplies_have_their_closed_forms():
    """A further ampere from rail to rail delivers `2 V_s` until the settling time; it has no other effect."""
    opamp = preset("cmos-100meg")
    circuit = programmed(opamp=opamp)
    found, time = circuit.sensitivity(VECTOR, "energy"), solved(circuit, VECTOR).settling_time
    np.testing.assert_allclose(found.of("amp", "quiescent_current"), 2 * opamp.supply_voltage * time, rtol=1e-8)
    assert found.of("inv", "supply_voltage").sum() + found.of("amp", "supply_voltage").sum() == pytest.approx(
        found.value / opamp.supply_voltage, rel=1e-2
    )


def test_conductances_of_one_scale_change_nothing():
    """Ideal outputs and wires: a common factor on all conductances leaves settling time, growth rate and error."""
    circuit = programmed(opamp=SINGLE)
    for metric in ("settling_time", "growth_rate", "relative_error"):
        found = circuit.sensitivity(VECTOR, metric)
        shares = [found.shares(part, field) for part, field in (
            ("p", "conductance"), ("n", "conductance"), ("in", "siemens"), ("inva", "siemens"), ("invb", "siemens")
        )]  # fmt: skip
        size = sum(np.abs(share).sum() for share in shares)
        assert sum(share.sum() for share in shares) == pytest.approx(0, abs=1e-9 * size)


def test_the_largest_come_first():
    """By the size of their shares; places point at the elements."""
    found = programmed(opamp=LAGGING).sensitivity(VECTOR, "settling_time")
    listed = found.largest(7)
    assert [abs(one.share) for one in listed] == sorted((abs(one.share) for one in listed), reverse=True)
    for one in listed:
        assert found.shares(one.part, one.field)[one.place] == one.share
    assert abs(listed[0].share) == max(
        np.abs(found.shares(part, field)).max() for part, fields in found.derivatives.items() for field in fields
    )


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        (lambda: programmed(opamp=LAGGING).sensitivity(VECTOR, "overshoot"), "metric"),
        (lambda: programmed(opamp=SINGLE).sensitivity(VECTOR, "energy"), "metric"),
        (lambda: programmed(opamp=SINGLE).sensitivity(np.eye(4), "settling_time"), "vectors"),
        (lambda: programmed(opamp=SINGLE).sensitivity(np.zeros(4), "settling_time"), "vectors"),
        (lambda: programmed(opamp=SINGLE).sensitivity(VECTOR, "energy").of("q", "siemens"), "metric"),
        (lambda: programmed(opamp=SINGLE).sensitivity(VECTOR, "settling_time").of("amp", "slew_rate"), "field"),
        (
            lambda: InvCircuit.program(MATRIX, device="ideal", opamp="cmos-100meg-transistor").sensitivity(
                VECTOR, "settling_time"
            ),
            "circuit",
        ),
    ],
)
def test_what_has_no_derivative_is_refused(call, parameter):
    """By the name of what cannot be used."""
    with pytest.raises(ParameterError) as raised:
        call()
    assert raised.value.parameter == parameter


def test_an_unstable_circuit_has_a_growth_rate_alone():
    """It never settles."""
    circuit = InvCircuit.program([[0.2, -1.0], [1.0, 0.2]], engine="exact")
    assert circuit.sensitivity([1.0, 0.5], "growth_rate").value > 0
    with pytest.raises(UnusableSolutionError, match="UNSTABLE"):
        circuit.sensitivity([1.0, 0.5], "settling_time")
