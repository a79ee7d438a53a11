"""Pins of op-amp subcircuits: the words that say what each is tied to, and the orders that files have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from netlists.record import ParameterError

PINS = ("inp", "inn", "out", "vdd", "vss")
"""The pins of every op-amp in a circuit."""
NEEDED = ("inp", "inn", "out")
"""Pins without which nothing amplifies; a model without rails has an unknown supply current."""
VENDORS_ORDER = ("inp", "inn", "vdd", "vss", "out")
"""The order of nearly all public model files."""
RAILS, INPUTS = ("vdd", "vss"), ("inp", "inn")
USUAL_ORDERS = (VENDORS_ORDER, PINS, ("out", "vss", "inp", "inn", "vdd"), ("out", "inn", "inp", "vss", "vdd"))
"""Orders of files, then of packages: the small one of five pins, half a double one."""
OPEN = "nc"
"""A pin that is left open."""
WORDS = "inp inn out vdd vss gnd nc net1 .. net9"

_WORD = re.compile(r"inp|inn|out|vdd|vss|gnd|nc|net[1-9]")
_NAMES = {
    "inp": r"inp|in\+|\+in|vin\+|vinp|in_?plus|non_?inverting(_input)?|inpos|in_?p",
    "inn": r"inn|in-|-in|vin-|vinn|vinm|in_?minus|inverting(_input)?|inneg|in_?n|in_?m",
    "out": r"out|vout|output|vo",
    "vdd": r"vdd|vcc|v\+|vs\+|vcc\+|\+vs|\+v|vsupp?ly\+|vpos|avdd|vp\+|vps|vccp",
    "vss": r"vss|vee|v-|vs-|vcc-|-vs|-v|vsupp?ly-|vneg|avss|vp-|vns|vccn",
    "gnd": r"gnd|agnd|ground|0v",
}
"""Names of pins that say what they are, by their words."""


def parse_pins(text: str) -> tuple[str, ...]:
    """The words of a list such as `inp,inn,vdd,vss,out`; what follows a colon in a word is a comment.

    Raises:
        ParameterError: A word is none of `WORDS`.
    """
    words = tuple(word.split(":", 1)[0].strip().lower() for word in text.split(","))
    check_words(words)
    return words


def check_words(words: Sequence[str], parameter: str = "opamp_pins") -> None:
    """Checks that each word says what a pin is, and that inputs and output are among them.

    Raises:
        ParameterError: One does not, or one is missing.
    """
    for word in words:
        if _WORD.fullmatch(word) is None:
            mend = f"{word or 'nothing'!r} is no word for a pin; give one a pin in the file's order: {WORDS}"
            raise ParameterError(parameter, ",".join(words), mend)
    missing = [word for word in NEEDED if word not in words]
    if missing:
        mend = f"{' and '.join(missing)} missing; give one word a pin in the file's order: {WORDS}"
        raise ParameterError(parameter, ",".join(words) or "nothing", mend)


def pins_by_name(names: Sequence[str]) -> tuple[str, ...] | None:
    """The words of pins whose names say what they are, `nc` for others; None unless each is found once.

    Three pins may be the inputs and the output alone.
    """
    words = tuple(
        next((word for word, pattern in _NAMES.items() if re.fullmatch(pattern, name)), OPEN) for name in names
    )
    count = Counter(words)
    wanted = NEEDED if len(names) == len(NEEDED) else PINS
    return words if all(count[word] == 1 for word in wanted) else None


def connection(words: Sequence[str]) -> str:
    """Nodes of a subcircuit with these pins, inside of one whose pins are `PINS`: equal words are one node."""
    nodes = [f"{word}{place}" if word == OPEN else {"gnd": "0"}.get(word, word) for place, word in enumerate(words, 1)]
    return " ".join(nodes)


def likely_orders(words: Sequence[str]) -> list[tuple[str, ...]]:
    """Other orders of the same words, likely ones first: exchanged rails or inputs, then the usual orders so changed.

    Words beside inputs, output and rails keep their places.
    """
    if any(words.count(word) != 1 for word in PINS):
        return []
    places = [place for place, word in enumerate(words) if word in PINS]
    given = tuple(words[place] for place in places)
    orders = [
        exchanged(order, pairs)
        for order in (given, *USUAL_ORDERS)
        for pairs in ((), (RAILS,), (INPUTS,), (RAILS, INPUTS))
    ]
    found = []
    for order in dict.fromkeys(orders):
        if order != given:
            new = list(words)
            for place, word in zip(places, order, strict=True):
                new[place] = word
            found.append(tuple(new))
    return found


def exchanged(order: Sequence[str], pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The same words with those of each pair exchanged."""
    swap = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    return tuple(swap.get(word, word) for word in order)


def difference(given: Sequence[str], better: Sequence[str]) -> str:
    """Return the mistake in the given words where others are right: `the rails are exchanged` and the like."""
    exchanges = {"the rails are": (RAILS,), "the inputs are": (INPUTS,), "rails and inputs are": (RAILS, INPUTS)}
    for what, pairs in exchanges.items():
        if exchanged(given, pairs) == tuple(better):
            return f"{what} exchanged"
    return "the pins are in another order"
