"""Names that do not exist: one line leads to the right ones."""

import pytest

from amc_circuits.cases.circuits import circuit_names
from amc_circuits.cases.options import options_of
from amc_circuits.cli.unknown import COMMANDS, OPTIONS, meant


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("-n 4", "did you mean --size?"),
        ("-n4", "did you mean --size?"),
        ("--N=4", "did you mean --size?"),
        ("-size 4", "did you mean --size?"),
        ("--bits 8", "did you mean --adc-bits or --dac-bits?"),
        ("--r-on 10k", "did you mean --g-max (in siemens)?"),
        ("--wire-capacitance 1f", "did you mean --line-capacitance?"),
        ("--noise-level 1u", "did you mean --programming-error or --read-noise?"),
        ("--sigma 1u", "did you mean --programming-error or --read-noise?"),
        ("--frequency 1M", "did you mean --gbwp?"),
        ("--vdd 1.8", "did you mean --supply-voltage?"),
        ("--open_loop_gain 1e4", "did you mean --open-loop-gain?"),
        ("--plto x.png", "did you mean --plot?"),
        ("--qqqqqq 1", "amc inv --help lists the options"),
    ],
)
def test_an_unknown_option_names_the_right_one(amc, typed, wanted):
    """Another word for an option, and a slip, end in one line with the right name, exit code 2."""
    word = "-n" if typed == "-n4" else typed.replace("=", " ").split()[0]
    amc("inv", *typed.split()).refused(f"No such option: {word}; {wanted}")


@pytest.mark.parametrize("group", ["inv", "stability", "cost"])
def test_only_options_of_the_command_are_named(amc, group):
    """A command is not credited with an option of another one."""
    outcome = amc(group, "--vdd", "3")
    assert ("--supply-voltage" in outcome.err) == (group != "stability")


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["inf"], "No such command: inf; did you mean amc inv?"),
        (["invert"], "did you mean amc inv?"),
        (["least-squares"], "did you mean amc circuit?"),
        (["opamp", "characterise"], "did you mean amc opamp characterize?"),
        (["netlist", "qqqqqq"], "amc netlist --help lists them"),
        (["--size", "4", "inv"], "options follow a command"),
    ],
)
def test_an_unknown_command_names_the_right_one(amc, arguments, wanted):
    """Another word for a command, and a slip, end in one line with the right name, exit code 2."""
    amc(*arguments).refused(wanted)


def test_words_of_the_table_lead_to_names_that_exist():
    """Every option of the table is one of a circuit or of another command, and no word is itself the name of one."""
    names = {option.name.replace("_", "-") for name in circuit_names() for option in options_of(name)}
    others = {"jobs", "plot", "format", "output", "out", "epochs", "preset"}
    assert {name.replace("_", "-") for name in OPTIONS} <= names | others
    assert not {word for words in OPTIONS.values() for word in words} & names


@pytest.mark.parametrize("table", [OPTIONS, COMMANDS])
def test_a_word_of_the_table_outranks_a_similar_name(table):
    """Each word of a table leads to its names, and to no other one that only looks similar."""
    names = {name.replace("_", "-") for name in table}
    for words in table.values():
        for word in words:
            wanted = {name.replace("_", "-") for name, others in table.items() if word in others}
            assert set(meant(word, names, table)) == wanted


def test_a_very_long_name_is_refused_at_once(amc):
    """A name of a million letters is compared with nothing."""
    outcome = amc("inv", "--" + "a" * 1_000_000)
    assert outcome.code == 2 and "amc inv --help lists the options" in outcome.err
