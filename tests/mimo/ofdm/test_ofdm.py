"""Fourier transforms by arrays: NumPy's transform, closed forms, limits; the command and its run in sweeps."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from mimo.ofdm.closed_forms import effective_ratio, of_dac, of_levels, of_programming
from mimo.ofdm.run import ofdm as run
from mimo.ofdm.settings import OfdmSettings, radix
from mimo.ofdm.study import transforms
from mimo.ofdm.transform import Transform, fourier
from mimo.parts import Parts
from mimo.radio.real_form import complex_vector, real_vector

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
    assert complex_vector(found.apply(real_vector(columns))) == pytest.approx(wanted, abs=1e-7)
    assert found.map @ real_vector(columns) == pytest.approx(real_vector(wanted), abs=1e-7)
    assert fourier(16) @ columns == pytest.approx(wanted)


def test_two_stages_need_a_square():
    """Of 12 points only one array is shown."""
    assert [radix(size) for size in (4, 9, 12, 64, 256)] == [2, 3, None, 8, 16]
    assert [one.stages for one in transforms(OfdmSettings(size=12, frames=5, values="8"), IDEAL).points] == [1]


@pytest.mark.parametrize("stages", [1, 2])
def test_ideal_parts_have_no_error(stages):
    """Below 1e-6, and the bit error rate is that of white noise."""
    found = point(stages=stages, frames=400)
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


def test_the_effective_ratio_adds_error_to_noise():
    """Nothing without an error, and the error alone without noise."""
    assert effective_ratio(100.0, 0.0) == pytest.approx(100)
    assert effective_ratio(1e12, 0.1) == pytest.approx(100, rel=1e-6)


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
