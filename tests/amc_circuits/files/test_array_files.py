"""Files of numbers of every kind: read by what they hold, and told what they are where they are something else."""

import io
import pickle
import warnings

import numpy as np
import pytest
import scipy.io

from amc_circuits.files.array_files import load_array
from amc_circuits.files.array_output import WRITERS, write_array
from netlists import ParameterError
from tests.amc_circuits.number_files import COMPLEX, REAL, formats, saved, text_of, zipped
from tests.command_line import HANDED_IN

CASES = [
    pytest.param(array, content, id=f"{kind}, {name}")
    for kind, array in (("real", REAL), ("complex", COMPLEX))
    for name, content in formats(array)
]


@pytest.mark.parametrize(("array", "content"), CASES)
def test_every_format_gives_the_same_numbers(tmp_path, array, content):
    """To the last digit, whatever the file is called."""
    for name in ("A.npy", "A.csv", "nothing"):
        (tmp_path / name).write_bytes(content)
        found = load_array("A", tmp_path / name, (2,))
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize(
    "array", [REAL, COMPLEX, REAL[1], COMPLEX[0]], ids=["real", "complex", "vector", "complex vector"]
)
def test_what_is_written_is_read_again(tmp_path, suffix, array):
    """In every format, to the last digit; a vector stays one."""
    write_array(tmp_path / f"x{suffix}", "x", array)
    np.testing.assert_array_equal(load_array("x", tmp_path / f"x{suffix}", (array.ndim,)), array)


@pytest.mark.parametrize("shape", [(1, 3), (3, 1)])
def test_a_table_of_one_row_or_column_is_a_vector_where_one_may_be(tmp_path, shape):
    """In formats that know tables alone; where a matrix is wanted, it stays one."""
    array = np.array([1.0, 2.0, 3.0]).reshape(shape)
    for content in (text_of(array, ","), saved(scipy.io.mmwrite, array), saved(scipy.io.savemat, {"b": array})):
        (tmp_path / "b").write_bytes(content)
        assert load_array("b", tmp_path / "b", (1, 2)).shape == (3,)
        assert load_array("b", tmp_path / "b", (2,)).shape == shape


def test_a_header_line_is_said(tmp_path):
    """Words above the numbers are left out with a warning; two lines of words are no table."""
    (tmp_path / "A.csv").write_text("left,right\n1,2\n3,4\n")
    with pytest.warns(UserWarning, match=r"A\.csv: line 1, 'left,right', is taken for a header"):
        found = load_array("A", tmp_path / "A.csv", (2,))
    np.testing.assert_array_equal(found, [[1, 2], [3, 4]])


def test_complex_numbers_that_are_real_are_real(tmp_path):
    """No imaginary part but 0: half the circuit does."""
    np.save(tmp_path / "A.npy", REAL + 0j)
    assert load_array("A", tmp_path / "A.npy", (2,)).dtype == np.float64


def several(write):
    """A file of arrays A (2 x 3), b and a text."""
    content = {"b": np.ones(2), "A": REAL, "note": np.array("made by hand"), "more": np.eye(2)}
    file = io.BytesIO()
    np.savez(file, **content) if write == "npz" else scipy.io.savemat(file, content)
    return file.getvalue()


@pytest.mark.parametrize("form", ["npz", "mat"])
def test_one_of_several_arrays_is_chosen_by_its_name(tmp_path, form):
    """The one that is called as in the equation, or that is named; else the names are listed."""
    path = tmp_path / "several"
    path.write_bytes(several(form))
    np.testing.assert_array_equal(load_array("A", path, (2,)), REAL)
    np.testing.assert_array_equal(load_array("b", path, (1, 2)), np.ones(2))
    np.testing.assert_array_equal(load_array("A", path, (2,), "more"), np.eye(2))
    with pytest.raises(ParameterError, match=r"holds b, A, .*more; say which by rhs_name"):
        load_array("x", path, (1, 2), None, "rhs_name")
    with pytest.raises(ParameterError, match="has no array C; it holds b, A"):
        load_array("A", path, (2,), "C")
    np.save(tmp_path / "one.npy", REAL)
    with pytest.raises(ParameterError, match="one array without a name; leave out matrix_name"):
        load_array("A", tmp_path / "one.npy", (2,), "A")


HDF5 = (
    b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM" + bytes(384) + b"\x89HDF\r\n\x1a\n" + bytes(64)
)
WRONG = {
    "nothing": (b"", "is empty; wanted is .npy, .npz, .csv"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(40), "is a PNG picture"),
    "JPEG": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "is a JPEG picture"),
    "PDF": (b"%PDF-1.7\n1 0 obj\n", "is a PDF document"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(40), "is an HDF5 file; write the array with numpy.save"),
    "MATLAB 7.3": (HDF5, "version 7.3 (HDF5), which is not read; save it with '-v7'"),
    "pickle": (pickle.dumps(REAL), "is a Python pickle, which may run code and is not read"),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(20), "packed with gzip"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40), "old Microsoft Office; save the sheet as CSV"),
    "Excel": (zipped(**{"[Content_Types].xml": "<x/>"}), "is a workbook or document of Microsoft Office"),
    "PyTorch": (zipped(**{"archive/data.pkl": b"x", "archive/version": b"3"}), "is a PyTorch file"),
    "zip": (zipped(a="1 2"), "zip archive without an array"),
    "SQLite": (b"SQLite format 3\x00" + bytes(40), "an SQLite database"),
    "program": (b"\x7fELF\x02\x01\x01" + bytes(40), "is a program"),
    "unknown": (bytes(range(200)), "is binary data of no known kind; wanted is"),
    "JSON": (b'{"A": [[1, 2]]}', "is JSON or the like"),
    "list": (b"[[1, 2],\n [3, 4]]", "is a list in brackets"),
    "HTML": (b"<!DOCTYPE html><html>", "is a web page or XML"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS"),
    "prose": (b"Dear reader,\nthe matrix is good.\n", "line 2, column 1: 'the' is no number; wanted are rows"),
    "one word": (b"matrix\n", "is text without numbers; wanted are rows of numbers"),
    "a word": (b"1,2,3\n4,five,6\n", "is text: line 2, column 2: 'five' is no number"),
    "units": (b"1,2\n3,4 V\n", "is text: line 2, column 2: '4 V' is no number"),
    "underscores": (b"1_000,2\n", "line 1, column 1: '1_000' is no number"),
    "percent": (b"5%,2%\n", "line 1, column 1: '5%' is no number"),
    "ragged": (b"1,2\n3,4\n5\n", "is text: line 3 has 1 number, but line 1 has 2"),
    "hole": (b"1,2,3\n4,,6\n", "is text: line 2, column 2: is empty"),
    "index column": (b",a,b\n0,1,2\n1,3,4\n", "index=False, header=False"),
    "commas of both kinds": (b"1,5 2,5\n3,5 4,5\n", "line 1, column 2: '5 2' is no number"),
    "point and comma": (b"1,5;2\n3.5;4\n", "line 2 has numbers with a decimal point, line 1 with a decimal comma"),
    "thousands": (b"1,234.5;2\n", "line 1, column 1: '1,234.5' has commas that are no decimal ones"),
    "comma between blanks": (b"1 2\n3 4,5\n", "line 2, column 2: '4,5' has commas"),
    "wide": (b"1," * 70_000 + b"1\n", "line 1 has more than 65536 columns"),
    "three dimensions": (saved(np.save, np.ones((2, 2, 2))), "must have 2 dimensions"),
    "texts in npy": (saved(np.save, np.array([["a"]])), "an array of <U1; must be numbers"),
    "objects in npz": (saved(np.savez, np.array([[None]])), "holds Python objects, which are not read"),
    "only cells in mat": (
        saved(scipy.io.savemat, {"c": np.array([[1], "x"], dtype=object), "t": "text"}),
        "holds no array of numbers: c is a cell array, t is text",
    ),
    "cut npy": (saved(np.save, REAL)[:-8], "it is truncated: shorter than its header says"),
    "cut npz": (saved(np.savez, REAL)[:-40], "it is damaged"),
    "cut mat": (saved(scipy.io.savemat, {"A": REAL})[:-8], "is truncated, or damaged"),
    "not a number": (b"1,nan\n3,4\n", "nan at [0, 1]; every entry must be finite"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_every_wrong_file_is_told_what_it_is(tmp_path, name):
    """One line with the path, what it is or what is wrong where, and nowhere that it is truncated where it is not."""
    content, words = WRONG[name]
    (tmp_path / "A.csv").write_bytes(content)
    with warnings.catch_warnings(), pytest.raises(ParameterError) as caught:
        warnings.simplefilter("ignore")
        load_array("A", tmp_path / "A.csv", (2,))
    text = str(caught.value)
    assert text.startswith("A: got ") and words in text and "\n" not in text, text
    assert ("truncated" in text) == ("truncated" in words)


def handed_in():
    """Small files that people handed in: as they are in the folder beside the project, if it is there."""
    for name in ("k10a_matrix.csv", "k10b_matrix.mtx", "k10d_named.npz"):
        there = pytest.mark.skipif(not HANDED_IN.is_dir(), reason="no folder of cases")
        yield pytest.param(HANDED_IN / name, HANDED_IN / "b.npy", id=name, marks=there)


@pytest.mark.parametrize(("matrix", "b"), list(handed_in()))
def test_files_that_were_handed_in_are_solved(amc, matrix, b):
    """`amc inv FILE b.npy` solves [[2, -0.5], [-0.5, 1]] x = [1, 0.5], whatever the file."""
    outcome = amc("inv", matrix, b, "--engine", "exact", "--format", "json")
    assert (outcome.code, outcome.err) == (0, "")
    np.testing.assert_allclose(outcome.json["x"], np.linalg.solve([[2, -0.5], [-0.5, 1]], [1, 0.5]), rtol=1e-3)
