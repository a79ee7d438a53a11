"""From a model file to its logical lines: bytes checked, comments gone, continuations joined, includes put in."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

from netlists.record import ParameterError

PARAMETER = "opamp_file"
MAX_BYTES = 1_000_000
"""Of a file with all that it includes: some seconds of reading at most."""
MAX_LINE = 20_000
"""Characters of a logical line."""
MAX_INCLUDES = 8
"""Depth of files that include files."""
MAX_FILES = 200
"""Includes in all."""
SHOWN = 48
"""Characters of an offending line that a message shows."""
LONGEST_MEND = 500
"""Characters of the rest of a message: names of the file may stand in it."""

# Without waiting, for a FIFO would hold us up for ever, and without links.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_COMMENT = re.compile(r";|//|(?<=[ \t,])\$(?=[ \t]|$)")
_INCLUDE = re.compile(r"\.(include|inc|lib)(?:\s+(.*))?", re.IGNORECASE)
_ARGUMENTS = re.compile(r"""(?:"([^"]*)"|'([^']*)'|([^\s"']+))(?:\s+([A-Za-z0-9_]+))?""")
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+ -]*(?:/[A-Za-z0-9_][A-Za-z0-9_.+ -]*)*")
_SECTION = re.compile(r"\.(lib|endl)(?:\s+([A-Za-z0-9_]+))?", re.IGNORECASE)


class Line(NamedTuple):
    """A logical line and where it starts."""

    file: str
    number: int
    text: str

    def refused(self, mend: str) -> ParameterError:
        """The error for this line."""
        return ParameterError(
            PARAMETER, f"{self.file}:{self.number} {shortened(self.text, SHOWN)!r}", shortened(mend, LONGEST_MEND)
        )


def shortened(text: str, longest: int) -> str:
    """A text of this many characters at most."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def read_lines(path: Path) -> list[Line]:
    """The logical lines of a model file, in order, with those of the files that it includes in their place.

    Comments are what ngspice takes for one: `*` at the start of a line, `;` and `//` anywhere, `$` between blanks. A
    `+` at the start continues the line before it; comments and empty lines may stand in between.

    Raises:
        ParameterError: A file cannot be read, is no plain ASCII text, is too large, or lies outside the folder.
    """
    return _Reader(path).read(path, Line(str(path), 1, ""), ())


class _Reader:
    """Reads a file and what it includes, all within the folder of the first."""

    def __init__(self, path: Path) -> None:
        self.folder = _resolved(path.parent, Line(str(path), 1, ""))
        self.left, self.files = MAX_BYTES, MAX_FILES

    def read(self, path: Path, asked: Line, above: tuple[Path, ...], section: str | None = None) -> list[Line]:
        real = self._inside(path, asked)
        if real in above:
            raise asked.refused(f"{path.name} includes itself")
        if len(above) > MAX_INCLUDES:
            raise asked.refused(f"includes may be nested {MAX_INCLUDES} deep at most")
        if self.files < 0:
            raise asked.refused(f"a model file may include {MAX_FILES} files at most, and what they include counts")
        self.files -= 1
        lines = _logical(str(path), _text(str(path), self._bytes(real, asked)))
        if section is not None:
            lines = _section(lines, section, asked)
        return [line for found in lines for line in self._expanded(found, path, (*above, real))]

    def _expanded(self, line: Line, path: Path, above: tuple[Path, ...]) -> list[Line]:
        match = _INCLUDE.fullmatch(line.text)
        if match is None:
            return [line]
        arguments = _ARGUMENTS.fullmatch((match[2] or "").strip())
        name = next((found for found in arguments.groups()[:3] if found), "") if arguments else ""
        section = arguments[4] if arguments else None
        if (match[1].lower() == "lib") != (section is not None):
            raise line.refused("write .include FILE, or .lib FILE SECTION")
        if _PATH.fullmatch(name) is None:
            raise line.refused("name a file in the folder of the model file, by letters, digits and . _ + - only")
        return self.read(path.parent / name, line, above, section)

    def _inside(self, path: Path, asked: Line) -> Path:
        """Where a file really is."""
        real = _resolved(path, asked)
        if not real.is_relative_to(self.folder):
            raise asked.refused(f"{path.name} is a link out of its folder; name the file itself")
        return real

    def _bytes(self, real: Path, asked: Line) -> bytes:
        try:
            descriptor = self._opened(real)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise asked.refused(f"{real.name} is no regular file")
                content = file.read(self.left + 1) or b""
        except OSError as error:
            mend = "is a folder" if isinstance(error, IsADirectoryError) else f"cannot be read: {error.strerror}"
            raise asked.refused(f"{real.name} {mend}") from None
        if len(content) > self.left:
            raise asked.refused(f"a model file may have {MAX_BYTES} bytes at most, with all that it includes")
        self.left -= len(content)
        return content

    def _opened(self, real: Path) -> int:
        """A file's descriptor, from folder to folder: no link is followed that has come since they were looked at."""
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
    """Where a file or folder really is."""
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or ("a loop of links" if "loop" in str(error) else error)
        raise asked.refused(f"cannot be read: {reason}") from None


def _text(file: str, content: bytes) -> str:
    """Bytes as text: printable ASCII, tabs, and lines that end in LF or CR LF."""
    content = content.replace(b"\r\n", b"\n")
    match = re.search(rb"[^\x20-\x7e\t\n]", content)
    if match is not None:
        number = content.count(b"\n", 0, match.start()) + 1
        mend = "a model file is plain ASCII text with lines that end in LF or CR LF; save it anew"
        raise ParameterError(PARAMETER, f"{file}:{number} byte 0x{match[0][0]:02x}", mend)
    return content.decode("ascii")


def _logical(file: str, text: str) -> list[Line]:
    """Lines without comments, continuations joined."""
    lines: list[Line] = []
    for number, physical in enumerate(text.split("\n"), 1):
        bare = physical.strip()
        if bare.startswith("*"):
            continue
        line = Line(file, number, _COMMENT.split(bare, maxsplit=1)[0].strip())
        if line.text.startswith("+"):
            if not lines:
                raise line.refused("there is no line that this one could continue")
            if not (more := line.text[1:].strip()):
                continue
            begun = lines.pop()
            line = begun._replace(text=f"{begun.text} {more}")
        if len(line.text) > MAX_LINE:
            raise line.refused(f"a line with its continuations may have {MAX_LINE} characters at most")
        if line.text:
            lines.append(line)
    return lines


def _section(lines: list[Line], name: str, asked: Line) -> list[Line]:
    """What stands between `.lib NAME` and `.endl`."""
    found: list[Line] | None = None
    for line in lines:
        match = _SECTION.fullmatch(line.text)
        if match is None or (match[1].lower() == "lib" and match[2] is None):
            if found is not None:
                found.append(line)
        elif match[1].lower() == "lib":
            if found is not None:
                raise line.refused(f"section {name} has no .endl before this")
            found = [] if match[2].lower() == name.lower() else None
        elif found is not None:
            return found
    raise asked.refused(f"the file has no section {name} that ends with .endl")
