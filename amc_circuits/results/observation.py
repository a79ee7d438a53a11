"""From node voltages to what is measured: outputs, powers, output currents.

Currents into an array follow from the voltages at its terminals, `i = L v + C dv/dt` with the reduced array's Laplacian
and capacitance; in the flat mesh they are read from the segments at the terminals. Cells and wires dissipate `sum v i`
over the terminals (Tellegen), i the resistive part of the currents: the other part charges the lines.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from amc_circuits.results.waveforms import Waveforms
from netlists import InvDesign, MacroOpAmp, MvmDesign, OpAmp, SinglePoleOpAmp, StepTrain, nodes
from netlists.opamp import has_energy, has_supply
from netlists.record import FloatArray


@dataclass(frozen=True)
class Observation:
    """One transient as seen from outside.

    Attributes:
        time: Shape (T,), s.
        outputs: `c` of INV, `out` of MVM, shape (T, N), V.
        array_power: Dissipated in cells and wires, shape (T,), W.
        input_power: Dissipated in the input resistors, shape (T,), W.
        delivered_power: By supplies and input sources, shape (T,), W; None where the supply current of the op-amps is
            not known.
        inverting_voltage: At the inverting input of every amplifier, inverters included, shape (T, amplifiers), V.
        output_voltage: Of every amplifier, shape (T, amplifiers), V.
        output_current: Of every amplifier, shape (T, amplifiers), A.
        stage_voltage: What each output would be without its load, shape (T, amplifiers), V.
        terminal_voltage: Word lines, bit lines of the positive array, bit lines of the negative array where there is
            one, shape (T, N + arrays * M), V.
    """

    time: FloatArray
    outputs: FloatArray
    array_power: FloatArray
    input_power: FloatArray
    delivered_power: FloatArray | None
    inverting_voltage: FloatArray
    output_voltage: FloatArray
    output_current: FloatArray
    stage_voltage: FloatArray
    terminal_voltage: FloatArray

    def between(self, start: float, stop: float) -> Observation:
        """The samples with start <= time <= stop (a billionth of the whole is allowed for rounding)."""
        slack = 1e-9 * (self.time[-1] - self.time[0])
        part = slice(*self.time.searchsorted([start - slack, stop + slack]))
        samples: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        cut: dict[str, Any] = {name: None if value is None else value[part] for name, value in samples.items()}
        return Observation(**cut)


def amplifier_names(design: InvDesign | MvmDesign) -> list[str]:
    """Names of all amplifiers in the order of an observation: those at the sum nodes, then the inverters."""
    rows, columns = design.conductance_positive.shape
    names = [f"amplifier {k + 1}" for k in range(rows)]
    if isinstance(design, InvDesign) and design.signed:
        names += [f"inverter {k + 1}" for k in range(columns)]
    return names


def saved_vectors(design: InvDesign | MvmDesign) -> tuple[str, ...]:
    """The vectors that `observe` needs, and no others."""
    rows, columns = design.conductance_positive.shape
    names = nodes.sums(rows)
    for k, _ in enumerate(design.arrays):
        names += nodes.drivers(k, columns)
        names += [node for end in _contacted(design, k) for node in end]
    if isinstance(design, MvmDesign):
        names += nodes.outputs(rows)
    elif design.signed:
        names += nodes.inverter_sums(columns)
    supplies = []
    if has_supply(design.opamp):
        supplies = [nodes.SUPPLY_POSITIVE_SOURCE, nodes.SUPPLY_NEGATIVE_SOURCE]
    return (*(f"v({name})" for name in dict.fromkeys(names)), *(f"i({name.lower()})" for name in supplies))


def observe(design: InvDesign | MvmDesign, waveforms: Waveforms, drive: StepTrain) -> Observation:
    """What an INV or MVM circuit did, from its saved vectors and its input."""
    return _observe_inv(design, waveforms, drive) if isinstance(design, InvDesign) else _observe_mvm(design, waveforms)


def _contacted(design: InvDesign | MvmDesign, array: int) -> list[list[str]]:
    """In the flat mesh the node beyond each terminal's segment, in the terminals' order, a list a contact."""
    wires, (rows, columns) = design.interconnect, design.conductance_positive.shape
    if wires.wire_resistance == 0 or wires.form == "reduced":
        return []
    ends = [(0, 0), (rows - 1, columns - 1)] if wires.contacts == "both" else [(0, 0)]
    return [
        [nodes.row_node(array, i, column) for i in range(rows)]
        + [nodes.column_node(array, row, j) for j in range(columns)]
        for row, column in ends
    ]


def _terminal_currents(
    design: InvDesign | MvmDesign, array: int, waveforms: Waveforms
) -> tuple[FloatArray, FloatArray]:
    """Currents into an array at its bit lines, (T, M), and what its cells and wires dissipate, (T,)."""
    rows, columns = design.conductance_positive.shape
    voltage = waveforms.voltages(nodes.terminals(array, rows, columns))
    charged = design.interconnect.line_capacitance > 0
    if beyond := _contacted(design, array):
        drops = [voltage - waveforms.voltages(names) for names in beyond]
        current = np.sum(drops, axis=0) / design.interconnect.wire_resistance
        # With line capacitance a part of it charges the mesh. What cells and wires dissipate then differs from the
        # reduced array's only by the square of what the delay of the lines changes in their voltages. (Cells that are
        # not linear have no reduced array: what charges the mesh is counted.)
        linear = design.nonlinearity_voltage is None
        resistive = voltage @ design.reduced_arrays[array].laplacian if charged and linear else current
    else:
        current = resistive = _without_wires(design, array, voltage)
        if charged:
            slope = np.gradient(voltage, waveforms.time, axis=0)
            current = current + slope @ design.reduced_arrays[array].capacitance
    return current[:, rows:], np.einsum("ts,ts->t", voltage, resistive)


def _without_wires(design: InvDesign | MvmDesign, array: int, voltage: FloatArray) -> FloatArray:
    """Resistive currents into an array of ideal wires, or one that is reduced, at voltages (T, terminals)."""
    bend, cells = design.nonlinearity_voltage, design.arrays[array]
    if bend is None:
        return voltage @ design.reduced_arrays[array].laplacian
    rows = len(cells)
    word_lines, bit_lines = voltage[:, :rows], voltage[:, rows:]
    into_rows, into_columns = np.zeros_like(word_lines), np.zeros_like(bit_lines)
    for i in range(rows):
        current = bend * cells[i] * np.sinh((word_lines[:, i, None] - bit_lines) / bend)
        into_rows[:, i] = current.sum(axis=1)
        into_columns -= current
    return np.hstack([into_rows, into_columns])


def _supply_power(opamp: OpAmp, waveforms: Waveforms) -> FloatArray | None:
    if isinstance(opamp, SinglePoleOpAmp) or not has_energy(opamp):
        return None
    plus = waveforms.current(nodes.SUPPLY_POSITIVE_SOURCE)
    minus = waveforms.current(nodes.SUPPLY_NEGATIVE_SOURCE)
    return opamp.supply_voltage * (minus - plus)


def _stage_voltage(opamp: OpAmp, output: FloatArray, current: FloatArray) -> FloatArray:
    """The voltage before the output resistance, from `i = I_lim tanh((stage - out)/(R_out I_lim))`.

    A subcircuit has no such node: its output.
    """
    if not isinstance(opamp, MacroOpAmp):
        return output
    limit = opamp.output_current_limit
    share = np.clip(current / limit, -1 + 1e-12, 1 - 1e-12)
    return output + opamp.output_resistance * limit * np.arctanh(share)


def _observe_inv(design: InvDesign, waveforms: Waveforms, drive: StepTrain) -> Observation:
    size = design.size
    voltage_in, row = drive.voltage(waveforms.time), waveforms.voltages(nodes.sums(size))
    input_current = design.input_conductance * (voltage_in - row)
    array_power = np.zeros(len(waveforms.time))
    driven, currents, inverting = [], [], [row]
    for k, _ in enumerate(design.arrays):
        current, power = _terminal_currents(design, k, waveforms)
        array_power += power
        output = waveforms.voltages(nodes.drivers(k, size))
        if design.signed:
            middle = waveforms.voltages(nodes.inverter_sums(size))
            current = current + (output - middle) / design.inverter_resistance
            inverting = [row, middle]
        driven.append(output)
        currents.append(current)
    outputs, output_current = np.hstack(driven), np.hstack(currents)
    supplied = _supply_power(design.opamp, waveforms)
    from_inputs = np.einsum("ti,ti->t", voltage_in, input_current)
    return Observation(
        time=waveforms.time,
        outputs=driven[0],
        array_power=array_power,
        input_power=np.einsum("ti,ti->t", voltage_in - row, input_current),
        delivered_power=None if supplied is None else supplied + from_inputs,
        inverting_voltage=np.hstack(inverting),
        output_voltage=outputs,
        output_current=output_current,
        stage_voltage=_stage_voltage(design.opamp, outputs, output_current),
        terminal_voltage=np.hstack([row, outputs]),
    )


def _observe_mvm(design: MvmDesign, waveforms: Waveforms) -> Observation:
    rows, columns = design.shape
    row, outputs = waveforms.voltages(nodes.sums(rows)), waveforms.voltages(nodes.outputs(rows))
    array_power = np.zeros(len(waveforms.time))
    from_inputs = np.zeros_like(array_power)
    driven = []
    for k, _ in enumerate(design.arrays):
        current, power = _terminal_currents(design, k, waveforms)
        array_power += power
        driven.append(waveforms.voltages(nodes.drivers(k, columns)))
        from_inputs += np.einsum("tj,tj->t", driven[k], current)
    output_current = design.feedback_conductance * (outputs - row)
    supplied = _supply_power(design.opamp, waveforms)
    return Observation(
        time=waveforms.time,
        outputs=outputs,
        array_power=array_power,
        input_power=np.zeros_like(array_power),
        delivered_power=None if supplied is None else supplied + from_inputs,
        inverting_voltage=row,
        output_voltage=outputs,
        output_current=output_current,
        stage_voltage=_stage_voltage(design.opamp, outputs, output_current),
        terminal_voltage=np.hstack([row, *driven]),
    )
