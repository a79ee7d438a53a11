"""Square QAM: Gray labels, unit energy, and the exact bit error rate against counting and integration."""

import numpy as np
import pytest
from scipy.stats import norm

from amc_circuits import ParameterError
from mimo.radio.closed_forms import ratio
from mimo.radio.constellation import ORDERS, Constellation

every_order = pytest.mark.parametrize("order", ORDERS)


@every_order
def test_points_have_unit_energy_and_labels_of_neighbours_differ_in_one_bit(order):
    """The distances of labels are those of distinct words of `log2 L` bits."""
    found = Constellation(order)
    levels = np.arange(found.levels)
    points = found.symbols(np.stack(np.meshgrid(levels, levels)))
    assert np.mean(np.abs(points) ** 2) == pytest.approx(1, rel=1e-12)
    assert (np.diag(found.distances, 1) == 1).all() and (found.distances.diagonal() == 0).all()
    assert found.distances.max() <= found.bits and (found.distances + np.eye(len(levels)) > 0).all()
    assert 2 ** (2 * found.bits) == order


@every_order
def test_the_error_rate_is_the_integral_over_decisions(order):
    """The probability of every decision, by the normal distribution, times the distance of the labels."""
    found, snr = Constellation(order), ratio(12.0)
    levels, deviation = np.arange(found.levels), np.sqrt(1 / (2 * snr))
    points = (2 * levels - found.levels + 1) * found.half_distance
    edges = np.concatenate([[-np.inf], (points[1:] + points[:-1]) / 2, [np.inf]])
    decided = np.diff(norm.cdf((edges - points[:, None]) / deviation), axis=1)
    wanted = (decided * found.distances).sum(axis=1).mean() / found.bits
    assert found.error_rate(snr) == pytest.approx(wanted, rel=1e-10)


def test_the_error_rate_of_4_qam_is_one_q_function():
    """`Q(sqrt(g))`, down to rates that no counting reaches; published weights of 16-QAM."""
    snr = ratio([0.0, 10.0, 18.0])
    assert Constellation(4).error_rate(snr) == pytest.approx(norm.sf(np.sqrt(snr)), rel=1e-12)
    assert Constellation(16).terms == {1: 0.75, 3: 0.5, 5: -0.25}


@every_order
def test_counted_errors_agree(order):
    """Symbols with noise, decided and counted, within four standard errors."""
    found, random, snr = Constellation(order), np.random.default_rng(order), ratio(10.0)
    sent = found.draw((40_000,), random)
    noise = (random.standard_normal((2, 40_000)) / np.sqrt(2 * snr)).T @ [1, 1j]
    symbols = found.symbols(sent)
    assert found.bit_errors(sent, found.decided(symbols)) == 0
    bits = 2 * found.bits * 40_000
    rate = found.error_rate(snr)
    counted = found.bit_errors(sent, found.decided(symbols + noise)) / bits
    assert abs(counted - rate) < 4 * np.sqrt(2 * rate / bits)


@pytest.mark.parametrize("order", [2, 8, 32, 1024, 16.5])
def test_other_orders_are_refused(order):
    """They are named."""
    with pytest.raises(ParameterError, match=r"order: got .*must be one of 4, 16, 64, 256"):
        Constellation(order)
