"""Waveforms in files for other programs: text with commas, and the raw file of SPICE simulators."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from amc_circuits.files.run_folder import replacing
from amc_circuits.results.response import Response
from netlists.record import FloatArray
from netlists.version import package_version

NUMBER, TIME = "right_hand_side", "time [s]"
"""Headings of the first columns of a file with commas."""
Responses = Sequence[Response | None]
"""Response of every right-hand side; None where nothing was simulated."""


def write_csv(responses: Responses, path: Path) -> None:
    """Write one line for each sample: number of the right-hand side, time from the step in s, outputs in V.

    Right-hand sides are counted from 1. Those that were not simulated have no lines.
    """
    driven = [(number, one) for number, one in enumerate(responses, 1) if one is not None]
    with replacing(path) as partial, partial.open("w", encoding="ascii", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow([NUMBER, TIME, *(f"{name} [V]" for name in _names([one for _, one in driven]))])
        for number, one in driven:
            rows = np.column_stack([one.time, one.outputs]).tolist()
            lines.writerows([number, *map(repr, row)] for row in rows)


def _names(responses: Sequence[Response]) -> list[str]:
    """Names of the outputs; their numbers if right-hand sides have different names."""
    if not responses:
        return []
    one, same = responses[0], len({response.names for response in responses}) == 1
    return [one.name(k) if same else f"output {k + 1}" for k in range(one.outputs.shape[1])]


def write_raw(responses: Responses, nodes: Sequence[str], title: str, path: Path) -> None:
    """Write the binary raw file of ngspice, with one plot for each right-hand side that was simulated.

    The time of a plot begins at 0, the start of the right-hand side: some programs read a time below 0 as a mark.

    Args:
        responses: Response of every right-hand side.
        nodes: Names of the outputs in decks.
        title: Title of every plot, one line.
        path: The file.
    """
    with replacing(path) as partial, partial.open("wb") as file:
        for number, one in enumerate(responses, 1):
            if one is not None:
                head = _header(f"{title}, right-hand side {number}", nodes, len(one.time))
                samples: FloatArray = np.column_stack([one.time - one.time[0], one.outputs])
                file.write(head.encode("ascii", "replace") + np.ascontiguousarray(samples, dtype="<f8").tobytes())


def _header(title: str, nodes: Sequence[str], points: int) -> str:
    vectors = [("time", "time"), *((f"v({node})", "voltage") for node in nodes)]
    lines = [
        f"Title: {title}",
        "Date: none",  # the same waveforms give the same file
        # Other readers know the format by this line, as ngspice 44 and later write it.
        f"Command: ngspice format, written by amc {package_version()}",
        "Plotname: Transient Analysis",
        "Flags: real",
        f"No. Variables: {len(vectors)}",
        f"No. Points: {points}",
        "Variables:",
        *(f"\t{k}\t{name}\t{quantity}" for k, (name, quantity) in enumerate(vectors)),
        "Binary:",
    ]
    return "".join(f"{line}\n" for line in lines)
