"""One option: its name, type and checks. The tables of options are in `options.py`."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from amc_circuits.values.quantities import parse_quantity, percentage
from netlists import ParameterError
from netlists.short_text import short_repr

Kind = Literal["quantity", "integer", "text", "flag"]
Value = TypeVar("Value")
KIND_OF: dict[type, Kind] = {bool: "flag", int: "integer", float: "quantity"}
LARGEST_WHOLE = 10**38 - 1
"""Largest integer of an option: a NumPy seed has as many digits (128 bits), and any such number fits a float."""


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: Key in specifications of sweeps; `--name` with dashes on the command line.
        kind: Type of the value.
        help: Help text, one line.
        default: Value if the option is not given, as a user would write it; None leaves it to the circuit.
        unit: Unit of a quantity; for a text, its placeholder in the help.
        choices: Allowed values of a text; names that a quantity may have in the place of a number.
        square: False if only circuits whose matrix need not be square have the option.
        minimum: Least value of an integer.
        bounds: Least and largest value of a number, as far as they do not depend on other options.
        percent_of: Quantity that 100 % refers to, if a percentage is allowed; empty if not. `1` is for a number that is
            itself a fraction. Otherwise it is described in words, and the percentage stays text until it is converted.
        needs: Another option, without which this one has no effect.
        acts_with: Conditions on other options, `name` (given, and not 0), `name=value` or `name!=value`. All must hold
            for this option to have an effect.
        excludes: Another option, beside which this one has no effect.
        synonym: Name in older versions, which can still be typed and is not in the help. Rows of those versions have
            it, and keys are built with it.
        former: Values of older versions, with the values that replace them: `(old, new)` each.
        panel: Heading of the help under which the option stands.
        of_preset: True if the default is that of a preset, which the option replaces.
    """

    name: str
    kind: Kind
    help: str
    default: Any = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    square: bool = True
    minimum: int = 0
    bounds: tuple[float, float] = (-math.inf, math.inf)
    percent_of: str = ""
    needs: str = ""
    acts_with: tuple[str, ...] = ()
    excludes: str = ""
    synonym: str = ""
    former: tuple[tuple[str, str], ...] = ()
    panel: str = ""
    of_preset: bool = False

    __repr__ = short_repr

    @property
    def flag(self) -> str:
        """Name as typed on the command line."""
        return flag(self.name)

    @property
    def own(self) -> Any:
        """Default value, converted."""
        return None if self.default is None else self.parse(self.default)

    def parse(self, value: object) -> Any:
        """Convert a value as the user wrote it.

        Raises:
            ParameterError: The value cannot be used.
        """
        if self.kind == "quantity":
            return self._quantity_or_name(value)
        if self.kind == "integer":
            return self._whole(value)
        if self.kind == "flag":
            if not isinstance(value, bool):
                raise ParameterError(self.name, repr(value), "must be true or false")
            return value
        if not isinstance(value, str) or (self.choices and value not in self.choices):
            allowed = f"must be one of {', '.join(self.choices)}" if self.choices else "must be text"
            raise ParameterError(self.name, repr(value), allowed)
        return dict(self.former).get(value, value)

    def _quantity_or_name(self, value: object) -> float | str:
        if isinstance(value, str) and value in self.choices:
            return value
        try:
            part = percentage(value) if self.percent_of else None
            if part is not None:
                return part if self.percent_of == "1" else f"{100 * part:.12g}%"
            number = parse_quantity(self.name, value, self.unit)
            if self.percent_of == "1" and abs(number) > 1:
                raise ParameterError(self.name, value, "must be a fraction from 0 to 1")
            return number
        except ParameterError as error:
            names = f"; or one of {', '.join(self.choices)}" if self.choices else ""
            if self.percent_of:
                names += f"; or a percentage{'' if self.percent_of == '1' else f' of {self.percent_of}'}, such as 3%"
            raise ParameterError(self.name, repr(value), error.mend + names) from None

    def _whole(self, value: object) -> int:
        mend = f"must be a whole number, {self.minimum} or more"
        try:
            # Digits alone are read exactly: as a float, a long seed would lose its last digits.
            exact = str(value).strip().isdecimal()
            number = int(str(value)) if exact else parse_quantity(self.name, value, "")
            if number > LARGEST_WHOLE:
                mend = "must be a whole number of at most 38 digits"
            elif number == int(number) and number >= self.minimum:
                return int(number)
        except ValueError:
            pass
        raise ParameterError(self.name, repr(value), mend)

    def check_beside(self, value: object, others: Mapping[str, Any]) -> None:
        """Refuse the option, which was given, if it has no effect beside the other options.

        Args:
            value: Value as the user wrote it, for the error.
            others: Converted options, by name: all, or those that this one needs or excludes.

        Raises:
            ParameterError: The option that it needs is missing, or the one that it excludes is given.
        """
        if self.needs and not others[self.needs]:
            raise ParameterError(self.name, value, f"has no effect without {self.needs}; add it, or leave this out")
        if self.excludes and others[self.excludes] is not None:
            raise ParameterError(self.name, value, f"has no effect beside {self.excludes}; give one of them")

    def check_acting(self, value: object, several: Sequence[Mapping[str, Any]]) -> None:
        """Refuse the option, which differs from its default, if it has no effect with any of several sets of options.

        Args:
            value: Value as the user wrote it, for the error.
            several: Sets of converted options, by name: all, or those of `acts_with`.

        Raises:
            ParameterError: The option has no effect.
        """
        lacking = [[one for one in self.acts_with if not holds(one, others)] for others in several]
        if all(lacking):
            condition = lacking[0][0]
            name, _, wanted = condition.replace("!", "").partition("=")
            other = f"another {name} than {wanted}" if "!" in condition else f"{name} {wanted}".strip()
            raise ParameterError(self.name, value, f"has no effect without {other}; add it, or leave this out")


def holds(condition: str, options: Mapping[str, Any]) -> bool:
    """Check whether a condition of `acts_with` holds for converted options."""
    name, unequal, wanted = condition.partition("!=")
    if unequal:
        return str(options[name]) != wanted
    name, equal, wanted = condition.partition("=")
    return str(options[name]) == wanted if equal else bool(options[name])


def partner(condition: str) -> str:
    """Name of the option in a condition of `acts_with`."""
    return condition.replace("!", "=").partition("=")[0]


def flag(name: str) -> str:
    """Spell the name of a parameter as on the command line."""
    return "--" + name.replace("_", "-")


def output_format(*choices: str) -> Option:
    """Build the option `--format` of a command with these formats; the first is the default."""
    return Option("format", "text", f"Of what is printed: {', '.join(choices)}", choices[0], choices=choices)


def parse_table(who: str, options: Iterable[Option], given: Mapping[str, object]) -> dict[str, Any]:
    """Convert the given options and fill in the defaults; None counts as not given.

    Args:
        who: Name of the command or circuit that has the options, for the error.
        options: All options of the table.
        given: Values as a user wrote them, by name or synonym.

    Raises:
        ParameterError: A value cannot be used, an option has no effect as given, an option is given by both of its
            names, or there is no such option.
    """
    table = {option.name: option for option in options}
    given = by_own_names(given, synonyms(table.values()))
    for name, value in given.items():
        find_option(who, table, name, repr(value))
    parsed = {
        name: None if value is None else option.parse(value)
        for name, option in table.items()
        for value in [option.default if given.get(name) is None else given[name]]
    }
    for option in table.values():
        if given.get(option.name) is not None:
            option.check_beside(given[option.name], parsed)
            if option.acts_with and parsed[option.name] != option.own:
                option.check_acting(given[option.name], [parsed])
    return parsed


def names_of(options: Iterable[Option]) -> tuple[str, ...]:
    """Names of options, in their order."""
    return tuple(option.name for option in options)


def synonyms(options: Iterable[Option]) -> dict[str, str]:
    """Names of options by their synonyms; a synonym that is the name of another option is left out."""
    table = {option.name: option for option in options}
    return {option.synonym: name for name, option in table.items() if option.synonym and option.synonym not in table}


def by_own_names(given: Mapping[str, Value], names: Mapping[str, str]) -> dict[str, Value]:
    """Replace synonyms in the given options by the options' own names.

    Args:
        given: Values by name or synonym; None counts as not given.
        names: Names by synonym, as `synonyms` returns them.

    Raises:
        ParameterError: An option is given by both names.
    """
    found: dict[str, Value] = {}
    for name, value in given.items():
        own = names.get(name, name)
        if found.get(own) is None:
            found[own] = value
        elif value is not None:
            old = next(synonym for synonym, known in names.items() if known == own)
            raise ParameterError(name, value, f"{old} and {own} are one option; give {own} alone")
    return found


def renamed(given: Mapping[str, Value], names: Mapping[str, str]) -> dict[str, Value]:
    """Rename keys by `names`, unless the new name is taken; the order stays the same."""
    return {name if (other := names.get(name, name)) in given else other: value for name, value in given.items()}


def find_option(who: str, table: Mapping[str, Option], name: str, value: str) -> Option:
    """Return the option of a name.

    Args:
        who: Name of the command or circuit that has the options, for the error.
        table: All options, by name.
        name: Name as a user wrote it.
        value: Given value, as the error shows it.

    Raises:
        ParameterError: There is no such option.
    """
    if name not in table:
        close = difflib.get_close_matches(str(name), table, n=1)  # a key of a user's mapping may be no text
        mend = f"did you mean {close[0]}?" if close else f"must be one of {', '.join(table)}"
        raise ParameterError(str(name), value, f"there is no such option of {who}; {mend}")
    return table[name]
