"""Panels in pairs: the same functions at their points, edges that stay, and peaks between points."""

from itertools import pairwise

import numpy as np

from amc_circuits.engines.exact.nonlinear.panels import LENGTH, PAIRED, Panels
from amc_circuits.linear.response import gauss
from tests.comparators import assert_close

KEPT = 3 * LENGTH


def exponentials() -> Panels:
    """Two exponentials, of which the faster one has a time constant of 1 s, in eleven panels."""
    edges = np.concatenate([LENGTH * np.arange(8), LENGTH * np.array([8, 10, 11, 15])])
    time = np.append(gauss(edges)[0], edges[-1])
    values = np.exp(-np.multiply.outer([1.0, 0.25], time))[:, :, None]
    return Panels.joined(edges, values, 2 * values, 3 * values)


def test_pairs_have_the_same_values_at_their_points():
    """Within the error of the polynomials through Gauss's points: 6e-7 of what the faster one has left."""
    panels = exponentials()
    pairs, (again,) = panels.paired([KEPT], panels.state)
    assert (again == pairs.state).all()
    wanted = np.exp(-np.multiply.outer([1.0, 0.25], pairs.time))[:, :, None]
    for got, factor in ((pairs.state, 1), (pairs.pins, 2), (pairs.inputs, 3)):
        assert_close(got / factor, wanted, absolute=1e-6)
    assert len(pairs.edges) < len(panels.edges)


def test_no_pair_spans_an_edge_that_stays_or_panels_of_different_length():
    """Edges of pairs are edges of panels; the second panel of a pair is at most 1.5 times the first."""
    panels = exponentials()
    edges = panels.paired([KEPT])[0].edges
    assert KEPT in edges and edges[0] == panels.edges[0] and edges[-1] == panels.edges[-1]
    for first, last in pairwise(edges):
        inside = panels.edges[(panels.edges >= first) & (panels.edges <= last)]
        assert len(inside) in (2, 3)
        assert len(inside) == 2 or np.diff(inside)[1] <= PAIRED * np.diff(inside)[0]


def test_energy_of_the_fastest_mode():
    """Gauss's rule over pairs integrates the square of an exponential within 2e-6 of its time constant."""
    pairs, _ = exponentials().paired([KEPT])
    weights = gauss(pairs.edges)[1].ravel()
    for row, rate in enumerate((1.0, 0.25)):
        got, stop = weights @ pairs.state[row, :-1, 0] ** 2, pairs.edges[-1]
        assert_close(got, (1 - np.exp(-2 * rate * stop)) / (2 * rate), absolute=2e-6)


def test_a_peak_between_two_points_is_found():
    """The crest of a sine within 7e-3, wherever it is: a quarter of what Gauss's points alone may miss of it."""
    edges = np.array([0.0, LENGTH])
    time = gauss(edges)[0].ravel()
    crests = np.linspace(0.6, 2.0, 29)
    values = np.cos(time[:, None] - crests)[None]
    panels = Panels.joined(edges, values, values, values)
    assert_close(panels.largest(np.concatenate([values, 0.5 * values])), np.ones(29), absolute=7e-3)
    alone = panels.largest(np.stack([values, 0.5 * values]))
    assert_close(alone, np.stack([np.ones(29), np.full(29, 0.5)]), absolute=7e-3)
    assert (np.abs(values).max(axis=(0, 1)) < 1 - 2e-2).any()


def test_peaks_are_no_less_than_the_values_at_the_points():
    """Of responses that are 1 at a single point, in single panels and in pairs."""
    panels = exponentials()
    for one in (panels, panels.paired([KEPT])[0]):
        assert (one.largest(np.eye(one.count)[None]) >= 1).all()
