"""Test bench for any op-amp record: decks that ask ngspice for what a data sheet tells.

The loop is closed by a source, not by resistors: `inp` is at ground, and `inn` is held at `out - set`, so that the
output rests where `set` says while the inputs stay near ground. This source loads nothing, so `-v(out)/v(inn)` is the
open-loop gain under the load alone: at DC, at every frequency, and at every level of the output. No large inductor or
capacitor breaks the loop, and a circuit that would ring or grow with this feedback is measured all the same, because
only `.dc`, `.ac` and `.noise` are asked for. Slewing and limits are measured without feedback, overdriven.

Nodes: `inp` of the op-amp is 0; `inn`, `out`, `set`; rails `vdd`, `vss`.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from netlists import opamp, sources
from netlists.opamp_parameters import OpAmp, SinglePoleOpAmp
from netlists.parameters import NOMINAL_TEMPERATURE
from netlists.record import ParameterError, Positive, Record

ZERO_CELSIUS = 273.15
LOWEST_FREQUENCY, HIGHEST_FREQUENCY = 1e-2, 1e11
"""Of `.ac`, Hz: from below the first pole of 180 dB and 100 MHz to well beyond any crossover."""
POINTS_A_DECADE = 50
SWEEP_POINTS = 400
LARGEST_LOAD_CAPACITANCE = 10e-9
"""Farad; chosen here. Beyond, it is no load of an amplifier, and slewing takes thousands of times as long as inside."""
TRANSIENT_POINTS = 400
"""Least number of time points while the overdriven input keeps its sign."""


class OpAmpBench(Record):
    """An op-amp and what surrounds it.

    Attributes:
        opamp: The device under test.
        load: Resistance from output to ground, ohm; None for none.
        load_capacitance: From output to ground, F, at most `LARGEST_LOAD_CAPACITANCE`.
        temperature: K.
    """

    opamp: OpAmp = Field(discriminator="model")
    load: Positive | None = None
    load_capacitance: float = Field(default=0.0, ge=0, le=LARGEST_LOAD_CAPACITANCE)
    temperature: Positive = NOMINAL_TEMPERATURE

    @property
    def supply_voltage(self) -> float:
        """The rails are plus and minus this, V.

        Raises:
            ParameterError: The model has no rails.
        """
        if isinstance(self.opamp, SinglePoleOpAmp):
            raise ParameterError("opamp", self.opamp.model, "this model has no supply and no limits")
        return self.opamp.supply_voltage


def gain_deck(bench: OpAmpBench) -> str:
    """`.ac` in the loop: open-loop gain `-v(out)/v(inn)`, input current `i(eloop)`."""
    analysis = f".ac dec {POINTS_A_DECADE} {LOWEST_FREQUENCY!r} {HIGHEST_FREQUENCY!r}"
    return _deck(bench, [*_loop(), ".save v(out) v(inn) i(eloop)", analysis])


def transfer_deck(bench: OpAmpBench) -> str:
    """`.dc` in the loop: the output is led from rail to rail; `v(inn)` tells the gain at every level."""
    rail = bench.supply_voltage
    analysis = f".dc Vset {-rail!r} {rail!r} {2 * rail / SWEEP_POINTS!r}"
    return _deck(bench, [*_loop(), ".save v(out) v(inn) i(vdd) i(vss)", analysis])


def load_current_deck(bench: OpAmpBench, current: float) -> str:
    """`.dc` in the loop, output at ground: it delivers `-current`, nothing, and `current`, A."""
    taken = ["Iload out 0 DC 0", ".save v(out) v(inn) i(vdd) i(vss)"]
    return _deck(bench, [*_loop(), *taken, f".dc Iload {-current!r} {current!r} {current!r}"])


def noise_deck(bench: OpAmpBench, frequency: float) -> str:
    """`.noise` in the loop at one frequency: `inoise_spectrum`, V/sqrt(Hz), one-sided, is that of the input."""
    analysis = f".noise v(out) Vset lin 1 {frequency!r} {frequency!r}"
    return _deck(bench, [*_loop(), ".save inoise_spectrum", analysis])


def short_circuit_deck(bench: OpAmpBench) -> str:
    """`.dc` of the overdriven op-amp, output held at ground: `i(vhold)` flows out of it, first sourcing."""
    drive = bench.supply_voltage / 2
    held = ["Vhold out 0 DC 0", f"Vin inn 0 DC {-drive!r}", ".save i(vhold)"]
    return _deck(bench, [*held, f".dc Vin {-drive!r} {drive!r} {2 * drive!r}"])


def overdrive_deck(bench: OpAmpBench, hold: float, step: float | None = None) -> str:
    """`.tran` of the overdriven op-amp: from the lower limit to the upper one and back.

    Args:
        bench: The bench.
        hold: Time for each way, s; the input changes its sign at the beginning and after this time.
        step: Largest time step, and the input's edges, s; as many as `TRANSIENT_POINTS` in `hold` without it. What
            slews inside must not pass its limit by much in one step, or ngspice finds no solution.
    """
    drive, edge = bench.supply_voltage / 2, step or hold / TRANSIENT_POINTS
    corners = [(0.0, drive), (edge, -drive), (hold, -drive), (hold + edge, drive)]
    points = " ".join(f"{time!r} {volts!r}" for time, volts in corners)
    analysis = f".tran {edge!r} {2 * hold!r} 0 {edge!r}"
    return _deck(bench, [f"Vin inn 0 PWL({points})", ".save v(out)", analysis])


def _loop() -> list[str]:
    return ["Eloop inn 0 out set 1", "Vset set 0 DC 0 AC 1"]


def _deck(bench: OpAmpBench, lines: Sequence[str]) -> str:
    """Op-amp, rails and load, what drives them, and what is asked for."""
    parts = ["* op-amp test bench", opamp.subcircuit(bench.opamp), sources.supply(bench.opamp)]
    parts += opamp.instances(["dut"], ["inn"], ["out"], bench.opamp, None)
    if bench.load is not None:
        parts.append(f"Rload out 0 {bench.load!r}")
    if bench.load_capacitance > 0:
        parts.append(f"Cload out 0 {bench.load_capacitance!r}")
    # The input moves by some nV from one level of the output to the next.
    options = f".options temp={bench.temperature - ZERO_CELSIUS!r} reltol=1e-6 vntol=1e-12 abstol=1e-15"
    return "\n".join([part for part in [*parts, options, *lines] if part] + [".end\n"])
