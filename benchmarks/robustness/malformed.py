"""Thousands of malformed inputs: is each refused by one line, with nothing written and no traceback?

Hypothesis draws them (`texts.py`, `files.py`): specifications of sweeps, .npy matrices, files of conductances and
op-amp model files, damaged byte by byte or built of odd parts, and options with odd values. They go through
`amc_circuits.cli.app.run` in this process. Some are usable after all: those run, on the exact engine at tiny
sizes. For a specification `--dry-run` decides. One that is refused is also refused without it, before its folder is
created. A program that ends at once replaces ngspice, so that a usable op-amp file ends with exit code 1.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unittest import mock

import typer
from hypothesis import HealthCheck, Phase, given, settings

from amc_circuits.cli import app as cli
from amc_circuits.cli.messages import BAD_INPUT, NO_RESULT, SIMULATOR_FAILED, USABLE
from amc_circuits.sweep.run import estimate
from benchmarks.robustness.files import FILES, Case
from benchmarks.robustness.runs import Finding, simulator
from benchmarks.robustness.texts import TEXTS

KINDS = TEXTS | FILES
EXAMPLES = 5_000
LONGEST = timedelta(seconds=30)
"""That one may take."""


@dataclass(frozen=True)
class Ended:
    """How a command ended in this process."""

    code: int
    out: str
    err: str


def malformed(folder: Path, examples: int = EXAMPLES) -> list[Finding]:
    """So many inputs, equally many of each type."""
    return [_finding(kind, examples // len(KINDS), folder) for kind in KINDS]


def _finding(kind: str, examples: int, folder: Path) -> Finding:
    must = "refused by one line (2) or used (0, 3; 1 if ngspice was asked), nothing else written"
    try:
        codes = judged(kind, examples, folder)
    except Exception as error:  # whatever Hypothesis found, with the example in its notes
        notes = " ".join(getattr(error, "__notes__", []))
        return Finding(kind, must, f"{type(error).__name__}: {error} {notes}"[:600], False)
    text = ", ".join(f"{count} with {code}" for code, count in sorted(codes.items()))
    return Finding(f"{codes.total()} {kind}", must, text, codes[BAD_INPUT] > 0)


def judged(kind: str, examples: int, folder: Path) -> Counter[int]:
    """Draw inputs of a type and return the count of each exit code.

    Args:
        kind: One of `KINDS`.
        examples: How many.
        folder: Folder for files; its content is removed.

    Raises:
        Exception: A command let it escape, or failed a check (`AssertionError`); with the smallest example.
    """
    codes: Counter[int] = Counter()
    asked = settings(
        max_examples=examples, derandomize=True, database=None, deadline=LONGEST, phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip

    @asked
    @given(KINDS[kind]())
    def judge(case: Case) -> None:
        with _alone(folder):
            codes[_judged(case)] += 1

    with _surroundings(folder):
        judge()
    return codes


@contextmanager
def _surroundings(folder: Path) -> Iterator[None]:
    """No simulator, and no sample points of a dry run: whether an input is refused does not depend on them.

    The command line is put together once and not for every example.
    """
    ends, command = simulator(folder / "simulator", "exit 3"), typer.main.get_command(cli.app)
    with (
        mock.patch.dict(os.environ, {"AMC_NGSPICE": ends}),
        mock.patch.object(estimate, "BUDGET", -1.0),
        mock.patch.object(typer.main, "get_command", lambda _: command),
    ):
        yield


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """An empty folder to work in, with one for temporary files beside it."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        for part in ("work", "temporary"):
            Path(name, part).mkdir()
        temporary = str(Path(name, "temporary"))
        with mock.patch.object(tempfile, "tempdir", temporary), contextlib.chdir(Path(name, "work")):
            yield


def _judged(case: Case) -> int:
    """Run a case, and what must be refused with it; return its exit code."""
    for name, content in case.files.items():
        Path(name).write_bytes(content)
    code = _run(case, case.arguments)
    if code == BAD_INPUT and case.also:
        assert _run(case, case.also) == BAD_INPUT, "refused by --dry-run only"
    return code


def _run(case: Case, arguments: Sequence[str]) -> int:
    ended = in_this_process(arguments)
    allowed = {USABLE, BAD_INPUT, NO_RESULT} | ({SIMULATOR_FAILED} if "amp.lib" in case.files else set())
    assert ended.code in allowed, ended
    assert {path.name for path in Path().iterdir()} == set(case.files), "something was written"
    if ended.code == BAD_INPUT:
        assert ended.out == "", ended
        assert ended.err.startswith("amc: ") and ended.err.count("\n") == 1 and ended.err.endswith("\n"), ended
    if ended.code != SIMULATOR_FAILED:  # which keeps deck and log
        assert not any(Path(tempfile.gettempdir()).iterdir()), "temporary files were left"
    return ended.code


def in_this_process(arguments: Sequence[str]) -> Ended:
    """A command, with streams that take what those of a terminal take."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", "strict", write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", write_through=True)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run(list(arguments))
    return Ended(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))
