"""Fourier transforms by arrays: NumPy's transform, closed forms, limits; the command and its run in sweeps."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from mimo.ofdm.closed_forms import of_dac, of_levels, of_programming
from mimo.ofdm.link import _turned, link_of
from mimo.ofdm.run import ofdm as run
from mimo.ofdm.settings import OfdmSettings, radix
from mimo.ofdm.study import transforms
from mimo.ofdm.transform import Transform, fourier
from mimo.parts import Parts
from mimo.radio.closed_forms import zero_forcing_rayleigh
from mimo.radio.constellation import Constellation
from mimo.radio.real_form import complex_vector, real_form, real_vector

IDEAL = {"device": "ideal", "opamp": "single-pole", "open_loop_gain": "1e9"}


def point(given=None, stages=1, **settings):
    """The only point of a study."""
    size = str(settings.pop("size", 16))
    chosen = {"frames": 50, "vary": "size", "values": size, **settings}
    return next(one for one in transforms(OfdmSettings(**chosen), IDEAL | (given or {})).points if one.stages == stages)


@pytest.mark.parametrize("stages", [1, 2])
def test_ideal_arrays_transform_as_numpy(stages):
    """The unitary transform of complex columns, in one array and in two stages."""
    columns = np.random.default_rng(0).standard_normal((16, 3, 2)) @ [1, 1j]
    found = Transform.program(16, stages, Parts(IDEAL))
    wanted = np.fft.fft(columns, axis=0, norm="ortho")
    turned = Transform.program(16, stages, Parts(IDEAL), inverse=True).apply(real_vector(columns))
    assert complex_vector(turned) == pytest.approx(np.fft.ifft(columns, axis=0, norm="ortho"), abs=1e-7)
    assert complex_vector(found.apply(real_vector(columns))) == pytest.approx(wanted, abs=1e-7)
    assert found.map @ real_vector(columns) == pytest.approx(real_vector(wanted), abs=1e-7)
    assert fourier(16) @ columns == pytest.approx(wanted)


def test_two_stages_need_a_square():
    """Of 12 points only one array is shown."""
    assert [radix(size) for size in (4, 9, 12, 64, 256)] == [2, 3, None, 8, 16]
    assert [one.stages for one in transforms(OfdmSettings(size=12, frames=5, values="8"), IDEAL).points] == [1]


@pytest.mark.parametrize("side", ["receiver", "transmitter"])
@pytest.mark.parametrize("stages", [1, 2])
def test_ideal_parts_have_no_error(stages, side):
    """Below 1e-6, and the bit error rate is that of white noise."""
    found = point(stages=stages, frames=400, side=side)
    assert found.evm < 1e-6 and (found.predicted == 0 or stages == 2)
    assert found.ber == pytest.approx(found.effective, rel=0.02)


def test_coarse_levels_have_their_closed_form():
    """64 points have enough different entries: within 2 dB at 16 levels; the rate follows from the error."""
    found = point({"levels": 16}, size=64)
    assert found.predicted == of_levels(16) == pytest.approx(np.sqrt(2 / 12) / 15)
    assert abs(20 * np.log10(found.evm / found.predicted)) < 2
    assert found.ber == pytest.approx(found.effective, rel=0.07)
    assert list(found.budget) == ["levels", "opamp_gain"] and found.budget["levels"] == pytest.approx(found.evm, 1e-3)


def test_eight_points_hit_eight_levels():
    """In two stages of 8 the entries are 0, 1 and 0.7071, 4.95 of 7 steps: each stage is 1 % off in half of them."""
    one, two = (point({"levels": 8}, stages, size=64) for stages in (1, 2))
    assert two.evm < one.evm / 6
    assert two.evm < 0.02 * np.sqrt(0.5)


def test_programming_errors_have_their_closed_form():
    """Cut off at g_min: 1.64 sigma/G0, within 0.5 dB at 64 points."""
    found = point({"programming_error": "1u"}, size=64)
    assert found.predicted == pytest.approx(of_programming(1e-6, 99e-6))
    assert found.predicted == pytest.approx(1.6377e-6 / 99e-6, rel=1e-3)
    assert abs(20 * np.log10(found.evm / found.predicted)) < 0.5


@pytest.mark.parametrize("bits", [4, 6, 8])
def test_converters_have_their_closed_form(bits):
    """Of DACs within 0.4 dB; the ADC's error is at most half a step of both axes."""
    found = point(dac_bits=bits, size=64, frames=200)
    assert found.predicted == of_dac(bits, 4.0)
    assert abs(20 * np.log10(found.evm / found.predicted)) < 0.4
    step = 1.05 * 7 * np.sqrt(3 / 126) / (2 ** (bits - 1) - 1)
    read = point(adc_bits=bits)
    assert read.evm < np.sqrt(2) * step / 2 * 1.05 and np.isnan(read.predicted)
    assert "adc" in read.budget


def test_converters_stand_between_two_stages_too():
    """Two DACs of the same range in a row: their squares add; an ADC between them alone is as bad as one of them."""
    found = point({}, 2, dac_bits=6, size=64)
    assert 20 * np.log10(found.evm / (np.sqrt(2) * of_dac(6, 4.0))) == pytest.approx(0, abs=0.5)
    sent = point({}, 2, adc_bits=6, size=64, side="transmitter")
    assert 20 * np.log10(sent.evm / of_dac(6, 4.0)) == pytest.approx(0, abs=0.5)
    assert "adc" in sent.budget and sent.budget["adc"] == pytest.approx(sent.evm, rel=1e-3)


def test_an_unstable_array_is_a_guess(amc):
    """Slow second poles: no error vector, half of the bits wrong, a warning, exit code 3; a fast one is as before."""
    typed = ("mimo", "ofdm", "--size", 4, "--values", "8,16", "--frames", 5, "--format", "json", "--gbwp", "1G")
    typed += ("--input-capacitance", "10p")
    outcome = amc(*typed, "--second-pole", "5MEG")
    assert outcome.code == 3 and "levels 8, one array: an array is unstable; it counts as a guess" in outcome.err
    assert {(one["evm"], one["ber"]) for one in outcome.json["points"]} == {(None, 0.5)}
    assert amc(*typed, "--second-pole", "100G").json["points"][0]["evm"] < 1e-3


def test_one_cause_alone_is_without_drift():
    """The converters' entry of the budget has ideal cells, whatever these cells are."""
    drifting = point({"drift_exponent": "0.1", "drift_spread": "0.05", "drift_time": "1M"}, dac_bits=6)
    assert drifting.budget["dac"] == pytest.approx(point(dac_bits=6).evm, rel=1e-3)
    assert drifting.budget["drift"] > 2 * drifting.budget["dac"]


def test_rayleigh_fading_has_its_closed_form():
    """A line without a line of sight: one user and antenna of zero forcing, far above white noise."""
    settings = OfdmSettings(size=16, frames=20_000, channel_model="tdl-a", snr=20, order=16, values="8")
    wanted = zero_forcing_rayleigh(Constellation(16), 1, 1, 100)
    assert link_of(settings).ideal == pytest.approx(wanted, rel=0.04)
    assert wanted > 10 * Constellation(16).error_rate(100)
    for model, known in (("tdl-a", True), ("tdl-d", False)):
        found = transforms(settings.replace(frames=5, channel_model=model), IDEAL).closed_form
        assert found == pytest.approx(wanted) if known else np.isnan(found)


@pytest.mark.parametrize("side", ["receiver", "transmitter"])
def test_an_error_over_fading_acts_like_noise(side):
    """Fine levels have the rate of an exact transform, coarse ones that of their error vector magnitude."""
    settings = {"size": 16, "frames": 800, "channel_model": "tdl-a", "snr": 24, "side": side, "order": 16}
    fine, coarse = (point({"levels": levels}, **settings) for levels in (64, 4))
    assert fine.ber == pytest.approx(fine.ideal, rel=0.05)
    fading = point({}, **settings, dac_bits=6)
    assert side == "transmitter" or fading.evm == pytest.approx(of_dac(6, 4.0), rel=0.05)
    assert coarse.ber == pytest.approx(coarse.effective, rel=0.1) and coarse.effective > 1.03 * coarse.ideal


@pytest.mark.parametrize("side", ["receiver", "transmitter"])
def test_channels_of_a_file_scale_the_ratio(tmp_path, side):
    """Twice the amplitude is 6 dB; the error vector magnitude is the same."""
    np.save(tmp_path / "H.npy", np.full((3, 16), 2.0))
    parts, settings = {"levels": 8}, {"frames": 40, "side": side}
    flat = point(parts, **settings, snr=16 + 20 * np.log10(2))
    found = point(parts, **settings, snr=16, channels=str(tmp_path / "H.npy"))
    assert (found.evm, found.ber, found.effective, found.ideal) == pytest.approx(
        (flat.evm, flat.ber, flat.effective, flat.ideal)
    )


def test_channels_of_a_file_that_cannot_be_used_are_refused(amc, tmp_path):
    """Another number of subcarriers, a subcarrier without a signal, one that is not finite."""
    for values, words in (
        (np.ones((2, 8)), "must have as many subcarriers as the transform, 16"),
        (np.eye(16), "channel 0, subcarrier 1: 0; every entry"),
        (np.full(16, np.nan), "channel 0, subcarrier 0: nan"),
        (np.ones((1, 2, 3)), "must hold numbers of shape"),
    ):
        np.save(tmp_path / "H.npy", values)
        amc("mimo", "ofdm", "--size", 16, "--channels", tmp_path / "H.npy").refused("--channels", words)


def test_noise_behind_factors_is_that_of_the_turned_map():
    """Row by row, against the real form of the factors."""
    random = np.random.default_rng(0)
    rows, factors = random.standard_normal((6, 6)), random.standard_normal((3, 2, 2)) @ [1, 1j]
    wanted = [((real_form(np.diag(one)) @ rows) ** 2).sum(axis=1) for one in factors.T]
    assert _turned(rows, factors) == pytest.approx(np.transpose(wanted))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"values": "8,,9"}, "values: got '8,,9'"),
        ({"vary": "size", "values": "8,x"}, "values: got x"),
        ({"vary": "size", "values": "1000"}, "size: got 1000"),
        ({"order": 32}, "order: got 32"),
        ({"vary": "dac_bits", "values": "4,6", "dac_bits": 8}, "dac_bits: got 8; is what varies"),
        ({"vary": "size", "values": "4", "size": 16}, "size: got 16; is what varies"),
        ({"dac_bits": 1}, "dac_bits"),
        ({"dac_range": 3}, "dac_range: got 3.0; has no effect without converters"),
        ({"dac_range": 3, "dac_bits": 6, "size": 12, "side": "transmitter"}, "dac_range: got 3.0; has no effect"),
        ({"adc_bits": 6, "size": 12, "side": "transmitter"}, "adc_bits: got 6; has no effect at a transmitter"),
        ({"delay_spread": 2}, "delay_spread: got 2.0; has no effect without a tapped delay line"),
        ({"delay_spread": 9, "channel_model": "tdl-a"}, "delay_spread: got 9.0; reaches beyond 64 samples"),
        ({"channels": "H.npy", "channel_model": "tdl-a"}, "channel_model: got tdl-a; has no effect beside channels"),
        ({"snr": float("nan")}, "snr"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings, words):
    """By name."""
    with pytest.raises(ParameterError, match=words):
        OfdmSettings(**settings)


def test_the_command_prints_the_points_and_draws_them(amc, tmp_path):
    """Wires are worse in the larger array; JSON has null where there is no closed form; a value twice is refused."""
    typed = ("mimo", "ofdm", "--size", 16, "--frames", 5, "--vary", "wire_resistance", "--values", "0,10")
    outcome = amc(*typed, "--device", "ideal", "--format", "json", "--plot", tmp_path / "ofdm.png")
    assert outcome.code == 0 and (tmp_path / "ofdm.png").stat().st_size > 10_000
    points = outcome.json["points"]
    assert [(one["value"], one["stages"]) for one in points] == [("0", 1), ("0", 2), ("10", 1), ("10", 2)]
    assert points[2]["evm"] > 2 * points[3]["evm"] > 0 and points[2]["predicted"] is None
    assert "two stages" in amc("mimo", "ofdm", "--size", 4, "--values", 8, "--frames", 2).out
    amc("mimo", "ofdm", "--levels", 8).refused("--levels", "is what varies")
    amc("mimo", "ofdm", "--vary", "sigma").refused("--vary", "levels, programming_error, dac_bits")


def test_the_run_of_sweeps_has_the_metrics_of_the_study():
    """Complete options return themselves."""
    given = {"size": 4, "frames": 2, "values": "8"}
    complete = run.complete({option.name: given.get(option.name) for option in run.options()})
    assert run.complete(complete) == complete
    metrics = run.measure(complete).metrics
    wanted = transforms(OfdmSettings(**given), {})
    assert metrics["evm_one_array"] == wanted.points[0].evm and metrics["evm_two_stages"] == wanted.points[1].evm


@pytest.mark.parametrize(("vary", "given"), [("levels", "4"), ("wire_resistance", 10)])
def test_the_run_of_sweeps_refuses_the_option_that_varies(vary, given):
    """A row with its own value would hold what another one used; another option beside it is kept."""
    names = [option.name for option in run.options()]
    chosen = {"size": 4, "frames": 2, "vary": vary, "values": "8", vary: given}
    with pytest.raises(ParameterError, match=f"{vary}: got {given}; is what varies"):
        run.complete({name: chosen.get(name) for name in names})
    plain = chosen | {vary: None, "programming_error": "1u"}
    complete = run.complete({name: plain.get(name) for name in names})
    assert run.complete(complete) == complete and complete["programming_error"] == pytest.approx(1e-6)
