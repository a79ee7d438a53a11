"""Dead zones made of op-amps: their law at rest, its effect on the answer, and what is refused."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.optimize import brentq

from amc_circuits import ParameterError, RecoverCircuit
from amc_circuits.engines import ExactEngine
from netlists import GROUND, ClippingOpAmps, SinglePoleOpAmp, preset
from netlists.opamps.subcircuit import CLAMP_VOLTAGE
from tests.comparators import assert_close, assert_within
from tests.lasso import problem, scikit

OPAMP = preset("cmos-100meg").replace(output_swing=3.0, supply_voltage=5.0, open_loop_gain=1e5)
MATRIX, Y = problem(5, 8, 2, seed=1)


@cache
def solved(dead_zone=0.5, engine="exact", **fields):
    """Circuit and solution."""
    fields = {"opamp": OPAMP, "weight": 0.2, "dead_zone_type": "op-amps", "g_min": 1e-9, **fields}
    circuit = RecoverCircuit.program(MATRIX, engine=engine, dead_zone=dead_zone, **fields)
    return circuit, circuit.solve(Y)


def clipped(x, level):
    """Output of a follower at rest with x volts between its inputs, from its input stage, gain, clamp and load, V."""
    rate, slew = OPAMP.unity_gain_frequency, OPAMP.slew_rate

    def charging(stage):
        clamp = np.exp((stage - level) / CLAMP_VOLTAGE) - np.exp(-level / CLAMP_VOLTAGE)
        return np.tanh(rate * x / slew) - clamp - rate * stage / (slew * OPAMP.open_loop_gain)

    # The difference amplifier's resistors have half of q = z + x between them.
    share = OPAMP.output_resistance / 20e3
    return (brentq(charging, -1e-3, level + 1e-9, xtol=1e-12) + share * x) / (1 + share)


def test_at_rest_they_follow_the_laws_of_their_op_amps():
    """`x = q - z` with z as a follower's clamp leaves it, at all outputs, large and small."""
    circuit = solved()[0]
    levels = circuit.input_levels(Y[:, None])[0]
    engine = ExactEngine()
    x, q, z = (
        engine.rest(engine.init(other), levels)[:, 0]
        for other in (replace(circuit.circuit, outputs=group) for group in ("x", "q", "z"))
    )
    assert_close(x, q - z, absolute=1e-4 * np.abs(q).max())
    wanted = [np.sign(one) * clipped(abs(one - other), 0.5) for one, other in zip(q, z, strict=True)]
    assert_close(z, wanted, absolute=1e-5)
    assert np.abs(z).max() > 0.45 and (np.abs(z) < 0.4).any()


def test_every_entry_has_its_own_lambda():
    """The pull of all entries, zero or not, is lambda z/theta, but for the gain: the softness is no more than that."""
    circuit, solution = solved()
    volts = solution.value / circuit.gain * circuit.settings.input_voltage / np.abs(Y).max()
    pull = circuit.matrix.T @ (Y - circuit.matrix @ solution.value) / circuit.penalties(Y[:, None])[0]
    beyond = np.abs(solution.value) > 0.01 * np.abs(solution.value).max()
    assert 0 < beyond.sum() < 8
    wanted = np.array([np.sign(one) * clipped(abs(one), 0.5) / 0.5 for one in volts[beyond]])
    assert_close(pull[beyond], wanted, absolute=0.02)
    assert_within(solution.figures["softness"], 1 - np.abs(wanted).min(), 0.02)


def test_ngspice_finds_the_same():
    """Entries within 1e-5 of the largest, settling time within 2 %, energies within 2 %."""
    exact, simulated = solved()[1], solved(engine="ngspice")[1]
    assert exact.status.name == simulated.status.name == "SETTLED"
    assert_close(simulated.value, exact.value, absolute=1e-5 * np.abs(exact.value).max())
    assert_within(simulated.settling_time, exact.settling_time, 0.02)
    for account, joules in exact.energy.accounts.items():
        assert_within(simulated.energy.accounts[account], joules, 0.02)


def test_a_larger_level_is_harder():
    """The shift of lambda falls at least as 1/theta, and the answer comes nearer to scikit-learn's."""
    found = [solved(level)[1] for level in (0.2, 0.8)]
    circuit = solved()[0]
    wanted = scikit(circuit.matrix, Y, circuit.penalties(Y[:, None])[0])
    away = [np.linalg.norm(one.value - wanted) / np.linalg.norm(wanted) for one in found]
    assert found[1].figures["softness"] < 0.3 * found[0].figures["softness"]
    assert away[1] < 0.5 * away[0] < 0.1
    assert found[1].figures["support_differences"] == 0


def test_a_clipped_level_is_no_saturation():
    """The follower's swing is the dead zone, so that it is no reason for a status; other op-amps' swings are."""
    circuit, solution = solved()
    clip = circuit.circuit.part("clip")
    assert isinstance(clip, ClippingOpAmps) and clip.record.output_swing == 0.5 and not circuit.circuit.linear
    assert solution.status.name == "SETTLED"
    assert solved(opamp=OPAMP.replace(output_swing=0.6))[1].status.name == "BEYOND_SWING"


def test_offsets_are_drawn_for_all_op_amps():
    """5 row, 8 column, 8 clipping and 8 difference amplifiers."""
    circuit = RecoverCircuit.program(MATRIX, opamp=OPAMP, dead_zone_type="op-amps", offset_spread=1e-3, engine="exact")
    assert len(circuit.circuit.amplifiers) == 5 + 3 * 8
    assert circuit.design.clip_offset.shape == circuit.design.difference_offset.shape == (8,)


def test_what_has_no_swing_is_refused():
    """Op-amps of one pole, here and in a circuit of one's own."""
    single = SinglePoleOpAmp(open_loop_gain=1e5)
    with pytest.raises(ParameterError, match="need a swing"):
        solved(opamp=single)
    with pytest.raises(ParameterError, match="needs a swing"):
        ClippingOpAmps("clip", "z", "z", single, noninverting=GROUND)
    with pytest.raises(ParameterError, match="not linear"):
        solved()[0].sensitivity(Y, "settling_time")
