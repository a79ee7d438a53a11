"""Base of all parameter records, frozen, in SI units, checked on creation; and the error for invalid values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, ValidationError
from pydantic.fields import FieldInfo

from netlists.errors import ParameterError as ParameterError
from netlists.errors import as_floats, no_such, shown
from netlists.short_text import model_repr
from netlists.validation import refusal

FloatArray = NDArray[np.float64]
_text_of = json.JSONEncoder(sort_keys=True).encode  # as `json.dumps`, which makes an encoder for each value


def about(text: str, unit: str = "", **bounds: Any) -> Any:
    """Describe a field of a record.

    Options of the command, keys of sweeps, columns and the attributes in the record's docstring derive from it.

    Args:
        text: Meaning in one line, without a full stop.
        unit: Unit of a quantity; for a text, its placeholder in a help text.
        **bounds: Bounds, as pydantic's `Field` takes them.
    """
    return Field(description=text, json_schema_extra={"unit": unit}, **bounds)


def unit_of(field: FieldInfo) -> str:
    """Unit of a field that `about` describes; empty without one."""
    extra = field.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def _one_error(error: ValidationError, names: Iterable[str]) -> ParameterError:
    """Return the first error of a validation as one `ParameterError`; `names` are those of the record's fields."""
    first = error.errors()[0]
    inner = first.get("ctx", {}).get("error")
    if isinstance(inner, ParameterError):
        return inner
    place, value, mend = refusal(error)
    name = ".".join(map(str, place)) or "record"
    return ParameterError(name, value, no_such(name, names) if first["type"] == "extra_forbidden" else mend)


class Record(BaseModel):
    """Base of all records: frozen, no unknown fields, no nan or inf; a bad field raises `ParameterError`."""

    # Validators are built at first use: a command imports many records that it never makes.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        allow_inf_nan=False,
        validate_default=True,
        defer_build=True,
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Add the fields that are described by `about` to the docstring."""
        described = [
            f"    {name}: {field.description}{f', {unit_of(field)}' * bool(unit_of(field))}."
            for name, field in cls.model_fields.items()
            if field.description
        ]
        if described and "Attributes:" not in (cls.__doc__ or ""):
            cls.__doc__ = "\n".join(
                [f"{(cls.__doc__ or '').rstrip()}\n\n    Attributes:", *("    " + one for one in described), "    "]
            )

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise _one_error(error, type(self).model_fields) from None

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Create a record from plain data, as `pydantic.BaseModel.model_validate` does.

        Raises:
            ParameterError: A field is missing, unknown or invalid.
        """
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise _one_error(error, cls.model_fields) from None

    if not TYPE_CHECKING:  # a type checker knows that records are frozen

        def __setattr__(self, name: str, value: Any) -> None:
            raise ParameterError(name, shown(value), "records are frozen; replace(...) returns a changed copy")

    def replace(self, **changes: Any) -> Self:
        """Return the record with some fields changed, checked again; itself if there are none."""
        if not changes:
            return self
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**(fields | changes))

    @cached_property
    def sha256(self) -> str:
        """Hash of all fields: equal records have equal hashes, on every machine."""
        return self.sha256_of_many(1, {})[0]

    def sha256_of_many(self, count: int, changes: Mapping[str, FloatArray]) -> list[str]:
        """Return the hashes of many records that differ in some arrays or numbers, without a check of these.

        Args:
            count: Number P of records.
            changes: What differs, by the name of the field, shape (P, ...), or (P,) for numbers.
        """
        columns = {name: [text] * count for name, text in self._texts.items()}
        columns |= {name: _texts_of(values) for name, values in changes.items()}
        opening, names = f"{type(self).__name__} {{", sorted(columns)
        form = opening + ", ".join(f'"{name}": %s' for name in names) + "}"
        rows = zip(*(columns[name] for name in names), strict=True)
        return [hashlib.sha256((form % row).encode()).hexdigest() for row in rows]

    @cached_property
    def _texts(self) -> dict[str, str]:
        """JSON text of every field."""
        return {name: _text_of(value) for name, value in self.model_dump(mode="json").items()}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Record) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return model_repr(self)

    def __str__(self) -> str:
        return model_repr(self)


def _matrix(value: Any) -> FloatArray:
    """Return a read-only float64 copy of a finite, non-empty, two-dimensional array."""
    array = np.array(as_floats(value), ndmin=1)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"must be a non-empty matrix, not of shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("every entry must be finite")
    array.flags.writeable = False
    return array


def _vector(value: Any) -> FloatArray:
    """Return a read-only float64 copy of a finite, non-empty, one-dimensional array."""
    array = np.array(as_floats(value))
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"must be a non-empty vector, not of shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("every entry must be finite")
    array.flags.writeable = False
    return array


def _texts_of(values: FloatArray) -> list[str]:
    """Return the JSON text of each of many arrays or numbers (P, ...)."""
    if values.ndim == 1:
        return [json.dumps(value) for value in values.tolist()]
    shape, each = values.shape[1:], np.ascontiguousarray(values, dtype="<f8")
    return [f'"{shape} {one.tobytes().hex()}"' for one in each]


def _as_bytes(array: FloatArray) -> str:
    """Return the exact text of an array: its shape and its bytes, for hashes and storage."""
    return f"{array.shape} {np.ascontiguousarray(array, dtype='<f8').tobytes().hex()}"


Matrix = Annotated[FloatArray, PlainValidator(_matrix), PlainSerializer(_as_bytes, when_used="json")]
Vector = Annotated[FloatArray, PlainValidator(_vector), PlainSerializer(_as_bytes, when_used="json")]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
