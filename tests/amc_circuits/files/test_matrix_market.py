"""Matrix Market files: every kind of the format, and the line of every mistake."""

import numpy as np
import pytest

from amc_circuits.files.array_files import load_array
from netlists import ParameterError

HEAD = "%%MatrixMarket matrix"
GOOD = {
    "pattern": (f"{HEAD} coordinate pattern general\n2 3 2\n1 3\n2 1\n", [[0, 0, 1], [1, 0, 0]]),
    "pattern, symmetric": (f"{HEAD} coordinate pattern symmetric\n2 2 2\n2 1\n2 2\n", [[0, 1], [1, 1]]),
    "listed twice": (f"{HEAD} coordinate integer general\n2 2 3\n1 1 2\n1 1 3\n2 2 1\n", [[5, 0], [0, 1]]),
    "by columns": (f"{HEAD} array real general\n2 3\n1\n2\n3\n4\n5\n6\n", [[1, 3, 5], [2, 4, 6]]),
    "symmetric array": (f"{HEAD} array real symmetric\n2 2\n1\n2\n3\n", [[1, 2], [2, 3]]),
    "skew array": (f"{HEAD} array real skew-symmetric\n3 3\n1\n2\n3\n", [[0, -1, -2], [1, 0, -3], [2, 3, 0]]),
    "skew": (f"{HEAD} coordinate real skew-symmetric\n2 2 1\n2 1 4\n", [[0, -4], [4, 0]]),
    "hermitian": (f"{HEAD} coordinate complex hermitian\n2 2 2\n1 1 3 0\n2 1 1 2\n", [[3, 1 - 2j], [1 + 2j, 0]]),
    "capitals, comments, blanks, DOS": (
        f"{HEAD.upper()} Coordinate REAL General\r\n% by hand\r\n\r\n 2 2 1 \r\n\r\n  2   1   -1.5D0\r\n",
        [[0, 0], [-1.5, 0]],
    ),
    "a long comment": (f"{HEAD} array real general\n%{'x' * 5000}\n1 1\n7", [[7]]),
}  # fmt: skip
BAD = {
    "no format": ("%%MatrixMarket matrix real general\n", "line 1, "),
    "vector": ("%%MatrixMarket vector array real general\n", "must be %%MatrixMarket matrix FORMAT FIELD SYMMETRY"),
    "quaternions": (f"{HEAD} array quaternion general\n", "line 1 has 'quaternion'; it must be one of real"),
    "real hermitian": (f"{HEAD} array real hermitian\n2 2\n", "only complex matrices are hermitian"),
    "dense pattern": (f"{HEAD} array pattern general\n2 2\n", "an array has numbers and no pattern"),
    "no size": (f"{HEAD} array real general\n% nothing\n", "must say rows and columns as 2 whole numbers"),
    "size of another format": (
        f"{HEAD} coordinate real general\n2 2\n1\n",
        "line 2 must say rows, columns and entries",
    ),
    "negative": (f"{HEAD} array real general\n-2 2\n1\n", "line 2 must say rows and columns"),
    "empty": (f"{HEAD} coordinate real general\n0 2 0\n", "has no entries"),
    "oblong symmetric": (f"{HEAD} array real symmetric\n2 3\n1\n", "a symmetric matrix is square, not 2 x 3"),
    "too few": (f"{HEAD} array real general\n2 2\n1.5000\n2.5000\n3.5000\n", "is truncated: it has 3 of the 4 entries"),
    "far too few": (f"{HEAD} array real general\n200 200\n1\n", "is truncated: its head says 40000 entries"),
    "too many": (f"{HEAD} array real general\n1 2\n1\n2\n3\n", "line 5: there are more entries than the 2"),
    "outside": (
        f"{HEAD} coordinate real general\n2 2 1\n3 1 5\n",
        "line 3: entry 3, 1 lies outside of the matrix, 2 x 2",
    ),
    "from 0": (f"{HEAD} coordinate real general\n2 2 1\n0 1 5\n", "line 3: entry 0, 1 lies outside"),
    "no place": (f"{HEAD} coordinate real general\n2 2 1\na 1 5\n", "line 3 must begin with row and column"),
    "no number": (f"{HEAD} coordinate real general\n2 2 1\n1 1 five\n", "line 3: '1 1 five' are no numbers"),
    "complex in real": (f"{HEAD} array real general\n1 1\n1+2j\n", "are no numbers"),
    "half a complex": (f"{HEAD} array complex general\n1 1\n1    \n\n", "line 3 has 1 number, not 2"),
    "upper triangle": (f"{HEAD} coordinate real symmetric\n2 2 1\n1 2 5\n", "lists the lower triangle, not entry 1, 2"),
    "skew diagonal": (f"{HEAD} coordinate real skew-symmetric\n2 2 1\n1 1 5\n", "the diagonal of a skew-symmetric"),
    "too long a line": (f"{HEAD} array real general\n1 1\n{'1' * 3000}\n", "line 3 has more than 1024 characters"),
}


@pytest.mark.parametrize("name", GOOD)
def test_every_kind_is_read(tmp_path, name):
    """As written out by hand."""
    text, wanted = GOOD[name]
    (tmp_path / "A.mtx").write_text(text, newline="")
    np.testing.assert_array_equal(load_array("A", tmp_path / "A.mtx", (2,)), wanted)


@pytest.mark.parametrize("name", BAD)
def test_every_mistake_has_its_line(tmp_path, name):
    """One line of text that says that it is such a file, where it is wrong, and what should be there."""
    text, words = BAD[name]
    (tmp_path / "A.mtx").write_text(text)
    with pytest.raises(ParameterError) as caught:
        load_array("A", tmp_path / "A.mtx", (2,))
    assert "is a Matrix Market file with a mistake: " in str(caught.value)
    assert words in str(caught.value)
