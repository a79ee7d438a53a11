"""How much processor time does a whole command take, from its start to its end?

Method: each command runs as a user types it, in a process of its own, with one BLAS thread unless the environment says
otherwise. Processor seconds (user and system) count with those of the simulator that it starts; a busy machine disturbs
them less than seconds. Commands take turns. A first round is not counted: it compiles the modules, as the installation
of a package does. An environment that keeps Python from storing compiled modules would add 0.1 s to every run, and is
not passed on.

Printed: of each command the median, the range, what was asked, and seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine_line

ASKED = {
    "--help": "0.2",
    "inv --size 16": "0.35",
    "inv --size 16 --engine exact": "",
    "inv --size 64": "",
    "inv --size 64 --opamp single-pole": "",
    "inv --help": "",
    "train --help": "",
    "sweep --help": "",
}
"""Commands, and their targets in processor seconds."""


def timed(words: str) -> tuple[float, float]:
    """Run a command; return its processor seconds and its seconds."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "amc_circuits", *words.split()]
    before, began = os.times(), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, env=environment, check=True)
    after = os.times()
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    return spent, time.perf_counter() - began


def in_turns(rounds: int) -> Table:
    """All commands, one after the other, in so many rounds behind one that is not counted."""
    found: dict[str, list[tuple[float, float]]] = {words: [] for words in ASKED}
    for _ in range(1 + rounds):
        for words, taken in found.items():
            taken.append(timed(words))
    grid = Table(title=f"whole processes, {rounds} rounds", title_justify="left", box=box.MARKDOWN)
    grid.add_column("command", no_wrap=True)
    for name in ("CPU s", "range", "asked", "seconds"):
        grid.add_column(name, justify="right", no_wrap=True)
    for words, taken in found.items():
        cpu, wall = np.transpose(taken[1:])
        spread = f"{cpu.min():.2f} .. {cpu.max():.2f}"
        grid.add_row(f"amc {words}", f"{np.median(cpu):.2f}", spread, ASKED[words], f"{np.median(wall):.2f}")
    return grid


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds in which all commands take turns")] = 9,
    out: Annotated[Path | None, typer.Option(help="Text file that gets the table too")] = None,
) -> None:
    """Processor seconds of whole commands."""
    console = Console(record=True, width=120)
    console.print(machine_line(), highlight=False)
    console.print(in_turns(rounds))
    if out is not None:
        console.save_text(str(out))


if __name__ == "__main__":
    typer.run(main)
