"""Layers of a network as words: `conv 8 5 pool 2`, `dense 64`, and the read-out `dense`."""

from __future__ import annotations

import difflib
from typing import Annotated, TypeVar

from pydantic import Field, model_validator

from amc_circuits import ParameterError
from optimizer.settings import ConvolutionShape, DenseShape, Settings

FORMS = {"conv": "conv CHANNELS KERNEL [stride STEP] [pool SIZE]", "dense": "dense OUTPUTS [tanh]"}
"""Form of each layer, by its first word."""
OPTIONS = ("stride", "pool")
TANH = "tanh"
_Shape = TypeVar("_Shape", ConvolutionShape, DenseShape)
LONGEST = 100
"""Most characters of a layer."""


class ModelSettings(Settings):
    """Layers of a network.

    Attributes:
        layers: Layers from the sample on, each `conv CHANNELS KERNEL [stride STEP] [pool SIZE]` or `dense OUTPUTS
            [tanh]`, with rectifier unless it is tanh; the last is the read-out without either, `dense` or `dense
            CLASSES`.
    """

    layers: Annotated[tuple[Annotated[str, Field(max_length=LONGEST)], ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _readable(self) -> ModelSettings:
        seen = ""
        for place, shape in enumerate(self.hidden):
            if isinstance(shape, ConvolutionShape) and seen == "dense":
                mend = "a convolution cannot follow a dense layer: write the convolutions first"
                raise ParameterError(f"layers.{place}", self.layers[place], mend)
            seen = self.layers[place].split()[0]
        _ = self.classes
        return self

    @property
    def hidden(self) -> tuple[ConvolutionShape | DenseShape, ...]:
        """All layers before the read-out."""
        return tuple(parse_layer(f"layers.{place}", text) for place, text in enumerate(self.layers[:-1]))

    @property
    def classes(self) -> int | None:
        """Outputs of the read-out; None if they are left out."""
        place, text = f"layers.{len(self.layers) - 1}", self.layers[-1]
        if text.split() == ["dense"]:
            return None
        last = parse_layer(place, text)
        if isinstance(last, DenseShape) and text.split()[-1] == TANH:
            raise ParameterError(place, text, "the read-out has no tanh; add `dense` behind it")
        if isinstance(last, DenseShape):
            return last.outputs
        raise ParameterError(place, text, "the last layer is the read-out: add `dense`")


def parse_layer(parameter: str, text: str) -> ConvolutionShape | DenseShape:
    """Read one layer.

    Args:
        parameter: Name of the parameter, for the error.
        text: Words of the layer.

    Raises:
        ParameterError: A word is unknown, or a number is missing or out of its range.
    """
    words = text.split()
    if not words or words[0] not in FORMS:
        raise ParameterError(parameter, text, _unknown(words[0] if words else "", tuple(FORMS)))
    form = f"the form is {FORMS[words[0]]}"
    if words[0] == "dense":
        if len(words) not in (2, 3) or words[2:] not in ([], [TANH]):
            raise ParameterError(parameter, text, form)
        return _built(parameter, text, DenseShape, {"outputs": words[1], **({"activation": TANH} if words[2:] else {})})
    if len(words) < 3 or len(words) % 2 == 0:
        raise ParameterError(parameter, text, form)
    fields = {"channels": words[1], "kernel": words[2]}
    for name, value in zip(words[3::2], words[4::2], strict=True):
        if name not in OPTIONS:
            raise ParameterError(parameter, text, _unknown(name, OPTIONS))
        if name in fields:
            raise ParameterError(parameter, text, f"{name} is given twice")
        fields[name] = value
    return _built(parameter, text, ConvolutionShape, fields)


def _built(parameter: str, text: str, shape: type[_Shape], fields: dict[str, str]) -> _Shape:
    try:
        return shape(**fields)
    except ParameterError as error:
        raise ParameterError(parameter, text, f"{error.parameter} {error.mend}") from None


def _unknown(word: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    guess = f"; did you mean {close[0]}?" if close else ""
    return f"{word!r} is unknown; the words are {' and '.join(known)}{guess}"
