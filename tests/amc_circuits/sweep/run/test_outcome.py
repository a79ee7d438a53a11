"""Points that run together: each outcome is that of the point alone, whatever becomes of the others."""

import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from amc_circuits.cases.options import parse_options
from amc_circuits.engines.exact.engine import ExactEngine
from amc_circuits.solvers import programmed
from amc_circuits.studies.workers import Workers
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.run.outcome import run_point, run_points
from amc_circuits.sweep.store import FAILED, INVALID
from netlists import Array
from tests.amc_circuits import broken_ngspice as broken

HURRIED = 2e-10
"""Rise time of the points whose slots are a hundred times too short, s."""
VARIED = [
    {"seed": 1},
    {"seed": 2},
    {"g_min": 1e-3},
    {"opamp": "single-pole"},
    {"opamp": "single-pole", "rise_time": HURRIED},
    {"family": "random", "size": 4},
    {"opamp": "single-pole", "seed": 3, "size": 4},
    {"input_voltage": 0.5},
    {"engine": "ngspice", "size": 2},
    {"monte_carlo": 3},
    {"opamp": "single-pole", "gbwp": 2e7},
    {"input_voltage": 2.0, "fixed_scale": True},
    {"matrix": "nothing.npy", "size": None},
]
"""Options of points that settle at once and at a smaller scale, in stacks and alone, and that fail in every way."""


def points(varied, **common):
    """Points with waveforms."""
    given = [parse_options("inv", {"size": 3, "engine": "exact"} | common) | options for options in varied]
    return [Point("key", number, "inv", options, with_waveforms=True) for number, options in enumerate(given)]


def lasting(outcome):
    """All of an outcome but how long it took; a nan equals another."""
    figures = {name: value for name, value in outcome.figures.items() if name != "wall_time_s"}
    return repr(replace(outcome, figures=figures, wall_time_s=0.0, waveforms=None)), outcome.waveforms


@pytest.fixture
def hurried(monkeypatch):
    """Slots of some circuits that end before their outputs are at rest."""
    whole = programmed.timing

    def timing(poles, opamps, tolerance, rise_time):
        found = whole(poles, opamps, tolerance, rise_time)
        parts = 100 if rise_time == HURRIED else 1
        return replace(found, slot_time=found.slot_time / parts, max_step=found.max_step / parts)

    monkeypatch.setattr(programmed, "timing", timing)


def test_points_together_are_points_alone(hurried, temporary):
    """Statuses, figures, hashes and waveforms, bit for bit; wall times are parts of the whole."""
    given = points(VARIED)
    alone = [run_point(point) for point in given]
    began = time.perf_counter()
    together = run_points(given)
    taken = time.perf_counter() - began
    assert [lasting(one) for one in together] == [lasting(one) for one in alone]
    found = [one.status for one in together]
    assert found[2] == found[12] == INVALID and found[4:6] == ["NOT_SETTLED", "UNSTABLE"]
    assert found[11] == "SATURATED" and found.count("SETTLED") == 8
    assert [len(one.figures["attempts"][0]) for one in (together[0], together[4], together[7])] == [1, 5, 2]
    assert all(0 < one.wall_time_s < taken for one in together)
    assert sum(one.wall_time_s for one in together) <= taken
    assert not list(temporary.iterdir())


def test_a_failed_simulation_keeps_its_own_deck(monkeypatch, tmp_path, temporary):
    """In the middle of points that are stacked: the others have no evidence, and nothing else is left."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path / "simulator", broken.FAILS))
    checked = {"engine": "auto", "cross_check": 1.0, "seed": 5}
    varied = [{"seed": 1}, checked, {"engine": "ngspice"}, {"seed": 2}]
    found = run_points(points(varied, opamp="single-pole"))
    assert [one.status for one in found] == ["SETTLED", FAILED, FAILED, "SETTLED"]
    assert [sorted(one.evidence) for one in found] == [[], *[["deck.cir", "ngspice.log"]] * 2, []]
    assert not list(temporary.iterdir())


def test_nothing_is_left_of_a_chunk_that_is_broken_off(monkeypatch, tmp_path, temporary):
    """No further point begins, so that the simulation that was ended is the last one."""
    simulator = broken.program(tmp_path / "simulator", 'touch "{folder}/$$"; sleep 600 & wait')
    monkeypatch.setenv("AMC_NGSPICE", simulator)
    given = points([{"seed": seed} for seed in range(200)], engine="auto", cross_check=1.0, opamp="single-pole")
    with pytest.raises(KeyboardInterrupt), Workers(1) as workers:
        workers.submit(None, partial(run_points, given))
        end = time.monotonic() + 60
        while not broken.started(tmp_path / "simulator") and time.monotonic() < end:
            time.sleep(0.02)
        raise KeyboardInterrupt
    assert len(broken.started(tmp_path / "simulator")) == 1
    assert not broken.still_running(tmp_path / "simulator")
    assert not list(temporary.iterdir())


def test_a_simulator_that_is_missing_fails_the_points_that_it_checks(monkeypatch, tmp_path):
    """Each with a traceback of its own; those that are not checked are as without the others."""
    given = points([{"seed": seed, "cross_check": seed % 2} for seed in range(4)], opamp="single-pole", engine="auto")
    wanted = [run_point(given[k]) for k in (0, 2)]
    monkeypatch.setenv("AMC_NGSPICE", str(tmp_path / "none"))
    found = run_points(given)
    assert [lasting(found[k]) for k in (0, 2)] == [lasting(one) for one in wanted]
    for one in (found[1], found[3]):
        assert one.status == FAILED and "AMC_NGSPICE" in one.error and list(one.evidence) == ["traceback.txt"]


@pytest.mark.parametrize("problem", [np.linalg.LinAlgError("singular"), MemoryError()], ids=["no modes", "no memory"])
def test_a_circuit_that_spoils_a_stack_spoils_no_other(monkeypatch, problem):
    """The others are read as in a stack; without any stack all are read alone, with the same figures."""
    given = points([{"seed": seed} for seed in range(3)], opamp="single-pole")
    wanted, whole = run_points(given), ExactEngine.read_together

    def spoiled(engine, states, jobs, tolerance):
        if len(states) > 1:
            raise problem
        return whole(engine, states, jobs, tolerance)

    def never(*_):
        raise problem

    monkeypatch.setattr(ExactEngine, "read_together", spoiled)
    assert [lasting(one) for one in run_points(given)] == [lasting(one) for one in wanted]
    monkeypatch.setattr(ExactEngine, "read_together", never)
    for one, other in zip(run_points(given), wanted, strict=True):
        assert one.status == other.status
        for name in ("settling_time_s", "relative_error", "overshoot"):
            np.testing.assert_allclose(one.figures[name], other.figures[name], 1e-9)


@pytest.mark.parametrize("opamp", ["single-pole", "cmos-100meg"])
@pytest.mark.parametrize("problem", [np.linalg.LinAlgError("singular"), OSError("lost")], ids=["alone", "failed"])
def test_bits_do_not_depend_on_a_neighbour_that_ends_a_stack(monkeypatch, opamp, problem):
    """One circuit ends every stack that it is in; macro op-amps read alone would err by other steps of integration."""
    given = points([{"seed": seed} for seed in range(4)], opamp=opamp, pair="always")
    wanted, whole, seen = [run_point(one) for one in given], ExactEngine.read_together, []

    def spoiled(engine, states, jobs, tolerance):
        sums = [float(state.circuit.of(Array)[0].conductance.sum()) for state in states]
        seen.extend(sums if not seen else [])
        if seen[1] in sums:
            raise problem
        return whole(engine, states, jobs, tolerance)

    monkeypatch.setattr(ExactEngine, "read_together", spoiled)
    found = run_points(given)
    assert len(seen) == 4
    assert [lasting(found[k]) for k in (0, 2, 3)] == [lasting(wanted[k]) for k in (0, 2, 3)]
    assert found[1].status == (FAILED if isinstance(problem, OSError) else "SETTLED")
