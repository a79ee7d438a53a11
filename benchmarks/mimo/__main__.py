"""Are the figures of massive MIMO those of theory and of independent estimates?

Method: every row has a value that is known from elsewhere (a closed form, an integral, or a figure of an independent
model in NumPy of the same cells) and a bound, and prints PASS or FAIL. About two minutes of an idle core; `--long`
adds the precoders of 16 users and 128 antennas by transistors in ngspice, five channels, with wires, and the spread of
their parts: six minutes more. `--kept FILE` keeps what each channel of these took, and a run that was ended goes on
there; results of other sources or of another ngspice do not count. The other groups go on by their names.
`python -m benchmarks.mimo [--long] [--kept FILE] [GROUP ...]` runs all groups, or those named; the exit code is 1 if a
row fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial, update_wrapper
from pathlib import Path

from benchmarks.kept import Kept
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
LONG: tuple[Callable[[Kept], Iterator[Row]], ...] = (transistors, wired, spread)
"""Groups that run with `--long`, or by name; the results of their channels are kept."""
SOURCES = ("netlists", "amc_circuits", "mimo", "benchmarks/mimo/transistors.py", "benchmarks/mimo/spread.py")
"""Files of which a kept result is one."""


def chosen(words: list[str]) -> list[Group]:
    """Return the groups that the words of the command line name; all but the long ones without a name."""
    path = None
    if "--kept" in words:
        place = words.index("--kept") + 1
        if place == len(words) or words[place].startswith("--"):
            sys.exit("--kept: name a file")
        path = Path(words.pop(place))
    names = [word for word in words if word not in ("--long", "--kept")]
    all_names = [group.__name__ for group in (*GROUPS, *LONG)]
    if unknown := [name for name in names if name not in all_names]:
        sys.exit(f"no group {unknown[0]}; there are {', '.join(all_names)}")
    kept_names = [group.__name__ for group in LONG]
    if path is not None and not (set(names) & set(kept_names) if names else "--long" in words):
        sys.exit(f"--kept has no effect without --long or one of {', '.join(kept_names)}; add it")
    kept = Kept(path, SOURCES)
    long = {group.__name__: _with(group, kept) for group in LONG}
    known = {group.__name__: group for group in GROUPS} | long
    if names:
        return [known[name] for name in names]
    return [*GROUPS, *(long.values() if "--long" in words else ())]


def _with(group: Callable[[Kept], Iterator[Row]], kept: Kept) -> Group:
    return update_wrapper(partial(group, kept), group)


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
