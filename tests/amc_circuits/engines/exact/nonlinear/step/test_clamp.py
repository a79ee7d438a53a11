"""Stage voltages at clamps: residuals of the equations, with the law of the clamp in plain Python."""

import numpy as np
import pytest

from amc_circuits.engines.exact.nonlinear.laws import Added
from amc_circuits.engines.exact.nonlinear.method import NODES
from amc_circuits.engines.exact.nonlinear.step.clamp import Clamps, last_move
from amc_circuits.engines.exact.nonlinear.step.own_effects import OwnEffectsOf
from amc_circuits.engines.exact.nonlinear.system import System
from netlists import preset
from tests.amc_circuits.engines.exact.circuits import programmed
from tests.cases import spd_matrix
from tests.comparators import assert_close

SLEW_RATE, SWING = 110e6, 0.9


def law(volts):
    """Rate of a clamp, V/s: 10 mV an e-fold, a straight line beyond e^5."""
    beyond = (np.abs(volts) - SWING) / 10e-3
    held = np.where(beyond <= 5, np.exp(np.minimum(beyond, 5)), np.exp(5) * (beyond - 4))
    return -SLEW_RATE * np.sign(volts) * (held - np.exp(-SWING / 10e-3))


@pytest.fixture(scope="module")
def system() -> System:
    """A 3 x 3 INV with wires and line capacitance."""
    options = {"opamp": preset("cmos-100meg"), "wire_resistance": 2.0, "line_capacitance": 1e-15}
    return System(programmed(spd_matrix(3, 8, 0), **options).circuit)


def slewing(drives):
    """What limited slewing adds to the rates of stages, V/s."""
    return SLEW_RATE * np.tanh(drives / SLEW_RATE) - drives


def moved(effects, rates):
    """Voltages of the stages, V, from rates of their own, V/s."""
    return np.einsum("ijm,mjk->mik", effects.stage, rates)


def solved(system, effects, others, drives, before, guess):
    """Stages that `others` is without rates of their own, what is solved, and rates of their clamps."""
    m = system.laws.count
    given = slewing(before[0]), law(before[1])
    added = Added(np.concatenate([given[0], np.zeros_like(given[0])]), given[1], m)
    seen = others + moved(effects, sum(given))
    found = Clamps(system.laws, seen.shape[2], last_move(5e-9)).solved(effects, seen, drives, added, guess)
    return seen, found, 0 * seen if found is None else np.where(found.which, found.rates - slewing(drives), 0.0)


@pytest.mark.parametrize("step", [1e-12, 1e-10, 1e-9, 1e-8, 3e-8, 3e-7])
def test_clamped_stages_solve_their_equations(system, step):
    """`x = others + effect (slewing + clamp(x))` for courses that a stage can take, from guesses near and far.

    What the stages were found to add before does not matter. An op-amp whose loop is faster than the step need not have
    a solution: then there is none, and no wrong one.
    """
    laws, effects = system.laws, OwnEffectsOf(system).of(system.weights(step))
    rng, count, at = np.random.default_rng(3), 100, NODES[1:, None]
    start = rng.uniform(-0.95, 0.95, (laws.count, 1, count))
    far, bent = SLEW_RATE * step * np.array([[1.5], [0.3]])[:, :, None, None] * rng.uniform(-1, 1, (2, *start.shape))
    whole = start + far * at + bent * at * (1 - at)
    drives, earlier = 0.5 * SLEW_RATE * rng.uniform(-1, 1, (2, *whole.shape))
    others = whole - moved(effects, slewing(drives))
    done = 0
    for guess in (np.zeros_like(whole), whole, np.clip(whole, -SWING, SWING), start + 0 * whole):
        before = earlier, np.clip(guess, -0.93, 0.93)
        together = solved(system, effects, others, drives, before, guess)
        for k in range(count):
            part = slice(k, k + 1)
            own, first, driven = others[..., part], guess[..., part], drives[..., part]
            x, found, rates = solved(system, effects, own, driven, [one[..., part] for one in before], first)
            assert found is None or found.failed[0] == together[1].failed[k]
            if found is None or found.failed[0]:
                done += found is None
                continue
            done += 1
            near = np.broadcast_to(found.which, x.shape)
            assert_close(x[near], together[0][..., part][near], absolute=1e-8)
            assert near[(np.abs(own + moved(effects, slewing(driven))) > 0.9).any(axis=1)[:, 0]].all()
            # The rates that are returned belong to equations that hold to rounding.
            held = own + moved(effects, slewing(driven) + rates)
            assert_close(x[near], held[near], absolute=1e-13 + 1e-15 * np.abs(own).max())
            # They are those of the law at voltages 10 nV away, or by rounding, which the slope multiplies.
            least = 1e-8 * (1 + np.abs(law(x)) / SLEW_RATE) / 10e-3 + 1e-12 * np.abs(own).max() / (SLEW_RATE * step)
            assert (np.abs(rates - law(x))[near] <= (SLEW_RATE * least)[near]).all()
    assert done == 4 * count if step <= 1e-9 else done > 2 * count


def test_a_stage_below_its_swing_is_left_alone(system):
    """Idle clamps add nothing."""
    laws, effects = system.laws, OwnEffectsOf(system).of(system.weights(1e-9))
    seen = np.full((laws.count, 4, 1), 0.5)
    added = Added(np.zeros((2 * laws.count, 4, 1)), np.zeros_like(seen), laws.count)
    clamps = Clamps(laws, 1, last_move(5e-9))
    assert clamps.solved(effects, seen, np.full_like(seen, SLEW_RATE), added, seen.copy()) is None
    assert_close(seen, np.full_like(seen, 0.5), absolute=0.0)


def test_the_effect_of_a_stage_on_itself_is_that_of_the_whole_circuit(system):
    """The rate of one clamp at one node, through all modes, moves its own stage by `OwnEffects.stage`."""
    step, m = 1e-9, system.laws.count
    weights = system.weights(step)
    effect = OwnEffectsOf(system).of(weights)
    for place in range(m):
        for node in range(4):
            rates = np.zeros((len(system.push), 5, 1))
            rates[:, node + 1, 0] = system.push[:, place]
            reached = (
                system.seen.modal
                @ system.applied(weights.whole, np.concatenate([np.zeros_like(rates[:, :1]), rates], axis=1))[..., 0]
            )
            assert_close(effect.stage[:, node, place], reached[m + place], relative=1e-9, absolute=1e-20)
            assert_close(effect.drive[place, node], reached[place, node], relative=1e-9, absolute=1e-9)
            rates[:, node + 1, 0] = system.push[:, m + place]
            reached = (
                system.seen.modal
                @ system.applied(weights.whole, np.concatenate([np.zeros_like(rates[:, :1]), rates], axis=1))[..., 0]
            )
            own = reached[2 * m + place, node] + system.seen.pins[2 * m + place, place]
            assert_close(effect.drop[place, node], own, relative=1e-9, absolute=1e-9)


@pytest.mark.parametrize(("volts", "drawn"), [(SWING - 0.181, False), (SWING - 0.179, True)])
def test_weak_clamps_are_left_out(system, volts, drawn):
    """From 18 e-folds below the swing on: what they take is as little as 3 nV at an input."""
    laws, effects = system.laws, OwnEffectsOf(system).of(system.weights(1e-12))
    stage = np.full((laws.count, 4, 1), volts)
    added = Added(np.zeros((2 * laws.count, 4, 1)), None, laws.count)
    found = Clamps(laws, 1, 1e-9).solved(effects, stage, 0 * stage, added, stage)
    assert (found is not None) == drawn
    assert np.abs(law(np.array(volts)) / laws.rate).max() < 3e-9
