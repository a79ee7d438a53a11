"""Noise by the Lyapunov equation, by ngspice, and by closed forms."""

import math

import numpy as np
import pytest
from scipy.constants import Boltzmann

from amc_circuits import InvCircuit, MvmCircuit
from amc_circuits.engines.ngspice.noise import simulated_sigma
from amc_circuits.linear.circuit import LinearCircuit
from amc_circuits.linear.equations import noise_circuit
from amc_circuits.linear.noise import filtered_covariances, noise
from amc_circuits.solvers.output_noise import relative_noise
from netlists import Interconnect, InvDesign, MvmDesign, ParameterError, SinglePoleOpAmp, preset
from netlists.noise_deck import NoiseAnalysis, noise_deck
from netlists.opamps.records import SubcircuitOpAmp
from tests.cases import reduced, spd_matrix, vector
from tests.comparators import assert_close, assert_within

KT = Boltzmann * 300.15
SINGLE = SinglePoleOpAmp(open_loop_gain=300.0, gbwp=100e6, input_noise=10e-9)
MACRO = preset("cmos-100meg").replace(input_noise=10e-9)
DEAD = SinglePoleOpAmp(open_loop_gain=1e-12, gbwp=1.0)
FLAT = Interconnect(wire_resistance=20.0, form="flat")
CHARGED = FLAT.replace(line_capacitance=2e-15)
RANDOM = np.random.default_rng(4).standard_normal((3, 4))


def passed(pole, bandwidth):
    """Noise bandwidth of a loop of one pole before a read-out of one pole, both in Hz: pi/2 times both in parallel."""
    return math.pi / 2 * pole * bandwidth / (pole + bandwidth)


def designs():
    """INV and MVM, signed and positive, with every state that an op-amp or a wire can have."""
    inv, mvm = spd_matrix(3, 5, 1), RANDOM
    yield "inv", InvCircuit.program(inv, opamp=SINGLE).design
    yield "inv positive", InvCircuit.program(abs(inv), opamp=SINGLE).design
    yield "inv second pole", InvCircuit.program(spd_matrix(4, 5, 1), opamp=MACRO.replace(second_pole=3e8)).design
    slow = MACRO.replace(input_capacitance=2e-13)
    yield "inv input capacitance", InvCircuit.program(inv, opamp=slow, inverter_resistance=1e3).design
    for name, wires in ("wires", FLAT), ("both ends", FLAT.replace(contacts="both")), ("charged", CHARGED):
        yield f"inv {name}", InvCircuit.program(inv, opamp=MACRO).design.replace(interconnect=wires)
        yield f"mvm {name}", MvmCircuit.program(mvm, opamp=slow).design.replace(interconnect=wires)
    yield "inv positive charged", InvCircuit.program(abs(inv), opamp=MACRO).design.replace(interconnect=CHARGED)
    yield "mvm", MvmCircuit.program(mvm, opamp=SINGLE).design
    yield "mvm positive", MvmCircuit.program(abs(mvm), opamp=MACRO.replace(second_pole=3e8)).design
    yield "mvm cold", MvmCircuit.program(mvm, opamp=SINGLE).design.replace(temperature=77.0)
    yield "inv quiet op-amps", InvCircuit.program(inv, opamp=MACRO.replace(input_noise=0.0)).design
    yield "inv offsets", InvCircuit.program(inv, opamp=MACRO).design.replace(amplifier_offset=[1e-4, -1e-4, 2e-4])


@pytest.mark.parametrize("design", [pytest.param(design, id=name) for name, design in designs()])
@pytest.mark.filterwarnings("ignore::amc_circuits.solvers.inv.SlowInverterWarning")
def test_ngspice_finds_the_same_noise(design):
    """Resistor by resistor, the flat mesh included, ngspice adds up the variance of the Lyapunov equation."""
    found = noise(design.circuit)
    for output in (0, 2):
        assert_within(simulated_sigma(design.circuit, output, found.bandwidth), found.sigma[output], 5e-4)


def test_subcircuit_makes_the_noise_of_its_own_devices():
    """A subcircuit with a resistor of e_n^2/4kT at its input makes the noise of a modelled op-amp with e_n."""
    resistance = 2e3
    single = SinglePoleOpAmp(input_noise=math.sqrt(4 * KT * resistance))
    gm = single.unity_gain_frequency * 1e-12
    text = "\n".join(
        [
            ".subckt mine inp inn out vdd vss",
            f"Rnoise inp a {resistance}",
            f"Ggain 0 x a inn {gm!r}",
            f"Rx x 0 {single.open_loop_gain / gm!r} noisy=0",
            "Cx x 0 1p",
            "Eout out 0 x 0 1",
            ".ends mine",
        ]
    )
    modelled = InvCircuit.program(spd_matrix(2, 3, 1), opamp=single).design
    given = modelled.replace(opamp=SubcircuitOpAmp(text=text, subcircuit="mine", macro=MACRO))
    assert_within(simulated_sigma(given.circuit, 0, 1e8), simulated_sigma(modelled.circuit, 0, 1e8), 1e-6)


def test_ngspice_refuses_cells_without_noise():
    """Cells that follow a sinh are behavioural sources, which ngspice takes for noiseless: no deck is made."""
    design = InvCircuit.program(spd_matrix(2, 3, 1), opamp=MACRO).design.replace(nonlinearity_voltage=0.5)
    with pytest.raises(ParameterError, match="nonlinearity_voltage"):
        noise_deck(design.circuit, NoiseAnalysis(bandwidth=1e8, start=1.0, stop=1e12))


def test_resistor_into_capacitor_is_k_t_over_c():
    """A resistor at a capacitor has the variance kT/C, behind a read-out kT/C times f_read/(f_read + f_RC)."""
    siemens, farad = 1e-4, 1e-12
    pole = siemens / (2 * math.pi * farad)
    circuit = LinearCircuit(
        state=np.array([[-siemens / farad]]), drive=np.array([[1 / farad]]), read=np.eye(1), feed=np.zeros((1, 1)),
        rest=np.zeros(1), nodes={}, held={}, outputs="", stages=(), kept=np.arange(1),
    )  # fmt: skip
    for bandwidth in (pole / 10, pole, 1e6 * pole):
        (found,) = filtered_covariances(circuit, [np.array([[2 * KT * siemens]])], slice(0, 1), bandwidth)
        assert_close(found, [[KT / farad * bandwidth / (bandwidth + pole)]], relative=1e-12)


def test_all_sources_share_one_schur_form(monkeypatch):
    """It is most of the work; two sources at one RC have kT/C each, in units of their intensity."""
    import scipy.linalg

    seen, schur = [], scipy.linalg.schur
    monkeypatch.setattr(scipy.linalg, "schur", lambda matrix, **how: seen.append(1) or schur(matrix, **how))
    circuit = LinearCircuit(
        state=np.array([[-1e8]]), drive=np.array([[1e12]]), read=np.eye(1), feed=np.zeros((1, 1)), rest=np.zeros(1),
        nodes={}, held={}, outputs="", stages=(), kept=np.arange(1),
    )  # fmt: skip
    sources = [np.array([[2e-4 * KT]]), np.array([[6e-4 * KT]])]
    first, second = filtered_covariances(circuit, sources, slice(0, 1), 1e12)
    share = 1 / (1 + 1e8 / (2 * math.pi * 1e12))
    assert_close([first[0, 0], second[0, 0]], [KT / 1e-12 * share, 3 * KT / 1e-12 * share], relative=1e-12)
    assert noise(InvCircuit.program(spd_matrix(3, 5, 2), opamp=MACRO).circuit).norm > 0
    assert len(seen) == 2


def test_white_noise_is_cut_by_the_read_out_alone():
    """A resistor without capacitor has 4 k T R over pi/2 of the read-out's bandwidth."""
    ohms, bandwidth = 10e3, 3e6
    circuit = LinearCircuit(
        state=-np.eye(1), drive=np.zeros((1, 1)), read=np.zeros((1, 1)), feed=np.array([[ohms]]), rest=np.zeros(1),
        nodes={}, held={}, outputs="", stages=(), kept=np.arange(1),
    )  # fmt: skip
    (found,) = filtered_covariances(circuit, [np.array([[2 * KT / ohms]])], slice(0, 1), bandwidth)
    assert_close(found, [[4 * KT * ohms * math.pi / 2 * bandwidth]], relative=1e-12)


@pytest.mark.parametrize("wire_resistance", [0.0, 50.0])
@pytest.mark.parametrize("kind", ["inv", "mvm"])
def test_equipartition(kind, wire_resistance):
    """With amplifiers that do nothing, line capacitance holds kT/2 a degree of freedom: the covariance is kT C^-1."""
    wires = Interconnect(wire_resistance=wire_resistance, line_capacitance=1e-14)
    if kind == "inv":
        design = InvCircuit.program(spd_matrix(3, 5, 2), opamp=DEAD).design.replace(interconnect=wires)
    else:
        design = MvmCircuit.program(RANDOM, opamp=DEAD).design.replace(interconnect=wires)
    rows = len(design.conductance_positive)
    circuit, laplacian = noise_circuit(design.circuit, 1e18)
    (found,) = filtered_covariances(circuit, [2 * KT * laplacian], circuit.nodes["v"], 1e18)
    capacitance = sum(array.capacitance[:rows, :rows] for array in reduced(design))
    wanted = KT * np.linalg.inv(capacitance)
    assert_close(found, wanted, absolute=1e-6 * wanted.max())


@pytest.mark.parametrize("gain", [30.0, 1e6])
def test_inverting_amplifier(gain):
    """One equation is an inverting amplifier: noise gain times e_n, and 4kTS at the sum node, over pi/2 f_closed."""
    cell, source, bandwidth, e_n = 2e-5, 1e-4, 60e6, 5e-9
    opamp = SinglePoleOpAmp(open_loop_gain=gain, gbwp=100e6, input_noise=e_n)
    found = noise(
        InvDesign(conductance_positive=[[cell]], input_conductance=source, opamp=opamp, temperature=350.0).circuit,
        bandwidth,
    )
    total = cell + source
    noise_gain = 1 / (cell / total + 1 / gain)
    band = passed(opamp.gbwp / noise_gain, bandwidth)
    assert_close(found.amplifier, [[(noise_gain * e_n) ** 2 * band]], relative=1e-9)
    assert_close(found.thermal, [[noise_gain**2 * 4 * Boltzmann * 350 / total * band]], relative=1e-9)


def test_mvm_rows_are_amplifiers_of_their_own():
    """With ideal wires each row of an MVM has its own noise gain 1 + S_i/G_f, and nothing in common with another."""
    design = MvmCircuit.program(RANDOM, opamp=SINGLE.replace(open_loop_gain=1e9)).design
    total = design.feedback_conductance + sum(array.sum(axis=1) for array in design.arrays)
    noise_gain = total / design.feedback_conductance
    found = noise(design.circuit, 30e6)
    band = np.array([passed(SINGLE.gbwp / factor, 30e6) for factor in noise_gain])
    assert_close(np.diag(found.amplifier), (noise_gain * SINGLE.input_noise) ** 2 * band, relative=1e-6)
    assert_close(np.diag(found.thermal), noise_gain**2 * 4 * KT / total * band, relative=1e-6)
    assert_close(found.covariance, np.diag(found.sigma**2), absolute=1e-12 * found.covariance.max())


def test_read_out_is_as_fast_as_the_op_amp_unless_told():
    """The default read-out has the op-amp's GBWP."""
    design = InvCircuit.program(spd_matrix(3, 5, 1), opamp=MACRO).design
    assert noise(design.circuit).bandwidth == MACRO.gbwp
    assert (noise(design.circuit).sigma == noise(design.circuit, MACRO.gbwp).sigma).all()


def test_noise_scales_as_its_sources():
    """Twice the temperature is twice the thermal variance, twice e_n four times the amplifiers', exactly; 0 is 0."""
    design = InvCircuit.program(spd_matrix(4, 5, 1), opamp=MACRO).design
    found, hot = noise(design.circuit), noise(design.replace(temperature=2 * design.temperature).circuit)
    loud = noise(design.replace(opamp=MACRO.replace(input_noise=2 * MACRO.input_noise)).circuit)
    quiet = noise(design.replace(opamp=MACRO.replace(input_noise=0.0)).circuit)
    assert (hot.thermal == 2 * found.thermal).all()
    assert (hot.amplifier == found.amplifier).all()
    assert (loud.amplifier == 4 * found.amplifier).all()
    assert (loud.thermal == found.thermal).all()
    assert (quiet.amplifier == 0).all()
    assert found.thermal.trace() > 0
    assert_close(found.norm**2, found.thermal.trace() + found.amplifier.trace(), relative=1e-12)


@pytest.mark.parametrize("contacts", ["one", "both"])
def test_wires_without_resistance_make_no_noise(contacts):
    """As wire resistance goes to zero the noise goes to that of ideal wires, wherever lines are contacted."""
    ideal = InvCircuit.program(spd_matrix(4, 5, 1), opamp=MACRO).design
    wired = ideal.replace(interconnect=Interconnect(wire_resistance=1e-5, contacts=contacts))
    wanted = noise(ideal.circuit).covariance
    assert_close(noise(wired.circuit).covariance, wanted, absolute=1e-6 * wanted.max())


def test_noise_of_an_unstable_circuit_is_refused():
    """Where a pole grows there is no stationary noise, and the error says so."""
    with pytest.raises(ParameterError, match="unstable"):
        noise(InvCircuit.program([[0.2, -1.0], [1.0, 0.2]], opamp=SinglePoleOpAmp()).circuit)


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, math.inf, math.nan])
def test_read_out_needs_a_bandwidth(bandwidth):
    """A read-out of no or of unlimited bandwidth is refused by name."""
    with pytest.raises(ParameterError, match="bandwidth"):
        noise(InvCircuit.program([[1.0]], opamp=MACRO).circuit, bandwidth)


@pytest.mark.parametrize("kind", ["inv", "mvm"])
def test_relative_noise_is_that_of_the_output_voltages(kind):
    """The units of A, x and y fall out: relative noise is that of the outputs in volts, as they were in the end."""
    program = InvCircuit.program if kind == "inv" else MvmCircuit.program
    circuit = program(7 * spd_matrix(3, 5, 1), opamp=MACRO, engine="exact", input_voltage=0.5)
    columns = np.column_stack([3 * vector(3, 1), np.zeros(3), vector(3, 2)])
    solution = circuit.solve(columns) if kind == "inv" else circuit.matvec(columns)
    found = relative_noise(circuit, solution, 30e6)
    driven = [0, 2]
    volts = [np.linalg.norm(solution.responses[k].outputs[-1]) for k in driven]
    assert_close(found[driven], noise(circuit.circuit, 30e6).norm / np.array(volts), relative=1e-6)
    assert math.isnan(found[1])
    single = circuit.solve(columns[:, 0]) if kind == "inv" else circuit.matvec(columns[:, 0])
    # Alone its step lengths are its own, beside others those of all.
    assert relative_noise(circuit, single, 30e6) == pytest.approx(found[0], rel=1e-6)
    if kind == "inv":
        assert len(solution.attempts[0]) > 1, "the output scale was to be reduced here"


def test_noise_deck_of_mvm_has_all_its_sources():
    """The deck of an MVM drives both arrays and reads the named output."""
    design = MvmDesign(
        conductance_positive=[[1e-5, 2e-5]],
        conductance_negative=[[2e-5, 1e-5]],
        opamp=SINGLE,
        feedback_conductance=1e-4,
    )
    deck = noise_deck(design.circuit, NoiseAnalysis(bandwidth=1e8, start=1.0, stop=1e12)).splitlines()
    sources = {line.split()[0] for line in deck if line.startswith("V")}
    assert sources == {"Vc1", "Vc2", "Vd1", "Vd2"}
    assert "Ebuffer buffer 0 out1 0 1" in deck


def test_equal_row_sums_give_the_guide_of_the_documentation():
    """Positive symmetric A, equal row sums, wide read-out: the covariance is `w_T (e_n^2/4 + kT/S) (G/S + 1/A0)^-1`."""
    cells = 1e-5 + 6e-5 * np.eye(3)
    design = InvDesign(conductance_positive=cells, input_conductance=1e-4, opamp=SINGLE)
    total = 1e-4 + cells.sum(axis=1)[0]
    spread = SINGLE.input_noise**2 / 4 + KT / total
    wanted = 2 * math.pi * SINGLE.gbwp * spread * np.linalg.inv(cells / total + np.eye(3) / SINGLE.open_loop_gain)
    assert_close(noise(design.circuit, 1e16).covariance, wanted, relative=1e-6)
