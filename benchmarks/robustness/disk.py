"""The disk becomes full in the middle of a sweep: is the message right, are rows kept, does the same command continue?

As root the folder is on a small file system of its own (tmpfs), which another program fills when a given number of
points is reported. This happens once while the database's log still grows, and once after it has wrapped around, so
that the text log is the first to fail. Without root the command runs under a limit on the size of its files.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from amc_circuits.cli.messages import BAD_INPUT, USABLE
from amc_circuits.engines.ngspice.runner import DECK, LOG
from amc_circuits.sweep.store import DATABASE, FAILED, Row
from benchmarks.robustness.runs import Finding, is_sound, reported, simulator, start, stored, wait_until, without_times

POINTS = 800
FULL_AFTER = 100
"""Points, beyond those after which the database's log has come round, at 1000 pages of 4096 bytes."""
ROUND = 1_000 * 4_096
SPEC = f"""
circuit = "inv"
[fixed]
engine = "exact"
size = 2
input_voltage = 0.02
[grid]
seed = {{range = [0, {POINTS}]}}
"""
FEW = """
circuit = "inv"
[fixed]
opamp = "single-pole"
[grid]
size = [2, 3, 4]
"""


def disk(folder: Path) -> list[Finding]:
    """All that is possible for this user."""
    spec = folder / "spec.toml"
    spec.write_text(SPEC)
    if os.geteuid() != 0:
        return _limited(folder, spec)
    findings = []
    for rounds, what in ((0, "early"), (1, "later")):
        with small_disk(folder / what, 32) as place:
            findings += _filled(spec, place, rounds * ROUND)
    with small_disk(folder / "t" / "small", 16):
        findings.append(_by_a_simulation(folder))
    return findings


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A file system of so many MB."""
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def _filled(spec: Path, place: Path, size: int) -> list[Finding]:
    """Another program fills the disk when the database's log has a size, and later makes room."""
    out, large = place / "out", place / "large"
    command = ["sweep", spec, "--out", out, "--jobs", 1, "--no-progress"]
    beside, log = place.with_name("t"), out / f"{DATABASE}-wal"
    run = start(command, beside / f"{place.name}1")
    wait_until(lambda: run.process.poll() is not None or (log.exists() and log.stat().st_size >= size), 300)
    points = len(reported(out)) + FULL_AFTER
    wait_until(lambda: run.process.poll() is not None or len(reported(out)) >= points, 300)
    _fill(large)
    first, kept = run.ended(), stored(out)
    again = start(command, beside / f"{place.name}2").ended()
    large.unlink()
    what = f"disk full, {place.name}"
    return [
        _told(f"{what}: after {len(kept)} points", out, first),
        _told(f"{what}: command given again", out, again),
        *_complete(what, out, kept, start(command, beside / f"{place.name}3").ended()[0]),
    ]


def _fill(large: Path) -> None:
    """Write until there is no room for another byte."""
    with suppress(OSError), large.open("wb", buffering=0) as file:
        for size in (1 << 16, 1):
            with suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass


def _limited(folder: Path, spec: Path) -> list[Finding]:
    """The same by a limit on the size of files, which is taken away later."""
    out = folder / "out"
    command = ["sweep", spec, "--out", out, "--jobs", 1, "--no-progress"]
    first, kept = start(command, folder / "t" / "1", ["prlimit", "--fsize=1000000"]).ended(), stored(out)
    what = "files limited to 1 MB"
    return [_told(what, out, first), *_complete(what, out, kept, start(command, folder / "t" / "2").ended()[0])]


def _told(what: str, out: Path, ended: tuple[int, str, str]) -> Finding:
    code, _, err = ended
    lines = err.splitlines()
    said = f"{lines[0]}{f' and {len(lines) - 1} lines more' if len(lines) > 1 else ''}" if lines else "nothing"
    holds = code == BAD_INPUT and len(lines) == 1 and str(out) in err
    return Finding(what, "exit code 2, one line that names the folder", f"exit code {code}: {said}", holds)


def _complete(what: str, out: Path, kept: dict[int, Row], code: int) -> list[Finding]:
    """Compare the rows before and after the continuation with free space."""
    said = [number for number, _ in reported(out)]
    found = stored(out)
    changed = sum(
        number not in found or without_times(row) != without_times(found[number]) for number, row in kept.items()
    )
    twice = len(said) - len(set(said))
    sound = is_sound(out)
    rows = f"{len(found)} of {POINTS} rows, of {len(kept)} from before {changed} changed, {twice} twice"
    return [
        Finding(
            f"{what}: database",
            "sound, all reported rows in it",
            f"{'sound' if sound else 'damaged'}, {len(set(said) - set(found))} missing",
            sound and set(said) <= set(found),
        ),
        Finding(
            f"{what}: the same command with room",
            "complete; nothing changed, nothing run again",
            f"exit code {code}: {rows}",
            code == USABLE and len(found) == POINTS and not changed and not twice,
        ),
    ]


def _by_a_simulation(folder: Path) -> Finding:
    """One point's simulation fills the disk for temporary files."""
    spec, out = folder / "few.toml", folder / "few"
    spec.write_text(FEW)
    script = '[ $(grep -c \'^Vin[0-9]* \' deck.cir) = 3 ] && exec yes > out.raw\nexec "$real" "$@"'
    program = simulator(folder / "simulator", script)
    command = ["sweep", spec, "--out", out, "--jobs", 1, "--no-progress"]
    code = start(command, folder / "t" / "small", AMC_NGSPICE=program).ended()[0]
    rows = stored(out)
    bad = [row for row in rows.values() if row.status == FAILED]
    kept = [row for row in bad if all((out / row.kept / name).is_file() for name in (DECK, LOG))]
    said = bad[0].error if bad else "no row failed"
    return Finding(
        "one simulation fills the disk for temporary files",
        "one FAILED row with reason, deck and log; the others usable",
        f"{len(bad)} of {len(rows)} failed, {len(kept)} with both: {said}; exit code {code}",
        len(bad) == len(kept) == 1 and len(rows) == 3 and said.startswith("ngspice"),
    )
