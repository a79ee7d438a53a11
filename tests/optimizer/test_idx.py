"""The IDX reader on sound files and on every kind of damaged one."""

import gzip

import numpy as np
import pytest

from optimizer.idx import DataFileError, read_idx, read_images, read_labels
from tests.optimizer.idx_files import idx_bytes

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
SOUND = idx_bytes(IMAGES, 0x08)


def test_reads_what_was_written(tmp_path):
    """Plain and gzipped files, bytes and big-endian integers come back as they were."""
    (tmp_path / "plain").write_bytes(SOUND)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(SOUND))
    words = np.array([3, -2, 500], ">i2")
    (tmp_path / "words").write_bytes(idx_bytes(words, 0x0B))
    assert np.array_equal(read_images(tmp_path / "plain"), IMAGES)
    assert np.array_equal(read_idx(tmp_path / "packed.gz"), IMAGES)
    assert read_idx(tmp_path / "words").tolist() == [3, -2, 500]
    assert read_idx(tmp_path / "words").dtype == np.dtype(np.int16)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "a start of nothing"),
        (b"\x80\x04\x95\x0b\x00\x00", "not the mark of an IDX file"),
        (b"\x00\x00\x07\x01" + bytes(8), "not the mark of an IDX file"),
        (b"\x00\x00\x08\x00", "an incomplete header"),
        (b"\x00\x00\x08\x03" + bytes(7), "an incomplete header"),
        (b"\x00\x00\x08\x01" + bytes(4), "empty or beyond 1 GiB"),
        (b"\x00\x00\x08\x02" + b"\xff" * 8, "empty or beyond 1 GiB"),
        (SOUND[:-1], "23 of 24 announced bytes"),
        (SOUND + b"\0", "more than of 24 announced bytes"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_content_is_one_line_that_names_the_file(tmp_path, content, found, packed):
    """Each damage is an error in one line with the file, what was found, and the mend."""
    path = tmp_path / ("file.gz" if packed else "file")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataFileError, match=found) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)
    assert "replace it by an intact copy" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_not_gzip_or_not_there_is_an_error(tmp_path):
    """A broken compression, a cut one and a missing file end in the same kind of error."""
    (tmp_path / "text.gz").write_bytes(b"not compressed")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(SOUND)[:-9])
    for name in ("text.gz", "cut.gz", "missing.gz", "missing"):
        with pytest.raises(DataFileError, match="cannot be read"):
            read_idx(tmp_path / name)


def test_a_small_file_that_unpacks_without_end_is_not_unpacked_whole(tmp_path):
    """Reading stops one byte after the announced size."""
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(SOUND + bytes(10_000_000)))
    with pytest.raises(DataFileError, match="more than"):
        read_idx(tmp_path / "bomb.gz")


def test_images_and_labels_must_look_like_it(tmp_path):
    """Labels where images are wanted, and a wrong number of labels, are errors."""
    (tmp_path / "images").write_bytes(SOUND)
    (tmp_path / "labels").write_bytes(idx_bytes(np.array([1, 2, 3], np.uint8), 0x08))
    with pytest.raises(DataFileError, match="for grey images"):
        read_images(tmp_path / "labels")
    with pytest.raises(DataFileError, match="for 2 labels"):
        read_labels(tmp_path / "labels", 2)
    assert read_labels(tmp_path / "labels", 3).tolist() == [1, 2, 3]
