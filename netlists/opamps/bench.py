"""Test bench for any op-amp record: decks that ask ngspice for the metrics of a data sheet.

The loop is closed by a source, not by resistors: `inp` is at ground, and `inn` is held at `out - set`, so that the
output rests where `set` says while the inputs stay near ground. This source loads nothing, so `-v(out)/v(inn)` is the
open-loop gain under the load alone: at DC, at every frequency, and at every level of the output. No large inductor or
capacitor breaks the loop, and a circuit that would ring or grow with this feedback is measured all the same, because
only `.op`, `.dc`, `.ac` and `.noise` are asked for. Slewing and limits are measured without feedback, overdriven.

Nodes: `inp` of the op-amp is 0, but for its common-mode gain; `inn`, `out`, `set`; rails `vdd`, `vss`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from netlists import nodes
from netlists.opamps import subcircuit as opamp
from netlists.opamps.records import OpAmp, SinglePoleOpAmp
from netlists.record import ParameterError, Positive, Record
from netlists.temperature import NOMINAL_TEMPERATURE

ZERO_CELSIUS = 273.15
LOWEST_FREQUENCY, HIGHEST_FREQUENCY = 1e-2, 1e11
"""Of `.ac`, Hz: from below the first pole of 180 dB and 100 MHz to well beyond any crossover."""
POINTS_A_DECADE = 50
SWEEP_POINTS = 200
"""From 0 V to a rail."""
OUTWARD_POINTS = 50
"""From rest to an output current, or to an overdriven input with the output held."""
LARGEST_LOAD_CAPACITANCE = 10e-9
"""Farad; chosen here. Beyond, it is no load of an amplifier, and slewing takes thousands of times as long as inside."""
TRANSIENT_POINTS = 400
"""Least number of time points while the overdriven input keeps its sign."""
Tolerance = Literal["strict", "relaxed", "damped", "shunted"]
TOLERANCES: dict[Tolerance, str] = {
    # The input moves by some nV from one level of the output to the next.
    "strict": "reltol=1e-6 vntol=1e-12 abstol=1e-15",
    "relaxed": "reltol=1e-4 vntol=1e-9 abstol=1e-12",
    "damped": "reltol=1e-3 vntol=1e-6 abstol=1e-9 nodedamping itl1=500 itl2=500 method=gear",
    "shunted": "reltol=1e-3 vntol=1e-6 abstol=1e-9 itl4=100 method=gear cshunt=1e-14",
}
"""Options of ngspice by how well they find solutions, the most exact first. The last one is for transients: it puts
10 fF between every node and ground."""


class OpAmpBench(Record):
    """An op-amp and what surrounds it.

    Attributes:
        opamp: The device under test.
        load: Resistance from output to ground, ohm; None for none.
        load_capacitance: From output to ground, F, at most `LARGEST_LOAD_CAPACITANCE`.
        temperature: K.
        tolerance: How exactly the simulator solves.
        rest: Nodes and their voltages at rest, where the simulator begins to look for an operating point; none where it
            finds it by itself.
    """

    opamp: OpAmp = Field(discriminator="model")
    load: Positive | None = None
    load_capacitance: float = Field(default=0.0, ge=0, le=LARGEST_LOAD_CAPACITANCE)
    temperature: Positive = NOMINAL_TEMPERATURE
    tolerance: Tolerance = "strict"
    rest: tuple[tuple[str, float], ...] = ()

    @property
    def supply_voltage(self) -> float:
        """The rails are plus and minus this, V.

        Raises:
            ParameterError: The model has no rails.
        """
        if isinstance(self.opamp, SinglePoleOpAmp):
            raise ParameterError("opamp", self.opamp.model, "this model has no supply and no limits")
        return self.opamp.supply_voltage


def rest_deck(bench: OpAmpBench) -> str:
    """`.op` in the loop, output at ground: all voltages and currents."""
    return _deck(bench, [*_loop(), ".save all", ".op"])


def gain_deck(bench: OpAmpBench, lowest: float = LOWEST_FREQUENCY, highest: float = HIGHEST_FREQUENCY) -> str:
    """`.ac` in the loop: open-loop gain `-v(out)/v(inn)`, input current `i(eloop)`.

    Args:
        bench: The bench.
        lowest: Hz.
        highest: Hz.
    """
    analysis = f".ac dec {POINTS_A_DECADE} {lowest!r} {highest!r}"
    return _deck(bench, [*_loop(), ".save v(out) v(inn) i(eloop)", analysis])


def common_mode_deck(bench: OpAmpBench, frequency: float) -> str:
    """`.ac` at one frequency with both inputs driven: `inp` by 1 V, `inn` by as much and the output, `v(out)`.

    The output takes what the difference of the inputs, `-v(out)`, must be for a common mode of nearly 1 V.
    """
    driven = ["Vcm inp 0 DC 0 AC 1", "Eloop inn 0 out set 1", "Eset set 0 0 inp 1", ".save v(inp) v(inn) v(out)"]
    return _deck(bench, [*driven, f".ac lin 1 {frequency!r} {frequency!r}"], inp="inp")


def transfer_deck(bench: OpAmpBench, start: float | None = None, end: float | None = None) -> str:
    """`.dc` in the loop: the output is led from one level to another; `v(inn)` gives the gain at every level.

    Args:
        bench: The bench.
        start: First level, V; the negative rail without it.
        end: Last level, V; the positive rail without it.
    """
    rail = bench.supply_voltage
    first, last = -rail if start is None else start, rail if end is None else end
    step = math.copysign(rail / SWEEP_POINTS, last - first)
    return _deck(bench, [*_loop(), ".save v(out) v(inn) i(vdd) i(vss)", f".dc Vset {first!r} {last!r} {step!r}"])


def load_current_deck(bench: OpAmpBench, current: float) -> str:
    """`.dc` in the loop, output at ground: it delivers from nothing to `current`, A."""
    taken = ["Iload out 0 DC 0", ".save v(out) v(inn) i(vdd) i(vss)"]
    return _deck(bench, [*_loop(), *taken, f".dc Iload 0 {current!r} {current / OUTWARD_POINTS!r}"])


def noise_deck(bench: OpAmpBench, frequency: float) -> str:
    """`.noise` in the loop at one frequency: `inoise_spectrum`, V/sqrt(Hz), one-sided, is that of the input."""
    analysis = f".noise v(out) Vset lin 1 {frequency!r} {frequency!r}"
    return _deck(bench, [*_loop(), ".save inoise_spectrum", analysis])


def short_circuit_deck(bench: OpAmpBench, drive: float, start: float = 0.0) -> str:
    """`.dc` of the op-amp with its output held at ground: `i(vhold)` flows out of it.

    Args:
        bench: The bench.
        drive: Last voltage of the inverting input, V.
        start: The first, V: at rest, nothing flows.
    """
    held = ["Vhold out 0 DC 0", f"Vin inn 0 DC {start!r}", ".save i(vhold)"]
    return _deck(bench, [*held, f".dc Vin {start!r} {drive!r} {(drive - start) / OUTWARD_POINTS!r}"])


def overdrive_deck(
    bench: OpAmpBench,
    hold: float,
    step: float | None = None,
    drive: float | None = None,
    series: float = 0.0,
    start: float | None = None,
) -> str:
    """`.tran` of the overdriven op-amp: from the lower limit to the upper one and back.

    Args:
        bench: The bench.
        hold: Time for each way, s; the input changes its sign at the beginning and after this time.
        step: Largest time step, and the input's edges, s; as many as `TRANSIENT_POINTS` in `hold` without it.
        drive: Voltage between the inputs, V; half the supply without it.
        series: Resistance before the input, ohm: what input diodes conduct must have an end.
        start: Voltage of the inverting input at rest, V. From there the op-amp is led to its lower limit first, which
            takes another `hold` at the beginning; without it that limit is an operating point.
    """
    drive, edge = drive or bench.supply_voltage / 2, step or hold / TRANSIENT_POINTS
    begin = 0.0 if start is None else hold
    corners = [] if start is None else [(0.0, start), (edge, drive)]
    corners += [(begin, drive), (begin + edge, -drive), (begin + hold, -drive), (begin + hold + edge, drive)]
    points = " ".join(f"{time!r} {volts!r}" for time, volts in corners)
    source = [f"Vin drive 0 PWL({points})", f"Rin drive inn {series!r}"] if series else [f"Vin inn 0 PWL({points})"]
    analysis = f".tran {edge!r} {begin + 2 * hold!r} {begin!r} {edge!r}"
    return _deck(bench, [*source, ".save v(out)", analysis])


def _loop() -> list[str]:
    return ["Eloop inn 0 out set 1", "Vset set 0 DC 0 AC 1"]


def _deck(bench: OpAmpBench, lines: Sequence[str], inp: str = "0") -> str:
    """Op-amp, rails and load, what drives them, and what is asked for."""
    rails = nodes.rails(0)
    parts = ["* op-amp test bench", opamp.subcircuit(bench.opamp), opamp.supply(bench.opamp, rails)]
    pins, supplied = ([inp], ["inn"], ["out"]), rails if opamp.has_supply(bench.opamp) else ()
    parts += opamp.instances(["dut"], pins, opamp.SUBCIRCUIT, supplied, None)
    if bench.load is not None:
        parts.append(f"Rload out 0 {bench.load!r}")
    if bench.load_capacitance > 0:
        parts.append(f"Cload out 0 {bench.load_capacitance!r}")
    parts += [f".nodeset v({node})={volts!r}" for node, volts in bench.rest]
    options = f".options temp={bench.temperature - ZERO_CELSIUS!r} {TOLERANCES[bench.tolerance]}"
    return "\n".join([part for part in [*parts, options, *lines] if part] + [".end\n"])
