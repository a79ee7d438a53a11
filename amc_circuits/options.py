"""The options of INV and MVM, in one table: the command line, sweep specs and stored rows all read it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Circuit = Literal["inv", "mvm"]
Kind = Literal["quantity", "integer", "text", "flag"]


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: Key in specs; `--name` with dashes on the command line.
        kind: How its value is read.
        help: One line.
        default: What holds when it is not given, as a user would write it; None leaves it to the circuit.
        unit: Of a quantity.
        choices: Allowed values of a text.
        circuits: Which circuits have it.
        minimum: Of an integer.
    """

    name: str
    kind: Kind
    help: str
    default: Any = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    circuits: tuple[Circuit, ...] = ("inv", "mvm")
    minimum: int = 0

    @property
    def flag(self) -> str:
        """As typed on the command line."""
        return flag(self.name)

    def parse(self, value: object) -> Any:
        """A value as the user wrote it, converted.

        Raises:
            ParameterError: It cannot be used.
        """
        from amc_circuits.quantities import parse_quantity
        from netlists import ParameterError

        if self.kind == "quantity":
            return parse_quantity(self.name, value, self.unit)
        if self.kind == "integer":
            return self._whole(value)
        if self.kind == "flag":
            if not isinstance(value, bool):
                raise ParameterError(self.name, repr(value), "must be true or false")
            return value
        if not isinstance(value, str) or (self.choices and value not in self.choices):
            allowed = f"must be one of {', '.join(self.choices)}" if self.choices else "must be text"
            raise ParameterError(self.name, repr(value), allowed)
        return value

    def _whole(self, value: object) -> int:
        from amc_circuits.quantities import parse_quantity
        from netlists import ParameterError

        try:
            # Digits alone are read exactly: as a float, a long seed would lose its last ones.
            exact = str(value).strip().isdecimal()
            number = int(str(value)) if exact else parse_quantity(self.name, value, "")
            if number == int(number) and number >= self.minimum:
                return int(number)
        except ValueError:
            pass
        raise ParameterError(self.name, repr(value), f"must be a whole number, {self.minimum} or more")


def flag(name: str) -> str:
    """The command line's spelling of a parameter's name."""
    return "--" + name.replace("_", "-")


KINDS = ("spd", "wishart", "toeplitz", "random")
ENGINE_NAMES = ("ngspice", "state-space", "auto")
OPAMP_NAMES = ("single-pole", "cmos-100meg", "cmos-1g", "ad823", "opa690")

PROBLEM = (
    Option("size", "integer", "Rows of a matrix that is drawn", minimum=1),
    Option("columns", "integer", "Columns of it, if not as many as rows", circuits=("mvm",), minimum=1),
    Option("kind", "text", f"Family of it: {', '.join(KINDS)}", "spd", choices=KINDS),
    Option("condition", "quantity", "Condition number, for spd and random (10)"),
    Option("seed", "integer", "Seed of all that is drawn", 0),
)
CIRCUIT = (
    Option("opamp", "text", f"Op-amp: {', '.join(OPAMP_NAMES)}", "cmos-100meg"),
    Option("gbwp", "quantity", "Gain-bandwidth product instead of the preset's", unit="Hz"),
    Option("open_loop_gain", "quantity", "DC gain instead of the preset's"),
    Option("slew_rate", "quantity", "Slew rate instead of the preset's", unit="V/s"),
    Option("second_pole", "quantity", "Frequency of a second pole", unit="Hz"),
    Option("output_resistance", "quantity", "Output resistance instead of the preset's", unit="ohm"),
    Option("input_capacitance", "quantity", "Input capacitance instead of the preset's", unit="F"),
    Option("input_offset", "quantity", "Input offset voltage instead of the preset's", unit="V"),
    Option("g_min", "quantity", "Lowest conductance of a cell", "1u", "S"),
    Option("g_max", "quantity", "Highest conductance of a cell", "100u", "S"),
    Option(
        "input_conductance", "quantity", "Input conductance (that of the largest entry)", unit="S", circuits=("inv",)
    ),
    Option("inverter_resistance", "quantity", "The inverters' two resistors", "10k", "ohm", circuits=("inv",)),
    Option("wire_resistance", "quantity", "Of each wire segment between cells", "0", "ohm"),
    Option("line_capacitance", "quantity", "Of each line per cell", "0", "F"),
    Option(
        "interconnect",
        "text",
        "Wires in the deck: reduced to the array's terminals, or the flat mesh",
        "reduced",
        choices=("reduced", "flat"),
    ),
    Option("contacts", "text", "Of each line: at one end, or at both", "one", choices=("one", "both")),
    Option(
        "line_model",
        "text",
        "Line capacitance of a reduced array: reduced with the mesh, or lumped at the terminals",
        "reduced",
        choices=("reduced", "lumped"),
    ),
)
SOLVE = (
    Option("input_voltage", "quantity", "Input full scale", "0.1", "V"),
    Option("fixed_scale", "flag", "Do not reduce the input where an output passes 0.8 of the swing", False),
    Option("rise_time", "quantity", "Of the input step", "100p", "s"),
    Option("tolerance", "quantity", "Relative tolerance of the settling time", "0.01"),
    Option(
        "start",
        "text",
        "Between right-hand sides: from rest or from the previous one",
        "rest",
        choices=("rest", "previous"),
    ),
    Option("engine", "text", f"What simulates: {', '.join(ENGINE_NAMES)}", "ngspice"),
    Option("cross_check", "quantity", "Part of the right-hand sides that auto solves by ngspice, too", "0.02"),
    Option("force", "flag", "Simulate an unstable circuit all the same", False),
    Option("timeout", "quantity", "Seconds after which a simulation is ended", "600", "s"),
)
JOBS = Option("jobs", "integer", "Simulations at the same time", "1", minimum=1)
RHS = Option("rhs", "integer", "Which right-hand side, from 1", minimum=1)
OPAMP_OVERRIDES = (
    "gbwp",
    "open_loop_gain",
    "slew_rate",
    "second_pole",
    "output_resistance",
    "input_capacitance",
    "input_offset",
)
ALL = PROBLEM + CIRCUIT + SOLVE


def output_format(*choices: str) -> Option:
    """The option `--format` of a command that knows these formats, the first by default."""
    return Option("format", "text", f"Of what is printed: {', '.join(choices)}", choices[0], choices=choices)


def options_of(circuit: Circuit) -> tuple[Option, ...]:
    """The options that a circuit has."""
    return tuple(option for option in ALL if circuit in option.circuits)


def parse_options(circuit: Circuit, given: Mapping[str, object]) -> dict[str, Any]:
    """Converts what was given and fills in the defaults; None counts as not given.

    Raises:
        ParameterError: A value cannot be used, or there is no such option.
    """
    from netlists import ParameterError

    table = {option.name: option for option in options_of(circuit)}
    for name, value in given.items():
        if name not in table:
            close = difflib.get_close_matches(name, table, n=1)
            mend = f"did you mean {close[0]}?" if close else f"{circuit} has {', '.join(table)}"
            raise ParameterError(name, repr(value), f"there is no such option of {circuit}; {mend}")
    return {
        name: None if value is None else option.parse(value)
        for name, option in table.items()
        for value in [option.default if given.get(name) is None else given[name]]
    }
