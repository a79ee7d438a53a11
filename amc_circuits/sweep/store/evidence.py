"""Evidence of failed points: deck and log in the folder of the sweep, whatever their names and sizes."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

FAILURES = "failures"
LARGEST = 100_000_000
"""Most bytes of one file; a larger one is cut after them."""
MOST = 100
"""Most files of one point."""
_PART = r"[\w+-][\w.+-]{0,99}"
_NAME = re.compile(rf"(?:{_PART}/){{0,3}}{_PART}", re.ASCII)


def keep_evidence(folder: Path, number: int, evidence: Mapping[str, bytes]) -> str:
    """Keep the files of a failed point, in place of its earlier ones; return their place, relative to the folder.

    Raises:
        OSError: The files cannot be written; a link in place of the folder for evidence is not followed.
    """
    kept = Path(FAILURES, str(number))
    if (folder / FAILURES).is_symlink():
        raise OSError(errno.ELOOP, f"{folder / FAILURES} is a link, which is not followed")
    if (folder / kept).is_dir() and not (folder / kept).is_symlink():
        shutil.rmtree(folder / kept, ignore_errors=True)
    else:
        (folder / kept).unlink(missing_ok=True)
    write_evidence(folder / kept, evidence)
    return str(kept) if evidence else ""


def write_evidence(folder: Path, evidence: Mapping[str, bytes]) -> None:
    """Write files by their names into a new folder; nothing is created without files.

    Names come from the process or machine that ran the point: a name that is not plain, or that leads out of the
    folder, is replaced.
    """
    for name, content in list(evidence.items())[:MOST]:
        path = folder / _plain(name, folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if len(content) <= LARGEST else content[:LARGEST] + _cut(len(content) - LARGEST))


def _plain(name: str, folder: Path) -> str:
    if _NAME.fullmatch(name):
        return name
    return next(free for k in range(1, MOST + 1) if not (folder / (free := f"evidence-{k}")).exists())


def _cut(count: int) -> bytes:
    return f"\n... and {count} bytes more, which were not kept\n".encode()


def evidence_in(folder: Path, kept: str) -> list[Path]:
    """Files of a failed point, in order, without links and without paths outside the folder that a row may name.

    Args:
        folder: Folder of the sweep.
        kept: Path in the row.
    """
    try:
        place = folder / kept
        if not kept or not place.resolve().is_relative_to(folder.resolve() / FAILURES):
            return []
        return sorted(_files_below(place))
    except (OSError, RuntimeError):  # such as a name that is too long, or links that form a loop
        return []


def _files_below(place: Path) -> Iterator[Path]:
    for top, _, names in os.walk(place):
        for name in names:
            path = Path(top, name)
            if path.is_file() and not path.is_symlink():
                yield path


def read_evidence(path: Path) -> bytes:
    """Read a file in the form of `write_evidence`, without more memory than its kept part."""
    with path.open("rb") as file:
        content = file.read(LARGEST)
        left = os.fstat(file.fileno()).st_size - len(content)
    return content + (_cut(left) if left > 0 else b"")
