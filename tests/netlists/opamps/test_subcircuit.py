"""The macro op-amp in ngspice: gain, slew rate, swing, supply currents."""

import hashlib
import subprocess

import numpy as np
import pytest

from amc_circuits.engines import find_ngspice
from amc_circuits.engines.ngspice.rawfile import read_raw
from netlists import SubcircuitOpAmp, preset
from netlists.opamps import subcircuit as opamp
from netlists.opamps.presets import PRESETS

MACRO = preset("cmos-100meg")


def run(tmp_path, record, elements, end, step, saved, rail=1.2):
    """Waveforms of a small test bench around one op-amp, or around a subcircuit as text."""
    text = record if isinstance(record, str) else opamp.subcircuit(record)
    lines = ["* bench", text, f"Vdd vdd 0 {rail}", f"Vss vss 0 -{rail}", *elements]
    lines += [".options reltol=1e-5 vntol=1e-8 abstol=1e-13", f".save {saved}", f".tran {step} {end} 0 {step}", ".end"]
    (tmp_path / "deck.cir").write_text("\n".join(lines))
    command = [find_ngspice().path, "-n", "-b", "-r", "out.raw", "deck.cir"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    return read_raw(tmp_path / "out.raw")


DECKS = {
    "single-pole": "9e7fbd1dd997dc9b",
    "cmos-100meg": "f61260d78bb46271",
    "cmos-1g": "5869dbd8021493e6",
    "ad823": "b83ac4ca8070a256",
    "opa690": "c83c8a9274abd105",
    "cmos-100meg-transistor": "3f0428d87d85d24f",
}
"""How hashes of both subcircuits of presets begin. Those of macro models are new since the clamp is left out where it
carries less than 1e-16 of I_max; the others are from before there was a CMRR."""


@pytest.mark.parametrize("name", DECKS)
def test_a_deck_without_cmrr_is_as_it_was(name):
    """Line for line; with one there are two elements more, and a common-mode range is in no deck."""
    record = PRESETS[name]
    plain = opamp.subcircuit(record)
    load = "".join(f"{line}\n" for line in opamp.input_capacitors(record, ["inp"], ["inp"]))
    text = plain + plain.replace(".ends opamp", f"{load}.ends opamp")
    assert hashlib.sha256(text.encode()).hexdigest().startswith(DECKS[name])
    if not isinstance(record, SubcircuitOpAmp):
        assert opamp.subcircuit(record.replace(common_mode_range=0.1)) == opamp.subcircuit(record)
        more = opamp.subcircuit(record.replace(cmrr=1e3)).splitlines()
        assert [line for line in more if "common" not in line] == opamp.subcircuit(record).splitlines()
        assert len(more) == len(opamp.subcircuit(record).splitlines()) + 2


@pytest.mark.parametrize("name", [name for name, record in PRESETS.items() if record.model == "macro"])
def test_without_the_difference_node_it_is_the_same_amplifier(tmp_path, name):
    """At ground, as an inverter that slews, settles and is driven into its clamp: the waveforms are equal."""
    record = PRESETS[name].replace(input_offset=1e-3)
    swing, end = record.output_swing, 30 * record.output_swing / record.slew_rate
    edges = f"{end / 30!r} 0 {end / 29!r} {swing / 2!r} {end / 2!r} {swing / 2!r} {end / 1.9!r} {-2 * swing!r}"
    bench = [
        f"Vin in 0 PWL(0 0 {edges})",
        *("Rin in inn 10k", "Rfb out inn 10k", "Xop 0 inn out vdd vss opamp"),
    ]
    whole, short = opamp.subcircuit(record), opamp.subcircuit(record, grounded=True)
    assert "diff" in whole and "diff" not in short
    waves = [run(tmp_path, text, bench, end, end / 20_000, "v(out)", record.supply_voltage) for text in (whole, short)]
    first, second = (wave.voltages(["out"])[:, 0] for wave in waves)
    assert first.min() < -0.45 * swing and first.max() > 0.95 * swing
    np.testing.assert_allclose(np.interp(waves[0].time, waves[1].time, second), first, rtol=0, atol=1e-5 * swing)


def test_the_clamp_is_left_out_only_where_no_double_resolves_it():
    """From `e^-37` I_max on, less than half a unit in the last place of I_max; a small swing has no such place."""
    assert np.exp(-opamp.CLAMP_IDLE) < np.finfo(float).eps / 2
    assert f"abs(v(x))<{0.9 - 37 * opamp.CLAMP_VOLTAGE!r}?0:" in opamp.subcircuit(MACRO)
    assert "abs(v(x))" not in opamp.subcircuit(MACRO.replace(output_swing=0.3))


def test_a_cmrr_keeps_the_difference_node():
    """The common mode acts on it."""
    assert "diff" in opamp.subcircuit(MACRO.replace(cmrr=1e3), grounded=True)


def test_follower_slews_at_its_slew_rate(tmp_path):
    """As a follower, a 1 V step at the input moves the output by 110 V/us until the loop takes over."""
    bench = ["Vin in 0 PWL(0 -0.5 1n -0.5 1.1n 0.5)", "Xop in out out vdd vss opamp"]
    waves = run(tmp_path, MACRO, bench, 20e-9, 0.05e-9, "v(out)")
    output = waves.voltages(["out"])[:, 0]
    slope = np.gradient(output, waves.time)[(waves.time > 2e-9) & (waves.time < 4e-9)]
    # tanh(w (in - out)/SR): the input is 1 V ahead at first.
    assert np.median(slope) == pytest.approx(110e6, rel=0.01)


def test_follower_settles_with_its_bandwidth(tmp_path):
    """For a small step the follower's time constant is 1/(2 pi GBWP)."""
    bench = ["Vin in 0 PWL(0 0 1n 0 1.001n 1m)", "Xop in out out vdd vss opamp"]
    waves = run(tmp_path, MACRO.replace(input_capacitance=0.0), bench, 30e-9, 0.02e-9, "v(out)")
    after = waves.time > 1.1e-9
    rest = 1 - waves.voltages(["out"])[after, 0] / waves.voltages(["out"])[-1, 0]
    part = (rest > 0.01) & (rest < 0.9)
    rate = -np.polyfit(waves.time[after][part], np.log(rest[part]), 1)[0]
    assert rate == pytest.approx(2 * np.pi * 100e6, rel=0.01)


def test_clamp_holds_the_swing_and_lets_go_at_once(tmp_path):
    """Overdriven open loop the output stays at the swing; driven back it crosses zero after swing/slew rate."""
    bench = ["Vin in 0 PWL(0 0 1n 0 1.1n 1 500n 1 500.1n -1)", "Xop in 0 out vdd vss opamp"]
    waves = run(tmp_path, MACRO, bench, 520e-9, 0.5e-9, "v(out)")
    output = waves.voltages(["out"])[:, 0]
    held = output[(waves.time > 400e-9) & (waves.time < 499e-9)]
    assert np.abs(held - 0.9).max() < 0.02
    crossing = waves.time[(waves.time > 500e-9) & (output < 0)][0]
    assert crossing - 500.1e-9 == pytest.approx(0.9 / 110e6, rel=0.05)


def test_output_current_is_limited(tmp_path):
    """Held at its swing by the clamp, the stage drives `I_lim tanh((swing - out)/(R_out I_lim))` into 10 ohm."""
    bench = ["Vin in 0 PWL(0 0 1n 0 10n 0.8)", "Xop in out out vdd vss opamp", "Rl out 0 10"]
    waves = run(tmp_path, MACRO, bench, 200e-9, 1e-9, "v(out)")
    output = waves.voltages(["out"])[-1, 0]
    assert output / 10 == pytest.approx(10e-3 * np.tanh((0.9 - output) / 1.0), rel=0.02)


@pytest.mark.parametrize("level", [0.0, 0.5, -0.5])
def test_rails_deliver_the_load_and_the_class_ab_current(tmp_path, level):
    """The rails carry `sqrt(iL^2/4 + I_qo^2) + I_q +- iL/2`; with the load they sum to zero."""
    bench = [f"Vin in 0 {level}", "Xop in out out vdd vss opamp", "Rl out 0 1k"]
    waves = run(tmp_path, MACRO, bench, 10e-9, 1e-9, "v(out) i(vdd) i(vss)")
    load = waves.voltages(["out"])[-1, 0] / 1e3
    from_vdd, into_vss = -waves.current("Vdd")[-1], waves.current("Vss")[-1]
    idle, stage = 0.8e-3, 0.5e-3
    root = np.sqrt(load**2 / 4 + stage**2)
    assert from_vdd == pytest.approx(root + load / 2 + idle, rel=1e-6)
    assert into_vss == pytest.approx(root - load / 2 + idle, rel=1e-6)
    assert from_vdd - into_vss == pytest.approx(load, abs=1e-10)
