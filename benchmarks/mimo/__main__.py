"""Are the figures of massive MIMO those of theory and of independent estimates?

Method: every row has a value that is known from elsewhere (a closed form, an integral, or a figure of an independent
model in NumPy of the same cells) and a bound, and prints PASS or FAIL. About two minutes of an idle core; `--long`
adds the precoders of 16 users and 128 antennas by transistors in ngspice, five channels, with wires, and the spread of
their parts: six minutes more. A run that was ended goes on with the groups that are left, by their names.
`python -m benchmarks.mimo [--long] [GROUP ...]` runs all groups, or those named; the exit code is 1 if a row fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from benchmarks.mimo.downlink import opamps, precoding
from benchmarks.mimo.own_noise import noise
from benchmarks.mimo.rows import Row
from benchmarks.mimo.settling import settling, versions
from benchmarks.mimo.small_ginv import small
from benchmarks.mimo.sparse import channels, estimation, leaks
from benchmarks.mimo.spread import spread
from benchmarks.mimo.transforms import ofdm
from benchmarks.mimo.transistors import inverse, transistors, wired
from benchmarks.mimo.uplink import detection, formulas, iterations

Group = Callable[[], Iterator[Row]]
GROUPS: tuple[Group, ...] = (
    *(formulas, opamps, channels, iterations, ofdm, precoding, estimation, leaks, detection, noise),
    *(settling, inverse, small, versions),
)
LONG: tuple[Group, ...] = (transistors, wired, spread)
"""Groups that run with `--long`, or by name."""


def chosen(words: list[str]) -> list[Group]:
    """Return the groups that the words of the command line name; all but the long ones without a name."""
    known = {group.__name__: group for group in (*GROUPS, *LONG)}
    names = [word for word in words if word != "--long"]
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"no group {unknown[0]}; there are {', '.join(known)}")
    if names:
        return [known[name] for name in names]
    return [*GROUPS, *(LONG if "--long" in words else ())]


def main() -> None:
    """Print all rows and end with exit code 1 if one fails."""
    failed = 0
    for group in chosen(sys.argv[1:]):
        print(f"\n{(group.__doc__ or '').splitlines()[0]}")
        for row in group():
            print(row, flush=True)
            failed += not row.passes
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
