"""The op-amp bench: models whose every figure is known in closed form are the judge of what it measures."""

import re

import numpy as np
import pytest

from amc_circuits.engines.ngspice.runner import run_deck
from amc_circuits.opamps.bench import characterize, frequency_response
from amc_circuits.opamps.fit import fit_macro
from netlists import ParameterError, SinglePoleOpAmp, preset
from netlists.opamps import subcircuit as opamp
from netlists.opamps.bench import OpAmpBench, overdrive_deck
from netlists.opamps.records import SubcircuitOpAmp

LOAD = 2e3
MACROS = {
    "cmos-100meg": preset("cmos-100meg"),
    "opa690": preset("opa690"),
    "ad823": preset("ad823"),
    "second pole": preset("cmos-1g").replace(second_pole=1.7e9, input_offset=2e-3),
}


@pytest.fixture(scope="module")
def measured():
    """Figures of every macro model into 2 kohm."""
    return {name: characterize(record, load=LOAD) for name, record in MACROS.items()}


@pytest.fixture(params=MACROS)
def pair(request, measured):
    """A macro model and its figures."""
    return MACROS[request.param], measured[request.param]


def test_small_signal_figures_are_the_records_own(pair):
    """Gain and GBWP are divided by 1 + R_out/R_load; output resistance and input capacitance come back as they are."""
    record, found = pair
    loaded = 1 + record.output_resistance / LOAD
    assert found.open_loop_gain == pytest.approx(record.open_loop_gain / loaded, rel=1e-5)
    assert found.gain_db == pytest.approx(20 * np.log10(record.open_loop_gain / loaded), abs=1e-4)
    assert found.gbwp == pytest.approx(record.gbwp / loaded, rel=3e-3)
    assert found.output_resistance == pytest.approx(record.output_resistance, rel=1e-4)
    assert found.output_resistance_dc == pytest.approx(record.output_resistance, rel=1e-4)
    assert found.input_capacitance == pytest.approx(record.input_capacitance, rel=1e-6)
    assert found.input_coupling is None


def test_coupled_inputs_have_a_part_of_their_capacitance_between_them():
    """It comes back as it is, and so does the fit."""
    record = MACROS["second pole"].replace(input_capacitance=3e-13, input_coupling=2e-13)
    found = characterize(record, load=LOAD)
    assert found.input_capacitance == pytest.approx(3e-13, rel=1e-6)
    assert found.input_coupling == pytest.approx(2e-13, rel=1e-6)


@pytest.mark.parametrize("cmrr", [1e6, 1e3, 20.0])
@pytest.mark.parametrize(
    "record", [MACROS["second pole"], SinglePoleOpAmp(open_loop_gain=300.0)], ids=["macro", "pole"]
)
def test_cmrr_is_the_records_own(record, cmrr):
    """Whatever the gain and the offset are; the size alone is measured."""
    found = characterize(record.replace(cmrr=cmrr), load=LOAD)
    assert found.cmrr == pytest.approx(cmrr, rel=2e-4 + 1 / (cmrr * record.open_loop_gain))
    assert "cmrr" not in found.reasons


def test_cmrr_of_transistors_is_that_of_a_follower():
    """Its gain misses 1 by `1/CMRR` of either sign and by `-1/A0`, to first order of both."""
    record = preset("cmos-100meg-transistor")
    found = characterize(record, load=LOAD)
    parts = [opamp.subcircuit(record), opamp.supply(record, ("vdd", "vss")), f"Rload out 0 {LOAD}"]
    source = ["Xdut in out out vdd vss opamp", "Vin in 0 DC 0 AC 1", ".save v(out)", ".ac lin 1 0.01 0.01"]
    (plot,) = run_deck("\n".join(["* follower", *parts, *source, ".end\n"]))
    missing = complex(plot["v(out)"][0]) - 1 + 1 / found.open_loop_gain
    assert abs(missing) == pytest.approx(1 / found.cmrr, rel=1e-3)


def test_no_cmrr_is_an_infinite_one(pair):
    """A model that amplifies the difference alone has none, and that is said."""
    _, found = pair
    assert found.cmrr is None and found.reasons["cmrr"].startswith("infinite: ")


def test_phase_tells_the_second_pole(measured):
    """Crossover and phase margin are those of two poles; the second pole comes back; without one there is none."""
    record, found = MACROS["second pole"], measured["second pole"]
    w, pole = record.gbwp / (1 + record.output_resistance / LOAD), record.second_pole
    crossover = pole * np.sqrt((np.sqrt(1 + 4 * (w / pole) ** 2) - 1) / 2)
    assert found.crossover_frequency == pytest.approx(crossover, rel=1e-3)
    assert found.phase_margin == pytest.approx(90 - np.degrees(np.arctan(crossover / pole)), abs=0.05)
    assert found.second_pole == pytest.approx(pole, rel=2e-3)
    assert measured["cmos-100meg"].second_pole is None


def test_currents_are_the_records_own(pair):
    """Quiescent and class-AB current come back; a short circuit takes `I_lim tanh(swing/(R_out I_lim))`."""
    record, found = pair
    assert found.quiescent_current == pytest.approx(record.quiescent_current, rel=1e-6)
    assert found.class_ab_current == pytest.approx(record.class_ab_current, rel=1e-4)
    limit = record.output_current_limit
    short = limit * np.tanh(record.output_swing / (record.output_resistance * limit))
    assert [found.source_current, found.sink_current] == pytest.approx([short, short], rel=5e-3)
    assert found.offset == pytest.approx(record.input_offset, abs=1e-9)


def test_swing_is_where_the_clamp_halves_the_gain(pair):
    """There the clamp's conductance, `I_max/10 mV exp((x - swing)/10 mV)`, is that of A0/gm; overdriven, x = swing."""
    record, found = pair
    span = record.slew_rate / (2 * np.pi * record.gbwp)
    inner = record.output_swing - 10e-3 * np.log(span * record.open_loop_gain / 10e-3)
    for stage, ends in ((inner, (found.swing_high, -found.swing_low)), (record.output_swing, _overdriven(found))):
        # The output stage's own tanh: stage = out + R_out I_lim artanh(out/(R_load I_lim)).
        out = np.linspace(0, stage, 20001)[:-1]
        share = np.minimum(out / (LOAD * record.output_current_limit), 1 - 1e-12)
        drop = record.output_resistance * record.output_current_limit * np.arctanh(share)
        assert ends == pytest.approx([np.interp(stage, out + drop, out)] * 2, rel=5e-3)


def _overdriven(found):
    return [found.output_high, -found.output_low]


def test_slew_rate_is_the_records_own(pair):
    """Overdriven by half the supply it is `SR tanh(V/2 w_T/SR)`, under load less by R_out, up and down alike."""
    record, found = pair
    drive = np.tanh(record.supply_voltage / 2 * 2 * np.pi * record.gbwp / record.slew_rate)
    expected = record.slew_rate * drive / (1 + record.output_resistance / LOAD)
    assert [found.slew_rate_rising, found.slew_rate_falling] == pytest.approx([expected] * 2, rel=0.01)


def test_fit_undoes_the_measurement(pair):
    """The macro model fitted to the figures of a macro model is that model, whatever the load was."""
    record, found = pair
    fitted = fit_macro(found, record.supply_voltage)
    assert (fitted.second_pole is None) == (record.second_pole is None)
    for name, value in record.model_dump(exclude={"model"}, exclude_none=True).items():
        assert getattr(fitted, name) == pytest.approx(value, rel=0.02, abs=1e-12), name


def test_single_pole_has_no_limits():
    """Gain and bandwidth come back exactly; what the model does not have is None and cannot be fitted."""
    found = characterize(SinglePoleOpAmp(open_loop_gain=3e4, gbwp=20e6))
    assert found.open_loop_gain == pytest.approx(3e4, rel=1e-6)
    assert [found.gbwp, found.crossover_frequency] == pytest.approx([20e6, 20e6], rel=1e-4)
    assert found.phase_margin == pytest.approx(90, abs=0.01)
    for name in ("second_pole", "output_resistance", "input_capacitance", "offset", "swing_high", "slew_rate_rising"):
        assert getattr(found, name) is None, name
    with pytest.raises(ParameterError, match="no limits to fit"):
        fit_macro(found, 1.0)
    with pytest.raises(ParameterError, match="no supply"):
        overdrive_deck(OpAmpBench(opamp=SinglePoleOpAmp()), 1e-6)


def test_gain_over_frequency_is_the_transfer_function():
    """At all frequencies the gain is that of two poles, divided by `1 + R_out (1/R_load + s C_load)`."""
    record = MACROS["second pole"]
    found = frequency_response(OpAmpBench(opamp=record, load=LOAD, load_capacitance=5e-12))
    s = 2j * np.pi * found.frequency
    stage = record.open_loop_gain / (1 + s * record.open_loop_gain / (2 * np.pi * record.gbwp))
    exact = stage / (1 + s / (2 * np.pi * record.second_pole)) / (1 + record.output_resistance * (1 / LOAD + s * 5e-12))
    np.testing.assert_allclose(found.gain, exact, rtol=1e-6)


FOLLOWER_OF_NOTHING = """
.subckt attenuator inp inn out vdd vss
E1 out 0 inp inn 0.5
R1 vdd vss 1k
.ends attenuator
"""


def follower(gain, pins):
    """A record of the ideal amplifier with this gain and order of pins."""
    text = FOLLOWER_OF_NOTHING.replace("0.5", gain)
    return SubcircuitOpAmp(text=text, subcircuit="attenuator", pins=pins, macro=preset("cmos-100meg"))


@pytest.mark.parametrize("pins", [("inp", "inn", "out", "vdd", "vss"), ("inn", "inp", "out", "vdd", "vss")])
def test_what_does_not_amplify_is_refused(pins):
    """A gain below 1 is named as what it is, whatever the order of the pins."""
    with pytest.raises(ParameterError, match="no amplifier; check its pins"):
        characterize(follower("0.5", pins))


TRANSCONDUCTOR = """
.subckt ota inp inn out vdd vss
B1 0 out I=100u*tanh(10*v(inp,inn))
R1 out 0 10meg
B2 0 out I=v(out)>0?-1e-15*(exp(min(v(out)/0.02,50))-1):1e-15*(exp(min(-v(out)/0.02,50))-1)
R2 vdd vss 10k
.ends ota
"""


def test_an_amplifier_whose_only_pole_is_the_load_is_measured():
    """Without load it never falls: gain gm R, GBWP gm/(2 pi C), slew rate I/C."""
    record = SubcircuitOpAmp(text=TRANSCONDUCTOR, subcircuit="ota", macro=preset("cmos-100meg"))
    found = characterize(record, load=1e6, load_capacitance=1e-12)
    assert found.open_loop_gain == pytest.approx(1e-3 / (1 / 1e6 + 1 / 10e6 + 1e-15 / 0.02), rel=1e-4)
    assert found.gbwp == pytest.approx(1e-3 / (2 * np.pi * 1e-12), rel=0.01)
    assert found.slew_rate_rising == pytest.approx(100e-6 / 1e-12, rel=0.02)


IDEAL_OUTPUT = """
.subckt ideal inp inn out vdd vss
G1 0 x inp inn 1m
R1 x 0 100meg
C1 x 0 16p
E1 y 0 x 0 1
V1 y out 0
R2 vdd vss 10k
.ends ideal
"""


@pytest.mark.parametrize(
    ("change", "missing", "words"),
    [
        (("", ""), "source current", "put a resistor"),
        (("V1 y out 0", "L1 y out 1n"), "source current", "put a resistor"),
        (("V1 y out 0", "R3 y out 100"), "slew rate rising", "still moves .*holds its output within its rails"),
    ],
)
def test_what_cannot_be_measured_hides_nothing_else(change, missing, words):
    """An ideal output, and one without limits: gain and GBWP are there, the fit names what lacks and what to do."""
    record = SubcircuitOpAmp(text=IDEAL_OUTPUT.replace(*change), subcircuit="ideal", macro=preset("ad823"))
    found = characterize(record)
    assert found.gbwp == pytest.approx(1e-3 / (2 * np.pi * 16e-12), rel=0.02)
    name = missing.replace(" ", "_")
    assert getattr(found, name) is None and re.search(words, found.reasons[name])
    with pytest.raises(ParameterError, match=r"no measured .*; .*(put a resistor|within its rails)"):
        fit_macro(found, 5.0)


def test_a_pole_below_all_frequencies_is_refused():
    """A capacitor of 1 MF at 1e5 times 1 mS: 1.6 pHz."""
    record = SubcircuitOpAmp(text=IDEAL_OUTPUT.replace("16p", "1meg"), subcircuit="ideal", macro=preset("ad823"))
    with pytest.raises(ParameterError, match="first pole is below 1e-09 Hz"):
        characterize(record)


@pytest.mark.parametrize(
    ("name", "value"), [("load", 0.0), ("load", -1e3), ("load_capacitance", 1.0), ("load_capacitance", -1e-12)]
)
def test_loads_that_are_none_are_refused(name, value):
    """The error has the argument's name."""
    with pytest.raises(ParameterError) as caught:
        characterize(MACROS["ad823"], **{name: value})
    assert caught.value.parameter == name


@pytest.mark.parametrize("name", ["opa690", "ad823", "cmos-100meg"])
def test_a_heavy_capacitor_is_charged_by_the_limited_current(name):
    """Into 10 nF and no other load the output goes no faster than `I_lim/C` and nearly so until the swing's last part.

    Between 10 and 90 % of the swing the drop `swing - v` falls from 1.8 to 0.2 swing, and the current is
    `I_lim tanh(drop/(R_out I_lim))`.
    """
    record = preset(name)
    found = characterize(record, load=1e9, load_capacitance=10e-9)
    low, high = found.swing_low, found.swing_high
    v = np.linspace(low + 0.1 * (high - low), low + 0.9 * (high - low), 10001)
    limit = record.output_current_limit
    current = limit * np.tanh((record.output_swing - v) / (record.output_resistance * limit))
    expected = (v[-1] - v[0]) / np.trapezoid(10e-9 / current, v)
    assert [found.slew_rate_rising, found.slew_rate_falling] == pytest.approx([expected] * 2, rel=0.02)


def test_decks_need_no_more_than_ngspice(tmp_path):
    """Every deck is a whole one: it runs by itself and holds the analysis that it names."""
    (plot,) = run_deck(overdrive_deck(OpAmpBench(opamp=MACROS["cmos-100meg"]), 50e-9))
    assert plot["time"][-1] == pytest.approx(100e-9)
    assert plot["v(out)"][0] == pytest.approx(-0.9, abs=1e-3)
