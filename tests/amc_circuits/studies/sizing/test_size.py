"""Sizing in Python, over seeds, and its notes."""

import math

import numpy as np
import pytest

from amc_circuits import InvCircuit, size
from amc_circuits.cells.devices import device_preset
from amc_circuits.results.trials import Limit
from amc_circuits.studies.sizing.crossing import Sample
from amc_circuits.studies.sizing.free_options import free_option, span_of
from amc_circuits.studies.sizing.from_options import each_parsed, sizing_of, ties_of, with_defaults
from amc_circuits.studies.sizing.search import Found, search
from amc_circuits.studies.sizing.size import target_of
from amc_circuits.studies.sizing.sized import Sized
from amc_circuits.studies.sizing.span import Span
from netlists import ParameterError, preset
from netlists.opamps.technology import TECHNOLOGIES

SINGLE = preset("single-pole")


def one_cell(gbwp, engine="auto"):
    """INV of one cell, with an op-amp of this GBWP."""
    return InvCircuit.program([[1.0]], opamp=SINGLE.replace(gbwp=gbwp), engine=engine)


def test_a_circuit_in_python_is_sized():
    """The exponential of one cell: settling time ln(100)/(2 pi GBWP (1/A0 + 1/2))."""
    sized = size(one_cell, [1.0], "settling_time<50n", (1e6, 1e9))
    wanted = math.log(100) / (2 * math.pi * (1e-5 + 0.5) * 50e-9)
    assert sized.value == pytest.approx(wanted, rel=0.01) and sized.reached
    assert sized.sentence == f"value must be at least {sized.text(sized.value)} for settling_time<50ns"
    assert sized.checked.metric == pytest.approx(50e-9, rel=0.01)
    assert sized.notes == ()


def test_without_ngspice_nothing_is_checked():
    """With the engine exact there is one number."""
    sized = size(lambda gbwp: one_cell(gbwp, "exact"), [1.0], "settling_time<50n", (1e6, 1e9))
    assert sized.checked is None and sized.engine == "exact"


def test_of_several_right_hand_sides_the_worst_counts():
    """Offsets of both outputs weigh more where one of them is 0: sqrt(2) 2 e/V of the answer (1, 0)."""
    opamp = preset("cmos-100meg").replace(input_offset=1e-3, open_loop_gain=1e9)

    def circuit(volts):
        return InvCircuit.program(np.diag([1.0, 1.0]), opamp=opamp, input_voltage=volts, engine="exact",
                                  g_min=1e-13)  # fmt: skip

    both = size(circuit, [[1.0, 1.0], [1.0, 0.0]], "relative_error<5%", (0.01, 0.4))
    alone = size(circuit, [1.0, 0.0], "relative_error<5%", (0.01, 0.4))
    assert both.value == pytest.approx(alone.value, rel=0.01)
    assert alone.value == pytest.approx(math.sqrt(2) * 2e-3 / 0.05, rel=0.01)


def question(target, free, seeds=1, worst=1.0, **given):
    """The sizing of options, and its range."""
    limit = target_of(target)
    options = with_defaults({"opamp": "single-pole", "engine": "exact"} | given, limit)
    span = span_of(free_option("inv", free), each_parsed("inv", options), given.pop("between", None))
    return sizing_of("inv", options, (free,), limit, seeds, worst)(), span


@pytest.mark.parametrize(("worst", "rank"), [(1.0, -1), (0.75, 3), (0.0, 0)])
def test_a_quantile_over_seeds_is_one_of_the_seeds(worst, rank):
    """The metric of five seeds is that of the seed with this rank, never a mean."""
    sizing, _ = question("settling_time<50n", "gbwp", 5, worst, size=4)
    each = sorted(question("settling_time<50n", "gbwp", size=4, seed=seed)[0].measure(1e8).metric for seed in range(5))
    assert sizing.measure(1e8).metric == each[rank]


@pytest.mark.parametrize("worst", [0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0])
def test_targets_from_above_and_from_below_count_the_same_seed(worst):
    """The bits of a quantile over seeds are those of the relative error of the same quantile, -log2(error)."""
    fields = {"size": 2, "programming_error": "1u", "family": "spd"}
    bits = question("bits>3", "gbwp", 11, worst, **fields)[0].measure(1e8).metric
    error = question("relative_error<10%", "gbwp", 11, worst, **fields)[0].measure(1e8).metric
    assert bits == pytest.approx(-math.log2(error))


def test_an_unusable_seed_is_the_worst():
    """A quantile that needs it has no metric, and its reason; a lower one has."""
    fields = {"size": 8, "programming_error": "30u", "family": "spd"}
    statuses = [question("settling_time<1", "gbwp", seed=seed, **fields)[0].measure(1e8) for seed in range(6)]
    unusable = sum(bool(sample.problem) for sample in statuses)
    assert 0 < unusable < 6
    whole = question("settling_time<1", "gbwp", 6, 1.0, **fields)[0].measure(1e8)
    assert math.isnan(whole.metric) and "UNSTABLE" in whole.problem
    part = question("settling_time<1", "gbwp", 6, (5 - unusable) / 5, **fields)[0].measure(1e8)
    assert part.metric == max(sample.metric for sample in statuses if not sample.problem)


def test_values_that_are_refused_are_missed_and_a_range_of_them_is_an_error():
    """A class-AB current above the quiescent one is refused; a range with no other has the error of its first value."""
    sizing, _ = question("settling_time<1", "quiescent_current", size=2, opamp="cmos-100meg")
    found = sizing.search(Span(1e-4, 1e-2), 0.01)
    assert found.answer.value == pytest.approx(0.5e-3, rel=0.01) and found.edges[0].least
    assert "class_ab_current" in found.scan[0].problem
    with pytest.raises(ParameterError, match="class_ab_current"):
        sizing.search(Span(1e-6, 1e-4), 0.01)


@pytest.mark.parametrize(
    ("target", "free", "given", "words"),
    [
        ("energy<1n", "gbwp", {}, "target: .*no supply"),
        ("relative_error<1%", "drift_time", {}, "drift_time: .*drift_exponent"),
    ],
)
def test_questions_without_an_answer_are_refused(target, free, given, words):
    """A metric that the circuit has not, and a parameter that does nothing."""
    sizing, span = question(target, free, size=2, **given)
    with pytest.raises(ParameterError, match=words):
        sizing.search(span, 0.01)


@pytest.mark.parametrize("text", ["", "settling_time", "settling_time<5n,bits>3", "speed<3"])
def test_targets_that_are_none_are_refused(text):
    """One limit on a known metric."""
    with pytest.raises(ParameterError, match="target"):
        target_of(text)


@pytest.mark.parametrize("name", ["family", "seed", "trial", "timeout", "cross_check", "monte_carlo", "nothing"])
def test_options_that_are_no_parameter_are_refused(name):
    """Names, seeds, guards, and what there is not."""
    with pytest.raises(ParameterError, match="free"):
        free_option("inv", name)


def test_usual_ranges_are_within_the_bounds_of_the_fields():
    """Around the present value, of a technology its own, of bits those of the converters."""
    known = each_parsed("inv", {"opamp": "cmos-100meg"})
    assert span_of(free_option("inv", "gbwp"), known, None) == Span(1e6, 1e10)
    assert span_of(free_option("inv", "adc_bits"), known, None) == Span(2, 12, True)
    assert span_of(free_option("inv", "offset_spread"), known, None).high == 1
    tied = known | {"technology": "ad823"}
    assert span_of(free_option("inv", "gbwp"), tied, None) == Span(*TECHNOLOGIES["ad823"].gbwp_range)
    assert span_of(free_option("inv", "gbwp"), known, "10M, 1G") == Span(1e7, 1e9)


@pytest.mark.parametrize("device", ["ideal", "hfo2-wide"])
def test_percentages_of_a_range_are_parts_of_the_largest_conductance(device):
    """Of the given g_max, else of that of the device; a name is no end of a range."""
    option = free_option("inv", "programming_error")
    known = each_parsed("inv", {"device": device})
    for options, largest in ((known, device_preset(device).g_max), (known | {"g_max": 2e-4}, 2e-4)):
        span = span_of(option, options, "0.5%, 60u")
        assert (span.low, span.high) == pytest.approx((0.005 * largest, 60e-6))
    with pytest.raises(ParameterError, match="between"):
        span_of(option, known, f"0.5%,{option.choices[0]}")


@pytest.mark.parametrize("between", [None, "1m,2m"])
@pytest.mark.parametrize("name", ["quiescent_current", "class_ab_current", "slew_rate"])
def test_what_a_technology_ties_is_not_free(name, between):
    """It follows from the GBWP, which may be free."""
    known = each_parsed("inv", {"technology": "ad823"})
    with pytest.raises(ParameterError, match="free: got '?" + name + "'?; follows from gbwp"):
        span_of(free_option("inv", name), known, between)


def test_that_nothing_ties_currents_to_speed_is_a_note():
    """For currents, and for energy over speed; not with a technology, nor for other questions."""
    time, energy = Limit("settling_time", True, 1.0), Limit("energy", True, 1.0)
    for names, limit in ((("quiescent_current",), time), (("quiescent_current", "gbwp"), time), (("gbwp",), energy)):
        (note,) = ties_of(names, limit, None)
        assert "nothing ties" in note and "free gbwp with a technology" in note
        assert ties_of(names, limit, "cmos-250nm") == ()
    assert ties_of(("gbwp",), time, None) == ties_of(("wire_resistance",), energy, None) == ()


def _sized(metrics, checked=None):
    """An answer with these metrics at 1, 2, 3, ..."""
    samples = tuple(Sample(float(k), metric) for k, metric in enumerate(metrics, start=1))
    found = Found(Limit("settling_time", True, 5.0), Span(1, len(metrics)), samples, (), (), samples)
    return Sized("gbwp", "Hz", found, checked=None if checked is None else Sample(1.0, checked))


def _searched(function, span):
    """Answer to settling_time<5 for a function of one number; nan has no usable result."""

    def measure(value):
        metric = function(value)
        return Sample(value, metric, "UNSTABLE: poles" if math.isnan(metric) else "")

    return Sized("levels", "", search(measure, Limit("settling_time", True, 5.0), span))


def test_a_range_with_unusable_values_is_not_denied_as_a_whole():
    """Only its scanned values miss the target, and a note has the reason of the unusable ones."""
    sized = _searched(lambda value: 9.0 if value < 40 else math.nan, Span(1, 100))
    assert sized.sentence.startswith("no scanned levels from 1 to 100 keeps")
    assert "2 of 9 scanned values have no usable result: UNSTABLE: poles" in sized.notes


@pytest.mark.parametrize("kept", [(3,), (3, 5), ()])
def test_whole_numbers_that_are_all_measured_leave_no_doubt(kept):
    """Between them is no other one; without a whole number, there may be crossings."""

    def function(value):
        return 1.0 if round(value) in kept else 8.0 + round(value) % 2

    sized = _searched(function, Span(2, 7, True))
    assert "scanned" not in sized.sentence and sized.notes == ()
    assert any("may be crossings" in note for note in _searched(function, Span(2, 7)).notes)


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ((9.0, 1.0, 9.0, 9.0), "settling_time<5s is kept for levels = 3"),
        ((9.0, 1.0, math.nan, 9.0), "settling_time<5s is kept for levels = 3"),
        ((9.0, 1.0, 1.0, math.nan), "settling_time<5s is kept for levels from 3 to 4"),
        ((1.0, 9.0, 1.0, 1.0), "settling_time<5s is kept for levels = 2, and from 4 to 5"),
        ((9.0, 1.0, 1.0, 1.0), "levels must be at least 3 for settling_time<5s"),
        ((1.0, 1.0, 9.0, math.nan), "levels must be at most 3 for settling_time<5s"),
    ],
)
def test_the_sentence_has_every_end_of_the_target(metrics, words):
    """One crossing alone is a bound; every other answer is a list of intervals."""
    assert _searched(lambda value: metrics[int(value) - 2], Span(2, 5, True)).sentence == words


@pytest.mark.parametrize(
    ("metrics", "checked", "words"),
    [
        ((1.0, 2.0, 1.0), None, "turns once"),
        ((1.0, 1.0, 1.0), None, "does not change"),
        ((4.0, 3.0, 2.0), 4.5, "disagree by 11"),
        ((4.99, 3.0, 2.0), 5.01, "misses the target there, by 0.2 %"),
        ((4.99, 3.0, 2.0), math.nan, "no usable result"),
    ],
)
def test_restrictions_are_notes(metrics, checked, words):
    """A turn, no effect, and each way in which ngspice can disagree."""
    assert any(words in note for note in _sized(metrics, checked).notes)
    assert _sized((3.0, 2.0, 1.0), 3.0).notes == ()
