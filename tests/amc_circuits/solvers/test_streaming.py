"""Slots, repeats and statuses of streamed right-hand sides."""

from dataclasses import replace

import numpy as np
import pytest

from amc_circuits.linear.stability import Stability
from amc_circuits.results.solution import UnusableSolutionError
from amc_circuits.results.status import Status
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.streaming import CHUNK, timing
from netlists import ParameterError, preset
from tests.cases import spd_matrix, vector
from tests.comparators import assert_close, assert_within

MATRIX, B = spd_matrix(3, 4, 0), vector(3, 0)


def test_a_slot_is_long_enough_to_be_steady():
    """At a slot's last fifth `1.5 exp(-t/tau)` is tolerance/20, at a return's end `exp(-t/tau)` is tolerance/2."""
    given = timing(Stability(np.array([-1e7 + 0j])), [preset("single-pole")], 0.01, 1e-12)
    assert 1.5 * np.exp(-0.8 * given.slot_time * 1e7) == pytest.approx(0.01 / 20, rel=1e-3)
    assert np.exp(-(given.return_time - given.fall_time) * 1e7) == pytest.approx(0.01 / 2, rel=1e-3)


def test_slewing_lengthens_the_slot():
    """An op-amp that slews is given the time to cross its whole swing once more."""
    poles, opamp = Stability(np.array([-1e7 + 0j])), preset("cmos-100meg")
    longer = timing(poles, [opamp.replace(slew_rate=1e6)], 0.01, 1e-12).slot_time
    assert longer - timing(poles, [opamp.replace(slew_rate=1e12)], 0.01, 1e-12).slot_time == pytest.approx(
        1.25 * opamp.output_swing / 1e6, rel=1e-3
    )


def hurried(times: float) -> InvCircuit:
    """A circuit whose slots are so many times too short."""
    circuit = InvCircuit.program(MATRIX, opamp="single-pole")
    given = circuit.timing
    circuit.__dict__["timing"] = replace(given, slot_time=given.slot_time / times, max_step=given.max_step / times)
    return circuit


def test_a_slow_response_gets_slots_of_twice_the_length():
    """A slot that is too short for the outputs to be steady is doubled until they are."""
    solution = hurried(4).solve(B)
    lengths = [attempt.slot_time for attempt in solution.attempts[0]]
    assert solution.status is Status.SETTLED
    assert len(lengths) > 1
    assert_close(np.divide(lengths[1:], lengths[:-1]), np.full(len(lengths) - 1, 2.0), relative=1e-12)
    assert_within(solution.settling_time, InvCircuit.program(MATRIX, opamp="single-pole").solve(B).settling_time, 0.02)


def test_after_four_doublings_it_is_not_settled():
    """Slots a hundred times too short: five simulations, no settling time, no energy, and advice."""
    solution = hurried(100).solve(B)
    assert solution.status is Status.NOT_SETTLED
    assert len(solution.attempts[0]) == 5
    assert np.isnan(solution.settling_time)
    assert np.isnan(solution.energy.array)
    with pytest.raises(UnusableSolutionError, match="NOT_SETTLED"):
        solution.raise_if_unusable()


def test_only_the_restless_column_is_repeated():
    """Each right-hand side has its own attempts; a zero one has none."""
    columns = np.stack([np.zeros(3), B], axis=1)
    solution = hurried(4).solve(columns)
    assert solution.attempts[0] == ()
    assert len(solution.attempts[1]) > 1


def test_each_right_hand_side_has_its_own_scale():
    """The largest input of every column is the input full scale, and x does not depend on the size of b."""
    columns = np.stack([B, 1e-3 * B, 50 * B], axis=1)
    solution = InvCircuit.program(MATRIX).solve(columns)
    scales = [attempts[0].scale for attempts in solution.attempts]
    assert_close(scales * np.abs(columns).max(axis=0), np.full(3, 0.1), relative=1e-12)
    assert_close(solution.value[:, 1] * 1e3, solution.value[:, 0], relative=1e-3)
    assert_close(solution.value[:, 2] / 50, solution.value[:, 0], relative=1e-3)


def test_streams_are_cut_into_chunks():
    """More columns than a chunk holds are solved all the same, each in its place."""
    columns = np.random.default_rng(0).standard_normal((3, 2 * CHUNK + 3))
    wanted = np.linalg.solve(MATRIX, columns)
    solution = InvCircuit.program(MATRIX).solve(columns)
    assert solution.value.shape == wanted.shape
    assert_close(solution.value, wanted, absolute=1e-3 * np.abs(wanted).max())


def test_an_unstable_circuit_is_simulated_only_by_force():
    """Without force nothing runs; with it there is a waveform, one attempt, and the status stays."""
    indefinite = [[1.0, 2.0], [2.0, 1.0]]
    left_alone = InvCircuit.program(indefinite).solve([1.0, 0.5])
    forced = InvCircuit.program(indefinite, force=True).solve([1.0, 0.5])
    assert left_alone.status is forced.status is Status.UNSTABLE
    assert left_alone.responses == (None,)
    assert left_alone.provenance.ngspice_version == ""
    assert forced.responses[0] is not None
    assert len(forced.attempts[0]) == 1


def test_a_linear_unstable_circuit_grows_at_its_pole():
    """Forced, `[[.2, -1], [1, .2]]` with one-pole op-amps grows in ngspice by the real part of its pole."""
    circuit = InvCircuit.program([[0.2, -1], [1, 0.2]], opamp="single-pole", force=True)
    (response,) = circuit.solve([1.0, 1.0]).responses
    period = 2 * np.pi / abs(circuit.stability.slowest.imag)
    size = np.linalg.norm(response.outputs, axis=1)
    starts = np.arange(0.3 * response.time[-1], response.time[-1] - period, period)
    peaks = [size[(response.time >= start) & (response.time < start + period)].max() for start in starts]
    rate = np.polyfit(starts, np.log(peaks), 1)[0]
    assert rate == pytest.approx(circuit.stability.slowest.real, rel=0.03)


@pytest.mark.parametrize(
    ("options", "parameter"),
    [({"rise_time": 1.0}, "rise_time"), ({"opamp": preset("cmos-100meg").replace(slew_rate=1e-3)}, "slew_rate")],
)
def test_absurd_times_are_refused_before_anything_runs(options, parameter):
    """A slot of more than a million time steps is an error that names what asks for it."""
    with pytest.raises(ParameterError) as caught:
        InvCircuit.program(MATRIX, **options).solve(B)
    assert caught.value.parameter == parameter
