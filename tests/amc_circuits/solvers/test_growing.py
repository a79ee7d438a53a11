"""A circuit without right-hand side that is meant to grow: read at a first pass, with its own status and error."""

import json
import pickle
from functools import cached_property

import numpy as np
import pytest

from amc_circuits import Converters, ParameterError, Solver, Status
from amc_circuits.cases import circuits
from amc_circuits.cases.circuits import CircuitRow
from amc_circuits.cases.options import parse_options
from amc_circuits.results.measurement import first_pass
from amc_circuits.results.readings import FirstPass
from amc_circuits.sweep.plan.point import Point
from amc_circuits.sweep.run.outcome import run_point
from netlists import GROUND, Circuit, Conductors
from netlists.driving import Kick, Source
from tests.amc_circuits.plain_ngspice import printed_settling_times
from tests.amc_circuits.sweep.made_rows import made

MATRIX = np.array([[1.0, 0.5, 0.2], [0.5, 0.9, 0.4], [0.2, 0.4, 1.0]])
CLIPPING = {"adc_bits": 8, "adc_range": 0.1}
KICK = 2e-3
"""Height of the start-up pulse, V."""
ALIGNED = Status.register("ALIGNED", 0, "the outputs have the direction of an eigenvector")


class Eigenvector(Solver):
    """Direction in which `x = A x / lambda` grows: the dominant eigenvector, with lambda below its eigenvalue."""

    takes, gives, pairs, growing = None, "v", False, True
    first_pass = FirstPass(0.2, "x")

    @cached_property
    def circuit(self):
        """Amplifiers compute -A x / lambda, inverters close the loop."""
        size, unit = len(self.system.programmed), self.mapping.unit
        groups = {"in": size, "v": size, "o": size, "w": size, "x": size}
        parts = (
            Conductors("in", "in", "v", unit, account="inputs"),
            self.array("a", "v", "x"),
            Conductors("f", "o", "v", self.feedback * unit),
            self.opamps("amp", "v", "o", size),
            Conductors("inva", "o", "w", 1e-4),
            Conductors("invb", "x", "w", 1e-4),
            self.opamps("inv", "w", "x", size, noninverting=GROUND),
        )
        kick = Kick(self.kick, 5e-9)
        source = Source("in", np.zeros((size, 1)), kick)
        return Circuit("eigenvector", groups, parts, (source,), "x", temperature=self.hardware.temperature)

    kick = KICK
    feedback = 1.2
    """Lambda in units of the largest entry, between the second eigenvalue and the first."""

    def reference(self, columns):
        """Eigenvector of the largest eigenvalue."""
        return np.linalg.eigh(self.system.programmed)[1][:, -1:]

    def error(self, values, reference):
        """Sine of the angle between a value and the eigenvector."""
        cosine = np.abs((values * reference).sum(axis=0)) / np.linalg.norm(values, axis=0)
        return np.sqrt(np.maximum(1 - cosine**2, 0))

    @property
    def gain(self):
        """Any: the length is not known."""
        return 1.0


class Higher(Eigenvector):
    """Read at twice the level."""

    first_pass = FirstPass(0.4, "x")


class Weak(Eigenvector):
    """A lambda above the largest eigenvalue."""

    feedback = 2.5


class Beyond(Eigenvector):
    """A level that nothing reaches."""

    first_pass = FirstPass(5.0)


class Later(Eigenvector):
    """A kick of a thousandth."""

    kick = KICK / 1000


class Named(Eigenvector):
    """A solver with a status of its own."""

    def own_status(self, reading):
        """Its own word for a reading that passed."""
        return ALIGNED if reading.steady else None


@pytest.fixture(scope="module")
def solution():
    """The eigenvector by ngspice."""
    return Eigenvector.program(MATRIX).solve()


def test_the_outputs_are_read_when_they_pass_the_level(solution):
    """The largest output is at the level; the direction is that of the eigenvector, by the solver's own measure."""
    (response,) = solution.responses
    largest = np.abs(solution.value / np.abs(solution.value).max())
    exact = np.abs(np.linalg.eigh(MATRIX)[1][:, -1])
    assert solution.status is Status.PASSED and solution.usable
    np.testing.assert_allclose(largest, exact / exact.max(), rtol=0.02)
    assert solution.relative_error < 0.01
    before = response.time < solution.settling_time
    assert np.abs(response.outputs[before]).max() <= 0.2 < np.abs(response.outputs).max()


def test_twice_the_level_takes_a_doubling_longer(solution):
    """An exponential doubles in ln 2 over its growth rate, which is the largest pole."""
    later = Higher.program(MATRIX).solve()
    doubling = np.log(2) / solution.stability.growth_rate
    assert later.settling_time - solution.settling_time == pytest.approx(doubling, rel=0.02)
    assert later.energy.array > solution.energy.array > 0


def test_auto_takes_ngspice_and_the_exact_engine_refuses(solution):
    """A pulse of a source and a first pass are beyond the exact engine."""
    by_auto = Eigenvector.program(MATRIX, engine="auto").solve()
    assert by_auto.engines == ("ngspice",) and by_auto.settling_time == solution.settling_time
    with pytest.raises(ParameterError, match="ngspice"):
        Eigenvector.program(MATRIX, engine="exact")


def test_what_does_not_grow_or_pass_is_named():
    """Too large a lambda leaves every pole decaying; a level beyond the rails is not passed."""
    still, low = Weak.program(MATRIX).solve(), Beyond.program(MATRIX).solve()
    assert still.status is Status.NOT_GROWING and "no pole grows" in still.message and not still.usable
    assert low.status is Status.NOT_PASSED and np.isnan(low.settling_time) and not low.usable


def test_a_status_of_a_solver_counts_like_ours():
    """It is registered with its severity and its advice, and is the same object after a pickle."""
    found = Named.program(MATRIX).solve()
    assert found.status is ALIGNED and found.usable and found.message == ALIGNED.advice
    assert pickle.loads(pickle.dumps(ALIGNED)) is ALIGNED
    assert max(ALIGNED, Status.SATURATED, Status.CLIPPED) is Status.SATURATED
    with pytest.raises(ParameterError, match="another name"):
        Status.register("ALIGNED", 10, "something else")
    with pytest.raises(ParameterError, match="severity"):
        Status.register("NEGATIVE", -1, "nothing")


def test_a_clipped_output_is_not_passed():
    """An ADC that ends at half of the level holds the largest output at its end."""
    clipped = Eigenvector.program(MATRIX, converters=Converters(adc_bits=8, adc_range=0.1)).solve()
    assert clipped.status is Status.CLIPPED and not clipped.usable
    named = Named.program(MATRIX, converters=Converters(adc_bits=8, adc_range=0.1)).solve()
    assert named.status is Status.CLIPPED


def test_slots_are_doubled_until_the_level_is_passed(solution):
    """A kick that is a thousand times smaller passes later, by the logarithm over the growth rate."""
    late = Later.program(MATRIX).solve()
    assert late.status is Status.PASSED and len(late.attempts[0]) > 1
    waited = late.settling_time - solution.settling_time
    assert waited == pytest.approx(np.log(1000) / solution.stability.growth_rate, rel=0.05)
    assert len(solution.attempts[0]) == 1


def test_no_right_hand_side_is_taken():
    """Given one, the circuit says so; a steady state is refused, too."""
    circuit = Eigenvector.program(MATRIX)
    with pytest.raises(ParameterError, match="has none"):
        circuit.solve([1.0, 2.0, 3.0])
    with pytest.raises(ParameterError, match="does not rest"):
        circuit.steady([1.0])


def test_a_first_pass_is_interpolated():
    """On a ramp of 1 V/s the level 2.5 V is passed at 2.5 s, counted from the step; nothing passes 9 V."""
    time = np.arange(6.0)
    ramp = np.stack([-time, 0.1 * time], axis=1)
    assert first_pass(time, ramp, 1.0, 2.5) == pytest.approx(1.5)
    assert np.isnan(first_pass(time, ramp, 1.0, 9.0))
    assert first_pass(time, ramp + 3, 0.0, 1.0) == 0.0


def test_the_command_has_no_right_hand_side(amc, monkeypatch, tmp_path):
    """Neither as an argument nor drawn; the answer, poles and a Monte Carlo study as for any circuit."""
    row = CircuitRow("eigen", "Eigenvector.", None, "v", True, f"{__name__}:Eigenvector")
    monkeypatch.setitem(circuits.OURS, "eigen", row)
    np.savetxt(tmp_path / "A.csv", MATRIX, delimiter=",")
    found = amc("circuit", "eigen", tmp_path / "A.csv", "--format", "json")
    assert found.code == 0 and json.loads(found.out)["status"] == "PASSED"
    assert "Arguments:\n  A <path>" in amc("circuit", "eigen", "-h").out
    amc("circuit", "eigen", tmp_path / "A.csv", tmp_path / "A.csv").refused("unexpected extra argument")
    poles = amc("circuit", "eigen", tmp_path / "A.csv", "--poles")
    assert poles.code == 0 and ": growing" in poles.out
    many = amc(
        *("circuit", "eigen", tmp_path / "A.csv", "--programming-error", "1%", "--monte-carlo", 3, "--format", "json")
    )
    assert json.loads(many.out)["statuses"] == {"PASSED": 3}
    for options, usable in (({}, True), ({"monte_carlo": 2, "programming_error": "1%"}, True), (CLIPPING, False)):
        given = parse_options("eigen", {"matrix": str(tmp_path / "A.csv"), **options})
        outcome = run_point(Point("key", 0, "eigen", given))
        row = made(0, dict(outcome.figures), outcome.status)
        assert row.usable == usable and outcome.status == ("PASSED" if usable else "CLIPPED"), outcome.error
        assert "drawn" not in outcome.figures.get("warning", "")


@pytest.mark.parametrize("solver", ["Eigenvector", "Beyond"])
def test_the_deck_measures_the_first_pass(amc, monkeypatch, tmp_path, solver):
    """A growing circuit settles nowhere: plain ngspice prints when the level is passed, or no time."""
    row = CircuitRow("eigen", "Eigenvector.", None, "v", True, f"{__name__}:{solver}")
    monkeypatch.setitem(circuits.OURS, "eigen", row)
    np.savetxt(tmp_path / "A.csv", MATRIX, delimiter=",")
    written = amc("netlist", "eigen", tmp_path / "A.csv", "-o", tmp_path / "deck.cir")
    assert written.code == 0, written
    measured = amc("circuit", "eigen", tmp_path / "A.csv", "--format", "json").json["settling_time_s"]
    expected = {} if measured is None else {1: pytest.approx(measured, rel=0.01)}
    assert printed_settling_times(tmp_path / "deck.cir", tmp_path, "first_pass") == expected
    assert printed_settling_times(tmp_path / "deck.cir", tmp_path) == {}


def test_the_deck_of_a_circuit_that_does_not_grow_is_refused(amc, monkeypatch, tmp_path):
    """Its fault is that every pole decays, and --force writes the deck."""
    row = CircuitRow("eigen", "Eigenvector.", None, "v", True, f"{__name__}:Weak")
    monkeypatch.setitem(circuits.OURS, "eigen", row)
    np.savetxt(tmp_path / "A.csv", MATRIX, delimiter=",")
    typed = ("netlist", "eigen", tmp_path / "A.csv", "-o", tmp_path / "deck.cir")
    amc(*typed).refused("NOT_GROWING: no pole grows", "--force", code=3)
    assert amc(*typed, "--force").code == 0
