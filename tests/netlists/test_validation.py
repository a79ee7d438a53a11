"""Mends of refused values: one sentence a type and a bound, in no words of the library that checks them."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from netlists.validation import refusal


class One(BaseModel):
    """Settings with a name."""

    name: Literal["one"] = "one"
    count: int = 1


class Other(BaseModel):
    """Other settings with a name."""

    name: Literal["other"] = "other"


class Content(BaseModel):
    """A field of every sort."""

    count: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    share: Annotated[float, Field(gt=0, lt=0.5)] = 0.25
    finite: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    sure: bool = True
    word: str = "a"
    either: float | Literal["auto"] = 1.0
    size: Annotated[int, Field(ge=2)] | Literal["all"] = 2
    method: Literal["euler", "gear"] = "euler"
    pair: tuple[int, int] = (1, 2)
    several: Annotated[tuple[int, ...], Field(min_length=1, max_length=3)] = (1,)
    table: One = One()
    chosen: Annotated[One | Other, Field(discriminator="name")] = One()


@pytest.mark.parametrize(
    ("name", "value", "place", "mend"),
    [
        ("count", "many", ["count"], "must be a whole number"),
        ("count", 1.5, ["count"], "must be a whole number"),
        ("count", None, ["count"], "must be a whole number"),
        ("count", 0, ["count"], "must be at least 1"),
        ("count", 1_000_001, ["count"], "must be at most 1000000"),
        ("share", "half", ["share"], "must be a number"),
        ("share", 0, ["share"], "must be greater than 0"),
        ("share", 0.5, ["share"], "must be less than 0.5"),
        ("finite", float("inf"), ["finite"], "must be a finite number"),
        ("sure", "perhaps", ["sure"], "must be true or false"),
        ("word", 3, ["word"], "must be text"),
        ("either", "never", ["either"], "must be a number, or 'auto'"),
        ("size", 1, ["size"], "must be at least 2, or 'all'"),
        ("method", "trap", ["method"], "must be 'euler' or 'gear'"),
        ("pair", (1, "x"), ["pair", 1], "must be a whole number"),
        ("pair", 3, ["pair"], "must be a list"),
        ("several", (), ["several"], "must have 1 or more entries"),
        ("several", (1, 2, 3, 4), ["several"], "must have at most 3 entries"),
        ("table", 3, ["table"], "must be a table of names and values"),
        ("table", {"count": "x"}, ["table", "count"], "must be a whole number"),
        ("chosen", {"name": "x"}, ["chosen"], "its 'name' must be one of 'one', 'other'"),
        ("chosen", {}, ["chosen"], "its 'name' must be given"),
    ],
)
def test_a_refused_value_has_its_place_and_mend(name, value, place, mend):
    """The place has no type that was tried; the mend has all of them."""
    with pytest.raises(ValidationError) as caught:
        Content.model_validate({name: value})
    found = refusal(caught.value)
    assert (found[0], found[2]) == (place, mend)


def test_a_missing_value_is_nothing():
    """The whole table is not what was given for it."""

    class Needs(BaseModel):
        count: int

    with pytest.raises(ValidationError) as caught:
        Needs.model_validate({"other": "x" * 1000})
    assert refusal(caught.value) == (["count"], "nothing", "must be given")
