"""Linear detectors, each as the map from received signals to estimates that its programmed circuit realises at rest.

All are zero forcing, `x = (H^H H)^-1 H^H y`, in real form. The maps are read once for a channel, by the circuit at rest
for every unit vector, and serve every signal-to-noise ratio.

- `gram-inv`: the matched filter `H^H y` in digital, then INV of the Gram matrix.
- `fixed-diagonal`: the same, with the diagonal of the Gram matrix in exact resistors beside the cells at its crossings.
  So the cells hold the small entries beside it with all of their range.
- `ginv`: GINV of H itself; no Gram matrix, whose condition number is the square of that of H.
- `refined`: the circuit of gram-inv several times, `x <- x + A_0^-1 (H^H y - A x)`, with residuals in digital (Zuo et
  al., Nature Electronics 2025, doi 10.1038/s41928-025-01477-0). After n uses the map is
  `(I - (I - A_0^-1 A)^n) A^-1 H^H`; it converges where the spectral radius of `I - A_0^-1 A` is below 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from amc_circuits import ParameterError, short_repr
from mimo.parts import Parts, known_stable
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


Detector = Callable[[RealArray, Parts, int, int], Realised]
"""Function of a channel (2M, 2K) in real form, parts, the channel's number and the uses of a refined circuit."""


def _gram_inv(channel: RealArray, parts: Parts, trial: int, _uses: int) -> Realised:
    inverse, stable = _inverse_of_gram(channel, parts, trial)
    return Realised(inverse @ channel.T, stable)


def _inverse_of_gram(channel: RealArray, parts: Parts, trial: int) -> tuple[RealArray, bool | None]:
    circuit = parts.program("inv", channel.T @ channel, trial)
    return np.asarray(circuit.steady(np.eye(channel.shape[1]))), known_stable(circuit, trial)


def _fixed_diagonal(channel: RealArray, parts: Parts, trial: int, _uses: int) -> Realised:
    gram = channel.T @ channel
    diagonal = np.diag(gram.diagonal())
    if len(gram) == 2:
        mend = "needs two users or more: the Gram matrix of one has nothing beside its diagonal"
        raise ParameterError("detectors", "fixed-diagonal", mend)
    cells = parts.program("mvm", gram - diagonal, trial).mapping
    written = replace(cells, positive=cells.positive + diagonal * cells.unit / cells.alpha)
    circuit = parts.program("inv", gram, trial, conductances=written)
    inverse = np.asarray(circuit.steady(np.eye(len(gram))))
    return Realised(inverse @ channel.T, known_stable(circuit, trial))


def _ginv(channel: RealArray, parts: Parts, trial: int, _uses: int) -> Realised:
    circuit = parts.program("ginv", channel, trial, feedback_conductance="formula")
    stable = known_stable(circuit, trial)
    if stable is False:  # the closed form is where a search among stable circuits begins
        circuit = parts.program("ginv", channel, trial, feedback_conductance="auto")
        stable = circuit.stability.stable
    return Realised(np.asarray(circuit.steady(np.eye(len(channel)))), stable)


def _refined(channel: RealArray, parts: Parts, trial: int, uses: int) -> Realised:
    inverse, stable = _inverse_of_gram(channel, parts, trial)
    gram = channel.T @ channel
    error = np.eye(len(gram)) - inverse @ gram
    found = inverse
    for _ in range(uses - 1):
        found = inverse + error @ found
    converges = bool(np.abs(np.linalg.eigvals(error)).max() < 1)
    return Realised(found @ channel.T, stable, converges)


DETECTORS: dict[str, Detector] = {
    "gram-inv": _gram_inv,
    "fixed-diagonal": _fixed_diagonal,
    "ginv": _ginv,
    "refined": _refined,
}
CIRCUITS = {"gram-inv": "inv", "fixed-diagonal": "inv", "ginv": "ginv", "refined": "inv"}
"""Names of the circuits of the detectors."""
