"""Leakage precoders as their circuits find them: one INV circuit of G for all users, one small circuit for each.

- INV of `G = H H^H + s` at rest gives `G^-1`, as its cells realise it.
- `egv`: the block k of this inverse is programmed into an EGV circuit, where the eigenvector of the smallest eigenvalue
  grows. Its time is that of a transient.
- `inv`: the block is programmed into an INV circuit, which is solved again and again, `u <- block^-1 u`, from the first
  antenna on. Each solve shrinks the next direction by the ratio of the two smallest eigenvalues.

Then `w = H^H G^-1 E_k u`, with one more solve of the first circuit; the product with H^H is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from amc_circuits import ParameterError, Solution, short_repr
from mimo.parts import Parts, known_stable, map_of
from mimo.radio.real_form import ComplexArray, RealArray, complex_vector, real_form, real_vector
from mimo.slnr.precoders import gram

PASSED = "PASSED"
"""Status of an eigenvector that was read."""


@dataclass(frozen=True)
class Realised:
    """Precoders of one channel as circuits find them.

    Attributes:
        precoders: w of every user, of any length, shape (K, M).
        stable: True if no pole of the first circuit grows; None if its poles were not computed.
        failed: Status of every second circuit that gave no direction; its user keeps its first antenna.
        times: Settling time of all solves for every user, s; those of failed circuits are left out.
    """

    precoders: ComplexArray
    stable: bool | None
    failed: tuple[str, ...]
    times: tuple[float, ...]

    __repr__ = short_repr


@dataclass(frozen=True)
class Inverse:
    """INV circuit of G, programmed once for a channel.

    Attributes:
        channel: H, shape (K N_u, M).
        map: Real map `G^-1` of the circuit at rest, shape (2 K N_u, 2 K N_u).
        stable: True if no pole grows; None if the poles were not computed.
        time: Settling time by the slowest pole, s.
    """

    channel: ComplexArray
    map: RealArray
    stable: bool | None
    time: float

    __repr__ = short_repr

    def block(self, rows: slice) -> ComplexArray:
        """Return the Hermitian part of the block of a user in the inverse, as complex numbers."""
        size = len(self.channel)
        complex_map = (self.map[:size, :size] + self.map[size:, size:]) / 2
        complex_map = complex_map + 0.5j * (self.map[size:, :size] - self.map[:size, size:])
        found = complex_map[rows, rows]
        return np.asarray((found + found.conj().T) / 2)

    def precoder(self, rows: slice, direction: ComplexArray) -> ComplexArray:
        """Return `H^H G^-1 E_k u` for the direction u of a user."""
        given = np.zeros((len(self.channel), 1), complex)
        given[rows, 0] = direction
        return np.asarray(self.channel.conj().T @ complex_vector(self.map @ real_vector(given))[:, 0])


def program(channel: ComplexArray, noise: float, parts: Parts, trial: int, diagonal: str = "cells") -> Inverse:
    """Program the INV circuit of G, its diagonal in cells or in resistors."""
    matrix = real_form(gram(channel, noise))
    circuit = parts.program("inv", matrix, trial, diagonal=diagonal)
    found = map_of(circuit)
    return Inverse(channel, found, known_stable(circuit, trial), float(circuit.predicted_time))


def realised(
    method: str, inverse: Inverse, user_antennas: int, parts: Parts, trials: range, iterations: int
) -> Realised:
    """Find the precoders of all users of a channel.

    Args:
        method: `egv` or `inv`.
        inverse: First circuit.
        user_antennas: N_u.
        parts: Parts of the second circuits.
        trials: Number of every user's second circuit.
        iterations: Solves of the method `inv`.
    """
    precoders, failed, times = [], [], []
    for user, trial in enumerate(trials):
        rows = slice(user * user_antennas, (user + 1) * user_antennas)
        direction, status, time = _direction(method, inverse.block(rows), parts, trial, iterations)
        precoders.append(inverse.precoder(rows, direction))
        solves = 1 if user_antennas == 1 else user_antennas + 1  # the block, and the precoder
        if status == PASSED:
            times.append(solves * inverse.time + time)
        else:
            failed.append(status)
    return Realised(np.array(precoders), inverse.stable, tuple(failed), tuple(times))


def _direction(
    method: str, block: ComplexArray, parts: Parts, trial: int, iterations: int
) -> tuple[ComplexArray, str, float]:
    """Return the direction of a user, the status of its circuit, and its time."""
    first = np.eye(len(block))[0].astype(complex)
    if len(block) == 1:
        return first, PASSED, 0.0
    found = _grown(block, parts, trial) if method == "egv" else _iterated(block, parts, trial, iterations)
    return found if found[1] == PASSED else (first, *found[1:])


def _grown(block: ComplexArray, parts: Parts, trial: int) -> tuple[ComplexArray, str, float]:
    """By EGV; its growth needs op-amps as they are, whose swing ends it."""
    try:
        circuit = replace(parts, real_opamp=True).program("egv", block, trial, eigenvector="smallest")
        solution: Solution = circuit.solve()
    except ParameterError as error:
        if error.parameter not in ("A", "eigenvalue"):
            raise
        return block[0], "NO_EIGENVECTOR", float("nan")  # errors of G^-1 have made an eigenvalue negative
    status, time = str(np.asarray(solution.status).item().name), float(np.asarray(solution.settling_time))
    return np.asarray(solution.value, complex).reshape(-1), status, time


def _iterated(block: ComplexArray, parts: Parts, trial: int, iterations: int) -> tuple[ComplexArray, str, float]:
    """By solves of INV; DACs give the last answer back, scaled to length 1."""
    matrix = real_form(block)
    circuit = parts.program("inv", matrix, trial)
    if known_stable(circuit, 0) is False:
        return block[0], "UNSTABLE", float("nan")
    solved, vector = map_of(circuit), np.eye(len(matrix))[:, :1]
    for _ in range(iterations):
        vector = solved @ vector
        vector = vector / np.linalg.norm(vector)
    return complex_vector(vector)[:, 0], PASSED, iterations * float(circuit.predicted_time)
