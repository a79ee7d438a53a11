"""The EGV circuit by both engines: direction, time and status; what it finds by itself; what it refuses."""

import json

import numpy as np
import pytest

from amc_circuits import Converters, ParameterError, Status
from amc_circuits.cases.options import parse_options
from amc_circuits.solvers.eigenvectors.egv import SEVERAL_GROWING, EgvCircuit
from amc_circuits.solvers.eigenvectors.parameters import EgvFields, EgvParameters
from amc_circuits.solvers.eigenvectors.spectrum import direction_error
from amc_circuits.solvers.fields import Fields
from netlists import MacroOpAmp, preset, spice_circuit
from tests.cases import spd_matrix
from tests.comparators import assert_close

MATRIX = spd_matrix(4, 8, 3)
VALUES, VECTORS = np.linalg.eigh(MATRIX)
COMPLEX = np.random.default_rng(5).normal(size=(3, 6, 2)) @ np.array([1, 1j])
HERMITIAN = COMPLEX @ COMPLEX.conj().T
SHARP = preset("cmos-100meg").replace(open_loop_gain=1e6, input_capacitance=0.0, output_resistance=1e-3)
"""An op-amp with little but its pole and its swing."""
ENGINES = ("ngspice", "exact")
every_topology = pytest.mark.parametrize("topology", ["paired", "compensated"])


@pytest.fixture(scope="module")
def solutions():
    """The dominant eigenvector by topology and engine, with lambda 2 % below its eigenvalue and a weak pulse."""
    return {
        (topology, engine): EgvCircuit.program(
            MATRIX, topology=topology, engine=engine, opamp=SHARP, margin=0.02, kick=0.01
        ).solve()
        for topology in ("paired", "compensated")
        for engine in ENGINES
    }


@every_topology
def test_both_engines_agree(solutions, topology):
    """Time to half of the swing within 0.5 %, the same direction, and outputs at the limit within 1e-4 of the swing."""
    simulated, exact = (solutions[topology, engine] for engine in ENGINES)
    assert simulated.status is exact.status is Status.PASSED
    assert simulated.settling_time == pytest.approx(exact.settling_time, rel=0.005)
    assert_close(simulated.value, exact.value, absolute=1e-4)
    assert_close(simulated.responses[0].outputs[-1], exact.responses[0].outputs[-1], absolute=1e-4 * SHARP.output_swing)
    assert simulated.energy.total == pytest.approx(exact.energy.total, rel=0.01)


@every_topology
def test_it_grows_as_its_pole_says(solutions, topology):
    """From a twentieth to a half of the swing at the rate of the pole, within 0.5 %; the prediction is as near."""
    for engine in ENGINES:
        found = solutions[topology, engine]
        response, half = found.responses[0], np.abs(found.responses[0].outputs).max(axis=1)
        first, last = (int(np.argmax(half > share * SHARP.output_swing)) for share in (0.05, 0.5))
        rate = np.log(half[last] / half[first]) / (response.time[last] - response.time[first])
        assert rate == pytest.approx(found.figures["growth_rate_per_s"], rel=0.005)
        assert found.settling_time == pytest.approx(found.predicted_settling_time, rel=0.01)


@every_topology
def test_at_the_limit_it_is_a_column_of_an_inverse(solutions, topology):
    """The clamp is a current into the largest output: one step of inverse iteration, to 1e-5 of 1 - cos."""
    found = solutions[topology, "exact"]
    column = np.abs(found.responses[0].outputs[-1]).argmax()
    wanted = np.linalg.inv(found.figures["lambda"] * np.eye(4) - MATRIX)[:, column]
    assert direction_error(found.responses[0].outputs[-1][:, None], wanted[:, None])[0] < 1e-5


@every_topology
def test_while_it_grows_it_is_nearer(solutions, topology):
    """At half of the swing the direction is nearer to the eigenvector than at the limit; with equal rows by far."""
    found = solutions[topology, "exact"].figures
    assert found["direction_error"] < found["clamped_direction_error"] / (1e4 if topology == "compensated" else 2)
    assert found["direction_error"] == solutions[topology, "exact"].relative_error
    assert found["eigenvalue"] == pytest.approx(VALUES[-1], rel=2 * found["direction_error"] + 1e-6)


def test_the_vector_has_length_1_and_a_positive_largest_entry(solutions):
    """A residual, too, is that of the eigenvalue equation."""
    found = solutions["paired", "exact"]
    assert np.linalg.norm(found.value) == pytest.approx(1)
    assert found.value[np.abs(found.value).argmax()] > 0
    quotient = found.value @ MATRIX @ found.value
    assert found.residual == pytest.approx(np.linalg.norm(MATRIX @ found.value - quotient * found.value) / quotient)


def test_offsets_start_it_and_leave_a_floor():
    """Compensated: sin = (S/|c|) sqrt(sum_j>1 ((v_j e)/(lambda - lambda_j))^2) at the reading, within 2 %."""
    circuit = EgvCircuit.program(
        MATRIX, topology="compensated", kick=0.0, offset_spread=1e-3, margin=0.02, opamp=SHARP, engine="exact"
    )
    p, found = circuit.design, circuit.solve()
    total = (p.conductance_positive.sum(1) + p.balance[1].sum(1))[0] * circuit.mapping.alpha / circuit.mapping.unit
    parts = VECTORS[:, :-1].T @ p.amplifier_offset / (circuit.threshold - VALUES[:-1])
    length = circuit.first_pass.level * np.linalg.norm(found.value) / np.abs(found.value).max()
    assert found.notes[0] == "offsets start the circuit"
    assert np.sqrt(2 * found.relative_error) == pytest.approx(total / length * np.linalg.norm(parts), rel=0.02)
    simulated = EgvCircuit.program(
        MATRIX, topology="compensated", kick=0.0, offset_spread=1e-3, margin=0.02, opamp=SHARP
    ).solve()
    assert simulated.settling_time == pytest.approx(found.settling_time, rel=0.005)


def test_offsets_do_not_charge_the_inputs():
    """Input capacitances are discharged at the pins of the op-amps, before the offsets: both engines start alike."""
    opamp = SHARP.replace(input_capacitance=2e-12)
    found = {
        engine: EgvCircuit.program(MATRIX, topology="compensated", offset_spread=2e-3, opamp=opamp, engine=engine)
        for engine in ENGINES
    }
    simulated, exact = (found[engine].solve().settling_time for engine in ENGINES)
    assert simulated == pytest.approx(exact, rel=1e-3)


def test_it_starts_discharged():
    """Offsets would otherwise start it where it would stay: it begins with all outputs near 0."""
    for engine in ENGINES:
        circuit = EgvCircuit.program(MATRIX, offset_spread=1e-2, engine=engine)
        assert circuit.circuit.discharged
        rest = np.abs(circuit.linear.rest[circuit.linear.nodes["c"]]).max()
        assert np.abs(circuit.solve().responses[0].outputs[0]).max() < 1e-3 * rest


@every_topology
def test_several_growing_poles_are_named(topology):
    """With lambda between the second eigenvalue and the third the outputs are no eigenvector."""
    between = float(VALUES[1] + VALUES[2]) / 2
    found = EgvCircuit.program(MATRIX, topology=topology, eigenvalue=between, margin=0.0).solve()
    assert found.status is SEVERAL_GROWING and not found.usable and found.figures["growing_poles"] == 2
    assert "mixture" in found.message


def test_lag_is_named():
    """With inverters and slow second poles more poles grow than eigenvalues are above lambda; compensated, one does."""
    lopsided = MATRIX - 0.6 * np.eye(4)
    slow = preset("cmos-100meg").replace(second_pole=5e6)
    found = EgvCircuit.program(lopsided, opamp=slow).solve()
    assert found.status is SEVERAL_GROWING and "lag of the amplifiers; try a higher second_pole" in found.notes[1]
    assert EgvCircuit.program(lopsided, opamp=slow, topology="compensated").growing_poles == 1


@every_topology
def test_the_next_and_the_smallest_eigenvectors(topology):
    """Deflation by the circuit's own reading; the smallest eigenvalue by exchanged sides."""
    for place, fields in (
        (-2, {"deflations": 1}),
        (0, {"eigenvector": "smallest"}),
        (1, {"eigenvector": "smallest", "deflations": 1}),
    ):
        found = EgvCircuit.program(MATRIX, topology=topology, opamp=SHARP, **fields).solve()
        assert found.status is Status.PASSED
        assert direction_error(found.value[:, None], VECTORS[:, place, None])[0] < 5e-3
        assert found.figures["eigenvalue"] == pytest.approx(VALUES[place], rel=0.02)


def test_the_exact_engine_deflates_alike():
    """The next eigenvector by the exact engine is that by ngspice."""
    fields = {"deflations": 1, "topology": "compensated", "opamp": SHARP}
    simulated, exact = (EgvCircuit.program(MATRIX, engine=engine, **fields).solve() for engine in ENGINES)
    assert_close(simulated.value, exact.value, absolute=1e-4)


@pytest.mark.parametrize("name", ["dominant", "smallest"])
def test_it_finds_lambda_by_itself(name):
    """The Rayleigh quotient of a first reading is the eigenvalue within a thousandth, so that one pole grows."""
    circuit = EgvCircuit.program(MATRIX, eigenvalue="auto", eigenvector=name, topology="compensated")
    wanted = VALUES[-1] if name == "dominant" else VALUES[0]
    assert circuit.found == pytest.approx(wanted, rel=1e-3) and circuit.growing_poles == 1
    assert circuit.solve().status is Status.PASSED


@every_topology
def test_of_a_complex_matrix_a_pair_grows(topology):
    """Every eigenvalue is double in real form: the pair counts as one, and any vector of its plane is right."""
    circuit = EgvCircuit.program(HERMITIAN, topology=topology)
    found, exact = circuit.solve(), np.linalg.eigh(HERMITIAN)
    assert (circuit.stability.poles.real > 0).sum() == 2 and circuit.growing_poles == 1
    assert found.status is Status.PASSED and np.iscomplexobj(found.value)
    overlap = abs(exact.eigenvectors[:, -1].conj() @ found.value)
    assert found.relative_error == pytest.approx(1 - overlap, abs=1e-12) and found.relative_error < 1e-3
    assert found.figures["eigenvalue"] == pytest.approx(exact.eigenvalues[-1], rel=1e-3)


def test_wires_are_in_lambda():
    """Wires take more than the margin from the eigenvalue: with lambda of the arrays it grows all the same."""
    wires = {"wire_resistance": 200.0, "margin": 0.02}
    found = [EgvCircuit.program(MATRIX, interconnect=form, **wires).solve() for form in ("reduced", "flat")]
    assert all(one.status is Status.PASSED for one in found)
    assert found[0].figures["lambda"] < 0.95 * VALUES[-1]
    assert found[1].settling_time == pytest.approx(found[0].settling_time, rel=1e-3)
    stubborn = EgvCircuit.program(MATRIX, eigenvalue=float(VALUES[-1]), **wires).solve()
    assert stubborn.status is Status.NOT_GROWING


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"tolerance": 0.02}, "tolerance"),
        ({"input_voltage": 0.2}, "input_voltage"),
        ({"scaling": "diagonal"}, "scaling"),
        ({"start": "previous"}, "start"),
        ({"converters": Converters(dac_bits=8)}, "dac_bits"),
        ({"kick": 0.0}, "kick"),
        ({"kick": 0.0, "offset_spread": 1e-3, "kick_duration": 3e-9}, "kick_duration"),
        ({"topology": "compensated", "inverter_resistance": 1e3}, "inverter_resistance"),
        ({"deflations": 4}, "deflations"),
        ({"eigenvalue": -1.0}, "eigenvalue"),
        ({"eigenvalue": 1e12}, "eigenvalue"),
    ],
)
def test_what_has_no_meaning_is_refused(fields, name):
    """The error names it."""
    with pytest.raises(ParameterError, match=name):
        EgvCircuit.program(MATRIX, **fields)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[0.0, -1.0], [1.0, 0.0]], "complex eigenvalue"),
        (-MATRIX, "eigenvalue"),
        (MATRIX[:, :3], "square"),
    ],
)
def test_matrices_without_such_an_eigenvector_are_refused(matrix, message):
    """A complex eigenvalue, none above 0, or none at all."""
    with pytest.raises(ParameterError, match=message):
        EgvCircuit.program(matrix)


def test_deflation_needs_a_symmetric_matrix():
    """Of another one it would move the other eigenvectors."""
    with pytest.raises(ParameterError, match="symmetric"):
        EgvCircuit.program([[1.0, 0.5], [0.2, 1.0]], deflations=1)


def test_options_without_a_meaning_are_refused_with_the_reason():
    """In specifications of sweeps; the command has no such option."""
    for name, value in {"budget": True, "tolerance": "2%", "rhs_name": "b"}.items():
        with pytest.raises(ParameterError, match="has no meaning for egv"):
            parse_options("egv", {name: value})


def test_the_command(amc, tmp_path):
    """Metrics of its own in table and record, trials, a deck of plain ngspice, and no derivatives."""
    np.savetxt(tmp_path / "A.csv", MATRIX, delimiter=",")
    found = amc("egv", tmp_path / "A.csv", "--format", "json").json
    assert found["status"] == "PASSED" and found["growing_poles"] == 1 and "pulse" in found["notes"][0]
    assert found["direction_error"] == found["relative_error"] < 1e-3 and found["clamped_direction_error"] < 0.02
    still = amc("egv", tmp_path / "A.csv", "--eigenvalue", 2 * VALUES[-1])
    assert still.code == 3 and "NOT_GROWING" in still.err
    amc("egv", tmp_path / "A.csv", "--budget").refused("--budget")
    amc("sensitivity", "egv", tmp_path / "A.csv", "--metric", "relative_error").refused("take growth_rate")
    trials = ("--programming-error", "1%", "--monte-carlo", 3, "--topology", "compensated")
    many = amc("egv", tmp_path / "A.csv", *trials, "--format", "json")
    assert json.loads(many.out)["statuses"] == {"PASSED": 3}
    assert amc("netlist", "egv", tmp_path / "A.csv", "-o", tmp_path / "e.cir").code == 0
    assert " uic" in (tmp_path / "e.cir").read_text()
    poles = amc("circuit", "egv", tmp_path / "A.csv", "--poles")
    assert poles.code == 0 and "growing poles" in poles.out


def test_the_level_is_half_of_the_smallest_swing():
    """Op-amps without a limit are read at half a volt."""
    assert EgvCircuit.program(MATRIX).first_pass.level == preset("cmos-100meg").output_swing / 2
    assert EgvCircuit.program(MATRIX, opamp="single-pole").first_pass.level == 0.5
    assert isinstance(SHARP, MacroOpAmp) and "Xinv1" in str(spice_circuit(EgvCircuit.program(MATRIX).circuit))


def test_keywords_are_the_fields_of_the_parameters():
    """Editors offer for `program` what the record has, besides the fields of every circuit."""
    assert EgvFields.__annotations__.keys() - Fields.__annotations__.keys() == EgvParameters.model_fields.keys()
