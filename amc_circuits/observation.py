"""From node voltages to what is measured: outputs, powers, output currents.

Powers at terminals: an array of cells and wires dissipates `sum v i` over its terminals (Tellegen), with ideal wires
and with real ones alike; the terminal current is `sum_j G_ij (v_i - c_j)` or what flows through the first wire
segment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from amc_circuits.waveforms import Waveforms
from netlists import InvDesign, MacroOpAmp, MvmDesign, OpAmp, StepTrain, nodes
from netlists.opamp import has_supply
from netlists.record import FloatArray


@dataclass(frozen=True)
class Observation:
    """One transient as seen from outside.

    Attributes:
        time: Shape (T,), s.
        outputs: `c` of INV, `out` of MVM, shape (T, N), V.
        array_power: Dissipated in cells and wires, shape (T,), W.
        input_power: Dissipated in the input resistors, shape (T,), W.
        delivered_power: By supplies and input sources, shape (T,), W; None where the op-amps have no supply pins.
        output_current: Of every amplifier, inverters included, shape (T, amplifiers), A.
        stage_voltage: What each output would be without its load, shape (T, amplifiers), V.
    """

    time: FloatArray
    outputs: FloatArray
    array_power: FloatArray
    input_power: FloatArray
    delivered_power: FloatArray | None
    output_current: FloatArray
    stage_voltage: FloatArray

    def between(self, start: float, stop: float) -> Observation:
        """The samples with start <= time <= stop (a billionth of the whole is allowed for rounding)."""
        slack = 1e-9 * (self.time[-1] - self.time[0])
        part = slice(*self.time.searchsorted([start - slack, stop + slack]))
        delivered = None if self.delivered_power is None else self.delivered_power[part]
        return Observation(
            self.time[part],
            self.outputs[part],
            self.array_power[part],
            self.input_power[part],
            delivered,
            self.output_current[part],
            self.stage_voltage[part],
        )


def saved_vectors(design: InvDesign | MvmDesign) -> tuple[str, ...]:
    """The vectors that `observe` needs, and no others."""
    rows, columns = design.conductance_positive.shape
    names = nodes.sums(rows)
    for k, _ in enumerate(design.arrays):
        names += nodes.drivers(k, columns)
        if design.interconnect.wire_resistance > 0:
            names += _first_cells(k, rows, columns)
    if isinstance(design, MvmDesign):
        names += nodes.outputs(rows)
    elif design.signed:
        names += nodes.inverter_sums(columns)
    supplies = []
    if has_supply(design.opamp):
        supplies = [nodes.SUPPLY_POSITIVE_SOURCE, nodes.SUPPLY_NEGATIVE_SOURCE]
    return (*(f"v({name})" for name in names), *(f"i({name.lower()})" for name in supplies))


def observe(design: InvDesign | MvmDesign, waveforms: Waveforms, drive: StepTrain) -> Observation:
    """What an INV or MVM circuit did, from its saved vectors and its input."""
    return _observe_inv(design, waveforms, drive) if isinstance(design, InvDesign) else _observe_mvm(design, waveforms)


def _first_cells(array: int, rows: int, columns: int) -> list[str]:
    on_rows = [nodes.row_node(array, i, 0) for i in range(rows)]
    return on_rows + [nodes.column_node(array, 0, j) for j in range(columns)]


def _terminal_currents(
    design: InvDesign | MvmDesign, array: int, waveforms: Waveforms
) -> tuple[FloatArray, FloatArray]:
    """Currents into an array at its bit lines, (T, M), and the power that enters at all its terminals, (T,)."""
    cells = design.arrays[array]
    rows, columns = cells.shape
    row, column = waveforms.voltages(nodes.sums(rows)), waveforms.voltages(nodes.drivers(array, columns))
    segment = design.interconnect.wire_resistance
    if segment > 0:
        inner = waveforms.voltages(_first_cells(array, rows, columns))
        into_rows, into_columns = (row - inner[:, :rows]) / segment, (column - inner[:, rows:]) / segment
    else:
        into_rows = row * cells.sum(axis=1) - column @ cells.T
        into_columns = column * cells.sum(axis=0) - row @ cells
    power = np.einsum("ti,ti->t", row, into_rows) + np.einsum("tj,tj->t", column, into_columns)
    return into_columns, power


def _line_current(design: InvDesign | MvmDesign, cells: int, time: FloatArray, voltage: FloatArray) -> FloatArray:
    """Current into the lumped capacitance of lines of so many cells, (T, lines)."""
    capacitance = design.interconnect.line_capacitance * cells
    if capacitance == 0:
        return np.zeros_like(voltage)
    charged: FloatArray = capacitance * np.gradient(voltage, time, axis=0)
    return charged


def _supply_power(opamp: OpAmp, waveforms: Waveforms) -> FloatArray | None:
    if not isinstance(opamp, MacroOpAmp):
        return None
    plus = waveforms.current(nodes.SUPPLY_POSITIVE_SOURCE)
    minus = waveforms.current(nodes.SUPPLY_NEGATIVE_SOURCE)
    return opamp.supply_voltage * (minus - plus)


def _stage_voltage(opamp: OpAmp, output: FloatArray, current: FloatArray) -> FloatArray:
    """The voltage before the output resistance, from `i = I_lim tanh((stage - out)/(R_out I_lim))`."""
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
    driven, currents = [], []
    for k, _ in enumerate(design.arrays):
        into_columns, power = _terminal_currents(design, k, waveforms)
        array_power += power
        output = waveforms.voltages(nodes.drivers(k, size))
        current = into_columns + _line_current(design, size, waveforms.time, output)
        if design.signed:
            current = current + (output - waveforms.voltages(nodes.inverter_sums(size))) / design.inverter_resistance
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
        output_current=output_current,
        stage_voltage=_stage_voltage(design.opamp, outputs, output_current),
    )


def _observe_mvm(design: MvmDesign, waveforms: Waveforms) -> Observation:
    rows, columns = design.shape
    row, outputs = waveforms.voltages(nodes.sums(rows)), waveforms.voltages(nodes.outputs(rows))
    array_power = np.zeros(len(waveforms.time))
    from_inputs = np.zeros_like(array_power)
    for k, _ in enumerate(design.arrays):
        into_columns, power = _terminal_currents(design, k, waveforms)
        array_power += power
        source = waveforms.voltages(nodes.drivers(k, columns))
        current = into_columns + _line_current(design, rows, waveforms.time, source)
        from_inputs += np.einsum("tj,tj->t", source, current)
    output_current = design.feedback_conductance * (outputs - row)
    supplied = _supply_power(design.opamp, waveforms)
    return Observation(
        time=waveforms.time,
        outputs=outputs,
        array_power=array_power,
        input_power=np.zeros_like(array_power),
        delivered_power=None if supplied is None else supplied + from_inputs,
        output_current=output_current,
        stage_voltage=_stage_voltage(design.opamp, outputs, output_current),
    )
