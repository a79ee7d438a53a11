"""Test bench for any op-amp record: ngspice decks for the metrics of a data sheet.

The loop is closed by a source, not by resistors: `inp` is at ground, and `inn` is held at `out - set`, so that the
output rests at `set` while the inputs stay near ground. This source does not load the output, so `-v(out)/v(inn)` is
the open-loop gain under the load only: at DC, at every frequency, and at every level of the output. No large inductor
or capacitor breaks the loop. A circuit that would ring or grow with this feedback is measured all the same, because
only `.op`, `.dc`, `.ac` and `.noise` are used. Slewing and limits are measured without feedback, overdriven.

Nodes: `inp` of the op-amp is 0, but for its common-mode gain; `inn`, `out`, `set`; rails `vdd`, `vss`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from netlists import nodes
from netlists.opamps import subcircuit as opamp
from netlists.opamps.records import OpAmp, SinglePoleOpAmp
from netlists.record import ParameterError, Positive, Record, about
from netlists.temperature import NOMINAL_TEMPERATURE

ZERO_CELSIUS = 273.15
LOWEST_FREQUENCY, HIGHEST_FREQUENCY = 1e-2, 1e11
"""Range of `.ac`, Hz: from below the first pole of 180 dB and 100 MHz to far beyond any crossover."""
POINTS_A_DECADE = 50
SWEEP_POINTS = 200
"""Points of a sweep from 0 V to a rail."""
OUTWARD_POINTS = 50
"""Points from rest to an output current, or to an overdriven input with the output held."""
LARGEST_LOAD_CAPACITANCE = 10e-9
"""Largest load capacitance, F; a choice here. A larger one makes slewing thousands of times slower than inside."""
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
"""Options of ngspice for convergence, the most exact first.

The last one is for transients: it puts 10 fF between every node and ground.
"""


class OpAmpBench(Record):
    """An op-amp with its surroundings on the bench.

    Without a load resistance there is none. `tolerance` is the accuracy of the simulator, `rest` the nodes and their
    voltages at rest, the start of the search for an operating point; empty if none is needed.
    """

    opamp: OpAmp = Field(discriminator="model")
    load: Annotated[Positive | None, about("Resistance from the output to ground", "ohm")] = None
    load_capacitance: Annotated[
        float, about("Capacitance from the output to ground", "F", ge=0, le=LARGEST_LOAD_CAPACITANCE)
    ] = 0.0
    temperature: Annotated[Positive, about("Temperature of the bench", "K")] = NOMINAL_TEMPERATURE
    tolerance: Tolerance = "strict"
    rest: tuple[tuple[str, float], ...] = ()

    @property
    def supply_voltage(self) -> float:
        """Supply voltage: the rails are plus and minus this, V.

        Raises:
            ParameterError: The model has no rails.
        """
        if isinstance(self.opamp, SinglePoleOpAmp):
            raise ParameterError("opamp", self.opamp.model, "this model has no supply and no limits")
        return self.opamp.supply_voltage


def rest_deck(bench: OpAmpBench) -> str:
    """Build a deck of `.op` in the loop, output at ground: all voltages and currents."""
    return _deck(bench, [*_loop(), ".save all", ".op"])


def gain_deck(bench: OpAmpBench, lowest: float = LOWEST_FREQUENCY, highest: float = HIGHEST_FREQUENCY) -> str:
    """Build a deck of `.ac` in the loop: open-loop gain `-v(out)/v(inn)`, input current `i(eloop)`.

    Args:
        bench: The bench.
        lowest: Lowest frequency, Hz.
        highest: Highest frequency, Hz.
    """
    analysis = f".ac dec {POINTS_A_DECADE} {lowest!r} {highest!r}"
    return _deck(bench, [*_loop(), ".save v(out) v(inn) i(eloop)", analysis])


def coupling_deck(bench: OpAmpBench, frequency: float) -> str:
    """Build a deck of `.ac` in the loop at one frequency with `inp` at a source: `i(vinp)` comes from `v(inn)`."""
    held = [*_loop(), "Vinp inp 0 DC 0", ".save v(inn) i(vinp)"]
    return _deck(bench, [*held, f".ac lin 1 {frequency!r} {frequency!r}"], inp="inp")


def common_mode_deck(bench: OpAmpBench, frequency: float) -> str:
    """`.ac` at one frequency with both inputs driven: `inp` by 1 V, `inn` by as much and the output, `v(out)`.

    The output takes what the difference of the inputs, `-v(out)`, must be for a common mode of nearly 1 V.
    """
    driven = ["Vcm inp 0 DC 0 AC 1", "Eloop inn 0 out set 1", "Eset set 0 0 inp 1", ".save v(inp) v(inn) v(out)"]
    return _deck(bench, [*driven, f".ac lin 1 {frequency!r} {frequency!r}"], inp="inp")


def transfer_deck(bench: OpAmpBench, start: float | None = None, end: float | None = None) -> str:
    """Build a deck of `.dc` in the loop over levels of the output; `v(inn)` gives the gain at every level.

    Args:
        bench: The bench.
        start: First level, V; None for the negative rail.
        end: Last level, V; None for the positive rail.
    """
    rail = bench.supply_voltage
    first, last = -rail if start is None else start, rail if end is None else end
    step = math.copysign(rail / SWEEP_POINTS, last - first)
    return _deck(bench, [*_loop(), ".save v(out) v(inn) i(vdd) i(vss)", f".dc Vset {first!r} {last!r} {step!r}"])


def load_current_deck(bench: OpAmpBench, current: float) -> str:
    """Build a deck of `.dc` in the loop, output at ground, with output currents from 0 to `current`, A."""
    taken = ["Iload out 0 DC 0", ".save v(out) v(inn) i(vdd) i(vss)"]
    return _deck(bench, [*_loop(), *taken, f".dc Iload 0 {current!r} {current / OUTWARD_POINTS!r}"])


def noise_deck(bench: OpAmpBench, frequency: float) -> str:
    """Build a deck of `.noise` in the loop at one frequency: `inoise_spectrum` of the input, V/sqrt(Hz), one-sided."""
    analysis = f".noise v(out) Vset lin 1 {frequency!r} {frequency!r}"
    return _deck(bench, [*_loop(), ".save inoise_spectrum", analysis])


def short_circuit_deck(bench: OpAmpBench, drive: float, start: float = 0.0) -> str:
    """Build a deck of `.dc` of the op-amp with its output held at ground: `i(vhold)` flows out of it.

    Args:
        bench: The bench.
        drive: Last voltage of the inverting input, V.
        start: First voltage, V: at rest, no current flows.
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
    """Build a deck of `.tran` of the overdriven op-amp: from the lower limit to the upper one and back.

    Args:
        bench: The bench.
        hold: Time for each way, s; the input changes its sign at the beginning and after this time.
        step: Largest time step, and the input's edges, s; None for `TRANSIENT_POINTS` steps in `hold`.
        drive: Voltage between the inputs, V; None for half the supply.
        series: Resistance before the input, ohm: it limits the current of input diodes.
        start: Voltage of the inverting input at rest, V. From there the op-amp is first driven to its lower limit,
            which takes another `hold` at the beginning; None makes that limit an operating point.
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
    """Combine op-amp, rails, load and drive with the analysis."""
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
