"""The data set `emnist-letters`: handwritten letters, upper and lower case in one class, 28 x 28 grey pixels.

G. Cohen, S. Afshar, J. Tapson, A. van Schaik, arXiv 1702.05373. The official files hold 124,800 images for training and
20,800 for scoring, 26 classes. If only the excerpt of the first 10,000 scoring images is available (which are sorted by
class: a to l complete, m in part), the task has the twelve complete classes.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from optimizer.downloads import fetch
from optimizer.idx import DataFileError, read_images, read_labels

NAME = "emnist-letters"
BASE_URL = "https://biometrics.nist.gov/cs_links/EMNIST"
OFFICIAL = "gzip.zip"
_EXCERPT_CLASSES = 12
_SHUFFLE_SEED = 0
_FILES = [f"{NAME}-{part}-{kind}-ubyte.gz" for part in ("train", "test") for kind in ("images-idx3", "labels-idx1")]

Part = tuple[NDArray[np.uint8], NDArray[np.int64]]


def load(folders: list[Path], cache: Path, base_url: str = BASE_URL) -> tuple[Part, Part]:
    """Load the letters, from the first folder that holds them, else from the official source.

    Args:
        folders: Folders that may hold the four official IDX files or the excerpt.
        cache: Folder of a download.
        base_url: Address of the official archive.

    Returns:
        Training part and scoring part, each upright images `samples x 28 x 28` and labels from 0 on.

    Raises:
        ParameterError: A file is damaged, or there is none and the download failed.
    """
    for folder in folders:
        if all((folder / name).exists() for name in _FILES):
            return _read(folder, "train"), _read(folder, "test")
        if (folder / f"{NAME}-test10k-images-idx3-ubyte.gz").exists():
            return split_excerpt(*_read(folder, "test10k"))
    _unpack(fetch(base_url, OFFICIAL, cache))
    return _read(cache, "train"), _read(cache, "test")


def split_excerpt(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> tuple[Part, Part]:
    """Split the excerpt: classes a to l only, shuffled with a fixed seed, the first 80 % for training."""
    complete = np.flatnonzero(labels < _EXCERPT_CLASSES)
    order = np.random.default_rng(_SHUFFLE_SEED).permutation(complete)
    training, scoring = np.split(order, [len(order) * 4 // 5])
    return (images[training], labels[training]), (images[scoring], labels[scoring])


def _unpack(archive: Path) -> None:
    """Extract the four files from the official archive and remove it; its other files and its paths are ignored."""
    try:
        with zipfile.ZipFile(archive) as opened:
            for name in _FILES:
                partial = archive.parent / f"{name}.part"
                with opened.open(f"gzip/{name}") as source, partial.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
                partial.replace(archive.parent / name)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise DataFileError(archive, f"what is not the official archive ({error})") from error
    finally:
        archive.unlink()


def _read(folder: Path, part: str) -> Part:
    images = read_images(folder / f"{NAME}-{part}-images-idx3-ubyte.gz")
    path = folder / f"{NAME}-{part}-labels-idx1-ubyte.gz"
    labels = read_labels(path, len(images)) - 1
    if labels.min() < 0 or labels.max() > 25 or images.shape[1:] != (28, 28):
        raise DataFileError(path, "labels other than 1..26, or images other than 28 x 28")
    return images.transpose(0, 2, 1), labels
