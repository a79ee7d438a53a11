"""Samples of a training as signals between -1 and 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amc_circuits import ParameterError, short_repr
from analog_training.devices.cells import Floats, Ints
from analog_training.training.specification import AnalogSpec
from optimizer import Dataset, guessing_accuracy, load_dataset, load_own


@dataclass(frozen=True)
class Task:
    """Samples and labels.

    Attributes:
        train: Training signals, shape (samples, inputs); the largest magnitude is 1.
        train_labels: Classes, from 0 on.
        test: Test signals, scaled in the same way.
        test_labels: Classes of the test signals.
        classes: Number of classes.
    """

    train: Floats
    train_labels: Ints
    test: Floats
    test_labels: Ints
    classes: int

    __repr__ = short_repr

    @property
    def inputs(self) -> int:
        """Number of signals of a sample."""
        return int(self.train.shape[1])

    @property
    def chance(self) -> float:
        """Accuracy that answers without regard to the signals may have."""
        return guessing_accuracy(self.test_labels)


def load_task(spec: AnalogSpec) -> Task:
    """Load the samples of a specification, and divide them by the largest training magnitude.

    Images of a named data set are not normalised; samples of one's own are, as `data.normalisation` says.

    Raises:
        ParameterError: A file cannot be used, the data set is not available, or a setting does not fit it.
    """
    dataset = load_dataset(spec.task.dataset) if spec.data is None else load_own(spec.data)
    if spec.task.batch_size > len(dataset.train_labels):
        mend = f"must be at most the number of training samples, {len(dataset.train_labels)}"
        raise ParameterError("batch_size", spec.task.batch_size, mend)
    train, test = (_signals(dataset, part, spec) for part in (dataset.train_images, dataset.test_images))
    largest = float(np.abs(train).max()) or 1.0
    if not np.isfinite(largest) or not np.isfinite(test).all():
        mend = "gives samples that are not finite: values are too large, or their spread overflows; scale them down"
        raise ParameterError("data", spec.title, mend)
    return Task(train / largest, dataset.train_labels, test / largest, dataset.test_labels, dataset.classes)


def _signals(dataset: Dataset, samples: NDArray[np.generic], spec: AnalogSpec) -> Floats:
    values = np.asarray(samples, np.float64)
    if spec.data is not None and dataset.normalisation != "none":
        with np.errstate(over="ignore", invalid="ignore"):  # the caller refuses what is not finite
            values = (values - dataset.mean) / dataset.deviation
    if spec.task.pool > 1:
        values = _pooled(values, spec.task.pool)
    return np.ascontiguousarray(values.reshape(len(values), -1))


def _pooled(images: Floats, pool: int) -> Floats:
    """Average squares of `pool` x `pool` pixels."""
    if images.ndim < 3 or images.shape[1] % pool or images.shape[2] % pool:
        what = f"samples of shape {images.shape[1:]}"
        raise ParameterError("pool", pool, f"must divide height and width of images; here are {what}")
    height, width = images.shape[1] // pool, images.shape[2] // pool
    blocks = images.reshape(len(images), height, pool, width, pool, *images.shape[3:])
    return np.asarray(blocks.mean(axis=(2, 4)))
