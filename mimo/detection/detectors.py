"""Linear detectors, each as the map from received signals to estimates that its programmed circuit realises at rest.

All are `x = (H^H H + ridge I)^-1 H^H y`, in real form: zero forcing without a ridge, of least mean square error (MMSE)
with the ridge N0/Es. The maps are read once for a channel, by the circuit at rest
for every unit vector, and serve every signal-to-noise ratio.

- `gram-inv`: the matched filter `H^H y` in digital, then INV of the Gram matrix.
- `fixed-diagonal`: the same, with the diagonal of the Gram matrix in exact resistors from the outputs to the rows.
  So the cells hold the small entries beside it with all of their range.
- `ginv`: GINV of H itself; no Gram matrix, whose condition number is the square of that of H.
- `refined`: the circuit of gram-inv several times, `x <- x + A_0^-1 (H^H y - A x)`, with residuals in digital (Zuo et
  al., Nature Electronics 2025, doi 10.1038/s41928-025-01477-0). After n uses the map is
  `(I - (I - A_0^-1 A)^n) A^-1 H^H`; it converges where the spectral radius of `I - A_0^-1 A` is below 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from amc_circuits import ParameterError, short_repr
from mimo.parts import Parts, known_stable, map_of, program_ginv
from mimo.radio.real_form import RealArray


@dataclass(frozen=True)
class Realised:
    """A detector of one channel as its circuit realises it.

    Attributes:
        map: Real map from antennas to estimates, shape (2K, 2M).
        stable: True if no pole of the circuit grows; None if its poles were not computed.
        converges: True if refinement converges; None for a detector without it.
    """

    map: RealArray
    stable: bool | None
    converges: bool | None = None

    __repr__ = short_repr

    @property
    def works(self) -> bool:
        """False for a circuit that is known to be unstable; a guess is all that it gives."""
        return self.stable is not False


@dataclass(frozen=True)
class Task:
    """What a detector is built for.

    Attributes:
        channel: Channel in real form, shape (2M, 2K).
        parts: Parts of the circuits.
        trial: Number of the channel.
        ridge: Added to the Gram matrix.
        uses: Uses of a refined circuit.
    """

    channel: RealArray
    parts: Parts
    trial: int
    ridge: float = 0.0
    uses: int = 2

    __repr__ = short_repr

    @property
    def gram(self) -> RealArray:
        """Gram matrix with the ridge, shape (2K, 2K)."""
        return np.asarray(self.channel.T @ self.channel + self.ridge * np.eye(self.channel.shape[1]))


Detector = Callable[[Task], Realised]


def _gram_inv(task: Task) -> Realised:
    inverse, stable = _inverse_of_gram(task)
    return Realised(inverse @ task.channel.T, stable)


def _inverse_of_gram(task: Task, **own: Any) -> tuple[RealArray, bool | None]:
    circuit = task.parts.program("inv", task.gram, task.trial, **own)
    return map_of(circuit), known_stable(circuit, task.trial)


def _fixed_diagonal(task: Task) -> Realised:
    if len(task.gram) == 2:
        mend = "needs two users or more: the Gram matrix of one has nothing beside its diagonal"
        raise ParameterError("detectors", "fixed-diagonal", mend)
    inverse, stable = _inverse_of_gram(task, diagonal="resistors")
    return Realised(inverse @ task.channel.T, stable)


def _ginv(task: Task) -> Realised:
    circuit, stable = program_ginv(task.channel, task.parts, task.trial, ridge=task.ridge)
    return Realised(map_of(circuit), stable)


def _refined(task: Task) -> Realised:
    inverse, stable = _inverse_of_gram(task)
    gram = task.gram
    error = np.eye(len(gram)) - inverse @ gram
    found = inverse
    for _ in range(task.uses - 1):
        found = inverse + error @ found
    converges = bool(np.abs(np.linalg.eigvals(error)).max() < 1)
    return Realised(found @ task.channel.T, stable, converges)


DETECTORS: dict[str, Detector] = {
    "gram-inv": _gram_inv,
    "fixed-diagonal": _fixed_diagonal,
    "ginv": _ginv,
    "refined": _refined,
}
CIRCUITS = {"gram-inv": "inv", "fixed-diagonal": "inv", "ginv": "ginv", "refined": "inv"}
"""Names of the circuits of the detectors."""
