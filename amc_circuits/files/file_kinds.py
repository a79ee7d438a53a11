"""File formats by their first bytes, so that an error can name the format of a wrong file."""

from __future__ import annotations

READ = ".npy, .npz, .csv, .tsv, .txt, .mtx or .mat (up to v7)"
"""Formats of files with numbers."""

BINARY: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\x00", "a TIFF picture"),
    (0, b"MM\x00*", "a TIFF picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"MATLAB 7.3 MAT-file", "a MATLAB file of version 7.3 (HDF5), which is not read; save it with '-v7'"),
    (512, b"\x89HDF\r\n\x1a\n", "an HDF5 file; write the array with numpy.save"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file; write the array with numpy.save"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook or document of old Microsoft Office; save the sheet as CSV"),
    (0, b"CDF", "a NetCDF file; write the array with numpy.save"),
    (0, b"PAR1", "a Parquet file; write the array with numpy.save"),
    (0, b"ARROW1", "an Arrow file; write the array with numpy.save"),
    (0, b"SQLite format 3\x00", "an SQLite database"),
    (0, b"\x1f\x8b", "packed with gzip; unpack it first"),
    (0, b"BZh", "packed with bzip2; unpack it first"),
    (0, b"\xfd7zXZ\x00", "packed with xz; unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "packed with zstd; unpack it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (0, b"Rar!\x1a\x07", "a RAR archive; unpack it first"),
    (257, b"ustar", "a tar archive; unpack it first"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"RIFF", "a sound or film"),
    (0, b"ID3", "a sound"),
    (4, b"ftyp", "a film"),
    *(
        (0, b"\x80" + bytes([version]), "a Python pickle, which may run code and is not read; write it with numpy.save")
        for version in range(2, 6)
    ),
)
"""Offset, bytes, and description of binary formats."""
TEXTUAL: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"SIMPLE  =", "a FITS file; write the array with numpy.save"),
    (b"version https://git-lfs", "a pointer of Git LFS and not the file itself; fetch it with git lfs pull"),
    (b"<", "a web page or XML"),
    (b"{", "JSON or the like; write rows of numbers"),
    (b"[", "a list in brackets; write rows of numbers, without brackets"),
)
"""Bytes and description of formats that may look like text."""
CONTROLS = frozenset(range(32)) - {9, 10, 12, 13, 26}
"""Bytes that occur in no text."""


class UnreadableError(ValueError):
    """Error for a file that cannot be read as numbers; its text names the format and what is expected."""


def foreign_kind(head: bytes) -> str | None:
    """Describe the format of a file from which no numbers are read; None for text and for unknown bytes.

    Args:
        head: First bytes of the file, 600 or more if it has so many.
    """
    for magic, what in TEXTUAL:
        if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(magic):
            return what
    if is_text(head):
        return None
    return next((what for place, magic, what in BINARY if head[place : place + len(magic)] == magic), None)


def is_text(head: bytes) -> bool:
    """Test whether bytes can be text; UTF-16 begins with its byte-order mark."""
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or CONTROLS.isdisjoint(head)
