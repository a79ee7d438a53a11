"""Words of PSpice and LTspice put into ngspice's: what they come to, against algebra."""

import math

import numpy as np
import pytest

from amc_circuits.engines.ngspice.rawfile import Plot
from netlists import ParameterError
from tests.netlists.model_files import cases as files

BOLTZMANN = 1.380649e-23


def run(folder, text, lines, params="") -> Plot:
    """Runs lines around a subcircuit `s` with the pins a b c d f."""
    model = files.read(folder, f".subckt s a b c d f {params}\n{text}\n.ends\n", "s", "inp inn out vdd vss")
    return files.run(model, [*lines, "Xs a b c d f opamp"])[-1]


def test_parts_beside_a_part_are_parts_of_their_own(tmp_path):
    """LTspice's Rser and Lser stand in series, Rpar and Cpar across both: impedances at 1 MHz."""
    text = """C1 a 0 1n Rser=50 Rpar=10k
L1 b 0 10u Rser=5 Cpar=100p
V1 c 0 1 Rser=7
B1 d 0 I=0 Rpar=2k Cpar=3p
R1 f 0 1k Cpar=10p Lser=1u"""
    drive = [f"I{node} 0 {node} AC 1" for node in "abcdf"]
    plot = run(tmp_path, text, [*drive, ".ac lin 1 1meg 1meg"])
    w = 2e6j * math.pi
    expected = {
        "a": 1 / (1 / (50 + 1 / (w * 1e-9)) + 1e-4),
        "b": 1 / (1 / (5 + w * 10e-6) + w * 100e-12),
        "c": 7.0,
        "d": 1 / (1 / 2e3 + w * 3e-12),
        "f": 1 / (1 / (1e3 + w * 1e-6) + w * 10e-12),
    }
    for node, impedance in expected.items():
        assert plot[f"v({node})"][0] == pytest.approx(impedance, rel=1e-6), node


@pytest.mark.parametrize(
    ("resistor", "quiet"),
    [
        ("R1 a b 1k", False),
        ("R1 a b 1k noiseless", True),
        ("R1 a b 1k RN\n.model RN RES(TCE=0 T_ABS=-273.15)", True),
        ("R1 a b RN 1k\n.model RN RES T_ABS=-273", True),
        ("R1 a b 1k RN\n.model RN RES(T_ABS=27)", False),
        ("R1 a b 1k RN\n.model RN RES(TC1=0)", False),
    ],
)
def test_resistors_without_noise_make_none(tmp_path, resistor, quiet):
    """One kiloohm makes sqrt(4 k T R) at 27 C, unless a word or a temperature of -273 C says that it makes none."""
    lines = ["Va a 0 DC 0 AC 1", "Rb b 0 1e12", ".noise v(b) Va lin 1 1k 1k", ".save onoise_spectrum"]
    text = f"{resistor}\nR2 c 0 1"
    model = files.read(tmp_path, f".subckt s a b c d f\n{text}\n.ends\n", "s", "inp inn out vdd vss")
    (plot,) = files.run(model, [*lines, "Xs a b c d f opamp"])
    density = math.sqrt(4 * BOLTZMANN * 300.15 * 1e3)
    assert plot["onoise_spectrum"][0] == pytest.approx(0.0 if quiet else density, rel=0.01, abs=0.05 * density)


def test_a_model_derived_from_another_has_what_it_does_not_say_anew(tmp_path):
    """AKO: beta and saturation current of the base, unless they are said again; from base to base."""
    text = """Q1 a c 0 QB
Q2 b c 0 QC
.MODEL QA NPN(BF=100 IS=1E-16)
.MODEL QB AKO:QA NPN(IS=2E-16)
.MODEL QC AKO: QB (BF=50)"""
    plot = run(tmp_path, text, ["Va a 0 3", "Vb b 0 3", "Vc c 0 0.6", ".op"])
    collector = 2e-16 * (math.exp(0.6 / (8.617333e-5 * 300.15)) - 1)
    assert [-plot["i(va)"][0], -plot["i(vb)"][0]] == pytest.approx([collector] * 2, rel=1e-3)
    assert -plot["i(vc)"][0] == pytest.approx(collector / 100 + collector / 50, rel=1e-3)


def test_factors_and_sizes_of_models_reach_their_elements(tmp_path):
    """PSpice's R= of a RES model multiplies, L= and W= of a MOS model are those of elements that say none."""
    text = """R1 a 0 1k RM
M1 b c 0 0 MN
M2 d c 0 0 MN W=20u
.MODEL RM RES(R=3)
.MODEL MN NMOS(LEVEL=1 VTO=0.5 KP=100u L=2u W=10u)"""
    plot = run(tmp_path, text, ["Va a 0 3", "Vb b 0 3", "Vd2 d 0 3", "Vc c 0 1.5", ".op"])
    current = 100e-6 / 2 * 5
    found = [-plot[name][0] for name in ("i(va)", "i(vb)", "i(vd2)")]
    assert found == pytest.approx([1e-3, current, 2 * current], rel=1e-6)


@pytest.mark.parametrize("control", [-1.0, 0.4, 0.5, 0.55, 0.6, 2.0])
def test_a_switch_of_negative_hysteresis_is_smooth(tmp_path, control):
    """LTspice's SW with Vh < 0: ln R goes from Roff at Vt + Vh to Ron at Vt - Vh by the cubic of PSpice's switch."""
    text = "S1 b 0 a 0 sm\n.model sm sw(ron=10 roff=1k vt=0.5 vh=-0.1)"
    plot = run(tmp_path, text, [f"Va a 0 {control}", "Vb b 0 1", ".op"])
    part = min(max((control - 0.4) / 0.2, 0), 1)
    logarithm = math.log(1e3) + (3 * part**2 - 2 * part**3) * math.log(10 / 1e3)
    assert -plot["i(vb)"][0] == pytest.approx(math.exp(-logarithm), rel=1e-6)


def test_a_switch_of_thresholds_is_ngspices_own(tmp_path):
    """PSpice's VT and VH: on above VT + VH, off below VT - VH."""
    text = "S1 b 0 a 0 sm\n.model sm vswitch(ron=10 roff=1meg vt=0.5 vh=0.1)"
    for control, resistance in ((0.0, 1e6), (1.0, 10.0)):
        plot = run(tmp_path, text, [f"Va a 0 {control}", "Vb b 0 1", ".op"])
        assert -plot["i(vb)"][0] == pytest.approx(1 / resistance, rel=1e-6)


def test_a_line_delays(tmp_path):
    """A matched line of 50 ohm and 2 ns hands half the step on after 2 ns."""
    text = "T1 a 0 b 0 Z0=50 TD=2n\nR1 b 0 50\nR2 c a 50"
    plot = run(tmp_path, text, ["Vc c 0 PULSE(0 1 1n 10p 10p 1 2)", ".tran 10p 5n 0 10p"])
    time, output = plot["time"], plot["v(b)"]
    assert np.interp([2.9e-9, 3.1e-9, 5e-9], time, output) == pytest.approx([0, 0.5, 0.5], abs=1e-3)


def test_currents_of_other_elements_can_be_named(tmp_path):
    """F and expressions can name currents of E, H, L, and of a behavioural voltage."""
    text = """E1 a 0 b 0 1
R1 a 0 1k
L1 c a2 1m
R2 a2 0 2k
B1 d 0 V=2
R3 d 0 4k
G1 0 f VALUE={I(E1)+I(L1)+I(B1)}
F1 0 f L1 1
R4 f 0 1"""
    plot = run(tmp_path, text, ["Vb b 0 1", "Vc c 0 1", ".op"])
    assert plot["v(f)"][0] == pytest.approx(-1e-3 + 2 * 0.5e-3 - 0.5e-3, rel=1e-6)


def test_the_current_of_a_current_source_cannot_be_named(tmp_path):
    """Neither I(G...) nor I(R...): ngspice would find no such branch."""
    for text in ("G1 a 0 VALUE={V(b)}\nB1 c 0 V=I(G1)", "R1 a 0 1\nB1 c 0 V=I(R1)", "B2 a 0 I=1\nB1 c 0 V=I(B2)"):
        with pytest.raises(ParameterError, match="that could be meant"):
            run(tmp_path, text, [".op"])


def test_a_parameter_may_depend_on_the_temperature(tmp_path):
    """In an expression it is the circuit's temperature, C; as a value of an element it is refused."""
    plot = run(tmp_path, ".param t={temp+1}\nB1 a 0 V=t*2\nR1 a 0 1", [".op"])
    assert plot["v(a)"][0] == pytest.approx(56)
    with pytest.raises(ParameterError, match="must be a number"):
        run(tmp_path, ".param t={temp+1}\nR1 a 0 {t}", [".op"])
    with pytest.raises(ParameterError, match="must be a number"):
        run(tmp_path, ".param t={v(a)}\nB1 b 0 V=t\nR1 a 0 1", [".op"])


@pytest.mark.parametrize(("level", "written"), [(7, 8), (8, 8), (49, 49)])
def test_levels_of_bsim_have_ngspices_numbers(tmp_path, level, written):
    """PSpice's level 7 is BSIM3; parameters of these levels are handed on."""
    text = f".subckt s a b c d f\nM1 a b c d mn l=1u w=1u\n.model mn nmos(level={level} tox=5n vth0=0.5)\n.ends\n"
    model = files.read(tmp_path, text, "s", "inp inn out vdd vss")
    assert f"nmos level={written} tox=5e-09 vth0=0.5" in model.text


def test_a_lateral_transistor_is_a_pnp(tmp_path):
    """LPNP is a PNP whose substrate stands at its base."""
    text = ".subckt s a b c d f\nQ1 a b c d ql\n.model ql lpnp(bf=50)\n.ends\n"
    assert "pnp bf=50.0 subs=-1.0" in files.read(tmp_path, text, "s", "inp inn out vdd vss").text


def test_diodes_of_straight_lines_are_refused(tmp_path):
    """LTspice's Ron and Vfwd make another device, which ngspice would take for an ordinary diode."""
    with pytest.raises(ParameterError, match="roff, ron, vfwd= make a diode of straight lines"):
        run(tmp_path, "D1 a b dl\n.model dl d(Ron=1 Roff=1g Vfwd=0.5)", [".op"])
