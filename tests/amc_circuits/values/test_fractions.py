"""Fractions as percentages, with their reference; physical bounds; examples of the unit that is asked for."""

import pytest

from amc_circuits import Device, InvCircuit
from amc_circuits.cases.options import ALL, COST
from amc_circuits.cli.commands.opamp import BENCH
from amc_circuits.values.quantities import EXAMPLES, parse_quantity, percentage
from netlists import ParameterError
from tests.cases import spd_matrix

MATRIX = spd_matrix(4, 5, 2)
FRACTIONS = [option.name for option in ALL if option.percent_of == "1"]


def test_what_was_meant_is_understood():
    """`3%` is that part of g_max, of whatever device."""
    for limits in ({}, {"g_max": 40e-6}):
        high = limits.get("g_max", 100e-6)
        by_part, by_siemens = (
            InvCircuit.program(MATRIX, device=Device(programming_error=error), seed=1, **limits).design.sha256
            for error in ("3%", 0.03 * high)
        )
        assert by_part == by_siemens


def test_what_was_typed_is_refused(amc):
    """0.03 is 30 mS, 300 times what a cell can have: said with the way to write 3 %, and the matrix is not blamed."""
    outcome = amc("inv", "--size", 4, "--programming-error", "0.03")
    outcome.refused("--programming-error: got 0.03", "303 times the range of the cells, 9.9e-05 S", "3%")
    assert amc("inv", "--size", 4, "--programming-error", "3%", "--engine", "exact").code in (0, 3)


@pytest.mark.parametrize("error", [1e-4, "100%", 1.0])
def test_more_than_the_range_of_a_cell_is_refused(error):
    """A spread in which nothing is left of what was written."""
    with pytest.raises(ParameterError, match=r"programming_error: .* times the range of the cells"):
        Device(programming_error=error)


@pytest.mark.parametrize("name", FRACTIONS)
def test_fractions_take_percentages(name):
    """The same number; more than all of it is refused with an example."""
    option = next(option for option in ALL if option.name == name)
    assert option.parse("3%") == pytest.approx(option.parse("0.03")) == pytest.approx(0.03)
    with pytest.raises(ParameterError, match=f"{name}: .*fraction from 0 to 1.*such as 3%"):
        option.parse("2")


@pytest.mark.parametrize(("text", "part"), [("3%", 0.03), (" 12.5 % ", 0.125), ("0%", 0.0), ("30m%", 3e-4)])
def test_percentages_are_read(text, part):
    """With blanks and suffixes as other numbers."""
    assert percentage(text) == pytest.approx(part)


@pytest.mark.parametrize("value", [0.03, "0.03", "3", None])
def test_what_is_no_percentage_is_none(value):
    """Numbers stay numbers."""
    assert percentage(value) is None


@pytest.mark.parametrize("option", ALL + COST + BENCH, ids=lambda option: option.name)
def test_errors_give_examples_of_their_unit(option):
    """Each of which can be typed, and is in the unit of the option."""
    if option.kind != "quantity":
        return
    with pytest.raises(ParameterError) as caught:
        option.parse("many")
    examples = EXAMPLES[option.unit]
    assert f"such as {examples}" in caught.value.mend
    for example in examples.split(" or "):
        assert parse_quantity(option.name, example, option.unit) > 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--tolerance", "0"),
        ("--tolerance", "100%"),
        ("--input-voltage", "1000k"),
        ("--rise-time", "1000"),
        ("--wire-resistance", "1G"),
        ("--line-capacitance", "1"),
        ("--offset-spread", "100"),
        ("--temperature", "20k"),
        ("--stuck-on", "60%", "--stuck-off", "60%"),
        ("--drift-exponent", "5", "--drift-time", "10"),
        ("--read-noise", "-1%"),
        ("--activation-energy", "10", "--temperature", "350"),
        ("--g-min", "-1u"),
        ("--g-max", "1n"),
        ("--g-max", "100"),
        ("--gbwp", "1e16"),
        ("--open-loop-gain", "1e13"),
        ("--slew-rate", "1e20"),
        ("--output-resistance", "1e10"),
        ("--input-capacitance", "1m"),
        ("--input-offset", "20"),
        ("--output-current-limit", "1e6"),
        ("--inverter-resistance", "1e13"),
        ("--input-conductance", "1e4"),
    ],
    ids=lambda arguments: "".join(arguments[:2]),
)
def test_what_no_part_has_is_refused(amc, arguments):
    """One line that names the option that is beyond its bounds."""
    outcome = amc("inv", "--size", 2, "--engine", "exact", *arguments)
    flags = [argument for argument in arguments if argument.startswith("--")]
    outcome.refused()
    assert any(f"amc: {flag}: got " in outcome.err for flag in (*flags, "--g-min")), outcome.err
