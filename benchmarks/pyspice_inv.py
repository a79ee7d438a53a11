"""The INV circuit in the style of a PySpice user: element by element, plain floats, rebuilt for each right-hand side.

The opponent of `throughput.py`. Its numbers come from a design record, so that it is the same circuit as the project's
own; nothing else is shared. It runs in libngspice, inside this process, as is PySpice's default.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySpice.Spice.Netlist import Circuit, SubCircuit

from netlists import InvDesign, MacroOpAmp, SinglePoleOpAmp
from netlists.opamps.subcircuit import CLAMP_EXPONENT_LIMIT, CLAMP_VOLTAGE, COMPENSATION
from netlists.record import FloatArray


class SinglePoleAmplifier(SubCircuit):  # type: ignore[misc]
    """Linear op-amp with one pole."""

    def __init__(self, opamp: SinglePoleOpAmp) -> None:
        super().__init__("opamp", "inp", "inn", "out")
        gm = opamp.unity_gain_frequency * COMPENSATION
        self.VoltageControlledCurrentSource("gain", self.gnd, "x", "inp", "inn", transconductance=gm)
        self.R("1", "x", self.gnd, opamp.open_loop_gain / gm)
        self.C("1", "x", self.gnd, COMPENSATION)
        self.VoltageControlledVoltageSource("out", "out", self.gnd, "x", self.gnd, voltage_gain=1.0)


class MacroAmplifier(SubCircuit):  # type: ignore[misc]
    """Op-amp with slewing, swing, output resistance and current limit, and supply pins."""

    def __init__(self, opamp: MacroOpAmp) -> None:
        super().__init__("opamp", "inp", "inn", "out", "vdd", "vss")
        self._gain_stage(opamp)
        self._output_stage(opamp)
        if opamp.input_capacitance > 0:
            self.C("in", "inn", self.gnd, opamp.input_capacitance)

    def _gain_stage(self, opamp: MacroOpAmp) -> None:
        gm = opamp.unity_gain_frequency * COMPENSATION
        largest = opamp.slew_rate * COMPENSATION
        onset, limit = opamp.output_swing / CLAMP_VOLTAGE, CLAMP_EXPONENT_LIMIT
        above, below = (
            f"exp(min({side}/{CLAMP_VOLTAGE}-{onset},{limit}))*max({side}/{CLAMP_VOLTAGE}-{onset + limit - 1},1)"
            for side in ("v(x)", "-v(x)")
        )
        drive = f"tanh({gm / largest}*(v(inp)-v(inn)+({opamp.input_offset})))"
        self.BehavioralSource("gain", self.gnd, "x", current_expression=f"{largest}*({drive}-{above}+{below})")
        self.R("1", "x", self.gnd, opamp.open_loop_gain / gm)
        self.C("1", "x", self.gnd, COMPENSATION)

    def _output_stage(self, opamp: MacroOpAmp) -> None:
        limit, idle = opamp.output_current_limit, opamp.quiescent_current - opamp.class_ab_current
        delivered = f"{limit}*tanh((v(x)-v(out))/{opamp.output_resistance * limit})"
        self.BehavioralSource("out", self.gnd, "il", current_expression=delivered)
        self.R("sense", "il", self.gnd, 1.0)
        self.VoltageControlledCurrentSource("source", "vdd", "out", "il", self.gnd, transconductance=0.5)
        self.VoltageControlledCurrentSource("sink", "vss", "out", "il", self.gnd, transconductance=0.5)
        through = f"sqrt(0.25*v(il)*v(il)+{opamp.class_ab_current**2})+{idle}"
        self.BehavioralSource("ab", "vdd", "vss", current_expression=through)


@dataclass(frozen=True)
class Answer:
    """One transient of the script: its time points and the op-amp outputs there, shape (T, N)."""

    time: FloatArray
    outputs: FloatArray


def circuit(design: InvDesign, levels: FloatArray, rise_time: float) -> Circuit:
    """The whole circuit with one step of `levels` (N,), V, on its inputs. Design without wires or second pole."""
    made = Circuit("INV")
    rails: tuple[str, ...] = ()
    if isinstance(design.opamp, MacroOpAmp):
        made.subcircuit(MacroAmplifier(design.opamp))
        made.V("dd", "vdd", made.gnd, design.opamp.supply_voltage)
        made.V("ss", "vss", made.gnd, -design.opamp.supply_voltage)
        rails = ("vdd", "vss")
    else:
        made.subcircuit(SinglePoleAmplifier(design.opamp))
    for i, level in enumerate(levels.tolist(), 1):
        made.PieceWiseLinearVoltageSource(f"in{i}", f"in{i}", made.gnd, values=[(0, 0), (rise_time, level)])
        made.R(f"in{i}", f"in{i}", f"v{i}", 1 / design.input_conductance)
        made.X(f"amp{i}", "opamp", made.gnd, f"v{i}", f"c{i}", *rails)
    _cells(made, "p", "c", design.conductance_positive)
    if design.conductance_negative is not None:
        _cells(made, "n", "d", design.conductance_negative)
        for j in range(1, design.size + 1):
            made.R(f"inva{j}", f"c{j}", f"w{j}", design.inverter_resistance)
            made.R(f"invb{j}", f"d{j}", f"w{j}", design.inverter_resistance)
            made.X(f"inv{j}", "opamp", made.gnd, f"w{j}", f"d{j}", *rails)
    return made


def _cells(made: Circuit, array: str, driver: str, conductance: FloatArray) -> None:
    for i, row in enumerate(conductance.tolist(), 1):
        for j, siemens in enumerate(row, 1):
            made.R(f"{array}_{i}_{j}", f"v{i}", f"{driver}{j}", 1 / siemens)


def simulate(
    design: InvDesign, levels: FloatArray, rise_time: float, end_time: float, max_step: float | None = None
) -> Answer:
    """Build the circuit and run its transient.

    Args:
        design: Design of the circuit.
        levels: Input voltages, shape (N,).
        rise_time: Rise time of the input steps, s.
        end_time: s.
        max_step: None for the idiomatic script: 1000 steps, default options. A number, s, for the tuned one: this
            largest step, and KLU, which a library without it ignores.
    """
    simulator = circuit(design, levels, rise_time).simulator()
    if max_step is None:
        analysis = simulator.transient(step_time=end_time / 1000, end_time=end_time)
    else:
        simulator.options("klu")
        analysis = simulator.transient(step_time=end_time / 50, end_time=end_time, max_time=max_step)
    outputs = [np.array(analysis.nodes[f"c{j}"]) for j in range(1, design.size + 1)]
    return Answer(np.array(analysis.time), np.stack(outputs, axis=1))
