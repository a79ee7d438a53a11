"""Keys: the same for the same point however it is spelt, another one for whatever may change a figure."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amc_circuits.cases.opamp_files import opamp_of
from amc_circuits.cases.options import parse_options
from amc_circuits.sweep.plan.keys import FILES, NOT_IN_KEY, engine_version, key_of
from amc_circuits.sweep.plan.plan import Handling, plan_of
from amc_circuits.sweep.plan.spec import sweep_from
from netlists import preset
from tests.amc_circuits import broken_ngspice as broken
from tests.amc_circuits.sweep.sweeps import exact

VERSION = "ngspice 46 KLU, amc 0.1.0"


def key(circuit="inv", version=VERSION, **options):
    """The key of a point with these options as they are typed."""
    return key_of(circuit, parse_options(circuit, {"size": 4} | options), version)


PLAIN = key()


@pytest.mark.parametrize(
    "options",
    [
        {"gbwp": "100MEG"},
        {"gbwp": 1e8},
        {"gbwp": "0.1 GHz"},
        {"opamp": "cmos-100meg"},
        {"slew_rate": preset("cmos-100meg").slew_rate, "supply_voltage": preset("cmos-100meg").supply_voltage},
        {"size": "4", "seed": 0, "trial": "0"},
        {"family": "spd", "engine": "ngspice", "input_voltage": "100m", "fixed_scale": False},
        {"rise_time": "100 ps", "temperature": 300.15, "wire_resistance": 0},
        {"opamp": "cmos-1g", **{name: getattr(preset("cmos-100meg"), name) for name in (
            "gbwp", "open_loop_gain", "slew_rate", "second_pole", "output_resistance", "input_capacitance",
            "supply_voltage", "output_swing", "output_current_limit", "quiescent_current", "class_ab_current",
        )}},
    ],
)  # fmt: skip
def test_one_point_has_one_key(options):
    """Numbers as text or not, defaults given or not, an op-amp by name or by what it is."""
    assert key(**options) == PLAIN


def test_one_op_amp_has_one_key_whatever_its_model():
    """A single-pole op-amp has one key, too; a parameter that it has not makes another point, which fails."""
    assert key(opamp="single-pole", gbwp=preset("single-pole").gbwp) == key(opamp="single-pole") != PLAIN
    assert (
        len({key(opamp="single-pole"), key(opamp="single-pole", gbwp="16M"), key(opamp="single-pole", slew_rate=1)})
        == 3
    )


def test_the_order_of_options_does_not_matter():
    """The key of a point is that of its options, not of how they are listed."""
    options = parse_options("inv", {"size": 4})
    assert key_of("inv", dict(reversed(options.items())), VERSION) == PLAIN


@pytest.mark.parametrize("circuit", ["inv", "mvm"])
def test_every_option_is_in_the_key(circuit):
    """But those that decide only when to give up: a value that no default is makes another key, each its own."""
    options = parse_options(circuit, {"size": 4})
    keys = {
        name: key_of(circuit, options | {name: "other" if name in ("opamp", *FILES) else 0.123}, VERSION)
        for name in options
    }
    same = [name for name, other in keys.items() if other == key_of(circuit, options, VERSION)]
    assert same == list(NOT_IN_KEY)
    assert len(set(keys.values())) == len(keys)


def test_circuit_and_versions_are_in_the_key():
    """INV is not MVM, and other software may say something else."""
    versions = [VERSION, "ngspice 46, amc 0.1.0", "ngspice 45 KLU, amc 0.1.0", "ngspice 46 KLU, amc 0.1.1"]
    keys = {key(version=version) for version in versions}
    assert len(keys | {key("mvm")}) == len(versions) + 1


def test_the_patience_is_not_in_the_key():
    """How long a simulation may take changes no figure."""
    assert key(timeout=1) == PLAIN


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_what_it_holds(tmp_path, name):
    """The same under another name, another when it has changed; one that is not there has a key, too."""

    def key_with(path):
        return key_of("inv", parse_options("inv", {"size": 4}) | {name: str(path)}, VERSION)

    (tmp_path / "one").write_bytes(b"content")
    (tmp_path / "two").write_bytes(b"content")
    first = key_with(tmp_path / "one")
    assert first == key_with(tmp_path / "two") != PLAIN
    (tmp_path / "one").write_bytes(b"c0ntent and more")
    assert key_with(tmp_path / "one") != first
    (tmp_path / "one").write_bytes(b"content")
    assert key_with(tmp_path / "one") == first
    assert key_with(tmp_path / "none") != first
    os.mkfifo(tmp_path / "pipe")
    assert key_with(tmp_path / "pipe") != first  # without waiting for somebody to write


def test_a_model_is_what_it_includes_too(tmp_path):
    """A file that is included by one that is included makes another key when it changes, as the first one does."""

    def key_now():
        return key(opamp_file=str(tmp_path / "amp.lib"), opamp_subckt="A", supply_voltage=1)

    (tmp_path / "amp.lib").write_text(".subckt A inp inn out vdd vss\n.include parts/one.inc\n.ends\n")
    missing = key_now()
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "one.inc").write_text(" .LIB two.inc typical\n")
    (tmp_path / "parts" / "two.inc").write_text(".lib typical\nR1 inp inn 1k\n.endl\n")
    first = key_now()
    (tmp_path / "parts" / "two.inc").write_text(".lib typical\nR1 inp inn 2k\n.endl\n")
    second = key_now()
    assert len({missing, first, second}) == 3
    (tmp_path / "parts" / "two.inc").write_text(".lib typical\nR1 inp inn 1k\n.endl\n")
    assert key_now() == first


def test_relative_paths_are_files_like_others(tmp_path, monkeypatch):
    """Wherever the sweep is started."""
    np.savez(tmp_path / "c.npz", a=np.arange(3))
    monkeypatch.chdir(tmp_path)
    assert key(conductances="c.npz") == key(conductances=str(tmp_path / "c.npz"))


def test_exact_needs_no_simulator(monkeypatch, tmp_path):
    """Its version is that of the package; the other engines have the simulator's, too."""
    monkeypatch.setenv("AMC_NGSPICE", broken.program(tmp_path, broken.BOOKKEEPING))
    assert engine_version("ngspice") == engine_version("auto") != engine_version("exact")
    assert engine_version("ngspice").endswith(f", {engine_version('exact')}")
    monkeypatch.setenv("AMC_NGSPICE", str(tmp_path / "nothing"))
    assert engine_version("exact").startswith("amc ")


def keys_of(content):
    """Keys of all points of a specification, in order."""
    return [point.key for point in plan_of(sweep_from(content), {}, Handling()).points]


def test_a_grid_is_a_list_of_points():
    """The same keys in the same order, and points that are listed twice are run once."""
    listed = {"circuit": "inv", "fixed": {"engine": "exact"}}
    points = [{"size": size, "seed": seed, "input_voltage": 0.02} for size in (2, 3) for seed in (0, 1)]
    grid = exact([0, 1]) | {"grid": {"size": [2, 3], "seed": [0, 1]}}
    grid["fixed"] = {"engine": "exact", "input_voltage": "20 mV"}
    assert keys_of(grid) == keys_of(listed | {"points": points}) == keys_of(listed | {"points": points + points[::-1]})
    assert len(set(keys_of(grid))) == 4


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=8), min_size=1, max_size=5), st.data())
def test_numbers_are_never_given_twice(runs, data):
    """Sweep after sweep into one folder, whole or in shards: a row keeps its number, and none takes another's."""
    known = {}
    for seeds in runs:
        shard = data.draw(st.sampled_from([None, (1, 2), (2, 2), (2, 3)]))
        plan = plan_of(sweep_from(exact(seeds)), known, Handling(shard=shard))
        new = {point.key: (point.number, "SETTLED") for point in plan.points}
        assert not new.keys() & known.keys()
        known |= new
        numbers = [number for number, _ in known.values()]
        assert len(set(numbers)) == len(numbers)
        assert set(plan.numbers) <= set(numbers)


def test_numbers_are_places_in_the_sweep():
    """In a new folder, with shards or without: those of a shard are those of the whole."""
    sweep = sweep_from(exact(range(7)))
    whole = {point.key: point.number for point in plan_of(sweep, {}, Handling()).points}
    assert list(whole.values()) == list(range(7))
    shards = [plan_of(sweep, {}, Handling(shard=(i, 3))) for i in (1, 2, 3)]
    assert [[point.number for point in shard.points] for shard in shards] == [[0, 3, 6], [1, 4], [2, 5]]
    assert {point.key: point.number for shard in shards for point in shard.points} == whole


def test_a_technology_counts_by_the_numbers_that_it_sets():
    """The key is that of the same op-amp with its currents and slew rate by hand, and not that without."""
    options = parse_options("inv", {"size": 2, "technology": "cmos-250nm"})
    opamp = opamp_of(options)
    numbers = {name: getattr(opamp, name) for name in ("quiescent_current", "class_ab_current", "slew_rate")}
    assert key_of("inv", options, "") == key_of("inv", parse_options("inv", {"size": 2, **numbers}), "")
    assert key_of("inv", options, "") != key_of("inv", parse_options("inv", {"size": 2}), "")
