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
    found: dict[Specification, bool] = {}
    for folder in (out, *sources):
        for place, one in enumerate(_specifications(folder)):
            if place == 0:  # the latest comes last
                found.pop(one, None)
                found[one] = True
            else:
                found.setdefault(one, False)
    own = _common([one for one, is_own in found.items() if is_own])
    _write(own, out / SPECIFICATION, out / RESOLVED)
    kept = list(_specifications(out))
    for one in found:
        if not any(one.within(other) for other in kept):
            _write(one, *_free(out))
            kept.append(one)


def _specifications(folder: Path) -> Iterator[Specification]:
    """Read the folder's own specification, which may have no files, and those that it keeps by number."""
    yield Specification(_content(folder / SPECIFICATION), _content(folder / RESOLVED))
    if (folder / SPECIFICATIONS).is_symlink():
        return
    for number in itertools.count(1):
        paths = _numbered(folder, number)
        if not any(map(os.path.lexists, paths)):
            return
        yield Specification(*map(_content, paths))


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


def _common(own: Sequence[Specification]) -> Specification:
    """Specification of all folders; a file on which they do not agree is missing."""
    texts = {one.text for one in own if one.text is not None}
    meanings = [one.resolved for one in own if one.resolved is not None]
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
