"""Mends of values that a type or a bound refuses, in the words of this project."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from netlists.errors import shown

_MENDS = {
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "path_type": "must be a path",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a table of names and values",
    "mapping_type": "must be a table of names and values",
    "model_type": "must be a table of names and values",
    "model_attributes_type": "must be a table of names and values",
    "dataclass_type": "must be a table of names and values",
    "greater_than": "must be greater than {gt:.12g}",
    "greater_than_equal": "must be at least {ge:.12g}",
    "less_than": "must be less than {lt:.12g}",
    "less_than_equal": "must be at most {le:.12g}",
    "too_short": "must have {min_length} or more entries",
    "too_long": "must have at most {max_length} entries",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "union_tag_invalid": "its {discriminator} must be one of {expected_tags}",
    "union_tag_not_found": "its {discriminator} must be given",
    "missing": "must be given",
}
"""Mend of each type of error; the braces hold what pydantic says about the error."""


_TYPES = ("bool", "float", "int", "str")
"""Names of types that pydantic adds to the place of a value that may have several."""


def refusal(error: ValidationError) -> tuple[list[str | int], str, str]:
    """Return the place of the first refused value, the value in one short line, and the mend.

    The place has names and indices, without the types that were tried. The mend names all types that the value may
    have. The value is `nothing` if it is missing.
    """
    first, *others = error.errors()
    place = _place(first)
    mend = mend_of(first)
    for other in others:  # the other types that the value may have
        if other["loc"] != first["loc"] and _place(other) == place:
            mend += f", or {mend_of(other).removeprefix('must be ')}"
    return place, "nothing" if first["type"] == "missing" else shown(first["input"]), mend


def _place(error: Any) -> list[str | int]:
    *above, last = error["loc"] or ("",)
    kept = [part for part in above if isinstance(part, int) or part.isidentifier()]
    its_own = isinstance(last, int) or error["type"] == "extra_forbidden"
    tried = not its_own and (not last.isidentifier() or last in _TYPES)
    return kept if tried else [*kept, last]


def mend_of(error: Any) -> str:
    """Return the mend of one of `pydantic.ValidationError.errors()`."""
    known = _MENDS.get(error["type"])
    if known is not None:
        return known.format(**error.get("ctx", {}))
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:]
