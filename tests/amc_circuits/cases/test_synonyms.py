"""Options that had another name in older versions: it can be typed still, beside no other, and is shown nowhere."""

import re

import pytest

from amc_circuits.cases.option import Option, by_own_names, parse_table, renamed, synonyms
from amc_circuits.cases.options import ALL, SYNONYMS, options_of, parse_options
from netlists import ParameterError

COLOUR = Option("colour", "text", "", "red", synonym="hue")


def test_names_are_told_apart():
    """No option is called by the synonym of another one, and no two have one synonym."""
    names = [option.name for option in ALL] + [option.synonym for option in ALL if option.synonym]
    assert len(set(names)) == len(names)
    assert SYNONYMS == {"kind": "family"}


@pytest.mark.parametrize("circuit", ["inv", "mvm", "ginv"])
def test_an_option_is_read_by_either_name(circuit):
    """And stands in what is read by its own one alone."""
    found = parse_options(circuit, {"size": 3, "kind": "uniform", "family": None})
    assert found == parse_options(circuit, {"size": 3, "family": "uniform", "kind": None})
    assert found["family"] == "uniform" and "kind" not in found


@pytest.mark.parametrize("given", [{"kind": "spd", "family": "uniform"}, {"family": "spd", "kind": "spd"}])
def test_both_names_are_refused(given):
    """Whatever is given by them: one of the two would say nothing."""
    with pytest.raises(ParameterError, match="kind and family are one option; give family alone"):
        parse_options("inv", given)


def test_a_value_is_checked_under_either_name():
    """With the error of the option."""
    with pytest.raises(ParameterError, match="must be one of spd, wishart, toeplitz, random, uniform"):
        parse_options("inv", {"kind": "gauss"})


def test_an_option_of_that_name_is_no_synonym():
    """A circuit of an installed package may have an option that is called as one of ours was."""
    table = (COLOUR, Option("hue", "text", "", "dark"))
    assert synonyms(table) == {}
    assert parse_table("it", table, {"hue": "light"}) == {"colour": "red", "hue": "light"}
    assert renamed({"hue": 1, "colour": 2}, synonyms([COLOUR])) == {"hue": 1, "colour": 2}


def test_names_are_changed_in_place():
    """The order of columns is that of the options."""
    names = synonyms([COLOUR])
    for changed in (by_own_names, renamed):
        assert list(changed({"a": 1, "hue": 2, "b": 3}, names).items()) == [("a", 1), ("colour", 2), ("b", 3)]


@pytest.mark.parametrize("command", [("inv",), ("mvm",), ("circuit", "ginv"), ("stability",), ("cost",)])
def test_commands_take_either_name(amc, command):
    """The same record, but for the time that it took."""
    engine = () if command == ("stability",) else ("--engine", "exact")
    records = [
        amc(*command, "--size", 3, *engine, name, "uniform", "--format", "json").json for name in ("--family", "--kind")
    ]
    for record in records:
        record.pop("wall_time_s", None)
    assert records[0] == records[1]


def test_decks_take_either_name(amc, tmp_path):
    """The same deck."""
    for name in ("family", "kind"):
        assert amc("netlist", "mvm", "--size", 2, f"--{name}", "random", "-o", tmp_path / name).code == 0
    assert (tmp_path / "family").read_text() == (tmp_path / "kind").read_text()


@pytest.mark.parametrize("command", [("inv",), ("stability",), ("cost",), ("netlist", "inv", "-o", "deck.cir")])
def test_commands_refuse_both_names(amc, command, tmp_path, monkeypatch):
    """In one line, before anything runs."""
    monkeypatch.chdir(tmp_path)
    refused = amc(*command, "--size", 3, "--kind", "spd", "--family", "spd")
    refused.refused("--kind: got spd; kind and family are one option; give family alone")


@pytest.mark.parametrize("command", [("inv",), ("circuit", "mvm"), ("stability",), ("cost",), ("netlist", "inv")])
def test_help_shows_today_s_name_alone(amc, command):
    """Once."""
    text = amc(*command, "--help-all").out
    assert len(re.findall(r"--family\b", text)) == 1 and not re.search(r"--kind\b", text)


def test_errors_name_today_s_options_alone():
    """Where they list all that there are."""
    with pytest.raises(ParameterError) as caught:
        parse_options("inv", {"xyzzy": 1})
    assert "family" in caught.value.mend and "kind" not in caught.value.mend
    assert "kind" not in {option.name for option in options_of("inv")}
