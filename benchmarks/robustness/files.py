"""Files for `malformed.py`: matrices, conductances and op-amp models, most of them unusable."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from amc_circuits.values.matrices import draw_matrix
from netlists.record import FloatArray

FAST = ("--opamp=single-pole", "--engine=exact")
MATRIX = np.array([[2.0, -1.0], [-1.0, 2.0]])
MODEL = b"""* one pole, 100 dB, 10 MHz, +-4 V, 100 ohm
.subckt MYAMP in+ in- vcc vee out params: gbw=10meg
Gin 0 x value={limit(1m*V(in+,in-), -200u, 200u)}
R1 x 0 100meg
C1 x 0 {1m/(2*pi*gbw)}
Gclamp x 0 value={table(V(x), -5,-1, -4,0, 4,0, 5,1)}
Ebuf y 0 x 0 1
Rout y out 100
Rq vcc vee 10k
.ends
"""
MODEL_PARTS = (
    *(
        "",
        "{",
        "}",
        "{{1}}",
        "1e400",
        "-1",
        "nan",
        ".include /etc/hostname",
        ".lib x y",
        ".control",
        "system(1)",
        "`id`",
    ),
    *("$(id)", "\\", "+", "*", ";", ".subckt", ".ends", "MYAMP", "R1", "x" * 5000, "(" * 500, "\x00", "\t", "1/0"),
    *("{gbw/0}", "{1e308*1e308}", "if(", "V(x)", "0", "out", "\u00e9"),
)


@dataclass(frozen=True)
class Case:
    """One command and the files that it is given.

    Attributes:
        arguments: Arguments of `amc`; files by their names.
        files: Content by name.
        also: Arguments that must be refused if those are.
    """

    arguments: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    also: tuple[str, ...] = ()


def mutated(content: bytes) -> st.SearchStrategy[bytes]:
    """Bytes changed, inserted, left out or doubled at some places; early ones, in headers, as often as all others."""
    place = st.one_of(st.integers(0, min(128, len(content))), st.integers(0, len(content)))
    new = st.one_of(st.binary(max_size=4), st.sampled_from([b"\xff\xff\xff\xff", b"\x00" * 8, b"9" * 30, content[:20]]))
    edit = st.tuples(place, st.integers(0, 6), new)
    return st.lists(edit, min_size=1, max_size=4).map(lambda edits: _edited(content, edits))


def _edited(content: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for place, left_out, new in edits:
        content = content[:place] + new + content[place + left_out :]
    return content


def saved(array: Any) -> bytes:
    """An array as .npy."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def _solves(matrix: bytes, vector: bytes) -> Case:
    return Case(("inv", "A.npy", "b.npy", *FAST), {"A.npy": matrix, "b.npy": vector})


def matrices_by_byte() -> st.SearchStrategy[Case]:
    """A matrix and a right-hand side, damaged."""
    vector = saved(np.ones(2))
    return st.builds(_solves, mutated(saved(MATRIX)), st.one_of(st.just(vector), mutated(vector)))


def odd_arrays() -> st.SearchStrategy[Any]:
    """Arrays of any shape and type, with nan, infinities and huge numbers among them."""
    kinds = st.one_of(hnp.scalar_dtypes(), hnp.unicode_string_dtypes(max_len=4), hnp.byte_string_dtypes(max_len=4))
    shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
    values = st.one_of(st.floats(), st.floats(-2, 2), st.sampled_from([0.0, 1e300, 1e-310, -1.0]))
    return st.one_of(
        hnp.arrays(kinds, shapes),
        hnp.arrays(np.float64, shapes, elements=values),
        hnp.arrays(np.float64, (2, 2), elements=values),
        hnp.arrays(np.float64, (2, 2), elements=st.floats(-2, 2)),
        hnp.arrays(np.float64, 2, elements=values),
        st.just(np.array([{}, None], dtype=object)),
    )


def matrices_of_odd_parts() -> st.SearchStrategy[Case]:
    """Arrays that are none of a system, or hardly."""
    return st.builds(_solves, odd_arrays().map(saved), st.one_of(st.just(np.ones(2)), odd_arrays()).map(saved))


def conductances() -> dict[str, Any]:
    """Content of a valid file, for the matrix that `SPD` draws."""
    matrix: FloatArray = draw_matrix("spd", 2, 2, None, np.random.default_rng(0))
    limits, alpha = (1e-6, 1e-4), float(np.abs(matrix).max())
    content: dict[str, Any] = {"matrix": matrix, "alpha": alpha, "unit": limits[1] - limits[0]}
    content |= {"g_min": limits[0], "g_max": limits[1], "programming_energy": 1e-9, "programming_time": 1e-6}
    arrays = {"positive": 1.0, "negative": -1.0} if (matrix < 0).any() else {"positive": 1.0}
    for name, sign in arrays.items():
        written = limits[0] + np.maximum(sign * matrix, 0) / alpha * (limits[1] - limits[0])
        content |= {name: written, f"target_{name}": written, f"status_{name}": np.zeros((2, 2), dtype=np.int64)}
    return content


def packed(content: Mapping[str, Any]) -> bytes:
    """Arrays as .npz."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=True, **content)
    return file.getvalue()


def _programmed(content: bytes) -> Case:
    return Case(("inv", "--size=2", *FAST, "--conductances=g.npz"), {"g.npz": content})


def conductances_by_byte() -> st.SearchStrategy[Case]:
    """A file of conductances, damaged."""
    return mutated(packed(conductances())).map(_programmed)


def conductances_of_odd_parts() -> st.SearchStrategy[Case]:
    """One with other arrays in some places, or without them."""
    right = conductances()
    keys = st.one_of(st.sampled_from(sorted(right)), st.sampled_from(["negative", "odd", "status_negative"]))
    changes = st.dictionaries(keys, st.one_of(st.none(), odd_arrays()), min_size=1, max_size=3)
    return changes.map(lambda odd: _programmed(packed(_changed(right, odd))))


def _changed(right: Mapping[str, Any], odd: Mapping[str, Any]) -> dict[str, Any]:
    """None leaves a key out."""
    return {name: value for name, value in {**right, **odd}.items() if value is not None}


def _amplifies(content: bytes) -> Case:
    amplifier = ("--opamp-file=amp.lib", "--opamp-subckt=MYAMP", "--opamp-pins=inp,inn,vdd,vss,out")
    return Case(("inv", "--size=2", "--supply-voltage=5", *amplifier), {"amp.lib": content})


def opamp_files_by_byte() -> st.SearchStrategy[Case]:
    """A model file, damaged."""
    return mutated(MODEL).map(_amplifies)


def opamp_files_of_odd_parts() -> st.SearchStrategy[Case]:
    """One with words of its lines left out, replaced or doubled."""
    words = MODEL.decode().replace("\n", " \n ").split(" ")
    edit = st.tuples(st.integers(0, len(words) - 1), st.one_of(st.sampled_from(MODEL_PARTS), st.sampled_from(words)))
    return st.lists(edit, min_size=1, max_size=5).map(lambda edits: _amplifies(_reworded(words, edits)))


def _reworded(words: list[str], edits: list[tuple[int, str]]) -> bytes:
    changed = list(words)
    for place, word in edits:
        changed[place] = word
    return " ".join(changed).encode()


FILES = {
    "matrices, by byte": matrices_by_byte,
    "matrices, of odd parts": matrices_of_odd_parts,
    "conductances, by byte": conductances_by_byte,
    "conductances, of odd parts": conductances_of_odd_parts,
    "op-amp files, by byte": opamp_files_by_byte,
    "op-amp files, of odd parts": opamp_files_of_odd_parts,
}
"""Strategies by what they draw."""
