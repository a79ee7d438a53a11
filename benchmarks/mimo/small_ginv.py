"""Rows of a small GINV precoder whose transistors oscillate: 12 antennas, 2 users.

The input pair of the op-amp couples both inputs: its sources are joined. Between inputs that both move, as in
compensated circuits, that counts twice. With a few cells at a node it decides on stability, with hundreds of them it
does not count.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from amc_circuits.engines import run_deck
from amc_circuits.linear.equations import linear_circuit
from benchmarks.mimo.rows import IDEAL, Row
from mimo import Parts, PrecodeSettings
from mimo.precoding.study import link_of
from netlists import Circuit, StepTrain, SubcircuitOpAmp, Transient, analysis_lines, preset, spice_circuit

STEP = 1e-4
"""Input step, V: small, so that the circuit stays linear."""
CYCLES = slice(1, 7)
"""Cycles whose growth is fitted: after the beginning, and before the limits."""


def input_capacitances(opamp: SubcircuitOpAmp, frequency: float) -> tuple[float, float]:
    """Capacitance of the inverting input with the other one at ground, and the part of it to that one, by `.ac`, F."""
    deck = [
        "* input capacitances", opamp.text, "Vdd vdd 0 1.2", "Vss vss 0 -1.2", "Vp inp 0 0", "Vn inn 0 DC 0 AC 1",
        f"X1 inp inn out vdd vss {opamp.subcircuit}", "Rload out 0 1k", ".save i(vp) i(vn)",
        f".ac lin 1 {frequency!r} {frequency!r}", ".end", "",
    ]  # fmt: skip
    (plot,) = run_deck("\n".join(deck))
    whole, between = (float((sign * plot[name][0]).imag) for name, sign in (("i(vn)", -1), ("i(vp)", 1)))
    return whole / (2 * np.pi * frequency), between / (2 * np.pi * frequency)


def small() -> Iterator[Row]:
    """12 antennas, 2 users: the transistors of GINV oscillate as their fit says."""
    settings = PrecodeSettings(antennas=12, users=2, realizations=1)
    parts, link = Parts(IDEAL | {"topology": "compensated", "opamp": "cmos-0.9g-transistor"}), link_of(settings)
    opamp = preset("cmos-0.9g-transistor")
    assert isinstance(opamp, SubcircuitOpAmp)
    whole, between = input_capacitances(opamp, 600e6)
    yield Row("capacitance of an input, fF, against the fit", 1e15 * whole, 1e15 * opamp.macro.input_capacitance, 0.05)
    yield Row("of it between the inputs, fF, against the fit", 1e15 * between, 1e15 * opamp.macro.input_coupling, 0.05)
    fitted, transistors = (
        parts.program("ginv", link.channels[0], 0, engine=engine, feedback_conductance="formula")
        for engine in ("exact", "ngspice")
    )
    pole = fitted.linear.poles[0]
    print(f"      slowest pole of the fit: {_shown(pole)}")
    apart = fitted.circuit.with_opamps(lambda one: one.equivalent.replace(input_coupling=0.0))
    print(f"      the same with all of its input capacitance to ground: {_shown(linear_circuit(apart).poles[0])}")
    real = _oscillation(transistors.circuit)
    print(f"      transistors in ngspice: {_shown(real)}")
    yield Row("frequency of the oscillation, MHz", real.imag / 2e6 / np.pi, pole.imag / 2e6 / np.pi, 0.05)
    yield Row("growth in units of the angular frequency", real.real / real.imag, pole.real / pole.imag, 0.02, True)


def _shown(pole: complex) -> str:
    return f"{pole.real / 1e6:.0f} /us, {abs(pole.imag) / 2e6 / np.pi:.0f} MHz"


def _oscillation(circuit: Circuit) -> complex:
    """Growth rate and angular frequency of the first output after a small step, by a transient of ngspice, 1/s."""
    drive = StepTrain(levels=[[STEP if k == 0 else 0.0] for k in range(circuit.inputs)], slot_time=12e-9)
    node = circuit.nodes(circuit.outputs)[0]
    analysis = Transient(stop_time=drive.stop_time, max_step=10e-12, saved=(f"v({node})",))
    (plot,) = run_deck("\n".join([str(spice_circuit(circuit, drive)), analysis_lines(analysis, klu=False), ".end\n"]))
    after = plot["time"] > drive.step_time(0)
    time, volts = plot["time"][after], plot.values[after, 1]
    turns = 1 + np.flatnonzero(np.diff(np.sign(np.diff(volts))) != 0)
    swings, middles = np.abs(np.diff(volts[turns])), (time[turns][1:] + time[turns][:-1]) / 2
    some = slice(2 * CYCLES.start, 2 * CYCLES.stop)
    growth = np.polyfit(middles[some], np.log(swings[some]), 1)[0]
    return complex(growth, np.pi / np.diff(time[turns])[some].mean())
