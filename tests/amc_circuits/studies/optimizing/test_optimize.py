"""Optimization of circuits with optima that algebra gives."""

import math

import numpy as np
import pytest

from amc_circuits import ParameterError
from amc_circuits.results.trials import Limit
from amc_circuits.studies.optimizing.design_point import DesignPoint
from amc_circuits.studies.optimizing.optimize import Optimization, free_parameter, objective, with_derivative
from amc_circuits.studies.optimizing.optimized import Optimized
from amc_circuits.studies.optimizing.search import Search, Tried, starts_of
from amc_circuits.studies.sizing.size import target_of
from amc_circuits.studies.sizing.span import Span

FEEDBACK = 0.5
"""One cell of G_max with G_in = G_max: noise gain 2."""


@pytest.fixture
def one_cell(tmp_path):
    """Options of A = 1, b = 1."""
    for name, value in (("A", [[1.0]]), ("b", [1.0])):
        np.save(tmp_path / f"{name}.npy", value)
    return {"matrix": str(tmp_path / "A.npy"), "rhs": str(tmp_path / "b.npy"), "opamp": "single-pole"}


def optimization(given, names, spans, metric, *targets, first=None, starts=2, circuit="inv"):
    """A question with ranges as pairs."""
    return Optimization(
        circuit, given, tuple(free_parameter(circuit, name) for name in names), tuple(Span(*span) for span in spans),
        metric, tuple(map(target_of, targets)), first or (None,) * len(names), starts,
    )  # fmt: skip


def test_the_least_gain_that_the_error_allows_settles_first(one_cell):
    """The pole is `w_T (1/A0 + 1/2)`, the error `1/(1 + A0/2)`: of 1 %, A0 = 198 is the fastest. ngspice agrees."""
    question = optimization(
        one_cell, ["open_loop_gain"], [(20, 1e5)], "settling_time", "relative_error<1%", first=(1e4,)
    )
    found = question.run()
    assert 198 <= found.best.values[0] < 1.01 * 198
    assert found.best.metrics["relative_error"] == pytest.approx(0.01, rel=1e-2)
    assert found.checked["relative_error"] < 0.01
    pole = 2 * math.pi * 100e6 * (1 / 198 + FEEDBACK)
    assert found.best.metrics["settling_time"] == pytest.approx(math.log(100) / pole, rel=1e-2)
    assert found.checked["settling_time"] == pytest.approx(found.best.metrics["settling_time"], rel=1e-2)
    assert found.gain == pytest.approx((1 / 198 + FEEDBACK) / (1e-4 + FEEDBACK), rel=1e-2)


def test_two_parameters_meet_two_limits(one_cell):
    """The least error with 20 ns: the largest GBWP, and the gain that is as large as the range allows."""
    question = optimization(
        one_cell, ["gbwp", "open_loop_gain"], [(10e6, 200e6), (20, 5e3)], "relative_error", "settling_time<20n"
    )
    found = question.run()
    assert found.best.values[1] == pytest.approx(5e3, rel=1e-6)
    assert found.best.metrics["relative_error"] == pytest.approx(1 / (1 + 5e3 / 2), rel=1e-6)
    assert found.best.metrics["settling_time"] < 20e-9
    assert "open_loop_gain is at the largest value of its range" in found.notes


def test_limits_that_contradict_have_no_design(one_cell):
    """An error of 1 % needs a gain that the range does not have."""
    found = optimization(one_cell, ["open_loop_gain"], [(20, 100)], "settling_time", "relative_error<1%").run()
    assert found.best is None and math.isnan(found.gain)
    assert found.sentence.endswith("keeps relative_error<0.01")


def test_an_optimum_that_slews_says_so(one_cell):
    """The output moves by the input voltage, in at least 0.99 V / slew; the linear circuit has no such limit."""
    given = one_cell | {"opamp": "cmos-100meg", "slew_rate": "10M", "input_voltage": "0.2"}
    found = optimization(given, ["gbwp"], [(0.5e9, 1e9)], "settling_time", first=(0.5e9,), starts=1).run()
    assert found.best.metrics["settling_time"] < 19.8e-9 <= found.checked["settling_time"]
    why, differs = (note for note in found.notes if "linear circuit" in note)
    assert why.startswith("NONLINEAR: ") and why.endswith("so the values by ngspice count")
    assert differs.startswith("ngspice differs from the linear circuit on the settling time by ")


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (3e-6, 2e-6, "2 us, 1.5 times less than at the start: gbwp"),
        (2e-6, 2e-6, "2 us, as at the start: gbwp"),
        (2e-6, 3e-6, "3 us, 1.5 times more than at the start: gbwp"),
    ],
)
def test_the_sentence_says_whether_something_was_gained(first, last, words):
    """An optimum that is the start, or one whose start misses a limit and has a smaller metric, is not called less."""
    designs = (Tried((1e8,), {"settling_time": time}) for time in (first, last))
    found = Optimized("settling_time", (), ("gbwp",), ("Hz",), (Span(1e7, 1e9),), *designs, designs=2)
    assert words in found.sentence


def test_slopes_are_those_of_metrics():
    """Of every option with an effect here, the start at a bound included; differences of order 4."""
    given = {"size": "3", "condition": "5", "offset_spread": "0.5m", "input_capacitance": "50f", "second_pole": "400M"}
    names = ("gbwp", "input_conductance", "inverter_resistance", "g_max", "g_min", "output_resistance", "input_voltage")
    question = optimization(given, names, [(1.0, 2.0)] * len(names), "energy")
    values = (100e6, 200e-6, 5e3, 90e-6, 2e-6, 100.0, 0.1)
    point, step = DesignPoint.of(question.case, values), 1e-3
    for metric in ("settling_time", "energy", "relative_error"):
        found = point.gradient(metric)
        for place in range(len(names)):

            def changed(share, place=place, metric=metric):
                moved = [value * math.exp(share * (k == place)) for k, value in enumerate(values)]
                return DesignPoint.of(question.case, moved).metric(metric)

            slope = (8 * (changed(step) - changed(-step)) - (changed(2 * step) - changed(-2 * step))) / (12 * step)
            assert found[place] == pytest.approx(slope, abs=1e-7 * abs(point.metric(metric))), (metric, names[place])


def test_a_design_at_the_end_of_its_technology_has_a_slope():
    """Beyond it there is no circuit, so the difference is one-sided."""
    question = optimization({"size": "2", "technology": "cmos-250nm"}, ["gbwp"], [(10e6, 750e6)], "settling_time")
    for value, inside in ((10e6, 1.001), (750e6, 0.999)):
        point, other = (DesignPoint.of(question.case, (one,)) for one in (value, value * inside))
        slope = (other.metric("settling_time") - point.metric("settling_time")) / math.log(inside)
        assert point.gradient("settling_time")[0] == pytest.approx(slope, rel=1e-2)


def test_every_start_is_in_its_range_and_the_first_is_the_present_design():
    """The others are the same every time."""
    spans = [Span(1e-3, 1.0), Span(1e6, 1e9)]
    found = starts_of(spans, (0.5, 2e6), 6)
    assert found[0] == (0.5, 2e6) and len(found) == 6 and found == starts_of(spans, (0.5, 2e6), 6)
    assert all(span.low <= value <= span.high for start in found for span, value in zip(spans, start, strict=True))


def test_designs_without_a_result_are_tried_and_left(tmp_path):
    """With a slow second pole the circuit grows; the search ends at one that does not."""
    for name, value in (("A", [[1.0, -0.1], [-0.1, 0.2]]), ("b", [1.0, 0.5])):
        np.save(tmp_path / f"{name}.npy", value)
    given = {
        "matrix": str(tmp_path / "A.npy"),
        "rhs": str(tmp_path / "b.npy"),
        "gbwp": "1G",
        "inverter_resistance": "1k",
    }
    question = optimization(given, ["second_pole"], [(20e6, 1e10)], "settling_time")
    search = Search(question.case, question.spans, "settling_time", ())
    assert "UNSTABLE" in search.measure((20e6,)).problem
    best = search.run(starts_of(question.spans, (20e6,), 4))
    assert best is not None and not best.problem


def test_bits_are_a_relative_error():
    """Of `-log2` of it; other metrics have no derivative, and lower limits no sense."""
    assert with_derivative(target_of("bits>7")) == Limit("relative_error", True, 2.0**-7)
    for text in ("overshoot<5%", "settling_time>10n", "bits<7"):
        with pytest.raises(ParameterError, match="target"):
            with_derivative(target_of(text))


def test_what_cannot_be_optimized_is_refused():
    """By name."""
    with pytest.raises(ParameterError, match="minimize"):
        objective("overshoot")
    for name in ("slew_rate", "wire_resistance", "levels"):
        with pytest.raises(ParameterError, match=f"free.*{name}"):
            free_parameter("inv", name)
