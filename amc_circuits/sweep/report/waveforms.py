"""Waveforms for a page: rounded, packed one by one, and limited in number so that the file stays small."""

from __future__ import annotations

import base64
import gzip
import html
import json
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from amc_circuits.pictures.traces import unpack_traces
from amc_circuits.sweep.store import Store
from amc_circuits.values.plain import plain
from netlists import ParameterError
from netlists.record import FloatArray

MOST_WAVEFORMS = 1000
BUDGET = 2_000_000
"""Most bytes of all waveforms in the file.

A choice here: with plotly (2 MB) and 1,000 rows (0.5 MB) it is below 5 MB.
"""
STEPS = 10_000
"""Steps of full scale: a step is a tenth of the error that thinning allows."""
TIME_STEPS = 1_000_000
"""Steps of the time range."""


def packed_waveforms(store: Store, numbers: Sequence[int]) -> dict[int, str]:
    """Pack waveforms of rows, by their numbers; of too many, every k-th. A damaged one gives a warning."""
    found: dict[int, str] = {}
    for number in evenly(numbers, MOST_WAVEFORMS):
        content = store.waveforms(number)
        if content is None:  # a running sweep has replaced the row
            continue
        try:
            found[number] = packed(content)
        except ParameterError as error:
            warnings.warn(f"the waveforms of row {number} are left out: they {error.mend}", stacklevel=2)
    size = sum(map(len, found.values()))
    return {number: found[number] for number in evenly(list(found), max(1, len(found) * BUDGET // max(size, BUDGET)))}


def packed(content: bytes) -> str:
    """Pack one waveform as base64 of gzip of JSON; times and outputs are differences in whole steps.

    Args:
        content: Result of `amc_circuits.pictures.traces.pack_traces`.

    Raises:
        ParameterError: The content is something else, or not finite.
    """
    response, places = unpack_traces(content)
    if not (response.time.size and np.isfinite(response.time).all() and np.isfinite(response.outputs).all()):
        raise ParameterError("ROW", "its waveforms", "are not finite")
    full_scale = max(float(np.abs(response.outputs).max()), 1e-300)
    time_step = max(float(response.time[-1] - response.time[0]), 1e-300) / TIME_STEPS
    described = {
        "begin": float(response.time[0]),
        "time_step": time_step,
        "time": _differences((response.time - response.time[0]) / time_step),
        "volts": full_scale / STEPS,
        "outputs": [_differences(output * STEPS / full_scale) for output in response.outputs.T],
        "names": [html.escape(response.name(column, int(place))) for column, place in enumerate(places)],
        "tolerance": response.tolerance,
        "settling_time": plain(response.settling_time),
    }
    return in_base64(json.dumps(described, separators=(",", ":")))


def _differences(values: FloatArray) -> list[int]:
    differences: list[int] = np.diff(np.rint(values).astype(np.int64), prepend=0).tolist()
    return differences


def in_base64(text: str) -> str:
    """Text as base64 of gzip; the result is the same at any time."""
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode("ascii")


def evenly(numbers: Sequence[Any], most: int) -> list[Any]:
    """Select at most so many of these, every k-th."""
    return list(numbers[:: max(1, -(-len(numbers) // most))])
