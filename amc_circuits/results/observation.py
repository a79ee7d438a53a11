"""Outputs, powers and currents of a circuit from its node voltages; the same code for every circuit.

At every node an op-amp or a source delivers `i = L v + C dv/dt`. L is the Laplacian and C the charge matrix of the
passive parts. In the flat mesh, currents are read from the segments at the terminals. A passive part dissipates
`sum v i` over its ends (Tellegen), with i the resistive part of its currents: the other part charges it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from amc_circuits.linear.equations import networks
from amc_circuits.results.waveforms import Waveforms
from netlists import Array, Buffers, Circuit, Limiter, MacroOpAmp, OpAmp, OpAmps, SinglePoleOpAmp, nodes
from netlists.opamps.subcircuit import has_energy, has_supply
from netlists.parts import GROUND
from netlists.record import FloatArray
from netlists.short_text import short_repr
from netlists.sources import Steps, source_voltage

Voltages = Mapping[str, FloatArray]
"""Voltages of every group, shape (..., group), V."""


@dataclass(frozen=True)
class Observation:
    """Outputs, powers and currents of one transient. Op-amps are in the order of `Circuit.amplifiers`.

    Attributes:
        time: Times of the samples, shape (T,), s.
        outputs: Outputs of the circuit, shape (T, N), V.
        dissipated: Power that passive parts dissipate, by account, shape (T,) each, W; without the op-amps' account.
        delivered_power: Power from supplies and input sources, shape (T,), W; None if the supply current of the op-amps
            is not known.
        input_voltage: Effective input voltage of every op-amp: non-inverting minus inverting input, and the part of
            their mean that a finite CMRR adds, shape (T, op-amps), V.
        output_voltage: Output voltage of every op-amp, shape (T, op-amps), V.
        output_current: Output current of every op-amp, shape (T, op-amps), A.
        stage_voltage: Output voltage of every op-amp without its load, shape (T, op-amps), V.
        terminal_voltage: Voltages of the nodes at which arrays end, in the order of `terminals`, shape (T, terminals),
            V.
        common_mode: Common-mode voltages from `common_modes`, shape (T, op-amps), V.
        watched: Voltages of the group that decides when the outputs are read, shape (T, nodes), V.
    """

    time: FloatArray
    outputs: FloatArray
    dissipated: dict[str, FloatArray]
    delivered_power: FloatArray | None
    input_voltage: FloatArray
    output_voltage: FloatArray
    output_current: FloatArray
    stage_voltage: FloatArray
    terminal_voltage: FloatArray
    common_mode: FloatArray | None
    watched: FloatArray

    __repr__ = short_repr

    def between(self, start: float, stop: float) -> Observation:
        """Select the samples with start <= time <= stop, with a tolerance of a billionth of the whole for rounding."""
        slack = 1e-9 * (self.time[-1] - self.time[0])
        part = slice(*self.time.searchsorted([start - slack, stop + slack]))
        samples: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        cut: dict[str, Any] = {name: _cut(value, part) for name, value in samples.items()}
        return Observation(**cut)


def _cut(value: Any, part: slice) -> Any:
    if isinstance(value, dict):
        return {name: samples[part] for name, samples in value.items()}
    return None if value is None else value[part]


def terminals(circuit: Circuit) -> list[str]:
    """List the groups at which arrays end: word lines, bit lines of the first array, then further groups."""
    return list(dict.fromkeys(group for array in circuit.of(Array) for group in (array.word_lines, array.bit_lines)))


def of_opamps(circuit: Circuit, voltage: Voltages) -> tuple[FloatArray, FloatArray]:
    """Compute the input of every op-amp, as in `Observation.input_voltage`, and its output; shape (..., op-amps), V."""
    parts, inputs = circuit.of(OpAmps), []
    for part in parts:
        plus, minus = part.record.equivalent.input_weights
        inputs.append(plus * _of(voltage, part.noninverting) + minus * _of(voltage, part.inverting))
    return np.concatenate(inputs, axis=-1), np.concatenate([voltage[part.output] for part in parts], axis=-1)


def common_mode_ranges(circuit: Circuit) -> FloatArray:
    """Largest permitted common mode of each op-amp, infinite where its record has none, shape (op-amps,), V."""
    found = np.full(len(circuit.amplifiers), np.inf)
    for record, places in opamp_places(circuit):
        found[places] = record.equivalent.common_mode_range or np.inf
    return found


def common_modes(circuit: Circuit, voltage: Voltages) -> FloatArray | None:
    """Compute the mean of both inputs of every op-amp, shape (..., op-amps), V; None if no op-amp has a range."""
    parts = circuit.of(OpAmps)
    if all(part.record.equivalent.common_mode_range is None for part in parts):
        return None
    return np.concatenate(
        [(_of(voltage, part.noninverting) + _of(voltage, part.inverting)) / 2 for part in parts], axis=-1
    )


def _of(voltage: Voltages, group: str) -> Any:
    return 0.0 if group == GROUND else voltage[group]


def saved_vectors(circuit: Circuit) -> tuple[str, ...]:
    """List exactly the vectors that `observe` needs."""
    held = {source.group for source in circuit.sources}
    free = [(group, size) for group, size in circuit.groups.items() if group not in held]
    names = [f"v({group}{k})" for group, size in free for k in range(1, size + 1)]
    names += [f"v({node})" for array in circuit.of(Array) for end in _contacted(array) for node in end]
    supplies = [f"V{rail[1:]}" for place, record in enumerate(circuit.opamps) for rail in _rails(place, record)]
    return (*dict.fromkeys(names), *(f"i({name.lower()})" for name in supplies))


def _rails(place: int, record: OpAmp) -> tuple[str, ...]:
    return nodes.rails(place) if has_supply(record) else ()


def observe(circuit: Circuit, waveforms: Waveforms, drive: Steps, watched: str = "") -> Observation:
    """Compute the observation of a circuit from its saved vectors and its input.

    Args:
        circuit: Simulated circuit.
        waveforms: Its saved vectors.
        drive: Its inputs.
        watched: Group for `Observation.watched`; empty for the outputs.
    """
    voltage = _voltages(circuit, waveforms, drive)
    inputs, outputs = of_opamps(circuit, voltage)
    drawn, dissipated = _drawn(circuit, voltage, waveforms)
    current = np.concatenate([drawn[part.output] for part in circuit.of(OpAmps)], axis=1)
    return Observation(
        time=waveforms.time,
        outputs=voltage[circuit.outputs],
        dissipated=dissipated,
        delivered_power=_delivered(circuit, voltage, drawn, waveforms),
        input_voltage=inputs,
        output_voltage=outputs,
        output_current=current,
        stage_voltage=_stage_voltage(circuit, outputs, current),
        terminal_voltage=np.hstack([outputs[:, :0], *(voltage[group] for group in terminals(circuit))]),
        common_mode=common_modes(circuit, voltage),
        watched=voltage[watched or circuit.outputs],
    )


def _voltages(circuit: Circuit, waveforms: Waveforms, drive: Steps) -> dict[str, FloatArray]:
    """Collect the voltages of all groups; those that sources hold follow from the input."""
    held = {source.group: source_voltage(drive, source, waveforms.time) for source in circuit.sources}
    return {
        group: held[group] if group in held else waveforms.voltages(circuit.nodes(group)) for group in circuit.groups
    }


def _drawn(
    circuit: Circuit, voltage: Voltages, waveforms: Waveforms
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Compute the currents that the passive parts draw from all nodes, and their dissipated power by account."""
    drawn = {group: np.zeros_like(samples) for group, samples in voltage.items()}
    dissipated = {account: np.zeros(len(waveforms.time)) for account in circuit.accounts[:-1]}
    for name, (groups, laplacian, charge) in networks(circuit):
        part, ends = circuit.part(name), np.hstack([voltage[group] for group in groups])
        charging = np.gradient(ends, waveforms.time, axis=0) @ charge if charge.any() else None
        if isinstance(part, Array):
            current, resistive = _into_array(part, ends, laplacian, charging, waveforms)
        else:
            resistive = ends @ laplacian
            current = resistive if charging is None else resistive + charging
        for group, own in zip(groups, np.split(current, _cuts(circuit, groups), axis=1), strict=True):
            drawn[group] += own
        if (account := getattr(part, "account", "")) in dissipated:
            dissipated[account] += np.einsum("ts,ts->t", ends, resistive)
    for limiter in circuit.of(Limiter):  # they deliver power, and no other account includes it
        dissipated[limiter.account] -= np.einsum("ti,ti->t", voltage[limiter.output], drawn[limiter.output])
    return drawn, dissipated


def _cuts(circuit: Circuit, groups: tuple[str, ...]) -> list[int]:
    return [int(cut) for cut in np.cumsum([circuit.groups[group] for group in groups])[:-1]]


def _into_array(
    array: Array, ends: FloatArray, laplacian: FloatArray, charging: FloatArray | None, waveforms: Waveforms
) -> tuple[FloatArray, FloatArray]:
    """Compute the currents into an array at its terminals, and their resistive part, shape (T, terminals) each."""
    if beyond := _contacted(array):
        current = _into_mesh(array, ends, [waveforms.voltages(names) for names in beyond])
        # With line capacitance, a part of the current charges the mesh. The dissipation in cells and wires then
        # differs from that of the reduced array only by the square of the voltage change from the delay of the lines.
        # (Cells that are not linear have no reduced array: the current that charges the mesh is included.)
        return current, ends @ laplacian if charging is not None and array.nonlinearity_voltage is None else current
    resistive = ends @ laplacian if array.nonlinearity_voltage is None else _bent(array, ends)
    return resistive if charging is None else resistive + charging, resistive


def _into_mesh(array: Array, ends: FloatArray, inner: list[FloatArray]) -> FloatArray:
    """Compute the currents into a flat mesh from the voltages of its terminals and of the nodes of `_contacted`.

    The bit lines of a grid have no segments: their currents are those of their cells.
    """
    wires = array.interconnect
    if not wires.grid:
        return np.asarray(np.sum([ends - nodes for nodes in inner], axis=0)) / wires.wire_resistance
    rows = len(array.conductance)
    lines, bit = np.stack(inner, axis=2), ends[:, None, rows:]
    drops = [ends[:, :rows] - lines[:, :, place] for place in _contacts_of(array)]
    bend = array.nonlinearity_voltage
    across = bit - lines if bend is None else bend * np.sinh((bit - lines) / bend)
    taken = np.einsum("nk,tnk->tk", array.conductance, across)
    return np.hstack([np.asarray(np.sum(drops, axis=0)) / wires.wire_resistance, taken])


def _bent(array: Array, ends: FloatArray) -> FloatArray:
    """Compute the currents into an array of sinh cells and ideal wires from its voltages, shape (T, terminals)."""
    bend, cells = array.nonlinearity_voltage, array.conductance
    assert bend is not None
    word_lines, bit_lines = ends[:, : len(cells)], ends[:, len(cells) :]
    into_rows, into_columns = np.zeros_like(word_lines), np.zeros_like(bit_lines)
    for i, row in enumerate(cells):
        current = bend * row * np.sinh((word_lines[:, i, None] - bit_lines) / bend)
        into_rows[:, i] = current.sum(axis=1)
        into_columns -= current
    return np.hstack([into_rows, into_columns])


def _contacted(array: Array) -> list[list[str]]:
    """List the flat mesh's nodes beyond each terminal's segment, in terminal order; one list per contact.

    Of a grid, list all nodes of the word lines; one list per bit line.
    """
    if not array.flat:
        return []
    name, (rows, columns) = array.name, array.conductance.shape
    if array.interconnect.grid:
        return [[nodes.row_node(name, i, j) for i in range(rows)] for j in range(columns)]
    return [
        [nodes.row_node(name, i, place % columns) for i in range(rows)]
        + [nodes.column_node(name, place % rows, j) for j in range(columns)]
        for place in _contacts_of(array)
    ]


def _contacts_of(array: Array) -> list[int]:
    """Return the places of cells next to the terminals of their line: the first one, and with two contacts the last."""
    return [0, -1] if array.interconnect.contacts == "both" else [0]


def _delivered(circuit: Circuit, voltage: Voltages, drawn: Voltages, waveforms: Waveforms) -> FloatArray | None:
    """Compute the power of supplies and input sources, shape (T,), W; None if a supply current is not known."""
    found = np.zeros(len(waveforms.time))
    for place, record in enumerate(circuit.opamps):
        if isinstance(record, SinglePoleOpAmp) or not has_energy(record):
            return None
        plus, minus = (waveforms.current(f"V{rail[1:]}") for rail in nodes.rails(place))
        found += record.supply_voltage * (minus - plus)
    for group in ideal_drivers(circuit):
        found += np.einsum("ti,ti->t", voltage[group], drawn[group])
    return found


def ideal_drivers(circuit: Circuit) -> list[str]:
    """List the groups that sources and buffers hold: their power is delivered power."""
    return [*(source.group for source in circuit.sources), *(part.output for part in circuit.of(Buffers))]


def _stage_voltage(circuit: Circuit, output: FloatArray, current: FloatArray) -> FloatArray:
    """Compute the voltage before the output resistance, from `i = I_lim tanh((stage - out)/(R_out I_lim))`.

    A subcircuit has no such node, and a single-pole model no such resistance: for both, the output voltage is returned.
    """
    found = output.copy()
    for opamp, places in opamp_places(circuit):
        if isinstance(opamp, MacroOpAmp):
            limit = opamp.output_current_limit
            share = np.clip(current[..., places] / limit, -1 + 1e-12, 1 - 1e-12)
            found[..., places] += opamp.output_resistance * limit * np.arctanh(share)
    return found


def opamp_places(circuit: Circuit) -> list[tuple[OpAmp, slice]]:
    """Return the record of each row of op-amps, and its indices among all op-amps."""
    found, first = [], 0
    for part in circuit.of(OpAmps):
        last = first + circuit.groups[part.output]
        found.append((part.record, slice(first, last)))
        first = last
    return found
