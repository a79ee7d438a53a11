"""Files of numbers that claim too much or are damaged: one line, no traceback, no crash, no gigabyte."""

import io
import struct
import zlib

import numpy as np
import scipy.io
from scipy import sparse

from tests.amc_circuits.number_files import COMPLEX, REAL, formats, saved, zipped
from tests.command_line import ended, start

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
from amc_circuits.files.array_files import load_array
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
from amc_circuits.files.array_files import load_array
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
