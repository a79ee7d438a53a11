"""Files of numbers of every kind: read by what they hold, and told what they are where they are something else."""

import io
import pickle
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from scipy import sparse

from amc_circuits.array_files import load_array
from amc_circuits.array_output import WRITERS, write_array
from netlists import ParameterError

REAL = np.array([[2.0, -0.5, 0.0], [1e-7, 3.25e10, -1.0]])
COMPLEX = REAL + 1j * np.array([[0.0, 1.0, -2.5], [0.25, 0.0, 1e-3]])
SPARSE = ("csr", "csc", "coo", "bsr", "dia")


def saved(write, array, **options):
    """The bytes that a function writes into a file."""
    file = io.BytesIO()
    write(file, array, **options)
    return file.getvalue()


def text_of(array, separator, decimal=".", unit="j"):
    """Rows of numbers, every digit."""

    def number(value):
        parts = f"{value.real!r}", f"{value.imag:+}{unit}"
        return "".join(parts if np.iscomplexobj(array) else parts[:1]).replace(".", decimal)

    return "".join(separator.join(map(number, row)) + "\n" for row in array.tolist()).encode()


def formats(array):
    """Every way in which an array may be stored, by name."""
    yield "npy", saved(np.save, array)
    yield "npy by columns", saved(np.save, np.asfortranarray(array))
    yield "npz", saved(np.savez, array)
    yield "npz packed", saved(np.savez_compressed, array)
    for form in SPARSE:
        yield f"scipy {form}", saved(sparse.save_npz, sparse.coo_matrix(array).asformat(form))
    yield "scipy array", saved(sparse.save_npz, sparse.csr_array(array))
    yield "mat", saved(scipy.io.savemat, {"whatever": array})
    yield "mat packed", saved(scipy.io.savemat, {"whatever": array}, do_compression=True)
    yield "mat sparse", saved(scipy.io.savemat, {"whatever": sparse.csc_matrix(array)})
    yield "mtx dense", saved(scipy.io.mmwrite, array, precision=17)
    yield "mtx sparse", saved(scipy.io.mmwrite, sparse.coo_matrix(array), precision=17)
    for name, separator in {
        "commas": ",",
        "commas and blanks": ", ",
        "semicolons": ";",
        "tabs": "\t",
        "blanks": "  ",
    }.items():
        yield f"text, {name}", text_of(array, separator)
    yield "text, i", text_of(array, ",", unit="i")
    yield "text, decimal commas", text_of(array, ";", decimal=",")
    yield "text, decimal commas and tabs", text_of(array, "\t", decimal=",")
    yield (
        "text, quotes",
        b"\n".join(b",".join(b'"%s"' % one for one in line.split(b";")) for line in text_of(array, ";").split()),
    )
    yield "text, comments", b"# made by hand\n% and more\n\n" + text_of(array, ",").replace(b"\n", b"  # a row\n\n")
    yield "text, DOS", text_of(array, ",").replace(b"\n", b"\r\n") + b"\x1a"
    yield "text, old Mac", text_of(array, ",").replace(b"\n", b"\r")
    yield "text, end of line separators", text_of(array, ",").replace(b"\n", b",\n")
    yield "text, byte-order mark", b"\xef\xbb\xbf" + text_of(array, ",")
    yield "text, UTF-16", text_of(array, "\t").decode().encode("utf-16")
    yield "text, Fortran", text_of(array, " ").replace(b"e", b"D")
    yield "text by NumPy", saved(np.savetxt, array, fmt="%.17g", header="A")


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


def zipped(**members):
    """A zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


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


BOMBS = {
    "npz of zeros": lambda: saved(np.savez_compressed, np.zeros(40_000_000)),
    "npz with a head of 80 GB": lambda: npz_with_head((100_000, 100_000)),
    "npz, sparse": lambda: saved(sparse.save_npz, sparse.coo_matrix(([1.0], ([1], [2])), shape=(10**6, 10**8))),
    "mat of zeros": lambda: saved(scipy.io.savemat, {"A": np.zeros((6000, 6000))}, do_compression=True),
    "mat, sparse": lambda: saved(scipy.io.savemat, {"A": sparse.csc_matrix((10**9, 30_000))}),
    "mtx, sparse": lambda: b"%%MatrixMarket matrix coordinate real general\n1000000 1000000 1\n1 1 1\n",
    "mtx, dense": lambda: b"%%MatrixMarket matrix array real general\n4000 4000\n1\n2\n",
    "mtx with many entries": lambda: b"%%MatrixMarket matrix coordinate real general\n3 3 1000000000\n1 1 1\n",
    "text of one line": lambda: b"1," * 5_000_000,
    "text without an end": lambda: b"1" * 10_000_000,
    "blanks": lambda: b" " * 10_000_000 + b"x",
    "mat in mat": lambda: mat_with(struct.pack("<II", 15, 0xFFFFFFF0)),
    "packed twice": lambda: mat_with(packed(zlib.compress(bytes(400_000_000)))),
}  # fmt: skip
"""Made when they are wanted."""


def npz_with_head(shape):
    """A .npz file whose member claims a shape that it has no bytes for."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return zipped(**{"A.npy": head.getvalue() + bytes(64)})


def packed(content):
    """A packed element of a .mat file."""
    return struct.pack("<II", 15, len(content)) + content


def mat_with(element):
    """A .mat file of one element."""
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + element


LIMITED = """
import resource, sys
from pathlib import Path
from amc_circuits.array_files import load_array
from netlists import ParameterError
import scipy.io, scipy.sparse
rest = 400 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (int(Path("/proc/self/statm").read_text().split()[0]) * 4096 + rest,) * 2)
for path in sys.argv[1:]:
    try:
        load_array("A", Path(path), (1, 2))
        print("read", path)
    except ParameterError as error:
        print("refused", Path(path).name, error.mend)
"""


def test_no_file_takes_memory_out_of_proportion(tmp_path):
    """In a process that may take 400 MB more, every bomb is refused in one line."""
    from tests.command_line import ended, start

    for place, make in enumerate(BOMBS.values()):
        (tmp_path / f"{place}").write_bytes(make())
    outcome = ended(start(*(tmp_path / f"{place}" for place in range(len(BOMBS))), code=LIMITED), 120)
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert len(lines) == len(BOMBS), outcome
    for line, name in zip(lines, BOMBS, strict=True):
        assert line.startswith("refused"), (name, line)
        assert "MemoryError" not in line


FUZZED = """
import random, resource, sys, warnings
from pathlib import Path
from amc_circuits.array_files import load_array
from netlists import ParameterError
import numpy as np, scipy.io, scipy.sparse
resource.setrlimit(resource.RLIMIT_AS, (int(Path("/proc/self/statm").read_text().split()[0]) * 4096 + 2**30,) * 2)
warnings.simplefilter("ignore")
refused = used = 0
for source in map(Path, sys.argv[2:]):
    content, chance = source.read_bytes(), random.Random(source.name)
    for turn in range(int(sys.argv[1])):
        changed = bytearray(content)
        for _ in range(chance.choice((1, 1, 2, 5))):
            place = chance.randrange(len(changed))
            action = chance.randrange(4)
            if action == 0:
                changed[place] = chance.randrange(256)
            elif action == 1:
                changed[place:place + chance.randrange(1, 9)] = b""
            elif action == 2:
                changed[place:place] = chance.randbytes(chance.randrange(1, 9))
            else:
                changed[place:place + 4] = chance.choice((b"\\xff\\xff\\xff\\x7f", b"\\x00" * 4, b"\\xff" * 4, b"9999"))
            if not changed:
                changed = bytearray(b"1")
        target = source.with_suffix(".fuzzed")
        target.write_bytes(changed)
        try:
            load_array("A", target, (1, 2))
            used += 1
        except ParameterError as error:
            assert "\\n" not in error.mend, error
            refused += 1
print(refused, used)
"""


def test_damaged_files_are_refused_or_read(tmp_path):
    """Files of every format, changed at random, end in one line or in numbers: no traceback, no crash, no gigabyte."""
    from tests.command_line import ended, start

    sources = []
    for kind, array in (("real", REAL), ("complex", COMPLEX)):
        for place, (_, content) in enumerate(formats(array)):
            sources.append(tmp_path / f"{kind}{place}")
            sources[-1].write_bytes(content)
    outcome = ended(start(60, *sources, code=FUZZED), 300)
    assert outcome.code == 0, outcome.err[-2000:]
    refused, used = map(int, outcome.out.split())
    assert refused + used == 60 * len(sources)
    assert refused > 20 * len(sources)


def handed_in():
    """Small files that people handed in: as they are in the folder beside the project, if it is there."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "cases"
    for name in ("k10a_matrix.csv", "k10b_matrix.mtx", "k10d_named.npz"):
        there = pytest.mark.skipif(not folder.is_dir(), reason="no folder of cases")
        yield pytest.param(folder / name, folder / "b.npy", id=name, marks=there)


@pytest.mark.parametrize(("matrix", "b"), list(handed_in()))
def test_files_that_were_handed_in_are_solved(amc, matrix, b):
    """`amc inv FILE b.npy` solves [[2, -0.5], [-0.5, 1]] x = [1, 0.5], whatever the file."""
    outcome = amc("inv", matrix, b, "--engine", "state-space", "--format", "json")
    assert (outcome.code, outcome.err) == (0, "")
    np.testing.assert_allclose(outcome.json["x"], np.linalg.solve([[2, -0.5], [-0.5, 1]], [1, 0.5]), rtol=1e-3)
