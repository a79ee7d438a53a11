"""Scikit-learn's digits in files of each format that a specification can name."""

import gzip

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from tests.optimizer.idx_files import idx_bytes

IMAGES, LABELS = load_digits().images, load_digits().target


def npz(folder):
    """Images of float64 and labels as X and y."""
    np.savez_compressed(folder / "digits.npz", X=IMAGES, y=LABELS)
    return {"train": str(folder / "digits.npz")}


def keras(folder):
    """Images of uint8, and labels as a column, under other names."""
    np.savez(folder / "keras.npz", x_train=IMAGES.astype(np.uint8), y_train=LABELS[:, None])
    return {"train": str(folder / "keras.npz"), "x_name": "x_train", "y_name": "y_train"}


def npy(folder):
    """Images in one file and labels in another."""
    np.save(folder / "images.npy", IMAGES.astype(np.float32))
    np.save(folder / "labels.npy", LABELS)
    return {"train": str(folder / "images.npy"), "labels": str(folder / "labels.npy")}


def idx(folder):
    """A pair of IDX files."""
    (folder / "images-idx3-ubyte").write_bytes(idx_bytes(IMAGES.astype(np.uint8), 0x08))
    (folder / "labels-idx1-ubyte").write_bytes(idx_bytes(LABELS.astype(np.uint8), 0x08))
    return {"train": str(folder / "images-idx3-ubyte"), "labels": str(folder / "labels-idx1-ubyte")}


def packed_idx(folder):
    """A pair of IDX files, gzipped."""
    for name, array in (("i", IMAGES), ("l", LABELS)):
        (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array.astype(np.uint8), 0x08)))
    return {"train": str(folder / "i.gz"), "labels": str(folder / "l.gz")}


def csv(folder):
    """A table without header, the label last; the images are its rows."""
    np.savetxt(folder / "digits.csv", np.column_stack([IMAGES.reshape(-1, 64), LABELS]), "%d", ",")
    return {"train": str(folder / "digits.csv"), "shape": [8, 8], "normalisation": "overall"}


def named_csv(folder):
    """A table with a header, the label first."""
    header = ",".join(["digit", *(f"{row}x{column}" for row in range(8) for column in range(8))])
    table = np.column_stack([LABELS, IMAGES.reshape(-1, 64)])
    np.savetxt(folder / "named.csv", table, "%d", ",", header=header, comments="")
    return {"train": str(folder / "named.csv"), "label": "digit", "shape": [8, 8]}


FORMATS = {made.__name__: made for made in (npz, keras, npy, idx, packed_idx, csv, named_csv)}


def pngs(folder, images=IMAGES, labels=LABELS):
    """A folder of PNG pictures for each digit, their names in the order of the images."""
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / f"{label}").mkdir(exist_ok=True)
        Image.fromarray(image.astype(np.uint8)).save(folder / f"{label}" / f"{place:04}.png")
    return {"train": str(folder)}
