"""Thousands of points in one process: does memory stay flat?

Resident memory of the one worker and of the main process is read when the first points are reported, and at the end,
while the processes are still there.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.robustness.runs import Finding, Run, reported, start, workers_of

POINTS = {"exact": 10_000, "ngspice": 2_000}
SETTLED_IN = 1_000
"""Points after which libraries are loaded and caches are full."""
GROWTH = 30.0
"""MB from there to the end."""
SPEC = """
circuit = "inv"
[fixed]
engine = "{engine}"
size = 4
opamp = "single-pole"
input_voltage = 0.02
[grid]
seed = {{range = [0, {points}]}}
"""


@dataclass(frozen=True)
class Reading:
    """Resident memory.

    Attributes:
        points: That were reported by then.
        memory: MB, by the name of the process.
    """

    points: int
    memory: dict[str, float]


def memory(folder: Path) -> list[Finding]:
    """Both engines."""
    return [finding for engine, points in POINTS.items() for finding in _of_engine(folder, engine, points)]


def _of_engine(folder: Path, engine: str, points: int) -> list[Finding]:
    spec, out = folder / f"{engine}.toml", folder / engine
    spec.write_text(SPEC.format(engine=engine, points=points))
    run = start(["sweep", spec, "--out", out, "--jobs", 1, "--no-progress"], folder / "t" / engine)
    readings = _readings(run, out)
    code = run.ended()[0]
    if len(readings) < 2 or code != 0:
        return [Finding(f"{points} points, {engine}", f"growth below {GROWTH:g} MB", f"exit code {code}", False)]
    first, last = readings[0], readings[-1]
    return [_finding(f"{points} points, {engine}, memory of the {name}", first, last, name) for name in first.memory]


def _readings(run: Run, out: Path) -> list[Reading]:
    """From `SETTLED_IN` points on until the processes are gone."""
    found: list[Reading] = []
    while run.process.poll() is None:
        points, workers = len(reported(out)), workers_of(run)
        if points >= SETTLED_IN and len(workers) == 1:
            megabytes = {"main process": _resident(run.process.pid), "worker": _resident(workers[0])}
            if all(megabytes.values()):
                found.append(Reading(points, megabytes))
        time.sleep(0.2)
    return found


def _resident(process: int) -> float:
    """MB; 0 of a process that is gone."""
    try:
        found = re.search(r"VmRSS:\s*(\d+) kB", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def _finding(what: str, first: Reading, last: Reading, name: str) -> Finding:
    growth = last.memory[name] - first.memory[name]
    after = (f"{reading.memory[name]:.0f} MB after {reading.points}" for reading in (first, last))
    return Finding(what, f"growth below {GROWTH:g} MB", f"{', '.join(after)}: {growth:+.1f} MB", growth < GROWTH)
