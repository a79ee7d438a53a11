"""Limits of stability against formulas and polynomials written by hand."""

import numpy as np
import pytest

from amc_circuits.linear.equations import linear_circuit
from amc_circuits.linear.margins import Limit, largest_gbwp, largest_resistance, lowest_second_pole
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.mvm import MvmCircuit
from netlists import InvDesign, SinglePoleOpAmp, preset
from netlists.circuits.inv import INVERTERS
from tests.cases import exact_inv, spd_matrix
from tests.comparators import assert_within

pytestmark = pytest.mark.filterwarnings("ignore::amc_circuits.solvers.inv.SlowInverterWarning")
IDEAL = SinglePoleOpAmp(open_loop_gain=1e6, gbwp=100e6)
STIFF = preset("cmos-100meg").replace(open_loop_gain=1e6, output_resistance=1e-3, input_capacitance=0.0)
"""The same as a macro model: next to no output resistance, no capacitance."""
RINGING = [[1, -0.95], [-0.95, 1]]
MATRICES = {
    "ringing": RINGING,
    "turning": [[0.6, -1], [1, 0.6]],
    "spd of 6": spd_matrix(6, 10, 0),
    "spd of 12": spd_matrix(12, 30, 1),
    "not symmetric": spd_matrix(5, 3, 2) + 0.1 * np.random.default_rng(2).standard_normal((5, 5)),
}


def stable(design: InvDesign) -> bool:
    """All poles decay."""
    return bool((linear_circuit(design.circuit).poles.real < 0).all())


@pytest.mark.parametrize("opamp", [IDEAL, STIFF], ids=["single pole", "macro"])
@pytest.mark.parametrize("name", MATRICES)
def test_lowest_second_pole_is_that_of_the_closed_form(name, opamp):
    """`max Im(a)^2/|Re(a)|` over the poles a of 2N equations written by hand, within 1e-3 for either op-amp."""
    circuit = InvCircuit.program(MATRICES[name], opamp=opamp)
    poles = np.linalg.eigvals(exact_inv(circuit.design, np.zeros(circuit.design.size)).matrix)
    wanted = (poles.imag**2 / np.abs(poles.real)).max() / (2 * np.pi)
    assert_within(lowest_second_pole(circuit.circuit).value, wanted, 1e-3)


@pytest.mark.parametrize(("name", "limit"), [("ringing", 0.364), ("turning", 1.187)])
def test_known_limits_of_the_second_pole(name, limit):
    """In units of w_T, as derived: 0.364 and 1.187."""
    found = lowest_second_pole(InvCircuit.program(MATRICES[name], opamp=IDEAL).circuit)
    assert found.value == pytest.approx(limit * 100e6, rel=2e-3)
    assert found.note == ""


def test_a_cmrr_takes_its_part_of_the_limit():
    """With inputs at ground it leaves `1 - 1/(2 CMRR)` of w_T at the other, and a limit goes with w_T."""
    plain, halved = (
        lowest_second_pole(InvCircuit.program(RINGING, opamp=IDEAL.replace(cmrr=cmrr)).circuit).value
        for cmrr in (None, 1.0)
    )
    assert_within(halved, plain / 2, 1e-3)


def test_the_opamps_own_second_pole_takes_no_part():
    """The limit is the same wherever the second pole is, on either side of it."""
    limits = [
        lowest_second_pole(InvCircuit.program(RINGING, opamp=STIFF.replace(second_pole=p2)).circuit).value
        for p2 in (None, 1e6, 1e9)
    ]
    assert limits == pytest.approx([limits[0]] * 3)


def test_largest_gbwp_scales_with_the_second_pole():
    """Without capacitance only the ratio counts: with a second pole at p2 the largest GBWP is p2/0.364."""
    opamp = STIFF.replace(second_pole=80e6)
    ratio = lowest_second_pole(InvCircuit.program(RINGING, opamp=opamp).circuit).value / 100e6
    for gbwp in (10e6, 100e6, 2e9):  # from below and from above
        found = largest_gbwp(InvCircuit.program(RINGING, opamp=opamp.replace(gbwp=gbwp)).circuit)
        assert_within(found.value, 80e6 / ratio, 1e-3)


def growth_by_hand(design: InvDesign) -> float:
    """Largest real part for a 2 x 2 matrix `[[p, -n], [-n, p]]`: each of its two modes has a polynomial of its own.

    (S + s C) v = g c + h d,  (2/R + s C) w = (c + d)/R,  c = -H v,  d = -H w,  H = w_T/(s + w_T/A0), no R_out.
    """
    s = np.polynomial.Polynomial([0, 1])
    opamp, conductance = design.opamp, 1 / design.inverter_resistance
    rows = design.row_conductance[0] + opamp.input_capacitance * s
    inverter = 2 * conductance + opamp.input_capacitance * s
    lag = (s + opamp.unity_gain_frequency / opamp.open_loop_gain) / opamp.unity_gain_frequency
    roots = []
    for sign in (1, -1):
        g, h = (array[0, 0] + sign * array[0, 1] for array in design.arrays)
        roots.append(((rows * lag + g) * (inverter * lag + conductance) - h * conductance).roots())
    return float(np.concatenate(roots).real.max())


def test_largest_inverter_resistance_is_that_of_polynomials():
    """With input capacitance, from a stable and from an unstable circuit, the limit is where a polynomial says."""
    opamp = STIFF.replace(gbwp=500e6, input_capacitance=0.6e-12)
    for resistance in (100.0, 30e3):
        design = InvCircuit.program(RINGING, opamp=opamp, inverter_resistance=resistance).design
        limit = largest_resistance(design.circuit, INVERTERS).value
        assert growth_by_hand(design.replace(inverter_resistance=0.999 * limit)) < 0
        assert growth_by_hand(design.replace(inverter_resistance=1.001 * limit)) > 0


def test_largest_gbwp_with_input_capacitance_is_that_of_polynomials():
    """The same for the bandwidth."""
    opamp = STIFF.replace(input_capacitance=0.6e-12)
    design = InvCircuit.program(RINGING, opamp=opamp, inverter_resistance=2e3).design
    limit = largest_gbwp(design.circuit).value
    assert growth_by_hand(design.replace(opamp=opamp.replace(gbwp=0.999 * limit))) < 0
    assert growth_by_hand(design.replace(opamp=opamp.replace(gbwp=1.001 * limit))) > 0


@pytest.mark.parametrize(("opamp", "resistance"), [("cmos-100meg", 10e3), ("cmos-1g", 10e3), ("opa690", 5e3)])
def test_limits_of_presets_part_stable_from_unstable(opamp, resistance):
    """With output resistance and input capacitance together, a hundredth to each side of each limit."""
    design = InvCircuit.program(spd_matrix(8, 10, 3), opamp=opamp, inverter_resistance=resistance).design
    assert stable(design)
    record = design.opamp
    second_pole, gbwp, largest = (
        limit.value
        for limit in (
            lowest_second_pole(design.circuit),
            largest_gbwp(design.circuit),
            largest_resistance(design.circuit, INVERTERS),
        )
    )
    assert stable(design.replace(opamp=record.replace(second_pole=1.01 * second_pole)))
    assert not stable(design.replace(opamp=record.replace(second_pole=0.99 * second_pole)))
    assert stable(design.replace(opamp=record.replace(gbwp=0.99 * gbwp)))
    assert not stable(design.replace(opamp=record.replace(gbwp=1.01 * gbwp)))
    assert stable(design.replace(inverter_resistance=0.99 * largest))
    assert not stable(design.replace(inverter_resistance=1.01 * largest))


def test_wires_take_part():
    """Line capacitance needs a faster second pole, also with an op-amp that has none in its record."""
    limits = [
        lowest_second_pole(
            InvCircuit.program(RINGING, opamp="single-pole", wire_resistance=2.0, line_capacitance=farad).circuit
        ).value
        for farad in (0.0, 20e-15)
    ]
    assert limits[0] == pytest.approx(36.4e6, rel=0.01)
    assert limits[1] > 1.05 * limits[0]


def test_where_there_is_no_limit_the_note_says_why():
    """Anything goes, nothing helps, or there is no such part."""
    positive = InvCircuit.program([[1, 0.5], [0.5, 1]], opamp=IDEAL).design
    assert lowest_second_pole(positive.circuit) == Limit(None, "any from 100 kHz up")
    assert largest_gbwp(positive.circuit) == Limit(None, "any up to 100 GHz")
    assert largest_resistance(positive.circuit, INVERTERS) == Limit(None, "no such part")
    growing = InvCircuit.program([[0.2, -1], [1, 0.2]], opamp=IDEAL).design
    assert lowest_second_pole(growing.circuit) == Limit(None, "none: a pole grows even without a second pole")
    assert largest_gbwp(growing.circuit) == Limit(None, "none down to 100 kHz")
    assert largest_resistance(growing.circuit, INVERTERS) == Limit(None, "none down to 10 ohm")


def test_a_circuit_at_the_edge_has_no_second_pole_in_reach():
    """Stable without a second pole, but by so little that one at 1000 times the GBWP is too low."""
    barely = InvCircuit.program([[0.2775, -1], [1, 0.2775]], opamp=IDEAL)
    assert barely.stability.stable
    assert lowest_second_pole(barely.circuit).note == "none up to 100 GHz, though it is stable without one"


def test_limits_of_mvm():
    """A transimpedance amplifier has limits too, where input capacitance adds to its lag; inverters it has not."""
    opamp = preset("cmos-100meg").replace(input_capacitance=20e-12, second_pole=200e6)
    design = MvmCircuit.program(np.eye(3) - 0.1, opamp=opamp).design
    limit = largest_gbwp(design.circuit).value
    assert stable(design.replace(opamp=opamp.replace(gbwp=0.99 * limit)))
    assert not stable(design.replace(opamp=opamp.replace(gbwp=1.01 * limit)))
    assert lowest_second_pole(design.circuit).value > 0
    assert largest_resistance(design.circuit, INVERTERS) == Limit(None, "no such part")
