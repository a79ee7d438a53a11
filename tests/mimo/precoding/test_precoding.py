"""Precoding by GINV: exact zero forcing, its limit of many antennas, early reading, both engines; the command."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from mimo.parts import Parts
from mimo.precoding.chips import CHIPS
from mimo.precoding.disturbances import noise_at_users, noise_covariance, offset_at_users, over_channels
from mimo.precoding.run import precode as run
from mimo.precoding.settings import PrecodeSettings
from mimo.precoding.study import circuit_of, exact_precoders, link_of, precode
from mimo.radio.closed_forms import ratio
from mimo.radio.constellation import Constellation

SMALL = {"antennas": 6, "users": 2, "realizations": 2, "transients": 1}
IDEAL = {"device": "ideal", "opamp": "cmos-1g", "open_loop_gain": "1e8", "topology": "compensated"}


@pytest.fixture(scope="module")
def small():
    """A study with ideal cells and nearly ideal gain."""
    return precode(PrecodeSettings(**SMALL, times="0.3,1,8"), Parts(IDEAL | {"input_noise": "0"}))


def test_ideal_parts_are_exact_zero_forcing(small):
    """At rest, and when read long after the settling time, but for thermal noise; earlier the rate is higher."""
    assert small.rates == pytest.approx(small.exact, rel=3e-3)
    assert small.ideal == pytest.approx(small.exact.mean()) and (small.antennas, small.users) == (6, 2)
    rates = small.settlings[0].rates
    assert rates[0] > rates[1] > 0.9 * rates[2]
    assert rates[2] == pytest.approx(small.exact[0], rel=0.01)


def test_a_transient_settles_near_its_slowest_pole(small):
    """To the right answer, within a factor of three of the pole's time; energy a bit is that of 8 bits."""
    one = small.settlings[0]
    assert one.status == "SETTLED" and one.error < 0.01
    assert one.predicted / 3 < one.time < 3 * one.predicted
    assert small.settling_time == one.time and small.energy_per_bit == pytest.approx(one.energy / 8)


def test_many_antennas_harden_the_channel():
    """Exact zero forcing nears `P(g (M - K)/K)`."""
    settings = PrecodeSettings(antennas=128, users=2, snr=-10, realizations=40, order=4, transients=1)
    link = link_of(settings)
    found = link.rates(np.linalg.pinv(link.channels)).mean()
    assert found == pytest.approx(Constellation(4).error_rate(63 * ratio(-10)), rel=0.05)


def test_one_antenna_and_user_have_the_rate_of_white_noise():
    """The gain of the channel alone scales the ratio: `P(g |h|^2)`."""
    settings = PrecodeSettings(antennas=1, users=1, realizations=3, vectors=4000, transients=1)
    link = link_of(settings)
    gains = (link.channels[:, :, 0] ** 2).sum(axis=1)
    found = link.rates(np.linalg.pinv(link.channels))
    assert found == pytest.approx(Constellation(16).error_rate(link.snr * gains), rel=0.02)


@pytest.mark.parametrize("topology", ["paired", "compensated"])
@pytest.mark.parametrize("precoder", ["ginv", "cascade"])
def test_both_circuits_are_the_regularised_precoder(precoder, topology):
    """`H^T (H H^T + K/g)^-1`, whatever the input conductance."""
    parts = Parts(IDEAL | {"topology": topology, "open_loop_gain": "1e9", "gbwp": "1G"})
    settings = PrecodeSettings(**SMALL, precoder=precoder, regularised=True, input_ratio=2, snr=3)
    link = link_of(settings)
    channel, power = link.channels[1], 10**0.3
    wanted = channel.T @ np.linalg.inv(channel @ channel.T + 2 / power * np.eye(4))
    assert exact_precoders(settings, link)[1] == pytest.approx(wanted)
    found = circuit_of(settings, link, parts, 1).steady(np.eye(4))
    assert found == pytest.approx(wanted, abs=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("precoder", ["ginv", "cascade"])
def test_more_users_than_antennas_have_a_regularised_precoder(precoder):
    """`H^T (H H^T + K/g)^-1`; without the ridge `H H^T` is singular, and many antennas have no rate."""
    parts = Parts({"device": "ideal", "opamp": "single-pole", "open_loop_gain": "1e9", "input_noise": "0"})
    settings = PrecodeSettings(
        antennas=2, users=3, realizations=2, transients=1, precoder=precoder, regularised=True, snr=10, times="30"
    )
    link = link_of(settings)
    channel = link.channels[1]
    wanted = channel.T @ np.linalg.inv(channel @ channel.T + 0.3 * np.eye(6))
    assert exact_precoders(settings, link)[1] == pytest.approx(wanted)
    assert circuit_of(settings, link, parts, 1).steady(np.eye(6)) == pytest.approx(wanted, abs=1e-6)
    found = precode(settings, parts)
    assert found.rates == pytest.approx(found.exact, rel=1e-3) and np.isnan(found.closed_form)
    assert found.settlings[0].status == "SETTLED" and found.settlings[0].error < 0.01
    with pytest.raises(ParameterError, match="users: got 3; must be at most the number of antennas, 2; more of them"):
        settings.replace(regularised=False)


def test_channels_of_a_file_may_have_more_users_than_antennas(tmp_path):
    """Only the ridge makes them usable."""
    np.save(tmp_path / "h.npy", np.random.default_rng(1).standard_normal((2, 2, 3)))
    settings = PrecodeSettings(channels=str(tmp_path / "h.npy"), regularised=True, transients=1)
    assert link_of(settings).channels.shape == (2, 6, 4)
    with pytest.raises(ParameterError, match="3 users, 2 antennas"):
        link_of(settings.replace(regularised=False))


def test_offsets_at_the_users_are_those_that_they_receive():
    """What the channel makes of the change of the outputs, relative to the symbols."""
    settings, b = PrecodeSettings(**SMALL, precoder="cascade"), np.array([0.3, -1.0, 0.5, 0.2])
    link = link_of(settings)
    circuits = [circuit_of(settings, link, Parts(IDEAL | {"input_offset": one}), 0) for one in ("0", "1m")]
    change = link.channels[0] @ (circuits[1].steady(b) - circuits[0].steady(b))
    assert offset_at_users(circuits[0], b) == 0
    assert offset_at_users(circuits[1], b) == pytest.approx(np.linalg.norm(change) / np.linalg.norm(b), rel=1e-6)


def test_a_larger_input_conductance_lowers_the_noise_at_the_users():
    """The signal grows with it; noise of the op-amps hardly changes."""
    link, b = link_of(PrecodeSettings(**SMALL)), np.ones(4)
    low, high = (
        noise_at_users(circuit_of(PrecodeSettings(**SMALL, input_ratio=ratio), link, Parts(IDEAL), 0), b)
        for ratio in (1, 4)
    )
    assert low / 6 < high < low / 2


def test_noise_of_the_circuit_adds_to_that_of_the_radio():
    """One user: `P(1/(1/(g |h|^2) + EVM^2))`; without a covariance of its own a channel has the mean of the others."""
    settings = PrecodeSettings(antennas=1, users=1, realizations=3, vectors=4000, transients=1)
    link = link_of(settings)
    gains = (link.channels[:, :, 0] ** 2).sum(axis=1)
    own = over_channels([0.01 * np.eye(2), None], 3, 1)
    assert (own == 0.01 * np.eye(2)).all() and not over_channels([None], 2, 3).any()
    found = link.rates(np.linalg.pinv(link.channels), own)
    wanted = Constellation(16).error_rate(1 / (1 / (link.snr * gains) + 0.02))
    assert found == pytest.approx(wanted, rel=0.02)


def test_noisy_op_amps_cause_bit_errors():
    """As an error vector of the printed size does; the budget names it, and a quiet circuit has none."""
    settings = PrecodeSettings(antennas=6, users=1, realizations=2, vectors=3000, transients=2, times="8", snr=14)
    parts = Parts(IDEAL | {"input_noise": "200n"})
    link, found = link_of(settings), precode(settings, parts)
    gains = (link.channels[:, :1] ** 2).sum(axis=(1, 2))
    shares = np.array([one.noise for one in found.settlings])
    assert (shares > 0.05).all()
    wanted = Constellation(16).error_rate(1 / (1 / (link.snr * gains) + shares**2))
    assert found.rates == pytest.approx(wanted, rel=0.05)
    assert [one.rates[0] for one in found.settlings] == pytest.approx(found.rates, rel=0.01)
    assert next(iter(found.budget)) == "noise" and found.budget["noise"] == pytest.approx(found.rates.mean(), rel=0.01)
    largest = 3 * np.sqrt(0.1)
    circuit = circuit_of(settings, link, parts, 0)
    half = noise_covariance(circuit, largest) / 4
    assert noise_covariance(circuit, largest / 2) == pytest.approx(half)
    assert np.sqrt(np.trace(4 * half)) == pytest.approx(shares[0])


def test_transistors_in_ngspice_settle_like_their_fit():
    """28 op-amps of 32 transistors each: settling time and energy within 30 %, for small circuits ring; the answer."""
    given = {"opamp": "cmos-0.9g-low-power-transistor", "device": "ideal", "topology": "compensated", "g_max": "35u"}
    settings = PrecodeSettings(antennas=12, users=2, realizations=1, transients=1, seed=3)
    fit, real = (precode(settings.replace(engine=one), Parts(given)).settlings[0] for one in ("exact", "ngspice"))
    assert real.status == fit.status == "SETTLED"
    assert real.time == pytest.approx(fit.time, rel=0.3)
    assert real.energy == pytest.approx(fit.energy, rel=0.3)
    assert real.error == pytest.approx(fit.error, abs=0.02)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"users": 65}, "users: got 65"),
        ({"times": "0,1"}, "times: got 0,1"),
        ({"times": "x"}, "times: got x"),
        ({"order": 5}, "order: got 5"),
        ({"channels": "H.npy", "realizations": 3}, "realizations: got 3; has no effect beside channels"),
        ({"engine": "auto"}, "engine"),
        ({"snr": float("nan")}, "snr"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings, words):
    """By name."""
    with pytest.raises(ParameterError, match=words):
        PrecodeSettings(**settings)


def test_the_command_prints_the_study_and_compares_chips(amc, tmp_path):
    """Ratios are those of the energies a bit; the picture is written; a singular channel is refused."""
    typed = [word for name, value in SMALL.items() for word in (f"--{name}", value)]
    outcome = amc("mimo", "precode", *typed, "--format", "json", "--plot", tmp_path / "precode.png")
    assert outcome.code == 0 and (tmp_path / "precode.png").stat().st_size > 10_000
    found = outcome.json
    for chip, record in zip(CHIPS, found["chips"], strict=True):
        assert record["ratio"] == pytest.approx(chip.energy_per_bit / found["energy_per_bit_j"])
    assert len(found["transients"]) == 1 and set(found["budget"]) == {"levels", "noise", "opamp_gain"}
    assert found["ber"] == pytest.approx(found["exact_ber"], rel=0.1) and found["exact_ber"] > 0
    np.save(tmp_path / "H.npy", np.ones((3, 2)))
    amc("mimo", "precode", "--channels", tmp_path / "H.npy").refused("--channels", "singular")


def test_the_run_of_sweeps_has_the_metrics_of_the_study():
    """Complete options return themselves."""
    given = {**SMALL, "topology": "compensated"}
    complete = run.complete({option.name: given.get(option.name) for option in run.options()})
    assert run.complete(complete) == complete
    metrics = run.measure(complete).metrics
    assert metrics["settling_time_s"] > 0 and metrics["ber"] > 0 and len(metrics["curve_settling_time_s"]) == 1


def test_an_option_of_the_other_circuit_is_no_hindrance_at_its_default():
    """A sweep over both circuits gives every row all options; another value than the default is refused."""
    given = {
        option.name: {**SMALL, "precoder": "ginv", "diagonal": "cells"}.get(option.name) for option in run.options()
    }
    assert run.complete(given)["diagonal"] is None
    cascade = run.complete(given | {"precoder": "cascade", "diagonal": "resistors"})
    assert cascade["diagonal"] == "resistors" and run.complete(cascade) == cascade
    with pytest.raises(ParameterError, match="diagonal"):
        run.complete(given | {"diagonal": "resistors"})


def test_the_feedback_of_the_closed_form_is_no_option(amc):
    """An option without an effect is not offered."""
    names = [option.name for option in run.options()]
    assert "feedback_conductance" not in names and "diagonal" in names
    amc("mimo", "precode", "--diagonal", "resistors").refused("--diagonal")
    assert amc("mimo", "precode", "--feedback-conductance", "1u").code == 2


def test_unstable_circuits_count_as_guesses(amc, small, monkeypatch):
    """A rate of 1/2, counted in the record and with a warning; those of ideal parts are all stable."""
    assert (small.checked, small.unstable) == (2, 0)
    monkeypatch.setattr("mimo.precoding.study.known_stable", lambda _, trial: trial != 0)
    found = precode(PrecodeSettings(**SMALL), Parts(IDEAL))
    assert (found.checked, found.unstable) == (2, 1) and found.rates[0] == 0.5 and found.rates[1] < 0.5
    typed = [word for name, value in SMALL.items() for word in (f"--{name}", value)]
    outcome = amc("mimo", "precode", *typed, "--format", "json")
    assert (outcome.json["checked"], outcome.json["unstable"]) == (2, 1)
    assert "1 of 2 circuits are unstable; they count as guesses" in outcome.err
