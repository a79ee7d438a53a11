"""The laws of stacked op-amps."""

import numpy as np

from amc_circuits.engines.exact.stack.laws import tanh


def test_tanh_is_numpys_however_far_the_limits_are():
    """To the rounding error of 1, without overflow: a slow op-amp is driven at thousands of times its slew rate."""
    x = np.concatenate([-np.geomspace(1e-9, 1e6, 200), [0.0], np.geomspace(1e-9, 1e6, 200)])
    with np.errstate(all="raise", under="ignore"):
        found = tanh(x.copy())
    np.testing.assert_allclose(found, np.tanh(x), rtol=0, atol=4e-16)
