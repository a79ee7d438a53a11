"""One deck, one `ngspice -b` process in an empty folder of its own; what fails leaves deck and log."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from amc_circuits.engines.ngspice.binary import NgspiceBinary, find_ngspice
from amc_circuits.engines.ngspice.processes import TimedOutError, call
from amc_circuits.engines.ngspice.rawfile import Plot, RawFileError, read_plots
from netlists.errors import ParameterError, check_type, path_of, real_number

T = TypeVar("T")
LARGEST_LEFT = 10**7
"""Bytes that are taken of a file of a process that was killed."""
DECK, LOG, RAW = "deck.cir", "ngspice.log", "out.raw"


class SimulationError(RuntimeError):
    """The simulator hung, crashed or wrote something unusable. Deck and log are kept.

    Attributes:
        reason: Reason of the failure, one sentence.
        folder: Where `deck.cir` and `ngspice.log` are.
    """

    def __init__(self, reason: str, folder: Path) -> None:
        self.reason, self.folder = reason, folder
        super().__init__(f"ngspice: {reason}; deck and log are kept in {folder}")

    def __reduce__(self) -> tuple[type[SimulationError], tuple[str, Path]]:
        return type(self), (self.reason, self.folder)


class _RunFailed(Exception):
    """The process ended badly."""


def run_deck(
    deck: str, *, timeout: float = 600.0, keep: Path | None = None, binary: NgspiceBinary | None = None
) -> list[Plot]:
    """Runs a complete deck of any analyses and returns what it saved, one plot an analysis.

    Raises:
        SimulationError: It hung, crashed or wrote something unusable.
        ParameterError: The deck is no text, or not ASCII.
    """
    check_type("deck", deck, str)
    if not deck.isascii():
        strange = next(one for one in deck if not one.isascii())
        raise ParameterError("deck", repr(strange), "must be ASCII, which ngspice reads everywhere")
    timeout, folder = real_number("timeout", timeout), None if keep is None else path_of("keep", keep)
    return simulate(deck, read_plots, binary or find_ngspice(), timeout, folder, None)


def simulate(
    deck: str, read: Callable[[Path], T], binary: NgspiceBinary, timeout: float, keep: Path | None, owner: object
) -> T:
    """Runs a deck and reads its raw file.

    Args:
        deck: The deck, ASCII.
        read: From the raw file's path to a result; raises `RawFileError` where it is unusable.
        binary: Which ngspice.
        timeout: Seconds after which it is ended.
        keep: Folder for deck and log of a failed run; None is the system's folder for temporary files.
        owner: Whose simulation it is, see `end_simulations`.

    Raises:
        SimulationError: It hung, crashed or wrote something unusable.
    """
    folder = Path(tempfile.mkdtemp(prefix=folder_prefix(os.getpid())))
    try:
        (folder / DECK).write_text(deck, encoding="ascii")
        try:
            _call(folder, binary, timeout, owner)
            return read(folder / RAW)
        except (RawFileError, TimedOutError, OSError, _RunFailed) as error:
            raise SimulationError(_reason(error, folder, timeout), _kept(folder, keep)) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def kept_folder(keep: Path | None) -> Path:
    """A new folder that stays."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="amc-failed-", dir=keep))


def left_by(process: int) -> dict[str, bytes]:
    """Decks and logs of the simulations that a process left when it was killed, by path; they are cleared away."""
    folders = sorted(Path(tempfile.gettempdir()).glob(f"{folder_prefix(process)}*"))
    paths = [folder / name for folder in folders for name in (DECK, LOG) if (folder / name).is_file()]
    found = {}
    for path in paths:
        name = path.name if len(folders) == 1 else f"{path.parent.name}/{path.name}"
        # The process may still live, and clear its files away at this moment.
        with contextlib.suppress(OSError), path.open("rb") as file:
            found[name] = file.read(LARGEST_LEFT)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def folder_prefix(process: int) -> str:
    """Prefix of the names of a process's simulation folders."""
    return f"amc-{process}-"


def _call(folder: Path, binary: NgspiceBinary, timeout: float, owner: object) -> None:
    # No start-up file: -n for the user's, an empty SPICE_SCRIPTS for the system's.
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "SPICE_SCRIPTS": str(folder),
        "OMP_NUM_THREADS": "1",
        "LC_ALL": "C",
    }
    if libraries := os.environ.get("LD_LIBRARY_PATH"):
        environment["LD_LIBRARY_PATH"] = libraries
    command = [str(binary.path), "-n", "-b", "-r", RAW, DECK]
    code = call(command, folder, folder / LOG, environment, timeout, owner)
    if code != 0:
        raise _RunFailed(f"ended with code {code}" if code > 0 else f"was ended by signal {-code}")


def _reason(error: Exception, folder: Path, timeout: float) -> str:
    if isinstance(error, TimedOutError):
        return f"ran longer than {timeout:g} s and was ended"
    log = folder / LOG
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    complaint = next((line.strip() for line in lines if "rror" in line or "too small" in line), "")
    return f"{error}" + (f" ({complaint[:160]})" if complaint else "")


def _kept(folder: Path, keep: Path | None) -> Path:
    """Copies deck and log of a failed run to where they stay; what it wrote, perhaps until the disk was full, goes."""
    (folder / RAW).unlink(missing_ok=True)
    kept = kept_folder(keep)
    for name in (DECK, LOG):
        if (folder / name).exists():
            shutil.copy(folder / name, kept / name)
    return kept
