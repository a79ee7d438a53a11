"""The page of the schema has every key of actual records, and no other."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from amc_circuits.cases.option import Option
from amc_circuits.cases.options import ALL, COST, options_of
from amc_circuits.cases.origin import SCHEMA_VERSION

PAGE = Path(__file__).resolve().parents[3] / "docs" / "schema.md"
EXACT = ("--engine", "exact")
WORDS = {"number": (int, float), "integer": int, "text": str, "flag": bool, "list": list, "object": dict}
PLACES = {
    "typed": "OPTION",
    "energy_j": "ACCOUNT",
    "by_engine": "ENGINE",
    "budget": "CAUSE",
    "statuses": "STATUS",
    "figures": "METRIC",
    "time_s": "PART",
}
"""Objects whose keys are names of something, and the word of the page for them."""
WHOLE = ("problem.conductances", "opamp.record.macro")
"""Objects that are described in words."""


def described(*sections):
    """Types of all keys in the tables of these sections, by key."""
    text = PAGE.read_text(encoding="utf-8")
    found = {}
    for section in sections:
        (part,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
        for key, words, _ in re.findall(r"^\| `([\w.]+)` \| ([^|]+) \| ([^|]+) \|", part, re.M):
            found[key] = words.strip()
    return found


def keys(value, path=""):
    """Every key of a record with its value; names of options, engines and so on become the words of the page."""
    for name, entry in value.items():
        known = PLACES.get(path.rpartition(".")[2])
        where = f"{path}.{known or name}" if path else {"x": "ANSWER", "y": "ANSWER", "v": "ANSWER"}.get(name, name)
        if path == "each" and name not in ("trial", "status"):
            where = "each.METRIC"
        if isinstance(entry, dict) and entry.keys() != {"re", "im"} and where not in WHOLE:
            yield from keys(entry, where)
        elif isinstance(entry, list) and (inner := [one for one in flat(entry) if isinstance(one, dict)]):
            for one in inner:
                yield from keys(one, where)
        else:
            yield where, entry


def flat(value):
    """Entries of nested lists."""
    return [one for entry in value for one in (flat(entry) if isinstance(entry, list) else [entry])]


def fits(value, words):
    """True if a value has one of the types of the page."""
    names = re.split(r", | or ", words)
    if value is None:
        return "null" in names
    if isinstance(value, bool):
        return "flag" in names
    return any(isinstance(value, WORDS[name]) for name in names if name in WORDS)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A complex and a real matrix with several right-hand sides, and conductances."""
    folder = tmp_path_factory.mktemp("problems")
    np.save(folder / "complex.npy", np.array([[2.0, 1j], [-1j, 3.0]]))
    np.save(folder / "A.npy", np.array([[2.0, 1.0], [1.0, 3.0]]))
    np.save(folder / "b.npy", np.array([[1.0, 0.0], [0.5, 1.0]]))
    np.save(folder / "G.npy", 1e-5 * np.array([[2.0, 1.0], [1.0, 3.0]]))
    return folder


def compared(records, *sections):
    """Asserts that keys and types of records are those of the sections."""
    page = described("Every result", "Options", "Op-amp", "Device", *sections)
    page = {key: words for key, words in page.items() if key not in ("options", "opamp.record", "device.record")}
    seen = set()
    for record in records:
        for key, value in keys(record):
            assert key in page, f"{key} is not on the page"
            assert fits(value, page[key]), (key, value, page[key])
            seen.add(key)
    return set(page) - seen


def test_the_version_of_the_page_is_that_of_records():
    """The promise names the version."""
    assert f"now {SCHEMA_VERSION}." in PAGE.read_text(encoding="utf-8")


def test_solves_have_the_keys_of_the_page(amc, files, tmp_path):
    """Every circuit, with every analysis and op-amp type: no key is missing on the page, none is there in vain."""
    noisy = ("--budget", "--noise", "--input-noise", "10n")
    commands = [
        ("inv", "--size", 2, *EXACT, *noisy, "--wire-resistance", 2, "--compensate-wires"),
        ("inv", files / "complex.npy", *EXACT),
        ("inv", files / "A.npy", files / "b.npy", "--conductances", files / "G.npy", *EXACT),
        ("mvm", "--size", 9, "--columns", 9, "--family", "random", "--input-voltage", "10m", *EXACT),
        ("circuit", "ginv", "--size", 3, "--columns", 2, "--family", "uniform", "--opamp", "single-pole", *EXACT),
        ("cascade", "--size", 2, "--columns", 3, "--family", "random", *EXACT),
        ("egv", "--size", 2, "--topology", "compensated", "--noise"),
        ("recover", "--size", 2, "--columns", 3, "--family", "random", "--dead-zone-type", "op-amps", *EXACT),
        ("recover", "--size", 2, "--columns", 3, "--family", "random", *EXACT),
        ("inv", "--size", 2, "--opamp", "cmos-100meg-transistor"),
    ]
    records = []
    for place, command in enumerate(commands):
        outcome = amc(*command, "--format", "json", "--save", tmp_path / f"{place}.npz")
        assert outcome.code == 0, outcome
        with np.load(tmp_path / f"{place}.npz") as content:
            records += [outcome.json, json.loads(str(content["record"]))]
    of_cost = {f"options.{option.name}" for option in COST} - {f"options.{option.name}" for option in options_of("inv")}
    assert compared(records, "Solve") == of_cost


def test_trials_have_the_keys_of_the_page(amc, tmp_path):
    """The record is that of the file, too."""
    many = ("--monte-carlo", 3, "--spec", "bits>1", "--programming-error", "1%", *EXACT)
    outcome = amc("inv", "--size", 2, *many, "--format", "json", "--save", tmp_path / "t.npz")
    with np.load(tmp_path / "t.npz") as content:
        record = json.loads(str(content["record"]))
    assert record == outcome.json
    assert not {key for key in compared([record], "Monte Carlo") if not key.startswith(("options.", "opamp.record."))}


def test_costs_have_the_keys_of_the_page(amc):
    """With converters and programming."""
    outcome = amc("cost", "--size", 2, "--dac-bits", 8, "--adc-bits", 8, *EXACT, "--format", "json")
    lacking = compared([outcome.json], "Cost")
    others = {f"options.{option.name}" for option in ALL} - {f"options.{option.name}" for option in options_of("inv")}
    assert not {key for key in lacking - others if not key.startswith("opamp.record.")}


@pytest.mark.parametrize("circuit", ["inv", "mvm", "ginv", "cascade", "egv", "recover"])
def test_options_have_the_units_of_the_table(circuit):
    """Unit and type of every option are those of the option."""
    rows = dict(re.findall(r"^\| `options\.(\w+)` \| [^|]+ \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.M))
    option: Option
    for option in options_of(circuit):
        assert rows[option.name].strip() == ((option.unit if option.kind == "quantity" else "") or "-")
