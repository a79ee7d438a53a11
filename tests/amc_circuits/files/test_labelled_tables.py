"""Tables in text with a column of labels: separators, headers, columns, and what is refused."""

import numpy as np
import pytest

from amc_circuits.files.labelled_tables import read_labelled_table
from netlists import ParameterError


def read(folder, text, label=None):
    """Writes a table and reads it."""
    (folder / "t.csv").write_text(text)
    return read_labelled_table("data", folder / "t.csv", label)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("1,2.5,cat\n3,4e1,dog\n", None),
        ("a,b,c\n1,2.5,cat\n3,4e1,dog\n", None),
        ("c,a,b\ncat,1,2.5\ndog,3,4e1\n", "c"),
        ("cat,1,2.5\ndog,3,4e1\n", 1),
        ("1;cat;2,5\n\n3;dog;40,0\n", 2),
        ("# made by hand\n1 2.5 cat\n3 40 dog\n", None),
        ('"a","b","c"\n1,2.5,"cat"\n3,40,"dog"\n', "c"),
        ("0,1,2\n1,2.5,cat\n3,40,dog\n", "2"),
        ("0,1,label\n1,2.5,cat\n3,40,dog\n", "label"),
    ],
)
def test_numbers_and_labels_are_told_apart(tmp_path, text, label):
    """By the name of the column, its number, or as the last one; with and without a header, of each separator."""
    table = read(tmp_path, text, label)
    assert np.array_equal(table.values, [[1, 2.5], [3, 40]])
    assert table.labels == ("cat", "dog")


def test_names_are_those_beside_the_label(tmp_path):
    """The header without the label's column; none without a header."""
    assert read(tmp_path, "c,a,b\n1,2,3\n", "c").names == ("a", "b")
    assert read(tmp_path, "1,2,3\n").names == ()


@pytest.mark.parametrize(
    ("text", "label", "words"),
    [
        ("a,b,c\n1,2,3\n", "d", "has no column d; its first line is a, b, c"),
        ("height,width,species\n1,2,x\n", "specis", r"has no column specis; did you mean species\?"),
        ("1,2,3\n", 4, "has no column 4; it has 3"),
        ("1,2,3\n1,2\n", None, "line 2 has 2 numbers, but line 1 has 3"),
        ("1,x,cat\n", None, "line 1, column 2: 'x' is no number"),
        ("cat,1,x\n", 1, "line 1, column 3: 'x' is no number"),
        ('1,2,cat\n1,2,""\n', None, "line 2"),
        (",a,c\n0,1,2\n", None, "empty first field"),
        ("a,b\n", None, "without rows"),
        ("0,1,label\n1,2,7\n3,4,9\n", None, "line 1 looks like a header; name the label column by label = 'label'"),
        ("label,1,2\n7,1,2\n9,3,4\n", 1, "line 1 looks like a header; name the label column by label = 'label'"),
        ("a,b,c\n1,2\n", "c", "line 2|3 names in its header, but 2 columns"),
        ("1\n2\n", None, "has one column"),
        ("1+2j,3,cat\n", None, "has complex numbers"),
        ("", None, "is empty"),
        ("{}", None, "is JSON"),
        ("\x00\x01", None, "is binary data"),
    ],
)
def test_a_table_with_a_mistake_is_one_line(tmp_path, text, label, words):
    """The error names line and column as in the file, also beside a label that is not the last."""
    with pytest.raises(ParameterError, match=words) as caught:
        read(tmp_path, text, label)
    assert "\n" not in str(caught.value)
