"""What the limits add goes on as in the equation of a stage that runs into its clamp, solved by Radau's method."""

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from scipy.integrate import solve_ivp

from amc_circuits.engines.exact.nonlinear.laws import Added, Laws
from amc_circuits.engines.exact.nonlinear.method import NODES
from amc_circuits.engines.exact.nonlinear.step.continuation import continued
from netlists import preset
from tests.amc_circuits.engines.exact.circuits import programmed
from tests.cases import spd_matrix
from tests.comparators import assert_close

SLEW_RATE, SWING, LEAK = 110e6, 0.9, 2 * np.pi * 100e6 / 10 ** (98 / 20) * 0.9  # cmos-100meg
STEP = 0.4e-9
LATER = STEP * (1 + 1.4 * NODES[1:])


def clamp(volts):
    """Rate of a clamp below e^5, V/s: 10 mV an e-fold."""
    return -SLEW_RATE * np.sign(volts) * (np.exp((np.abs(volts) - SWING) / 10e-3) - np.exp(-SWING / 10e-3))


def added(laws, clamps, drives):
    """What the limits of equal stages add, at several times."""
    slewing = SLEW_RATE * np.tanh(drives / SLEW_RATE) - drives
    every = np.repeat(slewing[None, :, None], laws.count, axis=0)
    rates = np.repeat(clamps[None, :, None], laws.count, axis=0)
    return Added(np.concatenate([every, 0 * every]), rates, laws.count), every * 0 + drives[:, None]


@pytest.fixture(scope="module")
def laws() -> Laws:
    """Limits of the op-amps of a 1 x 1 INV."""
    return Laws.of(programmed(spd_matrix(1, 2, 0), opamp=preset("cmos-100meg")).circuit)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("volts", [0.82, 0.86, 0.88, 0.895], ids=lambda volts: f"from {volts} V")
def test_a_stage_that_enters_its_clamp(laws, volts, sign):
    """Within 3 per thousand of the rate with which it is driven, over 1.4 times a step in which c grows e-fold."""
    drive = sign * SLEW_RATE * Polynomial([0.9, -0.05 / STEP, 0.01 / STEP**2])

    def rate(time, x):
        return SLEW_RATE * np.tanh(drive(time) / SLEW_RATE) - LEAK / SWING * x + clamp(x)

    times = np.concatenate([STEP * NODES, LATER])
    x = solve_ivp(rate, (0, times[-1]), [sign * volts], "Radau", times, rtol=1e-9, atol=1e-9).y[0]
    before, drives = added(laws, clamp(x[:5]), drive(STEP * NODES))
    found = continued(laws, before, drives, 1.4, 1.4 * STEP)
    assert found.clamp is not None
    assert_close(found.clamp[0, :, 0], clamp(x[5:]), absolute=3e-3 * SLEW_RATE * np.tanh(0.9))


def test_all_else_is_a_quartic(laws):
    """Slewing, and a clamp that takes what its stage is driven with, where the drive is far from that: a leak."""
    drive = SLEW_RATE * Polynomial([0.5, 0.2 / STEP, 0.1 / STEP**2, 0, 0.01 / STEP**4])
    held = -SLEW_RATE * Polynomial([np.tanh(0.5), 0.1 / STEP, 0, 0.02 / STEP**3])
    before, drives = added(laws, held(STEP * NODES), drive(STEP * NODES))
    found = continued(laws, before, drives, 1.4, 1.4 * STEP)
    assert found.clamp is not None
    assert_close(found.clamp[0, :, 0], held(LATER), relative=1e-9)
    slewing = np.polynomial.polynomial.polyfit(NODES, before.slewing[0, :, 0], 4)
    assert_close(found.slewing[0, :, 0], Polynomial(slewing)(LATER / STEP), relative=1e-9)
    without = continued(laws, Added(before.bent, None, laws.count), drives, 1.4, 1.4 * STEP)
    assert without.clamp is None
    assert_close(without.bent, found.bent, relative=1e-12)
