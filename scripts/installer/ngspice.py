"""Finds an ngspice and whether it has the KLU solver: AMC_NGSPICE, the project's own copy, then the PATH."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from installer.steps import SetupError

VARIABLE = "AMC_NGSPICE"
LOCAL = Path(".ngspice/bin/ngspice")
USUAL_FOLDERS = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/local/bin", "/home/linuxbrew/.linuxbrew/bin")
PROBE_SECONDS = 20.0

# Any analysis makes ngspice name the solver it uses, if it has a choice of solvers.
PROBE_DECK = """probe
v1 1 0 1
r1 1 0 1
.options klu
.op
.end
"""

LINK = """#!/bin/sh
# Written by scripts/setup: the ngspice that comes first on the PATH is older.
exec "{target}" "$@"
"""


@dataclass(frozen=True)
class Ngspice:
    """An ngspice that runs.

    Attributes:
        path: Its executable.
        version: As it calls itself, such as "46".
        klu: True when the KLU solver is built in.
    """

    path: Path
    version: str
    klu: bool

    def __str__(self) -> str:
        """How it is named in a message."""
        return f"ngspice {self.version} ({'with' if self.klu else 'without'} KLU), {self.path}"


def probe(path: Path) -> Ngspice | None:
    """Runs a tiny deck; None when the file is not an ngspice that works."""
    try:
        version = re.search(r"ngspice-(\S+)", _output([str(path), "--version"]))
        with tempfile.TemporaryDirectory(prefix="amc-probe-") as folder:
            deck = Path(folder) / "probe.cir"
            deck.write_text(PROBE_DECK)
            log = _output([str(path), "-n", "-b", str(deck)], folder)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if version is None or "No. of Data Rows" not in log:
        return None
    return Ngspice(path, version[1], klu="Using KLU" in log)


def find(root: Path, environ: Mapping[str, str]) -> Ngspice | None:
    """The ngspice that the project uses at run time, or None.

    Raises:
        SetupError: `AMC_NGSPICE` is set and is not an ngspice that works.
    """
    named = environ.get(VARIABLE)
    if named:
        found = probe(Path(shutil.which(named, path=environ.get("PATH")) or named).absolute())
        if found is None:
            raise SetupError(f"{VARIABLE}={named} is not an ngspice that runs. Mend it, or type: unset {VARIABLE}")
        return found
    on_path = shutil.which("ngspice", path=environ.get("PATH"))
    candidates = [root / LOCAL, *([Path(on_path)] if on_path else [])]
    return next(filter(None, map(probe, candidates)), None)


def find_with_klu(environ: Mapping[str, str]) -> Ngspice | None:
    """The first ngspice with KLU anywhere on the PATH or in the usual folders, even behind an older one."""
    for path in _everywhere(environ):
        found = probe(path)
        if found and found.klu:
            return found
    return None


def drop_broken_copy(root: Path) -> bool:
    """Removes the project's own copy if it does not run; True if it did so. A broken one would be used at run time."""
    copy = root / LOCAL
    broken = copy.exists() and probe(copy) is None
    if broken:
        copy.unlink()
    return broken


def link(root: Path, target: Path) -> Path:
    """Makes the project's own copy a script that starts another ngspice, so that it comes before the PATH."""
    return write_wrapper(root, LINK.format(target=target))


def write_wrapper(root: Path, text: str) -> Path:
    """Writes the project's own `ngspice` script, in one step."""
    wrapper = root / LOCAL
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    part = wrapper.with_name("ngspice.part")
    part.write_text(text)
    part.chmod(0o755)
    part.replace(wrapper)
    return wrapper


def _everywhere(environ: Mapping[str, str]) -> Iterator[Path]:
    folders = [*environ.get("PATH", "").split(os.pathsep), *USUAL_FOLDERS]
    for folder in dict.fromkeys(filter(None, folders)):
        path = Path(folder) / "ngspice"
        if os.access(path, os.X_OK) and path.is_file():
            yield path


def _output(command: list[str], folder: str | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PROBE_SECONDS,
    )
    return done.stdout.decode(errors="replace")
