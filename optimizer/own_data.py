"""Data of one's own: samples and labels checked, classes numbered, split and normalised."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits import ParameterError
from optimizer.data_files import Samples, Source, Stored, read_source, sources
from optimizer.data_settings import DataSettings
from optimizer.datasets import Dataset, load_dataset, normalisation_of
from optimizer.specification import TrainingSpec

FORMS = "samples x features, samples x height x width, or samples x height x width x channels"
MOST_CHANNELS = 16
SHOWN = 8
"""Most classes in an error."""
MOST_EXACT = 2.0**53
"""Largest float up to which floats represent all whole numbers."""
WRITTEN = re.compile(r"0|-?[1-9][0-9]{0,17}")
"""Words that are whole numbers: the only way to write each, and within 64 bits."""


def load_data(spec: TrainingSpec) -> Dataset:
    """Load the data of a specification: its files, or else its named data set.

    Raises:
        ParameterError: A file cannot be used, or the data set is not available.
    """
    return load_dataset(spec.dataset) if spec.data is None else load_own(spec.data)


def load_own(settings: DataSettings) -> Dataset:
    """Load samples and labels from files.

    Without test samples, all samples are shuffled with `split_seed`, and the first ones, the part `split` of them, are
    for training. Classes are numbered in the order of their numbers, or of their names if one is a word.

    Raises:
        ParameterError: A file cannot be read, is not safe, or does not hold samples and labels.
    """
    first, second = sources(settings)
    train = _part(first, settings.shape)
    names = _class_names(train)
    if second is None:
        order = np.random.default_rng(settings.split_seed).permutation(len(train.samples))
        count = int(settings.split * len(order))
        if not 0 < count < len(order):
            raise ParameterError("data.split", settings.split, f"leaves nothing of {len(order)} samples for one part")
        train, test = _chosen(train, order[:count]), _chosen(train, order[count:])
    else:
        test = _part(second, settings.shape)
        _check_alike(train, test)
    normalisation = _normalisation(settings, train.samples)
    mean, deviation = normalisation_of(train.samples, normalisation)
    return Dataset(
        Path(settings.train).stem,
        train.samples,
        _numbered("data.train", train, names),
        test.samples,
        _numbered("data.test", test, names),
        mean,
        deviation,
        normalisation,
        names,
    )


def _chosen(part: Stored, places: NDArray[np.int64]) -> Stored:
    return Stored(part.samples[places], part.labels[places], part.names)


def _part(source: Source, shape: tuple[int, ...] | None) -> Stored:
    stored = read_source(source)
    samples = np.ascontiguousarray(stored.samples)
    if shape is not None:
        samples = _shaped(source, samples, shape)
    if samples.ndim not in (2, 3, 4) or samples.dtype.kind not in "fiub" or not samples.size:
        raise ParameterError(source.parameter, f"an array of {samples.dtype}, {samples.shape}", f"must be {FORMS}")
    if samples.ndim == 4 and samples.shape[-1] > MOST_CHANNELS >= samples.shape[1]:
        mend = "has its channels before height and width; put them last: numpy.moveaxis(X, 1, -1)"
        raise ParameterError(source.parameter, f"shape {samples.shape}", mend)
    if not np.isfinite(samples).all():
        raise ParameterError(source.parameter, str(source.path), "has values that are nan or infinite; mend them")
    return Stored(samples, _labels(source, stored.labels, len(samples)), stored.names)


def _shaped(source: Source, samples: Samples, shape: tuple[int, ...]) -> Samples:
    try:
        return samples.reshape(len(samples), *shape)
    except ValueError:
        width = f"samples of {samples[0].size} values"
        raise ParameterError("data.shape", list(shape), f"{source.path} has {width}; take their shape") from None


def _labels(source: Source, labels: NDArray[Any], count: int) -> NDArray[Any]:
    """One label a sample, whole numbers or words."""
    if labels.ndim == 2 and 1 in labels.shape:
        labels = labels.ravel()
    if labels.shape != (count,):
        mend = f"must be one for each of the {count} samples; numpy.argmax(y, axis=1) of a one-hot array"
        raise ParameterError(source.parameter, f"labels of shape {labels.shape}", mend)
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "backslashreplace")
    if labels.dtype.kind not in "Ufiub":
        raise ParameterError(source.parameter, f"labels of {labels.dtype}", "must be whole numbers or words")
    if labels.dtype.kind in "iu":
        return labels
    return _words(source, labels) if labels.dtype.kind == "U" else _whole(source, labels.astype(np.float64))


def _words(source: Source, labels: NDArray[Any]) -> NDArray[Any]:
    """Words, or whole numbers if each is written as one: `7` or `7.0`, but not `07` or `1_2`."""
    words, places = np.unique(labels, return_inverse=True)
    try:
        numbers = words.astype(np.float64)
    except ValueError:
        return labels
    _check_whole(source, numbers)
    texts = [word.removesuffix(".0") for word in words.tolist()]
    return np.array(texts).astype(np.int64)[places] if all(map(WRITTEN.fullmatch, texts)) else labels


def _check_whole(source: Source, numbers: NDArray[np.float64]) -> None:
    for odd in numbers[~(np.isfinite(numbers) & (numbers == np.round(numbers)))][:1]:
        raise ParameterError(source.parameter, f"the label {odd:g}", "a class must be a whole number or a word")


def _whole(source: Source, numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    _check_whole(source, numbers)
    for large in numbers[np.abs(numbers) > MOST_EXACT][:1]:
        mend = "is a float beyond 2**53, where whole numbers are not distinct; take integers or words"
        raise ParameterError(source.parameter, f"the label {large:g}", mend)
    return numbers.astype(np.int64)


def _class_names(train: Stored) -> tuple[str, ...]:
    names = np.unique(train.labels)
    if len(names) < 2:
        raise ParameterError("data.train", f"samples of one class, {names[0]}", "must have two classes or more")
    if len(names) > max(2, len(train.labels) // 2):
        mend = "more than half as many as samples; name the labels by data.label or data.y_name"
        raise ParameterError("data.train", f"{len(names)} classes", mend)
    return tuple(str(name) for name in names)


def _numbered(parameter: str, part: Stored, names: tuple[str, ...]) -> NDArray[np.int64]:
    numbers = {name: number for number, name in enumerate(names)}
    found = [str(label) for label in part.labels]
    if unknown := sorted(set(found) - numbers.keys()):
        more = " ..." if len(names) > SHOWN else ""
        mend = f"no sample for training is of this class; the classes are {', '.join(names[:SHOWN])}{more}"
        raise ParameterError(parameter, f"the label {unknown[0]}", mend)
    return np.array([numbers[name] for name in found], np.int64)


def _check_alike(train: Stored, test: Stored) -> None:
    if train.samples.shape[1:] != test.samples.shape[1:]:
        mend = f"must be that of the samples for training, {train.samples.shape[1:]}"
        raise ParameterError("data.test", f"samples of shape {test.samples.shape[1:]}", mend)
    if train.names and test.names and train.names != test.names:
        name, other = next(pair for pair in zip(test.names, train.names, strict=True) if pair[0] != pair[1])
        raise ParameterError("data.test", f"the column {name}", f"must be {other}, as in the samples for training")


def _normalisation(settings: DataSettings, samples: Samples) -> str:
    if settings.normalisation == "auto":
        return "per-feature" if samples.ndim == 2 else "overall"
    if settings.normalisation == "per-channel" and samples.ndim == 2:
        raise ParameterError("data.normalisation", "per-channel", "features have no channels; take per-feature")
    return settings.normalisation
