"""Which failures does a sweep survive?

Parts, each of which can run alone (`python -m benchmarks.robustness kills disk`):

- kills: SIGKILL at 50 random moments, to the main process, a worker or the process group; a second command on a folder
- simulators: ngspice hangs, crashes, writes garbage, too little, or without end
- malformed: 5,000 malformed specifications, matrices, conductances, op-amp files and options
- memory: 10,000 points by the exact engine and 2,000 by ngspice in one process
- versions: the same results by ngspice 39, which has no KLU
- disk: it becomes full in the middle of a sweep

Printed: each action, its requirement, the observation, and whether the requirement holds; exit code 1 if one does not.
Linux only; as root the disk is a small one of its own. Seconds do not matter, so a busy machine does no harm.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine_line
from benchmarks.robustness.disk import disk
from benchmarks.robustness.kills import hanging, kills, second
from benchmarks.robustness.malformed import malformed
from benchmarks.robustness.memory import memory
from benchmarks.robustness.runs import Finding
from benchmarks.robustness.simulators import simulators
from benchmarks.robustness.versions import versions

PARTS: dict[str, tuple[Callable[[Path], list[Finding]], ...]] = {
    "kills": (kills, hanging, second),
    "simulators": (simulators,),
    "malformed": (malformed,),
    "memory": (memory,),
    "versions": (versions,),
    "disk": (disk,),
}
HOLDS = {True: "yes", False: "NO", None: "not run"}


def part_table(name: str, findings: list[Finding], seconds: float) -> Table:
    """One part."""
    grid = Table(title=f"{name}, {seconds:.0f} s", title_justify="left", box=box.MARKDOWN)
    for heading in ("what", "must hold", "found", "holds"):
        grid.add_column(heading, overflow="fold")
    for finding in findings:
        cells = (finding.what, finding.must_hold, finding.found, HOLDS[finding.holds])
        grid.add_row(*(" ".join(cell.split()).replace("|", "\\|") for cell in cells))
    return grid


def findings_of(name: str, folder: Path) -> tuple[list[Finding], float]:
    """Run a part in a folder of its own, with a short path: names of sockets in it must not be long."""
    began = time.perf_counter()
    folder.mkdir()
    found = [finding for run in PARTS[name] for finding in run(folder)]
    return found, time.perf_counter() - began


def main(
    parts: Annotated[list[str] | None, typer.Argument(help=f"{', '.join(PARTS)}; all unless given")] = None,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the tables too")] = None,
) -> None:
    """Run the parts and print their table."""
    if unknown := set(parts or ()) - set(PARTS):
        raise typer.BadParameter(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    console = Console(record=True, width=240)
    console.print(machine_line(), "\n", highlight=False)
    broken = False
    with tempfile.TemporaryDirectory(prefix="amc-", dir="/tmp") as name:
        for part in parts or PARTS:
            findings, seconds = findings_of(part, Path(name, part))
            console.print(part_table(part, findings, seconds), highlight=False, markup=False)
            broken |= any(finding.holds is False for finding in findings)
    if out is not None:
        console.save_text(str(out))
    raise typer.Exit(int(broken))


if __name__ == "__main__":
    typer.run(main)
