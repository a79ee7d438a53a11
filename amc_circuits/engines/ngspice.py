"""The ngspice engine: one `ngspice -b` process a run, each in an empty folder of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from amc_circuits.engines.job import Job
from amc_circuits.engines.ngspice_binary import NgspiceBinary, find_ngspice
from amc_circuits.engines.rawfile import RawFileError, read_raw
from amc_circuits.waveforms import Waveforms
from netlists import InvDesign, MvmDesign, analysis_lines, circuit_of, input_sources

DECK, LOG, RAW = "deck.cir", "ngspice.log", "out.raw"
END_SLACK = 1e-6
"""The last time point may miss the wanted end by this part of it (rounding of the printed end)."""


class SimulationError(RuntimeError):
    """The simulator hung, crashed or wrote something unusable. Deck and log are kept.

    Attributes:
        reason: What went wrong, one sentence.
        folder: Where `deck.cir` and `ngspice.log` are.
    """

    def __init__(self, reason: str, folder: Path) -> None:
        self.reason, self.folder = reason, folder
        super().__init__(f"ngspice: {reason}; deck and log are kept in {folder}")

    def __reduce__(self) -> tuple[type[SimulationError], tuple[str, Path]]:
        return type(self), (self.reason, self.folder)


_RUNNING: set[subprocess.Popen[bytes]] = set()


def end_simulations() -> None:
    """Ends every simulation that this process started: for Ctrl-C, and when one of several has failed."""
    for process in tuple(_RUNNING):
        _end(process)


@dataclass
class NgspiceEngine:
    """Runs jobs with ngspice.

    Attributes:
        timeout: Seconds after which a run is ended.
        solver: `auto` takes KLU where it is built in, else Sparse.
        keep: Folder under which failed runs are kept; None is the system's folder for temporary files.
        binary: Which ngspice; found on this machine unless given.
    """

    timeout: float = 600.0
    solver: Literal["auto", "klu", "sparse"] = "auto"
    keep: Path | None = None
    binary: NgspiceBinary = field(default_factory=find_ngspice)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    _last_body: tuple[InvDesign | MvmDesign, str] | None = field(default=None, init=False, repr=False)

    name = "ngspice"

    @property
    def version(self) -> str:
        """Version of the simulator."""
        return self.binary.version

    @property
    def klu(self) -> bool:
        """True when runs use KLU."""
        return self.binary.klu if self.solver == "auto" else self.solver == "klu"

    def deck(self, job: Job) -> str:
        """The complete deck of a job."""
        parts = [self._body(job.design), input_sources(job.design, job.drive), analysis_lines(job.analysis, self.klu)]
        return "\n".join([*parts, ".end\n"])

    def _body(self, design: InvDesign | MvmDesign) -> str:
        """Text of the circuit without sources, made once a design."""
        with self._lock:
            if self._last_body is None or self._last_body[0] is not design:
                self._last_body = (design, str(circuit_of(design)).rstrip())
            return self._last_body[1]

    def deck_sha256(self, jobs: Sequence[Job]) -> str:
        """Hash over the decks of some jobs."""
        digest = hashlib.sha256()
        for job in jobs:
            digest.update(self.deck(job).encode())
        return digest.hexdigest()

    def run(self, jobs: Sequence[Job], processes: int = 1) -> list[Waveforms]:
        """Runs jobs, some at the same time, and returns their waveforms in the jobs' order.

        Raises:
            SimulationError: A run failed; the others are ended.
        """
        if len(jobs) == 1:
            return [self._run_one(jobs[0])]
        with ThreadPoolExecutor(max_workers=processes) as pool:
            futures = [pool.submit(self._run_one, job) for job in jobs]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                end_simulations()
                raise

    def _run_one(self, job: Job) -> Waveforms:
        folder = Path(tempfile.mkdtemp(prefix="amc-"))
        try:
            (folder / DECK).write_text(self.deck(job), encoding="ascii")
            try:
                self._call(folder)
                waveforms = read_raw(folder / RAW)
                _check_end(waveforms, job.analysis.stop_time)
            except (RawFileError, subprocess.TimeoutExpired, OSError, _RunFailed) as error:
                raise SimulationError(self._reason(error, folder), self._kept(folder)) from None
            return waveforms
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _call(self, folder: Path) -> None:
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
        command = [str(self.binary.path), "-n", "-b", "-r", RAW, DECK]
        with (folder / LOG).open("wb") as log:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        _RUNNING.add(process)
        try:
            code = process.wait(timeout=self.timeout)
        finally:
            _end(process)
            _RUNNING.discard(process)
        if code != 0:
            raise _RunFailed(f"ended with code {code}" if code > 0 else f"was ended by signal {-code}")

    def _reason(self, error: Exception, folder: Path) -> str:
        if isinstance(error, subprocess.TimeoutExpired):
            return f"ran longer than {self.timeout:g} s and was ended"
        log = folder / LOG
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        complaint = next((line.strip() for line in lines if "rror" in line or "too small" in line), "")
        return f"{error}" + (f" ({complaint[:160]})" if complaint else "")

    def _kept(self, folder: Path) -> Path:
        """Moves deck and log of a failed run to where they stay."""
        if self.keep is not None:
            self.keep.mkdir(parents=True, exist_ok=True)
        kept = Path(tempfile.mkdtemp(prefix="amc-failed-", dir=self.keep))
        for name in (DECK, LOG):
            if (folder / name).exists():
                shutil.copy(folder / name, kept / name)
        return kept


class _RunFailed(Exception):
    """The process ended badly."""


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and what it started; nothing happens to one that has ended."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        process.wait()


def _check_end(waveforms: Waveforms, stop_time: float) -> None:
    last = float(waveforms.time[-1])
    if abs(last - stop_time) > END_SLACK * stop_time:
        raise RawFileError(f"the transient ends at {last:g} s instead of {stop_time:g} s")
