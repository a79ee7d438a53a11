"""The study of detectors: error bars, guesses, references, settings; its command and its run in sweeps."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from mimo.detection.run import detect as run
from mimo.detection.settings import DetectSettings
from mimo.detection.study import detect
from mimo.parts import Parts
from mimo.radio.closed_forms import zero_forcing_rayleigh
from mimo.radio.constellation import Constellation
from mimo.radio.least_squares import least_squares

SMALL = {"antennas": 6, "users": 2, "realizations": 3, "vectors": 4}
TYPED = [word for name, value in SMALL.items() for word in (f"--{name}", value)]


def test_ideal_parts_have_the_curve_of_zero_forcing():
    """The same draws in exact arithmetic, for both sets of channels, and the closed form beside them."""
    parts = Parts({"device": "ideal", "opamp": "single-pole", "open_loop_gain": "1e9"})
    found = detect(DetectSettings(**SMALL | {"vectors": 3000}, detectors="gram-inv,ginv"), parts)
    assert [(curve.channels, curve.detector) for curve in found.curves] == [
        (channels, detector) for channels in ("i.i.d.", "r = 0.7") for detector in ("gram-inv", "ginv")
    ]
    for curve in found.curves:
        assert curve.rates == pytest.approx(found.exact[curve.channels], rel=0.05)
        assert (curve.checked, curve.unstable) == (3, 0)
    assert found.exact["r = 0.7"].mean() > found.exact["i.i.d."].mean()
    wanted = zero_forcing_rayleigh(Constellation(16), 6, 2, 10 ** (found.snr / 10))
    assert found.closed_form == pytest.approx(wanted) and (np.abs(np.log10(wanted) + 3) < 0.4).any()


def test_least_mean_square_error_has_a_circuit_for_each_ratio():
    """The rates of the exact maps, at every ratio; fewer errors than zero forcing of a square channel."""
    parts = Parts({"device": "ideal", "opamp": "single-pole", "open_loop_gain": "1e9"})
    settings = DetectSettings(antennas=3, users=3, realizations=4, detectors="gram-inv", snr="0,10", correlation=0)
    found = detect(settings.replace(regularised=True), parts)
    assert found.curves[0].rates == pytest.approx(found.exact["i.i.d."], rel=1e-3)
    assert (found.exact["i.i.d."].mean(axis=0) < detect(settings, parts).exact["i.i.d."].mean(axis=0)).all()


def test_more_users_than_antennas_have_an_estimate_of_least_mean_square_error():
    """`(H^H H + r)^-1 H^H = H^H (H H^H + r)^-1`, whose matrix is regular; there is no zero forcing, nor its curve."""
    channels = np.random.default_rng(1).standard_normal((3, 4, 6))
    for ridge in (1.0, 1e-2, 1e-15):
        turned = channels.swapaxes(1, 2)
        wanted = turned @ np.linalg.inv(channels @ turned + ridge * np.eye(4))
        assert least_squares(channels, ridge) == pytest.approx(wanted)
    parts = Parts({"device": "ideal", "opamp": "single-pole", "open_loop_gain": "1e9"})
    settings = DetectSettings(antennas=2, users=3, realizations=3, snr="0,20", correlation=0, regularised=True)
    found = detect(settings, parts)
    assert found.closed_form is None and (np.diff(found.exact["i.i.d."].mean(axis=0)) < 0).all()
    for curve in found.curves:
        assert curve.rates == pytest.approx(found.exact["i.i.d."], rel=1e-3)
    with pytest.raises(ParameterError, match="snr: got auto; needs zero forcing"):
        settings.replace(snr="auto")


def test_standard_errors_are_those_of_channels():
    """The spread of the channels over the root of their number; one channel has none."""
    curve = detect(DetectSettings(**SMALL, detectors="gram-inv", correlation=0), Parts({})).curves[0]
    assert curve.standard_error == pytest.approx(np.sqrt(((curve.rates - curve.mean) ** 2).sum(axis=0) / 6))
    one = detect(DetectSettings(**SMALL | {"realizations": 1}, detectors="gram-inv", correlation=0), Parts({}))
    assert np.isnan(one.curves[0].standard_error).all()


def test_several_uses_are_a_curve_each():
    """As each alone, and named; metrics of a sweep have their names."""
    settings = DetectSettings(**SMALL, detectors="refined,gram-inv", uses="2, 4", correlation=0)
    found = detect(settings, Parts({"levels": "8"})).curves
    assert [curve.detector for curve in found] == ["refined, 2 uses", "refined, 4 uses", "gram-inv"]
    alone = detect(settings.replace(uses="4"), Parts({"levels": "8"})).curves[0]
    assert alone.detector == "refined" and (alone.rates == found[1].rates).all()
    assert (found[0].rates != found[1].rates).any()
    names = {**SMALL, "detectors": "refined", "uses": "2,4", "correlation": 0}
    metrics = run.measure(run.complete({option.name: names.get(option.name) for option in run.options()})).metrics
    assert {"ber_iid_refined_2_uses", "ber_iid_refined_4_uses"} <= set(metrics)


def test_an_unstable_circuit_counts_as_a_guess():
    """Two levels turn the eigenvalues of a square, correlated channel: half of the bits are wrong."""
    settings = DetectSettings(antennas=4, users=4, realizations=6, vectors=2, correlation=0.9, detectors="gram-inv")
    curve = detect(settings, Parts({"levels": "2"})).curves[1]
    assert curve.unstable > 0
    assert ((curve.rates == 0.5).all(axis=1)).sum() == curve.unstable


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"users": 65}, "users: got 65; must be at most the number of antennas, 64"),
        ({"snr": "nan"}, "snr: got nan; must be finite"),
        ({"snr": "1,x"}, "snr: got 1,x; must be finite"),
        ({"order": 8}, "order: got 8; must be one of"),
        ({"detectors": "zf"}, "detectors: got zf; must be among gram-inv"),
        ({"correlation": 1.0}, "correlation"),
        ({"uses": "4", "detectors": "ginv"}, "uses: got 4; has no effect"),
        ({"uses": "1"}, "uses: got 1; must be whole numbers from 2 to 20"),
        ({"uses": "2,x"}, "uses: got 2,x; must be whole numbers"),
        ({"channels": "H.npy", "users": 4}, "users: got 4; has no effect beside channels"),
        ({"realizations": 0}, "realizations"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings, words):
    """By name, with the mend."""
    with pytest.raises(ParameterError, match=words):
        DetectSettings(**settings)


def test_the_command_prints_what_the_study_found(amc, tmp_path):
    """JSON has the numbers of the study; the picture is written."""
    outcome = amc("mimo", "detect", *TYPED, "--format", "json", "--plot", tmp_path / "detect.png")
    assert outcome.code == 0 and (tmp_path / "detect.png").stat().st_size > 10_000
    wanted = detect(DetectSettings(**SMALL), Parts({}))
    for curve, record in zip(wanted.curves, outcome.json["curves"], strict=True):
        assert record["ber"] == pytest.approx(curve.mean) and record["detector"] == curve.detector
        assert list(record["budget"]) == list(curve.budget) and set(record["budget"]) == {"levels", "opamp_gain"}


def test_the_run_of_sweeps_has_the_metrics_of_the_study():
    """Complete options return themselves; the row has the rate at the reference; a file of channels has a hash."""
    given = {option.name: SMALL.get(option.name) for option in run.options()}
    complete = run.complete(given)
    assert run.complete(complete) == complete and complete["device"] == "gramc-16level"
    metrics = run.measure(complete).metrics
    curve = next(one for one in detect(DetectSettings(**SMALL), Parts({})).curves if one.detector == "ginv")
    assert metrics["ber_iid_ginv"] == pytest.approx(curve.mean[curve.reference])
    assert metrics["curve_correlated_refined"] and run.files(complete) == ""
    assert (metrics["checked_iid_ginv"], metrics["unstable_iid_ginv"]) == (curve.checked, curve.unstable)


def test_channels_of_a_file_have_their_own_curve(amc, tmp_path):
    """Real channels of three users; the table names them."""
    np.save(tmp_path / "H.npy", np.random.default_rng(0).standard_normal((2, 5, 3)))
    outcome = amc("mimo", "detect", "--channels", tmp_path / "H.npy", "--detectors", "gram-inv")
    assert outcome.code == 0 and "2 channels" in outcome.out and "closed form" not in outcome.out
    np.save(tmp_path / "H.npy", np.ones((2, 3)))
    amc("mimo", "detect", "--channels", tmp_path / "H.npy").refused("--channels", "antenna a user")
    outcome = amc("mimo", "detect", "--channels", tmp_path / "H.npy", "--regularised", "--snr", "0")
    assert outcome.code == 0 and "MMSE, exact" in outcome.out
    amc("mimo", "detect", "--levels", "1").refused("--levels")
    amc("mimo", "detect", "--snr", "inf").refused("--snr", "finite")
