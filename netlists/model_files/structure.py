"""Structure of a model file: the lines of each subcircuit, which are parsed when needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from netlists.model_files.lines import Line
from netlists.model_files.reader import MissingFileError, Reader
from netlists.record import ParameterError

MAX_NESTING = 8
"""Largest depth of nested definitions of subcircuits."""
FORBIDDEN = {
    "control", "endc", "exec", "shell", "csparam", "libsave", "incpslt", "hdl", "load", "codemodel", "osdi",
    "pre_osdi", "verilog",
}  # fmt: skip
"""Cards that run commands or load programs: a file with one of them, anywhere, is not a model file."""
ACCEPTED = "subckt ends model param func"

_CARD = re.compile(r"\.([A-Za-z_]*)(.*)", re.DOTALL)
_SUBCKT = re.compile(r"\s*([^\s(),={}']*)")
_FIRST_WORD = re.compile(r"[\s*;]*([^\s*;,]*)")


class Card(NamedTuple):
    """Line that starts with a dot."""

    name: str
    rest: str


@dataclass(eq=False)
class Block:
    """Subcircuit, or the file itself, as lines.

    Attributes:
        name: Name in lower case; empty for the file itself.
        line: The `.subckt` line.
        parent: Block that contains it.
        lines: Its own lines, in order, without those of the blocks in it; includes are not expanded.
        blocks: Blocks defined in it, by name; several of one name if the file has them.
        ended_as: Name after its `.ends` if it differs, and the line.
        broken: Error if its end is ambiguous.
        forbidden: First line, in a file, that would run commands.
    """

    name: str
    line: Line
    parent: Block | None = None
    lines: list[Line] = field(default_factory=list)
    blocks: dict[str, list[Block]] = field(default_factory=dict)
    ended_as: tuple[str, Line] | None = None
    broken: ParameterError | None = None
    forbidden: Line | None = None

    def outwards(self) -> Iterator[Block]:
        """Yield this block, then those around it."""
        block: Block | None = self
        while block is not None:
            yield block
            block = block.parent

    def inwards(self) -> Iterator[Block]:
        """Yield all blocks in this one, at any depth."""
        for several in self.blocks.values():
            for block in several:
                yield block
                yield from block.inwards()


def card_of(line: Line) -> Card | None:
    """Card of a line; None for an element."""
    match = _CARD.fullmatch(line.text)
    return None if match is None else Card(match[1].lower(), match[2])


def not_accepted(line: Line) -> ParameterError:
    """Make the error for a card that is not accepted there."""
    return line.refused(f"accepted cards are .include .lib {' '.join(f'.{name}' for name in ACCEPTED.split())}")


def read_structure(reader: Reader) -> Block:
    """Split a file into blocks.

    Includes outside of all subcircuits are expanded; those inside are expanded when the subcircuit is needed.

    Raises:
        ParameterError: An include outside may not be read, or blocks are nested too deep.
    """
    file = Block("", Line(str(reader.path), 1, "", reader.notes))
    structure = _Structure(file, reader)
    structure.take(reader.lines())
    structure.leave_open(until=file)
    return file


def put_in(block: Block, reader: Reader) -> None:
    """Expand the includes of a needed block.

    Raises:
        ParameterError: A file may not be read, or ends a block that it did not begin.
    """
    while any(reader_line(line) for line in block.lines):
        lines, block.lines = block.lines, []
        structure = _Structure(block, reader)
        for line in lines:
            found = reader.included(line) if reader_line(line) else None
            structure.take([line] if found is None else found, inside=True)
        if structure.here is not block:
            raise structure.here.line.refused("this subcircuit has no .ends")


def reader_line(line: Line) -> bool:
    """True for a line that includes a file."""
    card = card_of(line)
    return card is not None and card.name in ("include", "inc", "lib")


class _Structure:
    """Builder of blocks from lines."""

    def __init__(self, block: Block, reader: Reader) -> None:
        self.base = self.here = block
        self.reader = reader
        self.closed: Block | None = None

    def take(self, lines: Iterable[Line], inside: bool = False) -> None:
        """Add lines to the block that is open; `inside` leaves includes as lines."""
        for line in lines:
            card = card_of(line)
            name = "" if card is None else card.name
            if name in FORBIDDEN:
                self.base.forbidden = self.base.forbidden or line
            if card is not None and name == "subckt":
                self._begin(line, card.rest)
            elif card is not None and name == "ends":
                self._end(line, _first_word(card.rest))
            elif reader_line(line) and not inside and self.here.parent is None:
                self._include(line)
            else:
                self.here.lines.append(line)

    def _include(self, line: Line) -> None:
        try:
            lines = self.reader.included(line)
        except MissingFileError:
            line.leave_out(f"{line.text}, which is not there")
            return
        self.take(lines or [])

    def _begin(self, line: Line, rest: str) -> None:
        match = _SUBCKT.match(rest)
        inner = Block(match[1].lower() if match else "", line, self.here)
        depth = sum(1 for _ in inner.outwards()) - 1
        if depth > MAX_NESTING:
            raise line.refused(f"subcircuits may be defined {MAX_NESTING} deep at most")
        self.here.blocks.setdefault(inner.name, []).append(inner)
        self.here, self.closed = inner, None

    def _end(self, line: Line, name: str) -> None:
        if self.here is self.base:
            self._end_too_many(line, name)
            return
        named = [block for block in self.here.outwards() if name and block.name == name]
        if named and named[0] is not self.here:
            self.leave_open(until=named[0])
        elif name not in ("", self.here.name):
            self.here.ended_as = (name, line)
        self.closed = self.here
        self.here = self.here.parent or self.base

    def _end_too_many(self, line: Line, name: str) -> None:
        """Handle an `.ends` outside of a subcircuit: the end of the subcircuit before it is ambiguous."""
        if self.base.parent is not None:
            raise line.refused(f"an included file cannot end {self.base.name}")
        if self.closed is None:
            line.leave_out(line.text)
            return
        block, ended = self.closed, self.closed.ended_as
        if name == block.name and ended is not None:
            block.broken = ended[1].refused(
                f"the subcircuit that is open here is {name}, from line {block.line.number}"
            )
        else:
            block.broken = line.refused("there is no subcircuit that this could end")

    def leave_open(self, until: Block) -> None:
        """Mark the subcircuits that are open here, up to an outer one, as without an end."""
        while self.here is not until and self.here.parent is not None:
            self.here.broken = self.here.broken or self.here.line.refused("this subcircuit has no .ends")
            self.here = self.here.parent


def _first_word(text: str) -> str:
    match = _FIRST_WORD.match(text)
    return match[1].lower() if match else ""
