"""Op-amp models as they are downloaded, on the bench and in a circuit: pins, currents, high gain, missing parts."""

import math
import re
from dataclasses import fields

import numpy as np
import pytest

from amc_circuits.opamps.bench import OpAmpFigures, characterize
from amc_circuits.opamps.fit import fit_macro
from netlists import ParameterError, SinglePoleOpAmp, preset
from netlists.opamps.records import SubcircuitOpAmp
from tests.command_line import HANDED_IN

SUPPLY = 15.0
GM, LIMIT, CLAMPED = 1e-3, 200e-6, 12.0
VENDORS = "inp,inn,vdd,vss,out"
QUIET = "Rq vcc vee 10k"
THROUGH_RAILS = "Vs z1 z 0\nFp vcc 0 Vs 0.5\nFn vee 0 Vs 0.5"


def model(gain=1e5, gbwp=10e6, supply=QUIET, output="Rs z1 z 1u", pins="in+ in- vcc vee out", more=""):
    """One pole, limits at +-12 V, 100 ohm; by default its output current flows through node 0."""
    return f""".subckt MYOP {pins}
Gin 0 x value={{limit({GM}*V(in+,in-), -{LIMIT}, {LIMIT})}}
R1 x 0 {gain / GM}
C1 x 0 {GM / (2 * math.pi * gbwp)}
Gclamp x 0 value={{table(V(x), -13,-1, -{CLAMPED},0, {CLAMPED},0, 13,1)}}
Ebuf y 0 x 0 1
Rout y z1 100
{output}
Rz z out 1u
{supply}
{more}
.ends
"""


@pytest.fixture
def typed(tmp_path, amc):
    """Calls a command with a model of this text; `pins` None leaves the option away."""

    def call(text, *words, pins=VENDORS):
        path = tmp_path / "model.lib"
        path.write_text(text)
        options = ["--opamp-file", path, "--opamp-subckt", "MYOP", "--supply-voltage", SUPPLY]
        return amc(*words, *options, *([] if pins is None else ["--opamp-pins", pins]))

    return call


def measured(typed, text, pins=VENDORS):
    """Metrics that `amc opamp characterize` prints as JSON."""
    outcome = typed(text, "opamp", "characterize", "--format", "json", pins=pins)
    assert outcome.code == 0, outcome
    return outcome.json


JUNCTIONS = "D1 out k DX\nVc vcc k 2.2\nD2 j out DX\nVe j vee 2.2\n.model DX D(IS=800E-18)\nDp vee vcc DX"
ORDERS = {
    "the package's order": ("in+ in- vcc vee out", "inp,inn,out,vdd,vss", VENDORS, "the pins are in another order"),
    "inputs": ("in+ in- vcc vee out", "inn,inp,vdd,vss,out", VENDORS, "the inputs are exchanged"),
    "rails": ("in+ in- vcc vee out", "inp,inn,vss,vdd,out", VENDORS, "the rails are exchanged"),
    "both": ("in+ in- vcc vee out", "inn,inp,vss,vdd,out", VENDORS, "rails and inputs are exchanged"),
    "a small package": ("out vee in+ in- vcc", VENDORS, "out,vss,inp,inn,vdd", "the pins are in another order"),
    "with an open pin": ("in+ in- vcc vee out c", "inp,inn,out,vdd,vss,nc", f"{VENDORS},nc", "in another order"),
    "with ground in front": ("gnd in+ in- vcc vee out", "gnd,inn,inp,vdd,vss,out", f"gnd,{VENDORS}", "inputs are"),
}


@pytest.mark.parametrize("name", ORDERS)
def test_a_wrong_order_of_pins_is_recognised(typed, name):
    """Whatever fails first, the command names the order that amplifies; in circuits (two of these) as on the bench."""
    pins, given, right, words = ORDERS[name]
    text = model(pins=pins, more=JUNCTIONS + ("\nRc c 0 1g" if " c" in pins else ""))
    in_a_circuit = [("inv", "--size", 2)] if name in ("rails", "with an open pin") else []
    for command in (("opamp", "characterize"), *in_a_circuit):
        typed(text, *command, pins=given).refused(
            f"--opamp-pins: got {given}; ", words, f"as {right} this is an amplifier"
        )
    assert measured(typed, text, pins=right)["gain_db"] == pytest.approx(99.9, abs=0.1)


def test_exchanged_rails_are_recognised_by_their_current(typed):
    """A diode from rail to rail and no other: the gain is there, but 28 A flow the wrong way."""
    text = model(more="Dp vee vcc DX\n.model DX D(IS=1f RS=1)")
    outcome = typed(text, "opamp", "characterize", pins="inp,inn,vss,vdd,out")
    outcome.refused("the rails are exchanged", f"as {VENDORS} this is an amplifier")


def test_what_amplifies_in_no_order_is_said_to_be_no_amplifier(typed):
    """A gain of zero, and an output that its clamp keeps from 0 V: no order is suggested."""
    for old, new in ((f"{GM}*V(in+,in-)", "0"), (f"-13,-1, -{CLAMPED},0", "-13,-13000, 1,0")):
        outcome = typed(model().replace(old, new), "opamp", "characterize")
        outcome.refused("--opamp-file: got a gain of ", "no amplifier; check its pins")


def test_an_op_amp_without_an_operating_point_is_said_to_have_none(typed):
    """Two voltage sources that contradict each other: no order of the pins helps, and no time step is blamed."""
    text = model(more="V8 y8 0 1\nV9 y8 0 2\nR9 y8 0 1")
    outcome = typed(text, "opamp", "characterize")
    outcome.refused("no operating point with the op-amp's output at 0 V; check its pins and its rails", code=1)
    assert "too small" not in outcome.err


def test_a_list_that_nobody_gave_is_said(typed):
    """Five numbers are taken in the vendors' order, with a line that says so; names that say it need none."""
    numbered = model(pins="1 2 3 4 5")
    for name, number in (("in+", 1), ("in-", 2), ("vcc", 3), ("vee", 4)):
        numbered = numbered.replace(name, str(number))
    outcome = typed(numbered.replace("z out", "z 5"), "opamp", "characterize", pins=None)
    assert (
        outcome.code == 0 and "warning: --opamp-pins: not given, taken as inp:1,inn:2,vdd:3,vss:4,out:5" in outcome.err
    )
    assert typed(model(), "opamp", "characterize", pins=None).err == ""


HIGH = [(1e6, 1e6), (1.1e7, 0.6e6), (1e7, 10e6), (1e8, 0.5e6), (3e8, 1e6), (1e7, 8e3)]


@pytest.mark.parametrize(("gain", "gbwp"), HIGH)
def test_high_gain_is_measured_wherever_its_pole_is(typed, gain, gbwp):
    """From 120 to 170 dB, the first pole from 1 Hz down to 0.8 mHz: gain, GBWP, swing and slew rate by closed form."""
    found = measured(typed, model(gain, gbwp))
    loaded = 1 + 100 / 10e3
    assert found["open_loop_gain"] == pytest.approx(gain / loaded, rel=5e-3)
    assert found["gbwp"] == pytest.approx(gbwp / loaded, rel=3e-3)
    assert found["slew_rate_rising"] == pytest.approx(LIMIT / GM * 2 * math.pi * gbwp / loaded, rel=0.02)
    # The clamp's slope of 1 S ends the swing within a step of the sweep.
    assert [found["swing_high"], -found["swing_low"]] == pytest.approx([CLAMPED / loaded] * 2, abs=SUPPLY / 200)


SUPPLIES = {
    "none": ("", "Rs z1 z 1u", None, "no current flows between the rails at rest"),
    "of the wrong sign": ("Iq vee vcc 1m", "Rs z1 z 1u", None, "-0.001 A at rest: .*the wrong way"),
    "a tenth of a nanoampere": ("Iq vcc vee 0.1n", "Rs z1 z 1u", None, "no current flows"),
    "from one rail to node 0, the wrong way": ("Iq 0 vcc 2m", "Rs z1 z 1u", None, "the wrong way"),
    "a nanoampere and more": ("Iq vcc vee 10n", "Rs z1 z 1u", 10e-9, ""),
    "the output's through node 0": (QUIET, "Rs z1 z 1u", 3e-3, ""),
    "the output's through the rails": (QUIET, THROUGH_RAILS, 3e-3, ""),
}


@pytest.mark.parametrize("name", SUPPLIES)
def test_a_supply_current_is_there_or_its_reason(typed, name):
    """Null and why; the energy of a circuit is null as well, not zero, and that is said."""
    supply, output, current, words = SUPPLIES[name]
    text = model(supply=supply, output=output)
    found = measured(typed, text)
    assert found["quiescent_current"] == (None if current is None else pytest.approx(current, rel=1e-3))
    assert re.search(words, found["reasons"].get("quiescent_current", ""))
    solved = typed(text, "inv", "--size", 2, "--format", "json")
    assert solved.code == 0 and solved.json["status"] == "SETTLED"
    assert (solved.json["energy_j"]["amplifiers"] is None) == (current is None)
    assert ("the energy is not known" in solved.err) == (current is None)
    assert ("the energy lacks what the load takes" in solved.err) == (current is not None and output != THROUGH_RAILS)


CLASSES = {
    "node 0": ("Rs z1 z 1u", None, "0 % of the output current flows through the rails", 0.0),
    "a third through the rails": (
        "Vs z1 z 0\nFp vcc 0 Vs 0.2\nFn vee 0 Vs 0.1333333", None, "33 % of the output current flows", 1 / 3),
    "class A": (THROUGH_RAILS, None, "do not grow with the output current: class A", 1.0),
    "class B": (
        "Vs z1 z 0\nGp vcc 0 value={max(I(Vs),0)}\nGn 0 vee value={max(-I(Vs),0)}", None, "class B", 1.0),
    "class AB": (
        "Vs z1 z 0\nGp vcc 0 value={sqrt(I(Vs)^2/4+1e-6)+I(Vs)/2-1m}\nGn 0 vee value={sqrt(I(Vs)^2/4+1e-6)-I(Vs)/2-1m}",
        1e-3, "", 1.0),
    "another law": (
        "Vs z1 z 0\nGp vcc 0 value={I(Vs)/2+1m*(1-exp(-(I(Vs)/10m)^2))}\n"
        "Gn 0 vee value={-I(Vs)/2+1m*(1-exp(-(I(Vs)/10m)^2))}", None, "by another law", 1.0),
}  # fmt: skip


@pytest.mark.parametrize("name", CLASSES)
def test_the_class_of_the_output_stage_is_told_from_the_rails(typed, name):
    """I_qo only where the law holds; else null and which class it is, never a number from the noise."""
    output, current, words, share = CLASSES[name]
    found = measured(typed, model(output=output))
    assert found["class_ab_current"] == (None if current is None else pytest.approx(current, rel=1e-3))
    assert re.search(words, found["reasons"].get("class_ab_current", ""))
    assert found["rail_share"] == pytest.approx(share, abs=1e-4)


PARTIAL = {
    "an ideal output": (("Rout y z1 100", "Rout y z1 1u"), "source_current", "put a resistor"),
    "no limits": (("Gclamp", "*"), "slew_rate_rising", "still moves .*within its rails"),
    "no input capacitance": (("", ""), "input_capacitance", "noise"),
    "no second pole": (("", ""), "second_pole", "that of one pole"),
    "nothing that makes noise": (("\nRout", "\n*"), "input_noise", ""),
}


@pytest.mark.parametrize("name", PARTIAL)
def test_what_is_missing_hides_nothing_else(typed, name):
    """Gain and GBWP are printed whatever lacks, and every null has its reason, in JSON and below the table."""
    (old, new), missing, words = PARTIAL[name]
    text = model().replace(old, new, 1)
    if name == "nothing that makes noise":
        text = re.sub(r"^(R\S+ \S+ \S+ \S+)$", r"\1 noiseless", model(), flags=re.M)
    found = measured(typed, text)
    assert found["gain_db"] == pytest.approx(99.9, abs=0.2) and found["gbwp"] > 9e6
    assert found[missing] is None and re.search(words, found["reasons"][missing])
    nulls = {name for name, value in found.items() if value is None}
    assert nulls <= set(found["reasons"])
    table = typed(text, "opamp", "characterize").out
    assert found["reasons"][missing] in " ".join(table.split())


def test_every_metric_is_there_or_has_a_reason():
    """Models of ours, too, have a reason for every None, and none for other fields."""
    for record in (SinglePoleOpAmp(), preset("cmos-100meg"), preset("cmos-100meg-transistor")):
        found = characterize(record)
        missing = {field.name for field in fields(OpAmpFigures) if getattr(found, field.name) is None}
        assert missing == set(found.reasons)


def test_the_fit_takes_nothing_that_was_not_measured():
    """Without a current at rest the macro model has none; a metric that lacks is named as measured, no option."""
    found = characterize(preset("ad823"))
    known = vars(found)
    unknown = OpAmpFigures(**known | {"quiescent_current": None, "class_ab_current": None})
    assert fit_macro(unknown, 5.0).quiescent_current is None
    for name in ("swing_low", "slew_rate_falling", "sink_current"):
        lacking = OpAmpFigures(**known | {name: None, "reasons": {name: "it was not there"}})
        with pytest.raises(ParameterError) as caught:
            fit_macro(lacking, 5.0)
        assert caught.value.parameter == "opamp" and f"no measured {name.replace('_', ' ')}" in str(caught.value)
        assert "it was not there" in str(caught.value)
    with pytest.raises(ParameterError) as caught:
        fit_macro(OpAmpFigures(**known | {"quiescent_current": -1e-3}), 5.0)
    assert caught.value.parameter == "opamp" and "a measured" in str(caught.value)


def test_a_fit_without_a_supply_current_says_whose_it_is(typed):
    """`amc opamp fit` prints `-`, and that the line to type has the preset's current."""
    outcome = typed(model(supply=""), "opamp", "fit")
    assert outcome.code == 0 and re.search(r"quiescent current +│ +- ", outcome.out)
    assert "- supply current: no current flows between the rails at rest; below, it and the energy are" in outcome.out
    assert "--quiescent-current" not in outcome.out
    assert typed(model(supply=""), "opamp", "fit", "--format", "json").json["quiescent_current"] is None


def test_currents_of_a_macro_model_are_both_known_or_none():
    """One of them alone is refused; without both the circuit runs and its energy is unknown."""
    with pytest.raises(ParameterError, match="goes with the other current"):
        preset("ad823").replace(quiescent_current=None)
    record = preset("ad823").replace(quiescent_current=None, class_ab_current=None)
    found = characterize(record)
    assert found.quiescent_current is None and "no current flows" in found.reasons["quiescent_current"]
    np.testing.assert_allclose(found.gbwp, characterize(preset("ad823")).gbwp)


def test_each_step_is_told_before_it_begins():
    """On a terminal the bar names the analysis that runs."""
    steps = []
    characterize(preset("cmos-100meg-transistor"), say=steps.append)
    assert steps == [
        "operating point", "gain", "output resistance", "noise", "common-mode gain", "swing and supply current",
        "rail currents", "short circuit", "slew rate",
    ]  # fmt: skip


EXPECTED = {
    "k15a": (2, "no amplifier"),
    "k5a": (0, ""),
    "k9a": (2, "the rails are exchanged"),
    "k18a": (0, "no current flows between the rails"),
    "k18c": (0, "the wrong way"),
}


@pytest.mark.skipif(not HANDED_IN.is_dir(), reason="there are no such files here")
def test_every_shared_case_behaves(amc):
    """The files that stand beside the project: metrics, or one clear line."""
    for path in sorted(HANDED_IN.glob("k*.lib")):
        case = path.name.split("_")[0]
        code, words = EXPECTED.get(case, (0, ""))
        name = {"k2a": "MYOP/XY", "k15a": "DEAD"}.get(case, "MYOP")
        pins = {"k5a": f"{VENDORS},nc,nc", "k5c": f"gnd,{VENDORS}", "k9a": "inp,inn,vss,vdd,out"}.get(case, VENDORS)
        file = ("--opamp-file", path, "--opamp-subckt", name, "--opamp-pins", pins, "--supply-voltage", SUPPLY)
        outcome = amc("opamp", "characterize", *file)
        assert outcome.code == code and words in outcome.out + outcome.err, (path.name, outcome)
        assert "too small" not in outcome.err


def test_records_of_subcircuits_take_any_words():
    """A record's pins are words like those of the option; equal ones are one node."""
    text = ".subckt s a b c d\nR1 a b 1\nR2 c d 1\n.ends"
    record = SubcircuitOpAmp(text=text, subcircuit="s", pins=("inp", "inn", "out", "nc"), macro=preset("ad823"))
    assert record.pins[3] == "nc"
    with pytest.raises(ParameterError) as caught:
        record.replace(pins=("inp", "inn", "out", "open"))
    assert caught.value.parameter == "pins"
