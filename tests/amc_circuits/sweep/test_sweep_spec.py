"""Specifications of sweeps: what they mean, and which are refused."""

import pytest

from amc_circuits.sweep.spec import sweep_from
from netlists import ParameterError
from tests.amc_circuits.sweep.sweeps import FAST


def test_listed_points_are_combined_with_the_grid():
    """Each of [[points]] is taken with every value of the grid, over what is fixed."""
    spec = {"circuit": "mvm", "fixed": {"size": 4, "seed": 7}, "points": [{"size": 2}, {"kind": "random"}]}
    points = sweep_from(spec | {"grid": {"gbwp": [1e6, "2M"]}}).points
    found = [(point["size"], point["kind"], point["gbwp"], point["seed"]) for point in points]
    assert found == [(2, "spd", 1e6, 7), (2, "spd", 2e6, 7), (4, "random", 1e6, 7), (4, "random", 2e6, 7)]


@pytest.mark.parametrize(("bounds", "values"), [([0, 3], [0, 1, 2]), ([1, 8, 3], [1, 4, 7]), ([3, 0, -1], [3, 2, 1])])
def test_ranges_leave_the_end_out(bounds, values):
    """`{range = [first, end, step]}` is Python's range."""
    points = sweep_from({"circuit": "inv", "fixed": {"size": 2}, "grid": {"seed": {"range": bounds}}}).points
    assert [point["seed"] for point in points] == values


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FAST + "gbw = 1\n", ("gbw", "did you mean gbwp")),
        (FAST + 'gbwp = "10 apples"\n', ("gbwp: got '10 apples'", "such as")),
        (FAST + "[grid]\nsizes = [1]\n", ("sizes", "did you mean size")),
        ('circuit = "inv"\nfixed.opamp = "741"\n', ("opamp: got '741'", "single-pole")),
        ('circuit = "inv"\nfixed.engine = "hspice"\n', ("engine: got 'hspice'", "ngspice")),
        ('circuit = "pll"\n', ("circuit: got 'pll'", "inv or mvm")),
        ("[grid]\nsize = [1]\n", ("circuit: got ''", "inv or mvm")),
        (FAST + "[gird]\nsize = [1]\n", ("gird", "circuit, fixed, grid, points")),
        (FAST + "[grid]\nsize = 3\n", ("size: got 3", "[fixed]")),
        (FAST + "[grid]\nsize = []\n", ("size", "has no value")),
        (FAST + "[grid]\nseed = {range = [0]}\n", ("seed", "{range = [first, end]}")),
        (FAST + "[grid]\nseed = {range = [0, 2.5]}\n", ("seed", "{range = [first, end]}")),
        (FAST + "[grid]\nseed = {range = [0, 9, 0]}\n", ("seed", "{range = [first, end]}")),
        (FAST + "[grid]\nseed = {range = [0, 100000000000000000000]}\n", ("seed", "more than 1000000 values")),
        (FAST + "[grid]\nsize = {range = [1, 2000]}\nseed = {range = [0, 2000]}\n", ("points", "at most 1000000")),
        (FAST + 'size = 2\n[grid]\nopamp = ["ad823"]\n', ("opamp", "give it in one place")),
        ('circuit = "inv"\npoints = []\n', ("points", "at least 1 point")),
        ('circuit = "inv"\npoints = [3]\n', ("points", "[[points]]")),
        ('circuit = "inv"\ngrid = 3\n', ("grid", "must be a table")),
        ("circuit = inv\n", ("SPEC", "spec.toml", "cannot be read as TOML", "line 1")),
        (FAST + "size = 1\nsize = 2\n", ("SPEC", "cannot be read as TOML")),
    ],
)  # fmt: skip
def test_unusable_specification_is_refused(sweep, tmp_path, text, words):
    """A specification that cannot be used is refused by file and key as written there, before the folder is made."""
    outcome = sweep(text)
    outcome.refused("spec.toml", *words)
    assert "--" not in outcome.err
    assert not (tmp_path / "out").exists()


def test_unreadable_specification_is_refused(amc, tmp_path):
    """A missing file, a folder, and a text that is not UTF-8 are refused by name."""
    (tmp_path / "latin.toml").write_bytes(b'circuit = "\xe9"\n')
    for name, reason in {"none.toml": "No such file", "": "Is a directory", "latin.toml": "utf-8"}.items():
        path = tmp_path / name
        amc("sweep", path, "--out", tmp_path / "out").refused(f"SPEC: got {path}", reason)
    assert not (tmp_path / "out").exists()


def test_a_sweep_from_python_is_refused_like_one_from_a_file():
    """`sweep_from` names the key alone."""
    with pytest.raises(ParameterError) as caught:
        sweep_from({"circuit": "inv", "fixed": {"gbw": 1}})
    assert caught.value.parameter == "gbw"
