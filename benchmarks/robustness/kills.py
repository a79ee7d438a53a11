"""A sweep is killed repeatedly and restarted by the same command: is anything lost, wrong, or left behind?

SIGKILL, which no process can refuse, goes to the main process alone, to one of its workers, or to its whole process
group, equally often, in random order. A killed worker ends no sweep, so the next moment counts from there. Moments are
uniformly distributed from the start of the command, imports included. Their upper end is chosen such that all of them
use up `KILLED_WITHIN` of the sweep's own time. A moment is advanced if the sweep would be complete too soon.
"""

from __future__ import annotations

import math
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from amc_circuits.cli.messages import BAD_INPUT, NO_RESULT, USABLE
from amc_circuits.sweep.store import DATABASE, FAILED, Row
from benchmarks.robustness.runs import (
    GONE_WITHIN,
    STARTED_WITHIN,
    Finding,
    Run,
    is_sound,
    left_behind,
    reported,
    simulator,
    start,
    stored,
    sweep_command,
    wait_until,
    waveforms_of,
    without_times,
    workers_of,
)

KINDS = ("main process", "worker", "process group")
KILLED_WITHIN = 0.7
SPEC = """
circuit = "inv"
[fixed]
input_voltage = 0.02
[grid]
engine = ["exact", "ngspice"]
seed = {{range = [0, {seeds}]}}
size = [{size}]
"""
"""Points of the exact engine are neighbours, which run in chunks."""


@dataclass(frozen=True)
class Pace:
    """Speed of the undisturbed sweep.

    Attributes:
        first: From the command to the first row that is reported, s.
        rest: From there to the end, s.
    """

    first: float
    rest: float

    def longest(self, kills: int) -> float:
        """How long a kill may wait after the first row, so that all of them use up `KILLED_WITHIN` of the rest.

        Of the moments that are uniform in [0, first + t], t/(first + t) come after the first row, t/2 after it on
        average.
        """
        each = 2 * KILLED_WITHIN * self.rest / kills
        return (each + math.sqrt(each**2 + 4 * each * self.first)) / 2


@dataclass
class Siege:
    """A sweep under attack, and what was seen.

    Attributes:
        spec: The sweep.
        out: Its folder.
        points: How many it has.
        pace: How fast it is.
        kills: How many there are to be.
        generator: Draws moments and victims.
        done: Who was killed, how often.
        starts: Times that the command was given.
        looked: Kills after which there was a database.
        sound: Kills after which SQLite reported no fault in the database.
        missing: Rows that are done by the log but not in the database.
        left: Processes that lived on.
        said: Output of the last run on stderr.
    """

    spec: Path
    out: Path
    points: int
    pace: Pace
    kills: int
    generator: np.random.Generator
    done: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    looked: int = 0
    sound: int = 0
    missing: int = 0
    left: int = 0
    said: str = ""

    def through(self) -> int:
        """All kills, and the run that completes the sweep; returns its exit code."""
        run, head = self._begin(), self.pace.first
        for victim in self.generator.permutation([KINDS[k % len(KINDS)] for k in range(self.kills)]):
            if not (self._moment(run, head) and self._kill(run, victim)):
                break
            self.done[victim] += 1
            head = 0.0
            if victim != "worker":
                run.process.wait()
                before, run, head = run, self._begin(), self.pace.first
                self.left += left_behind(before)
            self._look()
        return self._completed(run)

    def _completed(self, run: Run) -> int:
        """Exit code of the last run; a point whose process was killed twice in it has failed and is run once more."""
        code, _, self.said = run.ended()
        if code == NO_RESULT:
            run = self._begin()
            code, _, self.said = run.ended()
        self.left += left_behind(run)
        return code

    def _begin(self) -> Run:
        """The command, once more."""
        self.starts += 1
        command = sweep_command(self.spec, self.out, "--retry-failed")
        return start(command, self.out.with_name("t") / str(self.starts))

    def _moment(self, run: Run, head: float) -> bool:
        """Wait until the next moment; False if the command ended before."""
        moment = self.generator.uniform(0, head + self.pace.longest(self.kills))
        latest = KILLED_WITHIN * (self.done.total() + 1) / self.kills * self.points
        wait_until(lambda: run.process.poll() is not None or len(reported(self.out)) > latest, moment)
        return run.process.poll() is None

    def _kill(self, run: Run, victim: str) -> bool:
        """Kill a victim; False if there is none."""
        if victim == "worker":
            wait_until(lambda: bool(workers_of(run)) or run.process.poll() is not None, STARTED_WITHIN)
            if not (workers := workers_of(run)):
                return False
            os.kill(int(self.generator.choice(workers)), signal.SIGKILL)
        elif victim == "process group":
            os.killpg(run.process.pid, signal.SIGKILL)
        else:
            run.process.kill()
        return True

    def _look(self) -> None:
        """Check that rows in the log are in the database, and that it is sound."""
        said = {number for number, _ in reported(self.out)}
        if (self.out / DATABASE).is_file():
            self.looked += 1
            self.sound += is_sound(self.out)
        self.missing += len(said - set(stored(self.out)))


def kills(folder: Path, count: int = 50, seeds: int = 64, size: int = 16, seed: int = 0) -> list[Finding]:
    """Kill one sweep so many times, and compare it with an undisturbed one.

    Args:
        folder: Folder of all files.
        count: Number of kills.
        seeds: Number of points of each engine.
        size: N of the points.
        seed: Seed of moments and victims.
    """
    spec = folder / "spec.toml"
    spec.write_text(SPEC.format(seeds=seeds, size=size))
    pace = undisturbed(spec, folder / "calm")
    calm = stored(folder / "calm")
    siege = Siege(spec, folder / "struck", len(calm), pace, count, np.random.default_rng(seed))
    code = siege.through()
    return [*_of_the_sweep(siege, code), *_of_the_rows(siege, calm)]


def hanging(folder: Path) -> list[Finding]:
    """Kills a process group whose simulator never ends: ngspice, in a group of its own, has nobody left to end it."""
    spec, timeout = folder / "one.toml", 1
    spec.write_text(SPEC.format(seeds=1, size=2).replace("[fixed]", f"[fixed]\ntimeout = {timeout}"))
    # It says that it spins when it has its limit, which it gets while it runs.
    limited = 'while [ "$(ulimit -t)" = unlimited ]; do sleep 0.01; done'
    program = simulator(folder / "simulator", f"{limited}; touch {folder}/spins; while :; do :; done")
    run = start(sweep_command(spec, folder / "hanging"), folder / "t" / "hanging", AMC_NGSPICE=program)
    begun = wait_until((folder / "spins").exists, STARTED_WITHIN)
    os.killpg(run.process.pid, signal.SIGKILL)
    run.process.wait()
    left = left_behind(run, STARTED_WITHIN)
    must = f"nothing left after its --timeout, {timeout} s, and one more of processor time"
    return [
        Finding(
            "process group killed while ngspice goes on without end",
            must,
            f"{left} left" if begun else "it did not start",
            begun and not left,
        )
    ]


def second(folder: Path) -> list[Finding]:
    """Starts a sweep in a folder in which one is under way."""
    spec, out = folder / "two.toml", folder / "two"
    spec.write_text(SPEC.format(seeds=64, size=8))
    first = start(sweep_command(spec, out), folder / "t" / "first")
    wait_until(lambda: bool(reported(out)) or first.process.poll() is not None, STARTED_WITHIN)
    code, said, err = start(sweep_command(spec, out), folder / "t" / "second").ended()
    went_on = first.process.poll() is None
    ended = first.ended()[0]
    told = code == BAD_INPUT and not said and err.count("\n") == 1 and "in use" in err
    return [
        Finding(
            "a second command on a folder in use",
            "exit code 2, one line; the first goes on",
            f"exit code {code}: {err.strip()[:100]}; the first ends with {ended}",
            told and went_on and ended == USABLE,
        )
    ]


def undisturbed(spec: Path, out: Path) -> Pace:
    """Run the sweep in peace."""
    began = time.perf_counter()
    run = start(sweep_command(spec, out), out.with_name("t") / "calm")
    wait_until(lambda: bool(reported(out)) or run.process.poll() is not None, 600)
    first = time.perf_counter() - began
    code, _, err = run.ended()
    if code != 0:
        raise SystemExit(f"the sweep that nobody disturbs ended with exit code {code}: {err}")
    return Pace(first, time.perf_counter() - began - first)


def _of_the_sweep(siege: Siege, code: int) -> list[Finding]:
    """It ends, its database is always sound, and nothing lives on."""
    done = siege.done.total()
    who = ", ".join(f"{siege.done[kind]} {kind}" for kind in KINDS)
    return [
        Finding(
            f"{siege.points} points, 2 jobs, {done} kills ({who})",
            "the same command completes it, exit code 0",
            f"exit code {code} at start {siege.starts}{': ' if siege.said else ''}{siege.said[-200:]}",
            code == 0 and done == siege.kills,
        ),
        Finding(
            "database after each kill, once there is one",
            "sound",
            f"{siege.sound} of {siege.looked}",
            siege.sound == siege.looked > 0,
        ),
        Finding(
            "rows reported done, after each kill",
            "all in the database",
            f"{siege.missing} missing",
            siege.missing == 0,
        ),
        Finding("processes left behind", f"none after {GONE_WITHIN:g} s", f"{siege.left}", siege.left == 0),
    ]


def _of_the_rows(siege: Siege, calm: Mapping[int, Row]) -> list[Finding]:
    """They are what they are without kills."""
    struck, said = stored(siege.out), reported(siege.out)
    lost, more = len(set(calm) - set(struck)), len(set(struck) - set(calm))
    differ = sum(
        without_times(row) != without_times(struck[number]) for number, row in calm.items() if number in struck
    )
    waveforms = [
        number
        for number in calm
        if waveforms_of(siege.out.with_name("calm"), number) != waveforms_of(siege.out, number)
    ]
    again = Counter(number for number, status in said if status != FAILED)
    twice = sum(times - 1 for times in again.values())
    return [
        Finding(
            "rows at the end", "none lost, none more", f"{len(struck)}: {lost} lost, {more} more", lost == more == 0
        ),
        Finding(
            "figures and waveforms against the sweep in peace",
            "the same to the last bit",
            f"{differ + len(waveforms)} of {len(calm)} rows differ",
            not differ and not waveforms,
        ),
        Finding("points run again that were stored", "none", f"{twice}", twice == 0),
    ]
