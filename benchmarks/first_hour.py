"""Does a new user get an answer, or a mend in one line, from each of the first sixty commands?

Method: `first_hour.toml` has fifteen commands of each of four users (circuit designer, machine-learning engineer,
wireless engineer, decision maker), with natural mistakes: a wrong file, unit, name or number, a missing argument, an
unstable matrix. Each runs as a process of its own. It passes if its exit code is the stated one, the stated words are
printed, the stated files are written, there is no traceback, and stderr has at most three lines.

Printed: a row a command; exit code 1 if any fails.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine_line

COMMANDS = Path(__file__).with_suffix(".toml")
LONGEST_MESSAGE = 3
"""Most lines on stderr."""
PATIENCE = 300
"""Time limit of a command, s."""
Process = Callable[[list[str], Path], "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Command:
    """A command with its expected outcome.

    Attributes:
        role: User who types it.
        command: Arguments behind `amc`.
        code: Exit code.
        words: Texts that are printed.
        files: Files that are written.
        quick: True if the tests run it, too.
    """

    role: str
    command: str
    code: int = 0
    words: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    quick: bool = False


@dataclass(frozen=True)
class Outcome:
    """Outcome of a command: what differs from the expectation, and its wall time in seconds."""

    command: Command
    differences: tuple[str, ...]
    seconds: float


def read(path: Path = COMMANDS) -> tuple[dict[str, str], list[Command]]:
    """Read the files of the users, by name, and all commands in order."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    files = content.pop("files")
    return files, [Command(role, **_frozen(entry)) for role, of in content.items() for entry in of["commands"]]


def _frozen(entry: Mapping[str, object]) -> dict[str, object]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}


def process(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `amc` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "amc_circuits", *words],
        cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip


def run(command: Command, folder: Path, amc: Process = process) -> Outcome:
    """Run a command in a folder and compare."""
    began = time.perf_counter()
    done = amc(shlex.split(command.command), folder)
    return Outcome(command, tuple(_differences(command, done, folder)), time.perf_counter() - began)


def _differences(command: Command, done: subprocess.CompletedProcess[str], folder: Path) -> Iterator[str]:
    if done.returncode != command.code:
        yield f"exit code {done.returncode}"
    printed = done.stdout + done.stderr
    yield from (f"not printed: {word}" for word in command.words if word not in printed)
    yield from (f"not written: {file}" for file in command.files if not (folder / file).exists())
    if "Traceback" in printed:
        yield "a traceback"
    if (count := len(done.stderr.splitlines())) > LONGEST_MESSAGE:
        yield f"{count} lines on stderr"
    if command.code == 0 and "--format json" in command.command and not _is_json(done.stdout):
        yield "stdout is not JSON"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def work(role: list[Command], files: Mapping[str, str], parent: Path, amc: Process = process) -> list[Outcome]:
    """Run the commands of one user in order, in a folder that begins with the files."""
    folder = parent / role[0].role.replace(" ", "-")
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [run(command, folder, amc) for command in role]


def table(outcomes: list[Outcome]) -> Table:
    """Build the table of all commands."""
    grid = Table(title="First hour", title_justify="left", box=box.MARKDOWN)
    for heading in ("role", "amc", "exit code", "seconds", "result"):
        grid.add_column(heading, justify="right" if heading in ("exit code", "seconds") else "left")
    for outcome in outcomes:
        command = outcome.command
        result = "; ".join(outcome.differences) or "as stated"
        grid.add_row(command.role, command.command, str(command.code), f"{outcome.seconds:.1f}", result)
    return grid


def main(
    jobs: Annotated[int, typer.Option(min=1, help="Users at the same time")] = 2,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the table too")] = None,
) -> None:
    """Run all commands; exit code 1 if one differs from its stated outcome."""
    files, commands = read()
    roles = [[one for one in commands if one.role == role] for role in dict.fromkeys(one.role for one in commands)]
    with TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        found = pool.map(lambda role: work(role, files, Path(folder)), roles)
        outcomes = [outcome for each in found for outcome in each]
    console = Console(record=True, width=200)
    console.print(machine_line(), highlight=False)
    console.print(table(outcomes), highlight=False)
    failed = sum(bool(outcome.differences) for outcome in outcomes)
    console.print(f"{len(outcomes) - failed} of {len(outcomes)} as stated", highlight=False)
    if out is not None:
        console.save_text(str(out))
    raise typer.Exit(bool(failed))


if __name__ == "__main__":
    typer.run(main)
