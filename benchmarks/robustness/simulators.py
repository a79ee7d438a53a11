"""A sweep in which the simulator fails for some points: do their rows have the reason, and are the others usable?

A shell program replaces ngspice. It fails in a different way for each size and calls the real ngspice for all others.
It hangs, crashes, prints and writes random bytes, cuts its output short, ends it early, or writes without end, which
the system stops at `LARGEST_FILE`. The command runs under prlimit, because the package's own limit of 8 GB is too large
for a test.
"""

from __future__ import annotations

from pathlib import Path

from amc_circuits.cli.messages import NO_RESULT
from amc_circuits.engines.ngspice.runner import DECK, LOG
from amc_circuits.sweep.store import FAILED, Row
from benchmarks.robustness.runs import Finding, processes_of, simulator, start, stored, sweep_command, wait_until

LARGEST_FILE = 50_000_000
"""Bytes."""
TIMEOUT = 2
"""s, of a simulation."""
WRONG = {
    3: ("hangs", "sleep 600 & wait", "ran longer than 2 s"),
    4: ("crashes", "kill -SEGV $$", "signal 11"),
    5: ("writes garbage", "head -c 50000 /dev/urandom; head -c 5000 /dev/urandom > out.raw", "no binary part"),
    6: ("cuts its output short", '"$real" "$@"; head -c -5 out.raw > cut; mv cut out.raw', "truncated"),
    7: (
        "ends the transient early",
        """awk '/^\\.tran/ {$3 /= 2} 1' deck.cir > h; mv h deck.cir; exec "$real" "$@" """,
        "the transient ends at",
    ),
    8: ("fills the disk", "exec yes > out.raw", "signal 25"),
}
"""By the size of the points: what it does, in shell, and a part of the reason that the row gives."""
RIGHT = (2, 9, 10)
SEEDS = 2
SPEC = f"""
circuit = "inv"
[fixed]
opamp = "single-pole"
timeout = {TIMEOUT}
[grid]
size = {sorted((*WRONG, *RIGHT))}
seed = {{range = [0, {SEEDS}]}}
"""


def simulators(folder: Path) -> list[Finding]:
    """Run the sweep once."""
    spec, out = folder / "spec.toml", folder / "out"
    spec.write_text(SPEC)
    program = simulator(folder / "simulator", _script())
    run = start(
        sweep_command(spec, out), folder / "t" / "1", ["prlimit", f"--fsize={LARGEST_FILE}"], AMC_NGSPICE=program
    )
    code, _, err = run.ended()
    rows = stored(out)
    by_size = {size: [row for row in rows.values() if row.parameters["size"] == size] for size in (*WRONG, *RIGHT)}
    usable = sum(row.usable for size in RIGHT for row in by_size[size])
    wait_until(lambda: not processes_of(run.temporary), 5)
    left = len(processes_of(run.temporary)) + len(list(run.temporary.iterdir()))
    return [
        *(_finding(out, size, by_size[size]) for size in WRONG),
        Finding(
            "the other points of that sweep",
            "usable, exit code 3, stderr empty",
            f"{usable} of {len(RIGHT) * SEEDS} usable, exit code {code}{', stderr: ' + err[:80] if err else ''}",
            usable == len(RIGHT) * SEEDS and code == NO_RESULT and not err,
        ),
        Finding("processes and temporary files after it", "none", f"{left}", left == 0),
    ]


def _script() -> str:
    """Goes wrong by the number of inputs in the deck."""
    cases = "\n".join(f"{size}) {script};;" for size, (_, script, _) in WRONG.items())
    return f'case $(grep -c \'^Vin[0-9]* \' deck.cir) in\n{cases}\n*) exec "$real" "$@";;\nesac'


def _finding(out: Path, size: int, rows: list[Row]) -> Finding:
    """Outcome of the points of one size."""
    what, _, reason = WRONG[size]
    good = [row for row in rows if row.status == FAILED and reason in row.error and _kept(out, row)]
    said = rows[0].error if rows else "no row"
    return Finding(
        f"simulator {what}",
        "FAILED rows with reason, deck and log",
        f"{len(good)} of {SEEDS}: {said}",
        len(good) == len(rows) == SEEDS,
    )


def _kept(out: Path, row: Row) -> bool:
    return bool(row.kept) and all((out / row.kept / name).is_file() for name in (DECK, LOG))
