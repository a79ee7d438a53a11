"""Reader of ngspice's binary raw file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from amc_circuits.waveforms import Waveforms


class RawFileError(ValueError):
    """A raw file that is truncated, garbled, or holds something else than one real transient."""


def read_raw(path: Path) -> Waveforms:
    """Reads a binary raw file with one real transient in it.

    Raises:
        RawFileError: The file is missing, truncated or garbled, or a value in it is not finite.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise RawFileError("no raw file was written") from None
    head, mark, body = content.partition(b"Binary:\n")
    if not mark:
        raise RawFileError("the raw file has no binary part")
    variables, points, names = _header(head)
    if len(body) != 8 * variables * points:
        wanted = f"{points} points of {variables} values"
        raise RawFileError(f"the raw file is truncated: {len(body)} bytes where {wanted} were announced")
    values = np.frombuffer(body, dtype=np.float64).reshape(points, variables)
    if not np.isfinite(values).all():
        raise RawFileError("the raw file holds values that are not finite")
    if (np.diff(values[:, 0]) < 0).any():
        raise RawFileError("time runs backwards in the raw file")
    return Waveforms(values[:, 0].copy(), names[1:], values[:, 1:].copy())


def _header(head: bytes) -> tuple[int, int, tuple[str, ...]]:
    try:
        text = head.decode("ascii")
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        variables, points = int(fields["No. Variables"]), int(fields["No. Points"])
        table = text.split("Variables:\n", 1)[1].splitlines()[:variables]
        names = tuple(line.split()[1].lower() for line in table)
        real_transient = fields["Flags"].split()[0] == "real" and names[0] == "time" and len(names) == variables
    except (ValueError, KeyError, IndexError) as error:
        raise RawFileError(f"the raw file's header is garbled ({error})") from None
    if points < 1:
        raise RawFileError("the raw file is empty")
    if not real_transient:
        raise RawFileError("the raw file does not hold a real transient")
    return variables, points, names
