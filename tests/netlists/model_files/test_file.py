"""Op-amp model files of good faith: what they come to in ngspice, against algebra."""

import math
from pathlib import Path

import numpy as np
import pytest

from netlists import ParameterError
from netlists.model_files.file import read_model
from tests.netlists.model_files import cases as files

AMPLIFIER = ["R1 in w 1k", "R2 w out 10k", "Xa 0 w out vdd vss opamp"]
SAVED = ".save v(out) v(w) i(vdd) i(vss)"


def plots(model, source, *analyses):
    """Analyses of an inverting amplifier of gain -10, by name."""
    found = files.run(model, [f"Vin in 0 {source}", *AMPLIFIER, *analyses, SAVED])
    return {plot.name.split()[0]: plot for plot in found}


# name: file, A0, GBWP in Hz or None, slew rate in V/s or None
MODELS = {
    # A0 = gm R2 k RO2/R2 with gm = 377 uS, k = 2e7, RO2 = 50 ohm
    "boyle": (files.boyle, 377e-6 * 2e7 * 50, 3e6, 2e6),
    "behavioural": (files.behavioural, 1e5, 10e6, 20e6),
    # two stages, 1000 and 10, the second through 1 kohm and the switch's 1 ohm into R2 = 10 kohm
    "hierarchy": (files.hierarchy, 1e4 * 10e3 / 11.001e3, None, None),
}


@pytest.mark.parametrize("name", MODELS)
def test_inverting_amplifier_has_its_closed_loop_gain(tmp_path, name):
    """Nested in `.subckt opamp`, every model gives `-10/(1 + 11/A0)`, less its offset's part."""
    make, gain, _, _ = MODELS[name]
    step = plots(make(tmp_path), "DC 0 AC 1", ".ac lin 1 1 1")["AC"]
    assert abs(step["v(out)"][0]) == pytest.approx(10 / (1 + 11 / gain), rel=2e-5)
    assert np.angle(-step["v(out)"][0]) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("name", ["boyle", "behavioural"])
def test_inverting_amplifier_has_its_bandwidth_and_slew_rate(tmp_path, name):
    """-3 dB at GBWP/11, and a slope of the slew rate after a step of 1 V."""
    make, _, gbwp, slew_rate = MODELS[name]
    found = plots(make(tmp_path), "DC 0 AC 1 PULSE(0 0.42 1u 1n 1n 1 2)", ".ac dec 200 10k 10meg", ".tran 5n 6u 0 5n")
    response, frequency = np.abs(found["AC"]["v(out)"]), found["AC"]["frequency"].real
    assert np.interp(-10 / math.sqrt(2), -response, frequency) == pytest.approx(gbwp / 11, rel=0.01)
    slope = np.gradient(found["Transient"]["v(out)"], found["Transient"]["time"])
    assert -slope.min() == pytest.approx(slew_rate, rel=0.02)


def test_rails_of_a_model_carry_what_it_draws(tmp_path):
    """The supply current of the behavioural model is its 1 mA, less half the load's current, plus 1 uA/V."""
    point = plots(files.behavioural(tmp_path), "DC 0.1", ".op")["Operating"]
    load = 0.1 / 1e3  # through R1 and R2 into the output
    assert point["i(vdd)"][0] == pytest.approx(-(1e-3 - load / 2 + 10e-6), rel=1e-3)


def test_our_transistor_op_amp_is_the_same_as_its_file(tmp_path):
    """A file of MOS transistors that is read and written anew answers a step as the file itself does in ngspice."""
    path = Path(__file__).parents[3] / "netlists" / "opamps" / "cmos_100meg.lib"
    model = read_model(path, "cmos_100meg", files.PINS)
    raw = model.model_construct(text=path.read_text(), subcircuit="cmos_100meg", pins=files.PINS)
    lines = ["Vin in 0 PULSE(0 20m 10n 1n 1n 1 2)", *AMPLIFIER, ".tran 0.2n 200n 0 0.2n", SAVED]
    ours, theirs = (files.run(one, lines, rails=1.2)[0] for one in (model, raw))
    time = np.linspace(0, 200e-9, 401)
    for name in ("v(out)", "i(vdd)"):
        a, b = (np.interp(time, plot["time"], plot[name]) for plot in (ours, theirs))
        assert np.abs(a - b).max() < 1e-6 * np.abs(b).max()


EXPRESSIONS = {
    "v(a)^2": lambda a, b: a**2, "v(a)**3": lambda a, b: a**3, "v(b)^-2": lambda a, b: b**-2,
    "v(a)^9": lambda a, b: a**9, "v(b)^1.5": lambda a, b: b**1.5, "-2^2*v(b)": lambda a, b: -4 * b,
    "2^3^2*v(b)": lambda a, b: 64 * b, "1-v(a)-2-(3-v(b))": lambda a, b: 1 - a - 2 - (3 - b),
    "2/v(b)/4*3": lambda a, b: 2 / b / 4 * 3, "-(-v(a))*--v(b)": lambda a, b: a * b, "v(0,a)": lambda a, b: -a,
    "v(a,b)*1k/1MEG": lambda a, b: (a - b) / 1e3, "pwr(v(a),2.5)": lambda a, b: abs(a) ** 2.5,
    "pwrs(v(a),2.5)": lambda a, b: -(abs(a) ** 2.5), "limit(v(a),-1,1)": lambda a, b: -1,
    "limit(v(b),-1,{1})": lambda a, b: b, "if(v(a)>0, 3, 4)": lambda a, b: 4,
    "v(a)<0 & v(b)>=0.5 ? v(a) : 7": lambda a, b: a, "(v(a)>0 | v(b)>5) ? 1 : 2": lambda a, b: 2,
    "!(v(a)>0)+0": lambda a, b: 1, "table(v(b),-1,-2,0,0,1,3)": lambda a, b: 3 * b,
    "table(v(a),-1,-2,0,0,1,3)": lambda a, b: -2, "log(v(b))": lambda a, b: math.log(b),
    "log10(v(b))": lambda a, b: math.log10(b), "sgn(v(a))": lambda a, b: -1, "stp(v(b))": lambda a, b: 1,
    "uramp(v(a))+uramp(v(b))": lambda a, b: b, "nint(v(a))": lambda a, b: -2, "floor(v(a))": lambda a, b: -2,
    "ceil(v(a))": lambda a, b: -1, "min(v(a),max(v(b),2))": lambda a, b: a, "arctan(v(a))": lambda a, b: math.atan(a),
    "exp(v(a))*tanh(v(b))": lambda a, b: math.exp(a) * math.tanh(b), "hyp(v(a),v(b))": lambda a, b: math.hypot(a, b),
    "temp": lambda a, b: 27, "{2*pi}*v(b)": lambda a, b: 2 * math.pi * b, "v(a)==v(a)": lambda a, b: 1,
    "i(vs)*1k": lambda a, b: 1, "v(b)*20u": lambda a, b: b * 20e-6, "sqrt(v(b))": lambda a, b: math.sqrt(b),
    "limit(v(a),1,-1)": lambda a, b: -1, "limit(v(b),1,-1)": lambda a, b: b, "limit(5,v(b),v(a))": lambda a, b: b,
    "uplim(v(b),1,0.5)": lambda a, b: 0.5 + 0.5 * (1 - math.exp(-(b - 0.5) / 0.5)), "uplim(v(a),1,0.5)": lambda a, b: a,
    "dnlim(v(a),-1,0.5)": lambda a, b: -0.5 - 0.5 * (1 - math.exp((a + 0.5) / 0.5)),
    "dnlim(v(b),-1,.5)": lambda a, b: b,
    "int(v(a)*2)": lambda a, b: -3, "hypot(v(a),v(b))": math.hypot, "~(v(a)>0)+0": lambda a, b: 1,
    "square(v(a))": lambda a, b: a * a, "one()*v(b)": lambda a, b: b,
    "asinh(v(a))+acosh(1-v(a))+atanh(v(b))": lambda a, b: math.asinh(a) + math.acosh(1 - a) + math.atanh(b),
    "cosh(v(a))+sinh(v(b))+cos(v(a))-sin(v(b))": lambda a, b: math.cosh(a) + math.sinh(b) + math.cos(a) - math.sin(b),
    "asin(v(b))-acos(v(b))+tan(v(b))+u(v(a))": lambda a, b: math.asin(b) - math.acos(b) + math.tan(b),
}  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expression_means_what_it_says(tmp_path, expression):
    """Every function and operator has the value that Python gives, with voltages as with numbers in their place."""
    a, b = -1.7, 0.6
    numbers = expression.replace("v(a,b)", f"({a - b})").replace("v(0,a)", f"({-a})")
    numbers = numbers.replace("v(a)", f"({a})").replace("v(b)", f"({b})")
    lines = [".func hyp(x,y) {sqrt(x*x+y*y)}", ".func one() {1}", ".subckt e a b c d f", "vs s 0 1", "rs s 0 -1k"]
    lines += [f"b1 c 0 v={expression}", f"e2 d 0 value={{{numbers}}}", "r1 c 0 1", "r2 d 0 1", ".ends"]
    model = files.read(tmp_path, "\n".join(lines), "e", "inp inn out vdd vss")
    plot = files.run(model, [f"Va a 0 {a}", f"Vb b 0 {b}", "Xe a b c d 0 opamp", ".op"])[0]
    expected = pytest.approx(EXPRESSIONS[expression](a, b), rel=1e-8)  # ngspice keeps ten digits of a number
    assert plot["v(c)"][0] == expected and plot["v(d)"][0] == expected


def test_polynomial_terms_stand_in_the_order_of_spice(tmp_path):
    """POLY(2) is p0 + p1 x + p2 y + p3 x^2 + p4 x y + p5 y^2 + ...; a single coefficient of POLY(1) is the slope."""
    x, y = 1.5, -0.7
    p = [0.1, 0.2, -0.3, 0.4, 0.5, -0.6, 0.7, 0.8]
    text = [".subckt p a b c d f", "E1 c 0 POLY(2) a 0 b 0 " + " ".join(map(str, p)), "R1 c 0 1"]
    text += ["G1 0 d POLY(1) (a,b) 2m", "Vs d d1 0", "R2 d1 0 1k", "H1 f 0 POLY(2) Vs Vs 0 1k 0 0 1meg", "R3 f 0 1"]
    model = files.read(tmp_path, "\n".join([*text, ".ends"]), "p", "inp inn out vdd vss")
    plot = files.run(model, [f"Va a 0 {x}", f"Vb b 0 {y}", "Xe a b c d f opamp", ".op"])[0]
    terms = [1, x, y, x * x, x * y, y * y, x**3, x * x * y]
    assert plot["v(c)"][0] == pytest.approx(np.dot(p, terms), rel=1e-8)
    current = 2e-3 * (x - y)
    assert plot["v(d)"][0] == pytest.approx(1e3 * current, rel=1e-8)
    assert plot["v(f)"][0] == pytest.approx(1e3 * current + 1e6 * current**2, rel=1e-8)


@pytest.mark.parametrize("control", [-1.0, 0.0, 0.5, 1.2, 2.0, 3.0])
def test_smooth_switch_follows_its_cubic(tmp_path, control):
    """PSpice's switch: ln R is the cubic between Roff at or below Voff and Ron at or above Von, flat at both ends."""
    text = ".subckt s a b c d f\nS1 b 0 a 0 sm\n.model sm vswitch(ron=10 roff=1k von=2 voff=0)\n.ends"
    model = files.read(tmp_path, text, "s", "inp inn out vdd vss")
    plot = files.run(model, [f"Va a 0 {control}", "Vb b 0 1", "Xe a b 0 0 0 opamp", ".op"])[0]
    part = min(max(control / 2, 0), 1)
    # Hermite's cubic 3 t^2 - 2 t^3 goes from 0 to 1 and is flat at both.
    logarithm = math.log(1e3) + (3 * part**2 - 2 * part**3) * math.log(10 / 1e3)
    assert -plot["i(vb)"][0] == pytest.approx(math.exp(-logarithm), rel=1e-6)


def test_transistors_of_four_nodes_areas_and_couplings_are_read(tmp_path):
    """A substrate before the model, an area behind it, coupled inductors, a JFET and sources reach ngspice."""
    text = """.subckt t a b c d f
Q1 a b 0 0 qn 2
Q2 a b 0 qn area=2
J1 a 0 0 jn 3
D1 b 0 dn off
L1 c 0 1u
L2 d 0 1u ic=0
K1 L1 L2 0.5
C1 f 0 cm 2p tc=1m,2m
I1 0 f DC 1u AC 1 0 SIN(0 1m 1k)
R1 f 0 rm 1k
.model qn npn(bf=100 is=1e-16)
.model jn njf(vto=-2 beta=1m)
.model dn d(is=1f)
.model cm cap(c=1)
.model rm res(r=1 tc1=1m)
.ends"""
    model = files.read(tmp_path, text, "t", "inp inn out vdd vss")
    lines = ["Va a 0 3", "Vb b 0 0.65", "Vc c 0 AC 1", "Xe a b c d f opamp", ".op", ".ac lin 1 1k 1k"]
    found = {plot.name.split()[0]: plot for plot in files.run(model, lines)}
    collector = 1e-16 * math.exp(0.65 / (8.617333e-5 * 300.15)) * 4
    assert -found["Operating"]["i(va)"][0] == pytest.approx(collector + 3 * 1e-3 * 4, rel=1e-3)
    assert found["Operating"]["v(f)"][0] == pytest.approx(1e-3, rel=1e-6)
    assert abs(found["AC"]["v(d)"][0]) == pytest.approx(0.5, rel=1e-6)


def test_a_model_file_is_named_by_what_it_says(tmp_path):
    """Comments, case, blanks and line ends change neither text nor hash; a changed number does."""
    plain = files.boyle(tmp_path)
    noisy = (
        files.BOYLE.replace("R2    6  9 100.0E3", "r2\t6 9 100K ; a comment\r")
        .replace("\n", "\r\n")
        .replace("\r\r", "\r")
    )
    assert files.read(tmp_path, noisy, "Boyle-1", "inp inn vdd vss out") == plain
    changed = files.read(tmp_path, files.BOYLE.replace("100.0E3", "101.0E3"), "boyle-1", "inp inn vdd vss out")
    assert changed.sha256 != plain.sha256


def test_names_that_ngspice_stumbles_over_do_no_harm(tmp_path):
    """Nodes, models and elements may be called as words that ngspice looks for in its lines."""
    text = """.subckt opamp plot off temper value poly
Doff plot thermal off 2
Rtable thermal 0 {params}
.model off d(is=1f)
.param params=1k
Btemper off 0 V=v(plot)*v(temper) / v(value)
Rprint off poly 1k
.ends opamp"""
    model = files.read(tmp_path, text, "opamp", "inp inn out vdd vss")
    lines = ["Va a 0 3", "Vc c 0 2", "Vd d 0 4", "Xe a b c d b opamp", ".op"]
    plot = files.run(model, lines)[0]
    diode = -plot["i(va)"][0]
    assert 3 - 1e3 * diode == pytest.approx(8.617333e-5 * 300.15 * math.log(diode / 2e-15), rel=1e-3)
    assert plot["v(b)"][0] == pytest.approx(3 * 2 / 4)


@pytest.mark.parametrize("pins", [[], ["inp"] * 5, ["inp", "inn", "out", "vdd"], ["a", "b", "c", "d", "e"]])
def test_pins_must_be_a_permutation(tmp_path, pins):
    """Any other list of pins is refused by the name of that option."""
    with pytest.raises(ParameterError) as caught:
        read_model(files.written(tmp_path, files.BOYLE), "boyle-1", pins)
    assert caught.value.parameter == "opamp_pins"


def test_a_subcircuit_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    """The error names the subcircuits of the file."""
    with pytest.raises(ParameterError, match="boyle-1") as caught:
        read_model(files.written(tmp_path, files.BOYLE), "boyle-2", files.PINS)
    assert caught.value.parameter == "opamp_subckt"
