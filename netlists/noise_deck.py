"""Deck in which ngspice computes the noise of a circuit at one output (`.noise`; ngspice 39 and later).

Cells, wires, input, feedback and inverter resistors are resistors in the deck with thermal noise. The resistors inside
a modelled op-amp are parts of the model and have no noise (`noisy=0`). A resistor `R_n = e_n^2/(4 k T)` before the
non-inverting input, which carries no current, has the noise of the op-amp. An op-amp that is a subcircuit has the noise
of its own devices. The read-out is a noiseless RC behind a buffer.
"""

from __future__ import annotations

import math

from netlists.arrays.array import Array
from netlists.circuit import Circuit
from netlists.deck import spice_circuit, subcircuits
from netlists.opamps.records import SubcircuitOpAmp
from netlists.opamps.subcircuit import subcircuit_name
from netlists.record import ParameterError, Positive, Record

BOLTZMANN = 1.380649e-23
"""Boltzmann constant, J/K, exact by the definition of the kelvin (SI, 2019)."""
READOUT_RESISTANCE = 1e3
"""Resistance of the read-out's RC, ohm: chosen here; it has no effect on the result."""


class NoiseAnalysis(Record):
    """Noise analysis of one output.

    Attributes:
        output: Number of the output, from 0.
        bandwidth: Pole of the read-out, Hz.
        start: Lowest frequency, far below the slowest pole, Hz.
        stop: Highest frequency, Hz; the noise above it is not included, 2/pi bandwidth/stop of white noise.
        points: Number of points per decade.
    """

    output: int = 0
    bandwidth: Positive
    start: Positive
    stop: Positive
    points: int = 50


def noise_deck(circuit: Circuit, analysis: NoiseAnalysis) -> str:
    """Return a complete deck, with inputs at 0 V. Its only plot is `onoise_spectrum` over `frequency`, one-sided.

    The unit is V/sqrt(Hz).

    ngspice's own integral of it is not saved: version 39 returned nan for some circuits with input capacitance.

    Raises:
        ParameterError: If cells follow a sinh: their behavioural sources have no noise in ngspice.
    """
    for array in circuit.of(Array):
        if array.nonlinearity_voltage is not None:
            mend = "cells that are not resistors make no noise in ngspice; leave it out"
            raise ParameterError("nonlinearity_voltage", array.nonlinearity_voltage, mend)
    body = str(spice_circuit(circuit)).rstrip()
    for short, whole in zip(subcircuits(circuit), subcircuits(circuit, whole=True), strict=True):
        body = body.replace(short, whole)  # the noise of an op-amp comes in at its non-inverting input
    for place, record in enumerate(circuit.opamps):
        if not isinstance(record, SubcircuitOpAmp):
            resistance = record.input_noise**2 / (4 * BOLTZMANN * circuit.temperature)
            body = _model_noise(body, subcircuit_name(place), resistance)
    # ngspice requires a reference source, even if a circuit has none.
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
    """Return the circuit with op-amps whose inner resistors have no noise; a resistor at their input, ohm, has it."""
    before, header, rest = body.partition(f".subckt {name} inp ")
    inner, end, after = rest.partition(f".ends {name}")
    pins, *lines = inner.splitlines()
    quiet = [f"{line} noisy=0" if line.startswith("R") else line for line in lines]
    if not resistance:
        return "\n".join([f"{before}{header}{pins}", *quiet, f"{end}{after}"])
    header = f"{header.removesuffix('inp ')}plus {pins}\nRnoise plus inp {resistance!r}"
    return "\n".join([f"{before}{header}", *quiet, f"{end}{after}"])
