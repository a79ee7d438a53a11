"""Channels: their moments, their correlation, and files of them."""

import numpy as np
import pytest

from amc_circuits import ParameterError
from mimo.radio.channels import correlated, correlated_users, load_channels, load_each, rayleigh


def test_rayleigh_channels_have_entries_of_power_one():
    """Independent entries: `E[H^H H] = M I`."""
    channels = rayleigh(4000, 6, 3, np.random.default_rng(1))
    gram = (channels.conj().swapaxes(1, 2) @ channels).mean(axis=0)
    assert np.abs(gram - 6 * np.eye(3)).max() < 6 * np.sqrt(6 / 4000)
    assert np.abs((channels**2).mean()) < 0.03


def test_correlated_channels_have_the_exponential_correlation():
    """`E[H H^H]/K = R` with `R_ij = r^|i-j|`; none at r = 0."""
    plain = rayleigh(6000, 4, 5, np.random.default_rng(2))
    assert (correlated(plain, 0.0) == plain).all()
    found = correlated(plain, 0.7)
    mean = (found @ found.conj().swapaxes(1, 2)).mean(axis=0) / 5
    wanted = [[0.7 ** abs(i - j) for j in range(4)] for i in range(4)]
    assert np.abs(mean - wanted).max() < 4 / np.sqrt(6000 * 5)


def test_correlated_users_have_the_correlation_of_their_own_antennas():
    """`E[H^H H]/M = R` within a user, nothing between users; none at r = 0. Both sides make the Kronecker product."""
    plain = rayleigh(6000, 4, 6, np.random.default_rng(5))
    assert (correlated_users(plain, 0.0, 3) == plain).all()
    found = correlated_users(plain, 0.6, 3)
    mean = (found.conj().swapaxes(1, 2) @ found).mean(axis=0) / 4
    block = np.array([[0.6 ** abs(i - j) for j in range(3)] for i in range(3)])
    assert np.abs(mean - np.kron(np.eye(2), block)).max() < 5 / np.sqrt(6000 * 4)
    both = correlated(found, 0.5)[:, :, :3].reshape(6000, 12)
    wanted = np.kron([[0.5 ** abs(i - j) for j in range(4)] for i in range(4)], block)
    assert np.abs(both.T @ both.conj() / 6000 - wanted).max() < 5 / np.sqrt(6000)
    with pytest.raises(ParameterError, match="user_correlation: got 1"):
        correlated_users(plain, 1.0, 3)


def test_channels_of_a_file_are_those_that_were_saved(tmp_path):
    """One channel may lack the first dimension."""
    channels = rayleigh(2, 3, 2, np.random.default_rng(3))
    np.save(tmp_path / "H.npy", channels)
    assert (load_channels(tmp_path / "H.npy") == channels).all()
    np.save(tmp_path / "H.npy", channels[0])
    assert (load_channels(tmp_path / "H.npy") == channels[:1]).all()


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        (np.ones((2, 3)), "at least an antenna a user"),
        (np.ones((2, 3, 2)), "channel 0 of 2; is singular"),
        (np.array([[1.0, np.nan], [0, 1]]), "must be finite"),
        (1e-170 * np.eye(2), "channel 0 with 1e-170; must have a largest entry of 1e-30"),
        (1e170 * np.eye(2), "channel 0 with 1e.170; must have a largest entry of 1e-30"),
        (np.ones(3), "shape"),
        (np.ones((0, 3, 2)), "at least one channel"),
        (np.array([[1.0, 0.0], [2.0, 0.0]]), "channel 0 with zeros alone for user 1"),
        (np.array([["a", "b"], ["c", "d"]]), "must hold numbers"),
    ],
)
def test_channels_that_cannot_be_used_are_refused(tmp_path, channels, words):
    """In one line, with the parameter."""
    np.save(tmp_path / "H.npy", channels)
    with pytest.raises(ParameterError, match=f"channels: got .*{words}"):
        load_channels(tmp_path / "H.npy")


@pytest.mark.parametrize("channels", [np.ones((2, 3)), np.ones((2, 3, 2))])
def test_users_that_are_not_told_apart_may_be_many_or_equal(tmp_path, channels):
    """Each is a channel by itself."""
    np.save(tmp_path / "H.npy", channels)
    assert load_each(tmp_path / "H.npy").shape == (*([1] * (3 - channels.ndim)), *channels.shape)
    with pytest.raises(ParameterError, match="channels"):
        load_channels(tmp_path / "H.npy")


def test_a_correlation_of_one_is_refused():
    """All antennas would be the same."""
    with pytest.raises(ParameterError, match="correlation"):
        correlated(np.ones((1, 2, 2)), 1.0)
