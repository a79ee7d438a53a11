"""Data sets: what is in them, how they are split, and the download from a server of our own."""

import functools
import gc
import gzip
import http.server
import os
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from amc_circuits import ParameterError
from optimizer import emnist_letters, ocr_letters
from optimizer.datasets import NAMES, load_dataset, where_found
from tests.optimizer.idx_files import idx_bytes

here = pytest.mark.skipif(not os.environ.get("AMC_DATA_DIR"), reason="AMC_DATA_DIR names no folder with the files")


@pytest.fixture
def server(tmp_path):
    """A web server on this machine: its folder and its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(_Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as opened:
        threading.Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield folder, f"http://127.0.0.1:{opened.server_port}"
        opened.shutdown()
    gc.collect()  # a connection that a download left open is seen here, not in whichever test comes later


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Prints nothing."""


def letter_lines(words, fold=lambda word: word % 10):
    """Words of three letters in the official format, and the images and labels in them."""
    random, lines, images, labels = np.random.default_rng(0), [], [], []
    for word in range(1, words + 1):
        for position in range(1, 4):
            image, label = random.integers(0, 2, (16, 8)), int(random.integers(0, 26))
            head = [len(lines) + 1, chr(ord("a") + label), -1, word, position, fold(word)]
            lines.append("\t".join(map(str, [*head, *image.ravel()])) + "\t\n")
            images.append(image)
            labels.append(label)
    return gzip.compress("".join(lines).encode()), np.array(images), np.array(labels)


def letter_line(letter=b"a", word=b"1", pixel=b"1"):
    """One line of the official format."""
    return b"\t".join([b"1", letter, b"-1", word, b"1", b"0", *[pixel] * 128]) + b"\n"


def test_digits_are_always_the_same():
    """The bundled digits are split 1,437 to 360, without a common image, in the same order each time."""
    first, second = load_dataset("digits"), load_dataset("digits")
    assert (len(first.train_labels), len(first.test_labels), first.classes) == (1437, 360, 10)
    assert np.array_equal(first.test_images, second.test_images)
    assert np.array_equal(first.train_labels, second.train_labels)
    assert np.bincount(first.test_labels, minlength=10).min() > 20


def test_network_input_is_standardised_by_the_training_part():
    """All training images together have mean 0 and deviation 1; the sample is the last index."""
    digits = load_dataset("digits")
    x = digits.network_input(digits.train_images)
    assert x.shape == (1, 8, 8, 1437)
    assert x.mean() == pytest.approx(0, abs=1e-12)
    assert x.std() == pytest.approx(1, rel=1e-12)
    restored = x[0, :, :, 5] * digits.deviation + digits.mean
    assert np.allclose(restored, digits.train_images[5], atol=1e-12)


def test_an_unknown_name_or_folder_is_refused(monkeypatch, tmp_path):
    """The error lists the names; AMC_DATA_DIR must be a folder."""
    with pytest.raises(ParameterError, match="digits, ocr-letters, emnist-letters"):
        load_dataset("mnist")
    monkeypatch.setenv("AMC_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(ParameterError, match=r"AMC_DATA_DIR: got .*nowhere"):
        load_dataset("ocr-letters")


@here
def test_ocr_letters_are_trained_on_the_large_part():
    """47,535 letters for training, 4,617 for scoring, 26 classes, 16 x 8; as many e and j as are known."""
    letters = load_dataset("ocr-letters")
    assert (len(letters.train_labels), len(letters.test_labels), letters.classes) == (47535, 4617, 26)
    assert letters.image_shape == (16, 8)
    counts = np.bincount(np.concatenate([letters.train_labels, letters.test_labels]))
    assert (counts[4], counts[9]) == (4955, 189)


@here
def test_emnist_excerpt_is_a_balanced_task_of_twelve_letters():
    """800 images each of a to l, shuffled, without a common place in both parts."""
    letters = load_dataset("emnist-letters")
    assert (len(letters.train_labels), len(letters.test_labels), letters.classes) == (7680, 1920, 12)
    counts = np.bincount(np.concatenate([letters.train_labels, letters.test_labels]))
    assert counts.tolist() == [800] * 12
    assert len(set(letters.train_labels[:50].tolist())) > 5


def test_where_found_lists_every_data_set(monkeypatch, tmp_path):
    """Each name has a line, empty where there are no files."""
    monkeypatch.setenv("AMC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "ocr-letters").mkdir()
    (tmp_path / "ocr-letters" / "letter.data.gz").touch()
    found = where_found()
    assert list(found) == list(NAMES)
    assert found["ocr-letters"] == str(tmp_path / "ocr-letters")
    assert found["emnist-letters"] == ""


def test_letters_are_downloaded_from_the_source_once(server, tmp_path):
    """The official file is fetched, split by words, and read from the cache when the server no longer has it."""
    folder, address = server
    packed, images, labels = letter_lines(words=20)
    (folder / "letter.data.gz").write_bytes(packed)
    cache = tmp_path / "cache"
    training, scoring = ocr_letters.load([cache], cache, address)
    (folder / "letter.data.gz").unlink()
    again, _ = ocr_letters.load([cache], cache, address)
    small = np.repeat(np.arange(1, 21) % 10 == 0, 3)
    assert np.array_equal(training[0], images[~small])
    assert np.array_equal(scoring[1], labels[small])
    assert np.array_equal(again[0], training[0])


def test_known_counts_are_split_by_fold(monkeypatch, tmp_path):
    """Where fold 0 and the rest have the known counts, fold 0 is the small part, whatever the numbers of the words."""
    packed, images, labels = letter_lines(words=10, fold=lambda word: 0 if word in (3, 4) else 1)
    (tmp_path / "letter.data.gz").write_bytes(packed)
    monkeypatch.setattr(ocr_letters, "SMALL", 6)
    monkeypatch.setattr(ocr_letters, "LARGE", 24)
    training, scoring = ocr_letters.read_official(tmp_path / "letter.data.gz")
    assert np.array_equal(scoring[0], images[6:12])
    assert np.array_equal(training[1], np.delete(labels, range(6, 12)))


DAMAGED = {
    "not gzip": b"text",
    "empty": gzip.compress(b""),
    "columns": gzip.compress(b"1\ta\t-1\t1\t1\t0\n"),
    "word": gzip.compress(letter_line(word=b"x")),
    "pixel": gzip.compress(letter_line(pixel=b"7")),
    "letter": gzip.compress(letter_line(letter=b"?")),
    "one word": gzip.compress(letter_line()),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_download_is_an_error_and_is_not_kept(server, tmp_path, content):
    """Structure is checked after the download; what does not fit is removed, so that the next try downloads anew."""
    folder, address = server
    (folder / "letter.data.gz").write_bytes(content)
    with pytest.raises(ParameterError, match=r"letter\.data\.gz: got") as caught:
        ocr_letters.load([], tmp_path / "cache", address)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_source_that_does_not_answer_is_one_line(server, tmp_path):
    """A missing file on the server ends in an error with address and mend."""
    _, address = server
    with pytest.raises(ParameterError, match=r"AMC_DATA_DIR/cache") as caught:
        ocr_letters.load([], tmp_path / "cache", address)
    assert "letter.data.gz" in str(caught.value)
    assert "\n" not in str(caught.value)


def emnist_archive(folder: Path, leave_out: str = ""):
    """A small archive in the official layout, with a file that is not wanted and one that would leave the folder."""
    random, kept = np.random.default_rng(1), {}
    with zipfile.ZipFile(folder / "gzip.zip", "w") as archive:
        archive.writestr("gzip/emnist-mnist-train-images-idx3-ubyte.gz", b"not wanted")
        archive.writestr("../escaped", b"not wanted")
        for part, count in (("train", 6), ("test", 4)):
            kept[part] = random.integers(0, 256, (count, 28, 28)).astype(np.uint8)
            labels = random.integers(1, 27, count).astype(np.uint8)
            for kind, array in (("images-idx3", kept[part]), ("labels-idx1", labels)):
                name = f"emnist-letters-{part}-{kind}-ubyte.gz"
                if name != leave_out:
                    archive.writestr(f"gzip/{name}", gzip.compress(idx_bytes(array, 0x08)))
    return kept


def test_emnist_is_downloaded_unpacked_and_turned_upright(server, tmp_path):
    """The four files are taken out of the archive and nothing else; images are transposed."""
    folder, address = server
    stored, cache = emnist_archive(folder), tmp_path / "cache"
    training, scoring = emnist_letters.load([cache], cache, address)
    assert np.array_equal(training[0], stored["train"].transpose(0, 2, 1))
    assert np.array_equal(scoring[0], stored["test"].transpose(0, 2, 1))
    assert training[1].max() <= 25
    assert len(list(cache.iterdir())) == 4
    assert not (tmp_path / "escaped").exists()
    (folder / "gzip.zip").unlink()
    again, _ = emnist_letters.load([cache], cache, address)
    assert np.array_equal(again[0], training[0])


def test_an_archive_without_the_files_is_an_error(server, tmp_path):
    """A missing member, and what is no archive at all, are errors, and the archive is not kept."""
    folder, address = server
    emnist_archive(folder, leave_out="emnist-letters-test-labels-idx1-ubyte.gz")
    for content in (None, b"no archive"):
        if content is not None:
            (folder / "gzip.zip").write_bytes(content)
        with pytest.raises(ParameterError, match="not the official archive"):
            emnist_letters.load([], tmp_path / "cache", address)
        assert not (tmp_path / "cache" / "gzip.zip").exists()
