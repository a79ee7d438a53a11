"""What the limits add goes on as in the equation of a stage that runs into its clamp, solved by Radau's method."""

import numpy as np
import pytest
from numpy.polynomial import Polynomial, polynomial
from scipy.integrate import solve_ivp

from amc_circuits.engines.exact.nonlinear.laws import Added, Laws
from amc_circuits.engines.exact.nonlinear.method import NODES
from amc_circuits.engines.exact.nonlinear.step.between import integrals, moved
from amc_circuits.engines.exact.nonlinear.step.continuation import continuation, continued
from amc_circuits.engines.exact.nonlinear.step.entry import entries, longest
from netlists import preset
from tests.amc_circuits.engines.exact.circuits import programmed
from tests.cases import spd_matrix
from tests.comparators import assert_close, assert_within

SLEW_RATE, SWING, LEAK = 110e6, 0.9, 2 * np.pi * 100e6 / 10 ** (98 / 20)  # cmos-100meg; w_T/A0, 1/s
STEP = 0.4e-9
LATER = STEP * (1 + 1.4 * NODES[1:])
BETWEEN = np.linspace(0, 1, 11)
VOLTS = pytest.mark.parametrize("volts", [0.82, 0.86, 0.88, 0.895], ids=lambda volts: f"from {volts} V")
SIGNS = pytest.mark.parametrize("sign", [1, -1])


def clamp(volts):
    """Rate of a clamp below e^5, V/s: 10 mV an e-fold."""
    return -SLEW_RATE * np.sign(volts) * (np.exp((np.abs(volts) - SWING) / 10e-3) - np.exp(-SWING / 10e-3))


def entry(volts, sign):
    """Voltage of a stage that is driven beyond its swing, and its rate but for the clamp, over two steps."""
    drive = sign * SLEW_RATE * Polynomial([0.9, -0.05 / STEP, 0.01 / STEP**2])

    def driven(time, x):
        return SLEW_RATE * np.tanh(drive(time) / SLEW_RATE) - LEAK * x

    times = np.concatenate([STEP * NODES, STEP * BETWEEN, LATER])
    order = np.unique(times)
    found = solve_ivp(
        lambda time, x: driven(time, x) + clamp(x),
        (0, order[-1]),
        [sign * volts],
        "Radau",
        order,
        rtol=1e-9,
        atol=1e-10,
    )
    x = found.y[0][np.searchsorted(order, times)]
    return x, driven(times, x)


def of_all(laws, values):
    """The same values of all stages, shape (m, times, 1)."""
    return np.repeat(values[None, :, None], laws.count, axis=0)


def added(laws, clamps, slewing):
    """What the limits of equal stages add, at several times."""
    every = of_all(laws, slewing)
    return Added(np.concatenate([every, 0 * every]), of_all(laws, clamps), laws.count)


@pytest.fixture(scope="module")
def laws() -> Laws:
    """Limits of the op-amps of a 1 x 1 INV."""
    return Laws.of(programmed(spd_matrix(1, 2, 0), opamp=preset("cmos-100meg")).circuit)


@SIGNS
@VOLTS
def test_a_stage_that_enters_its_clamp(laws, volts, sign):
    """Within a thousandth of the rate with which it is driven, over 1.4 times a step in which c grows e-fold."""
    x, driven = entry(volts, sign)
    before = added(laws, clamp(x[:5]), np.zeros(5))
    found = continued(laws, before, entries(laws, before, of_all(laws, driven[:5])), 1.4, 1.4 * STEP, 0.0)
    assert found.clamp is not None
    assert_close(found.clamp[0, :, 0], clamp(x[-4:]), absolute=1e-3 * SLEW_RATE * np.tanh(0.9))


@SIGNS
@VOLTS
def test_between_the_nodes(laws, volts, sign):
    """A stage is where the quartic of its clamp takes it, and what that misses: nine tenths of the error are gone."""
    x, driven = entry(volts, sign)
    whole = Polynomial(polynomial.polyfit(NODES, driven[:5] + clamp(x[:5]), 4)).integ()
    wanted = x[5:16] - (x[0] + STEP * whole(BETWEEN))
    found = entries(laws, added(laws, clamp(x[:5]), np.zeros(5)), of_all(laws, driven[:5]))
    assert found is not None and found.row.tolist() == list(range(laws.count))
    assert_close(moved(found, STEP, integrals(BETWEEN))[:, 0], wanted, absolute=0.1 * np.abs(wanted).max())
    assert np.abs(wanted).max() > 1e-7


def test_all_else_is_a_quartic(laws):
    """Slewing, and a clamp that takes what its stage is driven with: no stage enters, and steps may be long."""
    held = -SLEW_RATE * Polynomial([0.5, 0.1 / STEP, 0, 0.02 / STEP**3])
    slewing = SLEW_RATE * Polynomial([0.1, 0.2 / STEP, 0.1 / STEP**2, 0, 0.01 / STEP**4])
    before, driven = added(laws, held(STEP * NODES), slewing(STEP * NODES)), of_all(laws, -held(STEP * NODES))
    assert entries(laws, before, driven) is None
    found = continued(laws, before, None, 1.4, 1.4 * STEP, 0.0)
    assert found.clamp is not None
    assert_close(found.clamp[0, :, 0], held(LATER), relative=1e-9)
    assert_close(found.slewing[0, :, 0], slewing(LATER), relative=1e-9)
    without = Added(before.bent, None, laws.count)
    assert entries(laws, without, driven) is None and continued(laws, without, None, 1.4, 1.4 * STEP, 0.0).clamp is None
    assert longest(laws, before, driven[:, -1:], 0 * driven[:, -1:] + 0.89) > 1e3 * STEP


@pytest.mark.parametrize("ratio", [0.7, 1.4, 4.0])
@pytest.mark.parametrize("decay", [0.05, 0.5, 3.0, 100.0])
def test_decays_go_on(ratio, decay):
    """A limit and decays at r, 2 r and 3 r go on exactly, up to a decay of 20 a step."""
    weights, most = continuation(ratio, decay), min(decay, 20.0)
    time = np.concatenate([NODES, 1 + ratio * NODES])
    values = 0.3 + np.exp(-most * np.array([1, 2, 3])[:, None] * time)
    assert_close(values[:, :5] @ weights.T, values[:, 5:], absolute=1e-9)
    assert_close(weights[0], [0, 0, 0, 0, 1], absolute=0.0)


@pytest.mark.parametrize("rate", [0.7, 1.4, 2.5])
def test_other_decays_go_on_better_than_by_time(rate):
    """In a step of three time constants, and one of 1.4 times its length: a tenth of the error is left."""
    time = np.concatenate([NODES, 1 + 1.4 * NODES])
    values = np.exp(-3.0 * rate * time)
    errors = [np.abs(values[:5] @ continuation(1.4, decay).T - values[5:]).max() for decay in (3.0, 0.0)]
    assert errors[0] < 0.1 * errors[1]


def test_short_steps_go_on_as_quartics():
    """Where nothing decays within a step, and so does what decays hardly: the limit of the other."""
    time = np.concatenate([NODES, 1 + 1.4 * NODES])
    for power in range(5):
        values = time**power
        for decay in (0.0, 0.01):
            assert_close(values[:5] @ continuation(1.4, decay).T, values[5:], relative=1e-9)
    # At the least decay that counts, both are the same but for its first power.
    assert_close(continuation(1.4, 0.021), continuation(1.4, 0.0), absolute=0.021 * 5 * np.abs(continuation(1.4)).max())


@SIGNS
def test_steps_end_before_an_entry(laws, sign):
    """At 60 mV from the swing from afar, and near it behind 30 mV more, at the present rate of the fastest stage."""
    rate = sign * 0.5 * SLEW_RATE
    driven, nothing = of_all(laws, np.full(1, rate)), added(laws, np.zeros(5), np.zeros(5))
    unheld = Added(nothing.bent, None, laws.count)
    for volts, left in ((0.2, 0.64), (0.83, 0.03), (0.88, 0.03)):
        stage = of_all(laws, np.full(1, sign * volts))
        for without in (nothing, unheld):
            assert_within(longest(laws, without, driven, stage), left / abs(rate), 1e-9)
        assert longest(laws, nothing, -driven, stage) > 1e3 * left / abs(rate)
