"""Fenced blocks of the pages: found, run in order like a reader would, and their output compared."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import forked
from tests.command_line import Outcome, ended

FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$(?:\s*prints\s*^```text\n(.*?)^```$)?", re.M | re.S)
STARTED: list[int] = []
"""Process groups of the examples that were run."""
Call = Callable[..., None]
SHELL = re.compile(r"[$`*?~\\]")
"""Characters to which only a shell gives a meaning, wherever they stand."""
PUNCTUATION = "();<>|&"
"""The same, where they begin a word that is not quoted."""
TOLERANCE = 0.02
"""Relative, of numbers that another version of a simulator may print a little differently."""


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        language: Its first word.
        words: The others: `notest`, the name of the file that it is, `needs:PACKAGE`, or `by:TEST`.
        text: Content.
        output: Printed text, where the page shows it; else None.
    """

    language: str
    words: tuple[str, ...]
    text: str
    output: str | None

    @property
    def file(self) -> str | None:
        """The name of the file that the reader is to make of it."""
        return next((word for word in self.words if "." in word), None)

    @property
    def runs(self) -> bool:
        """True of an example, False of a file and of what only shows something."""
        return self.language in ("sh", "python") and self.file is None and "notest" not in self.words and not self.by

    @property
    def by(self) -> str | None:
        """File of tests that runs it instead of the tests of the pages."""
        return next((word.removeprefix("by:") for word in self.words if word.startswith("by:")), None)

    @property
    def missing(self) -> str | None:
        """Optional package that the example needs and that is not installed."""
        needed = (word.removeprefix("needs:") for word in self.words if word.startswith("needs:"))
        return next((package for package in needed if importlib.util.find_spec(package) is None), None)


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page in order."""
    for found in FENCE.finditer(page.read_text(encoding="utf-8")):
        yield Block(found[1], tuple(found[2].split()), found[3], found[4])


def run(block: Block, folder: Path) -> str:
    """Run an example, which must succeed, and return its output.

    Python code and lines of `amc` run in forked processes. A block with anything else is one process of the shell.
    """
    calls = [(forked.code, [block.text])] if block.language == "python" else _calls(block.text)
    outcomes = (
        (forked.ended(call, *words, folder=folder, started=STARTED) for call, words in calls)
        if calls
        else (_shell(block.text, folder),)
    )
    printed = ""
    for outcome in outcomes:
        assert outcome.code == 0, f"{block.text}\nended with {outcome.code}\n{outcome.out}\n{outcome.err}"
        printed += outcome.out
    return printed


def _calls(text: str) -> list[tuple[Call, list[str]]]:
    """Calls that the lines of a block are; none if one of them needs a shell."""
    calls: list[tuple[Call, list[str]]] = []
    for line in [] if SHELL.search(text) else text.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        if any(word[0] in PUNCTUATION for word in words if word):
            return []
        if words[:1] == ["amc"]:
            calls.append((forked.amc, words[1:]))
        elif words[:2] == ["python", "-c"]:
            calls.append((forked.code, words[2:]))
        elif words:
            return []
    return calls


def _shell(text: str, folder: Path) -> Outcome:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    process = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", text], cwd=folder, env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    STARTED.append(process.pid)
    return ended(process, within=600)


def run_session(page: Path, folder: Path) -> None:
    """Run all examples of a page in order and compare their outputs, in a folder with the files that it states."""
    for block in blocks(page):
        if block.missing:
            pytest.skip(f"an example needs {block.missing}")
        if block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.runs:
            printed = run(block, folder)
            if block.output is not None:
                assert_prints(printed, block.output)


def end_started() -> None:
    """Ends what examples left running, such as a server of a page whose later example failed."""
    while STARTED:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(STARTED.pop(), signal.SIGTERM)


def assert_prints(printed: str, stated: str) -> None:
    """Same words in the same order, numbers within `TOLERANCE`; `...` ends a line whose rest is not compared."""
    got, wanted = printed.strip().splitlines(), stated.strip().splitlines()
    assert len(got) == len(wanted), f"{len(got)} lines in the place of {len(wanted)}:\n{printed}"
    for line, expected in zip(got, wanted, strict=True):
        start, dots, _ = expected.partition("...")
        found, known = _words(line), _words(start)
        assert len(found) == len(known) or (dots and len(found) >= len(known)), f"{line}\nis not\n{expected}"
        for one, other in zip(found, known, strict=False):
            assert _alike(one, other), f"{one!r} is not {other!r} in\n{line}"


def _words(line: str) -> list[str]:
    """Numbers and what stands between them; rules of tables are as long as their columns."""
    return re.findall(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?|[^\s\d]+", re.sub("[━─]+", "─", line))


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    numbers = one[0].isdigit() and other[0].isdigit()
    return numbers and "." in one + other and math.isclose(float(one), float(other), rel_tol=TOLERANCE)
