"""Simulators that go wrong, as small shell programs around the real one or in its place."""

import os
from pathlib import Path

from amc_circuits.engines import find_ngspice

HANGS = "sleep 600 & wait"
CRASHES = "kill -SEGV $$"
FAILS = 'echo "Error: no such luck"; exit 3'
SAYS_NOTHING = "exit 0"
GARBAGE = "head -c 50000 /dev/urandom; head -c 5000 /dev/urandom > out.raw"
TRUNCATED = '"$real" "$@"; head -c -5 out.raw > cut; mv cut out.raw'
HEADER_ONLY = '"$real" "$@"; head -c 120 out.raw > cut; mv cut out.raw'
NOT_A_NUMBER = r'"$real" "$@"; (head -c -8 out.raw; printf "\000\000\000\000\000\000\370\177") > bad; mv bad out.raw'
STOPS_EARLY = '"$real" "$@"; echo "doAnalyses: TRAN:  Timestep too small"; exit 1'
ENDS_EARLY = """awk '/^\\.tran/ {$3 = $3 / 2} 1' deck.cir > half && cp half deck.cir && exec "$real" "$@" """
ASCII = 'SPICE_ASCIIRAWFILE=1 exec "$real" "$@"'
OTHER_VECTORS = '"$real" "$@"; LC_ALL=C sed "s/v(c1)/v(q1)/" out.raw > other; mv other out.raw'
FAILS_ONCE = '[ -e "{folder}/once" ] && exec "$real" "$@"; touch "{folder}/once"; exit 3'
BOOKKEEPING = 'touch "{folder}/$$"; exec "$real" "$@"'
"""Leaves a file named by its process id."""


def program(folder: Path, script: str) -> str:
    """Writes an executable that answers `--version` as ngspice does and else runs a script; returns its path.

    In the script, `$real` is the installed ngspice and `{folder}` is where the executable is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ngspice"
    text = script.replace("{folder}", str(folder))
    path.write_text(
        f'#!/bin/sh\nreal="{find_ngspice().path}"\n[ "$1" = --version ] && exec "$real" --version\n{text}\n'
    )
    path.chmod(0o755)
    return str(path)


def started(folder: Path) -> list[int]:
    """The process ids of every run that kept books."""
    return [int(path.name) for path in folder.iterdir() if path.name.isdigit()]


def still_running(folder: Path) -> list[int]:
    """Those that have not ended."""
    return [pid for pid in started(folder) if _runs(pid)]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
