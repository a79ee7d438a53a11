"""Comparisons that say where two things differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def assert_close(got: ArrayLike, wanted: ArrayLike, *, relative: float = 0.0, absolute: float = 0.0) -> None:
    """Fails with the worst index when an entry differs by more than `absolute + relative * abs(wanted)`."""
    got, wanted = np.asarray(got, dtype=complex), np.asarray(wanted, dtype=complex)
    assert got.shape == wanted.shape, f"shape {got.shape}, wanted {wanted.shape}"
    excess = np.abs(got - wanted) - (absolute + relative * np.abs(wanted))
    worst = np.unravel_index(np.argmax(excess), excess.shape) if excess.size else ()
    assert not np.isnan(excess).any(), f"nan at {np.argwhere(np.isnan(excess))[0]}"
    assert excess.max() <= 0, f"at {[int(k) for k in worst]}: got {got[worst]}, wanted {wanted[worst]}"


def assert_within(got: float, wanted: float, relative: float) -> None:
    """Fails when two numbers differ by more than a relative bound."""
    assert abs(got - wanted) <= relative * abs(wanted), f"got {got:g}, wanted {wanted:g} within {relative:.1%}"
