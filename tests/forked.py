"""`amc`, Python code and scripts in processes that are forked from one that has loaded the package: a second less each.

Such a process has its own folder, environment, session, output and exit code, like one of a shell.
"""

from __future__ import annotations

import os
import runpy
import sys
import types
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from amc_circuits.cli.start import main
from amc_circuits.studies.workers import start_server
from amc_circuits.sweep.run.outcome import PRELOADED
from tests.command_line import Outcome

LOADED = (
    *PRELOADED, "amc_circuits.cli.app", "analog_training.command.train", "matplotlib.pyplot",
    "optimizer.step_cost.command", "optimizer.train_command", "scipy.optimize", "sklearn.datasets",
)  # fmt: skip
"""Modules of the process from which others are forked, whichever test is the first to start it."""


def amc(*words: str) -> None:
    """Run the command as its script does."""
    sys.argv = ["amc", *words]
    main()


def script(path: str, *words: str) -> None:
    """Run a file as `python FILE` does."""
    sys.argv, sys.path[:0] = [path, *words], [str(Path(path).parent)]
    runpy.run_path(path, run_name="__main__")


def code(text: str, *words: str) -> None:
    """Run Python code as `python -c` does."""
    sys.argv, sys.path[:0] = ["-c", *words], [""]
    sys.modules["__main__"] = module = types.ModuleType("__main__")
    exec(compile(text, "<string>", "exec"), vars(module))


def ended(
    call: Callable[..., None],
    *words: str,
    folder: Path,
    packages: Path | None = None,
    started: list[int] | None = None,
    within: float = 600,
    meanwhile: Callable[[BaseProcess], None] | None = None,
) -> Outcome:
    """Make a call in a process of its own and wait for its end.

    Args:
        call: `amc`, `code` or `script`.
        words: Its arguments.
        folder: Working directory.
        packages: Folder of further installed packages.
        started: Gets the group of the process, in which it may leave others.
        within: Time limit, s.
        meanwhile: Called with the process while it runs; it may kill it.
    """
    context = start_server(LOADED)
    with TemporaryDirectory() as files:
        printed = [Path(files) / name for name in ("out", "err")]
        process = context.Process(
            target=_process, args=(call, words, str(folder), packages, environment(packages), printed)
        )
        process.start()
        if started is not None and process.pid:
            started.append(process.pid)
        if meanwhile is not None:
            meanwhile(process)
        process.join(within)
        process.kill()
        process.join()
        out, err = (file.read_text(encoding="utf-8") if file.exists() else "" for file in printed)
    return Outcome(process.exitcode or 0, out, err)


def environment(packages: Path | None) -> dict[str, str]:
    """Variables of a process with further installed packages."""
    known = dict(os.environ)
    if packages is not None:
        known["PYTHONPATH"] = os.pathsep.join([str(packages), known.get("PYTHONPATH", "")])
    return known


def _process(
    call: Callable[..., None],
    words: tuple[str, ...],
    folder: str,
    packages: Path | None,
    variables: Mapping[str, str],
    files: list[Path],
) -> None:
    os.setsid()
    for descriptor, file in enumerate(files, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.path[:0] = [] if packages is None else [str(packages)]
    call(*words)
