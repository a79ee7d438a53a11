"""A single sampling gate in ngspice: what it leaves on its capacitor as it opens.

Two gates: a switch with linear overlap capacitors, and a transmission gate of two transistors with dummies of half
their width. The charge of a level-1 transistor (Meyer's capacitances) is not conserved exactly: it is indicative.
"""

from __future__ import annotations

import numpy as np

from amc_circuits.engines import run_deck
from netlists.circuits.macro.records import MacroSwitches

RAIL = 1.2
"""Supply of the transmission gate, V."""
SAMPLED = 0.05
"""Voltage that is sampled, V."""
EDGE, OPENING, END = 50e-9, 50e-9, 200e-9
"""Duration and start of the edge of the control, and end of the run, s. The edge is slow: before the switch opens the
source takes what it couples, so that the swing after it counts. Of an edge faster than R C all of it counts."""
MODELS = (
    ".model nm nmos(level=1 vto=0.45 kp=300u lambda=0.05 cgso=0.3n cgdo=0.3n tox=4n)",
    ".model pm pmos(level=1 vto=-0.45 kp=80u lambda=0.05 cgso=0.3n cgdo=0.3n tox=4n)",
)
"""Transistors of a 180 nm process: chosen here; 0.3 fF of overlap a micrometre and 4 nm of oxide are usual."""
WIDTH, LENGTH = 2e-6, 0.18e-6
"""Width of both transistors, and their length, m."""


def switch_step(own: MacroSwitches) -> float:
    """Step on the capacitor of a switch with linear overlap capacitors, V.

    The control falls and its complement rises by twice the swing, and the switch opens half-way. The halves differ by
    the mismatch.
    """
    most, half = 2 * own.control_swing, own.overlap_mismatch / 2
    lines = [
        "* switch with linear overlap capacitors",
        *_controls(most, 0.0),
        f"S1 in h c 0 gate\n.model gate sw(ron={own.hold_resistance!r} roff={own.off_resistance!r} "
        f"vt={own.control_swing!r} vh=0)",
        f"Cn c h {own.overlap_capacitance * (1 + half)!r}",
        f"Cp n h {own.overlap_capacitance * (1 - half)!r}",
    ]
    return _step(lines, own.hold_capacitance)


def transistor_step(capacitance: float, mismatch: float) -> float:
    """Step on a capacitance, F, of a transmission gate with dummies, V.

    The transistor of type p is wider than the other by the mismatch; the dummies do not follow.
    """
    lines = [
        "* transmission gate with dummies",
        *_controls(RAIL, -RAIL),
        f"Vdd vdd 0 {RAIL}",
        f"Vss vss 0 {-RAIL}",
        *MODELS,
        f"Mn in c h vss nm w={WIDTH!r} l={LENGTH!r}",
        f"Mp in n h vdd pm w={WIDTH * (1 + mismatch)!r} l={LENGTH!r}",
        f"Mdn h n h vss nm w={WIDTH / 2!r} l={LENGTH!r}",
        f"Mdp h c h vdd pm w={WIDTH / 2!r} l={LENGTH!r}",
    ]
    return _step(lines, capacitance)


def _controls(high: float, low: float) -> list[str]:
    """Source that is sampled, and the control and its complement, which change at the opening."""
    times = f"0 {{}} {OPENING!r} {{}} {OPENING + EDGE!r} {{}}"
    return [
        f"Vin in 0 {SAMPLED!r}",
        f"Vc c 0 PWL({times.format(high, high, low)})",
        f"Vn n 0 PWL({times.format(low, low, high)})",
    ]


def _step(lines: list[str], capacitance: float) -> float:
    """Voltage on the capacitor after the edge, less that before it, V."""
    analysis = [
        f"Ch h 0 {capacitance!r}", ".options reltol=1e-6 vntol=1e-9 abstol=1e-15", ".save v(h)",
        f".tran {EDGE / 100!r} {END!r} 0 {EDGE / 500!r}", ".end", "",
    ]  # fmt: skip
    (plot,) = run_deck("\n".join([*lines, *analysis]))
    time, volts = (np.real(plot[name]) for name in ("time", "v(h)"))
    return float(np.interp(OPENING + 2 * EDGE, time, volts) - np.interp(0.9 * OPENING, time, volts))
