"""Folders that a command fills: its own are taken up again, empty ones are used, foreign ones are left alone."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netlists import ParameterError

MARKER = "amc-run.json"


def check_folder(folder: Path, command: str, parameter: str = "out") -> None:
    """Refuses a folder that `claim_folder` would refuse for what is in it; makes nothing.

    Raises:
        ParameterError: It is a file, or holds something that the command did not make.
    """
    if folder.exists() and not folder.is_dir():
        raise ParameterError(parameter, str(folder), "is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()) and _made_by(folder / MARKER) != command:
        raise ParameterError(parameter, str(folder), f"is not empty and not made by amc {command}; name a new folder")


def claim_folder(folder: Path, command: str, parameter: str = "out") -> Path:
    """Makes a folder the command's own.

    Args:
        folder: To be made, or empty, or made by the same command before.
        command: Such as `sweep`.
        parameter: How the user calls the folder, for the error.

    Raises:
        ParameterError: It is something else, or cannot be written to.
    """
    check_folder(folder, command, parameter)
    marker = folder / MARKER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not marker.exists():
            with replacing(marker) as partial:
                partial.write_text(json.dumps({"command": command}) + "\n")
    except OSError as error:
        raise ParameterError(parameter, str(folder), f"cannot be written to: {error.strerror or error}") from None
    return folder


def _made_by(marker: Path) -> str:
    try:
        content = json.loads(marker.read_text())
        return str(content["command"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when all went well and is removed otherwise.

    Where `path` is a link, what it points to is replaced.
    """
    path = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        mask = os.umask(0)
        os.umask(mask)
        partial.chmod(0o666 & ~mask)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def check_output_file(parameter: str, path: Path, suffixes: tuple[str, ...] = ()) -> Path:
    """A path that can be written to later.

    Raises:
        ParameterError: Its folder does not exist or cannot be written to, it is no regular file, or its suffix is
            another.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        raise ParameterError(parameter, str(path), f"must end in {', '.join(suffixes)}")
    if path.is_dir():
        raise ParameterError(parameter, str(path), "is a folder; name a file")
    if not path.parent.is_dir():
        raise ParameterError(parameter, str(path), f"its folder {path.parent} does not exist; make it first")
    if path.exists() and not path.is_file():
        raise ParameterError(parameter, str(path), "is a device or pipe; name a file")
    try:
        with tempfile.TemporaryFile(dir=path.resolve().parent):
            return path
    except OSError as error:
        reason = error.strerror or error
        raise ParameterError(parameter, str(path), f"its folder {path.parent} cannot be written to: {reason}") from None


@contextmanager
def writing(parameter: str, path: Path) -> Iterator[None]:
    """Turns what can go wrong while a file is written into the error of an option.

    Raises:
        ParameterError: The file cannot be written, as on a full disk.
    """
    try:
        yield
    except OSError as error:
        raise ParameterError(parameter, str(path), f"cannot be written: {error.strerror or error}") from None
