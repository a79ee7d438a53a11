"""The data set `ocr-letters`: handwritten lowercase letters, 26 classes, 16 x 8 binary pixels.

R. Kassel, PhD thesis, MIT 1995; cleaned by B. Taskar (Taskar, Guestrin, Koller, NIPS 2003). Training uses the large
part (47,535 letters) and scoring the small one (4,617), the opposite of the names of the prepared files.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from optimizer.downloads import fetch
from optimizer.idx import DataFileError, read_images, read_labels

NAME = "ocr-letters"
BASE_URL = "https://ai.stanford.edu/~btaskar/ocr"
OFFICIAL = "letter.data.gz"
SMALL, LARGE = 4_617, 47_535
_COLUMNS = 6 + 128
_LARGEST = 2**27  # bytes; the official file unpacks to 15e6

Part = tuple[NDArray[np.uint8], NDArray[np.int64]]


def load(folders: list[Path], cache: Path, base_url: str = BASE_URL) -> tuple[Part, Part]:
    """Load the letters, from the first folder that holds them, else from the official source.

    Args:
        folders: Folders that may hold the prepared IDX files or `letter.data.gz`.
        cache: Folder of a download.
        base_url: Address of the official file.

    Returns:
        Training part and scoring part, each images `samples x 16 x 8` (ink is 1 or 255) and labels 0..25.

    Raises:
        ParameterError: A file is damaged, or there is none and the download failed.
    """
    for folder in folders:
        if (folder / _file("test", "images-idx3")).exists():
            return _read_prepared(folder, "test"), _read_prepared(folder, "train")
        if (folder / OFFICIAL).exists():
            return read_official(folder / OFFICIAL)
    path = fetch(base_url, OFFICIAL, cache)
    try:
        return read_official(path)
    except DataFileError:
        path.unlink()
        raise


def read_official(path: Path) -> tuple[Part, Part]:
    """Read `letter.data.gz` and split it into a large and a small part.

    A line holds, separated by tabs: id, letter, next_id, word_id, position, fold, then 128 pixels row by row. The small
    part is fold 0. If the counts differ from the known ones (another edition of the file), it is every tenth word
    instead (`word_id` divisible by 10). Words are never split, because the letters of one word are by one hand.

    Raises:
        DataFileError: The file is not of this format.
    """
    rows = _rows(path)
    try:
        letters = np.array([row[1][0] - ord("a") for row in rows], np.int64)
        words, folds = np.array([[int(row[3]), int(row[5])] for row in rows], np.int64).T
        pixels = np.frombuffer(b"".join(b"".join(row[6:_COLUMNS]) for row in rows), np.uint8) - ord("0")
        images = pixels.reshape(len(rows), 16, 8)
    except (IndexError, ValueError) as error:
        raise DataFileError(path, f"a line that does not fit the format ({error})") from error
    if images.max() > 1 or letters.min() < 0 or letters.max() > 25:
        raise DataFileError(path, "pixels other than 0 and 1, or labels other than a..z")
    small = folds == 0
    if (small.sum(), (~small).sum()) != (SMALL, LARGE):
        small = words % 10 == 0
    if not 0 < small.sum() < len(small):
        raise DataFileError(path, "too few words to be split into two parts")
    return (images[~small], letters[~small]), (images[small], letters[small])


def _rows(path: Path) -> list[list[bytes]]:
    try:
        with gzip.open(path, "rb") as stream:
            content = stream.read(_LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataFileError(path, f"what cannot be read ({error})") from error
    rows = [line.rstrip(b"\t\r").split(b"\t") for line in content.split(b"\n") if line.strip()]
    if not rows or len(content) > _LARGEST or any(len(row) != _COLUMNS for row in rows):
        raise DataFileError(path, f"lines that do not have {_COLUMNS} columns")
    return rows


def _read_prepared(folder: Path, part: str) -> Part:
    images = read_images(folder / _file(part, "images-idx3"))
    path = folder / _file(part, "labels-idx1")
    labels = read_labels(path, len(images)) - 1
    if labels.min() < 0 or labels.max() > 25:
        raise DataFileError(path, "labels other than 1..26")
    return images, labels


def _file(part: str, kind: str) -> str:
    return f"{NAME}-{part}-{kind}-ubyte.gz"
