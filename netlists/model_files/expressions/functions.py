"""Functions and operators of model files: their values, and their text for ngspice's behavioural sources.

If PSpice and ngspice interpret a name differently, PSpice's meaning is used, with functions on which ngspice 39 and 46
agree: `table` holds its end values, `pwr` is |x|^y, `limit` clamps, an integer power keeps the sign. `uplim` and
`dnlim` are LTspice's: limits with a rounded corner of a given width.
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Folded: TypeAlias = float | str
"""A number, or text that ngspice evaluates."""

MULTIPLIED = 8
"""Largest integer power that is written as a product."""
MAX_TEXT = 20_000
"""Most characters of an expression for ngspice."""

OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
    "&&": lambda a, b: bool(a) and bool(b), "&": lambda a, b: bool(a) and bool(b),
    "||": lambda a, b: bool(a) or bool(b), "|": lambda a, b: bool(a) or bool(b),
}  # fmt: skip
_LOGICAL = {"&": "&&", "|": "||"}


def text(value: Folded) -> str:
    """Format a number or a text as an operand."""
    if isinstance(value, str):
        return value
    return repr(value) if math.copysign(1, value) > 0 else f"({value!r})"


def chain_text(first: Folded, rest: Sequence[tuple[str, Folded]]) -> str:
    """Format operands of one precedence; comparisons and logic are nested, since their values are 0 or 1.

    The text stops growing beyond `MAX_TEXT`, since it will be refused.
    """
    total = text(first)
    for sign, value in rest:
        if len(total) > MAX_TEXT:
            break
        total = f"{total}{_LOGICAL.get(sign, sign)}{text(value)}"
        if sign not in "+-*/":
            total = f"({total})"
    return f"({total})"


def call(name: str, values: Sequence[Folded]) -> str:
    """Format a call of an ngspice function."""
    return f"{name}({','.join(str(value) for value in values)})"


def power(base: Folded, exponent: Folded) -> Folded:
    """Format `x^y`. ngspice uses |x| for negative x, which is wrong for odd integers: those become products."""
    if not isinstance(base, str) and not isinstance(exponent, str):
        return _power_of_numbers(base, exponent)
    if isinstance(exponent, str) or not exponent.is_integer():
        return call("pow", [base, exponent])
    count = int(abs(exponent))
    if count == 0:
        return 1.0
    if count <= MULTIPLIED:
        product = "*".join([text(base)] * count)
    else:
        product = call("pow", [base, float(count)])
        product = f"sgn({base})*{product}" if count % 2 else product
    return f"(1.0/({product}))" if exponent < 0 else f"({product})"


@dataclass(frozen=True)
class Known:
    """Function for expressions in model files.

    Attributes:
        value: Function on numbers.
        write: Function that formats the text for ngspice if an argument is not a number.
        least: Least number of arguments.
        most: Largest number of arguments; None for the same as `least`.
    """

    value: Callable[..., float]
    write: Callable[[Sequence[Folded]], Folded]
    least: int = 1
    most: int | None = None

    def fits(self, count: int) -> bool:
        """True if this number of arguments is allowed."""
        return self.least <= count <= (self.least if self.most is None else self.most)

    def of(self, values: Sequence[Folded]) -> Folded:
        """Return a number if all arguments are numbers, else text."""
        numbers = [value for value in values if not isinstance(value, str)]
        return float(self.value(*numbers)) if len(numbers) == len(values) else self.write(values)


def _plain(value: Callable[..., float], name: str, arguments: int = 1) -> Known:
    return Known(value, lambda values: call(name, values), arguments)


def _sign(x: float) -> float:
    return float(x > 0) - float(x < 0)


def _table(x: float, *points: float) -> float:
    places, heights = points[::2], points[1::2]
    _points(points)
    right = bisect_right(places, x)
    if right in (0, len(places)):
        return heights[0] if right == 0 else heights[-1]
    part = (x - places[right - 1]) / (places[right] - places[right - 1])
    return heights[right - 1] + part * (heights[right] - heights[right - 1])


def _points(points: Sequence[Folded]) -> None:
    """Refuse a table without rising pairs."""
    numbers = [value for value in points if not isinstance(value, str)]
    if len(numbers) < len(points) or len(points) % 2 or len(points) < 4:
        raise ValueError("a table needs pairs of numbers, two at least")
    if any(later <= earlier for earlier, later in zip(numbers[::2], numbers[2::2], strict=False)):
        raise ValueError("the first numbers of a table's pairs must rise")


def _table_text(values: Sequence[Folded]) -> str:
    points = values[1:]
    _points(points)
    return call("pwl", [f"min(max({values[0]},{points[0]}),{points[-2]})", *points])


def _limit(values: Sequence[Folded]) -> str:
    """Clamp by the middle one of three values: some files have the upper limit first."""
    x, low, high = values
    if isinstance(low, str) or isinstance(high, str):
        low, high = call("min", [low, high]), call("max", [low, high])
    else:
        low, high = sorted((low, high))
    return f"min(max({x},{low}),{high})"


def _condition(values: Sequence[Folded]) -> Folded:
    if isinstance(values[0], str):
        return call("ternary_fcn", values)
    return values[1] if values[0] else values[2]


def _power_of_numbers(base: float, exponent: float) -> float:
    value = base**exponent
    if isinstance(value, complex):
        raise ValueError("a power of a negative number")
    return float(value)


FUNCTIONS: dict[str, Known] = {
    **{name: _plain(getattr(math, name), name) for name in (
        "sqrt", "exp", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
        "floor", "ceil", "log10",
    )},
    "arctan": _plain(math.atan, "atan"),
    "log": _plain(math.log, "ln"),
    "ln": _plain(math.log, "ln"),
    "abs": _plain(abs, "abs"),
    "sgn": _plain(_sign, "sgn"),
    "nint": _plain(round, "nint"),
    "min": _plain(min, "min", 2),
    "max": _plain(max, "max", 2),
    "u": _plain(lambda x: 0.5 + _sign(x) / 2, "u"),
    "stp": _plain(lambda x: float(x > 0), "u"),
    "uramp": _plain(lambda x: max(x, 0.0), "uramp"),
    "ddt": _plain(lambda x: 0.0 * x, "ddt"),
    "pow": Known(_power_of_numbers, lambda values: power(*values), 2),
    "pwr": Known(lambda x, y: abs(x) ** y, lambda values: f"pow(abs({values[0]}),{values[1]})", 2),
    "pwrs": Known(
        lambda x, y: _sign(x) * abs(x) ** y,
        lambda values: f"(sgn({values[0]})*pow(abs({values[0]}),{values[1]}))", 2,
    ),
    "limit": Known(lambda x, a, b: sorted((x, a, b))[1], _limit, 3),
    "uplim": Known(
        lambda x, high, z: min(x, high - z) + z * (1 - math.exp(-max(0.0, x - high + z) / z)),
        lambda values: "(min({0},({1})-({2}))+({2})*(1-exp(-max(0,({0})-({1})+({2}))/({2}))))".format(*values), 3,
    ),
    "dnlim": Known(
        lambda x, low, z: max(x, low + z) - z * (1 - math.exp(-max(0.0, low - x + z) / z)),
        lambda values: "(max({0},({1})+({2}))-({2})*(1-exp(-max(0,({1})-({0})+({2}))/({2}))))".format(*values), 3,
    ),
    "int": Known(math.trunc, lambda values: "(sgn({0})*floor(abs({0})))".format(*values)),
    "hypot": Known(math.hypot, lambda values: "sqrt(({0})*({0})+({1})*({1}))".format(*values), 2),
    "square": Known(lambda x: x * x, lambda values: "(({0})*({0}))".format(*values)),
    "if": Known(lambda condition, yes, no: yes if condition else no, _condition, 3),
    "table": Known(_table, _table_text, 5, 401),
}  # fmt: skip
