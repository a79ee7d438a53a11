"""A deck in which ngspice itself adds up the noise of a circuit at one output (`.noise`; ngspice 39 and later).

Cells, wires, input, feedback and inverter resistors are resistors in the deck and make their thermal noise. The
resistors inside a modelled op-amp are parts of the model and are told to make none (`noisy=0`); its noise is that of a
resistor `R_n = e_n^2/(4 k T)` before the non-inverting input, which carries no current. An op-amp that is a subcircuit
makes the noise of its own devices. The read-out is a noiseless RC behind a buffer.
"""

from __future__ import annotations

import math

from netlists.arrays.array import Array
from netlists.circuit import Circuit
from netlists.deck import spice_circuit
from netlists.opamps.records import SubcircuitOpAmp
from netlists.opamps.subcircuit import subcircuit_name
from netlists.record import ParameterError, Positive, Record

BOLTZMANN = 1.380649e-23
"""J/K, exact by the definition of the kelvin (SI, 2019)."""
READOUT_RESISTANCE = 1e3
"""Of the read-out's RC, ohm: chosen here, it changes nothing."""


class NoiseAnalysis(Record):
    """A noise analysis of one output.

    Attributes:
        output: Which output, from 0.
        bandwidth: The pole of the read-out, Hz.
        start: Lowest frequency, Hz: well below the slowest pole.
        stop: Highest frequency, Hz: what lies above it is lost, 2/pi bandwidth/stop of white noise.
        points: A decade.
    """

    output: int = 0
    bandwidth: Positive
    start: Positive
    stop: Positive
    points: int = 50


def noise_deck(circuit: Circuit, analysis: NoiseAnalysis) -> str:
    """A complete deck, the inputs at 0 V. Its one plot is `onoise_spectrum` over `frequency`, V/sqrt(Hz), one-sided.

    ngspice's own integral of it is not saved: version 39 returned nan for some circuits with input capacitance.

    Raises:
        ParameterError: Cells follow a sinh: their behavioural sources make no noise in ngspice.
    """
    for array in circuit.of(Array):
        if array.nonlinearity_voltage is not None:
            mend = "cells that are not resistors make no noise in ngspice; leave it out"
            raise ParameterError("nonlinearity_voltage", array.nonlinearity_voltage, mend)
    body = str(spice_circuit(circuit)).rstrip()
    for place, record in enumerate(circuit.opamps):
        if not isinstance(record, SubcircuitOpAmp):
            resistance = record.input_noise**2 / (4 * BOLTZMANN * circuit.temperature)
            body = _model_noise(body, subcircuit_name(place), resistance)
    # ngspice wants a source to refer to, also where a circuit has none.
    inputs = [node for source in circuit.sources for node in circuit.nodes(source.group)] or ["reference"]
    farad = 1 / (2 * math.pi * analysis.bandwidth * READOUT_RESISTANCE)
    span = f"dec {analysis.points} {analysis.start!r} {analysis.stop!r}"
    lines = [
        *(f"V{name} {name} 0 DC 0{'' if k else ' AC 1'}" for k, name in enumerate(inputs)),
        f"Ebuffer buffer 0 {circuit.nodes(circuit.outputs)[analysis.output]} 0 1",
        f"Rread buffer read {READOUT_RESISTANCE!r} noisy=0",
        f"Cread read 0 {farad!r}",
        ".save onoise_spectrum",
        f".noise v(read) V{inputs[0]} {span}",
    ]
    return "\n".join([body, *lines, ".end\n"])


def _model_noise(body: str, name: str, resistance: float) -> str:
    """The circuit with an op-amp whose inner resistors make no noise and whose non-inverting input makes it, ohm."""
    before, header, rest = body.partition(f".subckt {name} inp ")
    inner, end, after = rest.partition(f".ends {name}")
    pins, *lines = inner.splitlines()
    quiet = [f"{line} noisy=0" if line.startswith("R") else line for line in lines]
    if not resistance:
        return "\n".join([f"{before}{header}{pins}", *quiet, f"{end}{after}"])
    quiet = [line.replace("Cinp inp ", "Cinp plus ") for line in quiet]
    header = f"{header.removesuffix('inp ')}plus {pins}\nRnoise plus inp {resistance!r}"
    return "\n".join([f"{before}{header}", *quiet, f"{end}{after}"])
