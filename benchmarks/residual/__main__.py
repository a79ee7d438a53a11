"""Does residual learning over several tiles make up for few conductance states, and against which baselines?

Method: digits 64-32-10, 40 epochs, devices with spreads and noise of 0.3. Every algorithm is tuned over nine or more
settings with two seeds of their own. A best setting at an edge of its grid is refused, and the grid widened, from
0.0001 to 100. Then seeds 0, 1, ... ; differences are paired by seed, with their standard errors. Margins against
baselines are reported, not required. `gap` is a least-squares problem: the rms gap falls by a factor a tile. `cells`
calibrates the cell in ngspice. `forms` are closed forms of one update.
`energy` compares energies up to the same accuracy. `cases` looks for devices on which residual learning is ahead of
mixed precision. `mnist` (test images, 196-32-10, 8 epochs) and `letters` (ocr-letters, 128-32-26, 4 epochs) need
AMC_DATA_DIR, and are tuned with a seed of their own.
`aihwkit` prints accuracies of aihwkit 1.1.0, which were recorded once, beside ours of as many epochs.

`python -m benchmarks.residual [GROUP ...] [--store FILE]` runs the groups cells, forms, table, circuit, gap, energy,
defaults, states-4, states-10, states-16, simultaneous, picture (of states-4 to 16), aihwkit, cases, mnist and letters.
Every training is a line of FILE, so that it goes on where it was broken off. The exit code is 1 if a required row
fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.machine import machine_line
from benchmarks.residual import cells as calibration
from benchmarks.residual.accuracy import accuracies, defaults, letters, mnist, simultaneous
from benchmarks.residual.aihwkit import aihwkit
from benchmarks.residual.cases import cases
from benchmarks.residual.energy import energy
from benchmarks.residual.gap import gap
from benchmarks.residual.picture import picture
from benchmarks.residual.rows import Row
from benchmarks.residual.store import Store

STORE = Path("runs/residual.jsonl")


def groups(path: Path) -> dict[str, Callable[[], Iterator[Row | str]]]:
    """Return the groups of rows by name."""
    store = Store(path, {"dataset": "digits"})
    found: dict[str, Callable[[], Iterator[Row | str]]] = {**calibration.groups(store), "gap": gap}
    found["energy"] = partial(energy, path.parent)
    found["defaults"] = partial(defaults, store)
    found |= {f"states-{states}": partial(accuracies, store, states) for states in (4, 10, 16)}
    found["simultaneous"] = partial(simultaneous, store)
    found |= {"picture": partial(picture, store), "aihwkit": partial(aihwkit, store)}
    return found | {"cases": partial(cases, store), "mnist": partial(mnist, path), "letters": partial(letters, path)}


def main() -> None:
    """Print the groups and end with exit code 1 if a required row fails."""
    words = sys.argv[1:]
    path = Path(words.pop(words.index("--store") + 1)) if "--store" in words else STORE
    names = [word for word in words if word != "--store"]
    known = groups(path)
    for name in names:
        if name not in known:
            sys.exit(f"no group {name}; there are {', '.join(known)}")
    print(machine_line())
    failed = 0
    for name in names or known:
        print(f"\n{name}", flush=True)
        for row in known[name]():
            print(row, flush=True)
            failed += isinstance(row, Row) and row.required and not row.passes
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
