"""Files of data that are damaged, unsafe or something else: one line each."""

import pickle
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from amc_circuits import ParameterError
from optimizer.data_settings import DataSettings
from optimizer.own_data import load_own
from tests.optimizer.digit_files import pngs
from tests.optimizer.idx_files import idx_bytes

X, Y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2


class Acts:
    """An object whose pickle would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def npz(folder, name="x.npz", **arrays):
    """Writes a file of named arrays and returns its settings."""
    np.savez(folder / name, **arrays)
    return {"train": str(folder / name)}


@pytest.fixture
def refused():
    """Asserts that settings are refused in one line."""

    def check(words, **settings):
        with pytest.raises(ParameterError, match=words) as caught:
            load_own(DataSettings(**settings))
        assert "\n" not in str(caught.value)

    return check


def test_no_pickle_is_read(tmp_path, refused):
    """Neither as an array of objects nor as a file of its own, and its code does not run."""
    objects = np.empty(20, object)
    objects[:] = [Acts(tmp_path / "ran")] * 20
    refused("holds Python objects, which are not read", **npz(tmp_path, X=objects, y=Y))
    refused("holds Python objects", **npz(tmp_path, X=X, y=objects))
    np.save(tmp_path / "x.npy", objects)
    refused("holds Python objects", train=str(tmp_path / "x.npy"), labels=str(tmp_path / "x.npy"))
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(Acts(tmp_path / "ran")))
    refused("is a Python pickle, which may run code", train=str(tmp_path / "x.pkl"))
    assert not (tmp_path / "ran").exists()


ARRAYS = {
    r"shape \(19,\); must be one for each of the 20 samples": {"X": X, "y": Y[:19]},
    r"labels of shape \(20, 2\); .*numpy\.argmax\(y, axis=1\)": {"X": X, "y": np.eye(2)[Y]},
    "got the label 0.5; a class must be a whole number or a word": {"X": X, "y": Y / 2},
    r"got the label 1e\+30; is a float beyond 2\*\*53": {"X": X, "y": np.where(Y, 2e30, 1e30)},
    "the label nan": {"X": X, "y": np.where(Y, np.nan, 0)},
    "has values that are nan or infinite": {"X": np.where(X > 30, np.inf, X), "y": Y},
    r"an array of complex128, \(20, 2\); must be samples x features": {"X": X + 1j, "y": Y},
    r"an array of float64, \(20,\); must be samples x features": {"X": X[:, 0], "y": Y},
    "samples of one class, 0; must have two": {"X": X, "y": 0 * Y},
    "got 20 classes; more than half as many as samples": {"X": X, "y": np.arange(20)},
    r"has its channels before height and width; put them last": {"X": np.zeros((20, 3, 32, 32)), "y": Y},
    r"has no array X; it holds images, y; name one by data\.x_name": {"images": X, "y": Y},
    r"has no array y; it holds X, target; name one by data\.y_name": {"X": X, "target": Y},
}


@pytest.mark.parametrize("words", ARRAYS)
def test_arrays_that_are_no_samples_and_labels_are_named(tmp_path, refused, words):
    """The error names file, shape and mend."""
    refused(words, **npz(tmp_path, **ARRAYS[words]))


def test_settings_that_do_not_fit_the_file_are_named(tmp_path, refused):
    """Names for a table, a column for an array, a shape that has other pixels, channels of features, a tiny split."""
    data = npz(tmp_path, X=X, y=Y)
    (tmp_path / "x.csv").write_text("\n".join(f"{a},{b},{label}" for (a, b), label in zip(X, Y, strict=True)))
    np.save(tmp_path / "x.npy", X)
    refused(r"data\.label: .*has no effect: this is a file of named arrays", **data, label="y")
    refused(r"data\.x_name: .*has no effect: this is a table in text", train=str(tmp_path / "x.csv"), x_name="a")
    refused(r"data\.labels: .*has no effect: this is a table", train=str(tmp_path / "x.csv"), labels="y.npy")
    refused(r"x\.npy; holds one array; add data\.labels", train=str(tmp_path / "x.npy"))
    refused(r"data\.shape: got \[3, 3\]; .* has samples of 2 values", **data, shape=(3, 3))
    refused(r"normalisation: got per-channel; features have no channels", **data, normalisation="per-channel")
    refused(r"data\.split: got 0\.01; leaves nothing of 20 samples", **data, split=0.01)
    refused(r"data\.train: .*nowhere; cannot be read", train=str(tmp_path / "nowhere"))


def test_test_samples_must_be_like_those_for_training(tmp_path, refused):
    """In shape, classes and the order of the columns."""
    data = npz(tmp_path, X=X, y=Y)
    wide, other = npz(tmp_path, "wide.npz", X=np.hstack([X, X]), y=Y), npz(tmp_path, "other.npz", X=X, y=Y + 5)
    refused(r"data\.test: got samples of shape \(4,\); must be .*\(2,\)", **data, test=wide["train"])
    for name, header in (("one", "a,b,label"), ("two", "b,a,label")):
        (tmp_path / name).write_text(f"{header}\n" + "\n".join(f"{a},{b},{k}" for (a, b), k in zip(X, Y, strict=True)))
    refused("data.test: got the column b; must be a,", train=str(tmp_path / "one"), test=str(tmp_path / "two"))
    refused("the label 5; no sample for training is of this class; the classes are 0, 1", **data, test=other["train"])


def test_damaged_idx_files_are_named(tmp_path, refused):
    """By the parameter of the file: too short, or no IDX in a .gz."""
    (tmp_path / "i").write_bytes(idx_bytes(np.zeros((20, 2, 2), np.uint8), 8)[:-1])
    (tmp_path / "l").write_bytes(idx_bytes(Y.astype(np.uint8), 8))
    (tmp_path / "x.gz").write_bytes(b"no gzip")
    refused(r"data\.train: .*is no IDX file: it has 79 of 80", train=str(tmp_path / "i"), labels=str(tmp_path / "l"))
    refused(r"data\.train: .*x\.gz; is no IDX file", train=str(tmp_path / "x.gz"), labels=str(tmp_path / "l"))


def chunk(name, content):
    """A chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def test_pictures_that_cannot_be_read_are_named(tmp_path, refused):
    """Other sizes, other types, damage, no PNG, none at all, and a header that claims a giant."""
    (tmp_path / "empty").mkdir()
    refused("holds no folders with .png pictures", train=str(tmp_path / "empty"))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 0, 0, 0, 0))
    giant = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    Image.new("L", (8, 8)).save(tmp_path / "grey.png")
    whole = (tmp_path / "grey.png").read_bytes()
    bad = {
        "9.png; is of shape": lambda path: Image.new("L", (8, 9)).save(path),
        r"is of shape \(8, 8, 3\), but": lambda path: Image.new("RGB", (8, 8)).save(path),
        "is a PNG of type P; save it with 8 bits": lambda path: Image.new("P", (8, 8)).save(path),
        "is a damaged PNG": lambda path: path.write_bytes(whole[:43]),
        "is no PNG picture": lambda path: path.write_bytes(b"text"),
        r"is of shape \(9000, 9000\), but": lambda path: path.write_bytes(giant),
    }
    for place, (words, write) in enumerate(bad.items()):
        folder = tmp_path / f"case{place}"
        folder.mkdir()
        data = pngs(folder, np.zeros((20, 8, 8)), Y)
        write(folder / "1" / "9.png")
        refused(words, **data)
    folder = tmp_path / "giants"
    (folder / "a").mkdir(parents=True)
    for place in range(14):
        (folder / "a" / f"{place}.png").write_bytes(giant)
    refused("14 pictures of .*more than 1073741824 bytes", train=str(folder))
