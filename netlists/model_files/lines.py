"""From the bytes of a model file to its logical lines: comments gone, continuations joined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from netlists.record import ParameterError

PARAMETER = "opamp_file"
MAX_LINE = 20_000
"""Characters of a logical line."""
SHOWN = 48
"""Characters of an offending line that a message shows."""
LONGEST_MEND = 500
"""Characters of the rest of a message: names of the file may stand in it."""

_LINE_END = re.compile(r"\r*\n|\r+")
_COMMENT = re.compile(r";|//|(?<=[ \t,])\$(?=[ \t]|$)")
_BLANK = " \t\f\v\x1a\0\xa0\ufeff"
"""Blank at the ends of a line: page breaks, the DOS end of file, padding, byte-order marks and hard blanks."""
_HARD_BLANKS = str.maketrans({"\t": " ", "\xa0": " ", "\ufeff": " "})
_PRINTABLE = re.compile(r"[\x20-\x7e]*")


class Notes:
    """Words of a model file that are left out, with their lines: what a user is told beside the result."""

    def __init__(self) -> None:
        self.places: dict[str, dict[int, None]] = {}

    def add(self, what: str, line: int) -> None:
        """Takes down one word; the same one in the same line counts once."""
        self.places.setdefault(what, {})[line] = None

    def __str__(self) -> str:
        return ", ".join(f"{what} ({_lines(list(lines))})" for what, lines in self.places.items())


def _lines(numbers: list[int]) -> str:
    """Such as `line 3`, `lines 3, 5`, `lines 3, 5 and 7 more`."""
    shown = ", ".join(map(str, numbers[:2]))
    more = f" and {len(numbers) - 2} more" if len(numbers) > 2 else ""
    return f"line{'s' * (len(numbers) > 1)} {shown}{more}"


class Line(NamedTuple):
    """A logical line, where it starts, and where to note what of it is left out."""

    file: str
    number: int
    text: str
    notes: Notes

    def refused(self, mend: str) -> ParameterError:
        """The error for this line."""
        return ParameterError(
            PARAMETER, f"{self.file}:{self.number} {shortened(self.text, SHOWN)!r}", shortened(mend, LONGEST_MEND)
        )

    def leave_out(self, what: str) -> None:
        """Notes a word that is understood to mean nothing here, or that has no equal in ngspice."""
        self.notes.add(shortened(what, SHOWN), self.number)

    def check(self) -> None:
        """Refuses a line that is no plain text, or too long."""
        match = _PRINTABLE.match(self.text)
        if match is not None and match.end() < len(self.text):
            odd = self.text[match.end()]
            mend = "outside of comments a model file is plain ASCII text; write it in other words"
            raise ParameterError(PARAMETER, f"{self.file}:{self.number} character U+{ord(odd):04X}", mend)
        if len(self.text) > MAX_LINE:
            raise self.refused(f"a line with its continuations may have {MAX_LINE} characters at most")


def shortened(text: str, longest: int) -> str:
    """A text of this many characters at most."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def decoded(content: bytes) -> str:
    """Bytes as text, in UTF-8, in UTF-16 where its mark or its zeros say so, else in Latin-1.

    Comments may hold any letters; what is left without them must be ASCII, where the encodings agree.
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
    """The lines of a file without comments, continuations joined.

    Comments are what ngspice takes for one: `*` at the start of a line, `;` and `//` anywhere, `$` between blanks. A
    `+` at the start continues the line before it; comments and empty lines may stand in between. Lines end in LF, CR
    or both, however often.

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
    """Lines that say something, with their numbers."""
    for number, physical in enumerate(_LINE_END.split(text), 1):
        bare = physical.strip(_BLANK)
        if bare and not bare.startswith("*"):
            bare = _COMMENT.split(bare.translate(_HARD_BLANKS), maxsplit=1)[0].strip()
            if bare:
                yield number, bare
