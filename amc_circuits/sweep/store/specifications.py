"""Specifications of merged folders: a common one becomes the folder's own, others stand beside it by number."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from amc_circuits.files.run_folder import read_own_file, replacing, writing
from amc_circuits.sweep.store.folder import LARGEST_KEPT, RESOLVED, SPECIFICATION, SPECIFICATIONS


class Specification(NamedTuple):
    """Files of a specification.

    Attributes:
        text: Specification as written; None if there is no file, empty for a sweep from Python.
        resolved: Full meaning; None if there is no file.
    """

    text: bytes | None
    resolved: bytes | None

    def within(self, other: Specification) -> bool:
        """Check that another specification has the same files, or more."""
        return all(own in (None, content) for own, content in zip(self, other, strict=True))


def keep_specifications(sources: Sequence[Path], out: Path) -> None:
    """Keep the specifications of all folders; a file that the merged folder has stays as it is.

    If all folders have the same text, it becomes the folder's own, with the meaning that the last folder gives to it:
    versions may differ in their defaults and in names of options. Every specification that is then missing gets a
    number of its own.

    Args:
        sources: Folders of sweeps.
        out: Merged folder, owned by this process.

    Raises:
        ParameterError: A file cannot be written.
    """
    found: list[Specification] = []
    for one in itertools.chain(*map(_specifications, (out, *sources))):
        if one in found:
            found.remove(one)  # the latest comes last
        found.append(one)
    _write(_common(found), out / SPECIFICATION, out / RESOLVED)
    kept = list(_specifications(out))
    for one in found:
        if not any(one.within(other) for other in kept):
            _write(one, *_free(out))
            kept.append(one)


def _specifications(folder: Path) -> Iterator[Specification]:
    """Read the specifications that a folder keeps by number, then its own, which may have no files."""
    numbers = itertools.count(1) if not (folder / SPECIFICATIONS).is_symlink() else ()
    for number in numbers:
        paths = _numbered(folder, number)
        if not any(map(os.path.lexists, paths)):
            break
        yield Specification(*map(_content, paths))
    yield Specification(_content(folder / SPECIFICATION), _content(folder / RESOLVED))


def _numbered(folder: Path, number: int) -> tuple[Path, Path]:
    return folder / SPECIFICATIONS / f"{number}.toml", folder / SPECIFICATIONS / f"{number}.json"


def _free(folder: Path) -> tuple[Path, Path]:
    """Files of the first number that is free."""
    every = (_numbered(folder, number) for number in itertools.count(1))
    return next(paths for paths in every if not any(map(os.path.lexists, paths)))


def _content(path: Path) -> bytes | None:
    try:
        return read_own_file(path, LARGEST_KEPT)
    except OSError:
        return None


def _common(found: Sequence[Specification]) -> Specification:
    """Specification of all rows; a file on which the folders do not agree is missing."""
    texts = {one.text for one in found if one.text is not None}
    meanings = [one.resolved for one in found if one.resolved is not None]
    text = texts.pop() if len(texts) == 1 else None
    agreed = bool(text) or len(set(meanings)) == 1
    return Specification(text, meanings[-1] if meanings and agreed else None)


def _write(one: Specification, *paths: Path) -> None:
    """Write the files that do not exist yet."""
    for content, path in zip(one, paths, strict=True):
        if content is not None and not path.exists():
            with writing("out", path):
                path.parent.mkdir(exist_ok=True)
                with replacing(path, follow=False) as partial:
                    partial.write_bytes(content)
