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
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests import forked
from tests.command_line import Outcome, ended

FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$(?:\s*prints\s*^```text\n(.*?)^```$)?", re.M | re.S)
STARTED: list[int] = []
"""Process groups of the examples that were run."""
COMMAND = re.compile(
    r"""((?:amc|python -c) (?:'[^']*'|"[^"$`\\]*"|[^'"$`*?~\\();<>|&\n])*)(?:[|] *(.*)|> *([\w./-]+))?"""
)
"""A line of a command, with what its output goes to; other characters have a meaning that only a shell gives them."""
ALONE = ("amc", "cat", "grep", "printf", "python", "sed", "test", "export PYTHONPATH=")
"""Beginnings of lines that leave nothing in the shell for the next line but folders of packages."""
PACKAGES = re.compile(r'export PYTHONPATH="(\w+):[$]{PYTHONPATH:-}"')
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

    Python code and commands of `amc` run in forked processes, all else in a shell.
    """
    if block.language == "python":
        outcomes = iter([forked.ended(forked.code, block.text, folder=folder, started=STARTED)])
    else:
        outcomes = _outcomes(block.text, folder)
    printed = ""
    for outcome in outcomes:
        assert outcome.code == 0, f"{block.text}\nended with {outcome.code}\n{outcome.out}\n{outcome.err}"
        printed += outcome.out
    return printed


def _lines(text: str) -> list[str]:
    """Lines of a block that can run one by one, without comments, or the whole block."""
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    apart = all(line.startswith(ALONE) and line[-1] != "&" and "<<" not in line for line in lines)
    return lines if apart else [text]


def _outcomes(text: str, folder: Path) -> Iterator[Outcome]:
    """Outcomes of the lines of a block."""
    packages = None
    for line in _lines(text):
        if found := PACKAGES.fullmatch(line):
            packages = folder / found[1]
        else:
            yield from _line(line, folder, packages)


def _line(line: str, folder: Path, packages: Path | None) -> Iterator[Outcome]:
    """A command in a forked process, and what its output goes to; or a shell with all of it."""
    found = COMMAND.fullmatch(re.sub(r"\s+#.*", "", line))
    if not found:
        yield _shell(line, folder, packages)
        return
    words, (rest, file) = shlex.split(found[1]), found.groups()[1:]
    call, words = (forked.amc, words[1:]) if words[0] == "amc" else (forked.code, words[2:])
    outcome = forked.ended(call, *words, folder=folder, packages=packages, started=STARTED)
    if file:
        (folder / file).write_text(outcome.out, encoding="utf-8")
    yield replace(outcome, out="") if file or rest else outcome
    if rest:
        yield _shell(rest, folder, packages, outcome.out)


def _shell(text: str, folder: Path, packages: Path | None, fed: str = "") -> Outcome:
    environment = forked.environment(packages)
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    process = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", text], cwd=folder, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    STARTED.append(process.pid)
    return ended(process, fed, within=600)


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
