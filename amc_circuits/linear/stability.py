"""Poles of the linear circuit: whether it is stable, how fast it settles, and why not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from quantiphy import Quantity

from amc_circuits.cells.mapping import DEAREST, Mapping
from amc_circuits.linear.circuit import LinearCircuit
from netlists import InvDesign, MacroOpAmp, MvmDesign
from netlists.record import FloatArray


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

    @property
    def growth_rate(self) -> float:
        """Real part of the slowest pole, 1/s: above 0 any disturbance grows as `exp(growth_rate t)`."""
        return self.slowest.real

    @property
    def least_damped(self) -> complex:
        """The pole with the smallest damping ratio, 1/s: of a pair the upper one, of equal ones the slowest."""
        pole = self.poles[damping_ratios(self.poles).argmin()]
        return complex(pole.real, abs(pole.imag))

    @property
    def damping_ratio(self) -> float:
        """Of the least damped pole: 1 where nothing rings, below 0 where a pole grows."""
        return float(damping_ratios(self.poles).min())

    def settling_time(self, tolerance: float) -> float:
        """Predicted settling time to a relative tolerance, s: `ln(1/tolerance)` time constants of the slowest pole.

        Reference: Sun et al., TED 2020, arXiv 2005.04530, with the slowest pole in the place of w_T lambda_min.
        """
        return float(np.log(1 / tolerance) / -self.slowest.real) if self.stable else float("nan")


def damping_ratios(poles: NDArray[np.complex128]) -> FloatArray:
    """`-Re(p)/|p|` of each pole: 1 decays without ringing, 0 rings for ever (or stays, at p = 0), -1 only grows."""
    sizes = np.abs(poles)
    return np.divide(-poles.real, sizes, out=np.zeros_like(sizes), where=sizes > 0)


def stability(
    circuit: LinearCircuit,
    design: InvDesign | MvmDesign,
    mapping: Mapping,
    wanted: FloatArray | None = None,
    name: str = "A",
) -> Stability:
    """All poles of a linear circuit and, if one of them grows, what is behind it.

    Args:
        circuit: The linear circuit.
        design: What it is of.
        mapping: What was programmed.
        wanted: What should have been, to tell a fault of the cells from one of the matrix; None where not known.
        name: What the matrix is called.
    """
    poles = circuit.poles
    found = Stability(poles)
    if found.stable:
        return found
    what = f"pole at {complex_text(found.slowest)} 1/s grows"
    if isinstance(design, MvmDesign):
        return Stability(poles, f"{what}: it is the lag of the amplifiers; {_less_lag(design)}")
    return Stability(poles, f"{what}; {_cause(design, mapping, wanted, name)}")


def _cause(design: InvDesign, mapping: Mapping, wanted: FloatArray | None, name: str) -> str:
    lowest = _lowest_eigenvalue(mapping.difference / mapping.unit * mapping.alpha)
    scaled = np.linalg.eigvals(mapping.difference / design.row_conductance[:, None])
    if lowest.real <= 0 and wanted is not None and (good := _lowest_eigenvalue(wanted)).real > 0:
        return _of_cells(mapping, lowest, good, name)
    if lowest.real <= 0:
        mend = "INV needs eigenvalues with positive real parts: add damping to A, or solve A^T A x = A^T b"
        return f"behind it is the eigenvalue {complex_text(lowest)} of {name}; {mend}"
    if scaled.real.min() <= 0:
        mend = "scale the rows of A to equal sums, or make --input-conductance larger"
        return f"{name}'s eigenvalues are good, but not with its rows divided by their conductance; {mend}"
    return f"no eigenvalue of {name} is behind it: it is the lag of amplifiers and inverters; {_less_lag(design)}"


def _lowest_eigenvalue(matrix: FloatArray) -> complex:
    eigenvalues = np.linalg.eigvals(matrix)
    return complex(eigenvalues[eigenvalues.real.argmin()])


def _of_cells(mapping: Mapping, lowest: complex, good: complex, name: str) -> str:
    """What is said where A is good and what the cells hold is not."""
    behind = f"behind it is the eigenvalue {complex_text(lowest)} of the matrix in the cells"
    lifted = mapping.lifting_note if mapping.lifting_cost > DEAREST else ""
    mend = lifted or "take cells with smaller errors or more levels, or add damping to A"
    return f"{behind}; the lowest of {name} itself is {complex_text(good)}; {mend}"


def _less_lag(design: InvDesign | MvmDesign) -> str:
    """What to try, of what this circuit has."""
    opamp, ways = design.opamp.equivalent, []
    macro = opamp if isinstance(opamp, MacroOpAmp) else None
    if macro and macro.second_pole is not None:
        ways.append("a higher --second-pole")
    if macro and macro.input_capacitance > 0:
        ways.append("less --input-capacitance")
        if design.signed and isinstance(design, InvDesign):
            ways.append("a smaller --inverter-resistance")
    if design.interconnect.line_capacitance > 0:
        ways.append("less --line-capacitance")
    if isinstance(design, InvDesign):
        ways.append("damping added to A, or A^T A x = A^T b")
    return "try " + "; or ".join(ways)


def complex_text(value: complex) -> str:
    """A complex number with SI suffixes, such as `-3.2M+41Mj`."""
    real = Quantity(value.real).render(prec=3)
    if abs(value.imag) < 1e-12 * abs(value.real):
        return real
    return f"{real}{'+' if value.imag >= 0 else '-'}{Quantity(abs(value.imag)).render(prec=3)}j"
