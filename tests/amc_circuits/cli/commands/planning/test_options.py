"""Options of `amc solve` that a plan alone has: each changes the plan or the answer."""

import json

import pytest

from amc_circuits.cases.planning import OF_PLANS, parse_planned, plan_arguments, typed_table

BASE = ("--size", "4", "--condition", "4", "--levels", "16", "--bits", "12", "--engine", "exact", "--format", "json")
SLICED = ("--residual", "slices", "--programming-error", "50n")
BLOCKS = ("--circuit", "blocks", "--family", "random", "--seed", "1")
ACTING = {
    "circuit": ("ginv",),
    "scaling": ("none", "--family", "random"),
    "shift": ("0.1",),
    "stages": ("1",),
    "leaf": ("ginv", *BLOCKS),
    "pivoting": ("none", *BLOCKS),
    "ridge": ("0.1",),
    "array_limit": ("2",),
    "most_levels": ("4", "--size", "8", "--levels", "4", "--max-cycles", "5", "--circuit", "inv"),
    "bits": ("10",),
    "method": ("plain",),
    "memory": ("0",),
    "max_cycles": ("1", "--most-levels", "16"),
    "dac_bits": ("4",),
    "adc_bits": ("4",),
    "residual": ("slices", "--programming-error", "50n"),
    "cycles_by": ("engine",),
    "slices": ("4", *SLICED),
    "slice_bits": ("2", *SLICED),
    "slice_lines": ("2", *SLICED),
    "slice_input_bits": ("2", *SLICED),
    "slice_read_bits": ("4", *SLICED),
}
"""A value of each option, with the options that it acts with."""


def test_every_option_has_an_example():
    """And no example is left of one that is gone."""
    assert ACTING.keys() == {option.name for option in OF_PLANS}


def printed(outcome):
    """Exit code and what is printed, without the options."""
    found = json.loads(outcome.out) if outcome.code == 0 else {}
    return outcome.code, {name: value for name, value in found.items() if name != "options"}


@pytest.mark.parametrize("name", ACTING)
def test_each_option_changes_what_is_printed(amc, name):
    """Beside the same options without it."""
    value, *others = ACTING[name]
    without = printed(amc("solve", *BASE, *others))
    changed = printed(amc("solve", *BASE, *others, f"--{name.replace('_', '-')}", value))
    assert without[0] == 0 and changed[0] in (0, 3)
    assert changed != without


def test_options_of_circuits_reach_the_plan():
    """None is accepted and dropped on the way: inputs have the conductance of max|A|, and the plan no option of it."""
    given = {"size": 3, "topology": "compensated", "inverter_resistance": 2e4}
    arguments = plan_arguments(parse_planned(given), 1)
    kept = {option.name for option in typed_table() if option.panel in ("Circuit", "Wires", "Drive", "Engine", "Plan")}
    assert kept <= arguments.keys()
