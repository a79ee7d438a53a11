"""Panels of the slots of many circuits, each short enough for the modes that are left, as those of a circuit alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amc_circuits.linear.probes import Modal
from amc_circuits.linear.response import DECAYED, PANEL
from amc_circuits.results import measurement
from netlists.record import FloatArray

MOST_PANELS = 400
"""Most panels of a slot here; a circuit with more is read alone."""


def panels_of(values: Modal, slot_time: FloatArray, rise: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return edges of the panels of edge and hold, (P, E + 1), s, and whether they reach the end, (P,).

    Those of a circuit stand first; behind them its slot's end is repeated.

    Args:
        values: Eigenvalues, shape (P, n), 1/s.
        slot_time: Durations of the slots, shape (P,), s.
        rise: Rise times of the inputs, shape (P,), s.
    """
    edge = _edges(values, np.zeros_like(slot_time), rise)
    hold = _edges(values, rise, slot_time)
    steady_from = slot_time * (1 - 1 / measurement.STEADY_PART)
    inner = np.stack([rise / 2, steady_from], axis=1)
    whole = (edge[:, -1] == rise) & (hold[:, -1] == slot_time)
    edges = np.sort(np.concatenate([edge, hold, inner, slot_time[:, None]], axis=1), axis=1)
    # An edge that is there twice would be an empty panel between others: it becomes one after the end.
    edges[:, 1:][edges[:, 1:] == edges[:, :-1]] = np.inf
    return np.sort(np.minimum(edges, slot_time[:, None]), axis=1), whole


def _edges(values: Modal, start: FloatArray, stop: FloatArray) -> FloatArray:
    """Return edges of `ExactResponse.panels` for many circuits, shape (P, E + 1); the last may be repeated."""
    ordered = np.take_along_axis(values, np.argsort(-values.real, axis=1), axis=1)
    speeds, decays = np.maximum.accumulate(np.abs(ordered), axis=1), -ordered.real
    edges, each = [start], np.arange(len(values))
    while (edges[-1] < stop).any() and len(edges) <= MOST_PANELS:
        place = edges[-1]
        left = np.maximum(1, (decays * (place - start)[:, None] <= DECAYED).sum(axis=1))
        until = place + PANEL / speeds[each, left - 1]
        edges.append(np.where(until > stop - 1e-3 * (stop - place), stop, until))
    return np.stack(edges, axis=1)
