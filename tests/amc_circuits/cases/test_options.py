"""The table of options."""

import inspect
import re
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import Field

from amc_circuits.cases.case import program_arguments
from amc_circuits.cases.option import flag, names_of
from amc_circuits.cases.options import (
    ALL,
    COST,
    DEVICE,
    OPAMP,
    options_of,
    parse_options,
)
from amc_circuits.cases.record_options import record_options
from amc_circuits.cells.devices import DEVICES, Device
from amc_circuits.cells.programming_fits import PROGRAMMING_FITS
from amc_circuits.engines import ENGINES
from amc_circuits.engines.settings import Settings
from amc_circuits.results.converters import CONVERTER_KINDS
from amc_circuits.solvers.hardware import Hardware
from amc_circuits.solvers.inv import InvCircuit
from amc_circuits.solvers.mvm import MvmCircuit
from netlists import PRESETS, MacroOpAmp, ParameterError, Record
from netlists.opamps.presets import DEFAULT
from netlists.record import about


def test_defaults_are_those_of_the_specification():
    """Without options: 1 to 100 uS, 0.1 V, 100 ps, 1 %, 10 kohm, no wires, ngspice."""
    options = parse_options("inv", {})
    expected = {
        "device": "ideal", "temperature": 300.15, "input_voltage": 0.1, "rise_time": 100e-12, "tolerance": 0.01,
        "inverter_resistance": 10e3, "wire_resistance": 0.0, "engine": "ngspice", "opamp": "cmos-100meg",
        "fixed_scale": False, "force": False, "seed": 0, "family": "spd",
    }  # fmt: skip
    assert {name: options[name] for name in expected} == pytest.approx(expected)
    assert {name for name, value in options.items() if value is None} >= {"size", "condition", "gbwp", "g_min", "g_max"}


def test_every_default_is_one_that_a_user_could_type():
    """Parsing the defaults gives them again: none is refused by its own option."""
    for circuit in ("inv", "mvm"):
        assert parse_options(circuit, parse_options(circuit, {})) == parse_options(circuit, {})


def test_none_counts_as_not_given():
    """An option that is None takes its default."""
    assert parse_options("inv", {"gbwp": None, "seed": None}) == parse_options("inv", {})


def test_each_circuit_has_its_own_options():
    """MVM has columns and a feedback conductance but no inverters, input conductance and diagonal."""
    inv, mvm = ({option.name for option in options_of(circuit)} for circuit in ("inv", "mvm"))
    assert inv - mvm == {"inverter_resistance", "input_conductance", "diagonal"}
    assert mvm - inv == {"columns", "feedback_conductance"}


@pytest.mark.parametrize(
    ("name", "meant"), [("gbw", "gbwp"), ("wire_resistence", "wire_resistance"), ("g-min", "g_min")]
)
def test_unknown_option_is_refused_with_a_suggestion(name, meant):
    """A misspelt option is an error that says which one was meant."""
    with pytest.raises(ParameterError, match=f"did you mean {meant}") as caught:
        parse_options("inv", {name: 1})
    assert caught.value.parameter == name


def test_unknown_option_like_no_other_is_refused_with_the_list():
    """Where nothing is similar, the error lists what there is."""
    with pytest.raises(ParameterError, match=r"must be one of matrix, rhs, .*size, family"):
        parse_options("inv", {"xyzzy": 1})


@pytest.mark.parametrize("value", ["9007199254740993", 9007199254740993])
def test_whole_numbers_are_exact(value):
    """2^53 + 1, which no float holds, stays what it is."""
    assert parse_options("inv", {"seed": value})["seed"] == 2**53 + 1


def test_whole_numbers_take_suffixes():
    """1k rows are 1000 rows."""
    assert parse_options("inv", {"size": "1k"})["size"] == 1000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", 0), ("size", -3), ("size", "1.5"), ("size", 1.5), ("size", True), ("size", "many"), ("size", ""),
        ("size", "9" * 5000), ("seed", -1), ("force", "yes"), ("force", 1), ("family", "gauss"), ("family", 3),
        ("start", "here"), ("opamp", 3), ("gbwp", "1 ohm"), ("gbwp", [1]),
    ],
)  # fmt: skip
def test_unusable_value_is_refused(name, value):
    """The error names the option and what was got."""
    with pytest.raises(ParameterError) as caught:
        parse_options("inv", {name: value})
    assert (caught.value.parameter, caught.value.value) == (name, repr(value))


def test_flags_are_spelled_with_dashes():
    """`wire_resistance` in a specification is `--wire-resistance` on the command line."""
    assert flag("wire_resistance") == "--wire-resistance"
    assert {option.flag for option in ALL} >= {
        "--opamp", "--gbwp", "--open-loop-gain", "--slew-rate", "--g-min", "--g-max", "--input-conductance",
        "--inverter-resistance", "--wire-resistance", "--input-voltage", "--rise-time", "--tolerance", "--engine",
        "--seed", "--size", "--family", "--condition", "--fixed-scale", "--force",
    }  # fmt: skip


def test_help_lists_every_name():
    """Every preset, engine, device, fit and converter can be read in the help of the option that takes it."""
    helps = {option.name: option.help for option in ALL + COST}
    for name, table in (
        ("device", DEVICES),
        ("programming_error", PROGRAMMING_FITS),
        ("adc", set(CONVERTER_KINDS) - {"dac"}),
        ("engine", ENGINES),
        ("opamp", PRESETS),
    ):
        assert all(re.search(rf"\b{re.escape(one)}\b", helps[name]) for one in table), name


def test_options_of_a_record_are_its_fields():
    """Name, default, unit, type, bound and help of an option stand at the field alone."""

    class Own(Record):
        """A record."""

        rate: Annotated[float, about("Rate of it", "Hz", gt=0)] = 2e3
        count: Annotated[Annotated[int, Field(ge=2)] | None, about("Number of them")] = None
        least: Annotated[int, about("Least of them", ge=3)] = 4
        way: Annotated[Literal["up", "down"], about("Way of it")] = "up"
        loud: Annotated[bool, about("Louder")] = False
        hidden: int = 0

    rate, count, least, way, loud = record_options(Own)
    assert (rate.kind, rate.default, rate.unit, rate.help) == ("quantity", 2e3, "Hz", "Rate of it")
    assert (count.kind, count.default, count.minimum) == ("integer", None, 2)
    assert (least.default, least.minimum) == (4, 3)
    assert (way.kind, way.choices, way.help) == ("text", ("up", "down"), "Way of it: up, down")
    assert (loud.kind, loud.default) == ("flag", False)
    (preset,) = record_options(Own, "rate", of_preset=True, rate={"percent_of": "1"})
    assert (preset.default, preset.percent_of) == (None, "1")
    assert "rate: Rate of it, Hz." in Own.__doc__ and "hidden" not in Own.__doc__


def test_overrides_are_fields_of_the_records():
    """Options override all numbers of op-amps and all fields of cells but the limits, which have their own options."""
    assert set(names_of(OPAMP)) == set(MacroOpAmp.model_fields) - {"model"}
    assert set(names_of(DEVICE)) == set(Device.model_fields) - {"g_min", "g_max"}


def test_python_and_the_command_line_have_the_same_defaults():
    """Every default of `program` and of `Settings` is that of the option of the same name."""
    for name, circuit in (("inv", InvCircuit), ("mvm", MvmCircuit)):
        options = parse_options(name, {})
        arguments = inspect.signature(circuit.program).parameters
        defaults = {
            key: entry.default for key, entry in arguments.items() if entry.default is not inspect.Parameter.empty
        }
        defaults |= {key: value for record in (Settings(), Hardware()) for key, value in record if key in options}
        defaults |= {"opamp": DEFAULT, "device": "ideal"}
        del defaults["converters"]
        assert {key: options[key] for key in defaults} == defaults


@pytest.mark.parametrize(
    ("given", "name", "other"),
    [
        ({"opamp_subckt": "x"}, "opamp_subckt", "opamp_file"),
        ({"opamp_pins": "inp,inn,out,vdd,vss"}, "opamp_pins", "opamp_file"),
        ({"opamp": "ad823", "opamp_file": "x.lib"}, "opamp", "opamp_file"),
        ({"device": "hfo2-wide", "conductances": "x.npz"}, "device", "conductances"),
        ({"noise_bandwidth": "1M"}, "noise_bandwidth", "noise"),
        ({"noise_bandwidth": "1M", "noise": False}, "noise_bandwidth", "noise"),
        ({"adc_range": "1"}, "adc_range", "adc_bits"),
        ({"spec": "bits>3"}, "spec", "monte_carlo"),
    ],
)
def test_what_would_say_nothing_is_refused(given, name, other):
    """An option that has no effect as it is given is an error that names the other one."""
    with pytest.raises(ParameterError, match=f"has no effect (without|beside) {other}") as caught:
        parse_options("inv", given)
    assert caught.value.parameter == name


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"drift_exponent": "0.1"}, "drift_exponent"),
        ({"drift_spread": "0.1"}, "drift_spread"),
        ({"programming_error_scale": "2"}, "programming_error_scale"),
        ({"programming_error_scale": "2", "programming_error": "0"}, "programming_error_scale"),
    ],
)
def test_parts_of_an_effect_that_is_off_are_refused(given, name):
    """They would change nothing."""
    with pytest.raises(ParameterError, match="has no effect without") as caught:
        program_arguments("inv", parse_options("inv", given), np.eye(2))
    assert caught.value.parameter == name
