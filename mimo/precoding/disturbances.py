"""Noise and offsets of a precoder at the users, who receive `H s` of the disturbed outputs s, and the symbols."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amc_circuits import Solver
from mimo.radio.real_form import RealArray


def noise_covariance(circuit: Solver, largest: float) -> RealArray | None:
    """Return the covariance of the noise at the users, shape (2K, 2K); None of an unstable circuit.

    It is in units of the symbols, and behind a read-out of the op-amps' bandwidth.

    Args:
        circuit: Programmed circuit; its matrix is the channel.
        largest: Real or imaginary part of a symbol that has the input full scale.
    """
    if not circuit.stability.stable:
        return None
    received = _received(circuit, largest)
    return np.asarray(received @ circuit.noise().covariance @ received.T)


def noise_at_users(circuit: Solver, symbols: RealArray) -> float:
    """Return the noise at the users, rms, relative to their symbols at the input full scale; nan if it is unstable.

    Args:
        circuit: Programmed circuit; its matrix is the channel.
        symbols: Right-hand side, shape (2K,).
    """
    found = noise_covariance(circuit, float(np.abs(symbols).max()))
    return float("nan") if found is None else float(np.sqrt(np.trace(found)) / np.linalg.norm(symbols))


def offset_at_users(circuit: Solver, symbols: RealArray) -> float:
    """Return the offsets at the users, before they are taken off; arguments and units as in `noise_at_users`."""
    rest = circuit.linear.rest[circuit.linear.nodes[circuit.linear.outputs]]
    received = _received(circuit, float(np.abs(symbols).max()))
    return float(np.linalg.norm(received @ rest) / np.linalg.norm(symbols))


def over_channels(found: Sequence[RealArray | None], count: int, users: int) -> RealArray:
    """Return the covariances of all channels, shape (count, 2K, 2K): those without one have the mean of the others.

    Of the mean only the size counts: channels of many antennas have nearly the same noise. Without any it is 0.

    Args:
        found: Covariance of each of the first channels, or None.
        count: Number of channels.
        users: Number of users, K.
    """
    known = [np.trace(one) / (2 * users) for one in found if one is not None]
    size = float(np.mean(known)) if known else 0.0
    rest = size * np.eye(2 * users)
    return np.stack([rest if one is None else one for one in (*found, *[None] * (count - len(found)))])


def _received(circuit: Solver, largest: float) -> RealArray:
    """What the users receive of a volt at each output, in units of the symbols, shape (2K, 2M)."""
    scale = float(circuit.input_levels(np.full((len(circuit.matrix), 1), largest))[1][0])
    return np.asarray(circuit.gain / scale * np.asarray(circuit.matrix))
