"""Keys of many points: the text that they share is written once, and every key is that of the point alone."""

import pytest

from amc_circuits.sweep.plan.keys import Keys, key_of
from amc_circuits.sweep.plan.spec import sweep_from

AXES = {
    "seed": [0, 1, 2**62],
    "condition": [1, 5, 0.1 + 0.2],
    "family": ["spd", "wishart"],
    "programming_error": [0, "1u", "wan-2022"],
    "gbwp": ["10MEG", "20MEG"],
    "opamp": ["cmos-100meg", "single-pole"],
    "timeout": [1, 2],
    "noise": [False, True],
    "wire_resistance": [0, 1],
}


@pytest.mark.parametrize("names", [["seed"], ["gbwp", "seed"], ["opamp", "condition", "family"], ["timeout", "noise"],
                                   ["programming_error", "wire_resistance", "seed"]])  # fmt: skip
def test_keys_are_those_of_single_points(names):
    """By options of every type, also of those that make the op-amp."""
    fixed = {"size": 4} if "size" not in names else {}
    sweep = sweep_from({"circuit": "inv", "fixed": fixed, "grid": {name: AXES[name] for name in names}})
    assert sweep.varied == set(names)
    keys = Keys("inv", sweep.varied)
    for options in sweep:
        assert keys.key(options, "1") == key_of("inv", options, "1")
        assert keys.key(options, "2") == key_of("inv", options, "2")


def test_a_file_counts_by_its_content(tmp_path):
    """Two names of one content are one key, and two contents two."""
    paths = [str(tmp_path / name) for name in ("a.csv", "b.csv", "c.csv")]
    for path, text in zip(paths, ("1,0\n0,1\n", "1,0\n0,1\n", "2,0\n0,1\n"), strict=True):
        (tmp_path / path).write_text(text)
    sweep = sweep_from({"circuit": "inv", "grid": {"matrix": paths, "seed": [0, 1]}})
    keys = Keys("inv", sweep.varied)
    found = [keys.key(options, "") for options in sweep]
    assert found == [key_of("inv", options, "") for options in sweep]
    assert found[:2] == found[2:4] != found[4:]
