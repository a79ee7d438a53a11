"""Records what badcrossbar, a nodal solver for arrays with wires written by others, says about some arrays.

badcrossbar (Joksas, Mehonic, SoftwareX 12, 100617, 2020, doi 10.1016/j.softx.2020.100617) is no dependency: the tests
read the record. To make it again, in a throw-away environment:

    python -m venv /tmp/judge
    /tmp/judge/bin/pip install numpy==1.26.4 scipy==1.13.1 pathvalidate==3.3.1
    /tmp/judge/bin/pip install --no-deps badcrossbar==1.1.0    # its other dependencies only draw
    /tmp/judge/bin/python tests/record_badcrossbar.py          # prints the versions, writes tests/recorded/

(It warns that `badcrossbar.plot` cannot be imported; nothing is drawn here.)

Geometry. badcrossbar drives its word lines at their left ends and reads its bit lines at their bottom ends, which it
holds at ground; there is a segment between the source and the first cell of a word line and between the last cell of a
bit line and ground, and none beyond the other ends (checked by the tests with a nodal solve of their own). Here bit
lines are driven at row 1 and word lines held at ground at column 1. So

    their word line k  =  our bit line M-1-k    (far from their output: far from our word line's contact)
    their bit line l   =  our word line l       (near to their source: near to our bit line's contact)

with k = 0..M-1, l = 0..N-1; hence their resistances are `(1/G).T[::-1]`, their voltages `v[::-1]`, and what they call
the output of bit line l is the current that flows out of our word line l into ground.

The record, for each size `NxM`: `cells_NxM` (N, M) siemens; `inputs_NxM` (M, K) volts; `currents_NxM` (R, N, K)
amperes out of the word lines, for the R segment resistances in `segments`, ohm. For the size `nodes_size` also
`word_SIZE` and `bit_SIZE`, (R, N, M): voltages of our word and bit lines at every cell for the first input. `seed`,
`versions`, `sizes` say what it is.
"""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "badcrossbar.npz"
SEED = 20251
SIZES = ((3, 3), (4, 7), (16, 16), (32, 32), (64, 64))
NODES_SIZE = (16, 16)
SEGMENTS = (0.5, 1.73, 20.0)
INPUTS = 3


def record() -> dict[str, np.ndarray]:
    """Everything that is stored, by name."""
    import badcrossbar

    random = np.random.default_rng(SEED)
    stored: dict[str, np.ndarray] = {
        "seed": np.array(SEED),
        "segments": np.array(SEGMENTS),
        "sizes": np.array([f"{n}x{m}" for n, m in SIZES]),
        "nodes_size": np.array("{}x{}".format(*NODES_SIZE)),
        "versions": np.array(
            [f"Python {platform.python_version()}"]
            + [f"{name} {version(name)}" for name in ("badcrossbar", "numpy", "scipy")]
        ),
    }
    for n, m in SIZES:
        size = f"{n}x{m}"
        cells, inputs = random.uniform(1e-6, 100e-6, (n, m)), random.uniform(-0.2, 0.2, (m, INPUTS))
        solutions = [badcrossbar.compute(inputs[::-1], (1 / cells).T[::-1], segment) for segment in SEGMENTS]
        stored[f"cells_{size}"], stored[f"inputs_{size}"] = cells, inputs
        stored[f"currents_{size}"] = np.array([solution.currents.output.T for solution in solutions])
        if (n, m) == NODES_SIZE:
            # Their (k, l, input) is our bit line M-1-k and word line l.
            stored[f"bit_{size}"] = np.array([s.voltages.word_line[::-1, :, 0].T for s in solutions])
            stored[f"word_{size}"] = np.array([s.voltages.bit_line[::-1, :, 0].T for s in solutions])
    return stored


def main() -> None:
    """Writes the record and prints what made it."""
    stored = record()
    RECORD.parent.mkdir(exist_ok=True)
    np.savez_compressed(RECORD, **stored)
    print(", ".join(stored["versions"].tolist()))
    print(f"{RECORD}: {RECORD.stat().st_size} bytes")


if __name__ == "__main__":
    main()
