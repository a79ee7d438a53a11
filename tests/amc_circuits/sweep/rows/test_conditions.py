"""Conditions on rows and the order of rows."""

import itertools
import math
import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amc_circuits.sweep.rows.columns import Column, columns_of, find_column, flat
from amc_circuits.sweep.rows.conditions import Condition, order_of
from amc_circuits.sweep.rows.stream import chosen
from netlists import ParameterError
from tests.amc_circuits.sweep.made_rows import made

ERROR = "pole at 1M, grows"
ROWS = [
    made(0, {"settling_time_s": 35e-9, "relative_error": 0.05}, size=4, gbwp="16M", programming_error="1u"),
    made(1, {"settling_time_s": 1e-7, "relative_error": 0.01}, size=16, gbwp="100MEG", programming_error="wan-2022"),
    made(2, {"settling_time_s": None}, "UNSTABLE", size=16, noise=True, error=ERROR),
    made(3, {"settling_time_s": 2e-6, "relative_error": 0.2}, size=64, gbwp="1G", programming_error="2u", noise=True),
]
FIGURE = Column("figure", "", False)
COMPARED = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("size>=16", [1, 2, 3]),
        ("size = 16 , status = SETTLED", [1]),
        ("settling_time<=35n", [0]),
        ("settling-time == 35 ns", [0]),
        ("settling_time_s!=100n", [0, 2, 3]),
        ("settling_time>0", [0, 1, 3]),
        ("settling_time=none", [2]),
        ("settling_time!=none", [0, 1, 3]),
        ("gbwp<1GHz", [0, 1]),
        ("gbwp=100M", [1]),
        ("relative_error<=5%", [0, 1]),
        ("relative_error<=0.05", [0, 1]),
        ("noise=true", [2, 3]),
        ("noise!=true", [0, 1]),
        ("programming_error=wan-2022", [1]),
        ("programming_error>1u", [3]),
        ("programming_error!=1uS", [1, 2, 3]),
        ('error="pole at 1M, grows"', [2]),
        ("error=none", [0, 1, 3]),
        ("status>SETTLED", [2]),
        ("number=3", [3]),
        ("gbwp=none", [2]),
        ("energy=none", [0, 1, 2, 3]),
    ],
)
def test_conditions_choose_rows(text, numbers):
    """Numbers have suffixes and units, flags are true or false, names stand among numbers, none is not given."""
    rows = [*ROWS[:3], made(3, {**ROWS[3].figures, "energy_j": {"total": None}}, **_options(ROWS[3]))]
    assert [row.number for row in chosen(rows, [text])] == numbers


def _options(row):
    return {name: value for name, value in row.parameters.items() if name != "circuit"}


def test_all_conditions_are_kept():
    """Several texts count like one with commas; none keeps every row."""
    assert chosen(ROWS, []) == ROWS
    assert chosen(ROWS, ["size=16", "noise=true"]) == chosen(ROWS, ["size=16,noise=true"]) == [ROWS[2]]
    assert chosen([], ["size=16"]) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sise=4", ("'sise'", "did you mean size")),
        ("xyz=4", ("'xyz'", "all options", "settling_time_s")),
        ("size", ("'size'", "COLUMN=VALUE")),
        ("size=", ("'size='", "COLUMN=VALUE")),
        ("size=4,", ("COLUMN=VALUE", "commas")),
        ("", ("''", "COLUMN=VALUE")),
        ("size=>4", ("COLUMN=VALUE",)),
        ("size=four", ("'size=four'", "size must be a number")),
        ("gbwp>1ns", ("gbwp must be a number in Hz",)),
        ("noise=1", ("noise must be true, false or none",)),
        ("noise<true", ("no order", "= or !=")),
        ("size>none", ("no order",)),
    ],
)
def test_unusable_conditions_are_refused(text, words):
    """One line names what was typed, what there is, and close names."""
    with pytest.raises(ParameterError) as caught:
        chosen(ROWS, [text])
    assert caught.value.parameter == "where"
    for word in words:
        assert word in str(caught.value)


numbers = st.floats(-1e9, 1e9, allow_subnormal=False)


@settings(max_examples=50, deadline=None)
@given(numbers, numbers)
def test_numbers_compare_as_in_python(value, wanted):
    """Every operator says what Python says, but that numbers within 1e-9 of each other are equal."""
    if math.isclose(value, wanted, rel_tol=1e-9):
        wanted = value
    for sign, compare in COMPARED.items():
        assert Condition(FIGURE, sign, wanted).holds(value) == compare(value, wanted)
        assert Condition(FIGURE, sign, wanted).holds(math.nan) == (sign == "!=")


@settings(max_examples=50, deadline=None)
@given(st.text(min_size=1), st.text(min_size=1))
def test_text_compares_as_in_python(value, wanted):
    """Text is compared with text as Python does it, which dates in ISO 8601 need."""
    for sign, compare in COMPARED.items():
        assert Condition(FIGURE, sign, wanted).holds(value) == compare(value, wanted)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.just(math.nan), numbers)))
def test_rows_are_sorted_with_the_unknown_last(values):
    """Numbers rise or fall, equal ones stay in order, and what is unknown comes last both ways."""
    rows = [{"figure": value, "place": place} for place, value in enumerate(values)]
    for descending in (False, True):
        found = [rows[place] for place in order_of(values, descending=descending)]
        known = [row for row in found if row["figure"] is not None and not math.isnan(row["figure"])]
        assert [row["place"] for row in found[len(known) :]] == [row["place"] for row in rows if row not in known]
        assert [row["figure"] for row in known] == sorted((row["figure"] for row in known), reverse=descending)
        for one, other in itertools.pairwise(known):
            assert one["figure"] != other["figure"] or one["place"] < other["place"]


def test_columns_are_found_as_people_call_them():
    """By name, without the unit, with dashes, and as the figures of Monte Carlo are called."""
    row = made(
        0, {"settling_time_s": 1e-7, "energy_j": {"total": 1e-9, "array": 1e-10}, "yield": 1.0, "yield_low": 0.9}
    )
    columns = columns_of([flat(row)])
    for typed, name in {
        "settling_time": "settling_time_s", "settling-time-s": "settling_time_s", "energy": "energy_total_j",
        "energy_array": "energy_array_j", "row_wall_time": "row_wall_time_s", " gbwp ": "gbwp", "yield": "yield",
    }.items():  # fmt: skip
        assert find_column("y", typed, columns).name == name
    headings = {column.name: column.heading for column in columns}
    assert headings["settling_time_s"] == "settling time [s]" and headings["energy_total_j"] == "energy [J]"
    assert headings["gbwp"] == "gbwp [Hz]" and headings["yield"] == "yield [%]" and headings["size"] == "size"
    assert headings["opamp_file"] == "opamp file"
