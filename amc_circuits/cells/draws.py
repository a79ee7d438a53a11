"""Every random draw of a circuit, from one seed: each effect has a generator of its own.

The tree of `numpy.random.SeedSequence`: the seed, below it the trials, below each of them the effects, below an effect
the arrays (0 positive, 1 negative). So an effect that is switched on changes no other's draws, and trial 17 is the same
alone or among a thousand. Matrices are drawn by `default_rng(seed)`, the root, on which no trial depends.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import NDArray

from netlists import ParameterError

EFFECTS = (
    "limit_spread",
    "programming_error",
    "stuck",
    "drift",
    "read_noise",
    "offset",
    "inverter_offset",
    "part_offset",
    "hold_offset",
)
"""Effects that are drawn. The index of an effect is its place in the tree: add new ones at the end, move none."""
SEED_END = 2**128
"""Upper end of seeds.

`SeedSequence` keeps four words of 32 bits apart from its children; longer seeds would mix with them.
"""
TRIAL_END = 2**32
"""Upper end of trials: one word of the tree."""
POOL, MASK = 4, 2**32 - 1
"""Words in the pool of `SeedSequence`, and the largest word."""


@dataclass(frozen=True)
class Draws:
    """All random draws of one circuit.

    Attributes:
        seed: Seed of a whole study, from 0 to 2^128 - 1.
        trial: Index of one circuit of the study, from 0 to 2^32 - 1: child `trial` of `SeedSequence(seed)`.

    Raises:
        ParameterError: The seed or the trial is not a whole number in its range.
    """

    seed: int
    trial: int = 0

    def __post_init__(self) -> None:
        _check_whole("seed", self.seed, SEED_END)
        _check_whole("trial", self.trial, TRIAL_END)

    def generator(self, effect: str, *child: int) -> np.random.Generator:
        """Make a fresh generator of an effect: the same numbers at every call.

        Args:
            effect: One of `EFFECTS`.
            *child: Part of the effect with draws of its own: index of the array (of every matrix first the positive
                one, then the negative one), or of the row of op-amps.

        Raises:
            ParameterError: There is no such effect.
        """
        if effect not in EFFECTS:
            raise ParameterError("effect", repr(effect), f"must be one of {', '.join(EFFECTS)}")
        place = (self.trial, EFFECTS.index(effect), *child)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=place))


class _State:
    """Seed of a PCG64 that is known already."""

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self._words = words

    def generate_state(self, n_words: int, dtype: object = np.uint32) -> NDArray[np.uint64]:
        """Return the four words that PCG64 requests."""
        assert n_words == len(self._words) and dtype == np.uint64
        return self._words


ISeedSequence.register(_State)


def generators(draws: Sequence[Draws], effect: str, *child: int) -> list[np.random.Generator]:
    """Make the generators of an effect for many trials of one seed: each as `Draws.generator`, 10 times as fast."""
    if len(draws) == 1:
        return [draws[0].generator(effect, *child)]
    trials = np.array([one.trial for one in draws], dtype=np.uint32)
    seed = [draws[0].seed >> 32 * k & MASK for k in range(POOL)]
    words = [*(np.full_like(trials, word) for word in seed), trials]
    words += [np.full_like(trials, word) for word in (EFFECTS.index(effect), *child)]
    return [np.random.Generator(np.random.PCG64(_State(state))) for state in _states(words)]  # type: ignore[arg-type]


def _states(words: list[NDArray[np.uint32]]) -> NDArray[np.uint64]:
    """Mix words of entropy, each (P,), as `numpy.random.SeedSequence` does; four words of a state each, (P, 4).

    Reference: M. O'Neill, Developing a seed_seq alternative, 2015; NumPy promises to keep its results.
    """
    hashed = _Hash(0x43B0D7E5, 0x931E8875)
    pool = [hashed(word) for word in words[:POOL]]
    for source in range(POOL):
        for target in range(POOL):
            if source != target:
                pool[target] = _mixed(pool[target], hashed(pool[source]))
    for word in words[POOL:]:
        pool = [_mixed(one, hashed(word)) for one in pool]
    last = _Hash(0x8B51F9DD, 0x58F38DED)
    found = [last(pool[k % POOL]).astype(np.uint64) for k in range(2 * POOL)]
    return np.stack([found[k] | found[k + 1] << np.uint64(32) for k in range(0, 2 * POOL, 2)], axis=1)


class _Hash:
    """Hash of words with a constant that changes at every use."""

    def __init__(self, constant: int, factor: int) -> None:
        self._constant, self._factor = constant, factor

    def __call__(self, word: NDArray[np.uint32]) -> NDArray[np.uint32]:
        before, self._constant = self._constant, self._constant * self._factor & MASK
        found = (word ^ np.uint32(before)) * np.uint32(self._constant)
        return found ^ found >> np.uint32(16)


def _mixed(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> NDArray[np.uint32]:
    found = np.uint32(0xCA01F9DD) * one - np.uint32(0x4973F715) * other
    return np.asarray(found ^ found >> np.uint32(16))


def _check_whole(name: str, value: object, end: int) -> None:
    try:
        fits = 0 <= operator.index(value) < end  # type: ignore[arg-type]
    except TypeError:
        fits = False
    if not fits or isinstance(value, bool):
        mend = f"must be a whole number from 0 to 2^{end.bit_length() - 1} - 1"
        raise ParameterError(name, repr(value), mend)
