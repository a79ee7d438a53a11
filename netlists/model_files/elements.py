"""Element lines of model files: the grammar of each letter, parsed into parts without the text of the line."""

from __future__ import annotations

from collections.abc import Callable

from netlists.model_files.expressions.grammar import Current, Number, Voltage
from netlists.model_files.lines import Line
from netlists.model_files.parts import Control, Element, Instance, ModelReference, Option, Part, Reference, Word
from netlists.model_files.sources import behavioural, current_controlled, independent, voltage_controlled
from netlists.model_files.words import Words

SERIES, PARALLEL = ("rser", "lser"), ("rpar", "cpar")
"""LTspice's additional parts of a resistor, capacitor, inductor or source."""
MEANINGLESS = ("noiseless", "tol", "pwr", "irms", "vpk", "mfg", "pn")
"""Words on passive parts without effect on the metrics."""
UNBALANCED = "efgh"
"""Controlled sources: in their tables and polynomials an unbalanced parenthesis is ignored."""


def element(line: Line) -> Element | Instance:
    """Parse an element line.

    Raises:
        ParameterError: Its letter is not accepted, or the line does not fit the letter.
    """
    reader = _READERS.get(line.text[0].lower())
    if reader is None:
        raise line.refused(f"accepted elements start with {' '.join(_READERS).upper()}; a comment starts with *")
    words = Words(line, balanced=line.text[0].lower() not in UNBALANCED)
    return reader(words, words.name("an element"))


def _options(words: Words, allowed: str, left_out: tuple[str, ...] = ()) -> tuple[Option, ...]:
    return tuple(Option(name, value) for name, value in words.options(allowed.split(), left_out).items())


def _passive(options: str) -> Callable[[Words, str], Element]:
    """Make a parser for R, C and L: a value, a model or both, in either order."""

    def read(words: Words, name: str) -> Element:
        nodes, model, value, noisy = words.nodes(2), list[Part](), list[Part](), True
        while words.peek() and words.peek() != "tc" and (not words.option_next() or words.peek() == name[0]):
            if name[0] == "r" and words.skip("noiseless"):
                noisy = False
            elif words.option_next() and not value:
                words.take("a value")
                words.skip("=")
                value.append(words.value("a value"))
            elif words.value_next() and not value:
                value.append(words.value("a value"))
            elif not words.leave_out(*MEANINGLESS):
                _expect_model(words, model, value)
                model.append(ModelReference(words.name("a value or a model"), (name[0],)))
        if not model and not value:
            raise words.line.refused("a value or a model is missing")
        return _with_options(words, name, nodes, (*model, *value), options, noisy)

    return read


def _expect_model(words: Words, model: list[Part], value: list[Part]) -> None:
    word = words.peek()
    if model or words.value_next() or "\\" in word:
        raise words.line.refused(f"{word} is not expected here: " + ("" if value else "a value must be a number, or ")
                                 + "one model may stand beside a value")  # fmt: skip


def _with_options(
    words: Words, name: str, nodes: tuple[str, ...], parts: tuple[Part, ...], options: str, noisy: bool
) -> Element:
    found = _options(words, f"{options} {' '.join(SERIES + PARALLEL)}", MEANINGLESS)
    beside = tuple(option for option in found if option.name in SERIES + PARALLEL)
    own = tuple(option for option in found if option not in beside)
    quiet = () if noisy else (Option("noisy", Number(0.0)),)
    return Element(words.line, name, nodes, (*parts, *own, *quiet), beside)


def _coupling(words: Words, name: str) -> Element:
    coils = (Reference(words.name("an inductor"), "l"), Reference(words.name("an inductor"), "l"))
    if any(not coil.name.startswith("l") for coil in coils):
        raise words.line.refused("K couples two inductors; magnetic cores are not accepted")
    return Element(words.line, name, (), (*coils, *words.values(1, 1, "the coupling")))


def _device(least: int, most: int, types: tuple[str, ...], options: str) -> Callable[[Words, str], Element]:
    """Make a parser for a diode or transistor: nodes, model, area, options."""

    def read(words: Words, name: str) -> Element:
        nodes = [*words.nodes(least)]
        while len(nodes) < most and _node_next(words):
            nodes.append(words.name("a node").strip("[]"))
        parts: list[Part] = [ModelReference(words.name("a model"), types)]
        if words.value_next():
            parts.append(Option("area", words.value("the area")))
        if words.skip("off"):
            parts.append(Word("off"))
        return Element(words.line, name, tuple(nodes), (*parts, *_options(words, options, ("noiseless", "ic"))))

    return read


def _node_next(words: Words) -> bool:
    """True if another node comes before the model: the word after it is the model, not a number and not an option."""
    behind = words.peek(1)
    return behind not in ("", "=", "off", "noiseless") and not words.value_next(1) and words.peek(2) != "="


def _switch(words: Words, name: str) -> Element:
    nodes = words.nodes(2)
    if name[0] == "s":
        control, types = Control(Voltage(*words.nodes(2))), ("sw", "vswitch")
    else:
        control, types = Control(Current(words.name("a voltage source"))), ("csw", "iswitch")
    model = ModelReference(words.name("a model"), types)
    state = (Word(words.take("a state")),) if words.peek() in ("on", "off") else ()
    words.end()
    return Element(words.line, name, nodes, (control, model, *state))


def _line(words: Words, name: str) -> Element:
    """Parse a lossless transmission line."""
    return Element(words.line, name, words.nodes(4), _options(words, "z0 td f nl", ("ic",)))


def _instance(words: Words, name: str) -> Instance:
    names = []
    while words.peek() and not words.option_next():
        names.append(words.name("a node"))
    if len(names) < 2:
        raise words.line.refused("X needs nodes and the name of a subcircuit")
    return Instance(words.line, name, tuple(names[:-1]), names[-1], words.options(None))


_READERS: dict[str, Callable[[Words, str], Element | Instance]] = {
    "r": _passive("tc tc1 tc2 m temp dtemp l w"),
    "c": _passive("tc tc1 tc2 m temp dtemp l w ic"),
    "l": _passive("m ic"),
    "k": _coupling,
    "v": independent,
    "i": independent,
    "e": voltage_controlled,
    "g": voltage_controlled,
    "f": current_controlled,
    "h": current_controlled,
    "b": behavioural,
    "d": _device(2, 2, ("d",), "area m temp dtemp"),
    "q": _device(3, 4, ("npn", "pnp"), "area areab areac m temp dtemp"),
    "j": _device(3, 3, ("njf", "pjf"), "area m temp dtemp"),
    "m": _device(4, 4, ("nmos", "pmos"), "l w ad as pd ps nrd nrs nf sa sb m temp dtemp"),
    "s": _switch,
    "w": _switch,
    "x": _instance,
    "t": _line,
}
