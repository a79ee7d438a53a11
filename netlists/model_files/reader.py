"""Model files on disk: read safely, with their includes, only from the folder of the first file."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from netlists.model_files.lines import Line, Notes, logical_lines
from netlists.record import ParameterError

MAX_BYTES = 20_000_000
"""Most bytes of a file with all its includes: some seconds of reading."""
MAX_INCLUDES = 8
"""Largest depth of includes."""
MAX_FILES = 200
"""Most includes in all."""

# Without waiting, because a FIFO would block forever, and without links.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_INCLUDE = re.compile(r"\.(include|inc|lib)(?:\s+(.*))?", re.IGNORECASE)
_ARGUMENTS = re.compile(r"""(?:"([^"]*)"|'([^']*)'|([^\s"']+))(?:\s+([A-Za-z0-9_]+))?""")
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+ -]*(?:/[A-Za-z0-9_][A-Za-z0-9_.+ -]*)*")
_SECTION = re.compile(r"\.(lib|endl)(?:\s+([A-Za-z0-9_]+))?", re.IGNORECASE)


class MissingFileError(ParameterError):
    """Error for an included file that does not exist."""


class Reader:
    """Reader of a file and, on request, of its includes, all within the folder of the first.

    Attributes:
        notes: Notes on what is left out of all these files.
    """

    def __init__(self, path: Path) -> None:
        self.notes = Notes()
        self.path, self._start = path, Line(str(path), 1, "", self.notes)
        self.folder = _resolved(path.parent, self._start)
        self._left, self._files = MAX_BYTES, MAX_FILES
        self._above: dict[str, tuple[Path, ...]] = {}

    def lines(self) -> list[Line]:
        """Read the logical lines of the file itself.

        Raises:
            ParameterError: The file cannot be read, is too large, or lies outside the folder.
        """
        return self._read(self.path, self._start, ())

    def included(self, line: Line) -> list[Line] | None:
        """Read the lines of the file that a line includes; None if it includes nothing.

        Raises:
            MissingFileError: There is no such file.
            ParameterError: The file may not be read.
        """
        match = _INCLUDE.fullmatch(line.text)
        if match is None:
            return None
        arguments = _ARGUMENTS.fullmatch((match[2] or "").strip())
        name = next((found for found in arguments.groups()[:3] if found), "") if arguments else ""
        section = arguments[4] if arguments else None
        if section is not None and match[1].lower() != "lib":
            raise line.refused("write .include FILE, or .lib FILE SECTION")
        if _PATH.fullmatch(name) is None:
            raise line.refused("name a file in the folder of the model file, by letters, digits and . _ + - only")
        lines = self._read(Path(line.file).parent / name, line, self._above[line.file])
        if section is not None:
            return _section(lines, section, line)
        if match[1].lower() == "lib" and any(_is_section(each) for each in lines):
            raise line.refused("this file has sections; write .include FILE, or .lib FILE SECTION")
        return lines

    def all_lines(self) -> list[Line]:
        """Read the lines of the file with all includes in their place; missing files are left out.

        Raises:
            ParameterError: One of the others may not be read.
        """
        return [line for found in self.lines() for line in self._expanded(found)]

    def _expanded(self, line: Line) -> list[Line]:
        try:
            lines = self.included(line)
        except MissingFileError:
            lines = []
        return [line] if lines is None else [inner for found in lines for inner in self._expanded(found)]

    def _read(self, path: Path, asked: Line, above: tuple[Path, ...]) -> list[Line]:
        real = _resolved(path, asked)
        if not real.is_relative_to(self.folder):
            raise asked.refused(f"{path.name} is a link out of its folder; name the file itself")
        if real in above:
            raise asked.refused(f"{path.name} includes itself")
        if len(above) > MAX_INCLUDES:
            raise asked.refused(f"includes may be nested {MAX_INCLUDES} deep at most")
        if self._files < 0:
            raise asked.refused(f"a model file may include {MAX_FILES} files at most, and what they include counts")
        self._files -= 1
        self._above[str(path)] = (*above, real)
        return logical_lines(str(path), self._bytes(real, asked), self.notes)

    def _bytes(self, real: Path, asked: Line) -> bytes:
        try:
            descriptor = self._opened(real)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise asked.refused(f"{real.name} is no regular file")
                content = file.read(self._left + 1) or b""
        except OSError as error:
            mend = "is a folder" if isinstance(error, IsADirectoryError) else f"cannot be read: {error.strerror}"
            raise asked.refused(f"{real.name} {mend}") from None
        if len(content) > self._left:
            raise asked.refused(f"a model file may have {MAX_BYTES} bytes at most, with all that it includes")
        self._left -= len(content)
        return content

    def _opened(self, real: Path) -> int:
        """Open a file from folder to folder, so that no link is followed that was added after the check."""
        *folders, name = real.relative_to(self.folder).parts or (".",)
        here = os.open(self.folder, _FOLDER)
        try:
            for folder in folders:
                above, here = here, os.open(folder, _FOLDER, dir_fd=here)
                os.close(above)
            return os.open(name, _FILE, dir_fd=here)
        finally:
            os.close(here)


def _resolved(path: Path, asked: Line) -> Path:
    """Resolve the real place of a file or folder."""
    try:
        return path.resolve(strict=True)
    except FileNotFoundError as error:
        refusal = asked.refused(f"{path.name} cannot be read: {error.strerror}")
        raise MissingFileError(refusal.parameter, refusal.value, refusal.mend) from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or ("a loop of links" if "loop" in str(error) else error)
        raise asked.refused(f"cannot be read: {reason}") from None


def _is_section(line: Line) -> bool:
    """True for `.lib NAME` at the beginning of a section, and for `.endl`."""
    match = _SECTION.fullmatch(line.text)
    return match is not None and (match[1].lower() == "endl" or match[2] is not None)


def _section(lines: list[Line], name: str, asked: Line) -> list[Line]:
    """Lines between `.lib NAME` and `.endl`."""
    found: list[Line] | None = None
    for line in lines:
        match = _SECTION.fullmatch(line.text) if _is_section(line) else None
        if match is None:
            if found is not None:
                found.append(line)
        elif match[1].lower() == "lib":
            if found is not None:
                raise line.refused(f"section {name} has no .endl before this")
            found = [] if match[2].lower() == name.lower() else None
        elif found is not None:
            return found
    raise asked.refused(f"the file has no section {name} that ends with .endl")
