"""Schedules of the macro: both engines against each other, a judge from Kirchhoff's laws, and NumPy."""

import numpy as np
import pytest

from amc_circuits.results.status import Status
from amc_circuits.solvers.macro.run import run_schedule
from amc_circuits.solvers.macro.schedule import make_schedule
from netlists import preset
from tests.comparators import assert_close, assert_within
from tests.kirchhoff_macro import macro_at_rest, outputs_at_rest

SIGNED = [[1.0, -0.4], [0.3, 0.8]]
WORDS = [0.6, -1.0]
LEAKY = {"on_resistance": 300.0, "off_resistance": 3e6, "idle_resistance": 1e7}
IDEAL = {"overlap_mismatch": 0.0}


def phase(name, mode, inputs=None, array="a", **more):
    """Phase of a schedule as plain data."""
    given = {} if inputs is None else {"inputs": inputs}
    return {"name": name, "mode": mode, "array": array, **given, **more}


def schedule(*phases, matrix=SIGNED, switches=IDEAL, **more):
    """Schedule with one array."""
    arrays = [{"name": "a", "matrix": matrix}, {"name": "b", "matrix": np.transpose(matrix).tolist()}]
    used = [array for array in arrays if any(one["array"] == array["name"] for one in phases)]
    return make_schedule({"arrays": used, "phases": list(phases), "switches": switches, **more})


def judged(solution):
    """Outputs of every phase by the judge, from the voltages that the holds kept in this solution, V."""
    plan = solution.plan
    step = plan.schedule.switches.hold_step
    words = {one.schedule.name: one.words for one in plan.phases if one.words is not None}
    held = {name: solution.phase(name).outputs + step for name in plan.design.held}
    names = [one.name for one in solution.phases]
    return [outputs_at_rest(plan.design, name, macro_at_rest(plan.design, name, words, held)) for name in names]


POSITIVE = [[1.0, 0.4], [0.3, 0.8]]
WITHOUT_HOLDS = {
    "pair": schedule(phase("one", "mvm", WORDS), phase("two", "inv", WORDS), phase("three", "mvm", WORDS, "b"),
                     switches=LEAKY | IDEAL),
    "one array": schedule(phase("one", "inv", WORDS), phase("two", "ginv", WORDS), phase("three", "mvm", WORDS),
                          matrix=POSITIVE, switches=LEAKY | IDEAL),
    "signed GINV": schedule(phase("one", "ginv", [0.5, -1.0, 0.2]), phase("two", "mvm", WORDS),
                            matrix=[*SIGNED, [0.5, -0.5]], switches=LEAKY | IDEAL),
    "tall": schedule(phase("one", "ginv", [0.5, -1.0, 0.2]), phase("two", "mvm", WORDS),
                     matrix=[*POSITIVE, [0.5, 0.5]], switches=LEAKY | IDEAL | {"driver_resistance": 5.0}),
}  # fmt: skip


@pytest.mark.parametrize("name", WITHOUT_HOLDS)
@pytest.mark.parametrize("engine", ["exact", "ngspice"])
def test_phases_end_where_kirchhoffs_laws_put_them(name, engine):
    """Switches of 300 ohm and 3 Mohm included, which move outputs by far more than the tolerance of the test."""
    solution = run_schedule(WITHOUT_HOLDS[name], engine)
    for found, wanted in zip(solution.phases, judged(solution), strict=True):
        assert_close(found.outputs, wanted, absolute=1e-5 * np.abs(wanted).max())
        assert found.status is Status.SETTLED, found.message
        assert np.abs(found.value - found.exact).max() > 2e-4 * np.abs(found.exact).max()


def chain(**switches):
    """A product that is held, the system that is solved for it, and a second one with a number beside it."""
    return schedule(
        phase("product", "mvm", WORDS),
        phase("solution", "inv", "product"),
        phase("sum", "inv", ["-solution", [0.25, 0.5]], "b"),
        switches=switches,
    )


@pytest.fixture(scope="module")
def chains():
    """The chain with ideal holds by both engines."""
    return [run_schedule(chain(**IDEAL), engine) for engine in ("exact", "ngspice")]


def test_both_engines_agree(chains):
    """Ends within 1e-5 of full scale, settling times and energies within 1 %; where NumPy puts them within 1 %."""
    exact, simulated = chains
    for one, other in zip(exact.phases, simulated.phases, strict=True):
        assert one.status is other.status is Status.SETTLED, (one.message, other.message)
        assert_close(other.outputs, one.outputs, absolute=1e-5 * np.abs(one.outputs).max())
        assert_within(other.settling_time, one.settling_time, 0.01)
        assert_within(other.total_energy, one.total_energy, 0.01)
        assert one.error < 0.01
    assert exact.deck_sha256 == "" and len(simulated.deck_sha256) == 64


def test_a_chain_is_numpys(chains):
    """Signs and scales of held values and numbers beside them come out, whatever the circuits turn and scale."""
    exact = chains[0]
    x = np.array(WORDS)
    assert_close(exact.phase("product").exact, np.array(SIGNED) @ x, absolute=1e-12)
    assert_close(exact.phase("solution").exact, x, absolute=1e-12)
    wanted = np.linalg.solve(np.transpose(SIGNED), np.array([0.25, 0.5]) - x)
    assert_close(exact.phase("sum").exact, wanted, absolute=1e-12)
    assert_close(exact.phase("sum").value, wanted, absolute=0.02 * np.abs(wanted).max())


def test_holds_keep_what_the_phase_ended_with(chains):
    """The judge gets what the holds keep; they leak 1e-7 of it."""
    for solution in chains:
        for found, wanted in zip(solution.phases, judged(solution), strict=True):
            assert_close(found.outputs, wanted, absolute=2e-6 * np.abs(wanted).max())


def test_the_charge_of_a_switch_is_an_offset(chains):
    """The second phase solves for `mismatch C_ov swing/C_hold`, 0.36 mV, too, at its finite gain by 1 %."""
    plain, moved = chains[0].phase("solution"), run_schedule(chain(), "exact").phase("solution")
    step = 0.1 * 5e-15 * 0.72 / 1e-12
    wanted = -np.linalg.solve(SIGNED, np.full(2, step))
    assert_close(moved.outputs - plain.outputs, wanted, absolute=0.01 * np.abs(wanted).max())


def test_four_modes_in_one_transient():
    """MVM, INV and GINV of what is held, EGV, by the exact response with all limits; NumPy judges all four."""
    found = run_schedule(
        schedule(
            phase("product", "mvm", WORDS), phase("solution", "inv", "product"), phase("fit", "ginv", "product"),
            phase("vector", "egv"), matrix=POSITIVE,
        ),
        "exact",
    )  # fmt: skip
    values, vectors = np.linalg.eig(np.array(POSITIVE))
    wanted = [np.array(POSITIVE) @ WORDS, np.array(WORDS), np.array(WORDS), np.abs(vectors[:, values.argmax()])]
    for one, exact in zip(found.phases, wanted, strict=True):
        assert one.status is Status.SETTLED, one.message
        bound = 0.05 if one.mode == "egv" else 0.01
        assert_close(one.value, exact, absolute=bound * np.abs(exact).max())
    assert np.abs(found.phase("vector").outputs).max() == pytest.approx(0.85, abs=0.1)


def test_a_phase_that_is_too_short_says_so():
    """Its successor, too: what it holds still moved."""
    found = run_schedule(schedule(phase("one", "mvm", WORDS, duration=8e-9), phase("two", "inv", "one")), "exact")
    one, two = found.phases
    assert one.status is Status.NOT_SETTLED and "longer duration" in one.message
    assert two.status is Status.NOT_SETTLED and "its input still moved at the end of phase one" in two.message
    assert two.error > 0.05 and not found.usable


def test_limits_count_after_a_phase_that_still_moved():
    """The first phase is too short, and the second asks for more than 5 uA."""
    weak = {"opamp": preset("cmos-100meg").replace(output_current_limit=5e-6)}
    phases = phase("one", "mvm", WORDS, duration=12e-9), phase("two", "inv", ["one", [9.0, 9.0]], duration=2e-6)
    one, two = run_schedule(schedule(*phases, matrix=POSITIVE, hardware=weak), "exact").phases
    assert one.status is Status.NOT_SETTLED, one.message
    assert two.status is Status.SATURATED and "fixed_scale" not in two.message, two.message


EVEN = [[1.0, 0.5], [0.5, 1.0]]


@pytest.mark.parametrize(
    ("inputs", "more", "words"),
    [
        ([0.0, 0.0], {}, "nothing to grow from"),
        ([1.0, 1.0], {"duration": 30e-9}, "no amplifier has grown to its swing; give the phase a longer duration"),
    ],
)
def test_egv_that_has_not_grown_is_not_settled(inputs, more, words):
    """Zeros do not grow; growth that is slow beside a wide tolerance looks steady."""
    phases = phase("one", "mvm", inputs), phase("two", "egv", **more)
    two = run_schedule(schedule(*phases, matrix=EVEN, tolerance=0.9), "exact").phases[1]
    assert two.status is Status.NOT_SETTLED and words in two.message, two.message
    assert np.isnan(two.error) == (inputs[0] == 0)


def test_any_vector_of_a_multiple_eigenvalue_is_exact():
    """All vectors are eigenvectors of the unit matrix."""
    two = run_schedule(
        schedule(phase("one", "mvm", [1.0, 0.7]), phase("two", "egv"), matrix=np.eye(2).tolist()), "exact"
    ).phases[1]
    assert two.error < 1e-9 and np.abs(two.value).min() > 0.1


def test_an_unstable_phase_is_named_and_nothing_runs():
    """INV of a matrix with eigenvalues whose real parts are below 0."""
    found = run_schedule(
        schedule(phase("one", "mvm", WORDS), phase("two", "inv", "one"), matrix=[[-1, 0.1], [0.1, -1]])
    )
    assert [one.status.name for one in found.phases] == ["NOT_RUN", "UNSTABLE"]
    assert found.phases[1].slowest_pole.real > 0 and np.isnan(found.total_time) and found.deck_sha256 == ""


@pytest.mark.parametrize("engine", ["exact", "ngspice"])
def test_outputs_at_a_limit_are_saturated(engine):
    """Op-amps that deliver 5 uA, where the feedback takes more."""
    weak = {"opamp": preset("cmos-100meg").replace(output_current_limit=5e-6)}
    (one,) = run_schedule(schedule(phase("one", "mvm", [1.0, 1.0]), matrix=POSITIVE, hardware=weak), engine).phases
    assert one.status is Status.SATURATED and "5 uA" in one.message, one.message
