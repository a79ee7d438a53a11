"""Samples and labels from files of several formats; the first bytes decide the format, not the name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits import ParameterError, read_labelled_table, stored_array
from optimizer.data_settings import DataSettings
from optimizer.idx import DataFileError, is_idx, read_idx
from optimizer.png_folders import read_png_folder

Samples = NDArray[Any]
"""Samples as stored, the sample being the first index."""


@dataclass(frozen=True)
class Stored:
    """Content of the files of one part of the data.

    Attributes:
        samples: `samples x height x width`, `samples x height x width x channels` or `samples x features`, of any type.
        labels: Label of each sample, a number or a word.
        names: Names of the features; empty where the file has none.
    """

    samples: Samples
    labels: NDArray[Any]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """Place of the samples and labels of one part of the data.

    Attributes:
        parameter: Name of the parameter of the file, as the user knows it.
        path: File or folder.
        labels: File of the labels; None if they stand in the same file.
        x_name: Name of the array of the samples.
        y_name: Name of the array of the labels.
        label: Column of the labels in a table.
        given: Names of the settings that the user gave.
    """

    parameter: str
    path: Path
    labels: Path | None
    x_name: str
    y_name: str
    label: str | int | None
    given: frozenset[str]

    def only(self, what: str, *allowed: str) -> None:
        """Refuse the settings that have no effect for a file of this format."""
        for name in ("labels", "test_labels", "x_name", "y_name", "test_x_name", "test_y_name", "label"):
            if name in self.given and name.removeprefix("test_") not in allowed:
                raise ParameterError(f"data.{name}", str(self.path), f"has no effect: this is {what}; leave it out")


def sources(settings: DataSettings) -> tuple[Source, Source | None]:
    """Return the places of the training part and of the test part; None without test samples."""
    given = settings.given
    labels = None if settings.labels is None else Path(settings.labels)
    names = settings.x_name, settings.y_name
    train = Source("data.train", Path(settings.train), labels, *names, settings.label, given)
    if not settings.has_test:
        return train, None
    test_labels = None if settings.test_labels is None else Path(settings.test_labels)
    names = settings.test_x_name or settings.x_name, settings.test_y_name or settings.y_name
    path = Path(settings.test or settings.train)
    return train, Source("data.test", path, test_labels, *names, settings.label, given)


def read_source(source: Source) -> Stored:
    """Read samples and labels as they are stored.

    Raises:
        ParameterError: A file cannot be read, is not safe, or holds something else.
    """
    if source.path.is_dir():
        source.only("a folder of pictures")
        return Stored(*read_png_folder(source.parameter, source.path))
    head = _head(source)
    if head.startswith((b"PK", b"MATLAB")):
        source.only("a file of named arrays", "x_name", "y_name")
        return _named(source)
    if head.startswith(b"\x93NUMPY") or is_idx(source.path):
        source.only("a file of one array", "labels")
        return _pair(source)
    source.only("a table in text", "label")
    table = read_labelled_table(source.parameter, source.path, source.label)
    return Stored(table.values, np.array(table.labels), table.names)


def _head(source: Source) -> bytes:
    if source.path.exists() and not source.path.is_file():
        raise ParameterError(source.parameter, str(source.path), "is no file and no folder; name one of them")
    try:
        with source.path.open("rb") as file:
            return file.read(8)
    except OSError as error:
        raise ParameterError(source.parameter, str(source.path), f"cannot be read: {error.strerror}") from None


def _named(source: Source) -> Stored:
    test = "test_" if source.parameter == "data.test" else ""
    samples = stored_array(source.parameter, source.path, (2, 3, 4), source.x_name, f"data.{test}x_name")
    return Stored(samples, stored_array(source.parameter, source.path, (1,), source.y_name, f"data.{test}y_name"))


def _pair(source: Source) -> Stored:
    name = "data.test_labels" if source.parameter == "data.test" else "data.labels"
    if source.labels is None:
        raise ParameterError(source.parameter, str(source.path), f"holds one array; add {name}, the file of the labels")
    return Stored(_array(source.parameter, source.path), _array(name, source.labels))


def _array(parameter: str, path: Path) -> NDArray[Any]:
    if not is_idx(path):
        return stored_array(parameter, path, (1, 2, 3, 4))
    try:
        return read_idx(path)
    except DataFileError as error:
        raise ParameterError(parameter, str(path), f"is no IDX file: it has {error.value}") from None
