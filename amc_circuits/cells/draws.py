"""Every random draw of a circuit, from one seed: each effect has a generator of its own.

The tree of `numpy.random.SeedSequence`: the seed, below it the trials, below each of them the effects, below an effect
the arrays (0 positive, 1 negative). So an effect that is switched on changes no other's draws, and trial 17 is the same
alone or among a thousand. Matrices are drawn by `default_rng(seed)`, the root, on which no trial depends.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np

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
)
"""Effects that are drawn. The index of an effect is its place in the tree: add new ones at the end, move none."""
SEED_END = 2**128
"""Upper end of seeds.

`SeedSequence` keeps four words of 32 bits apart from its children; longer seeds would mix with them.
"""
TRIAL_END = 2**32
"""Upper end of trials: one word of the tree."""


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


def _check_whole(name: str, value: object, end: int) -> None:
    try:
        fits = 0 <= operator.index(value) < end  # type: ignore[arg-type]
    except TypeError:
        fits = False
    if not fits or isinstance(value, bool):
        mend = f"must be a whole number from 0 to 2^{end.bit_length() - 1} - 1"
        raise ParameterError(name, repr(value), mend)
