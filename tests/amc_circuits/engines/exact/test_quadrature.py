"""Integral of a power over slots."""

import numpy as np
import pytest

from amc_circuits.engines.exact.energy import BRIEF, FEW
from amc_circuits.engines.exact.quadrature import joules_until
from amc_circuits.linear.response import gauss
from tests.comparators import assert_close


@pytest.mark.parametrize("edge", [0.5, np.nextafter(0.5, 0.0), np.nextafter(0.5, 1.0)])
def test_joules_until_an_end_are_the_exponentials_integral(edge):
    """`exp(-r t)` from the step at 0.5 to ends inside panels, on an edge, before the step and after all panels.

    The edge at the step may be off by its rounding.
    """
    rate, panels = np.array([1.0, 2.0, 0.3, 1.5, 0.7]), np.array([0.0, edge, 2.0, 3.0, 7.0])
    ends = np.array([2.7, 3.0, 0.4, 9.0, 0.6])
    powers = np.exp(-rate[:, None] * gauss(panels)[0].ravel())
    got = joules_until(ends, panels, 0.5, powers, lambda slot, time: np.exp(-rate[slot, None] * time))
    last = np.clip(ends, 0.5, 7.0)
    assert_close(got, (np.exp(-0.5 * rate) - np.exp(-rate * last)) / rate, absolute=1e-9)


def test_four_points_are_enough_in_brief_panels():
    """Power of the fastest mode, `exp(-2 t)`, in the longest panel with four points: within 3e-10."""
    panels = np.array([0.0, BRIEF])
    powers = np.exp(-2 * gauss(panels, FEW)[0])
    got = joules_until(np.array([1.0]), panels, 0.0, powers, lambda slot, time: time)
    assert_close(got, [(1 - np.exp(-2 * BRIEF)) / 2], relative=3e-10)
