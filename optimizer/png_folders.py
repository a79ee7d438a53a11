"""Folders of PNG pictures, one folder a class."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits import ParameterError

LARGEST = 2**30
"""Most bytes of all pictures together, unpacked."""
MODES = {"1": "L", "L": "L", "LA": "L", "RGB": "RGB", "RGBA": "RGB"}
"""Types of pictures that are read, and grey or colour as they are taken; what is transparent counts as opaque."""


def read_png_folder(parameter: str, folder: Path) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Read all pictures `folder/class/*.png`, class by class, each in the order of the names.

    Args:
        parameter: Name of the parameter, for the error.
        folder: Folder with a folder for each class.

    Returns:
        Pictures, `samples x height x width` if they are grey, `samples x height x width x 3` if they have colours, and
        the names of their classes.

    Raises:
        ParameterError: There is no picture, one cannot be read, they differ in size or type, or they are too many.
    """
    files = [
        (file, group.name)
        for group in sorted(folder.iterdir())
        if group.is_dir()
        for file in sorted(group.iterdir())
        if file.suffix.lower() == ".png"
    ]
    if not files:
        raise ParameterError(parameter, str(folder), "holds no folders with .png pictures; wanted is class/name.png")
    first = _shape(parameter, files[0][0])
    if len(files) * math.prod(first) > LARGEST:
        raise ParameterError(parameter, f"{len(files)} pictures of {first}", f"more than {LARGEST} bytes; take fewer")
    pictures = np.empty((len(files), *first), np.uint8)
    for place, (file, _) in enumerate(files):
        if (shape := _shape(parameter, file)) != first:
            mend = f"is of shape {shape}, but {files[0][0]} of {first}; all must be of one size, grey or in colours"
            raise ParameterError(parameter, str(file), mend)
        pictures[place] = _pixels(parameter, file)
    return pictures, np.array([name for _, name in files])


def _shape(parameter: str, file: Path) -> tuple[int, ...]:
    """Height and width, and 3 for colours, from the header alone."""
    picture = _opened(parameter, file)
    with picture:
        if picture.mode not in MODES:
            mend = f"is a PNG of type {picture.mode}; save it with 8 bits, grey or RGB"
            raise ParameterError(parameter, str(file), mend)
        return (picture.height, picture.width, 3)[: 2 if MODES[picture.mode] == "L" else 3]


def _pixels(parameter: str, file: Path) -> NDArray[np.uint8]:
    with _opened(parameter, file) as picture:
        try:
            return np.asarray(picture.convert(MODES[picture.mode]), np.uint8)
        except (OSError, SyntaxError, ValueError) as error:
            raise ParameterError(parameter, str(file), f"is a damaged PNG: {error}; mend or remove it") from None


def _opened(parameter: str, file: Path) -> Any:
    from PIL import Image, UnidentifiedImageError  # here, for only this format needs it

    try:
        return Image.open(file, formats=["PNG"])
    except UnidentifiedImageError:
        raise ParameterError(parameter, str(file), "is no PNG picture; convert or remove it") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ParameterError(parameter, str(file), "is a picture of too many pixels") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise ParameterError(parameter, str(file), f"cannot be read: {error}") from None
