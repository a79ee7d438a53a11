"""Common code of `robustness.py`: `amc sweep` as a process, its remains, and rows of the table.

Linux only: processes are found in /proc, by the folder for temporary files that all of one run share.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from amc_circuits.engines import find_ngspice
from amc_circuits.sweep.store import DATABASE, Row, Store
from amc_circuits.sweep.store.folder import LOG

GONE_WITHIN = 10.0
"""s after which nothing of a killed command may be left."""
STARTED_WITHIN = 60.0
"""s after which a command has workers."""
ROOT = Path(__file__).resolve().parents[2]
REPORTED = re.compile(r" (\d+) ([A-Z_]+) \d+\.\d+ s")
"""Line of the log for a finished point: its number and status."""


@dataclass(frozen=True)
class Finding:
    """One row of the table.

    Attributes:
        what: Was done.
        must_hold: Then.
        found: Observation in numbers.
        holds: True if the requirement holds; None if it was not run.
    """

    what: str
    must_hold: str
    found: str
    holds: bool | None


@dataclass(frozen=True)
class Run:
    """A command that was started as the head of a process group.

    Attributes:
        process: It.
        temporary: Its folder for temporary files, and that of all processes that it starts.
    """

    process: subprocess.Popen[bytes]
    temporary: Path

    def ended(self, within: float = 600) -> tuple[int, str, str]:
        """Wait for it, not for what it started, and return exit code, stdout and stderr."""
        code = self.process.wait(within)
        return code, self.temporary.with_suffix(".out").read_text(), self.temporary.with_suffix(".err").read_text()


def start(arguments: Sequence[object], temporary: Path, before: Sequence[str] = (), **environment: str) -> Run:
    """Starts `amc`, behind another program (`before`) that starts it, such as prlimit."""
    temporary.mkdir(parents=True, exist_ok=True)
    command = [*before, sys.executable, "-c", "from amc_circuits.cli.app import main; main()", *map(str, arguments)]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with temporary.with_suffix(".out").open("wb") as out, temporary.with_suffix(".err").open("wb") as err:
        process = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": path, **environment, "TMPDIR": str(temporary)},
            start_new_session=True, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
        )  # fmt: skip
    return Run(process, temporary)


def sweep_command(spec: Path, out: Path, *more: object) -> list[object]:
    """Arguments of `amc` for two points at a time, with waveforms."""
    return ["sweep", spec, "--out", out, "--jobs", 2, "--waveforms", "--no-progress", *more]


def processes_of(temporary: Path) -> list[int]:
    """Process ids of all that have a folder for temporary files, or one in it, in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and os.fsencode(temporary) + b"\0" in _environment(entry, temporary):
                found.append(int(entry.name))
    return found


def _environment(process: Path, temporary: Path) -> bytes:
    """Environment of a process; ngspice has its own folder in TMPDIR as HOME."""
    text = (process / "environ").read_bytes()
    return re.sub(re.escape(os.fsencode(temporary)) + rb"/[^\0/]+\0", os.fsencode(temporary) + b"\0", text)


def parent_of(process: int) -> int:
    """Process id of a process's parent; 0 of one that is gone."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def left_behind(run: Run, within: float = GONE_WITHIN) -> int:
    """How many processes of a run outlive it by so many seconds; they are ended."""
    wait_until(lambda: not processes_of(run.temporary), within)
    left = processes_of(run.temporary)
    for process in left:
        os.kill(process, signal.SIGKILL)
    return len(left)


def workers_of(run: Run) -> list[int]:
    """Processes that make the points: children of the server from which they are forked."""
    parents = {process: parent_of(process) for process in processes_of(run.temporary)}
    return sorted(process for process, parent in parents.items() if parents.get(parent) == run.process.pid)


def wait_until(condition: Callable[[], bool], within: float) -> bool:
    """Wait until a condition holds; False if it does not in so many seconds."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def reported(folder: Path) -> list[tuple[int, str]]:
    """Number and status of every finished point in the log, in its order."""
    log = folder / LOG
    text = log.read_text(errors="replace") if log.is_file() else ""
    return [(int(number), status) for number, status in REPORTED.findall(text)]


def is_sound(folder: Path) -> bool:
    """True if the database can be opened and SQLite reports no fault in it."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        return connection.execute("pragma integrity_check").fetchall() == [("ok",)]


def stored(folder: Path) -> dict[int, Row]:
    """The rows by their numbers; none before there is a database."""
    if not (folder / DATABASE).is_file():
        return {}
    with Store(folder) as store:
        return {row.number: row for row in store.rows()}


def waveforms_of(folder: Path, number: int) -> bytes | None:
    """Stored waveforms of a row."""
    with Store(folder) as store:
        return store.waveforms(number)


def without_times(row: Row) -> dict[str, object]:
    """All of a row except its times, its host and its place in the order of storage."""
    passing = ("wall_time_s", "finished", "host", "counter")
    known = {name: value for name, value in vars(row).items() if name not in passing}
    return known | {"figures": {name: value for name, value in row.figures.items() if name != "wall_time_s"}}


def simulator(folder: Path, script: str) -> str:
    """Executable that answers `--version` like ngspice and otherwise runs a shell script with ngspice as `$real`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ngspice"
    path.write_text(
        f'#!/bin/sh\nreal="{find_ngspice().path}"\n[ "$1" = --version ] && exec "$real" --version\n{script}\n'
    )
    path.chmod(0o755)
    return str(path)
