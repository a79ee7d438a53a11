"""Forms of rows: what a sweep fixes is stored once, and every row comes out as it went in."""

import json
import math
import sqlite3
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from amc_circuits.sweep.store import DATABASE, Store
from amc_circuits.sweep.store.forms import Form, Forms
from tests.amc_circuits.sweep.made_rows import made, stored

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=3)
)
names = st.sampled_from(["a", "b", "c"])
leaves = st.one_of(scalars, st.lists(scalars, max_size=2), st.dictionaries(names, scalars, max_size=2))
trees = st.dictionaries(names, leaves, min_size=1)


def as_text(tree):
    """JSON tells 1 from 1.0 and true, and 0.0 from -0.0."""
    return json.dumps(tree)


@given(st.lists(trees, min_size=1, max_size=8))
def test_rows_come_out_as_they_went_in(some):
    """Whatever the rows before had in common, also when form and row were written and read."""
    forms = Forms()
    for tree in some:
        form, own = forms.pack(tree)
        again = Form.of_text(form.text)
        assert (
            as_text(again.tree(again.values(json.dumps(own)))) == as_text(form.tree(form.values(own))) == as_text(tree)
        )


def test_what_a_sweep_fixes_is_stored_once(tmp_path):
    """The text of a fixed option is once in the file, that of a metric in every row; a few forms do for all rows."""
    rows = [made(k, {"bits": k + 0.5}, size=4 + k % 3, seed=k, family="wishart") for k in range(200)]
    folder = stored(tmp_path / "out", rows)
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        own = [text for (text,) in connection.execute("select content from points")]
        (forms,) = connection.execute("select count(*) from forms").fetchone()
    assert forms <= 5 and not any("wishart" in text for text in own)
    assert max(map(len, own)) < 60
    with Store(folder) as store:
        assert store.rows() == rows


def test_another_run_goes_on_with_the_forms_that_are_there(tmp_path):
    """Rows that a second process adds need no further form."""
    for k in range(4):
        stored(tmp_path, [made(10 * k + j, {"bits": k + j / 10}, seed=10 * k + j) for j in range(10)])
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        assert connection.execute("select count(*) from forms").fetchone()[0] <= 3


def test_equal_numbers_of_other_types_are_other_values(tmp_path):
    """0.0 and -0.0, 1 and 1.0 and true come back as they were, one after the other."""
    values = [0.0, -0.0, 1, 1.0, True, False, 0]
    folder = stored(tmp_path / "out", [made(k, {"bits": value}) for k, value in enumerate(values)])
    with Store(folder) as store:
        found = [row.figures["bits"] for row in store.each()]
    assert [(type(value), math.copysign(1, value), value) for value in found] == [
        (type(value), math.copysign(1, value), value) for value in values
    ]
