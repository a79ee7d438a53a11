"""Data sets of handwriting: one record, one table of names, and the folders of the files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits import ParameterError
from optimizer import emnist_letters, ocr_letters
from optimizer.downloads import cache_folder
from optimizer.layers import Array

Part = tuple[NDArray[np.uint8], NDArray[np.int64]]

_SHUFFLE_SEED = 0
_DIGITS_FOR_TRAINING = 1_437  # four fifths of 1,797
_FILED = {ocr_letters.NAME: ocr_letters.load, emnist_letters.NAME: emnist_letters.load}
NAMES = ("digits", *_FILED)


@dataclass(frozen=True)
class Dataset:
    """Images and labels in two parts.

    Attributes:
        name: Name of the data set.
        train_images: `samples x height x width`.
        train_labels: Integers from 0 on.
        test_images: Test images, never used for training.
        test_labels: Labels of the test images.
        mean: Mean of all training pixels, in their own unit.
        deviation: Standard deviation of all training pixels.
    """

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    mean: float
    deviation: float

    @property
    def counts(self) -> dict[str, int]:
        """Number of classes, training images and test images; an excerpt of a data set has fewer."""
        return {
            "classes": self.classes,
            "training_images": len(self.train_labels),
            "test_images": len(self.test_labels),
        }

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of an image."""
        return self.train_images.shape[1], self.train_images.shape[2]

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.train_labels.max()) + 1

    def network_input(self, images: NDArray[np.uint8], dtype: type[np.floating[Any]] = np.float64) -> Array:
        """Convert images to a network's input, `1 x height x width x samples`, standardised by the training part."""
        x: Array = images.transpose(1, 2, 0)[None].astype(dtype, order="C")
        x -= dtype(self.mean)
        x /= dtype(self.deviation)
        return x


def load_dataset(name: str) -> Dataset:
    """Load a data set by its name.

    `digits` comes with scikit-learn. The others are searched for in the sub-folder of their name in the folder of the
    environment variable AMC_DATA_DIR, then in the user's cache; otherwise they are downloaded into the cache.

    Args:
        name: One of `NAMES`.

    Raises:
        ParameterError: There is no such data set, AMC_DATA_DIR is not a folder, a file is damaged, or the download
            failed.
    """
    if name == "digits":
        return _dataset(name, *_digits())
    if name not in _FILED:
        raise ParameterError("dataset", repr(name), f"must be one of {', '.join(NAMES)}")
    return _dataset(name, *_FILED[name](folders(name), cache_folder(name)))


def folders(name: str) -> list[Path]:
    """List the folders that may hold the files of a data set, in the order of the search.

    Raises:
        ParameterError: AMC_DATA_DIR does not name a folder.
    """
    chosen = os.environ.get("AMC_DATA_DIR", "")
    if chosen and not Path(chosen).is_dir():
        raise ParameterError("AMC_DATA_DIR", repr(chosen), "must name an existing folder, or be unset")
    return [Path(chosen) / name, cache_folder(name)] if chosen else [cache_folder(name)]


def _digits() -> tuple[Part, Part]:
    """Load the 8 x 8 digits of scikit-learn (UCI Optdigits, test part), shuffled with a fixed seed."""
    from sklearn.datasets import load_digits

    bundled = load_digits()
    order = np.random.default_rng(_SHUFFLE_SEED).permutation(len(bundled.target))
    images, labels = bundled.images[order].astype(np.uint8), bundled.target[order].astype(np.int64)
    split = _DIGITS_FOR_TRAINING
    return (images[:split], labels[:split]), (images[split:], labels[split:])


def _dataset(name: str, training: Part, scoring: Part) -> Dataset:
    pixels = training[0]
    return Dataset(name, *training, *scoring, mean=float(pixels.mean()), deviation=float(pixels.std()) or 1.0)


def where_found() -> dict[str, str]:
    """Folder of each data set; empty if it is not on this machine. Files are located, not read."""
    found = {"digits": "bundled with scikit-learn"}
    for name in _FILED:
        found[name] = next((str(folder) for folder in folders(name) if folder.is_dir() and any(folder.iterdir())), "")
    return found
