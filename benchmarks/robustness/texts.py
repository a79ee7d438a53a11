"""Options and specifications for `malformed.py`, most of them unusable.

Counts are either tiny or far beyond the limits, so that all usable ones are quick.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from amc_circuits.cases.options import ALL
from benchmarks.robustness.files import FAST, Case, mutated

ODD_TEXTS = (
    *(
        "",
        " ",
        "nan",
        "-inf",
        "1e400",
        "-1",
        "0",
        "1e-400",
        "1e31",
        "1,5",
        "1k",
        "10 apples",
        "35u",
        "0.1",
        "2",
        "1_000",
    ),
    *("0x10", "\u0663", "1e3e3", "--", "true", "None", "\udcff", "\u00b5", "1 \u03a9", "9" * 400, "a\nb", "wan-2022"),
    *("9" * 5000, "1" + "0" * 30, "1e9", "64", "1100", "1e-9", "\x1b[31m", "%s", "{}", "[bold]"),
)
ODD_VALUES = (
    *(text for text in ODD_TEXTS if text != "\udcff"),
    *(0, 1, 2, -1, 3.5, 1e-300, 1e300, float("nan"), float("-inf"), 2**63, 10**400, True, False, [], [1], [[1]], {}),
    *({"range": bounds} for bounds in ([0, 2], [0, 10**7], [0, 10**20], [3, 0, 0], 3)),
    *({"linear": [1, 2, 3]}, {"linear": [1, 2, 10**7]}, {"log": [1, -1, 3]}, {"log": ["1u", "2u", 2]}),
    {"range": [0, 2], "log": [1, 2, 3]},
)
COUNTS = ("monte_carlo", "size", "columns")
"""Options of which a large value is allowed and takes its time."""
ODD_COUNTS = ("", "0", "-1", "1", "2", "3", "1.5", "2e0", "1e300", "nan", "x", "1e9")
NAMES = ("engine", "opamp", "opamp_file", "conductances")
"""Options of which a right value would be slow; only odd texts are drawn."""
SPEC = b"""circuit = "inv"  # a comment
[fixed]
engine = "exact"
opamp = "single-pole"
g_max = "100u"
size = 2
[grid]
seed = {range = [0, 2]}
gbwp = ["16M", 1e8]
[zip]
wire_resistance = {linear = [0, 2, 3]}
line_capacitance = [0, "0.1f", 1e-15]
[[points]]
family = "spd"
condition = 5
[[points]]
family = "random"
"""


def options() -> st.SearchStrategy[Case]:
    """One to three options with odd values."""
    chosen = st.lists(st.sampled_from(ALL).flatmap(_typed), min_size=1, max_size=3)
    return st.builds(
        lambda circuit, typed: Case((circuit, "--size=2", *FAST, *typed)), st.sampled_from(["inv", "mvm"]), chosen
    )


def _typed(option: Any) -> st.SearchStrategy[str]:
    """As it is typed on a command line, which takes no character 0."""
    texts: st.SearchStrategy[str] = st.sampled_from(ODD_COUNTS if option.name in COUNTS else ODD_TEXTS)
    if option.name not in COUNTS:
        texts = st.one_of(texts, st.text(max_size=8).map(lambda text: text.replace("\0", "")))
    if option.name not in (*COUNTS, *NAMES):
        right = st.sampled_from(option.choices) if option.choices else st.integers(-30, 30).map("1e{}".format)
        texts = st.one_of(texts, right)
    return texts.map(lambda text: f"{option.flag}={text}")


SWEEP = ("sweep", "spec.toml", "--out", "out")
HANDLING = ("jobs", "shard", "point-timeout", "max-failures", "scheduler", "retry-failed", "progress", "odd")


def _sweeps(text: bytes) -> Case:
    return Case((*SWEEP, "--dry-run"), {"spec.toml": text}, SWEEP)


def specifications_by_byte() -> st.SearchStrategy[Case]:
    """A specification of a sweep, damaged."""
    return mutated(SPEC).map(_sweeps)


def specifications_of_odd_parts() -> st.SearchStrategy[Case]:
    """Specifications in TOML with odd keys and values."""
    names = st.one_of(
        st.sampled_from([option.name for option in ALL if option.name not in COUNTS]), st.text(max_size=6)
    )
    values = st.one_of(st.sampled_from(ODD_VALUES), st.lists(st.sampled_from(ODD_VALUES), max_size=3))
    table = st.dictionaries(names, values, max_size=3)
    circuits = st.one_of(st.sampled_from(["inv", "inv", "mvm"]), st.sampled_from(ODD_VALUES))
    sections = st.fixed_dictionaries(
        {"circuit": circuits, "fixed": table.map(lambda odd: {"size": 2, "engine": "exact"} | odd)},
        optional={
            "grid": table,
            "zip": table,
            "points": st.one_of(st.lists(table, max_size=2), st.sampled_from(ODD_VALUES)),
            "gird": table,
        },
    )
    return sections.map(lambda content: _sweeps(toml(content).encode()))


def sweep_options() -> st.SearchStrategy[Case]:
    """How a right specification is run, with odd values."""
    values = st.one_of(
        st.sampled_from([*ODD_TEXTS, "1/2", "2/2", "3/2", "0/1", "1/1/1", f"1/{'9' * 5000}"]), st.text(max_size=8)
    )
    typed = st.tuples(st.sampled_from(HANDLING), values.map(lambda text: text.replace("\0", ""))).map(
        "--{0[0]}={0[1]}".format
    )
    chosen = st.lists(typed, min_size=1, max_size=2)
    return chosen.map(lambda typed: Case((*SWEEP, "--dry-run", *typed), {"spec.toml": SPEC}))


def toml(content: Mapping[str, Any]) -> str:
    """A table as lines of TOML, with tables in it inline."""
    return "".join(f"{json.dumps(name)} = {_inline(value)}\n" for name, value in content.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {_inline(entry)}" for name, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)


TEXTS = {
    "specifications, by byte": specifications_by_byte,
    "specifications, of odd parts": specifications_of_odd_parts,
    "options with odd values": options,
    "options of sweeps with odd values": sweep_options,
}
"""Strategies by what they draw."""
