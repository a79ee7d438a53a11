"""Merging the rows of several folders of sweeps."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from amc_circuits.results.status import is_usable
from amc_circuits.sweep.store.evidence import evidence_in, keep_evidence, read_evidence
from amc_circuits.sweep.store.folder import owned
from amc_circuits.sweep.store.row import FAILED, INVALID, Row
from amc_circuits.sweep.store.specifications import keep_specifications
from amc_circuits.sweep.store.store import Store
from netlists import ParameterError


def merge_folders(sources: Sequence[Path], out: Path) -> None:
    """Copy the rows of some folders into another, which may hold rows already.

    Among rows with the same key a usable one is preferred to one that is not, and that to a failed one; else the first.
    A row keeps its number if that is free: the shards of one sweep have the numbers of the whole sweep. Rows are stored
    folder after folder, and within a folder in the order of their storage. If a point ran again with another version,
    the newest row is therefore the last one of the folder named last.

    Every specification is kept: the common one as the folder's own, others beside it (`keep_specifications`).

    Args:
        sources: Folders of sweeps; they stay unchanged.
        out: New, empty, or of a sweep.

    Raises:
        ParameterError: A folder cannot be used.
    """
    for source in sources:
        if source.resolve() == out.resolve():
            raise ParameterError("out", str(out), "is one of the folders that are merged; name another one")
        with Store(source) as there:
            there.check()
    with owned(out) as log, Store(out, create=True) as store:
        for source in sources:
            count = _take(source, out, store)
            log.info("merged %d rows of %s", count, source)
        keep_specifications(sources, out)


def _take(source: Path, out: Path, store: Store) -> int:
    """Copy new or better rows, all or none, and return their number."""
    known = store.states()
    taken = set(known.numbers())
    beyond = itertools.count(1 + max(taken, default=-1))
    count = 0

    def better() -> Iterator[tuple[Row, bytes | None]]:
        nonlocal count
        for packed in there.packed(by_number=False):
            number, status = known.get(packed.key) or (None, "")
            if number is not None and _worth(status) >= _worth(packed.status):
                continue
            if number is None:
                number = packed.number
                if number in taken:
                    number = next(free for free in beyond if free not in taken)
            taken.add(number)
            count += 1
            yield _moved(there.unpacked(packed), number, source, out), there.waveforms_of(packed)

    with Store(source) as there:
        store.put(better())
    return count


def _worth(status: str) -> int:
    """Rank of a status; a larger one is better."""
    return 2 if is_usable(status) else int(status not in (FAILED, INVALID))


def _moved(row: Row, number: int, source: Path, out: Path) -> Row:
    """Give a row its new number, with the evidence that it names."""
    paths = evidence_in(source, row.kept)
    evidence = {str(path.relative_to(source / row.kept)): read_evidence(path) for path in paths}
    return replace(row, number=number, kept=keep_evidence(out, number, evidence))
