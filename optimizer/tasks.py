"""Tasks of a training: what a network learns from the samples of a data set, and its score on the test samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from amc_circuits import ParameterError, short_repr
from optimizer.datasets import Dataset
from optimizer.layers import Array
from optimizer.losses import BERNOULLI, SOFTMAX, Bernoulli, Loss, Softmax, Targets
from optimizer.model import Model, Weights

SCORING_BATCH = 1_000
"""Test samples that pass through the network together."""
Float = type[np.floating[Any]]


class Task(Protocol):
    """Inputs, targets, loss and score of a training on one data set."""

    @property
    def loss(self) -> Loss:
        """Loss of the outputs."""

    @property
    def outputs(self) -> int:
        """Number of outputs of the network."""

    def batch(self, chosen: NDArray[np.int64], dtype: Float) -> tuple[Array, Targets]:
        """Return the inputs, the sample being the last index, and the targets of these training samples."""

    def score(self, model: Model, weights: Weights) -> float:
        """Return the score on the test samples."""

    def guesses(self, loss: float, score: float) -> bool:
        """Return True if neither loss nor score are better than those of answers without regard to the sample."""


@dataclass(frozen=True)
class Classification:
    """Classes of normalised samples by softmax cross-entropy; the score is the fraction of right answers."""

    dataset: Dataset
    loss: Softmax = SOFTMAX

    __repr__ = short_repr

    @property
    def outputs(self) -> int:
        """Number of classes."""
        return self.dataset.classes

    def batch(self, chosen: NDArray[np.int64], dtype: Float) -> tuple[Array, Targets]:
        """Return normalised inputs, and labels."""
        images = self.dataset.network_input(self.dataset.train_images[chosen], dtype)
        return images, self.dataset.train_labels[chosen]

    def score(self, model: Model, weights: Weights) -> float:
        """Return the fraction of the test samples that the network classifies correctly."""
        return accuracy(model, weights, self.dataset)

    def guesses(self, loss: float, score: float) -> bool:
        """Return True if the loss is not below `log classes`, nor the accuracy above `guessing_accuracy`.

        Equal probabilities for all classes have that loss.
        """
        return not (loss < math.log(self.outputs) or score > guessing_accuracy(self.dataset.test_labels))


@dataclass(frozen=True)
class Autoencoder:
    """Reproduction of images by independent Bernoulli variables, one a pixel; the score is the loss, nats an image.

    Pixels are scaled to 0 to 1 by the smallest and the largest value of the training part; test pixels beyond are
    clipped. Inputs and targets are the same values.

    Attributes:
        dataset: Images.
        loss: Loss of the outputs.

    Raises:
        ParameterError: The samples are no images, or all their values are the same.
    """

    dataset: Dataset
    loss: Bernoulli = BERNOULLI

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Refuse samples that have no pixels, or no contrast."""
        if len(self.dataset.image_shape) == 1:
            raise ParameterError("task", "autoencoder", "takes images; for features give data.shape, or take classes")
        if not self._span > 0:
            raise ParameterError(
                "task", "autoencoder", "all pixels of the training images have the same value; give other images"
            )

    @cached_property
    def _lowest(self) -> float:
        return float(self.dataset.train_images.min())

    @cached_property
    def _span(self) -> float:
        return float(self.dataset.train_images.max()) - self._lowest

    @property
    def normalised(self) -> str:
        """Scaling in words, with its numbers."""
        return f"{self._lowest:.4g} to {self._lowest + self._span:.4g} as 0 to 1"

    @property
    def outputs(self) -> int:
        """Number of values of an image."""
        return math.prod(self.dataset.input_shape)

    def batch(self, chosen: NDArray[np.int64], dtype: Float) -> tuple[Array, Targets]:
        """Return scaled images, and the same as columns."""
        return self._scaled(self.dataset.train_images[chosen], dtype)

    def score(self, model: Model, weights: Weights) -> float:
        """Return the mean loss of a test image, nats."""
        total, images = 0.0, self.dataset.test_images
        for start in range(0, len(images), SCORING_BATCH):
            inputs, targets = self._scaled(images[start : start + SCORING_BATCH], weights[0].dtype.type)
            total += self.loss.value(model.logits(weights, inputs), targets) * targets.shape[1]
        return total / len(images)

    def guesses(self, loss: float, score: float) -> bool:
        """Return True if both losses are not below that of probabilities of a half, `log 2` a value."""
        return not min(loss, score) < self.outputs * math.log(2)

    def _scaled(self, images: NDArray[Any], dtype: Float) -> tuple[Array, Array]:
        scaled = np.clip((images.astype(np.float64) - self._lowest) / self._span, 0.0, 1.0)
        pixels = scaled[..., None] if scaled.ndim == 3 else scaled
        inputs = np.ascontiguousarray(pixels.transpose(3, 1, 2, 0), dtype)
        return inputs, inputs.reshape(-1, len(images))


def guessing_accuracy(labels: NDArray[np.integer]) -> float:
    """Accuracy that answers without regard to the samples may have.

    It is the largest share of a class, and three standard deviations of that share.

    Raises:
        ParameterError: The labels are no whole numbers from 0 on, or there are none.
    """
    found = np.asarray(labels)
    if not (found.ndim == 1 and found.size and found.dtype.kind in "iu" and found.min() >= 0):
        raise ParameterError("labels", f"{found.dtype} of shape {found.shape}", "must be whole numbers from 0 on")
    share = float(np.bincount(labels).max() / len(labels))
    return share + 3 * math.sqrt(share * (1 - share) / len(labels))


def accuracy(model: Model, weights: Weights, dataset: Dataset) -> float:
    """Return the fraction of the test images that the network classifies correctly."""
    right = 0
    for start in range(0, len(dataset.test_labels), SCORING_BATCH):
        part = slice(start, start + SCORING_BATCH)
        images = dataset.network_input(dataset.test_images[part], weights[0].dtype.type)
        right += int(np.sum(model.logits(weights, images).argmax(axis=0) == dataset.test_labels[part]))
    return right / len(dataset.test_labels)


TASKS: dict[str, type[Classification] | type[Autoencoder]] = {
    "classification": Classification,
    "autoencoder": Autoencoder,
}
"""Tasks by their names in a specification."""
