"""From the bytes of a model file to its logical lines: comments are removed, continuations joined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from netlists.record import ParameterError

PARAMETER = "opamp_file"
MAX_LINE = 20_000
"""Most characters of a logical line."""
SHOWN = 48
"""Most characters of the line in an error."""
LONGEST_MEND = 500
"""Most characters of the rest of an error, which may contain names of the file."""

_LINE_END = re.compile(r"\r*\n|\r+")
_COMMENT = re.compile(r";|//|(?<=[ \t,])\$(?=[ \t]|$)")
_BLANK = " \t\f\v\x1a\0\xa0\ufeff"
"""Blank characters at the ends of a line: page break, DOS end of file, padding, byte-order mark and hard blank."""
_HARD_BLANKS = str.maketrans({"\t": " ", "\xa0": " ", "\ufeff": " "})
_PRINTABLE = re.compile(r"[\x20-\x7e]*")


class Notes:
    """Notes on words of a model file that are left out, with their lines."""

    def __init__(self) -> None:
        self.places: dict[str, dict[int, None]] = {}

    def add(self, what: str, line: int) -> None:
        """Note one word; the same one in the same line counts once."""
        self.places.setdefault(what, {})[line] = None

    def __str__(self) -> str:
        return ", ".join(f"{what} ({_lines(list(lines))})" for what, lines in self.places.items())


def _lines(numbers: list[int]) -> str:
    """Format line numbers, such as `line 3`, `lines 3, 5`, `lines 3, 5 and 7 more`."""
    shown = ", ".join(map(str, numbers[:2]))
    more = f" and {len(numbers) - 2} more" if len(numbers) > 2 else ""
    return f"line{'s' * (len(numbers) > 1)} {shown}{more}"


class Line(NamedTuple):
    """Logical line, with its place and the notes on what is left out."""

    file: str
    number: int
    text: str
    notes: Notes

    def refused(self, mend: str) -> ParameterError:
        """Make the error for this line."""
        return ParameterError(
            PARAMETER, f"{self.file}:{self.number} {shortened(self.text, SHOWN)!r}", shortened(mend, LONGEST_MEND)
        )

    def leave_out(self, what: str) -> None:
        """Note a word that has no effect here, or no equivalent in ngspice."""
        self.notes.add(shortened(what, SHOWN), self.number)

    def check(self) -> None:
        """Refuse a line that is not plain text, or too long."""
        match = _PRINTABLE.match(self.text)
        if match is not None and match.end() < len(self.text):
            odd = self.text[match.end()]
            mend = "outside of comments a model file is plain ASCII text; write it in other words"
            raise ParameterError(PARAMETER, f"{self.file}:{self.number} character U+{ord(odd):04X}", mend)
        if len(self.text) > MAX_LINE:
            raise self.refused(f"a line with its continuations may have {MAX_LINE} characters at most")


def shortened(text: str, longest: int) -> str:
    """Cut a text to at most this many characters."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def decoded(content: bytes) -> str:
    """Decode bytes as UTF-8, as UTF-16 if its mark or its zeros show it, else as Latin-1.

    Comments may hold any letters; the rest must be ASCII, on which the encodings agree.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if content[:400:2].count(0) == 0 and content[1:400:2].count(0) > len(content[:400]) / 4:
        return content.decode("utf-16-le", errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def logical_lines(file: str, content: bytes, notes: Notes) -> list[Line]:
    """Split a file into lines without comments, with continuations joined.

    Comments are those of ngspice: `*` at the start of a line, `;` and `//` anywhere, `$` between blanks. A `+` at the
    start continues the line before it; comments and empty lines may stand in between. Lines end in LF, CR or both,
    however often.

    Raises:
        ParameterError: The first line is a continuation.
    """
    lines = list[tuple[int, list[str]]]()
    for number, text in _physical(decoded(content)):
        if not text.startswith("+"):
            lines.append((number, [text]))
        elif not lines:
            raise Line(file, number, text, notes).refused("there is no line that this one could continue")
        elif (more := text[1:].strip()) and len(lines[-1][1]) < MAX_LINE:
            lines[-1][1].append(more)
    return [Line(file, number, " ".join(parts), notes) for number, parts in lines]


def _physical(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with content, with their numbers."""
    for number, physical in enumerate(_LINE_END.split(text), 1):
        bare = physical.strip(_BLANK)
        if bare and not bare.startswith("*"):
            bare = _COMMENT.split(bare.translate(_HARD_BLANKS), maxsplit=1)[0].strip()
            if bare:
                yield number, bare
