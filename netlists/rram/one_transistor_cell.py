"""1T1R cell: a filament with an NMOS access transistor, and its decks for sweeps and pulses.

    bit line --[ cell, top to bottom ]-- m --[ NMOS, gate at the word line ]-- source line

SET: bit line positive, source line at 0, and the gate voltage limits the current. RESET: source line positive, bit line
at 0, gate well on. Cell k of a deck has the nodes `b{k}`, `m{k}`, `s{k}`, `g{k}`; its gap in nm is `v(xcell{k}.gap)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from netlists.record import NonNegative, ParameterError, Positive, Record, about
from netlists.rram.filament import READ_VOLTAGE, WORKING, Filament, instance, subcircuit

MODEL = "access"
LineVoltage = Annotated[float, Field(gt=0, le=3)]
"""Voltage of a bit line or source line, V: the subcircuit limits the cell's voltage to 3 V."""


class AccessTransistor(Record):
    """Level-1 NMOS transistor with generic values of this package, of no process; they hold at 27 C.

    Attributes:
        threshold_voltage: Threshold voltage VTO, V.
        transconductance: Transconductance parameter KP, A/V^2.
        width: Channel width, m.
        length: Channel length, m.
        channel_length_modulation: Channel length modulation LAMBDA, 1/V.
        node_capacitance: Capacitance from the node between cell and transistor to ground, F.
    """

    threshold_voltage: float = 0.5
    transconductance: Positive = 200e-6
    width: Positive = 5e-6
    length: Positive = 1e-6
    channel_length_modulation: NonNegative = 0.0
    node_capacitance: Positive = 20e-15

    def model(self) -> str:
        """Format the `.model` line."""
        return (
            f".model {MODEL} nmos level=1 vto={self.threshold_voltage!r} kp={self.transconductance!r} "
            f"lambda={self.channel_length_modulation!r}"
        )


class OneTransistorCell(Record):
    """A 1T1R cell with its write and read pulses.

    The ambient temperature of the filament is also that of the transistor. A pulse is flat for 1 ns to 1 ms (a choice:
    within it the circuits ran in simulations). The gate opens before the other lines rise and closes after they fall;
    `edge` is the rise and fall of each line, s, `rest` the time at 0 V after a pulse, s. The length of a read, s,
    includes its edges.
    """

    filament: Filament = WORKING
    transistor: AccessTransistor = AccessTransistor()
    set_voltage: Annotated[LineVoltage, about("Bit line voltage in a SET pulse (the published set needs 2)", "V")] = 1.5
    reset_gate: Annotated[float, about("Gate voltage in a RESET pulse", "V", gt=0, le=5)] = 3.3
    pulse_width: Annotated[Positive, about("Width of the flat part of a pulse", "s")] = 100e-9
    edge: Positive = 1e-9
    rest: Positive = 3e-9
    read_width: Positive = 20e-9

    @model_validator(mode="after")
    def _times(self) -> Self:
        if not 1e-9 <= self.pulse_width <= 1e-3:
            raise ParameterError("pulse_width", f"{self.pulse_width:g} s", "must be from 1 ns to 1 ms")
        if 4 * self.edge >= self.read_width:
            raise ParameterError("read_width", self.read_width, f"must hold four edges of {self.edge:g} s")
        return self

    def set_pulse(self, gate: float) -> Pulse:
        """SET pulse with this gate voltage, which limits the current."""
        return Pulse(gate=gate, bit_line=self.set_voltage, width=self.pulse_width)

    def reset_pulse(self, source_line: float) -> Pulse:
        """RESET pulse with this source line voltage."""
        return Pulse(gate=self.reset_gate, source_line=source_line, width=self.pulse_width)

    @property
    def pulse_time(self) -> float:
        """Time of a pulse, edges and rest included, s."""
        return self.pulse_width + 4 * self.edge + self.rest


class Pulse(Record):
    """Voltages on the three lines of a cell, V, during a pulse.

    Attributes:
        gate: Word line voltage.
        bit_line: Bit line voltage.
        source_line: Source line voltage.
        width: Flat part of the pulse, s.
    """

    gate: float
    bit_line: float = 0.0
    source_line: float = 0.0
    width: Positive


class Slot(Record):
    """Times of a pulse in a train and of the read after it, s.

    Attributes:
        start: Time at which the gate begins to open.
        end: End of the rest after the pulse.
        read: Middle of the read's flat part; None without reads.
    """

    start: NonNegative
    end: Positive
    read: Positive | None = None


Points = list[tuple[float, tuple[float, float, float]]]
"""Corner times, s, and the voltages of gate, bit line and source line there."""


def pulse_deck(
    cell: OneTransistorCell, gaps: Sequence[float], trains: Sequence[Sequence[Pulse]], reads: bool = True
) -> tuple[str, list[Slot]]:
    """Build a deck of cells side by side, each with its own train of pulses and a small read after every pulse.

    Args:
        cell: Parameters of all cells.
        gaps: Initial gaps, m, one a cell.
        trains: Pulses of each cell; pulse k is equally long in all of them.
        reads: True adds a read after every pulse.

    Returns:
        The deck, and the times of its pulses.

    Raises:
        ParameterError: The trains do not match, or a gap is beyond its limits.
    """
    widths = [pulse.width for pulse in trains[0]]
    if len(gaps) != len(trains) or any([pulse.width for pulse in train] != widths for train in trains):
        raise ParameterError("trains", f"{len(trains)} trains", "one a gap, all with pulses of the same widths")
    slots, lines = _slots(cell, widths, reads), []
    for k, (gap, train) in enumerate(zip(gaps, trains, strict=True), 1):
        points: Points = [(0.0, (0.0, 0.0, 0.0))]
        for pulse, slot in zip(train, slots, strict=True):
            points += _flat(slot.start, cell.edge, pulse.width, (pulse.gate, pulse.bit_line, pulse.source_line))
            if slot.read is not None:
                width = cell.read_width - 4 * cell.edge
                points += _flat(slot.end, cell.edge, width, (cell.reset_gate, READ_VOLTAGE, 0.0))
        lines += _cell_lines(cell, k, gap, points)
    stop = slots[-1].end + (cell.read_width + cell.rest if reads else 0.0)
    return _deck(cell, lines, len(gaps), stop, max(widths) / 50), slots


def loop_deck(
    cell: OneTransistorCell, gap: float, set_peak: float, reset_peak: float, gate: float, ramp_time: float
) -> str:
    """Build a deck of one slow I-V loop: bit line to `set_peak` and back, then source line to `reset_peak` and back.

    Args:
        cell: Parameters of the cell.
        gap: Initial gap, m.
        set_peak: Bit line voltage at the tip of the SET triangle, V.
        reset_peak: Source line voltage at the tip of the RESET triangle, V.
        gate: Gate voltage during the SET triangle; it limits the current.
        ramp_time: Time from 0 to a tip, s.
    """
    edge = ramp_time / 1000
    middle = 2 * ramp_time + 3 * edge
    points: Points = [(0.0, (0.0, 0.0, 0.0))]
    for start, wordline, bit_line, source_line in (
        (0.0, gate, set_peak, 0.0),
        (middle, cell.reset_gate, 0.0, reset_peak),
    ):
        begin = start + edge
        points += [
            (begin, (wordline, 0.0, 0.0)),
            (begin + ramp_time, (wordline, bit_line, source_line)),
            (begin + 2 * ramp_time, (wordline, 0.0, 0.0)),
            (begin + 2 * ramp_time + edge, (0.0, 0.0, 0.0)),
        ]
    lines = _cell_lines(cell, 1, gap, points)
    return _deck(cell, lines, 1, points[-1][0], ramp_time / 400)


def _slots(cell: OneTransistorCell, widths: Sequence[float], reads: bool) -> list[Slot]:
    slots, start = [], cell.edge
    for width in widths:
        end = start + width + 4 * cell.edge + cell.rest
        slots.append(Slot(start=start, end=end, read=end + cell.read_width / 2 if reads else None))
        start = end + (cell.read_width + cell.rest if reads else 0.0)
    return slots


def _flat(start: float, edge: float, width: float, level: tuple[float, float, float]) -> Points:
    """Corners of one pulse: the gate opens one edge before the lines rise and closes one edge after they fall."""
    low, opened = (0.0, 0.0, 0.0), (level[0], 0.0, 0.0)
    times = np.cumsum([start, edge, edge, width, edge, edge]).tolist()
    return list(zip(times, (low, opened, level, level, opened, low), strict=True))


def _cell_lines(cell: OneTransistorCell, number: int, gap: float, points: Points) -> list[str]:
    limits = cell.filament.gap_min, cell.filament.gap_max
    if not limits[0] <= gap <= limits[1]:
        raise ParameterError("gap", gap, f"must be between {limits[0]:g} and {limits[1]:g} m")
    k, transistor = number, cell.transistor
    sources = [
        f"V{line}{k} {line}{k} 0 PWL({' '.join(f'{time!r} {levels[place]!r}' for time, levels in points)})"
        for place, line in enumerate("gbs")
    ]
    return [
        *sources,
        instance(f"cell{k}", f"b{k}", f"m{k}", gap),
        f"Maccess{k} m{k} g{k} s{k} 0 {MODEL} w={transistor.width!r} l={transistor.length!r}",
        f"Cnode{k} m{k} 0 {transistor.node_capacitance!r}",
    ]


def _deck(cell: OneTransistorCell, lines: list[str], count: int, stop: float, max_step: float) -> str:
    saved = [f".save v(xcell{k}.gap) v(b{k}) v(m{k}) v(s{k}) i(vb{k}) i(vs{k})" for k in range(1, count + 1)]
    return "\n".join(
        [
            "* 1T1R cells",
            subcircuit(cell.filament),
            cell.transistor.model(),
            *lines,
            *saved,
            # chgtol: the gap is a charge of about 1e-12, and 1e-18 of it is 1e-6 nm.
            ".options reltol=1e-4 abstol=1e-12 vntol=1e-7 chgtol=1e-18 method=trap",
            f".options temp={cell.filament.temperature - 273.15!r}",
            f".tran {stop / 50!r} {stop!r} 0 {max_step!r} uic",
            ".end\n",
        ]
    )
