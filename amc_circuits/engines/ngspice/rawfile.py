"""Reader of ngspice's binary raw file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amc_circuits.results.waveforms import Waveforms
from netlists import ParameterError
from netlists.memory import check_memory
from netlists.short_text import short_repr

MARK = b"Binary:\n"
COPIES = 3
"""Copies of the file in memory while it is read and split."""


class RawFileError(ValueError):
    """A raw file that is truncated, garbled, or holds something else than what was asked for."""


@dataclass(frozen=True)
class Plot:
    """One analysis of a raw file.

    Attributes:
        name: As ngspice calls it, such as `Transient Analysis`.
        names: V vector names in lower case, such as `time`, `v(out)` or `i(vdd)`; the first is the scale.
        values: Shape (points, V), float64 or complex128.
    """

    name: str
    names: tuple[str, ...]
    values: NDArray[Any]

    __repr__ = short_repr

    @cached_property
    def _column(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.names)}

    def __getitem__(self, name: str) -> NDArray[Any]:
        """One vector, shape (points,)."""
        return self.values[:, self._column[name.lower()]]


def read_plots(path: Path) -> list[Plot]:
    """Reads every analysis of a binary raw file.

    Raises:
        RawFileError: The file is missing, truncated or garbled, or a value in it is not finite.
    """
    try:
        check_memory(path.name, "the raw file", COPIES * path.stat().st_size)
        rest = path.read_bytes()
    except FileNotFoundError:
        raise RawFileError("no raw file was written") from None
    except ParameterError as error:
        raise RawFileError(error.mend) from None
    plots: list[Plot] = []
    while rest or not plots:
        head, mark, body = rest.partition(MARK)
        if not mark:
            raise RawFileError("the raw file has no binary part")
        name, names, points, kind = _header(head)
        length = np.dtype(kind).itemsize * len(names) * points
        if len(body) < length:
            wanted = f"{points} points of {len(names)} values"
            raise RawFileError(f"the raw file is truncated: {len(body)} bytes where {wanted} were announced")
        values: NDArray[Any] = np.frombuffer(body[:length], dtype=kind).reshape(points, len(names))
        if not np.isfinite(values).all():
            raise RawFileError("the raw file holds values that are not finite")
        plots.append(Plot(name, names, values))
        rest = body[length:]
    return plots


def read_raw(path: Path) -> Waveforms:
    """Reads a binary raw file with one real transient in it, and nothing else.

    Raises:
        RawFileError: As for `read_plots`, or it holds something else.
    """
    plots = read_plots(path)
    values, names = plots[0].values, plots[0].names
    if len(plots) != 1 or names[0] != "time" or np.iscomplexobj(values):
        raise RawFileError("the raw file does not hold a real transient")
    if (np.diff(values[:, 0]) < 0).any():
        raise RawFileError("time runs backwards in the raw file")
    return Waveforms(values[:, 0].copy(), names[1:], values[:, 1:].copy())


def _header(head: bytes) -> tuple[str, tuple[str, ...], int, type]:
    try:
        text = head.decode("ascii")
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        variables, points = int(fields["No. Variables"]), int(fields["No. Points"])
        table = text.split("Variables:\n", 1)[1].splitlines()[:variables]
        names = tuple(line.split()[1].lower() for line in table)
        kind = {"real": np.float64, "complex": np.complex128}[fields["Flags"].split()[0]]
        name = fields["Plotname"].strip()
    except (ValueError, KeyError, IndexError) as error:
        raise RawFileError(f"the raw file's header is garbled ({error})") from None
    if points < 1 or variables < 1 or len(names) != variables:
        raise RawFileError("the raw file is empty")
    return name, names, points, kind
