"""In which line of a TOML text something stands."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amc_circuits.files.toml_lines import line_of

FILLERS = ["", "# [grid] gbwp = 1 ]]]", "   ", "\t# \"\"\" '''", "#"]
VALUES = [
    "1",
    '"text # no comment, and no list: [[["',
    "'literal \\'",
    '"a \\" [ quote"',
    "[\n  1,\n\n  # ] not the end\n  2,\n]",
    "[[1, 2],\n[3, ']']]",
    '"""\n[grid]\nsize = [1]\n"""',
    '"""two quotes at the end: """""',
    "'''\nsize = 3 # ''\n[[points]]'''''",
    '{range = [0, 3], b = "}"}',
    "{range = [0,\n 3]}",
    "1979-05-27T07:32:00Z",
]
"""Values that take one line or several, with signs in them that mean something elsewhere."""

statements = st.lists(st.tuples(st.lists(st.sampled_from(FILLERS), max_size=3), st.sampled_from(VALUES)), max_size=4)


@given(
    sections=st.lists(st.tuples(st.sampled_from(["grid", "points"]), statements), max_size=5),
    top=statements,
    end=st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=80, deadline=None)
def test_every_statement_is_found_in_the_line_where_it_begins(sections, top, end):
    """Whatever comments, texts and lists of several lines stand before it: the line is that in which it was written."""
    lines, expected, seen = [], {}, {"grid": 0, "points": 0}

    def write(place, several):
        for number, (fillers, value) in enumerate(several):
            lines.extend(fillers)
            expected[(*place, f"key{number}")] = len(lines) + 1
            lines.extend(f"key{number} = {value}".split("\n"))

    write((), top)
    for kind, several in sections:
        place = ("points", seen["points"]) if kind == "points" else (f"grid{seen['grid']}",)
        seen[kind] += 1
        expected[place] = len(lines) + 1
        lines.append("[[points]]  # ]" if kind == "points" else f"[ {place[0]} ]")
        write(place, several)
    text = end.join(lines)
    tomllib.loads(text)
    assert {place: line_of(text, place) for place in expected} == expected


@pytest.mark.parametrize(
    ("text", "place", "line"),
    [
        ("a = 1\nfixed.opamp = 2\nfixed.gbwp = 3\n", ("fixed", "gbwp"), 3),
        ("fixed = {opamp = 2, gbwp = 3}\n", ("fixed", "gbwp"), 1),
        ("points = [\n{a = 1},\n{b = 2},\n]\n", ("points", 1, "b"), 1),
        ("[grid]\n\n[grid.seed]\nrange = [0, 3]\n", ("grid", "seed"), 3),
        ("[grid]\n\n[grid.seed]\nrange = [0, 3]\n", ("grid", "seed", "range"), 4),
        ('"a b" = 1\n"a c" = 2', ("a c",), 2),
        ("[a]\nb = 1\n", ("a", "c"), None),
        ("[[points]]\n", ("points", 1), None),
        ("", ("a",), None),
        ("# nothing\n", ("a",), None),
    ],
)
def test_dotted_keys_tables_and_inline_tables_are_found(text, place, line):
    """A key is where the statement begins that gives it, however it is spelled; what is not there has no line."""
    assert line_of(text, place) == line
