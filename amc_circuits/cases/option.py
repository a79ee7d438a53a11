"""One option: how it is typed, read and checked. The tables of them are in `options.py`; nothing here needs NumPy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

if TYPE_CHECKING:
    from netlists import Record

Kind = Literal["quantity", "integer", "text", "flag"]
Value = TypeVar("Value")
KIND_OF: dict[type, Kind] = {bool: "flag", int: "integer", float: "quantity"}
LARGEST_WHOLE = 10**38 - 1
"""A seed of NumPy has as many digits (128 bits), and any such number is a float."""


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        name: Key in specs; `--name` with dashes on the command line.
        kind: How its value is read.
        help: One line.
        default: What holds when it is not given, as a user would write it; None leaves it to the circuit.
        unit: Of a quantity; of a text what stands for it in the help.
        choices: Allowed values of a text; names that a quantity may have in the place of a number.
        circuits: Names of the circuits that have it; none: all.
        square: False where only circuits of matrices that need not be square have it.
        minimum: Of an integer.
        percent_of: What 100 % is, where a percentage may be given: `1` where the number itself is a fraction, else in
            words, and the percentage stays text for whoever knows what it is a part of.
        needs: Another option, without which this one would say nothing.
        acts_with: Conditions on other options, `name` (given, and not 0), `name=value` or `name!=value`, all of which
            must hold for this one to act.
        excludes: Another option, beside which this one would say nothing.
        synonym: Its name in older versions, by which it can still be typed; no help shows it. Rows of those versions
            have it, and keys are made with it.
    """

    name: str
    kind: Kind
    help: str
    default: Any = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    circuits: tuple[str, ...] = ()
    square: bool = True
    minimum: int = 0
    percent_of: str = ""
    needs: str = ""
    acts_with: tuple[str, ...] = ()
    excludes: str = ""
    synonym: str = ""

    @property
    def flag(self) -> str:
        """As typed on the command line."""
        return flag(self.name)

    @property
    def own(self) -> Any:
        """What holds when it is not given, converted."""
        return None if self.default is None else self.parse(self.default)

    def parse(self, value: object) -> Any:
        """A value as the user wrote it, converted.

        Raises:
            ParameterError: It cannot be used.
        """
        from netlists import ParameterError

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
        return value

    def _quantity_or_name(self, value: object) -> float | str:
        from amc_circuits.values.quantities import parse_quantity, percentage
        from netlists import ParameterError

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
        from amc_circuits.values.quantities import parse_quantity
        from netlists import ParameterError

        mend = f"must be a whole number, {self.minimum} or more"
        try:
            # Digits alone are read exactly: as a float, a long seed would lose its last ones.
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
        """Refuses the option, which was given, where it would say nothing.

        Args:
            value: As the user wrote it, for the error.
            others: Options as they are converted, by name: all, or those that it needs or excludes.

        Raises:
            ParameterError: What it needs is not there, or what it excludes is.
        """
        from netlists import ParameterError

        if self.needs and not others[self.needs]:
            raise ParameterError(self.name, value, f"says nothing without {self.needs}; give it, too")
        if self.excludes and others[self.excludes] is not None:
            raise ParameterError(self.name, value, f"says nothing beside {self.excludes}; give one of them")

    def check_acting(self, value: object, several: Sequence[Mapping[str, Any]]) -> None:
        """Refuses the option, which is not what it is by default, where it acts with none of several sets of options.

        Args:
            value: As the user wrote it, for the error.
            several: Options as they are converted, by name: all, or those of `acts_with`.

        Raises:
            ParameterError: It does nothing.
        """
        from netlists import ParameterError

        lacking = [[one for one in self.acts_with if not holds(one, others)] for others in several]
        if all(lacking):
            condition = lacking[0][0]
            name, _, wanted = condition.replace("!", "").partition("=")
            other = f"another {name} than {wanted}" if "!" in condition else f"{name} {wanted}".strip()
            raise ParameterError(self.name, value, f"has no effect without {other}; add it, or leave this out")


def holds(condition: str, options: Mapping[str, Any]) -> bool:
    """Whether a condition of `acts_with` holds for options as they are converted."""
    name, unequal, wanted = condition.partition("!=")
    if unequal:
        return str(options[name]) != wanted
    name, equal, wanted = condition.partition("=")
    return str(options[name]) == wanted if equal else bool(options[name])


def partner(condition: str) -> str:
    """The option that a condition of `acts_with` is about."""
    return condition.replace("!", "=").partition("=")[0]


def flag(name: str) -> str:
    """The command line's spelling of a parameter's name."""
    return "--" + name.replace("_", "-")


def output_format(*choices: str) -> Option:
    """The option `--format` of a command that knows these formats, the first by default."""
    return Option("format", "text", f"Of what is printed: {', '.join(choices)}", choices[0], choices=choices)


def parse_table(who: str, options: Iterable[Option], given: Mapping[str, object]) -> dict[str, Any]:
    """Converts what was given and fills in the defaults; None counts as not given.

    Args:
        who: Whose options these are, for the error.
        options: All that there are.
        given: As a user wrote them, by name or synonym.

    Raises:
        ParameterError: A value cannot be used, an option says nothing as it is given or is given by both of its names,
            or there is no such option.
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


def synonyms(options: Iterable[Option]) -> dict[str, str]:
    """Names of options by their synonyms, without those that are another option's name."""
    table = {option.name: option for option in options}
    return {option.synonym: name for name, option in table.items() if option.synonym and option.synonym not in table}


def by_own_names(given: Mapping[str, Value], names: Mapping[str, str]) -> dict[str, Value]:
    """What a user gave, each option by its own name.

    Args:
        given: By name or synonym; None counts as not given.
        names: As `synonyms` returns them.

    Raises:
        ParameterError: An option is given by both.
    """
    from netlists import ParameterError

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
    """The same in the same order, by other names, where these are free."""
    return {name if (other := names.get(name, name)) in given else other: value for name, value in given.items()}


def find_option(who: str, table: Mapping[str, Option], name: str, value: str) -> Option:
    """The option of a name.

    Args:
        who: Whose options these are, for the error.
        table: All that there are, by name.
        name: As a user wrote it.
        value: What was given for it, as the error shows it.

    Raises:
        ParameterError: There is no such option.
    """
    from netlists import ParameterError

    if name not in table:
        close = difflib.get_close_matches(name, table, n=1)
        mend = f"did you mean {close[0]}?" if close else f"{who} has {', '.join(table)}"
        raise ParameterError(name, value, f"there is no such option of {who}; {mend}")
    return table[name]


def record_options(record: type[Record], circuits: tuple[str, ...]) -> tuple[Option, ...]:
    """Options that stand for the fields of a parameter record: help, unit and default are those of the field.

    A field's help is its `description`, its unit the `unit` of its `json_schema_extra`.

    Args:
        record: The record; numbers, texts and flags.
        circuits: Names of the circuits that have them.
    """
    found = []
    for name, field in record.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        types = set(get_args(field.annotation) or (field.annotation,))
        kind: Kind = (
            "flag" if bool in types else "integer" if int in types else "quantity" if float in types else "text"
        )
        default = field.default if kind == "flag" or field.default is None else str(field.default)
        unit = str(extra.get("unit", ""))
        found.append(Option(name, kind, field.description or name, default, unit, circuits=circuits))
    return tuple(found)
