"""Data sets: one record, the named ones of handwriting, and the folders of their files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits import ParameterError, short_repr
from optimizer import emnist_letters, ocr_letters
from optimizer.downloads import cache_folder
from optimizer.layers import Array, Shape

Part = tuple[NDArray[np.uint8], NDArray[np.int64]]

_SHUFFLE_SEED = 0
_DIGITS_FOR_TRAINING = 1_437  # four fifths of 1,797
_FILED = {ocr_letters.NAME: ocr_letters.load, emnist_letters.NAME: emnist_letters.load}
NAMES = ("digits", *_FILED)


@dataclass(frozen=True)
class Dataset:
    """Samples and labels in two parts.

    Attributes:
        name: Name of the data set.
        train_images: `samples x height x width`, `samples x height x width x channels` or `samples x features`.
        train_labels: Integers from 0 on.
        test_images: Test samples, never used for training.
        test_labels: Labels of the test samples.
        mean: Mean of the training values, in their own unit: a number, or an array as of one sample, `1 x ...`.
        deviation: Standard deviation of the training values, likewise.
        normalisation: Type of the normalisation: `overall`, `per-channel`, `per-feature` or `none`.
        class_names: Name of each class; empty for the number of each.
    """

    name: str
    train_images: NDArray[Any]
    train_labels: NDArray[np.int64]
    test_images: NDArray[Any]
    test_labels: NDArray[np.int64]
    mean: float | NDArray[np.float64]
    deviation: float | NDArray[np.float64]
    normalisation: str = "overall"
    class_names: tuple[str, ...] = ()

    __repr__ = short_repr

    @property
    def counts(self) -> dict[str, int]:
        """Number of classes, training images and test images; an excerpt of a data set has fewer."""
        return {
            "classes": self.classes,
            "training_images": len(self.train_labels),
            "test_images": len(self.test_labels),
        }

    @property
    def description(self) -> dict[str, Any]:
        """Counts, shape of a sample, normalisation and names of the classes, as plain data."""
        return {
            "name": self.name,
            **self.counts,
            "sample_shape": list(self.image_shape),
            "normalisation": self.normalised,
            "class_names": list(self.class_names) or None,
        }

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height and width of an image, and its channels if it has colours; or the number of features."""
        return self.train_images.shape[1:]

    @property
    def input_shape(self) -> Shape:
        """Shape of one sample as the input of a network: channels, height and width; or the number of features."""
        return _channels_first(self.train_images[:1]).shape[:-1]

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names) or int(self.train_labels.max()) + 1

    @property
    def normalised(self) -> str:
        """Normalisation in words, with its numbers if they are two."""
        if isinstance(self.mean, float) and isinstance(self.deviation, float) and self.normalisation != "none":
            return f"{self.normalisation}: mean {self.mean:.4g}, deviation {self.deviation:.4g}"
        return self.normalisation

    def network_input(self, images: NDArray[Any], dtype: type[np.floating[Any]] = np.float64) -> Array:
        """Convert samples to a network's input, the sample being the last index, normalised by the training part.

        The normalisation is in double precision: single precision loses values that differ little beside their mean.
        """
        if self.normalisation == "none":
            return _channels_first(images).astype(dtype, order="C")
        x: Array = _channels_first(images).astype(np.float64, order="C")
        x -= _channels_first(np.asarray(self.mean))
        x /= _channels_first(np.asarray(self.deviation))
        return x.astype(dtype, copy=False)


def normalisation_of(samples: NDArray[Any], normalisation: str) -> tuple[Any, Any]:
    """Mean and standard deviation of training samples, the sample being the first index.

    Values that are the same in all samples have the deviation 1, whatever the rounding of their mean.

    Args:
        samples: Training samples.
        normalisation: `overall`, `per-channel` (the last of four indices; a grey image has one channel),
            `per-feature` or `none`.

    Returns:
        Two numbers, or two arrays as of one sample, `1 x ...`.
    """
    if normalisation == "none":
        return 0.0, 1.0
    overall = normalisation == "overall"
    axes = {"overall": None, "per-feature": (0,)}.get(normalisation, (0, 1, 2))
    mean = samples.mean(axis=axes, keepdims=not overall, dtype=np.float64)
    deviation = samples.std(axis=axes, keepdims=not overall, dtype=np.float64)
    differ = samples.max(axis=axes, keepdims=not overall) != samples.min(axis=axes, keepdims=not overall)
    deviation = np.where(differ & (deviation > 0), deviation, 1.0)
    return (float(mean), float(deviation)) if overall else (mean, deviation)


def _channels_first(samples: NDArray[Any]) -> NDArray[Any]:
    """Move the sample to the last index, and the channels, one for grey images, to the first."""
    match samples.ndim:
        case 2:
            return samples.T
        case 3:
            return samples.transpose(1, 2, 0)[None]
        case 4:
            return samples.transpose(3, 1, 2, 0)
    return samples


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
    mean, deviation = normalisation_of(training[0], "overall")
    return Dataset(name, *training, *scoring, mean, deviation)


def where_found() -> dict[str, str]:
    """Folder of each data set; empty if it is not on this machine. Files are located, not read."""
    found = {"digits": "bundled with scikit-learn"}
    for name in _FILED:
        found[name] = next((str(folder) for folder in folders(name) if folder.is_dir() and any(folder.iterdir())), "")
    return found
