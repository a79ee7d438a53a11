"""Compensating cells are cells like all others: errors, levels, wires, budgets, stacks of trials, refusals."""

import numpy as np
import pytest

from amc_circuits import EgvCircuit, GinvCircuit, InvCircuit, NgspiceEngine, ParameterError
from amc_circuits.cases.case import Case
from amc_circuits.cells.devices import Device
from amc_circuits.linear.static import ALL_EFFECTS, StaticCircuit
from amc_circuits.studies.batch import stacked_trials
from amc_circuits.studies.optimizing.design_point import DesignPoint
from netlists import Array, Conductors
from tests.amc_circuits.solvers.compensated import POLE, STEEP, inv, mvm, sums
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close, assert_within

DEVICES = {
    "error": Device(programming_error="1%"),
    "levels": Device(levels=32),
    "drift": Device(drift_exponent=0.05, drift_spread=0.02, drift_time=100.0),
    "stuck": Device(stuck_off=0.2),
}


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_errors_of_cells_act_on_compensating_cells(device):
    """They have draws of their own: `A_eff = G+ - (S_v/S_p) G-`, with the sums at the inverting and the other input."""
    circuit = inv(STEEP, device=device, opamp=POLE.replace(open_loop_gain=1e12), seed=3)
    plain, design = inv(STEEP).design, circuit.design
    for name in ("balance_inverting", "balance_noninverting"):
        ideal, real = getattr(plain, name), getattr(design, name)
        assert ((real > 0) == (ideal > 0)).all()
        assert not np.allclose(real[real > 0], ideal[ideal > 0], rtol=1e-6)
    minus, plus = sums(design, design.input_conductance)
    seen = design.conductance_positive - (minus / plus)[:, None] * design.conductance_negative
    levels = 0.1 * vector(3, 2)[:, None]
    wanted = -np.linalg.solve(seen, design.input_conductance * levels)
    assert_close(circuit.linear.steady("c", levels), wanted, absolute=1e-9 * np.abs(wanted).max())


def test_levels_of_all_cells_balance_to_half_a_step_an_op_amp():
    """Compensating cells are designed for the levels of the others: their own rounding is all that is left."""
    device = Device(levels=16)
    design = inv(spd_matrix(8, 20, 5), device=device).design
    minus, plus = sums(design, design.input_conductance)
    step = (device.g_max - device.g_min) / (device.levels - 1)
    assert np.abs(minus - plus).max() <= 1.001 * step
    assert np.abs(minus - plus).max() > 0


MADE_UP = {"topology": "compensated", "engine": "exact", "wire_resistance": 20.0, "compensate_wires": True}
TALL = np.random.default_rng(5).uniform(-1, 1, (5, 3))
BALANCED = {
    "inv": (InvCircuit, spd_matrix(6, 20, 5), [("amp", {"p", "bm"}, {"n", "bp"})]),
    "egv": (EgvCircuit, spd_matrix(4, 6, 1), [("amp", {"n", "bm"}, {"p", "bp"})]),
    "ginv": (GinvCircuit, TALL, [("row", {"first", "bm"}, {"firstn", "bp"}),
                                 ("column", {"secondn", "btm"}, {"second", "btp"})]),
}  # fmt: skip
"""Program, matrix; and each row of op-amps, with the arrays at its inverting and at its non-inverting inputs."""


@pytest.mark.parametrize("name", BALANCED)
def test_cells_that_make_up_for_wires_balance_with_their_wires(name):
    """The conductance of each row, with all other lines at ground, is equal at both inputs."""
    kind, matrix, rows = BALANCED[name]
    circuit = kind.program(matrix, **MADE_UP).circuit
    for opamps, *sides in rows:
        part, totals = circuit.part(opamps), []
        for arrays, group in zip(sides, (part.inverting, part.noninverting), strict=True):
            held = [circuit.part(array).reduced.conductance[: circuit.groups[group]].sum(axis=1) for array in arrays]
            other = [one for one in circuit.of(Conductors) if group in (one.a, one.b)]
            totals.append(sum(held) + sum(np.asarray(one.siemens) for one in other))
        assert_close(*totals, absolute=1e-8 * totals[0].max())


@pytest.mark.parametrize("contacts", ["one", "both"])
def test_flat_and_reduced_word_lines_are_one_circuit(contacts):
    """Settling time, energies and answer in ngspice, with the segments to the compensating cells in both decks."""
    fields = {"engine": "ngspice", "wire_resistance": 20.0, "contacts": contacts, "opamp": "cmos-100meg"}
    reduced, flat = (inv(STEEP, interconnect=form, **fields).solve(vector(3, 1)) for form in ("reduced", "flat"))
    assert_close(reduced.value, flat.value, absolute=1e-9 * np.abs(flat.value).max())
    assert_within(reduced.settling_time, flat.settling_time, 1e-9)
    for account, joules in flat.energy.accounts.items():
        assert_within(reduced.energy.accounts[account], joules, 1e-9)


@pytest.mark.parametrize("topology", ["paired", "compensated"])
def test_cells_that_are_not_linear_rest_where_the_static_circuit_says(topology):
    """Compensating cells bend as all others, behind their segments; the drop along these is that of bent cells."""
    fields = {"device": Device(nonlinearity_voltage=0.05), "wire_resistance": 20.0, "interconnect": "flat"}
    circuit = inv(STEEP, engine="ngspice", topology=topology, **fields)
    question = circuit.question(vector(3, 1))
    levels = circuit.input_levels(question.columns)[0]
    cells = [array.conductance for array in circuit.circuit.of(Array)]
    wanted = StaticCircuit(circuit.circuit, cells, ALL_EFFECTS).outputs(levels)
    simulator = NgspiceEngine()
    rest = simulator.rest(simulator.init(circuit.circuit), levels)
    assert_close(rest, wanted, absolute=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("size", [6, 12])
def test_cells_that_make_up_for_wires_make_up_for_them(size):
    """The error that wires make falls by a factor of five or more, as in the paired topology."""
    matrix, b = spd_matrix(size, 20, 5), np.linspace(-1, 1, size)
    exact = np.linalg.solve(matrix, b)
    bare, made_up = (
        np.linalg.norm(inv(matrix, wire_resistance=2.0, compensate_wires=made).steady(b) - exact)
        for made in (False, True)
    )
    assert made_up < 0.2 * bare


def test_what_has_no_meaning_is_refused_or_named():
    """Inverters there are none; a single array has nothing to compensate."""
    with pytest.raises(ParameterError, match=r"inverter_resistance.*no inverters"):
        inv(STEEP, inverter_resistance=5e3)
    single = inv(np.abs(STEEP) + np.eye(3))
    assert single.circuit.sha256 == InvCircuit.program(np.abs(STEEP) + np.eye(3), opamp=POLE).circuit.sha256
    assert dict(single.idle_parameters()).keys() == {"inverter_resistance", "topology"}
    with pytest.raises(ParameterError, match=r"g_min.*half of g_max"):
        inv(STEEP, g_min=60e-6)
    with pytest.raises(ParameterError, match="balance_inverting"):
        inv(STEEP).design.replace(balance_noninverting=None)
    with pytest.raises(ParameterError, match="conductance_negative"):
        inv(STEEP).design.replace(conductance_negative=None)


def test_trials_of_a_stack_are_those_of_single_circuits():
    """Monte Carlo in stacks of matrices draws the compensating cells, too: metrics and hashes are the same."""
    for make, made_up in ((inv, {}), (mvm, {"wire_resistance": 20.0, "compensate_wires": True})):
        fields = {"device": Device(programming_error="1%"), "seed": 4} | made_up
        b = vector(3, 2)
        found = stacked_trials(make(STEEP, **fields), b, range(3))
        for number in range(3):
            circuit = make(STEEP, trial=number, **fields)
            solution, trial = circuit.solve(b), found[number]
            assert trial.design_sha256 == circuit.sha256
            assert_within(trial.figures["relative_error"], solution.relative_error, 1e-9)
            assert_within(trial.figures["settling_time"], solution.settling_time, 1e-6)


def test_a_budget_of_the_compensated_circuit_adds_up():
    """Each cause alone is what a circuit with it alone shows; a circuit without causes shows none."""
    matrix, b = spd_matrix(6, 20, 5), vector(6, 1)
    ideal = POLE.replace(open_loop_gain=1e12)
    exact = np.linalg.solve(matrix, b)
    for name, fields in {
        "programming_error": {"device": Device(programming_error="1%")},
        "levels": {"device": Device(levels=32)},
        "wires": {"wire_resistance": 2.0},
        "opamp_gain": {"opamp": POLE.replace(open_loop_gain=1e3)},
    }.items():
        circuit = inv(matrix, **{"opamp": ideal, **fields})
        wanted = np.linalg.norm(circuit.steady(b) - exact) / np.linalg.norm(exact)
        budget = circuit.solve(b).budget()
        assert_within(budget.causes[name], wanted, 1e-3)


WIRES = {"wire_resistance": 20.0, "line_capacitance": 1e-15}


@pytest.mark.parametrize("wires", [{}, WIRES], ids=["ideal wires", "wires"])
def test_gradients_of_options_pass_through_compensating_cells(wires):
    """By the chain rule over all parts as by differences of two solves."""
    b, values, step = vector(3, 1), (9e-5, 1e-4, 1e-6), 1e-4

    def case(values):
        fields = dict(zip(("input_conductance", "g_max", "g_min"), values, strict=True))
        return Case("inv", inv(STEEP, **fields, **wires), b)

    for metric in ("settling_time", "relative_error"):
        found = DesignPoint.of(case, values).gradient(metric)
        wanted = []
        for place in range(3):
            sides = [np.array(values), np.array(values)]
            for side, sign in zip(sides, (1, -1), strict=True):
                side[place] *= 1 + sign * step
            up, down = (DesignPoint.of(case, side).metric(metric) for side in sides)
            wanted.append((up - down) / (2 * step))
        assert_close(found, wanted, absolute=1e-4 * np.abs(wanted).max())
