"""Poles of the linear circuit: whether it is stable, how fast it settles, and why not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from quantiphy import Quantity

from amc_circuits.linear_circuit import LinearCircuit
from amc_circuits.mapping import Mapping
from netlists import InvDesign, MvmDesign


@dataclass(frozen=True)
class Stability:
    """The poles of a circuit.

    Attributes:
        poles: All poles, 1/s, the slowest (or the fastest growing) first.
        cause: For an unstable circuit one sentence: the pole, the eigenvalue behind it where there is one, what to try.
    """

    poles: NDArray[np.complex128]
    cause: str = ""

    @property
    def stable(self) -> bool:
        """True when every pole decays."""
        return bool(self.slowest.real < 0)

    @property
    def slowest(self) -> complex:
        """The pole with the largest real part, 1/s."""
        return complex(self.poles[0])

    def settling_time(self, tolerance: float) -> float:
        """Predicted settling time to a relative tolerance, s: `ln(1/tolerance)` time constants of the slowest pole.

        Reference: Sun et al., TED 2020, arXiv 2005.04530, with the slowest pole of the circuit in the place of w_T
            lambda_min.
        """
        return float(np.log(1 / tolerance) / -self.slowest.real) if self.stable else float("nan")


def stability(circuit: LinearCircuit, design: InvDesign | MvmDesign, mapping: Mapping) -> Stability:
    """All poles of a linear circuit and, if one of them grows, what is behind it."""
    poles = np.linalg.eigvals(circuit.state).astype(np.complex128)
    poles = poles[np.argsort(-poles.real, kind="stable")]
    found = Stability(poles)
    if found.stable or isinstance(design, MvmDesign):
        return found
    return Stability(poles, _cause(found.slowest, design, mapping))


def _cause(pole: complex, design: InvDesign, mapping: Mapping) -> str:
    eigenvalues = np.linalg.eigvals(mapping.difference) / mapping.unit * mapping.alpha
    lowest = eigenvalues[eigenvalues.real.argmin()]
    scaled = np.linalg.eigvals(mapping.difference / design.row_conductance[:, None])
    what = f"pole at {_complex(pole)} 1/s grows"
    if lowest.real <= 0:
        mend = "INV needs eigenvalues with positive real parts: add damping to A, or solve A^T A x = A^T b"
        return f"{what}; behind it is the eigenvalue {_complex(lowest)} of A; {mend}"
    if scaled.real.min() <= 0:
        mend = "scale the rows of A to equal sums, or make --input-conductance larger"
        return (
            f"{what}; A's eigenvalues are good, but not those of A with its rows divided by their conductance; {mend}"
        )
    mend = "try a smaller --inverter-resistance, a higher --second-pole, or an op-amp with less input capacitance"
    return f"{what}; no eigenvalue of A is behind it: it is the lag of the amplifiers and inverters; {mend}"


def _complex(value: complex) -> str:
    real = Quantity(value.real).render(prec=3)
    if abs(value.imag) < 1e-12 * abs(value.real):
        return real
    return f"{real}{'+' if value.imag >= 0 else '-'}{Quantity(abs(value.imag)).render(prec=3)}j"
